"""Each class is one line of labels.txt, whatever its name holds."""

import pytest

from tl_catdog.export.labels import in_a_line


@pytest.mark.parametrize("label", ["two\nlines\r", "back\\n", "a\u2028b", "nul\0", "plain"])
def test_a_name_stays_in_its_line(label: str) -> None:
    text = in_a_line(label)
    assert len(text.splitlines()) == 1
    assert text.encode().decode("unicode_escape") == label
