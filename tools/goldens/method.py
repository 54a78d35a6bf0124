"""Golden values for packages/method: the method written a second time, in PyTorch.

    pip install -r tools/requirements.txt
    python tools/goldens/method.py

Needs the PyPI packages numpy and torch. Writes to packages/method/src/goldens/; running it again on the same
machine changes nothing.

- branches.json: both kinds of branch, in training (statistics of the batch) and in use (running statistics).
- training-NAME.json: three optimiser steps of each stage from given values: the loss before each, and every
  parameter after the last.

Names and layouts of the parameters are those of packages/method: tables are [resolution^2, channels], row
y * resolution + x.
"""

import json

import numpy as np
import torch
import torch.nn.functional as F
from formula import GOLDENS

BATCH = 3
CHANNELS = 5
TAP_CHANNELS = [3, 2]
CELLS = 4
GRID_CHANNELS = 3
LOCAL = 4
GLOBAL = 2
DEPTH = 2
SCHEDULE = {
    "batchSize": BATCH,
    "tableLearningRate": 0.02,
    "weightLearningRate": 0.002,
    "weightDecay": 0.05,
}
LEARNING_RATES = [0.002, 0.0015, 0.0005]
PASTE_THRESHOLD = 0.5
# Swapped features come from so many images, rows and columns further on.
MOVED = [2, 1, 3]


def numbers(values):
    """A flat list of the shortest decimals that give the same float32 back."""
    return [float(str(value)) for value in np.asarray(values, dtype=np.float32).ravel()]


def tensors(values):
    return {name: {"shape": list(value.shape), "data": numbers(value.detach())} for name, value in values.items()}


class Parameters:
    """Named tensors, drawn when they are first asked for."""

    def __init__(self, seed, values=None):
        self.random = np.random.default_rng(seed)
        self.values = values if values is not None else {}

    def get(self, name, shape, scale=None, around=0.0):
        if name not in self.values:
            fan_in = max(1, int(np.prod(shape[1:])))
            spread = scale if scale is not None else 1 / np.sqrt(fan_in)
            drawn = around + spread * self.random.normal(size=shape)
            statistic = "running" in name
            self.values[name] = torch.tensor(drawn.astype(np.float32), requires_grad=not statistic)
        return self.values[name]


