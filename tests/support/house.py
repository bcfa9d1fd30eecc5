"""Reads the structure of a package from its code: who imports whom, by whatever kind of import."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

Graph = Mapping[str, set[str]]
"""Module → the modules of the same package that it imports."""

NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")
"""A dotted name as a text of its own."""

IMPORTERS = {"import_module", "find_spec"}
"""Functions that take a relative name as text."""


def modules(root: Path) -> dict[str, Path]:
    """Return the modules of a package by their dotted names; a package stands for its face."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = (root.name, *path.relative_to(root).with_suffix("").parts)
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imports(root: Path) -> Graph:
    """Return who imports whom: at the top, late, relative, for types only, or by its name."""
    files = modules(root)
    return {
        name: {target for target in _targets(name, path, files) if target != name}
        for name, path in files.items()
    }


def _targets(name: str, path: Path, files: Mapping[str, Path]) -> Iterator[str]:
    here = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _known(alias.name, files)
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) + 1 - node.level] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{source}.{alias.name}"
                yield from _known(whole if whole in files else source, files)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if NAME.match(node.value):  # whatever is done with it
                yield from _known(node.value, files)
        elif isinstance(node, ast.Call) and _called(node) in IMPORTERS:
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    name_only = argument.value.lstrip(".")
                    dots = len(argument.value) - len(name_only)
                    if dots:
                        yield from _known(
                            ".".join([*here[: len(here) + 1 - dots], name_only]), files
                        )


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _known(name: str, files: Mapping[str, Path]) -> Iterator[str]:
    """Yield the module that a dotted name leads to, or the nearest one above; others' none."""
    while name:
        if name in files:
            yield name
            return
        name = name.rpartition(".")[0]


def room_of(module: str) -> str:
    """Return the room of a module: the folder or file directly below the package."""
    return module.split(".")[1] if "." in module else module


def rooms(graph: Graph) -> dict[str, set[str]]:
    """Return which room imports which, the package's face left out."""
    found: dict[str, set[str]] = {room_of(name): set() for name in graph if "." in name}
    for name, targets in graph.items():
        for target in targets:
            if "." in name and "." in target and room_of(name) != room_of(target):
                found[room_of(name)].add(room_of(target))
    return found


def circles(graph: Graph) -> list[list[str]]:
    """Return the groups of nodes that lead to each other (Tarjan 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for target in graph[node]:
            if target not in order:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], order[target])
        if low[node] == order[node]:
            group: list[str] = []
            while not group or group[-1] != node:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    for node in graph:
        if node not in order:
            visit(node)
    return found


def fenced(text: str, kind: str) -> list[str]:
    """Return the lines of a document's only fenced block of a kind.

    Raises:
        ValueError: There is none, or several.
    """
    (block,) = re.findall(rf"^```{kind}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [line for line in str(block).splitlines() if line.strip()]
