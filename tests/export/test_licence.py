"""Each export says whose it is, and names the weights that are in it and no others."""

from dataclasses import replace
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tl_catdog.errors import CatdogError
from tl_catdog.export import licence as module
from tl_catdog.export.licence import notice, project_text
from tl_catdog.runs.folder import Run


def of(run: Run, arch: str) -> Run:
    return replace(run, config={**run.config, "arch": arch})


@pytest.mark.parametrize(
    ("arch", "has", "lacks"),
    [
        ("mobilenet", "arxiv.org/abs/1801.04381", "EfficientNet"),
        ("efficientnet-lite1", "arxiv.org/abs/1905.11946", "MobileNetV2"),
        ("keras:EfficientNetV2B0", "keras.applications.EfficientNetV2B0", "arxiv"),
        ("baseline", "no pretrained weights", "Google"),
    ],
)
def test_the_notice_names_the_weights_in_the_network(
    small: Run, arch: str, has: str, lacks: str
) -> None:
    text = notice(of(small, arch))
    assert text.startswith("mine, exported by tl-catdog ")
    assert has in text
    assert lacks not in text


def test_the_licence_is_that_of_the_project() -> None:
    assert "Apache License" in project_text("LICENSE")


def test_an_installed_package_brings_both_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a wheel has them: in its dist-info, since the folder above holds other packages."""
    monkeypatch.setattr(module, "__file__", str(tmp_path / "tl_catdog" / "export" / "licence.py"))
    (tmp_path / "LICENSE").write_text("another package's")
    installed = {"licenses/LICENSE": "ours", "licenses/NOTICE": "ours too"}
    found: Any = SimpleNamespace(read_text=installed.get)
    monkeypatch.setattr(module, "distribution", lambda name: found)
    assert project_text("LICENSE") == "ours"
    assert project_text("NOTICE") == "ours too"

    def missing(name: str) -> Any:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(module, "distribution", missing)
    with pytest.raises(CatdogError, match="expected the file LICENSE"):
        project_text("LICENSE")
