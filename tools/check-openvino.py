"""Compares OpenVINO with ONNX Runtime on model files: scores and anomaly maps of the same images.

    pip install onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6 pillow==13.0.0
    python tools/check-openvino.py FILE.onnx... IMAGE...

Reads each model as docs/how-to/deploy.md shows, and prints the largest differences over all images:

- with images resized to the input of the network beforehand, in float32: exits with 1 above 1e-3
- with images of their own sizes, which OpenVINO resizes: single pixels differ by one level of 255
- with the precision that OpenVINO chooses for this processor, resized beforehand: bfloat16 on recent Xeons
"""

import os
import sys

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
import openvino
from openvino.preprocess import PrePostProcessor, ResizeAlgorithm
from PIL import Image

TOLERANCE = 1e-3
OUTPUTS = ["anomaly_map", "score"]


def read(path):
    """The model with OpenVINO's resize in place of its own, and the [height, width] that it resizes to."""
    model = openvino.Core().read_model(path)
    resize = next(node for node in model.get_ops() if node.get_type_name() == "Interpolate")
    shape = resize.output(0).partial_shape
    model.reshape({"image": shape})
    steps = PrePostProcessor(model)
    image = steps.input("image")
    image.tensor().set_spatial_dynamic_shape().set_layout(openvino.Layout("NHWC"))
    image.model().set_layout(openvino.Layout("NHWC"))
    image.preprocess().resize(ResizeAlgorithm.RESIZE_BILINEAR_PILLOW)
    return steps.build(), [shape[axis].get_length() for axis in (1, 2)]


def differences(session, compiled, images):
    """The largest difference of each output over all images."""
    largest = np.zeros(len(OUTPUTS))
    for image in images:
        ours = session.run(OUTPUTS, {"image": image})
        theirs = compiled({"image": image})
        each = [np.abs(value - theirs[name]).max() for name, value in zip(OUTPUTS, ours, strict=True)]
        largest = np.maximum(largest, each)  # not a number stays
    return largest


def check(path, images):
    """Prints a line per comparison; returns whether float32 agrees."""
    session = onnxruntime.InferenceSession(path)
    model, (height, width) = read(path)
    sized = [image.resize((width, height), Image.Resampling.BILINEAR) for image in images]
    single = {"INFERENCE_PRECISION_HINT": "f32"}
    agrees = False
    for config, shown, name in (
        (single, sized, f"{height} x {width}, float32"),
        (single, images, "own sizes, float32"),
        ({}, sized, f"{height} x {width}, default"),
    ):
        compiled = openvino.Core().compile_model(model, "CPU", config)
        found = differences(session, compiled, [np.asarray(image)[None] for image in shown])
        precision = compiled.get_property("INFERENCE_PRECISION_HINT").to_string()
        print(f"{path}: {name} ({precision}): map {found[0]:.1e}, score {found[1]:.1e}")
        if config and shown is sized:
            agrees = bool(found.max() <= TOLERANCE)
    return agrees


def main(paths):
    models = [path for path in paths if path.endswith(".onnx")]
    images = [Image.open(path).convert("RGB") for path in paths if not path.endswith(".onnx")]
    if not models or not images:
        sys.exit("Usage: check-openvino.py FILE.onnx... IMAGE...")
    failed = False
    for model in models:
        try:
            failed |= not check(model, images)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one model, the others are checked too
            failed = True
            print(f"{model}: failed: {error}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
