"""Checks ONNX models with the checker of ONNX itself: full check, and shape inference in strict mode.

    pip install -r tools/requirements.txt
    python tools/check-onnx.py FILE...

Needs the PyPI package onnx. Prints a line a file; exits with 1 when one fails. Besides what the checker finds,
a file fails when a shape that ONNX infers contradicts one that the file states.

A model with every operator of packages/graph to run it on:

    BIGRID_EVERY_OPERATOR=/tmp/every-operator.onnx npx vitest run packages/graph/src/every-operator
"""

import sys
from pathlib import Path

import onnx


def check(path):
    """One line about the contents of the model. Raises whatever the checker raises."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    known = {value.name for value in inferred.graph.value_info if value.type.tensor_type.HasField("shape")}
    outputs = {value.name for value in model.graph.output}
    made = {name for node in model.graph.node for name in node.output} - outputs
    operators = {node.op_type for node in model.graph.node}
    unknown = f", {len(made - known)} without a shape" if made - known else ""
    return f"{len(model.graph.node)} nodes, {len(operators)} operators, {len(made & known)} shapes inferred{unknown}"


def main(paths):
    if not paths:
        sys.exit("Usage: check-onnx.py FILE...")
    failed = False
    for path in paths:
        try:
            print(f"ok      {path}: {check(Path(path))}")
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one file, the others are checked too
            failed = True
            print(f"failed  {path}: {error}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
