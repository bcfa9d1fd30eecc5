"""What lies beside each export prepares a picture as this program does, to the bit."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.heif_files import encoded_heic
from tests.support.odd_pictures import odd_pictures, scene
from tl_catdog.data.images import decode
from tl_catdog.errors import ImageError
from tl_catdog.export import prepare as module
from tl_catdog.export.prepare import prepare


@pytest.mark.parametrize("size", [32, 224])
def test_odd_pictures_come_out_as_from_the_one_decoder(size: int, tmp_path: Path) -> None:
    compared = set()
    for name, path in odd_pictures(tmp_path).items():
        try:
            expected = decode(path, size)
        except ImageError:  # a format that isn't read here
            continue
        np.testing.assert_array_equal(prepare(path, size), expected, err_msg=name)
        np.testing.assert_array_equal(prepare(io.BytesIO(path.read_bytes()), size), expected)
        compared.add(name)
    assert len(compared) >= 12


def test_it_runs_alone_beside_metadata(tmp_path: Path) -> None:
    """In a folder of its own, without this package, with the size from there."""
    shutil.copy2(module.__file__, tmp_path / "prepare.py")
    (tmp_path / "metadata.json").write_text(json.dumps({"image_size": 48}))
    odd_pictures(tmp_path)
    code = (
        "import sys; sys.modules['tl_catdog'] = None\n"
        "from prepare import prepare\n"
        "print(*prepare('turned.jpg').shape, prepare('turned.jpg').dtype)\n"
        "import numpy; numpy.save('heic.npy', prepare('photo.heic'))"
    )
    (tmp_path / "photo.heic").write_bytes(encoded_heic(scene(), quality=90))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.split() == ["48", "48", "3", "uint8"], done.stderr
    heic = decode(tmp_path / "photo.heic", 48)
    assert np.abs(np.load(tmp_path / "heic.npy").astype(int) - heic).max() <= 2


def test_what_is_no_picture_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(OSError, match=r"text\.jpg"):
        prepare(tmp_path / "text.jpg", 32)
