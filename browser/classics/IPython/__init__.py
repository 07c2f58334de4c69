"""What notebooks ask of IPython, where there is none: `display` prints, and nothing is cleared."""

from . import display

__all__ = ["display", "get_ipython", "version_info"]
version_info = (9, 0, 0, "")


def get_ipython() -> None:
    """No shell runs this."""
