"""tl-catdog: from folders of pictures to a classifier whose figures can be defended."""

__version__ = "0.1.0"
