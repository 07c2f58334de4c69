"""`torch.hub`: what is downloaded in torch; a page has no network for that."""

import re
from typing import Any
from urllib.error import URLError
from urllib.parse import urlparse  # noqa: F401 - libraries take it from here

from ._absent import lacking as _lacking

HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")
_folder = "/home/reader/.cache/torch/hub"


def _absent(url: Any = "", *args: Any, **kwargs: Any) -> Any:
    """Raises what torch raises without a network."""
    raise URLError(f"a page cannot download {url}")


load = list = help = download_url_to_file = load_state_dict_from_url = _absent


def get_dir() -> str:
    """Where downloads would lie."""
    return _folder


def set_dir(d: Any) -> None:
    """They shall lie elsewhere."""
    global _folder
    _folder = str(d)


def _get_torch_home() -> str:
    return _folder.rpartition("/")[0]


__getattr__ = _lacking(__name__, "torch.hub")
