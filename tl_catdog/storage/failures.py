"""What can go wrong at a store, in words of ours: a library's own may hold keys and tokens."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from tl_catdog.errors import CatdogError

T = TypeVar("T")


class StorageError(CatdogError):
    """Something at a place can't be read or written."""


class GoneError(StorageError):
    """There is nothing at the place, or nothing any more."""


class CutReadError(StorageError):
    """A read ended before all bytes were there, each time that it was tried."""


class ChangedError(StorageError):
    """A file isn't the one that was listed."""


class BusyError(StorageError):
    """The store throttled, or couldn't be reached, for as long as it was tried."""


class RefusedError(StorageError):
    """The store doesn't let us in: no credentials, wrong ones, or no permission."""


class StrangerError(StorageError):
    """Somebody else answers in place of the store, such as a network's page to sign in."""


def stranger(place: str) -> StrangerError:
    """Return what to tell where an answer is none of an object store."""
    return StrangerError(
        f"expected an object store's answer at {place}, found another server's, such as a page to "
        "sign in to the network.",
        "Sign in first, or look at the variable that names the server, such as AWS_ENDPOINT_URL",
    )


CREDENTIALS = {
    "s3": "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
    "(a public bucket: FSSPEC_S3_ANON=true; another server: AWS_ENDPOINT_URL)",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS (a public bucket: FSSPEC_GS_TOKEN=anon)",
    "az": "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME and "
    "AZURE_STORAGE_ACCOUNT_KEY",
    "hf": "HF_TOKEN",
}
"""What says who one is, by protocol; the libraries read these themselves."""

ALIASES = {"s3a": "s3", "gcs": "gs", "abfs": "az", "abfss": "az", "adl": "az"}

