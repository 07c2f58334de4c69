"""`requests` in a page: what `classics` knows is answered, all else fails as without network."""

import json as _json
from types import SimpleNamespace
from typing import Any

import classics


class RequestException(OSError):
    """Something went wrong."""


class ConnectionError(RequestException):
    """Nobody answers."""


class HTTPError(RequestException):
    """An answer that says no; there is none here."""


exceptions = SimpleNamespace(
    RequestException=RequestException, ConnectionError=ConnectionError, HTTPError=HTTPError, Timeout=RequestException
)


class Response:
    """An answer."""

    status_code, ok, reason, encoding, headers = 200, True, "OK", "utf-8", {}

    def __init__(self, url: str, content: bytes) -> None:
        self.url, self.content = url, content

    @property
    def text(self) -> str:
        """As text."""
        return self.content.decode()

    def json(self) -> Any:
        """As JSON."""
        return _json.loads(self.content)

    def raise_for_status(self) -> None:
        """All went well."""

    def iter_content(self, chunk_size: int = 1024, decode_unicode: bool = False) -> Any:
        """In pieces."""
        return (self.content[at : at + chunk_size] for at in range(0, len(self.content), chunk_size or 1))

    def iter_lines(self) -> Any:
        """Line by line."""
        return iter(self.content.splitlines())

    def __enter__(self) -> "Response":
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is open."""

    def __repr__(self) -> str:
        return "<Response [200]>"


def get(url: str, params: Any = None, **options: Any) -> Response:
    """Ask for an address.

    Raises:
        ConnectionError: It is none of the few that are known.
    """
    found = classics.content(url)
    if found is None:
        raise ConnectionError(f"no network in the page: {url}")
    return Response(url, found)


class Session:
    """Asks as the module does."""

    get = staticmethod(get)

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is open."""


def __getattr__(name: str) -> Any:
    raise AttributeError(f"requests.{name} is not in the page, which has no network")
