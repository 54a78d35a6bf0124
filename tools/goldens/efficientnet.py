"""Golden activations of EfficientNet for packages/method: timm's network with weights from a formula.

    pip install torch==2.14.1 torchvision==0.29.1 timm==1.0.31
    python tools/goldens/efficientnet.py

Writes packages/method/src/goldens/efficientnet.json: of every variant how wide and deep timm makes it; of two of
them the names and shapes of the weights, and for each tap its shape and every so-manieth of its activations. The
weights themselves are not stored: packages/method/testing/formula.ts computes the same.
"""

import json

import numpy as np
import timm
import torch
from formula import GOLDENS, SIZE, formula

# The last blocks at strides 2, 4, 8, 16 and 32 of B0, and those of the paper's profile.
CASES = {"tf_efficientnet_b0": [0, 2, 4, 10, 15], "tf_efficientnet_b6": [14, 30]}
SAMPLES = 300


def weight_of(name, shape):
    """Weights whose activations neither vanish nor grow; running variances are positive."""
    values = formula(name, int(np.prod(shape))).reshape(shape)
    if name.endswith("running_var"):
        return 1 + np.float32(0.5) * values
    if len(shape) in (2, 4):
        return values * np.float32(np.sqrt(6 / np.prod(shape[1:])))
    return values * np.float32(0.2) + np.float32(name.endswith("weight"))


def main():
    torch.set_num_threads(1)
    golden = {"variants": {}, "cases": {}}
    for number in range(8):
        network = timm.create_model(f"tf_efficientnet_b{number}")
        # The last norm of a block: bn3, or bn2 in the first stage.
        lasts = [getattr(stage[-1], "bn3", stage[-1].bn2) for stage in network.blocks]
        golden["variants"][f"tf_efficientnet_b{number}"] = {
            "blocks": [len(stage) for stage in network.blocks],
            "channels": [norm.num_features for norm in lasts],
        }
    for variant, taps in CASES.items():
        network = timm.create_model(variant).eval()
        network.load_state_dict(
            {
                name: torch.tensor(weight_of(name, tuple(value.shape))) if value.is_floating_point() else value
                for name, value in network.state_dict().items()
            }
        )
        image = torch.tensor(formula("image", 3 * SIZE**2).reshape(1, 3, SIZE, SIZE))
        found = {}
        with torch.no_grad():
            x = network.bn1(network.conv_stem(image))
            blocks = [block for stage in network.blocks for block in stage]
            for index, block in enumerate(blocks[: max(taps) + 1]):
                x = block(x)
                if index in taps:
                    flat = x.ravel()
                    step = max(1, len(flat) // SAMPLES)
                    values = [float(str(value)) for value in flat[::step].numpy()]
                    print(variant, index, tuple(x.shape), "deviation", float(x.std()))
                    found[index] = {"shape": list(x.shape), "step": step, "values": values}
        # Only what the last tap needs.
        needed = blocks[: max(taps) + 1]
        prefixes = ["conv_stem.", "bn1."] + [
            f"blocks.{at}.{repeat}."
            for at, stage in enumerate(network.blocks)
            for repeat, block in enumerate(stage)
            if any(block is one for one in needed)
        ]
        shapes = {
            name: list(value.shape)
            for name, value in network.state_dict().items()
            if value.is_floating_point() and name.startswith(tuple(prefixes))
        }
        golden["cases"][variant] = {"weights": shapes, "taps": found}
    (GOLDENS / "efficientnet.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