_THROTTLED = frozenset(
    {"SlowDown", "ServiceUnavailable", "503", "429", "Throttling", "ThrottlingException"}
    | {"RequestLimitExceeded", "TooManyRequests", "OperationAborted"}
)
_PASSING = frozenset({"InternalError", "500", "502", "504", "RequestTimeout"})
_PASSING_NAMES = frozenset(
    {"ClientPayloadError", "IncompleteRead", "IncompleteReadError", "FSTimeoutError"}
    | {"EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "HTTPClientError"}
    | {"ConnectionClosedError", "ServerDisconnectedError", "ClientConnectorError"}
    | {"ClientOSError", "ResponseParserError", "ResponseStreamingError", "ServiceRequestError"}
    | {
        "ServiceResponseError",
        "IncompleteDownloadError",
        "FlexibleChecksumError",
        "SSLError",
        "ProxyConnectionError",
    }
)
_REFUSED_NAMES = frozenset(
    {"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "CredentialRetrievalError"}
    | {"TokenRetrievalError", "UnauthorizedSSOTokenError", "SSOTokenLoadError", "RefreshError"}
    | {"DefaultCredentialsError", "ClientAuthenticationError", "GatedRepoError"}
)
_REFUSED_CODES = frozenset({"AuthorizationHeaderMalformed", "InvalidToken", "400", "401", "403"})
"""400 alone is S3's answer to a HEAD by a token that has expired, or by another region's."""
_BUSY = (errno.EBUSY, errno.ETIMEDOUT)
_PASSING_NUMBERS = (errno.EIO, getattr(errno, "EREMOTEIO", errno.EIO))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it came of."""
    seen: set[int] = set()
    here: BaseException | None = error
    while here is not None and id(here) not in seen:
        seen.add(id(here))
        yield here
        here = here.__cause__ or here.__context__


def _code(error: BaseException) -> str:
    """Return a store's own code for an error, such as ``SlowDown``; nothing if there is none."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", ""))
    status = getattr(response, "status_code", None) or getattr(error, "status", None)
    code = getattr(error, "code", None) if status is None else status  # gcsfs has numbers
    if code == 400 and type(error).__module__.startswith("aiohttp"):
        return ""  # its own number for an answer that is no HTTP, or ends early
    return str(code) if isinstance(code, (int, str)) else ""


def _is(error: BaseException, codes: frozenset[str], names: frozenset[str] = frozenset()) -> bool:
    return any(_code(one) in codes or type(one).__name__ in names for one in _chain(error))


def _page(error: BaseException) -> bool:
    """Return whether it is a page of the web: botocore gives one that says 200 the code 500."""
    response = getattr(error, "response", None)
    about = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    headers = about.get("HTTPHeaders", {}) if isinstance(about, dict) else {}
    return "html" in str(headers.get("content-type", "")) and not about.get("RequestId")


def is_passing(error: BaseException) -> bool:
    """Return whether it may go well when it is tried again.

    >>> is_passing(TimeoutError()), is_passing(FileNotFoundError()), is_passing(PermissionError())
    (True, False, False)
    """
    if isinstance(error, StorageError):
        return isinstance(error, (CutReadError, BusyError))
    if isinstance(error, (FileNotFoundError, PermissionError)) or _is(
        error, _REFUSED_CODES, _REFUSED_NAMES
    ):
        return False
    if isinstance(error, (TimeoutError, ConnectionError, EOFError)):
        return True
    if isinstance(error, OSError) and error.errno in (*_BUSY, *_PASSING_NUMBERS):
        return True
    return _is(error, _THROTTLED | _PASSING, _PASSING_NAMES)


def told(error: BaseException, place: str, protocol: str) -> StorageError:
    """Return what to tell of an error: none of the library's own words, which may hold secrets.

    Args:
        error: What a library raised.
        place: The address, as it may be shown.
        protocol: Its protocol, such as ``s3``.
    """
    if isinstance(error, StorageError):
        return error
    if isinstance(error, FileNotFoundError) or _is(error, frozenset({"404", "NoSuchKey"})):
        return GoneError(
            f"expected something at {place}, found nothing (any more).", f"Look at: {place}"
        )
    code = next((code for one in _chain(error) if (code := _code(one))), "")
    reason = code or type(error).__name__
    if code == "InvalidObjectState":
        return StorageError(
            f"expected {place} to be read, found that it is archived ({code}).",
            "Restore it at the store first",
        )
    if isinstance(error, PermissionError) or _is(error, _REFUSED_CODES, _REFUSED_NAMES):
        known = CREDENTIALS.get(ALIASES.get(protocol, protocol))
        hint = f"Set {known}" if known else "Set the credentials that this store asks for"
        return RefusedError(
            f"expected to be let in at {place}, found that it refuses ({reason}).", hint
        )
    if isinstance(error, KeyError):  # a library looks for what each answer of a store has
        return stranger(place)
    if is_passing(error):
        if code == "500" and any(_page(one) for one in _chain(error)):
            return stranger(place)
        busy = (isinstance(error, OSError) and error.errno in _BUSY) or _is(error, _THROTTLED)
        what = "asks to slow down" if busy else "can't be reached, or breaks off"
        return BusyError(
            f"expected an answer from {place}, found that the store {what} ({reason}).",
            "Type the same command again later; what is done is kept.",
        )
    number = getattr(error, "errno", None)
    name = errno.errorcode.get(number, "") if isinstance(number, int) else ""
    said = ", ".join(dict.fromkeys(word for word in (reason, name) if word))
    return StorageError(f"expected to use {place}, found an error of the store ({said}).")


@dataclass(frozen=True)
class Patience:
    """How long one request is tried again, in seconds.

    Attributes:
        tries: The most tries.
        first: The wait after the first failure; it doubles with each.
        longest: The longest wait.
        total: No try begins later than so long after the first.
        sleep: Called with the seconds to wait.
    """

    tries: int = 9
    first: float = 0.25
    longest: float = 20
    total: float = 90
    sleep: Callable[[float], None] = time.sleep


PATIENCE = Patience()


def patiently(
    call: Callable[[], T], place: str, protocol: str, patience: Patience | None = None
) -> T:
    """Return what a call returns, tried again while that may help.

    Throttling, lost connections and reads that end early are tried again, with waits that double
    and are left to chance by half, so that many workers don't come back at once.

    Raises:
        StorageError: It went wrong in another way, or for too long; see ``told``.
    """
    import tenacity

    patience = patience or PATIENCE
    half, most = patience.first / 2, patience.longest / 2
    wait = tenacity.wait_exponential(half, most) + tenacity.wait_random_exponential(half, most)
    again = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(patience.tries)
        | tenacity.stop_before_delay(patience.total),
        wait=wait,
        retry=tenacity.retry_if_exception(is_passing),
        sleep=patience.sleep,
        reraise=True,
    )
    try:
        return again(call)
    except Exception as error:
        # The library's error is left out of what is raised: its text may hold secrets.
        raise told(error, place, protocol) from None
