"""Golden values for packages/graph, from the tools whose numbers it promises.

    pip install -r tools/requirements.txt
    python tools/goldens/graph.py

Needs the PyPI packages numpy, pillow and torch. Writes to packages/graph/src/goldens/; running it again
changes nothing.

- adamw.json: ten steps of PyTorch's AdamW after clip_grad_norm_, two groups of different learning rate.
- resize.json: a seeded image shrunk by Pillow's BILINEAR.
- bilinear-read.json: PyTorch's grid_sample and its gradients.
"""

import json
from base64 import b64encode
from pathlib import Path

import numpy as np
import torch
from PIL import Image

GOLDENS = Path(__file__).parents[2] / "packages" / "graph" / "src" / "goldens"


def numbers(values):
    """Nested lists of the shortest decimals that give the same float32 back."""
    array = np.asarray(values, dtype=np.float32)
    return [float(str(value)) for value in array.ravel()]


def adamw():
    random = np.random.default_rng(5)
    # An epsilon large enough to show where it is added.
    options = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-3, "weightDecay": 0.05, "clipNorm": 1.5}
    groups = [{"shape": [3, 2], "learningRateScale": 1}, {"shape": [4], "learningRateScale": 0.1}]
    learning_rates = [0.05 * (1 - step / 20) for step in range(10)]
    starts = [random.normal(size=group["shape"]).astype(np.float32) for group in groups]
    # Norms on both sides of the clip, and one step without any gradient.
    sizes = [4, 1, 0.3, 0.1, 2, 0, 0.5, 8, 0.2, 0.05]
    gradients = [
        [(random.normal(size=group["shape"]) * size).astype(np.float32) for group in groups] for size in sizes
    ]
    weights = [torch.nn.Parameter(torch.tensor(start)) for start in starts]
    optimiser = torch.optim.AdamW(
        [{"params": [weight]} for weight in weights],
        betas=(options["beta1"], options["beta2"]),
        eps=options["epsilon"],
        weight_decay=options["weightDecay"],
        foreach=False,
    )
    norms = []
    steps = []
    for learning_rate, step_gradients in zip(learning_rates, gradients, strict=True):
        for group, parameters in zip(groups, optimiser.param_groups, strict=True):
            parameters["lr"] = learning_rate * group["learningRateScale"]
        for weight, gradient in zip(weights, step_gradients, strict=True):
            weight.grad = torch.tensor(gradient)
        norms.append(float(torch.nn.utils.clip_grad_norm_(weights, options["clipNorm"])))
        optimiser.step()
        steps.append(
            [
                {
                    "value": numbers(weight.detach()),
                    "firstMoment": numbers(optimiser.state[weight]["exp_avg"]),
                    "secondMoment": numbers(optimiser.state[weight]["exp_avg_sq"]),
                }
                for weight in weights
            ]
        )
    assert min(norms) < options["clipNorm"] < max(norms)
    return {
        "options": options,
        "groups": [{**group, "start": numbers(start)} for group, start in zip(groups, starts, strict=True)],
        "learningRates": learning_rates,
        "gradients": [[numbers(gradient) for gradient in step] for step in gradients],
        "steps": steps,
    }


def resize():
    """Noise on a gradient, shrunk, and shrunk along one axis while the other grows."""
    height, width = 45, 60
    random = np.random.default_rng(6)
    ramp = np.linspace(0, 160, width)[None, :, None] + np.linspace(0, 60, height)[:, None, None]
    image = np.clip(ramp + random.integers(-40, 90, (height, width, 3)), 0, 255).astype(np.uint8)
    sizes = [[16, 16], [13, 50], [20, 80]]
    return {
        "shape": list(image.shape),
        "image": b64encode(image.tobytes()).decode(),
        "resized": [
            {
                "size": size,
                "image": b64encode(
                    Image.fromarray(image).resize((size[1], size[0]), Image.Resampling.BILINEAR).tobytes()
                ).decode(),
            }
            for size in sizes
        ],
    }


def bilinear_read():
    """Points inside, outside, on the outer edges, in the corners, and on the centre of a cell."""
    resolution, channels = 5, 3
    random = np.random.default_rng(7)
    table = torch.tensor(random.normal(size=(resolution**2, channels)).astype(np.float32), requires_grad=True)
    special = [[0, 0], [-1, -1], [1, 1], [-1.1, 0.3], [0.99, -1.15], [-1.3, 0], [3, 3], [0.2, -0.4]]
    points = np.concatenate([special, random.uniform(-1.1, 1.1, (8, 2))]).astype(np.float32)
    points = torch.tensor(points, requires_grad=True)
    weights = torch.tensor(random.normal(size=(len(points), channels)).astype(np.float32))
    image = table.reshape(1, resolution, resolution, channels).permute(0, 3, 1, 2)
    read = torch.nn.functional.grid_sample(
        image, points.reshape(1, 1, -1, 2), mode="bilinear", padding_mode="zeros", align_corners=False
    )
    read = read[0, :, 0].T
    (read * weights).sum().backward()
    return {
        "resolution": resolution,
        "channels": channels,
        "count": len(points),
        "table": numbers(table.detach()),
        "points": numbers(points.detach()),
        "weights": numbers(weights),
        "read": numbers(read.detach()),
        "tableGradient": numbers(table.grad),
        "pointsGradient": numbers(points.grad),
    }


def main():
    torch.set_num_threads(1)
    GOLDENS.mkdir(parents=True, exist_ok=True)
    for name, make in [("adamw", adamw), ("resize", resize), ("bilinear-read", bilinear_read)]:
        (GOLDENS / f"{name}.json").write_text(json.dumps(make(), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
