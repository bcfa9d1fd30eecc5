"""Places: a file or folder, on this machine's disk or at an address such as ``s3://bucket/cats``.

Both read and write alike. What is read is whole, or an error; what is written is there whole or not
at all, whenever a process is killed: beside its place and renamed on a disk, one PUT on a store.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tl_catdog.errors import UsageError, shortened
from tl_catdog.storage import local, remote, systems
from tl_catdog.storage.entries import MOST, Entry
from tl_catdog.storage.failures import ALIASES, CREDENTIALS, GoneError

__all__ = ("Entry", "Place", "is_store", "is_url")

URL = re.compile(r"([a-z][a-z0-9+.-]+)(?:::[^/]*)?://", re.ASCII | re.IGNORECASE)
"""How an address begins; a drive's name has one letter."""
ON_DISK = ("file", "local")
WEB = ("http", "https")
PASSWORD = re.compile(
    r"://(?!arn:)[^/@]*:[^@]*@"  # keys may hold slashes
    r"|[?&#](?:x-(?:amz|goog)-\S*|sig|signature|(?:access_?|auth_?)?token|\w*secret\w*|password|"
    r"\w*access_?key\w*|key|account_key|api_?key|awsaccesskeyid)=.*",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
"""What lets somebody in: a password, or the signature or token of an address that was shared."""


def is_url(text: str | os.PathLike[str]) -> bool:
    """Return whether a text is an address that begins with a protocol, and no file's name here.

    >>> [is_url(text) for text in ("s3://bucket/cats", "https://a.org", "C:/cats", "cats")]
    [True, True, False, False]
    """
    text = os.fspath(text)
    return URL.match(text) is not None and not os.path.lexists(text)


def is_store(text: str | os.PathLike[str]) -> bool:
    """Return whether a text is an address that isn't of the web: those aren't fetched.

    >>> [is_store(text) for text in ("s3://bucket/cats", "https://a.org", "cats")]
    [True, False, False]
    """
    return is_url(text) and protocol_of(os.fspath(text)) not in WEB


def bare(text: str) -> str:
    """Return an address as it may be shown: short, without a password or token.

    >>> bare("https://me:secret@a.org/cats"), bare("https://a.org/cats?sig=secret")
    ('https://…a.org/cats', 'https://a.org/cats…')
    """
    return shortened(PASSWORD.sub(lambda m: "://…" if m[0][0] == ":" else "…", text), 200)


@dataclass(frozen=True, order=True)
class Place:
    """A file or folder, whether it is there or not.

    Attributes:
        address: An absolute path, or an address without a slash at its end.
    """

    address: str

    @classmethod
    def of(cls, text: str | os.PathLike[str]) -> Place:
        """Return the place that a text names.

        Raises:
            UsageError: It is of the web, its protocol is unknown or needs a package that isn't
                there, or it holds a password.

        >>> Place.of("memory://cats/") / "1.jpg"
        Place(address='memory://cats/1.jpg')
        """
        text = os.fspath(text)
        if not is_url(text):
            return cls(str(Path(text).absolute()))
        protocol = protocol_of(text)
        rest = text[text.index("://") + 3 :]
        if protocol in ON_DISK:
            return cls(str(Path(rest).absolute()))
        if protocol in WEB:
            raise UsageError(
                f"expected a folder or an object store, found a web address, {bare(text)}"
                ": pictures aren't fetched from the web.",
                "Download and unpack them first; for public sets, type: tl-catdog data list",
            )
        if PASSWORD.search(text):  # plans and logs keep addresses
            known = CREDENTIALS.get(ALIASES.get(protocol, protocol))
            raise UsageError(
                f"expected an address without a password or token, found one in {protocol}://….",
                f"Leave it out and set {known}"
                if known
                else "Set it where the store's library looks for it; plans and logs keep addresses",
            )
        systems.require(protocol, text)
        return cls(f"{protocol}://{rest.rstrip('/')}")

    def __str__(self) -> str:
        return self.address

    def __truediv__(self, name: str) -> Place:
        return Place(posixpath.join(self.address, name) if self.path is None else
                     str(self.path / name))  # fmt: skip

    @property
    def path(self) -> Path | None:
        """Its path on this machine's disk; None of an address."""
        return None if URL.match(self.address) else Path(self.address)

    @property
    def local(self) -> bool:
        """Whether it is on this machine's disk."""
        return self.path is not None

    @property
    def protocol(self) -> str:
        """Its protocol, such as ``s3``; ``file`` on this machine's disk."""
        return "file" if self.local else protocol_of(self.address)

    @property
    def name(self) -> str:
        """The last part of its address.

        >>> Place.of("memory://bucket/cats").name
        'cats'
        """
        return self.address.rstrip("/").rpartition("/")[2] if self.path is None else self.path.name

    @property
    def above(self) -> Place:
        """The folder that it is in."""
        if self.path is not None:
            return Place(str(self.path.parent))
        return Place(self.address.rpartition("/")[0])

    def info(self) -> Entry:
        """Return a file's size and version.

        Raises:
            GoneError: There is no such file; a folder is none.
            StorageError: That can't be told.
        """
        entry = self.info_or_none()
        if entry is None or entry.folder:
            raise GoneError(f"expected a file, found none at {self}.", f"Look at: {self.above}")
        return entry

    def info_or_none(self) -> Entry | None:
        """Return what is there, a file or a folder; None if nothing is.

        Raises:
            StorageError: That can't be told.
        """
        return local.info(self.path) if self.path is not None else remote.info(self.address)

    def exists(self) -> bool:
        """Return whether a file or folder is there.

        Raises:
            StorageError: That can't be told: a store that throttles is no store without the file.
        """
        return self.info_or_none() is not None

    def is_folder(self) -> bool:
        """Return whether a folder is there; on a store, whether anything has the prefix.

        Raises:
            StorageError: That can't be told.
        """
        entry = self.info_or_none()
        return entry is not None and entry.folder

    def is_file(self) -> bool:
        """Return whether a file is there.

        Raises:
            StorageError: That can't be told.
        """
        entry = self.info_or_none()
        return entry is not None and not entry.folder

    def read(
        self,
        start: int = 0,
        length: int | None = None,
        entry: Entry | None = None,
        most: int = MOST,
    ) -> bytes:
        """Return a file's bytes, or a range of them: all that were asked for.

        Args:
            start: The first byte.
            length: How many bytes; None for all from there.
            entry: What was listed of the file, which spares a request and is held to: its size, and
                on stores its hash or version.
            most: How many bytes there may be.

        Raises:
            GoneError: There is no such file.
            ChangedError: It isn't the one that was listed.
            CutReadError: Reading ended early, again and again.
            StorageError: It can't be read, or has more bytes than allowed.
        """
        if self.path is not None:
            return local.read(self.path, start, length, entry, most)
        return remote.read(self.address, start, length, entry, most)

    def write(self, data: bytes) -> None:
        """Write a file: whole or not at all; what was there is replaced.

        Raises:
            OSError: The disk can't.
            StorageError: The store can't.
        """
        if self.path is not None:
            local.write(self.path, data)
        else:
            remote.write(self.address, data)

    def remove(self) -> None:
        """Remove a file; nothing happens where there is none.

        Raises:
            OSError: The disk can't.
            StorageError: The store can't.
        """
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        else:
            remote.remove(self.address)

    def entries(self) -> Iterator[Entry]:
        """Yield the files below a folder, in the order of their names' bytes, page by page.

        There is nothing where the folder isn't. Memory doesn't grow with the files, but on stores
        without pages, where it grows with those of one folder.

        Raises:
            StorageError: It can't be listed.
        """
        return local.entries(self.path) if self.path is not None else remote.entries(self.address)


def protocol_of(text: str) -> str:
    """Return an address's protocol in small letters.

    >>> protocol_of("S3://bucket/cats")
    's3'
    """
    match = URL.match(text)
    return match[1].lower() if match else "file"
