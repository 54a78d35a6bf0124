"""Golden values for packages/inspect/src/training/variation.ts: principal components, not centred.

    pip install -r tools/requirements.txt
    python tools/goldens/variation.py

Needs the PyPI packages numpy and scikit-learn. Writes packages/inspect/src/training/goldens/variation.json; running it
again changes nothing.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.decomposition import TruncatedSVD

FILE = Path(__file__).parents[2] / "packages/inspect/src/training/goldens/variation.json"


def case(name, images, width, strengths):
    random = np.random.default_rng(images)
    rows = 0.05 * random.normal(size=(images, width))
    for strength in strengths:
        rows += strength * np.outer(random.normal(size=images) + 0.5, random.normal(size=width))
    rows = rows.astype(np.float16)
    count = len(strengths)

    def components(members):
        found = TruncatedSVD(count, algorithm="arpack", random_state=0).fit(members.astype(float))
        return np.round(found.components_, 6).tolist()

    return {
        "name": name,
        "rows": rows.astype(float).tolist(),
        "components": components(rows),
        "even": components(rows[::2]),
        "odd": components(rows[1::2]),
    }


cases = [
    case("two of forty images", 40, 30, [1.0, 0.4]),
    case("more images than numbers", 35, 9, [0.8, 0.5, 0.3]),
]
FILE.parent.mkdir(exist_ok=True)
FILE.write_text("[\n" + ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases) + "\n]\n")
