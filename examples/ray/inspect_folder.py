"""Inspects a folder of images with a bundle, on Ray Data.

    pip install "ray[data]" onnxruntime pillow
    python inspect_folder.py MODEL.onnx FOLDER --out results

Each actor loads the bundle once. Every image becomes a row: path, score, threshold, is_anomalous, or an error for one
that cannot be read. `results` holds files of JSON lines. Start it on a machine of a cluster, and all of it works.
"""

import argparse
import io
import json
import pathlib

import numpy as np
import onnxruntime
import ray
from PIL import Image, ImageOps

SUFFIXES = ("png", "jpg", "jpeg", "webp", "tif", "tiff", "bmp", "gif")


class Inspector:
    """Holds a session; Ray keeps one an actor."""

    def __init__(self, bundle: ray.ObjectRef, threads: int):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(ray.get(bundle), options, providers=["CPUExecutionProvider"])
        metadata = self.session.get_modelmeta().custom_metadata_map
        self.threshold = json.loads(metadata["bigrid.manifest"])["calibration"]["threshold"]

    def __call__(self, row: dict) -> dict:
        result = {"path": row["path"], "score": None, "is_anomalous": None, "threshold": self.threshold, "error": None}
        try:
            with Image.open(io.BytesIO(row["bytes"])) as image:
                image = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))[None]
        except Exception as error:  # A damaged image must not stop the others.
            return {**result, "error": f"{type(error).__name__}: {error}"}
        (score,) = self.session.run(["score"], {"image": image})[0]
        return {**result, "score": float(score), "is_anomalous": bool(score > self.threshold)}


def inspect_folder(bundle: str, folder: str, actors: int, threads: int = 1) -> ray.data.Dataset:
    """A row per image in the folder and its subfolders. Ray replaces an actor or a machine that is lost and
    repeats what it had under way; only whole blocks of rows go on, so that none is lost and none comes twice."""
    images = ray.data.read_binary_files(
        folder,
        include_paths=True,
        file_extensions=[form for suffix in SUFFIXES for form in (suffix, suffix.upper())],
        override_num_blocks=4 * actors,
    )
    return images.map(
        Inspector,
        # Machines need not see the file: it goes to each of them once.
        fn_constructor_args=(ray.put(pathlib.Path(bundle).read_bytes()), threads),
        compute=ray.data.ActorPoolStrategy(size=actors),
        num_cpus=threads,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle")
    parser.add_argument("folder")
    parser.add_argument("--out", required=True, help="folder for files of JSON lines")
    parser.add_argument("--actors", type=int, default=2)
    arguments = parser.parse_args()
    ray.init(ignore_reinit_error=True)
    rows = inspect_folder(arguments.bundle, arguments.folder, arguments.actors)
    rows.write_json(str(pathlib.Path(arguments.out).resolve()))
