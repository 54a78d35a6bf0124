"""Golden values for packages/node/src/datasets/coco-mask.ts, from COCO's own tools.

    pip install pycocotools
    python tools/goldens/coco.py

Needs the PyPI packages numpy and pycocotools. Writes one case a line to packages/node/src/datasets/goldens/coco-runs.json:
the string of compressed runs, its size, and the runs it stands for. Running it again changes nothing.
"""

import json
from pathlib import Path

import numpy as np
from pycocotools import mask as coco

FILE = Path(__file__).parents[2] / "packages/node/src/datasets/goldens/coco-runs.json"


def runs_of(mask):
    """Lengths of the runs down the columns, the first of what is outside."""
    flat = mask.ravel(order="F")
    borders = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff([0, *borders, flat.size]).tolist()
    return [0, *lengths] if flat[0] else lengths


def case(name, mask):
    encoded = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert np.array_equal(coco.decode(encoded), mask)
    return {
        "name": name,
        "size": list(mask.shape),
        "compressed": encoded["counts"].decode("ascii"),
        "counts": runs_of(mask),
    }


def cases():
    random = np.random.default_rng(3)
    yield case("nothing", np.zeros((3, 4), bool))
    yield case("everything", np.ones((3, 4), bool))
    yield case("the first pixel", np.arange(12).reshape(3, 4) == 0)
    yield case("noise", random.random((17, 23)) < 0.4)
    y, x = np.mgrid[:480, :640]
    yield case("a disc", (x - 300) ** 2 + (y - 200) ** 2 < 90**2)
    yield case("two rectangles far apart", ((x < 5) & (y < 7)) | ((x > 630) & (y > 300)))
    y, x = np.mgrid[:2000, :3000]
    yield case("a small spot in a large image", (x - 2500) ** 2 + (y - 1900) ** 2 < 9)


FILE.parent.mkdir(parents=True, exist_ok=True)
lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases())
FILE.write_text(f"[\n{lines}\n]\n")
