"""DINOv2's patch tokens by timm, with real weights: what tools/parity/dinov2.mjs compares ours with.

    python -m venv /tmp/parity && /tmp/parity/bin/pip install torch==2.14.1 torchvision==0.29.1 timm==1.0.31 safetensors
    /tmp/parity/bin/python tools/parity/dinov2.py WEIGHTS.safetensors FOLDER
    node tools/parity/dinov2.mjs WEIGHTS.safetensors FOLDER

Written to FOLDER, for images of each size: `image`, normalised noise with some structure; `full/TAP`, the tokens behind
a block; `half/TAP`, the same with all matrices rounded to half precision, as we store them.
"""

import argparse
from pathlib import Path

import timm
import torch
from safetensors.torch import load_file, save_file

SIZES = [224, 392]
# Blocks 4, 8 and 12.
TAPS = [3, 7, 11]


def image_of(size):
    generator = torch.Generator().manual_seed(size)
    coarse = torch.randn(1, 3, 9, 9, generator=generator)
    noise = torch.randn(1, 3, size, size, generator=generator)
    return torch.nn.functional.interpolate(coarse, size, mode="bicubic") + 0.2 * noise


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    full = load_file(arguments.weights)
    width, registers = full["cls_token"].shape[2], "_reg4" if "reg_token" in full else ""
    name = f"vit_{'small' if width == 384 else 'base'}_patch14{registers}_dinov2"
    halves = {key: value.half().float() if value.ndim in (2, 4) else value for key, value in full.items()}
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for size in SIZES:
        image = image_of(size)
        found = {"image": image}
        for kind, state in [("full", full), ("half", halves)]:
            network = timm.create_model(name, num_classes=0, dynamic_img_size=True).eval()
            network.load_state_dict(state)
            with torch.no_grad():
                tokens = network.get_intermediate_layers(image, n=TAPS, reshape=True)
            found |= {f"{kind}/{tap}": one.contiguous() for tap, one in zip(TAPS, tokens)}
        save_file(found, arguments.folder / f"{size}.safetensors")


if __name__ == "__main__":
    main()
