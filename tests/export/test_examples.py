"""Programs in other languages lie beside the formats that they use, and say what the run says."""

import functools
import http.server
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import tl_catdog as tl
from tests import support
from tests.export.conftest import exported
from tests.support.odd_pictures import odd_pictures, scene
from tl_catdog.data.images import to_rgb
from tl_catdog.export.examples import examples_of
from tl_catdog.export.formats import FORMATS
from tl_catdog.runs.folder import Run

VERSIONS = ("onnxruntime-node@1.30.0", "onnxruntime-web@1.30.0", "sharp@0.35.5")
SIZES = ((90, 60), (60, 90), (300, 200), (200, 301), (5, 7), (32, 32), (1, 500), (500, 1), (20, 40))
SIZE = 32


def program(name: str) -> str:
    """Return the path of a program on this machine."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}")
    return found


def beside(folder: Path, kind: str = "onnx") -> Path:
    """Write a format's programs into a folder."""
    (folder / "examples").mkdir(parents=True)
    for name, text in examples_of(FORMATS[kind]).items():
        (folder / name).write_text(text)
    return folder / "examples"


def pillows(image: Image.Image) -> bytes:
    return to_rgb(image).resize((SIZE, SIZE), Image.Resampling.BILINEAR).tobytes()


def test_each_is_read_from_the_package() -> None:
    for kind in FORMATS.values():
        for name, text in examples_of(kind).items():
            assert name.startswith("examples/")
            assert len(text.splitlines()) > 10
    assert {"examples/predict.mjs", "examples/predict.html", "examples/predict.cpp"} <= set(
        examples_of(FORMATS["onnx"])
    )
    assert set(examples_of(FORMATS["litert"])) == {"examples/Predict.kt", "examples/Predict.swift"}
    assert examples_of(FORMATS["triton"]) == {}  # the folder is a server's


def test_javascript_resizes_to_the_bit_as_pillow(tmp_path: Path) -> None:
    folder = beside(tmp_path)
    pictures = [scene(*sides) for sides in SIZES]
    clear = scene(70, 50).convert("RGBA")
    clear.putalpha(
        Image.fromarray(np.arange(3500, dtype=np.uint32).astype(np.uint8).reshape(50, 70))
    )
    pictures.append(clear)
    for place, picture in enumerate(pictures):
        (tmp_path / f"{place}").write_bytes(picture.tobytes())
    (folder / "try.mjs").write_text(
        'import { readFileSync, writeFileSync } from "node:fs";\n'
        'import { prepare } from "./prepare.mjs";\n'
        "for (const [name, ...form] of JSON.parse(process.argv[2]))\n"
        f"  writeFileSync(`${{name}}.out`, prepare(readFileSync(name), ...form, {SIZE}));"
    )
    sides = [
        (str(tmp_path / f"{place}"), *picture.size, len(picture.getbands()))
        for place, picture in enumerate(pictures)
    ]
    command = [program("node"), str(folder / "try.mjs"), json.dumps(sides)]
    subprocess.run(command, check=True, capture_output=True)
    for place, picture in enumerate(pictures):
        assert (tmp_path / f"{place}.out").read_bytes() == pillows(picture), picture


