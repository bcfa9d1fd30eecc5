"""Make the packaged backbone weights from a MobileNetV2 ``.weights.h5`` file without top.

usage: python tools/pack_backbone.py mobilenet_v2_imagenet.weights.h5

Writes tl_catdog/models/mobilenet_v2_imagenet.npz and the file's hash into weights.py. The result
is the same bytes each time: the archive's dates are fixed and its members are in order.
"""

import hashlib
import io
import re
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "tl_catdog" / "models"


def main(source: str) -> None:
    backbone = keras.applications.MobileNetV2(
        input_shape=(224, 224, 3), include_top=False, weights=None
    )
    backbone.load_weights(source)
    target = MODELS / "mobilenet_v2_imagenet.npz"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for layer in backbone.layers:
            for index, value in enumerate(layer.get_weights()):
                is_kernel = value.ndim > 1
                out = io.BytesIO()
                np.save(out, value.astype(np.float16 if is_kernel else np.float32))
                info = zipfile.ZipInfo(f"{layer.name}/{index}.npy", (1980, 1, 1, 0, 0, 0))
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, out.getvalue())
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    module = MODELS / "weights.py"
    text = module.read_text()
    module.write_text(re.sub(r'PACKAGED_SHA256 = "[^"]*"', f'PACKAGED_SHA256 = "{digest}"', text))
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size:,} bytes, sha256 {digest}")


if __name__ == "__main__":
    main(sys.argv[1])
