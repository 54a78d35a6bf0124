"""Golden activations of ResNet for packages/method: timm's and torchvision's networks with weights from a formula.

    pip install torch==2.14.1 torchvision==0.29.1 timm==1.0.31
    python tools/goldens/resnet.py

Writes packages/method/src/goldens/resnet.json: of every variant the shape of each weight; of two of them, for each
tap its shape and every so-manieth of its activations. Both libraries have to agree on all of it. The weights
themselves are not stored: packages/method/testing/formula.ts computes the same.
"""

import json

import numpy as np
import timm
import torch
import torchvision
from efficientnet import SAMPLES, weight_of
from formula import GOLDENS, SIZE, formula

VARIANTS = ["resnet18", "resnet34", "resnet50", "resnet101", "wide_resnet50_2", "wide_resnet101_2"]
CASES = {"resnet18": 4, "wide_resnet50_2": 2}


def layers(network, image, count):
    state = {
        name: torch.tensor(weight_of(name, tuple(value.shape))) if value.is_floating_point() else value
        for name, value in network.state_dict().items()
    }
    network.load_state_dict(state)
    network.eval()
    activation = getattr(network, "act1", None) or network.relu
    with torch.no_grad():
        x = network.maxpool(activation(network.bn1(network.conv1(image))))
        for index in range(count):
            x = getattr(network, f"layer{index + 1}")(x)
            yield x


def main():
    torch.set_num_threads(1)
    golden = {"variants": {}, "cases": {}}
    for variant in VARIANTS:
        with torch.device("meta"):
            networks = timm.create_model(variant), torchvision.models.get_model(variant)
        shapes, others = (
            {
                name: list(value.shape)
                for name, value in network.state_dict().items()
                if value.is_floating_point() and not name.startswith("fc.")
            }
            for network in networks
        )
        assert shapes == others, variant
        golden["variants"][variant] = shapes
    image = torch.tensor(formula("image", 3 * SIZE**2).reshape(1, 3, SIZE, SIZE))
    for variant, count in CASES.items():
        found = {}
        pairs = zip(
            layers(timm.create_model(variant), image, count),
            layers(torchvision.models.get_model(variant), image, count),
        )
        for index, (x, other) in enumerate(pairs):
            assert np.allclose(x, other, rtol=1e-5, atol=1e-4), variant
            flat = x.ravel()
            step = max(1, len(flat) // SAMPLES)
            values = [float(str(value)) for value in flat[::step].numpy()]
            print(variant, index, tuple(x.shape), "deviation", float(x.std()))
            found[f"layer{index + 1}"] = {"shape": list(x.shape), "step": step, "values": values}
        golden["cases"][variant] = found
    (GOLDENS / "resnet.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
