"""Golden values for packages/inspect/src/calibration, from scipy.

    pip install -r tools/requirements.txt
    python tools/goldens/calibration.py

Writes packages/inspect/src/calibration/goldens/rate-bound.json, one case a line; running it again changes nothing.
"""

import json
from pathlib import Path

from scipy import stats

FOLDER = Path(__file__).parents[2] / "packages/inspect/src/calibration/goldens"


def rate_bound_case(hits, trials, confidence):
    interval = stats.binomtest(hits, trials, alternative="less").proportion_ci(confidence, method="exact")
    assert abs(interval.high - (stats.beta.ppf(confidence, hits + 1, trials - hits) if hits < trials else 1)) < 1e-9
    return {"hits": hits, "trials": trials, "confidence": confidence, "bound": float(interval.high)}


def rate_bound_cases():
    for trials in (1, 2, 7, 20, 39, 100, 766, 20_000):
        for hits in sorted({0, 1, 2, trials // 20, trials // 2, trials - 1, trials} & set(range(trials + 1))):
            for confidence in (0.5, 0.95, 0.999):
                yield rate_bound_case(hits, trials, confidence)


FOLDER.mkdir(parents=True, exist_ok=True)
lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in rate_bound_cases())
(FOLDER / "rate-bound.json").write_text(f"[\n{lines}\n]\n")
