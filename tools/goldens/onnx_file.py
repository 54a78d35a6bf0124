"""A model with every field that packages/graph writes, as Google's protobuf writes it.

    pip install onnx==1.23.2
    python tools/goldens/onnx_file.py

Writes packages/graph/src/goldens/every-field.onnx: the graph of packages/graph/testing/every-field.ts, built here a
second time. Readers of protobuf take repeated numbers packed and unpacked alike; the Python package writes them
unpacked, we write them packed, so this script serialises with a schema that packs them.
"""

from pathlib import Path

import numpy as np
import onnx
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from onnx import helper, numpy_helper

GOLDENS = Path(__file__).parents[2] / "packages" / "graph" / "src" / "goldens"
PACKED = {("AttributeProto", "floats"), ("AttributeProto", "ints"), ("TensorProto", "dims")}


def tensor(name, values, shape, dtype):
    return numpy_helper.from_array(np.array(values, dtype=dtype).reshape(shape), name)


def value(name, dtype, shape):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)


def attribute(name, kind, **fields):
    return onnx.AttributeProto(name=name, type=kind, **fields)


def node(operator, inputs, outputs, name, attributes=()):
    return onnx.NodeProto(op_type=operator, input=inputs, output=outputs, name=name, attribute=attributes)


def every_field():
    kinds = onnx.AttributeProto
    weights = [
        tensor("float32", [0.1, -2], [1, 2], np.float32),
        tensor("float16", [1, -2], [2], np.float16),
        tensor("int64", [-1, 0, 2**40], [3], np.int64),
        tensor("int32", [-7], [1], np.int32),
        tensor("int8", [-128, 127], [2, 1], np.int8),
        tensor("uint8", 200, [], np.uint8),
        tensor("bool", [], [0], np.bool_),
    ]
    attributes = [
        attribute("integer", kinds.INT, i=-3),
        attribute("large", kinds.INT, i=2**40),
        attribute("float", kinds.FLOAT, f=0.1),
        attribute("text", kinds.STRING, s="größer".encode()),
        attribute("integers", kinds.INTS, ints=[1, -2, 300]),
        attribute("none", kinds.INTS),
        attribute("floats", kinds.FLOATS, floats=[0.5, -1e-30]),
        attribute("texts", kinds.STRINGS, strings=[b"a", b""]),
        attribute("tensor", kinds.TENSOR, t=tensor("", [1, 2], [2], np.float32)),
        attribute("to", kinds.INT, i=onnx.TensorProto.FLOAT16),
    ]
    # An empty name is written all the same.
    attributes[8].t.name = ""
    body = onnx.GraphProto(
        name="Loop_1/body",
        node=[
            node("Gather", ["x", "Loop/run_1"], ["Gather_1"], "Gather_1", [attribute("axis", kinds.INT, i=0)]),
            node("Identity", ["Loop/goes_on_1"], ["Identity_1"], "Identity_1"),
            node("Identity", ["Gather_1"], ["Identity_2"], "Identity_2"),
        ],
        input=[value("Loop/run_1", np.int64, []), value("Loop/goes_on_1", np.bool_, [])],
        output=[value("Identity_1", np.bool_, []), value("Identity_2", np.float32, [2])],
    )
    first = [attribute("start", kinds.INT, i=0), attribute("end", kinds.INT, i=1)]
    inputs = ["x", "", "flags", *(weight.name for weight in weights)]
    nodes = [
        node("Everything", inputs, ["first", "", "third"], "first", attributes),
        node("Identity", ["first"], ["y"], "y"),
        node("Shape", ["x"], ["Shape_1"], "Shape_1", first),
        node("Loop", ["Shape_1", ""], ["Loop_1"], "Loop_1", [attribute("body", kinds.GRAPH, g=body)]),
        node("Identity", ["Loop_1"], ["rows_again"], "rows_again"),
    ]
    graph = onnx.GraphProto(
        name="every field",
        node=nodes,
        initializer=weights,
        input=[value("x", np.float32, ["rows", 2]), value("flags", np.bool_, [])],
        output=[value("y", np.float32, ["unknown"]), value("rows_again", np.float32, ["rows", 2])],
    )
    entry = onnx.StringStringEntryProto
    return onnx.ModelProto(
        ir_version=8,
        producer_name="bigrid",
        producer_version="1.2.3",
        doc_string="all",
        graph=graph,
        opset_import=[onnx.OperatorSetIdProto(domain="", version=18)],
        metadata_props=[entry(key="manifest", value='{"größe":1}'), entry(key="empty", value="")],
    )


def packed(model):
    schema = descriptor_pb2.FileDescriptorProto()
    model.DESCRIPTOR.file.CopyToProto(schema)
    for message in schema.message_type:
        for field in message.field:
            if (message.name, field.name) in PACKED:
                field.options.packed = True
    pool = descriptor_pool.DescriptorPool()
    pool.Add(schema)
    same = message_factory.GetMessageClass(pool.FindMessageTypeByName(model.DESCRIPTOR.full_name))()
    same.ParseFromString(model.SerializeToString())
    return same.SerializeToString()


if __name__ == "__main__":
    (GOLDENS / "every-field.onnx").write_bytes(packed(every_field()))
