"""Write docs/commands/: a page for each command, made from the command line itself.

usage: python tools/make_command_pages.py [--out docs/commands]

Options, defaults, limits and examples are those that --help shows; tests/test_docs.py fails when a
committed page differs from what this makes.
"""

import argparse
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer

from tl_catdog.cli import app
from tl_catdog.files import write_text

OUT = Path(__file__).resolve().parent.parent / "docs" / "commands"
NOTICE = "<!-- Made by tools/make_command_pages.py; change the command, not this page. -->"
FAILS = {
    "batch check": "It found what `--fail-on` names, a part couldn't be done, or it failed.",
    "batch features": "A part couldn't be done (the others are), or it failed.",
    "batch predict": "A part couldn't be done (the others are), or it failed.",
    "data check": "It found what `--fail-on` names, or it failed.",
    "doctor": "A check failed.",
    "export": "A format doesn't say what the run says and wasn't written, or it failed.",
    "predict": "A picture couldn't be read (the others got their answers), or it failed.",
}
STOPPED = {
    "batch check": "Ctrl-C; the same command goes on.",
    "batch features": "Ctrl-C; the same command goes on.",
    "batch predict": "Ctrl-C; the same command goes on.",
    "export": "Ctrl-C; the formats that were through by then are kept.",
    "teach": None,
    "serve": None,  # it ends by Ctrl-C, and that is 0
}
TAKES = {int: "a whole number", float: "a number", str: "text", Path: "a path", bool: ""}


@dataclass(frozen=True)
class Option:
    """An option or argument as it is declared.

    Attributes:
        names: ``--name`` and its other spellings, or the argument's word.
        info: What ``typer.Option`` or ``typer.Argument`` was given.
        kind: Its type; of a list the items' type.
        many: Whether several may be given.
        default: What stands when it isn't given; None for nothing.
    """

    names: tuple[str, ...]
    info: Any
    kind: Any
    many: bool
    required: bool
    default: Any

    @property
    def argument(self) -> bool:
        return not self.names[0].startswith("-")


@dataclass(frozen=True)
class Command:
    """A command, by the words that call it."""

    words: tuple[str, ...]
    help: str
    epilog: str
    options: tuple[Option, ...]
    parts: tuple["Command", ...]

    @property
    def name(self) -> str:
        return " ".join(self.words)

    @property
    def file(self) -> str:
        return "-".join(self.words) + ".md"

    @property
    def first_line(self) -> str:
        return self.help.split("\n\n")[0].replace("\n", " ")


def commands() -> tuple[Command, ...]:
    """Return the commands in the order of ``--help``."""
    return tuple(_walk(typer.main.get_command(app), ()))


def _walk(group: Any, words: tuple[str, ...]) -> Iterator[Command]:
    for name, found in group.commands.items():
        own = (*words, name)
        parts = tuple(_walk(found, own)) if hasattr(found, "commands") else ()
        options = () if parts else tuple(_options(found))
        yield Command(own, inspect.cleandoc(found.help), found.epilog or "", options, parts)


def _options(found: Any) -> Iterator[Option]:
    declared = inspect.signature(inspect.unwrap(found.callback), eval_str=True).parameters
    for item in found.params:
        if item.name == "help":
            continue
        kind, info = get_args(declared[item.name].annotation)
        if type(None) in get_args(kind):
            kind = next(part for part in get_args(kind) if part is not type(None))
        many = get_origin(kind) is list
        kind = get_args(kind)[0] if many else kind
        default = declared[item.name].default
        required = default is inspect.Parameter.empty
        names = (*item.opts, *item.secondary_opts)
        if not names[0].startswith("-"):
            names = (item.metavar or names[0].upper(),)
        yield Option(names, info, kind, many, required, None if required else default)


def page(command: Command) -> str:
    """Return the page of a command."""
    lines = [NOTICE, "", f"# tl-catdog {command.name}", "", *_said(command.help)]
    if command.parts:
        lines += ["", *listing(command.parts)]
        return "\n".join(lines) + "\n"
    lines += ["", "```text", usage(command), "```"]
    arguments = [item for item in command.options if item.argument]
    if arguments:
        lines += ["", "## Arguments", "", *_table(arguments)]
    panels: dict[str, list[Option]] = {}
    for item in command.options:
        if not item.argument:
            panels.setdefault(item.info.rich_help_panel or "Options", []).append(item)
    for panel, items in panels.items():
        lines += ["", f"## {panel}", "", *_table(items)]
    examples = command.epilog.split(": ", 1)[1].split("; ")
    lines += ["", "## Examples", "", "```sh", *examples, "```"]
    failed = FAILS.get(command.name, "It failed; one line says why and what to type next.")
    lines += [
        "",
        "## Exit codes",
        "",
        "| code | meaning |",
        "|-|-|",
        "| 0 | It worked. |",
        f"| 1 | {failed} |",
        "| 2 | It was used wrongly: an option, a name or a folder. |",
    ]
    stopped = STOPPED.get(command.name, "Ctrl-C, and there was nothing to keep.")
    if stopped:
        lines.append(f"| 130 | {stopped} |")
    return "\n".join(lines) + "\n"


