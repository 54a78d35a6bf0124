"""A small ONNX model as other tools write them, and its activations, for packages/method.

    pip install onnx==1.23.2 onnxruntime==1.30.0 numpy
    python tools/goldens/foreign.py

Writes packages/method/src/goldens/foreign.onnx, in operator set 13, with what exporters do and Bigrid does not: tensors
as lists of numbers, constants as nodes, weights among the inputs, a node with several outputs, batch norms, axes as
attributes, an operator of another domain behind the taps; and foreign.json, what ONNX Runtime gives at its taps.
"""

import json

import numpy as np
import onnx
import onnxruntime
from formula import GOLDENS, SIZE, formula
from onnx import TensorProto, helper


def weight(name, shape, around=0.0):
    values = around + 0.4 * formula(name, int(np.prod(shape)))
    return helper.make_tensor(name, TensorProto.FLOAT, shape, [float(value) for value in values])


def main():
    node = helper.make_node
    tensors = [
        weight("stem.weight", [8, 3, 3, 3]),
        weight("norm.scale", [8], 1.0),
        weight("norm.bias", [8]),
        weight("norm.mean", [8]),
        weight("norm.variance", [8], 1.0),
        weight("left.weight", [4, 4, 3, 3]),
        weight("down.weight", [12, 8, 3, 3]),
        helper.make_tensor("gate.shape", TensorProto.INT64, [4], [1, 8, -1, 1]),
        weight("head.weight", [12, 5]),
    ]
    nodes = [
        node("Conv", ["pixels", "stem.weight"], ["stem"], "stem_conv", strides=[2, 2], pads=[1, 1, 1, 1]),
        node(
            "BatchNormalization",
            ["stem", "norm.scale", "norm.bias", "norm.mean", "norm.variance"],
            ["normed"],
            "stem_norm",
            epsilon=1e-3,
        ),
        node("LeakyRelu", ["normed"], ["active"], "stem_act", alpha=0.1),
        node("MaxPool", ["active"], ["pooled"], "stem_pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Split", ["pooled"], ["left", "right"], "halves", axis=1),
        node("Conv", ["left", "left.weight"], ["left_conv"], "left_conv", pads=[1, 1, 1, 1]),
        node("Concat", ["left_conv", "right"], ["/block1/joined"], "/block1/Concat", axis=1),
        node("ReduceMean", ["/block1/joined"], ["means"], "squeeze", axes=[2, 3], keepdims=0),
        node("Reshape", ["means", "gate.shape"], ["column"], "column"),
        node("Constant", [], ["two"], value=helper.make_tensor("", TensorProto.FLOAT, [], [2.0])),
        node("Mul", ["column", "two"], ["doubled"], "double"),
        node("Sigmoid", ["doubled"], ["gate"], "gate"),
        node("Mul", ["/block1/joined", "gate"], ["gated"], "gated"),
        node("Conv", ["gated", "down.weight"], ["down"], "down_conv", strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", ["down"], ["/block2/active"], "/block2/Relu"),
        node("FusedHead", ["/block2/active", "head.weight"], ["logits"], "head", domain="example.other"),
    ]
    image = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 3, "height", "width"])
    # Old ONNX files list their weights as inputs too.
    listed = [helper.make_tensor_value_info("left.weight", TensorProto.FLOAT, [4, 4, 3, 3])]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 5])
    graph = helper.make_graph(nodes, "foreign", [image, *listed], [logits], tensors)
    sets = [helper.make_opsetid("", 13), helper.make_opsetid("example.other", 1)]
    model = helper.make_model(graph, producer_name="others", opset_imports=sets, ir_version=8)
    helper.set_model_props(
        model,
        {
            "bigrid.mean": "120, 110.5, 100",
            "bigrid.deviation": "[60, 61, 62]",
            "bigrid.licence": "CC0-1.0",
        },
    )
    onnx.save(model, GOLDENS / "foreign.onnx")

    # ONNX Runtime does not know the operator behind the taps: it is left out to run the rest.
    taps = ["/block1/joined", "/block2/active"]
    runnable = onnx.ModelProto()
    runnable.CopyFrom(model)
    del runnable.graph.node[-1]
    del runnable.graph.output[:]
    for tap in taps:
        runnable.graph.output.append(helper.make_tensor_value_info(tap, TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(runnable.SerializeToString(), providers=["CPUExecutionProvider"])
    image = formula("image", 3 * SIZE**2).reshape(1, 3, SIZE, SIZE)
    golden = {
        tap: {"shape": list(value.shape), "values": [float(f"{number:.6g}") for number in value.ravel()]}
        for tap, value in zip(taps, session.run(taps, {"pixels": image}))
    }
    (GOLDENS / "foreign.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
