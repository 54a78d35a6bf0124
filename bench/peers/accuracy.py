"""Trains PatchCore and PaDiM of anomalib on the frozen network of Bigrid, and judges them as tools/judge.py does.

Their ImageNet weights are a download, so both get the embedded EfficientNet-Lite0, at layers of the same strides as by
default (8 and 16 for PatchCore; 4, 8 and 16 for PaDiM). Images are 256 x 256 pixels; all of train/good are learned.

    python accuracy.py DIR... [--model PatchCore|PaDiM] [--coreset 0.01] [--seeds 1,2,3] [--threads 2]

DIR is one product in the layout of MVTec AD. PatchCore keeps a coreset of 1 %, one of the shares of its paper: a tenth,
the default of anomalib, takes hours on a processor. Prints a row of a Markdown table per model and product: mean and
sample standard deviation over the seeds.
"""

import argparse
import re
import statistics
import sys
import time
from pathlib import Path

import torch
from anomalib.models.image.padim.torch_model import PadimModel
from anomalib.models.image.patchcore.torch_model import PatchcoreModel
from safetensors.torch import load_file
from torchvision.transforms.v2.functional import resize

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tools"))
from judge import images_in, judge, pixels  # noqa: E402

NETWORK = "tf_efficientnet_lite0"
WEIGHTS = ROOT / "packages" / "method" / "assets" / "efficientnet_lite0.safetensors"
# Repeats of each stage, by which timm numbers what the file numbers from 0 to 15.
REPEATS = [1, 2, 2, 3, 3, 4, 1]
SIZE = 256
METRICS = ["image AUROC", "pixel AUROC", "pixel AP", "AUPRO"]


def patchcore():
    return PatchcoreModel(backbone=NETWORK, layers=["blocks.2", "blocks.4"], pre_trained=False)


def padim():
    # 100 channels, as for ResNet-18.
    return PadimModel(backbone=NETWORK, layers=["blocks.1", "blocks.2", "blocks.4"], pre_trained=False, n_features=100)


MODELS = {"PatchCore": patchcore, "PaDiM": padim}


def timm_name(name):
    """The name that timm gives to a tensor of the embedded network."""
    if not (block := re.match(r"blocks\.(\d+)\.(\w+?)\.(\w+)$", name)):
        return name.replace("bn0", "bn1")
    at, (part, tensor) = int(block[1]), block.groups()[1:]
    places = [(stage, repeat) for stage, count in enumerate(REPEATS) for repeat in range(count)]
    first = {"depthwise_conv": "conv_dw", "project_conv": "conv_pw"}
    others = {"expand_conv": "conv_pw", "bn0": "bn1", "depthwise_conv": "conv_dw", "bn1": "bn2"}
    others |= {"project_conv": "conv_pwl", "bn2": "bn3"}
    # The first block does not expand.
    names = first if at == 0 else others
    return "blocks.{}.{}.{}.{}".format(*places[at], names.get(part, part), tensor)


def input_of(image):
    """float32 [1, 3, SIZE, SIZE], in the range of the network, of uint8 [1, height, width, 3]."""
    resized = resize(torch.from_numpy(image.copy()).permute(0, 3, 1, 2).float(), [SIZE, SIZE], antialias=True)
    return (resized - 127) / 128


def train(name, folder, seed, coreset):
    torch.manual_seed(seed)
    model = MODELS[name]()
    named = {timm_name(tensor): values for tensor, values in load_file(WEIGHTS).items()}
    model.feature_extractor.feature_extractor.load_state_dict(named, strict=True)
    model.train()
    model.feature_extractor.eval()
    for path in images_in(folder):
        model(input_of(pixels(path)))
    if name == "PaDiM":
        model.fit()
    else:
        model.subsample_embedding(coreset)
    return model.eval()


class Session:
    """What `judge` asks of a session of ONNX Runtime."""

    def __init__(self, model):
        self.model = model

    def run(self, _, inputs):
        with torch.no_grad():
            found = self.model(input_of(inputs["image"]))
        return found.anomaly_map.reshape(1, SIZE, SIZE).numpy(), found.pred_score.reshape(1).numpy()


def described(values):
    spread = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.4f}{spread}"


def main():
    parser = argparse.ArgumentParser(description="Judges PatchCore and PaDiM of anomalib on the embedded network.")
    parser.add_argument("dirs", type=Path, nargs="+", help="products in the layout of MVTec AD")
    parser.add_argument("--model", choices=MODELS, action="append", help="both by default; may be repeated")
    parser.add_argument("--coreset", type=float, default=0.01, help="share of the cells that PatchCore keeps")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    seeds = [int(seed) for seed in options.seeds.split(",")]
    print(f"| product | model | seeds | {' | '.join(METRICS)} | training, s |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for root in options.dirs:
        for name in options.model or MODELS:
            found, seconds = [], []
            for seed in seeds:
                started = time.perf_counter()
                model = train(name, root / "train" / "good", seed, options.coreset)
                seconds.append(time.perf_counter() - started)
                found.append(judge(Session(model), root)[0])
            cells = [described([metrics[metric] for metrics in found]) for metric in METRICS]
            row = [root.name, name, str(len(seeds)), *cells, f"{statistics.mean(seconds):.0f}"]
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
