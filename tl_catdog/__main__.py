"""Lets ``python -m tl_catdog`` stand in for the ``tl-catdog`` command."""

from tl_catdog.cli import main

if __name__ == "__main__":
    main()
