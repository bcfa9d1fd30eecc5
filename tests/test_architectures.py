"""Which architectures there are."""

import pytest

from tl_catdog.architectures import ARCHS, PRETRAINED, check_arch, require_backbone
from tl_catdog.errors import UsageError


def test_all_are_accepted() -> None:
    assert {"baseline", "mobilenet", "efficientnet-lite2"} <= set(ARCHS)
    for arch in ARCHS:
        check_arch(arch)


@pytest.mark.parametrize("arch", ["", "resnet", "Mobilenet", "efficientnet-lite", "x" * 10_000])
def test_an_unknown_one_is_told_which_there_are(arch: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_arch(arch)
    assert all(name in caught.value.message for name in PRETRAINED)
    assert len(caught.value.message) < 500


def test_the_next_command_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="--arch efficientnet-lite"):
        check_arch("efficientnet-lite9")


def test_a_network_from_scratch_has_no_backbone() -> None:
    require_backbone("mobilenet")
    with pytest.raises(UsageError, match="found --arch baseline, which has none"):
        require_backbone("baseline")
    with pytest.raises(UsageError, match="expected arch"):
        require_backbone("resnet")
