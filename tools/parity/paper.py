"""The profile `paper` a second time, in PyTorch with timm: what tools/parity/paper.mjs compares ours with.

    python -m venv /tmp/parity && /tmp/parity/bin/pip install torch==2.14.1 torchvision==0.29.1 timm==1.0.31 safetensors
    /tmp/parity/bin/python tools/parity/paper.py FOLDER            # a reduced instance, seconds
    /tmp/parity/bin/python tools/parity/paper.py FOLDER --full     # the published size, minutes and 2 GB of files
    node tools/parity/paper.mjs FOLDER

All weights are random, for what is compared is arithmetic. Written to FOLDER, as safetensors unless said otherwise:

- case.json: the sizes, and the losses of each stage, step by step.
- backbone: weights of the backbone, by timm's names.
- image: one image, what the backbone gives at each tap, and the features made of that.
- inputs: features, jitter, masks and intensities of each step; mean and deviation of the features.
- start: parameters before training, by our names; `forward/rec` and `forward/abnormal`, of the first step's features.
- abnormal, normal: of each stage, from `start`, the clipped gradients of the first step (`gradient/NAME`); before the
  last step the parameters and moments (`before/NAME`, `before/NAME/m`, `before/NAME/v`), after it the parameters
  (`end/NAME`); gradients and parameters of the same steps in double precision (`exact/gradient/NAME`,
  `exact/end/NAME`).

Why double precision: rounding decides on which side of a ReLU a value near zero falls, and Adam divides each gradient
by its own size, so that in the first steps an element whose gradient is zero but for rounding moves as far as any
other. Two correct programs in single precision therefore drift apart; how far each is from double precision says
whether that is all.
"""

import argparse
import json
import time
from pathlib import Path

import timm
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

# As in packages/method/src/options.ts, profile `paper`.
FULL = {
    "backbone": "tf_efficientnet_b6", "taps": [14, 30], "inputSize": 256, "cells": 32,
    "gridChannels": 272, "localResolution": 32, "globalResolution": 4, "depth": 9,
}  # fmt: skip
REDUCED = {
    "backbone": "tf_efficientnet_b0", "taps": [4, 10], "inputSize": 128, "cells": 16,
    "gridChannels": 24, "localResolution": 8, "globalResolution": 2, "depth": 2,
}  # fmt: skip
SCHEDULE = {"tableLearningRate": 0.1, "weightLearningRate": 1e-3, "weightDecay": 1e-2, "clipNorm": 0.1}
JITTER = 0.05
THRESHOLD = 0.5
IMAGENET = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[..., None, None]


class Points(nn.Module):
    """1x1 convolution, tanh, 1x1 convolution to two, tanh."""

    def __init__(self, channels):
        super().__init__()
        self.add_module("0", nn.Conv2d(channels, channels, 1))
        self.add_module("1", nn.Conv2d(channels, 2, 1))

    def forward(self, x):
        first, second = self.children()
        return torch.tanh(second(torch.tanh(first(x))))


class Grid(nn.Module):
    """Tables laid out as published, [channels, R, R], read at points [batch, 2, height, width]."""

    def __init__(self, method):
        super().__init__()
        channels, cells = method["gridChannels"], method["cells"]
        local, over_all = method["localResolution"], method["globalResolution"]
        self.shape = (channels, cells, cells)
        self.local = nn.Parameter(nn.init.xavier_normal_(torch.empty(channels, local, local)))
        self.globl = nn.Parameter(nn.init.xavier_normal_(torch.empty(channels * cells**2, over_all, over_all)))

    def forward(self, local, over_all):
        return self.read(self.local, local), self.read(self.globl, over_all).reshape(-1, *self.shape)

    @staticmethod
    def read(table, points):
        image = table[None].expand(len(points), -1, -1, -1)
        return F.grid_sample(image, points.permute(0, 2, 3, 1), align_corners=False)


class Stage(nn.Conv2d):
    """3x3 convolution and batch norm."""

    def __init__(self, channels):
        super().__init__(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x):
        return self.norm(super().forward(x))


class BasicBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.add_module("0", Stage(channels))
        self.add_module("1", Stage(channels))

    def forward(self, x):
        first, second = self.children()
        return F.relu(x + second(F.relu(first(x))))


class Branch(nn.Module):
    def __init__(self, method, channels):
        super().__init__()
        wide = 2 * method["gridChannels"]
        for index in range(method["depth"]):
            self.add_module(f"block{index}", BasicBlock(wide))
        self.exit = nn.Conv2d(wide, channels, 1)

    def forward(self, local, over_all):
        x = torch.cat([over_all, local], 1)
        for part in self.children():
            x = part(x)
        return x


