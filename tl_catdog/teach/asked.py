"""What a request of the page says, checked: whoever sends it may be a stranger."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from tl_catdog.errors import shown
from tl_catdog.serve.bodies import Budget, Limits, Refusal, read_body

BODY = Limits(body=4 * 2**20, seconds=30.0)
"""Of what isn't an upload: some 50,000 pictures by their ids."""

MOST = 50_000  # pictures in a request
LONGEST = 1000  # characters of a name
_TAB = re.compile(r"[A-Za-z0-9-]{0,64}")
_ID = re.compile(r"[A-Za-z0-9._~-]{1,100}")


async def fields(request: Request) -> Mapping[str, Any]:
    """Return the JSON object that a request brings.

    Raises:
        Refusal: It brings something else, or there is no room for it now.
    """
    budget: Budget = request.app.state.budget
    with budget.share() as take:
        data = await read_body(request, BODY, take)
        try:
            found = json.loads(data or b"{}")
        except (ValueError, RecursionError):
            found = None
    if not isinstance(found, dict):
        raise Refusal(400, "expected an object of JSON, found something else", "Send {...}.")
    return found


def text(found: Mapping[str, Any], key: str) -> str:
    """Return a text that has to be there, of at most ``LONGEST`` characters.

    Raises:
        Refusal: It isn't, or is something else, or no text that can be written.
    """
    value = found.get(key)
    if not isinstance(value, str) or len(value) > LONGEST or not _is_whole(value):
        raise Refusal(400, f"expected a text as {key}, found {shown(value)}", f"Send {key}.")
    return value


def text_or_none(found: Mapping[str, Any], key: str) -> str | None:
    """Return a text, or None where null or nothing was sent.

    Raises:
        Refusal: It is something else.
    """
    return None if found.get(key) is None else text(found, key)


def texts(found: Mapping[str, Any], key: str, most: int) -> list[str]:
    """Return several texts, each once.

    Raises:
        Refusal: It is something else, or there are more than ``most``.
    """
    value = found.get(key)
    if not isinstance(value, list) or len(value) > most:
        raise Refusal(400, f"expected up to {most} names as {key}, found others", f"Send {key}.")
    return list(dict.fromkeys(text({key: item}, key) for item in value))


def ids(found: Mapping[str, Any]) -> list[str]:
    """Return the pictures that a request is about.

    Raises:
        Refusal: It isn't a list of ids.
    """
    value = found.get("ids")
    right = isinstance(value, list) and all(
        isinstance(item, str) and _ID.fullmatch(item) for item in value
    )
    if not isinstance(value, list) or not right or not 0 < len(value) <= MOST:
        raise Refusal(400, f"expected 1 to {MOST:,} pictures as ids, found others", "Send ids.")
    return list(dict.fromkeys(value))


def seen(found: Mapping[str, Any]) -> dict[str, str]:
    """Return what the page saw of pictures: id to mark.

    Raises:
        Refusal: It is something else.
    """
    value = found.get("seen", {})
    right = isinstance(value, dict) and all(isinstance(mark, str) for mark in value.values())
    if not right or len(value) > MOST:
        raise Refusal(400, "expected ids and their marks as seen, found others", "Send seen.")
    return dict(value)


def tab_of(given: object) -> str:
    """Return the name of a tab, which tells whose changes ``undo`` takes back.

    Raises:
        Refusal: It is none.
    """
    if given is None:
        return ""
    if not isinstance(given, str) or not _TAB.fullmatch(given):
        raise Refusal(400, "expected up to 64 letters and digits as tab, found others", "Send tab.")
    return given


def request_of(given: object) -> int:
    """Return the number that a page gives what it asks for, 1 to 2**53; 0 where it gives none.

    Raises:
        Refusal: It is something else.
    """
    if given is None:
        return 0
    if type(given) is not int or not 0 < given < 2**53:
        raise Refusal(
            400, f"expected a whole number as request, found {shown(given)}", "Send request."
        )
    return given


def number(request: Request, key: str, default: int, most: int) -> int:
    """Return a whole number of an address's query, 0 to ``most``.

    Raises:
        Refusal: It is none.
    """
    given = request.query_params.get(key)
    if given is None:
        return default
    if not re.fullmatch(r"[0-9]{1,16}", given, re.ASCII) or int(given) > most:
        raise Refusal(422, f"expected 0 to {most:,} as {key}, found {shown(given)}", "Correct it.")
    return int(given)


def _is_whole(value: str) -> bool:
    """Return whether a text has no half characters, which JSON can smuggle in."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
