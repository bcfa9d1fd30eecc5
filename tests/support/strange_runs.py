"""Run folders as strangers send them: each is a whole run with one thing changed.

    for strange in strange_runs(run.path):
        folder = strange.put(tmp_path)
        assert_only_our_errors(lambda: looks_at(folder))

``sealed`` ones have the right hashes, as whoever makes a run to harm would give them.
"""

from __future__ import annotations

import copy
import json
import math
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.bare_runs import seal
from tl_catdog.errors import CatdogError

Change = Callable[[Path], None]
Steps = tuple[str | int, ...]

NONSENSE: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**30, -(10**30), math.nan, math.inf, -math.inf, "", "x", "\0",
    "\udfff", "../../etc/passwd", "/dev/zero", "<b>" * 20, "a" * 100_000, [], [[]], [None], {},
    {"a": {"b": []}}, ["\n", "\n"],
)  # fmt: skip
"""Values that may stand in place of any other."""

NETWORKS = ("model.keras", "model.onnx", "references.npz", "references.npy", "head.npz")


@dataclass(frozen=True)
class Strange:
    """A change of a run folder.

    Attributes:
        name: What is changed, for people.
        source: The run that is copied.
        change: Changes the copy.
        sealed: Whether its hashes are made right again.
    """

    name: str
    source: Path
    change: Change
    sealed: bool = False

    def put(self, folder: Path, name: str = "strange") -> Path:
        """Copy the run into a folder, change it, and return where it is."""
        target = folder / name
        discard(target)
        shutil.copytree(self.source, target)
        self.change(target)
        if self.sealed:
            seal(target)
        return target


def discard(folder: Path) -> None:
    """Remove such a run."""
    if folder.exists():
        shutil.rmtree(folder)


def strange_runs(run: Path) -> Iterator[Strange]:
    """Yield all changes of a run: of its description, its tables and its files."""
    yield from strange_descriptions(run)
    yield from strange_files(run)
    yield from strange_tables(run)


def strange_descriptions(
    run: Path, nonsense: tuple[Any, ...] = NONSENSE, *, names: tuple[str, ...] = ()
) -> Iterator[Strange]:
    """Yield a change for each key of config and manifest and each nonsense value, and its lack."""
    for file in ("config.json", "manifest.json"):
        told = json.loads((run / file).read_text())
        for steps in _steps(told):
            if names and steps[0] not in names:
                continue
            for value in nonsense:
                if value != _at(told, steps) or type(value) is not type(_at(told, steps)):
                    yield Strange(
                        f"{file}: {_words(steps)} = {_short(value)}", run, _set(file, steps, value)
                    )
            yield Strange(f"{file}: no {_words(steps)}", run, _set(file, steps, _LACK))
        for value in nonsense:
            yield Strange(f"{file} is {_short(value)}", run, _write(file, json.dumps(value)))
        for name, text in _TEXTS.items():
            yield Strange(f"{file}: {name}", run, _write(file, text))


_TEXTS = {
    "cut": '{"format": 1, "created": "2026',
    "deep": "[" * 100_000,
    "deep objects": '{"a":' * 100_000,
    "deep and closed": "[" * 500 + "]" * 500,
    "digits": '{"format": ' + "9" * 10_000 + "}",
    "twice": '{"format": 1, "format": 1}',
    "null byte": '{"format": 1}\0',
    "half a character": '{"format": "\\ud800"}',
    "newer": '{"format": 2, "what": "is new"}',
}


