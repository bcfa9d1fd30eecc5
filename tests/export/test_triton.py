"""A model repository as Triton reads it."""

import re
from dataclasses import replace

from tl_catdog.export.triton import config_of
from tl_catdog.runs.folder import Run


def test_the_settings_name_what_goes_in_and_comes_out(small: Run) -> None:
    text = config_of(small, novelty=True)
    assert 'name: "mine"' in text
    assert "TYPE_UINT8" in text
    assert "dims: [ 32, 32, 3 ]" in text
    assert "dims: [ 3 ]" in text
    assert 'label_filename: "labels.txt"' in text
    assert re.findall(r'name: "(\w+)"', text) == ["mine", "pictures", "probabilities", "novelty"]
    assert text.count("{") == text.count("}")
    assert "novelty" not in config_of(small, novelty=False)


def test_a_name_of_any_characters_is_escaped(small: Run) -> None:
    text = config_of(replace(small, path=small.path.with_name('a "cat"\\é')), novelty=False)
    assert r'name: "a \"cat\"\\\303\251"' in text
