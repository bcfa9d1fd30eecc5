"""Folders as they are on the disk: what counts as a picture, and what is left out."""

from __future__ import annotations

import io
import os
import shutil
import threading
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from tests.support.trees import picture, plant
from tl_catdog.data.tree import Folder, begins_like_image, is_folder, walk
from tl_catdog.pages.charts import new_axes, new_figure, write_png
from tl_catdog.runs.folder import shipped_run


def encoded(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (9, 7), (200, 10, 30)).save(out, kind)
    return out.getvalue()


def below(root: Path, *, masks: bool = True) -> tuple[list[str], Counter[str]]:
    left_out = Counter[str]()
    found = [path.relative_to(root) for path in walk([Folder(root)], left_out, masks=masks)]
    return [path.as_posix() for path in found], left_out


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "JPEG2000"])
@pytest.mark.parametrize(
    "name",
    ["d41d8cd98f00b204", "photo.1", "IMG_1.JPG_", "a.jpg_large", "Dr. Who", "x.jpg!d", "y.001"],
)
def test_files_whose_names_say_nothing_are_known_by_their_bytes(
    tmp_path: Path, kind: str, name: str
) -> None:
    (tmp_path / name).write_bytes(encoded(kind))
    assert below(tmp_path) == ([name], Counter())


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("LICENSE", b"BMI stands for a figure of people's weight", "file without an ending"),
        ("empty", b"", "file without an ending"),
        ("photo.1", b"GIF", "file without an ending"),
        ("sound", b"RIFF\x00\x00\x00\x00WAVEfmt ", "file without an ending"),
        ("icon", encoded("ICO"), "file without an ending"),
        ("sheet.XLSX", b"PK\x03\x04", ".xlsx"),
        ("raw.NEF", encoded("TIFF"), ".nef"),
        ("drawing.psd", b"8BPS", ".psd"),
        ("notes.txt", encoded("PNG"), ".txt"),  # its name says what it is meant to be
        ("a.jpg~", encoded("JPEG"), "file without an ending"),
        ("a.jpg_original", encoded("JPEG"), ".jpg_original"),
        ("a.bak", encoded("JPEG"), ".bak"),
        ("video.THM", encoded("JPEG"), ".thm"),
        ("b.jpg.crdownload", encoded("JPEG"), ".crdownload"),
    ],
)
def test_whatever_else_there_is_is_counted(
    tmp_path: Path, name: str, content: bytes, kind: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert below(tmp_path) == ([], Counter({kind: 1}))


def test_a_named_pipe_without_an_ending_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found: list[bool] = []
    thread = threading.Thread(
        target=lambda: found.append(begins_like_image(tmp_path / "pipe")), daemon=True
    )
    thread.start()
    thread.join(10)
    assert found == [False]


def test_a_run_is_left_out_by_what_is_in_it(tmp_path: Path) -> None:
    plant(tmp_path, "cats/ 2", "results/ 2")
    for name in ("config.json", "manifest.json"):
        shutil.copy(shipped_run().path / name, tmp_path / "results")
    found, left_out = below(tmp_path)
    assert found == ["cats/0001.png", "cats/0002.png"]
    assert left_out == {"result of tl-catdog": 1}
    assert [folder.name for folder in Folder(tmp_path).folders] == ["cats"]


@pytest.mark.parametrize(
    "manifest", ["{}", "[]", "no JSON", '{"name": "app"}', "[" * 200_000, "", "\udcff\udcfe"]
)
def test_a_folder_with_other_manifests_is_no_run(tmp_path: Path, manifest: str) -> None:
    plant(tmp_path, "models/ 2")
    (tmp_path / "models" / "config.json").write_text("{}")
    (tmp_path / "models" / "manifest.json").write_text(manifest, errors="surrogateescape")
    assert len(below(tmp_path)[0]) == 2


def test_an_export_is_left_out(tmp_path: Path) -> None:
    plant(tmp_path, "onnx/ 1", "onnx/metadata.json", "onnx/labels.txt", "onnx/CARD.md", "b/ 1")
    assert below(tmp_path)[1] == {"result of tl-catdog": 1}


def test_pictures_that_were_put_aside_are_left_out(tmp_path: Path) -> None:
    plant(tmp_path, "pets/ 1", "pets.quarantine/leak/ 2", "pets.removed/ 1", "x.removed/ 3")
    found, left_out = below(tmp_path)
    assert {Path(name).parts[0] for name in found} == {"pets", "x.removed"}
    assert left_out == {"result of tl-catdog": 2}


@pytest.mark.parametrize(
    "name", ["learning-curve.png", "robustness.png", "pets-contact-sheet.png", "a.explained.png"]
)
def test_charts_are_left_out_and_pictures_of_their_names_are_not(tmp_path: Path, name: str) -> None:
    figure = new_figure(1, 1)
    new_axes(figure, "chart")
    write_png(figure, tmp_path / name)
    assert below(tmp_path) == ([], Counter({"result of tl-catdog": 1}))
    (tmp_path / name).write_bytes(picture(1))
    assert below(tmp_path) == ([name], Counter())


def test_a_chart_of_another_name_may_be_a_picture_to_learn(tmp_path: Path) -> None:
    figure = new_figure(1, 1)
    new_axes(figure, "bars")
    write_png(figure, tmp_path / "bars.png")
    assert below(tmp_path)[0] == ["bars.png"]


def test_masks_beside_images_are_left_out_where_that_is_asked_for(tmp_path: Path) -> None:
    plant(tmp_path, "images/ 2", "masks/ 3")
    assert len(below(tmp_path)[0]) == 5
    found, left_out = below(tmp_path, masks=False)
    assert {Path(name).parts[0] for name in found} == {"images"}
    assert left_out == {"pictures in masks beside images": 3}
    assert [folder.name for folder in Folder(tmp_path).picture_folders] == ["images"]


def test_masks_without_images_beside_them_are_pictures(tmp_path: Path) -> None:
    plant(tmp_path, "mask/ 2", "no_mask/ 3", "images/notes.txt")
    assert len(below(tmp_path, masks=False)[0]) == 5
    assert [folder.name for folder in Folder(tmp_path).picture_folders] == ["mask", "no_mask"]


def test_hidden_things_and_a_systems_own_are_not_even_counted(tmp_path: Path) -> None:
    plant(tmp_path, "a/ 1", "a/@eaDir/x.jpg/ 1", "__MACOSX/a/._x.jpg", ".git/x.png")
    plant(tmp_path, "a/Thumbs.db", "$RECYCLE.BIN/ 2", "lost+found/ 1", "a/.DS_Store")
    found, left_out = below(tmp_path)
    assert len(found) == 1
    assert not left_out


def test_a_link_that_leads_nowhere_or_in_a_circle_does_no_harm(tmp_path: Path) -> None:
    plant(tmp_path, "a/ 1")
    (tmp_path / "a" / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "a" / "round").symlink_to(tmp_path)
    (tmp_path / "a" / "self").symlink_to(tmp_path / "a" / "self")
    found, left_out = below(tmp_path)
    assert len(found) == 1
    assert left_out == {"link to a folder": 1, "file without an ending": 2}


def test_walking_keeps_no_folder_it_has_passed(tmp_path: Path) -> None:
    plant(tmp_path, *(f"{name}/ 1" for name in "abc"))
    root = [Folder(tmp_path)]
    walked = walk(root, Counter())
    next(walked)
    assert [folder.name for folder in root] == ["c", "b"]


def test_is_folder_never_raises(tmp_path: Path) -> None:
    assert is_folder(tmp_path)
    assert not is_folder(tmp_path / ("x" * 5000))
