"""The backbone that most tests are about."""

from tl_catdog.models.backbones.registry import backbone_of

MOBILENET = backbone_of("mobilenet")
