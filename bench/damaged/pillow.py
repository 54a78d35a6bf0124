"""Decodes image files with Pillow, strictly: nothing that is cut short is filled up.

Reads paths, one per line, from standard input. Prints, one JSON string per line, a hash of the pixels of each, or
"refused" where Pillow raises an error.

    pip install pillow==12.* && python pillow.py < PATHS
"""

import hashlib
import json
import sys
import warnings

from PIL import Image, ImageFile

ImageFile.LOAD_TRUNCATED_IMAGES = False
Image.MAX_IMAGE_PIXELS = None
warnings.simplefilter("ignore")

for line in sys.stdin:
    try:
        with Image.open(line.rstrip("\n")) as image:
            image.load()
            answer = hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()
    except Exception:  # Pillow raises many kinds: OSError, SyntaxError, ValueError, struct.error ...
        answer = "refused"
    print(json.dumps(answer), flush=True)
