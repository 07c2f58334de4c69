"""A web server on this machine for the tests of fetching: it serves feeds, and misbehaves on request."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@dataclass
class Request:
    """One request as it came; `ended` is when its answer began, so a next one before that came too early."""

    host: str
    path: str
    headers: dict[str, str]
    began: float
    ended: float = 0.0


@dataclass
class FeedServer:
    """What it serves, and what it was asked.

    Attributes:
        url: Its address on 127.0.0.1.
        port: The same server answers on every address of 127.0.0.0/8.
        pages: By path: a function that answers with a handler.
        requests: What it was asked, in order.
        released: Ends answers that wait.
    """

    url: str
    port: int
    pages: dict[str, Callable[["Handler"], None]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def at(self, number: int, path: str = "/") -> str:
        """The address of a path on the host 127.0.0.NUMBER."""
        return f"http://127.0.0.{number}:{self.port}{path}"

    def asked(self) -> list[str]:
        return [request.path for request in self.requests]


class Handler(BaseHTTPRequestHandler):
    """Answers as the page of its path says, else 404."""

    feeds: FeedServer

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.request_made = Request(self.headers.get("Host", ""), self.path, headers, time.monotonic())
        self.feeds.requests.append(self.request_made)
        try:
            self.feeds.pages.get(self.path, lambda handler: handler.answer(404, b"not here"))(self)
        except OSError:
            pass  # the reader has had enough
        self.close_connection = True

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.request_made.ended = time.monotonic()
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def endless(self, part: bytes, pause: float = 0.0, **headers: str) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        while not self.feeds.released.wait(pause):
            self.wfile.write(part)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def feed_server() -> Iterator[FeedServer]:
    """The server, to which requests go straight, whatever proxy this machine has."""
    handler = type("Handler", (Handler,), {})
    with pytest.MonkeyPatch.context() as patch, ThreadingHTTPServer(("0.0.0.0", 0), handler) as server:
        for name in PROXIES:
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        port = server.server_address[1]
        handler.feeds = feeds = FeedServer(f"http://127.0.0.1:{port}", port)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield feeds
        finally:
            feeds.released.set()
            server.shutdown()
            thread.join()
