"""Fetching one file over HTTP so that it survives what networks and servers do.

A cut file is gone on with: ``Range`` asks for the rest, ``If-Range`` makes sure that it is the rest
of the same version. A server that ignores either starts the file anew. What can pass (a cut, a
stall, an overload) is tried again after a wait; what can't is an error at once.
"""

from __future__ import annotations

import contextlib
import email.utils
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from urllib.parse import urljoin, urlsplit

import requests

from tl_catdog.errors import CatdogError
from tl_catdog.fetch.catalogue import Archive
from tl_catdog.fetch.partial_file import PartialFile, validator_of
from tl_catdog.fetch.progress import Listener
from tl_catdog.fetch.retry import RetryPolicy
from tl_catdog.files import naming
from tl_catdog.version import __version__
from tl_catdog.wording import byte_size, duration

CHUNK = 1 << 14  # what of an answer may be lost when it is cut
REDIRECTS = 5
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
RANGE = re.compile(r"bytes (?P<start>\d+)-\d+/(?P<total>\d+|\*)")


class _CutError(Exception):
    """A try that failed in a way that may pass; ``wait`` are the seconds the server asks for."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


@dataclass(frozen=True)
class Download:
    """The download of an archive.

    Attributes:
        archive: What to fetch.
        part: The file that it goes into.
        listener: What to call on the way.
        retry: How long to wait, and how often to try again.
        again: The command that goes on with it.
    """

    archive: Archive
    part: PartialFile
    listener: Listener
    retry: RetryPolicy
    again: str

    def run(self) -> None:
        """Fetch what is missing of the part, keeping what is here where the server agrees.

        Raises:
            CatdogError: The server refuses, gives something else, or too many tries failed.
            OSError: The part can't be written.
        """
        failures, reached = 0, self.part.size()
        with requests.Session() as session:
            session.headers.update(
                {"User-Agent": f"tl-catdog/{__version__}", "Accept-Encoding": "identity"}
            )
            while self.part.size() != self.archive.size:
                try:
                    self._try(session)
                except _CutError as cut:
                    if self.part.size() > reached + self.archive.size // 100:
                        failures = 0
                    reached = self.part.size()
                    failures += 1
                    self._wait(cut, failures)

    def _wait(self, cut: _CutError, failures: int) -> None:
        """Wait before the next try.

        Raises:
            CatdogError: There were too many, or the server asks for too long a wait.
        """
        host, retry = self.archive.host, self.retry
        have = f"{byte_size(self.part.size())} of {byte_size(self.archive.size)}"
        wait = retry.wait_after(failures) if cut.wait is None else cut.wait
        if failures >= retry.tries or wait > retry.longest_retry_after:
            tries = "1 try" if failures == 1 else f"{failures} tries"
            raise CatdogError(
                f"expected {self.archive.name} from {host}, found that {cut.reason} ({tries}).",
                f"{have} are kept; to go on, type: {self.again}",
            )
        self.listener.say(
            f"{host}: {cut.reason}; {have} are here. "
            f"Trying again in {duration(wait)} ({failures} of {retry.tries - 1})."
        )
        retry.sleep(wait)

    def _try(self, session: requests.Session) -> None:
        """Ask once for what is missing, and write what comes."""
        have, validator = self.part.size(), self.part.validator()
        if have > self.archive.size or not validator:
            have = 0  # begun anew as soon as something comes
        headers = {"Range": f"bytes={have}-", "If-Range": validator} if have else {}
        try:
            with self._answer(session, headers) as response:
                start = self._start(response, have, validator)
                self._check_length(response, start)
                self._write(response, start)
        except requests.exceptions.RequestException as error:
            raise self._failure(error) from error

    def _failure(self, error: requests.exceptions.RequestException) -> Exception:
        """Return the error to raise for the failure of a request."""
        kinds = requests.exceptions
        if isinstance(error, kinds.SSLError) and "CERTIFICATE" in str(error).upper():
            return self._refusal(f"a trusted certificate of {self.archive.host}", "none")
        if isinstance(error, kinds.Timeout) or "timed out" in str(error):
            return _CutError("nothing came in time")
        if isinstance(error, kinds.ProxyError):
            return _CutError("the proxy couldn't be reached")
        if isinstance(error, kinds.ChunkedEncodingError):
            return _CutError("the connection was cut")
        if isinstance(error, kinds.ConnectionError):
            return _CutError("the connection failed")
        return self._refusal(f"{self.archive.name} from {self.archive.host}", str(error))

    def _refusal(self, expected: str, found: str) -> CatdogError:
        """Return the error for what another try won't change."""
        return CatdogError(
            f"expected {expected}, found {found}.",
            f"Get {self.archive.url} some other way, then type: {self.again} --from FILE",
        )

    @contextlib.contextmanager
    def _answer(
        self, session: requests.Session, headers: dict[str, str]
    ) -> Iterator[requests.Response]:
        """Ask, following redirections, but never from https to http."""
        url = self.archive.url
        for _ in range(REDIRECTS + 1):
            response = session.get(
                url,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=(self.retry.connect_timeout, self.retry.read_timeout),
            )
            with response:
                if not response.is_redirect:
                    yield response
                    return
                target = urljoin(url, response.headers["Location"])
            schemes = ("https",) if urlsplit(url).scheme == "https" else ("https", "http")
            if urlsplit(target).scheme not in schemes:
                where = " or ".join(schemes)
                raise self._refusal(f"a redirection to {where}", f"one to {target[:100]!r}")
            url = target
        raise self._refusal(f"at most {REDIRECTS} redirections by {self.archive.host}", "more")

    def _start(self, response: requests.Response, have: int, validator: str) -> int:
        """Return at which byte of the file the answer begins."""
        status = response.status_code
        if status == 200:
            return 0
        if status == 206 and have:
            given = RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if given is None:
                raise _CutError("the server didn't say which part it sent")
            same = validator_of(response.headers) in ("", validator)
            totals = ("*", str(self.archive.size))
            if same and int(given["start"]) == have and given["total"] in totals:
                return have
        if status == 416 or (status == 206 and have):
            self.part.drop()
            raise _CutError("the server has another version than before")
        answer = f"{status} {response.reason or ''}".strip()
        if status in BUSY:
            raise _CutError(f"the server answered {answer}", _retry_after(response))
        raise self._refusal(f"{self.archive.name} from {self.archive.host}", answer)

    def _check_length(self, response: requests.Response, start: int) -> None:
        text = response.headers.get("Content-Length", "")
        wanted = self.archive.size - start
        if text.isdigit() and int(text) != wanted:
            kind = response.headers.get("Content-Type", "of unknown type").split(";")[0]
            # The login page of a network does this as well.
            raise self._refusal(
                f"{wanted:,} bytes of {self.archive.name} from {self.archive.host}",
                f"{int(text):,} ({kind})",
            )

    def _write(self, response: requests.Response, start: int) -> None:
        chunks = response.iter_content(CHUNK)
        # What is here goes only when something comes in its place.
        first = next(chunks, b"")
        if not first:
            raise _CutError("nothing came")
        at = start
        with naming(self.part.path), self.part.begin(start, response.headers) as file:
            for chunk in chain([first], chunks):
                at += len(chunk)
                if at > self.archive.size:
                    break
                file.write(chunk)
                self.listener.progress("downloading", at, self.archive.size)
        if at > self.archive.size:
            self.part.drop()
            wanted = f"{self.archive.size:,} bytes of {self.archive.name} from {self.archive.host}"
            raise self._refusal(wanted, "more")
        if at < self.archive.size:
            raise _CutError("the connection was cut")


def _retry_after(response: requests.Response) -> float | None:
    """Return how many seconds the server asks to wait, or None."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return float(text)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    return None
