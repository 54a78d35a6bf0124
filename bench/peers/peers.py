"""Times our model and those of anomalib on the same machine, in turns: model only, batch 1, two threads.

Weights are random (nothing is downloaded) and so are PatchCore's bank and PaDiM's Gaussians: neither changes the time.
PatchCore holds what it would hold of 200 images: a coreset of a tenth of their cells.

    python peers.py BUNDLE.onnx [--rounds N] [--json FILE]
"""

import argparse
import json
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from anomalib.models.image.efficient_ad.torch_model import EfficientAdModel
from anomalib.models.image.padim.torch_model import PadimModel
from anomalib.models.image.patchcore.torch_model import PatchcoreModel
from anomalib.models.image.stfpm import torch_model as stfpm

THREADS = 2
IMAGES = 200
CORESET = 0.1
# anomalib's default input size.
DEFAULT_SIZES = {"PatchCore": 224, "PaDiM": 256, "EfficientAD": 256, "STFPM": 256}
RUNS = 3


def patchcore(size):
    model = PatchcoreModel(layers=["layer2", "layer3"], pre_trained=False)
    cells = (size // 8) ** 2
    model.memory_bank = torch.randn(int(IMAGES * cells * CORESET), 1536)
    return model


def padim(size):
    model = PadimModel(layers=["layer1", "layer2", "layer3"], pre_trained=False)
    cells = (size // 4) ** 2
    model.gaussian.mean = torch.randn(100, cells)
    model.gaussian.inv_covariance = torch.eye(100).repeat(cells, 1, 1)
    return model


def efficient_ad(_):
    model = EfficientAdModel()
    model.mean_std["std"].data.fill_(1.0)
    model.quantiles["qb_st"].data.fill_(1.0)
    model.quantiles["qb_ae"].data.fill_(1.0)
    return model


def stfpm_model(_):
    extractor = stfpm.TimmFeatureExtractor

    def untrained(*given, **options):
        return extractor(*given, **{**options, "pre_trained": False})

    stfpm.TimmFeatureExtractor = untrained
    try:
        return stfpm.STFPMModel(layers=["layer1", "layer2", "layer3"])
    finally:
        stfpm.TimmFeatureExtractor = extractor


MODELS = {"PatchCore": patchcore, "PaDiM": padim, "EfficientAD": efficient_ad, "STFPM": stfpm_model}


def onnx_session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def openvino_model(path):
    import openvino

    return openvino.Core().compile_model(
        path, "CPU", {"INFERENCE_NUM_THREADS": THREADS, "PERFORMANCE_HINT": "LATENCY"}
    )


class Outputs(torch.nn.Module):
    """The outputs that anomalib exports as well: score and anomaly map."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, image):
        result = self.model(image)
        return result.pred_score, result.anomaly_map


def contestants(bundle, folder):
    """Name, size and engine of each, and a call that runs it once; or why there is none."""
    session = onnx_session(bundle)
    image = np.random.default_rng(0).integers(0, 256, (1, 256, 256, 3), dtype=np.uint8)
    yield ("ours", 256, "ONNX Runtime"), lambda: session.run(None, {"image": image})
    for name, build in MODELS.items():
        for size in sorted({DEFAULT_SIZES[name], 256}):
            torch.manual_seed(0)
            model = Outputs(build(size)).eval()
            image = torch.rand(1, 3, size, size)

            def run_torch(model=model, image=image):
                with torch.inference_mode():
                    model(image)

            yield (name, size, "PyTorch"), run_torch
            path = str(Path(folder) / f"{name}-{size}.onnx")
            try:
                export(model, image, path)
            except Exception as error:  # A peer that cannot be exported is reported as such.
                yield (name, size, "ONNX Runtime"), error
                continue
            for engine, load in {"ONNX Runtime": run_onnx, "OpenVINO": run_openvino}.items():
                try:
                    yield (name, size, engine), load(path, image.numpy())
                except Exception as error:
                    yield (name, size, engine), error


def export(model, image, path):
    options = {"input_names": ["input"], "opset_version": 18}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(model, (image,), path, dynamo=False, **options)
        except Exception:
            torch.onnx.export(model, (image,), path, dynamo=True, verbose=False, **options)


def run_onnx(path, image):
    session = onnx_session(path)
    return lambda: session.run(None, {"input": image})


def run_openvino(path, image):
    compiled = openvino_model(path)
    return lambda: compiled([image])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    with tempfile.TemporaryDirectory() as folder:
        found = list(contestants(arguments.bundle, folder))
        runnable = {key: run for key, run in found if callable(run)}
        for key, failure in found:
            if not callable(failure):
                print(f"<!-- {key} left out: {str(failure).splitlines()[0]} -->")
        for key, run in list(runnable.items()):
            try:
                run()
            except Exception as error:
                del runnable[key]
                print(f"<!-- {key} left out: {str(error).splitlines()[0]} -->")
        times = {key: [] for key in runnable}
        for _ in range(arguments.rounds):
            for key, run in runnable.items():
                run()
                own = []
                for _ in range(RUNS):
                    started = time.perf_counter()
                    run()
                    own.append(1000 * (time.perf_counter() - started))
                times[key].append(min(own))
    report(times, arguments.json)


def report(times, file):
    """Times are compared with ours of the same round, so that what slows all of them cancels."""
    (ours,) = (own for (name, _, _), own in times.items() if name == "ours")
    print("| model | input | engine | ms (median) | middle half of the rounds | times ours |")
    print("| --- | --- | --- | --- | --- | --- |")
    for (name, size, engine), own in times.items():
        low, middle, high = statistics.quantiles(own, n=4, method="inclusive")
        ratio = statistics.median(theirs / our for theirs, our in zip(own, ours))
        print(f"| {name} | {size} | {engine} | {middle:.1f} | {low:.1f} to {high:.1f} | {ratio:.1f} |")
    if file:
        rows = [{"model": key[0], "size": key[1], "engine": key[2], "ms": own} for key, own in times.items()]
        Path(file).write_text(json.dumps(rows, indent=1) + "\n")


main()
