"""Reads a model of a Triton repository with Triton's own schema and compares it with its ONNX file.

    pip install 'tritonclient[grpc]' onnx
    python tools/check-triton.py REPOSITORY/MODEL
"""

import pathlib
import sys

import onnx
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as triton

folder = pathlib.Path(sys.argv[1])
config = text_format.Parse((folder / "config.pbtxt").read_text(), triton.ModelConfig())
assert config.name == folder.name, f"Expected the name {folder.name} but received {config.name}"
assert config.backend == "onnxruntime" and config.max_batch_size == 0


def stated(ports):
    return {p.name: (triton.DataType.Name(p.data_type).removeprefix("TYPE_"), list(p.dims)) for p in ports}


def found(ports):
    names = {"FLOAT": "FP32"}
    result = {}
    for port in ports:
        tensor = port.type.tensor_type
        name = onnx.TensorProto.DataType.Name(tensor.elem_type)
        dims = [d.dim_value if d.HasField("dim_value") else -1 for d in tensor.shape.dim]
        result[port.name] = (names.get(name, name), dims)
    return result


versions = sorted(int(p.name) for p in folder.iterdir() if p.name.isdigit())
assert versions, "Expected a version but received none"
for version in versions:
    model = onnx.load(folder / str(version) / "model.onnx")
    onnx.checker.check_model(model)
    for of, graph in ((config.input, model.graph.input), (config.output, model.graph.output)):
        assert stated(of) == found(graph), f"Version {version}: {stated(of)} is not {found(graph)}"
print(f"{config.name}: versions {versions}, {stated(config.input)} to {stated(config.output)}")