class Half(nn.Module):
    """A grid and its branch."""

    def __init__(self, method, channels):
        super().__init__()
        self.grid = Grid(method)
        self.branch = Branch(method, channels)


class Grad(nn.Module):
    def __init__(self, method, channels):
        super().__init__()
        self.coordinates = nn.ModuleDict({"local": Points(channels), "global": Points(channels)})
        self.normal = Half(method, channels)
        self.abnormal = Half(method, channels)
        self.fusion = nn.ParameterDict({"weight": nn.Parameter(torch.tensor(-0.2))})

    def points(self, features, jitter):
        over_all = self.coordinates["global"](features.mean((2, 3), keepdim=True))
        return self.coordinates["local"](features) + jitter, over_all

    def through_abnormal(self, points):
        # Over space, a channel of an image at a time.
        reads = [F.instance_norm(read, eps=1e-5) for read in self.abnormal.grid(*points)]
        return self.abnormal.branch(*reads)

    def forward(self, features, jitter):
        points = self.points(features, jitter)
        abnormal = self.through_abnormal(points)
        normal = self.normal.branch(*self.normal.grid(*points))
        return normal + self.fusion["weight"] * abnormal.detach(), abnormal

    def named(self):
        """Every tensor by our name; tables become [R * R, channels], row y * R + x."""
        for name, value in [*self.named_parameters(), *self.named_buffers()]:
            if name.endswith("num_batches_tracked"):
                continue
            name = name.replace("running_mean", "runningMean").replace("running_var", "runningVariance")
            yield name.replace("globl", "global"), value


def ours(name, value):
    value = value.detach()
    if ".grid." in name:
        value = value.flatten(1).T
    return value.clone().contiguous()


def images(count, size, generator):
    """uint8 [count, 3, size, size]: smooth blotches under noise."""
    blotches = torch.rand(count, 3, 9, 9, generator=generator)
    smooth = F.interpolate(blotches, (size, size), mode="bicubic")
    return (255 * (smooth + 0.1 * torch.randn(smooth.shape, generator=generator)).clamp(0, 1)).to(torch.uint8)


def normalised(images):
    return (images.float() / 255 - IMAGENET[0]) / IMAGENET[1]


def make_backbone(method, images):
    """Random weights, with statistics of the batch norms that fit, so that activations neither vanish nor grow."""
    network = timm.create_model(method["backbone"])
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.2)
        norm.momentum = 1.0
    with torch.no_grad():
        network.train()(normalised(images))
    return network.eval()


@torch.no_grad()
def taps_of(network, method, images):
    x = network.bn1(network.conv_stem(normalised(images)))
    found = []
    for index, block in enumerate(block for stage in network.blocks for block in stage):
        x = block(x)
        if index in method["taps"]:
            found.append(x)
    return found


def joined(taps, cells):
    resized = [F.interpolate(tap, (cells, cells), mode="bilinear", align_corners=False) for tap in taps]
    return torch.cat(resized, 1)


def contrastive(q, mask):
    pasted = mask > 0
    return F.relu(THRESHOLD - q[pasted]).mean() + F.relu(THRESHOLD + q[~pasted]).mean()


