"""Judges a model without Bigrid: runs it in Python's ONNX Runtime and computes the metrics with scikit-learn and SciPy.

    pip install -r tools/requirements-parity.txt
    python tools/judge.py MODEL.onnx DIR [--threads N]

DIR is one product in the layout of MVTec AD: test/good, test/DEFECT/STEM.*, and masks in
ground_truth/DEFECT/STEM_mask.* or STEM.*. Images are 8-bit grey or RGB, decoded by Pillow; embedded colour profiles are
not applied. Prints the number of images, then a line per metric:

    image AUROC   over the scores
    pixel AUROC   over all pixels of the maps, 256 x 256 each without tiles; masks are resized to that by nearest
    pixel AP      neighbour, and above 127 is defect
    AUPRO         overlap of each defect region (8 neighbours), averaged over regions, integrated over false positive
                  rates from 0 to .3, divided by .3

Anomalous images without a mask, or with one that marks nothing, count for the image AUROC only. Nothing here is shared
with Bigrid, so an error would have to be made twice to go unnoticed.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps
from scipy import ndimage
from sklearn.metrics import average_precision_score, roc_auc_score

GOOD = {"good", "ok", "normal"}
SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"}
LIMIT = 0.3


def images_in(folder):
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def pixels(path):
    """uint8 [1, height, width, 3] RGB."""
    with Image.open(path) as image:
        if image.mode not in ("1", "L", "P", "RGB"):
            sys.exit(f"Expected 8-bit grey or RGB for {path} but received the mode {image.mode}")
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))[None]


def mask_of(root, image, shape):
    """bool [height, width], True where the defect is; None if there is no mask or it marks nothing."""
    folder = root / "ground_truth" / image.parent.name
    names = (image.stem, f"{image.stem}_mask")
    found = [path for path in images_in(folder) if path.stem in names] if folder.is_dir() else []
    if not found:
        return None
    with Image.open(found[0]) as mask:
        resized = mask.convert("L").resize(shape[::-1], Image.Resampling.NEAREST)
    marked = np.asarray(resized) > 127
    return marked if marked.any() else None


def aupro(scores, regions, count):
    """Integral of the per-region overlap over false positive rates from 0 to LIMIT, divided by LIMIT.

    scores: all pixels; regions: the region that each pixel belongs to, from 1 to count, 0 outside the defects.
    """
    sizes = np.bincount(regions, minlength=count + 1)
    order = np.argsort(-scores, kind="stable")
    own = regions[order]
    overlap = np.cumsum(np.where(own > 0, 1 / sizes[own], 0)) / count
    rate = np.cumsum(own == 0) / sizes[0]
    # Pixels of the same score pass a threshold together.
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    rate, overlap = np.append(0, rate[last]), np.append(0, overlap[last])
    inside = rate < LIMIT
    rate_to = np.append(rate[inside], LIMIT)
    overlap_to = np.append(overlap[inside], np.interp(LIMIT, rate, overlap))
    return np.trapezoid(overlap_to, rate_to) / LIMIT


def judge(session, root):
    """The metrics, and how many images they are over."""
    scores, labels, maps, regions = [], [], [], []
    count = without_mask = 0
    for folder in sorted(path for path in (root / "test").iterdir() if path.is_dir()):
        is_good = folder.name.lower() in GOOD
        for path in images_in(folder):
            anomaly_map, score = session.run(["anomaly_map", "score"], {"image": pixels(path)})
            scores.append(score[0])
            labels.append(not is_good)
            mask = np.zeros(anomaly_map[0].shape, bool) if is_good else mask_of(root, path, anomaly_map[0].shape)
            if mask is None:
                without_mask += 1
                continue
            numbered, found = ndimage.label(mask, np.ones((3, 3)))
            maps.append(anomaly_map.ravel())
            regions.append(np.where(numbered > 0, numbered + count, 0).ravel().astype(np.int32))
            count += found
    metrics = {"image AUROC": roc_auc_score(labels, scores)}
    if count > 0:
        maps, regions = np.concatenate(maps), np.concatenate(regions)
        metrics["pixel AUROC"] = roc_auc_score(regions > 0, maps)
        metrics["pixel AP"] = average_precision_score(regions > 0, maps)
        metrics["AUPRO"] = aupro(maps, regions, count)
    bad = sum(labels)
    return metrics, f"{len(labels) - bad} good images, {bad} anomalous, {without_mask} of them without a mask"


def main():
    parser = argparse.ArgumentParser(description="Judges a model file on labelled test images, without Bigrid.")
    parser.add_argument("model", type=Path)
    parser.add_argument("dir", type=Path, help="one product in the layout of MVTec AD")
    parser.add_argument("--threads", type=int, default=0, help="threads of the engine; 0: as many as there are cores")
    options = parser.parse_args()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    session = onnxruntime.InferenceSession(options.model.read_bytes(), settings, providers=["CPUExecutionProvider"])
    metrics, counted = judge(session, options.dir)
    print(counted)
    for name, value in metrics.items():
        print(f"{name:12}  {value:.6f}")


if __name__ == "__main__":
    main()
