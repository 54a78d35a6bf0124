"""Runs a model file in Python's ONNX Runtime, as a program without Bigrid would.

    pip install -r tools/requirements-parity.txt
    python tools/parity.py BUNDLE IMAGE... [--npy FOLDER] [--threads N]

Prints a line of JSON an image: its path, its score, and its anomaly map in short. With --npy each whole map is also
written to FOLDER/NAME.npy, float32 [height, width].
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image


def pixels(path):
    """uint8 [1, height, width, 3] RGB."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))[None]


def main():
    parser = argparse.ArgumentParser(description="Runs a bundle under Python's ONNX Runtime.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--npy", type=Path, metavar="FOLDER", help="write whole maps there")
    parser.add_argument("--threads", type=int, default=0, help="threads of the engine; 0: as many as there are cores")
    options = parser.parse_args()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    session = onnxruntime.InferenceSession(
        options.bundle.read_bytes(), settings, providers=["CPUExecutionProvider"]
    )
    if options.npy:
        options.npy.mkdir(parents=True, exist_ok=True)
    for path in options.images:
        anomaly_map, score = session.run(["anomaly_map", "score"], {"image": pixels(path)})
        anomaly_map = anomaly_map[0]
        if options.npy:
            np.save(options.npy / f"{path.stem}.npy", anomaly_map)
        row, column = np.unravel_index(anomaly_map.argmax(), anomaly_map.shape)
        summary = {
            "height": anomaly_map.shape[0],
            "width": anomaly_map.shape[1],
            "minimum": float(anomaly_map.min()),
            "mean": float(anomaly_map.mean()),
            "maximum": float(anomaly_map.max()),
            "maximumAt": {"row": int(row), "column": int(column)},
        }
        print(json.dumps({"path": str(path), "score": float(score[0]), "map": summary}))


if __name__ == "__main__":
    main()
