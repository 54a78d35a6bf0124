"""Golden values for packages/inspect/src/metrics, from the tools that defined them.

    pip install -r tools/requirements.txt
    python tools/goldens/metrics.py

Needs the PyPI packages numpy, pillow, scikit-image, scikit-learn and scipy. Writes four JSON files, one case
a line, to packages/inspect/src/metrics/goldens/; running it again changes nothing.
"""

import json
import warnings
from base64 import b64encode
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage import measure
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

FOLDER = Path(__file__).parents[2] / "packages/inspect/src/metrics/goldens"


def write(name, cases):
    lines = ",\n".join(json.dumps(case, separators=(",", ":"), allow_nan=False) for case in cases)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / name).write_text(f"[\n{lines}\n]\n")


def f1_max(labels, scores):
    """The highest F1 in whole numbers, so that equal ones are equal; the lowest threshold among those."""
    _, _, thresholds = precision_recall_curve(labels, scores)
    best = Fraction(-1), 0.0
    for threshold in thresholds:  # rising
        called = scores >= threshold
        hits = int(np.sum(called & labels))
        f1 = Fraction(2 * hits, int(called.sum() + labels.sum()))
        if f1 > best[0]:
            best = f1, float(threshold) + 0.0
    precision, recall, _ = precision_recall_curve(labels, scores)
    with np.errstate(invalid="ignore"):
        assert abs(float(best[0]) - np.nanmax(2 * precision * recall / (precision + recall))) < 1e-12
    return {"value": float(best[0]), "threshold": best[1]}


def ranking_case(name, scores, labels):
    scores = np.asarray(scores, np.float32).astype(np.float64)
    labels = np.asarray(labels, bool)
    case = {"name": name, "scores": scores.tolist(), "labels": labels.astype(int).tolist()}
    if labels.all() or not labels.any():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert np.isnan(roc_auc_score(labels, scores))
        return case | {"auroc": None}
    false_positive_rate, true_positive_rate, _ = roc_curve(labels, scores, drop_intermediate=False)
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    return case | {
        "auroc": float(roc_auc_score(labels, scores)),
        "averagePrecision": float(average_precision_score(labels, scores)),
        "f1Max": f1_max(labels, scores),
        "falsePositiveRate": false_positive_rate.tolist(),
        "truePositiveRate": true_positive_rate.tolist(),
        # By falling threshold, as the other curve; the first point has no threshold. Adding 0 turns -0 into 0.
        "precision": precision[::-1].tolist(),
        "recall": recall[::-1].tolist(),
        "thresholds": (thresholds[::-1] + 0.0).tolist(),
    }


def ranking_cases():
    random = np.random.default_rng(7)
    labels = random.random(60) < 0.4
    normal = random.normal(size=60) + labels
    one_of_many = np.arange(300) == 123
    yield ranking_case("separate scores", normal, labels)
    yield ranking_case("many ties", np.round(normal * 2) / 2, labels)
    yield ranking_case("all scores equal", np.full(20, 0.25), labels[:20])
    yield ranking_case("perfect", labels * 2.0 + random.random(60), labels)
    yield ranking_case("inverted", labels * -2.0 + random.random(60), labels)
    yield ranking_case("two scores", [0.1, 0.9], [0, 1])
    yield ranking_case("two scores the wrong way round", [0.9, 0.1], [0, 1])
    yield ranking_case("two equal scores", [0.5, 0.5], [0, 1])
    yield ranking_case("several thresholds with the best F1", [4, 3, 2, 1], [1, 0, 0, 1])
    yield ranking_case("one defect among 300", random.normal(size=300) + 1.5 * one_of_many, one_of_many)
    yield ranking_case("one good among 300", random.normal(size=300) + 1.5 * ~one_of_many, ~one_of_many)
    yield ranking_case("signs and zeros", [-1.5, -0.0, 0.0, 2, -1.5, 0, -7, 3], [0, 1, 0, 1, 1, 0, 0, 0])
    yield ranking_case("extremes", [1e-45, 3e38, -3e38, 1e-38, 0, -1e-45, 1, -1e-38], [1, 1, 0, 0, 0, 1, 0, 1])
    yield ranking_case("good only", [0.1, 0.2, 0.3], [0, 0, 0])
    yield ranking_case("defects only", [0.1, 0.2, 0.3], [1, 1, 1])


