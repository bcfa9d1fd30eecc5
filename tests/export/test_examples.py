"""Programs in other languages lie beside the formats that they use."""

from tl_catdog.export.examples import examples_of
from tl_catdog.export.formats import FORMATS


def test_each_is_read_from_the_package() -> None:
    for kind in FORMATS.values():
        for name, text in examples_of(kind).items():
            assert name.startswith("examples/")
            assert len(text.splitlines()) > 10
