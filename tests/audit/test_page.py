"""The check's page: pictures within, so many of each kind, and nothing but text in names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import COLOURS, paint
from tl_catdog.audit import page
from tl_catdog.audit.findings import Audit, Finding, SeenInTraining
from tl_catdog.audit.page import check_page


def audit(root: Path, *findings: Finding) -> Audit:
    seen = {"test": SeenInTraining(1, 8)}
    return Audit(str(root), 1234, 1.0, {}, findings, seen)


def pictures(root: Path, *names: str) -> tuple[str, ...]:
    for number, name in enumerate(names):
        paint(root / name, COLOURS[0], number)
    return names


def embedded(html: str) -> int:
    return len(re.findall(r'<img src="data:image/jpeg;base64,', html))


def test_each_finding_is_there_with_its_pictures_and_its_words(tmp_path: Path) -> None:
    names = pictures(tmp_path, "train/ant/1.png", "test/ant/2.png")
    html = check_page(audit(tmp_path, Finding("leak", names, "identical, in test")), "type this")
    assert embedded(html) == 2
    assert f"<h1>{tmp_path.name}: what the check found</h1>" in html
    assert "1,234 pictures, 1 findings." in html
    assert "the same picture in two splits" in html
    assert "identical, in test" in html
    assert "a copy of 1 of 8 test pictures" in html
    assert "<code>type this</code>" in html
    assert '<section id="leak" class="serious">' in html


def test_nothing_comes_from_elsewhere(tmp_path: Path) -> None:
    names = pictures(tmp_path, "ant/1.png")
    html = check_page(audit(tmp_path, Finding("dark", names, "")), "")
    assert not re.findall(r"""(?:src|href)=["'](?!data:image/|#)""", html)
    assert '<section id="dark">' in html  # not a serious one


def test_what_cannot_be_shown_is_said_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"nothing")
    html = check_page(audit(tmp_path, Finding("corrupt", ("broken.png", "gone.png"), "")), "")
    assert embedded(html) == 0
    assert html.count("can't be shown") == 2


def test_names_are_text(tmp_path: Path) -> None:
    (name,) = pictures(tmp_path, '<b onclick="x">&.png')
    html = check_page(audit(tmp_path, Finding("dark", (name,), "<i>dark</i>")), "a < b")
    assert "<b onclick" not in html
    assert "<i>" not in html
    assert "a &lt; b" in html


def test_of_many_findings_the_first_are_shown_and_all_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert page.MOST == 60
    monkeypatch.setattr(page, "MOST", 3)
    names = pictures(tmp_path, *(f"{number}.png" for number in range(5)))
    findings = [Finding("dark", (name,), "") for name in names]
    html = check_page(audit(tmp_path, *findings, Finding("layout", (), "no classes")), "")
    assert embedded(html) == 3
    assert "5 found; the first 3 are shown" in html
    assert "1 found.</p>" in html
    assert "no classes" in html


def test_of_many_copies_the_first_are_shown(tmp_path: Path) -> None:
    names = pictures(tmp_path, *(f"{number:02}.png" for number in range(10)))
    html = check_page(audit(tmp_path, Finding("duplicate", names, "identical")), "")
    assert embedded(html) == 8
    assert "8 of 10 are shown" in html
    assert "07.png" in html
    assert "08.png" not in html


def test_what_is_not_shown_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []

    def thumbnail(path: Path) -> str:
        decoded.append(path.name)
        return ""

    monkeypatch.setattr(page, "thumbnail", thumbnail)
    names = tuple(f"{number:02}.png" for number in range(10))
    check_page(audit(tmp_path, Finding("duplicate", names, "identical")), "")
    assert sorted(decoded) == list(names[:8])


def test_a_picture_that_is_found_twice_is_decoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = pictures(tmp_path, "1.png")
    decoded: list[Path] = []

    def thumbnail(path: Path) -> str:
        decoded.append(path)
        return "data:image/jpeg;base64,x"

    monkeypatch.setattr(page, "thumbnail", thumbnail)
    html = check_page(
        audit(tmp_path, Finding("dark", (name,), ""), Finding("tiny", (name,), "")), ""
    )
    assert decoded == [tmp_path / name]
    assert embedded(html) == 2


def test_a_good_set_has_a_page_that_says_so(tmp_path: Path) -> None:
    html = check_page(audit(tmp_path), "type this")
    assert "Nothing to put right." in html
    assert "type this" not in html