def usage(command: Command) -> str:
    """Return how a command is called."""
    words = [f"tl-catdog {command.name}"]
    required = [item for item in command.options if item.required and not item.argument]
    words += [f"{item.names[0]} {_word(item)}" for item in required]
    words.append("[OPTIONS]")
    for item in command.options:
        if item.argument:
            word = item.names[0] + ("…" if item.many else "")
            words.append(word if item.required else f"[{word}]")
    return " ".join(words)


def listing(parts: tuple[Command, ...]) -> list[str]:
    """Return a table of commands that links their pages, and the pages' order for Sphinx."""
    rows = [
        f"| [tl-catdog {part.name}]({part.file}) | {_text(part.first_line)} |" for part in parts
    ]
    files = [part.file.removesuffix(".md") for part in parts]
    tree = ["```{toctree}", ":hidden:", "", *files, "```"]
    return ["| command | what it does |", "|-|-|", *rows, "", *tree]


def index(found: tuple[Command, ...]) -> str:
    """Return the page that links all others."""
    flat = [part for command in found for part in (command, *command.parts)]
    rows = [line for line in listing(tuple(flat)) if line.startswith("|")]
    tree = listing(found)[-5 - len(found) + 1 :]
    words = (
        "What each command is for, with its options, defaults and examples. The same is shown by "
        "`--help`. Results go to standard output, all else to standard error; `--json` gives the "
        "same results to programs."
    )
    return "\n".join([NOTICE, "", "# Commands", "", words, "", *rows, "", *tree]) + "\n"


def pages() -> dict[str, str]:
    """Return all pages by the names of their files."""
    found = commands()
    flat = [part for command in found for part in (command, *command.parts)]
    return {"index.md": index(found), **{item.file: page(item) for item in flat}}


def _said(text: str) -> list[str]:
    parts = [part.replace("\n", " ") for part in text.split("\n\n")]
    return "\n\n".join(_text(part) for part in parts).split("\n")


def _text(text: str) -> str:
    """Return help text as Markdown: what is typed is marked, the rest means itself."""
    text = text.replace("\\[", "[").replace("<", "\\<").replace("|", "\\|")
    text = re.sub(r"(?<![\w`-])(--[a-z][\w-]*)", r"`\1`", text)
    # Addresses, and paths with braces or placeholders; the comma after one isn't a part of it.
    typed = r"(\S*(?:https://|\{|\\<)\S*?)(?=[,.;]?(?:\s|$))"
    return re.sub(typed, lambda found: f"`{found[1]}`".replace("\\", ""), text)


def _word(item: Option) -> str:
    return item.info.metavar or (
        "WORD" if choices(item.kind) else item.names[0].lstrip("-").upper()
    )


def choices(kind: Any) -> tuple[str, ...]:
    """Return the words that a type allows; none for any."""
    if get_origin(kind) is Literal:
        return tuple(map(str, get_args(kind)))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(str(item.value) for item in kind)
    return ()


def _table(items: list[Option]) -> list[str]:
    rows = ["| | what it does | takes | default |", "|-|-|-|-|"]
    for item in items:
        names = ", ".join(f"`{name}`" for name in item.names)
        told, default = _default(item)
        rows.append(f"| {names} | {_text(told)} | {_takes(item)} | {default} |")
    return rows


def _takes(item: Option) -> str:
    allowed = choices(item.kind)
    words = ", ".join(f"`{word}`" for word in allowed) if allowed else TAKES.get(item.kind, "text")
    low, high = item.info.min, item.info.max
    if low is not None:
        words += f", {low} to {high}" if high is not None else f", {low} or more"
    return words + ("; several" if item.many else "")


def _default(item: Option) -> tuple[str, str]:
    """Return the help without the default that is in it, and the default."""
    told = item.info.help
    marked = re.fullmatch(r"(.*?) ?\\\[(.*)\]", told)
    if marked:
        told, words = marked[1], marked[2]
        allowed = re.search(r" ?One of [^.]*\.$", told)
        told = told[: allowed.start()] if allowed and choices(item.kind) else told
        return told, words if words == "off" or ":" in words else f"`{words}`"
    if item.required:
        return told, "required"
    if item.default is False:
        return told, "off"
    if item.default is True:
        return told, "on"
    return told, "" if item.default is None else f"`{item.default}`"


def main() -> None:
    """Write the pages, and take away those of commands that are gone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    out = parser.parse_args().out
    found = pages()
    for name, text in found.items():
        write_text(out / name, text)
    for path in out.glob("*.md"):
        if path.name not in found:
            path.unlink()
    print(f"{len(found)} pages: {out}")


if __name__ == "__main__":
    main()