def strange_files(run: Path) -> Iterator[Strange]:
    """Yield a change for each file and each thing that may be in its place."""
    for path in sorted(run.rglob("*")):
        if not path.is_file():
            continue
        name = path.relative_to(run).as_posix()
        content = path.read_bytes()
        for kind, put in _PLACES.items():
            yield Strange(f"{name} is {kind}", run, _replace(name, put))
        for kind, changed in {
            "empty": b"",
            "cut": content[: len(content) // 2],
            "one bit else": bytes([content[0] ^ 1]) + content[1:],
            "longer": content + b"\n0",
        }.items():
            for right in (False, name != "manifest.json"):
                yield Strange(f"{name} is {kind}", run, _write(name, changed), right)


def strange_tables(run: Path) -> Iterator[Strange]:
    """Yield changes of cells in tables, with right hashes and with wrong ones."""
    for path in (run / "split.csv", *sorted(run.glob("predictions/*.csv"))):
        name = path.relative_to(run).as_posix()
        header, first, *rest = path.read_text().splitlines()
        cells = first.split(",")
        for place, title in enumerate(header.split(",")):
            for value in (
                "",
                "x",
                "nan",
                "inf",
                "-1",
                "../x.png",
                "/etc/passwd",
                "\0",
                "y" * 200_000,
                '"',
            ):
                row = ",".join([*cells[:place], value, *cells[place + 1 :]])
                text = "\n".join((header, row, *rest, ""))
                for right in (False, True):
                    yield Strange(
                        f"{name}: {title} = {_short(value)}", run, _write(name, text), right
                    )
        lines = {
            "a row twice": (header, first, first, *rest),
            "a row less": (header, *rest),
            "no rows": (header,),
            "no header": (first, *rest),
            "a cell more": (header, f"{first},1", *rest),
        }
        for kind, rows in lines.items():
            for right in (False, True):
                yield Strange(f"{name}: {kind}", run, _write(name, "\n".join((*rows, ""))), right)


class _Lack:
    pass


_LACK = _Lack()


def _steps(value: Any, above: Steps = ()) -> Iterator[Steps]:
    """Yield the way to each value within JSON; of lists, to the first and the last."""
    if above:
        yield above
    if isinstance(value, dict):
        for key in value:
            yield from _steps(value[key], (*above, key))
    elif isinstance(value, list) and value:
        for place in sorted({0, len(value) - 1}):
            yield from _steps(value[place], (*above, place))


def _at(value: Any, steps: Steps) -> Any:
    for step in steps:
        value = value[step]
    return value


def _set(file: str, steps: Steps, value: Any) -> Change:
    def change(folder: Path) -> None:
        told = json.loads((folder / file).read_text())
        inner = _at(told, steps[:-1])
        if value is _LACK:
            del inner[steps[-1]]
        else:
            inner[steps[-1]] = copy.deepcopy(value)
        (folder / file).write_text(json.dumps(told))
        if file == "config.json":  # whoever changes it gives it its hash
            _rehash(folder, file)

    return change


def _rehash(folder: Path, file: str) -> None:
    path = folder / "manifest.json"
    told = json.loads(path.read_text())
    if "files" in told:
        from tl_catdog.data.digest import file_digest

        told["files"][file] = file_digest(folder / file)
        path.write_text(json.dumps(told))


def _write(name: str, content: str | bytes) -> Change:
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return lambda folder: _put(folder / name, data)


def _put(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _replace(name: str, put: Change) -> Change:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        put(folder / name)

    return change


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path may have a hundred characters
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


_PLACES: dict[str, Change] = {
    "a named pipe": lambda path: os.mkfifo(path),
    "/dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "a folder": lambda path: path.mkdir(),
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a socket": _socket,
    "a terabyte": _sparse,
    "gone": lambda path: None,
}


def _words(steps: Steps) -> str:
    return ".".join(map(str, steps))


def _short(value: Any) -> str:
    return repr(value)[:30]


def figures(folder: Path) -> dict[str, Any]:
    """Return what each use of a run says; raise the first error that isn't ours.

    Returns:
        What came of each: its figures, or the error's message.
    """
    from tl_catdog.api import Classifier
    from tl_catdog.drawings import draw
    from tl_catdog.evaluation.comparison import compare
    from tl_catdog.export.card import card
    from tl_catdog.report.report import report
    from tl_catdog.runs.folder import find_run

    try:
        classifier = Classifier(find_run(str(folder), folder.parent))
    except CatdogError as error:
        return {"read": _checked(error)}
    uses: dict[str, Callable[[], Any]] = {
        "predict": lambda: classifier.predict(draw("cat", seed=1).image)[0].probabilities,
        "reject": lambda: classifier.policy().to_json(),
        "evaluate": lambda: classifier.evaluate().metrics.to_json(),
        "compare": lambda: compare([classifier.run])[0].runs[0].evaluation.to_json(),
        "report": lambda: len(report([classifier.run]).html) > 0,
        "card": lambda: len(card(classifier.run)) > 0,
        "images": lambda: len(classifier.images().examples),
    }
    found = {}
    for name, use in uses.items():
        try:
            found[name] = use()
        except CatdogError as error:
            found[name] = _checked(error)
    return found


def _checked(error: CatdogError) -> str:
    """Return an error's text; it is one line that says what was expected and found."""
    text = " ".join(str(error).split())
    assert "expected" in text, text
    assert "found" in text, text
    assert len(text) < 1000, text[:200]
    assert "rm -r" not in text, text
    return f"error: {text}"