def component_masks():
    random = np.random.default_rng(8)
    for density in (0.1, 0.3, 0.4, 0.5, 0.7):
        yield f"random, {density:.0%} inside", random.random((17, 23)) < density
    yield "empty", np.zeros((3, 4))
    yield "full", np.ones((3, 4))
    yield "one pixel", np.ones((1, 1))
    yield "one row", [[1, 0, 1, 1, 0, 0, 1]]
    yield "one column", [[1], [0], [1], [1]]
    yield "corners touch", np.indices((6, 7)).sum(0) % 2
    yield "most components", np.indices((5, 7)).max(0) % 2 + np.indices((5, 7)).min(0) % 2 == 0
    yield "row ends do not touch", [[0, 0, 1], [1, 0, 0], [0, 0, 1]]
    yield "combs that meet late", [[1, 0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0, 1], [0, 1, 0, 0, 0, 1, 0], [0, 0, 1, 1, 1, 0, 0]]
    yield "spiral", [[1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 0, 1], [1, 0, 0, 1, 0, 1], [1, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 1]]


def component_case(name, mask):
    mask = np.asarray(mask, np.uint8)
    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    return {
        "name": name,
        "width": mask.shape[1],
        "height": mask.shape[0],
        "mask": mask.ravel().tolist(),
        "labels": labels.ravel().tolist(),
        "count": count,
        "sizes": np.bincount(labels.ravel(), minlength=count + 1)[1:].tolist(),
    }


def mask_case(random, source, target):
    pixels = random.integers(0, 256, source[::-1], np.uint8)
    pixels.flat[:2] = (127, 128)[: pixels.size]
    resized = np.asarray(Image.fromarray(pixels).resize(target, Image.Resampling.NEAREST))
    return {
        "source": source,
        "target": target,
        "data": b64encode(pixels.tobytes()).decode(),
        "resized": "".join("1" if value > 127 else "0" for value in resized.ravel()),
    }


def mask_cases():
    random = np.random.default_rng(9)
    # The odd pairs are those where adding up the scale and multiplying by it choose different pixels.
    widths = [(1, 1), (1, 5), (5, 1), (7, 7), (2, 7), (2, 15), (6, 25), (10, 63), (30, 49), (512, 256)]
    widths += [(840, 256), (900, 256), (1000, 256), (1024, 256), (100, 256), (333, 250), (398, 299)]
    for source, target in widths:
        yield mask_case(random, (source, 3), (target, 2))
        yield mask_case(random, (2, source), (3, target))


def aupro_case(name, maps, masks):
    maps = np.asarray(maps, np.float32)
    masks = np.asarray(masks, bool)
    regions = []
    for image, mask in enumerate(masks):
        for region in measure.regionprops(measure.label(mask, connectivity=2)):
            regions.append(maps[image][tuple(region.coords.T)])
    outside = maps[~masks]
    rates, overlaps = [0.0], [0.0]
    for threshold in np.unique(maps)[::-1]:
        rates.append(np.mean(outside >= threshold))
        overlaps.append(np.mean([np.mean(region >= threshold) for region in regions]))
    rates, overlaps = np.array(rates), np.array(overlaps)
    within = rates <= 0.3
    # np.interp takes the last of several points at one rate, which is the highest: the line starts there.
    rates, overlaps = (
        np.append(rates[within], 0.3),
        np.append(overlaps[within], np.interp(0.3, rates, overlaps)),
    )
    return {
        "name": name,
        "width": maps.shape[2],
        "height": maps.shape[1],
        "maps": maps.reshape(len(maps), -1).tolist(),
        "masks": [mask.astype(int).ravel().tolist() if mask.any() else None for mask in masks],
        "value": float(np.trapezoid(overlaps, rates) / 0.3),
    }


def aupro_cases():
    random = np.random.default_rng(10)
    masks = np.zeros((3, 14, 18), bool)
    masks[0, 2:5, 3:9] = masks[0, 10, 10] = masks[1, 6:13, 1:4] = masks[1, 5, 4] = True
    smooth = ndimage.gaussian_filter(random.normal(size=masks.shape) + 1.2 * masks, (0, 1, 1))
    yield aupro_case("ties", np.round(smooth * 16) / 16, masks)
    yield aupro_case("few levels", np.round(smooth), masks)
    yield aupro_case("separate scores", smooth, masks)


write("ranking.json", ranking_cases())
write("connected-components.json", (component_case(*mask) for mask in component_masks()))
write("masks.json", mask_cases())
write("per-region-overlap.json", aupro_cases())
