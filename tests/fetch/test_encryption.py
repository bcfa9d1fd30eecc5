"""Encrypted servers: whom to trust, and no way back to plain text."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import fetch_server as server
from tests.support.fetch_sets import Shop
from tl_catdog.errors import CatdogError

REQUEST = (
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
    "-subj /CN=tests -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate of our own, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run([openssl, *REQUEST.split()], cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return both


@pytest.fixture
def safe(shop: Shop, certificate: Path) -> Iterator[Shop]:
    """Gives sets from an encrypted server."""
    with server.serving(certificate) as site:
        yield Shop(site, shop.into)


def test_a_certificate_that_is_trusted(
    safe: Shop, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.with_name("cert.pem")))
    safe.site.script = [server.cut_after(50_000), server.redirect("/sets/few.zip")]
    safe.get(safe.source())
    assert safe.is_right()


def test_one_that_is_not_is_an_error_at_once(safe: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with pytest.raises(CatdogError, match=r"a trusted certificate of 127\.0\.0\.1, found none"):
        safe.get(safe.source())
    assert safe.waits == []
    assert safe.site.asked == []
    assert safe.is_empty()


def test_no_redirection_leads_to_plain_text(
    shop: Shop, safe: Shop, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.with_name("cert.pem")))
    (plain,) = shop.source().archives
    safe.site.always = server.redirect(plain.url)
    with pytest.raises(CatdogError, match=r"expected a redirection to https, found one to 'http:"):
        safe.get(safe.source())
    assert shop.site.asked == []
    assert safe.is_empty()