def convolution(parameters, name, x, channels, kernel=1, groups=1, bias=True):
    weight = parameters.get(f"{name}.weight", [channels, x.shape[1] // groups, kernel, kernel])
    offset = parameters.get(f"{name}.bias", [channels], 0.3) if bias else None
    return F.conv2d(x, weight, offset, padding=kernel // 2, groups=groups)


def batch_norm(parameters, name, x, training):
    channels = x.shape[1]
    mean = parameters.get(f"{name}.runningMean", [channels], 0.2)
    variance = parameters.get(f"{name}.runningVariance", [channels], 0.1, around=1.0)
    weight = parameters.get(f"{name}.weight", [channels], 0.2, around=1.0)
    bias = parameters.get(f"{name}.bias", [channels], 0.2)
    # In training F.batch_norm moves mean and variance in place.
    return F.batch_norm(x, mean, variance, weight, bias, training=training, momentum=0.1, eps=1e-5)


def basic_block(parameters, name, x, training):
    channels = x.shape[1]
    y = F.relu(batch_norm(parameters, f"{name}.0.norm", convolution(parameters, f"{name}.0", x, channels, 3, bias=False), training))
    y = batch_norm(parameters, f"{name}.1.norm", convolution(parameters, f"{name}.1", y, channels, 3, bias=False), training)
    return F.relu(x + y)


def light_block(parameters, name, x, _):
    channels = x.shape[1]
    y = F.relu(convolution(parameters, f"{name}.expand", x, channels))
    y = F.relu(convolution(parameters, f"{name}.depthwise", y, channels, 3, groups=channels))
    return x + convolution(parameters, f"{name}.project", y, channels)


def branch(parameters, name, local, over_all, kind, training, channels=CHANNELS):
    x = torch.cat([over_all, local], 1)
    if kind == "light":
        x = convolution(parameters, f"{name}.entry", x, local.shape[1])
    block = basic_block if kind == "basic" else light_block
    for i in range(DEPTH):
        x = block(parameters, f"{name}.block{i}", x, training)
    return convolution(parameters, f"{name}.exit", x, channels)


def coordinates(parameters, features, jitter, name="coordinates"):
    def points(part, x):
        hidden = torch.tanh(convolution(parameters, f"{name}.{part}.0", x, x.shape[1]))
        return torch.tanh(convolution(parameters, f"{name}.{part}.1", hidden, 2))

    local = points("local", features)
    over_all = points("global", features.mean((2, 3), keepdim=True))
    return local + jitter, over_all


def read(table, points, resolution):
    """points: [batch, 2, height, width] -> [batch, channels, height, width]"""
    image = table.reshape(resolution, resolution, -1).permute(2, 0, 1)[None].expand(len(points), -1, -1, -1)
    return F.grid_sample(
        image, points.permute(0, 2, 3, 1), mode="bilinear", padding_mode="zeros", align_corners=False
    )


def grid(parameters, name, local, over_all):
    local_table = parameters.get(f"{name}.local", [LOCAL**2, GRID_CHANNELS], 0.5)
    global_table = parameters.get(f"{name}.global", [GLOBAL**2, GRID_CHANNELS * CELLS**2], 0.5)
    whole = read(global_table, over_all, GLOBAL).reshape(-1, GRID_CHANNELS, CELLS, CELLS)
    return read(local_table, local, LOCAL), whole


def reconstruct(parameters, features, jitter, grids, kind, frozen):
    """The reconstruction, and what the published abnormal branch gives on its own."""
    local, over_all = coordinates(parameters, features, jitter)

    def through(name, training):
        local_read, whole = grid(parameters, f"{name}.grid", local, over_all)
        if name == "abnormal":
            # Every channel of every image, over space.
            local_read, whole = F.instance_norm(local_read, eps=1e-5), F.instance_norm(whole, eps=1e-5)
        return branch(parameters, f"{name}.branch", local_read, whole, kind, training)

    if grids == "normal":
        return through("normal", True), None
    abnormal = through("abnormal", not frozen)
    if frozen:
        abnormal = abnormal.detach()
    if grids == "published-abnormal":
        return abnormal, abnormal
    return through("normal", True) + parameters.get("fusion.weight", [], 0.1, around=-0.2) * abnormal, abnormal


def restore(parameters, features, jitter, kind):
    """What a restoring grid, with coordinate nets of its own, makes of the features."""
    local, over_all = coordinates(parameters, features, jitter, "abnormal.coordinates")
    local_read, whole = grid(parameters, "abnormal.grid", local, over_all)
    return branch(parameters, "abnormal.branch", local_read, whole, kind, True)


def contrastive(q, mask):
    pasted = mask > 0
    return F.relu(PASTE_THRESHOLD - q[pasted]).mean() + F.relu(PASTE_THRESHOLD + q[~pasted]).mean()


def loss_weights(deviation):
    """Square root of each channel's share of the variance of its tap, 1 on average."""
    variances = torch.tensor(deviation) ** 2
    shares = torch.cat([tap / tap.sum() for tap in variances.split(TAP_CHANNELS)])
    return (shares.sqrt() / shares.sqrt().mean())[:, None, None]


def case(seed, stage, grids, kind, clip_norm, counting="even", source="fbp"):
    random = np.random.default_rng(seed)

    def normal(*shape):
        return random.normal(size=shape).astype(np.float32)

    mean, deviation = normal(CHANNELS), np.exp(0.5 * normal(CHANNELS)).astype(np.float32)
    raw = [(mean + deviation * normal(BATCH, CELLS, CELLS, CHANNELS)).transpose(0, 3, 1, 2).astype(np.float16) for _ in LEARNING_RATES]
    jitters = [0.05 * normal(BATCH, 2, CELLS, CELLS) if i != 1 else np.zeros((BATCH, 2, CELLS, CELLS), np.float32) for i in range(len(raw))]
    masks = [(random.uniform(size=(BATCH, 1, CELLS, CELLS)) * (random.uniform(size=(BATCH, 1, CELLS, CELLS)) < 0.3)).astype(np.float32) for _ in raw]
    intensities = [np.abs(normal(BATCH, CHANNELS, 1, 1)) + 1 for _ in raw]
    if source == "swap":
        masks = [(mask > 0).astype(np.float32) for mask in masks]
        intensities = [intensity[:, :1] for intensity in intensities]

    counts = loss_weights(deviation) if counting == "root" else torch.ones(CHANNELS, 1, 1)

    def error(value, features):
        return (counts * (value - features) ** 2).mean()

    parameters = Parameters(seed + 1)
    frozen = stage == "normal" and grids == "published"

    def loss_of(step):
        features = torch.tensor(raw[step].astype(np.float32))
        features = (features - torch.tensor(mean)[:, None, None]) / torch.tensor(deviation)[:, None, None]
        jitter = torch.tensor(jitters[step])
        if stage == "normal":
            value, _ = reconstruct(parameters, features, jitter, grids, kind, frozen)
            return error(value, features)
        mask = torch.tensor(masks[step])
        if source == "swap":
            donors = torch.roll(features, (-MOVED[0], -MOVED[1], -MOVED[2]), (0, 2, 3)) * torch.tensor(intensities[step])
            pasted = torch.where(mask > 0, donors, features)
        else:
            pasted = features + mask * torch.tensor(intensities[step])
        if grids == "normal+restoring":
            return error(restore(parameters, pasted, jitter, kind), features)
        value, abnormal = reconstruct(parameters, pasted, jitter, "published-abnormal", kind, False)
        loss = contrastive(abnormal[:, :1], mask)
        return loss + error(value, features) if grids == "published-abnormal" else loss

    # A first pass draws the parameters.
    loss_of(0)
    start = tensors(parameters.values)
    trained = {
        name: value
        for name, value in parameters.values.items()
        if "running" not in name and not (frozen and name.startswith("abnormal."))
    }
    tables = [value for name, value in trained.items() if name.endswith((".grid.local", ".grid.global"))]
    weights = [value for name, value in trained.items() if not name.endswith((".grid.local", ".grid.global"))]
    optimiser = torch.optim.AdamW(
        [{"params": tables}, {"params": weights}],
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=SCHEDULE["weightDecay"],
        foreach=False,
    )
    losses = []
    norms = []
    for step, rate in enumerate(LEARNING_RATES):
        optimiser.param_groups[0]["lr"] = rate * SCHEDULE["tableLearningRate"] / SCHEDULE["weightLearningRate"]
        optimiser.param_groups[1]["lr"] = rate
        optimiser.zero_grad()
        loss = loss_of(step)
        loss.backward()
        for value in trained.values():
            if value.grad is None:
                value.grad = torch.zeros_like(value)
        norms.append(float(torch.nn.utils.clip_grad_norm_(list(trained.values()), clip_norm)))
        optimiser.step()
        losses.append(float(loss.detach()))
    print(f"{stage} {grids} {kind}: losses {losses}, gradient norms {norms}")
    return {
        "stage": stage,
        "method": {
            "grids": grids,
            "anomalySource": source,
            "branch": kind,
            "cells": CELLS,
            "gridChannels": GRID_CHANNELS,
            "localResolution": LOCAL,
            "globalResolution": GLOBAL,
            "depth": DEPTH,
        },
        "schedule": {**SCHEDULE, "lossWeights": counting, "clipNorm": clip_norm},
        "tapChannels": TAP_CHANNELS,
        "moved": MOVED,
        "mean": numbers(mean),
        "deviation": numbers(deviation),
        "steps": [
            {
                "learningRate": LEARNING_RATES[i],
                "features": numbers(raw[i]),
                "jitter": numbers(jitters[i]),
                "mask": numbers(masks[i]),
                "intensity": numbers(intensities[i]),
                "loss": losses[i],
            }
            for i in range(len(raw))
        ],
        "start": start,
        "end": tensors(parameters.values),
    }


def branches():
    """One batch through each kind of branch, in training and, before that, in use."""
    random = np.random.default_rng(21)
    local, whole = (torch.tensor(random.normal(size=(2, GRID_CHANNELS, 3, 3)).astype(np.float32)) for _ in range(2))
    result = {"shape": list(local.shape), "depth": DEPTH, "outputChannels": 4, "local": numbers(local), "global": numbers(whole)}
    for kind in ["basic", "light"]:
        parameters = Parameters(22)
        branch(parameters, "branch", local, whole, kind, False, 4)
        start = tensors(parameters.values)
        in_use = branch(parameters, "branch", local, whole, kind, False, 4)
        in_training = branch(parameters, "branch", local, whole, kind, True, 4)
        statistics = {name: value for name, value in parameters.values.items() if "running" in name}
        result[kind] = {
            "parameters": start,
            "inUse": numbers(in_use.detach()),
            "inTraining": numbers(in_training.detach()),
            "statistics": tensors(statistics),
        }
    return result


def write(name, value):
    (GOLDENS / f"{name}.json").write_text(json.dumps(value, separators=(",", ":")) + "\n")


def main():
    torch.set_num_threads(1)
    GOLDENS.mkdir(parents=True, exist_ok=True)
    write("branches", branches())
    write("training-normal-alone", case(31, "normal", "normal", "light", 1.5))
    write("training-normal-with-frozen", case(32, "normal", "published", "basic", 0.3))
    write("training-abnormal-first", case(33, "abnormal", "published", "light", 2.3))
    write("training-abnormal-alone", case(34, "abnormal", "published-abnormal", "basic", 100))
    write("training-restoring", case(35, "abnormal", "normal+restoring", "light", 1.2))
    write("training-normal-weighted", case(38, "normal", "normal", "light", 1.5, counting="root"))
    write("training-swapping", case(39, "abnormal", "normal+restoring", "light", 1.2, "root", "swap"))


if __name__ == "__main__":
    main()