def test_cpp_resizes_to_the_bit_as_pillow(tmp_path: Path) -> None:
    folder = beside(tmp_path)
    (folder / "try.cpp").write_text(
        '#include <cstdio>\n#include <cstdlib>\n#include "prepare.hpp"\n'
        "int main(int, char** words) {\n"
        "  const int width = std::atoi(words[1]), height = std::atoi(words[2]);\n"
        "  Bytes pixels(size_t(width) * height * 3);\n"
        "  if (std::fread(pixels.data(), 1, pixels.size(), stdin) != pixels.size()) return 1;\n"
        f"  const Bytes found = prepare(pixels, width, height, {SIZE});\n"
        "  std::fwrite(found.data(), 1, found.size(), stdout);\n}\n"
    )
    built = [
        program("g++"),
        "-std=c++17",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Werror",
        "try.cpp",
        "-o",
        "try",
    ]
    subprocess.run(built, cwd=folder, check=True, capture_output=True)
    for sides in SIZES:
        picture = scene(*sides)
        done = subprocess.run(
            [folder / "try", *map(str, sides)],
            input=picture.tobytes(),
            capture_output=True,
            check=True,
        )
        assert done.stdout == pillows(picture), sides


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ONNX Runtime for Node and browsers, as npm installs them, scripts left out."""
    folder = tmp_path_factory.mktemp("npm")
    (folder / "package.json").write_text("{}")
    command = [
        program("npm"),
        "install",
        "--ignore-scripts",
        "--prefer-offline",
        "--no-audit",
        "--no-fund",
        *VERSIONS,
    ]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)
    except subprocess.TimeoutExpired:
        pytest.skip("npm can't reach its registry in time")
    if done.returncode:
        pytest.skip(f"npm can't install ONNX Runtime here: {done.stderr[-200:]}")
    return folder / "node_modules"


@pytest.fixture(scope="module")
def folders(three: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    out = tmp_path_factory.mktemp("exports")
    found = {name: exported(three, name, out).path for name in ("onnx", "onnx-uint8")}
    return {name: path for name, path in found.items() if path is not None}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["onnx", "onnx-uint8"])
def test_node_says_what_predict_says(
    name: str, folders: dict[str, Path], modules: Path, three: Run, tmp_path: Path
) -> None:
    folder = folders[name]
    shutil.copytree(folder, tmp_path / "export")
    (tmp_path / "export" / "node_modules").symlink_to(modules)
    odd = odd_pictures(tmp_path / "odd")
    for left_out in ("cmyk.jpg", "large.jpg", "photo.avif"):  # profiles, and a reduced scale
        del odd[left_out]
    said = {str(row.path): row for row in tl.load(three).predict(list(odd.values()), reject=True)}
    (tmp_path / "bad.jpg").write_text("no picture")
    done = subprocess.run(
        [program("node"), "examples/predict.mjs", str(tmp_path / "bad.jpg"), *said],
        cwd=tmp_path / "export",
        capture_output=True,
        text=True,
    )
    bad, *rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert "unsupported" in bad["error"]
    assert len(rows) == len(said) >= 12, done.stderr
    for row in rows:
        ours = said[row["file"]]
        assert (row["label"], row["answer"], row["doubt"]) == (ours.label, ours.answer, ours.doubt)
        near = 0.01 if row["file"].endswith("jpg") else 1e-4  # another decoder's colours
        assert row["confidence"] == pytest.approx(ours.confidence, abs=near), row["file"]
        assert row.get("novelty") == pytest.approx(ours.novelty, abs=near)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["onnx", "onnx-uint8"])
def test_cpp_says_what_predict_says(
    name: str, folders: dict[str, Path], modules: Path, three: Run, tmp_path: Path
) -> None:
    """On the library that npm brings, with a header of as much of its interface as is used."""
    (library, *_) = modules.glob("onnxruntime-node/bin/*/linux/x64/libonnxruntime.so*")
    header = Path(support.__file__).parent / "ort"
    source = folders[name] / "examples" / "predict.cpp"
    link = [f"-I{header}", str(library), f"-Wl,-rpath,{library.parent}"]
    command = [program("g++"), "-std=c++17", "-O1", str(source), *link, "-o", "predict"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    scene().save(tmp_path / "photo.ppm")
    words = [tmp_path / "predict", folders[name] / "model.onnx", tmp_path / "photo.ppm"]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    (ours,) = tl.load(three).predict(np.asarray(scene()), reject=True)
    found = dict(line.split(":") for line in done.stdout.splitlines())
    chances = [float(number) for number in found["probabilities"].split()]
    assert ours.probabilities is not None
    np.testing.assert_allclose(chances, list(ours.probabilities.values()), atol=1e-5)
    assert float(found["novelty"]) == pytest.approx(ours.novelty, abs=1e-4)


@pytest.fixture
def served(folders: dict[str, Path]) -> Iterator[str]:
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=str(folders["onnx"])
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.slow
def test_a_browser_says_what_predict_says(
    served: str, modules: Path, three: Run, tmp_path: Path, browser: Any
) -> None:
    page = browser.new_page()
    kinds = {".mjs": "text/javascript", ".wasm": "application/wasm"}

    def local(route: Any) -> None:
        path = modules / "onnxruntime-web" / "dist" / route.request.url.rsplit("/", 1)[1]
        route.fulfill(body=path.read_bytes(), content_type=kinds[path.suffix])

    page.route("https://cdn.jsdelivr.net/npm/onnxruntime-web@1.30.0/dist/*", local)
    page.goto(f"{served}/examples/predict.html", wait_until="networkidle")
    odd = odd_pictures(tmp_path)
    names = (
        "plain.png",
        "turned.jpg",
        "grey_16_bits.png",
        "palette_transparent.png",
        "one_bit.png",
    )
    for name in names:
        (ours,) = tl.load(three).predict(odd[name], reject=True)
        page.set_input_files("#file", str(odd[name]))
        page.wait_for_selector("#said[data-said]")
        row = json.loads(page.get_attribute("#said", "data-said") or "")
        page.evaluate("delete document.querySelector('#said').dataset.said")
        assert (row["label"], row["answer"]) == (ours.label, ours.answer), name
        assert row["confidence"] == pytest.approx(ours.confidence, abs=0.01), name