def make_inputs(raw, batch, steps, generator):
    _, channels, cells, _ = raw.shape
    features = raw.half().reshape(steps, batch, channels, cells, cells)
    over = features.float()
    mask = torch.zeros(steps, batch, 1, cells, cells)
    for one in mask.flatten(0, 2):
        top, left = torch.randint(0, cells // 2, (2,), generator=generator).tolist()
        block = one[top : top + cells // 3, left : left + cells // 3]
        block.copy_(0.2 + 0.8 * torch.rand(block.shape, generator=generator))
    jitter = JITTER * torch.randn(steps, batch, 2, cells, cells, generator=generator)
    jitter[1::2] = 0
    intensity = (1 + 2 * torch.rand(steps, batch, 1, 1, 1, generator=generator)).expand(-1, -1, channels, -1, -1)
    return {
        "features": features,
        "jitter": jitter,
        "mask": mask,
        "intensity": intensity.contiguous(),
        "mean": over.mean((0, 1, 3, 4)),
        "deviation": over.std((0, 1, 3, 4), correction=0),
    }


def train(stage, method, start, inputs, steps, dtype):
    """Optimiser steps of one stage from `start`. Returns what is found by name, the losses, the seconds of a step."""
    model = Grad(method, len(inputs["mean"]))
    model.load_state_dict(start)
    model.to(dtype).train()
    given = {name: value.to(dtype) for name, value in inputs.items()}
    frozen = ("normal.", "fusion.") if stage == "abnormal" else ("abnormal.",)
    if stage == "normal":
        model.abnormal.eval()
    own = {name: value for name, value in model.named() if not name.startswith(frozen)}
    trained = {name: value for name, value in own.items() if value.requires_grad}
    tables = [value for name, value in trained.items() if ".grid." in name]
    weights = [value for name, value in trained.items() if ".grid." not in name]
    optimiser = torch.optim.AdamW(
        [
            {"params": tables, "lr": SCHEDULE["tableLearningRate"]},
            {"params": weights, "lr": SCHEDULE["weightLearningRate"]},
        ],
        weight_decay=SCHEDULE["weightDecay"],
    )
    found, losses, seconds = {}, [], []
    for step in range(steps):
        if 0 < step == steps - 1:
            found |= {f"before/{name}": ours(name, value) for name, value in own.items()}
            for name, value in trained.items():
                found[f"before/{name}/m"] = ours(name, optimiser.state[value]["exp_avg"])
                found[f"before/{name}/v"] = ours(name, optimiser.state[value]["exp_avg_sq"])
        started = time.perf_counter()
        features = standardised(given, step)
        jitter = given["jitter"][step]
        model.zero_grad(set_to_none=False)
        if stage == "abnormal":
            mask = given["mask"][step]
            points = model.points(features + mask * given["intensity"][step], jitter)
            loss = contrastive(model.through_abnormal(points)[:, :1], mask)
        else:
            loss = F.mse_loss(model(features, jitter)[0], features)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(trained.values()), SCHEDULE["clipNorm"])
        if step == 0:
            found |= {f"gradient/{name}": ours(name, value.grad) for name, value in trained.items()}
        optimiser.step()
        losses.append(loss.item())
        seconds.append(time.perf_counter() - started)
    found |= {f"end/{name}": ours(name, value) for name, value in own.items()}
    print(f"{stage}, {dtype}: losses {losses}, {min(seconds):.2f} s a step", flush=True)
    return found, losses, min(seconds)


def standardised(inputs, step):
    centred = inputs["features"][step].to(inputs["mean"].dtype) - inputs["mean"][:, None, None]
    return centred / inputs["deviation"][:, None, None]


def main():
    parser = argparse.ArgumentParser(description="Writes what tools/parity/paper.mjs compares with.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--full", action="store_true", help="the published size instead of a reduced one")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--steps", type=int, default=10, help="at least 2")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    folder, batch, steps = options.folder, options.batch, options.steps
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    generator = torch.Generator().manual_seed(2)
    method = FULL if options.full else REDUCED

    images = images(batch * steps, method["inputSize"], generator)
    network = make_backbone(method, images[:4])
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, folder / "backbone.safetensors")
    taps = taps_of(network, method, images[:1])
    save_file(
        {
            "image": images[:1].permute(0, 2, 3, 1).contiguous(),
            **{f"tap{index}": tap for index, tap in enumerate(taps)},
            "features": joined(taps, method["cells"]),
        },
        folder / "image.safetensors",
    )
    raw = torch.cat([joined(taps_of(network, method, image[None]), method["cells"]) for image in images])
    inputs = make_inputs(raw, batch, steps, generator)
    save_file(inputs, folder / "inputs.safetensors")

    model = Grad(method, raw.shape[1])
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        model.train()(standardised(inputs, 0), inputs["jitter"][0])
        for norm in norms:
            norm.momentum = 0.1
        rec, abnormal = model.eval()(standardised(inputs, 0), torch.zeros(()))
    start = {name: value.clone() for name, value in model.state_dict().items()}
    first = {name: ours(name, value) for name, value in model.named()}
    save_file({**first, "forward/rec": rec, "forward/abnormal": abnormal}, folder / "start.safetensors")

    case = {"method": method, "schedule": {**SCHEDULE, "batchSize": batch}, "steps": steps, "losses": {}, "seconds": {}}
    for stage in ["abnormal", "normal"]:
        found, case["losses"][stage], case["seconds"][stage] = train(stage, method, start, inputs, steps, torch.float32)
        exact, _, _ = train(stage, method, start, inputs, steps, torch.float64)
        kept = ("gradient/", "end/")
        found |= {f"exact/{name}": value.float() for name, value in exact.items() if name.startswith(kept)}
        save_file(found, folder / f"{stage}.safetensors")
    (folder / "case.json").write_text(json.dumps(case, indent=1) + "\n")


if __name__ == "__main__":
    main()
