"""Golden images for packages/node/src/images/images.ts: files that Pillow wrote, and the 8-bit RGB that they mean.

    pip install -r tools/requirements.txt
    python tools/goldens/images.py

Needs Python packages numpy and pillow (with LittleCMS), and Node.js with the project installed: the print profile that
sharp has built in is taken from a file that sharp writes. Writes packages/node/src/images/goldens/images.json, one case a
line; running it again changes nothing.
"""

import json
import subprocess
from base64 import b64encode
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

ROOT = Path(__file__).parents[2]
FILE = ROOT / "packages/node/src/images/goldens/images.json"
SRGB = ImageCms.createProfile("sRGB")
cases = []


def case(name, pages, rgb, tolerance=0, **options):
    """One file, of one image or of several pages, and the RGB of its first page."""
    first, *others = pages if isinstance(pages, list) else [pages]
    file = BytesIO()
    more = {"save_all": True, "append_images": others} if others else {}
    first.save(file, **more, **options)
    rgb = np.asarray(rgb, np.uint8)
    cases.append(
        {
            "name": name,
            "file": b64encode(file.getvalue()).decode(),
            "width": rgb.shape[1],
            "height": rgb.shape[0],
            "rgb": b64encode(rgb.tobytes()).decode(),
            "tolerance": tolerance,
        }
    )


def grey(values):
    return np.repeat(np.asarray(values)[..., None], 3, axis=2)


def print_profile():
    """The CMYK profile that is assumed where a file has none."""
    script = """
        import sharp from 'sharp';
        const input = { create: { width: 8, height: 8, channels: 3, background: '#808080' } };
        const made = sharp(input).withIccProfile('cmyk').toColourspace('cmyk').tiff();
        process.stdout.write((await sharp(await made.toBuffer()).metadata()).icc);
    """
    command = ["node", "--input-type=module", "--eval", script]
    return subprocess.run(command, cwd=ROOT / "packages/node", check=True, capture_output=True).stdout


random = np.random.default_rng(1)

# Every 16-bit grey: the higher byte, whatever the format, the byte order and the compression.
wide = np.concatenate([np.arange(0, 65536, 257), [1, 127, 128, 255, 256, 383, 384, 65279, 65407, 65408]])
wide = wide.astype(np.uint16)[None]
case("16-bit grey PNG", Image.fromarray(wide), grey(wide >> 8), format="PNG")
case("16-bit grey TIFF", Image.fromarray(wide), grey(wide >> 8), format="TIFF")
case("16-bit grey TIFF, LZW", Image.fromarray(wide), grey(wide >> 8), format="TIFF", compression="tiff_lzw")

colours = random.integers(0, 256, (6, 8, 3), np.uint8)
greys = colours[..., 0]
case("8-bit grey TIFF, black is 0", Image.fromarray(greys), grey(greys), format="TIFF")
bits = Image.fromarray((greys > 127).astype(np.uint8) * 255).convert("1")
case("1-bit PNG", bits, bits.convert("RGB"), format="PNG")
case("1-bit TIFF, fax", bits, bits.convert("RGB"), format="TIFF", compression="group4")

palette = Image.fromarray(colours).quantize(16)
case("palette PNG", palette, palette.convert("RGB"), format="PNG", bits=4)
case("palette TIFF", palette, palette.convert("RGB"), format="TIFF")
case("palette GIF", palette, palette.convert("RGB"), format="GIF")
case("palette BMP", palette, palette.convert("RGB"), format="BMP")
case("lossless WebP", Image.fromarray(colours), colours, format="WEBP", lossless=True, exact=True)

# Transparency is laid over black: colour times alpha.
alpha = np.linspace(0, 255, 48).round().astype(np.uint8).reshape(6, 8)
over_black = (colours * (alpha[..., None] / 255)).round()
rgba = Image.fromarray(np.dstack([colours, alpha]))
case("RGBA PNG", rgba, over_black, 1, format="PNG")
case("RGBA TIFF", rgba, over_black, 1, format="TIFF")
case("RGBA WebP", rgba, over_black, 1, format="WEBP", lossless=True, exact=True)
grey_alpha = Image.fromarray(np.dstack([greys, alpha]), "LA")
case("grey PNG with alpha", grey_alpha, grey((greys * (alpha / 255)).round()), 1, format="PNG")
keyed = palette.convert("RGB")
shown = np.asarray(keyed).copy()
shown[np.asarray(palette) == 3] = 0
case("palette PNG with a transparent entry", palette, shown, format="PNG", transparency=3)

# Inks by LittleCMS with the print profile, rather than by Pillow's own formula, which knows no paper.
inks = np.stack(np.meshgrid([0, 90, 200], [0, 120, 255], [0, 128], [0, 60], indexing="ij"), -1)
inks = inks.reshape(6, 6, 4).astype(np.uint8)
profile = ImageCms.ImageCmsProfile(BytesIO(print_profile()))
printed = Image.fromarray(inks, "CMYK")
as_rgb = ImageCms.profileToProfile(printed, profile, SRGB, ImageCms.Intent.PERCEPTUAL, outputMode="RGB")
case("CMYK TIFF without a profile", printed, as_rgb, 1, format="TIFF", compression="tiff_lzw")

turned = Image.fromarray(colours)
exif = Image.Exif()
exif[0x0112] = 6
case("EXIF orientation 6, TIFF", turned, np.rot90(colours, -1), format="TIFF", tiffinfo={0x0112: 6})
case("EXIF orientation 6, PNG", turned, np.rot90(colours, -1), format="PNG", exif=exif)
case("EXIF orientation 6, WebP", turned, np.rot90(colours, -1), format="WEBP", exif=exif, lossless=True, exact=True)

pages = [Image.fromarray(colours), Image.fromarray(255 - colours[:4])]
case("two pages, TIFF", pages, colours, format="TIFF", compression="tiff_lzw")

FILE.parent.mkdir(exist_ok=True)
lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases)
FILE.write_text(f"[\n{lines}\n]\n")
print(f"{len(cases)} cases, {FILE.stat().st_size} bytes")
