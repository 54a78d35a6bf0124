"""Golden values for packages/inspect/src/metrics/paired.ts and normal-tail.ts, from independent implementations.

    pip install -r tools/requirements.txt
    python tools/goldens/paired.py

McNemar's test is that of statsmodels, DeLong's that of MLstatkit; its p-values, which it may round through the normal
distribution of scipy, and the intervals follow from its variance. Writes packages/inspect/src/metrics/goldens/paired.json,
one case a line; running it again changes nothing.
"""

import json
from pathlib import Path

import numpy as np
from MLstatkit import Delong_test
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

FILE = Path(__file__).parents[2] / "packages/inspect/src/metrics/goldens/paired.json"


def delong(name, first, second, labels):
    z, p, _, _, a, b, info = Delong_test(labels, first, second)
    assert info["method"] == "delong"
    difference, deviation = float(b - a), float(np.sqrt(info["var_diff"]))
    assert abs(z - difference / deviation) < 1e-9
    low, high = stats.norm.interval(0.95, difference, deviation)
    return {
        "test": "delong",
        "name": name,
        "first": first.tolist(),
        "second": second.tolist(),
        "labels": labels.tolist(),
        "difference": difference,
        "low": max(-1.0, float(low)),
        "high": min(1.0, float(high)),
        "pValue": float(p),
    }


def delong_cases():
    random = np.random.default_rng(12)
    for name, normal, defects, shift, digits in [
        ("few", 6, 4, 1.0, 6),
        ("ties", 30, 20, 1.0, 0),
        ("many", 90, 60, 1.5, 6),
        ("far apart", 60, 60, 3.0, 6),
    ]:
        labels = random.permutation(np.repeat([0, 1], [normal, defects]))
        common = random.normal(size=len(labels)) + shift * labels
        first = np.round(common + random.normal(size=len(labels)), digits) + 0.0
        noise = 0.5 if name != "far apart" else 4.0
        second = np.round(common + noise * random.normal(size=len(labels)), digits) + 0.0
        yield delong(name, first, second, labels)


def mcnemar_cases():
    for b, c in [(0, 0), (0, 1), (3, 0), (1, 9), (9, 1), (12, 12), (40, 61), (900, 1100), (9000, 9400)]:
        p = mcnemar([[5, b], [c, 7]], exact=True).pvalue
        yield {"test": "mcnemar", "firstOnly": b, "secondOnly": c, "pValue": float(p)}


def tail_cases():
    for z in [0, 0.1, 0.674, 1, 1.96, 2.5, 2.82, 2.83, 3.5, 5, 8, 20, 37]:
        yield {"test": "tails", "z": z, "pValue": float(2 * stats.norm.sf(z))}


cases = [*mcnemar_cases(), *delong_cases(), *tail_cases()]
lines = ",\n".join(json.dumps(case, separators=(",", ":"), allow_nan=False) for case in cases)
FILE.write_text(f"[\n{lines}\n]\n")
