"""Golden tokens of DINOv2 for packages/method: timm's and Hugging Face's networks with weights from a formula.

    pip install torch==2.14.1 torchvision==0.29.1 timm==1.0.31 transformers==4.57.1
    python tools/goldens/dinov2.py

Writes packages/method/src/goldens/dinov2.json: of every variant the shape of each weight, by the names of timm and of
Hugging Face; of three of them, cut to two blocks, every so-manieth of the patch tokens behind each; the mean of both for one; and
position tables of other sizes. Matrices are rounded to half precision, as we store them. The weights themselves are not stored:
packages/method/testing/formula.ts computes the same.
"""

import json

import numpy as np
import timm
import torch
import torch.nn.functional as F
from efficientnet import SAMPLES, weight_of
from formula import GOLDENS, formula
from timm.layers import resample_abs_pos_embed
from transformers import Dinov2Config, Dinov2Model, Dinov2WithRegistersConfig, Dinov2WithRegistersModel

IN_TIMM = ["vit_small_patch14_dinov2", "vit_small_patch14_reg4_dinov2", "vit_base_patch14_dinov2", "vit_base_patch14_reg4_dinov2"]  # fmt: skip
SMALL = {"hidden_size": 384, "num_attention_heads": 6, "image_size": 518, "patch_size": 14}
SIZE = 70
BLOCKS = 2
TABLES = [(37, 16), (9, 6), (5, 8)]
CHANNELS = 2


def in_hugging_face(blocks):
    settings = {**SMALL, "num_hidden_layers": blocks}
    yield "facebook/dinov2-small", Dinov2Model(Dinov2Config(**settings))
    yield "facebook/dinov2-with-registers-small", Dinov2WithRegistersModel(Dinov2WithRegistersConfig(**settings))


def shapes_of(network):
    return {name: list(value.shape) for name, value in network.state_dict().items()}


def half(values):
    return values.astype(np.float16).astype(np.float32) if values.ndim in (2, 4) else values


def fill(network):
    state = {name: torch.tensor(half(weight_of(name, tuple(shape)))) for name, shape in shapes_of(network).items()}
    network.load_state_dict(state)
    return network.eval()


def sampled(tokens):
    flat = tokens.ravel()
    step = max(1, len(flat) // SAMPLES)
    print("deviation", float(tokens.std()))
    return {"shape": list(tokens.shape), "step": step, "values": [float(str(value)) for value in flat[::step].numpy()]}


def main():
    torch.set_num_threads(1)
    golden = {"variants": {}, "cases": {}, "tables": []}
    with torch.device("meta"):
        networks = [(name, timm.create_model(name)) for name in IN_TIMM] + list(in_hugging_face(12))
        golden["variants"] = {name: shapes_of(network) for name, network in networks}
    image = torch.tensor(formula("image", 3 * SIZE**2).reshape(1, 3, SIZE, SIZE))
    with torch.no_grad():
        for name in IN_TIMM[:2]:
            network = fill(timm.create_model(name, depth=BLOCKS, dynamic_img_size=True))
            tokens = network.get_intermediate_layers(image, n=BLOCKS, reshape=True)
            golden["cases"][name] = [sampled(one) for one in tokens]
        # Taps of several blocks: each token is normalised over its channels.
        channels = (tokens[0].shape[1],)
        rows = [F.layer_norm(one.permute(0, 2, 3, 1), channels, eps=1e-6).permute(0, 3, 1, 2) for one in tokens]
        golden["mean"] = {"variant": name, **sampled(sum(rows) / BLOCKS)}
        # Without registers, Hugging Face resizes the position table in another way.
        name, network = list(in_hugging_face(BLOCKS))[1]
        states = fill(network)(image, output_hidden_states=True).hidden_states[1:]
        grid = SIZE // 14
        patches = [state[:, -(grid**2) :].transpose(1, 2).reshape(1, -1, grid, grid) for state in states]
        golden["cases"][name] = [sampled(one) for one in patches]
        for old, new in TABLES:
            table = torch.tensor(formula("table", CHANNELS * old**2).reshape(1, old**2, CHANNELS))
            resized = resample_abs_pos_embed(table, (new, new), num_prefix_tokens=0).numpy().ravel()
            golden["tables"].append({"from": old, "to": new, "values": [round(float(value), 7) for value in resized]})
    (GOLDENS / "dinov2.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
