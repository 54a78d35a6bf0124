"""Shared by the scripts that make goldens of packages/method: output folder, and weights from a formula.

Needs numpy alone. packages/method/testing/formula.ts computes the same.
"""

from pathlib import Path

import numpy as np

GOLDENS = Path(__file__).parents[2] / "packages" / "method" / "src" / "goldens"
# Side of the images that networks see here, in pixels.
SIZE = 64


def formula(name, size):
    """Numbers in [-1, 1), the same in every language: a hash (the finaliser of MurmurHash3) of name and place."""
    seed = 2166136261
    for letter in name.encode():
        seed = ((seed ^ letter) * 16777619) & 0xFFFFFFFF
    x = (np.uint32(seed) + np.arange(size, dtype=np.uint32) * np.uint32(0x9E3779B9)).astype(np.uint32)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    x = x ^ (x >> np.uint32(16))
    return (x.astype(np.float64) / 2**31 - 1).astype(np.float32)
