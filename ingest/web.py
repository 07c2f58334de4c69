"""One polite request: the bytes of an answer, within every limit that a stranger's server is held to."""

import asyncio
import logging
import re
import socket
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import stamina

from ingest.heads import retry_after, validators
from ingest.reach import is_literal, is_private, proxy_for
from ingest.unpacking import ACCEPTED, CannotUnpack, Unpacker

logging.getLogger("stamina").addHandler(logging.NullHandler())  # that it tries again is no news
USER_AGENT = "openllm-wiki/0.1 (paper feeds for a weekly reading list; python -m ingest fetch)"
_FEEDS = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.8"
PERMANENT, TEMPORARY = (301, 308), (302, 303, 307)


@dataclass(frozen=True, slots=True)
class Manners:
    """How servers are asked.

    Attributes:
        largest: Most bytes of one feed, unpacked.
        patience: Seconds for one answer.
        slowest: Bytes a second that a body must keep up, once it has begun.
        grace: Seconds before that counts.
        pauses: Seconds between two requests to sites that ask for a pause. arXiv's robots.txt asks for 15.
        hosts: Most sites asked at a time.
        redirects: Most redirects followed.
        attempts: How often a request is made that fails in a passing way.
        allow_private: Whether a redirect may lead to a private address.
        trust_named: Whether a private address is asked that is the one named itself.
        bodies: Whether an answer's body is read; else its head is all that is wanted.
    """

    largest: int = 15 * 1024 * 1024
    patience: float = 30.0
    slowest: int = 4096
    grace: float = 1.5
    pauses: tuple[tuple[str, float], ...] = (("arxiv.org", 15.0),)
    hosts: int = 16
    redirects: int = 5
    attempts: int = 2
    allow_private: bool = False
    trust_named: bool = True
    bodies: bool = True


@dataclass(frozen=True, slots=True)
class Response:
    """What a server said.

    Attributes:
        content: The body, unpacked; None if it is what the validators stand for.
        charset: What the server calls its encoding, or "".
        etag: Validator for the next request, or "".
        modified: The same, as a date.
        moved_to: Where permanent redirects lead, or "".
    """

    content: bytes | None
    charset: str = ""
    etag: str = ""
    modified: str = ""
    moved_to: str = ""


class NoResponse(Exception):
    """Says why there is none.

    Attributes:
        passing: Whether it may be otherwise in a second.
        retry_after: Seconds after which the server wants to be asked again, or 0.
    """

    def __init__(self, message: str, passing: bool = False, retry_after: float = 0.0) -> None:
        super().__init__(" ".join(message.split())[:300])
        self.passing = passing
        self.retry_after = retry_after


def site_of(url: str, manners: Manners) -> str:
    """What takes one request at a time: a host, or all hosts of a site that asks for a pause of its own."""
    try:
        host = httpx.URL(url).host.lower()
    except (httpx.InvalidURL, ValueError):
        return url
    return next((site for site, _ in manners.pauses if f".{host}".endswith(f".{site}")), host)


@dataclass(slots=True)
class Web:
    """The network, asked with manners. Use it as a context manager, in one event loop."""

    manners: Manners
    _clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _turns: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _asked: dict[str, float] = field(default_factory=dict)

    async def __aenter__(self) -> "Web":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def get(self, url: str, start: str = "", etag: str = "", modified: str = "") -> Response:
        """The answer to a conditional request.

        Args:
            url: The address that somebody wrote down. A private one is asked if it can be seen to be one.
            start: Where that address is known to have moved to.
            etag: Of the last answer.
            modified: Its Last-Modified.

        Raises:
            NoResponse: No connection, an error status, a forbidden redirect, or a limit reached.
        """
        conditions = {"If-None-Match": etag, "If-Modified-Since": modified}
        headers = {name: value for name, value in conditions.items() if value}

        def again(error: Exception) -> bool | float:
            if not isinstance(error, NoResponse) or not error.passing:
                return False
            return error.retry_after or True

        async for attempt in stamina.retry_context(on=again, attempts=self.manners.attempts, wait_initial=0.5):
            with attempt:
                try:
                    return await self._follow(httpx.URL(url), httpx.URL(start or url), headers)
                except NoResponse:
                    raise
                except TimeoutError:
                    raise NoResponse(f"nothing within {self.manners.patience:g} seconds") from None
                except OSError as error:
                    raise NoResponse(error.strerror or str(error), passing=True) from None
                except httpx.TransportError as error:
                    raise NoResponse(f"{type(error).__name__}: {error}".rstrip(": "), passing=True) from None
                except Exception as error:  # a port of 99999 is an OverflowError; no answer may cost other sources
                    raise NoResponse(f"{type(error).__name__}: {error}".rstrip(": ")) from None
        raise AssertionError("stamina makes at least one attempt")

    async def _follow(self, named: httpx.URL, url: httpx.URL, headers: dict[str, str]) -> Response:
        moved = str(url) if url != named else ""
        permanently = True
        for _ in range(self.manners.redirects + 1):
            if url.scheme not in ("http", "https"):
                raise NoResponse(f"a redirect to an address of kind {url.scheme or 'none'}:")
            proxy = proxy_for(url)
            addresses = await self._addresses(url, named, bool(proxy))
            async with (
                self._turn(url),
                asyncio.timeout(self.manners.patience),
                self._ask(url, addresses, await self._client(proxy), headers) as response,
            ):
                if response.status_code not in PERMANENT + TEMPORARY or "location" not in response.headers:
                    return await self._read(response, moved)
                url = url.join(response.headers["location"].replace("\\", "/"))  # as browsers read it
                permanently = permanently and response.status_code in PERMANENT
                moved = str(url) if permanently else moved
        raise NoResponse(f"more than {self.manners.redirects} redirects")

    @asynccontextmanager
    async def _turn(self, url: httpx.URL) -> AsyncIterator[None]:
        """One request at a time for a site, and its pause between two."""
        site = site_of(str(url), self.manners)
        pause = dict(self.manners.pauses).get(site, 0.0)
        async with self._turns[site]:
            await asyncio.sleep(max(0.0, self._asked.get(site, -pause) + pause - time.monotonic()))
            try:
                yield
            finally:
                self._asked[site] = time.monotonic()

    @asynccontextmanager
    async def _ask(
        self, url: httpx.URL, addresses: list[str], client: httpx.AsyncClient, headers: dict[str, str]
    ) -> AsyncIterator[httpx.Response]:
        for address in addresses:
            # The address that was looked at is the one that is asked: a second look-up might tell another one.
            request = client.build_request(
                "GET",
                url.copy_with(host=address, fragment=None),
                headers=headers | {"Host": url.netloc.decode("ascii")},
                extensions={"sni_hostname": url.raw_host.decode("ascii")},
            )
            try:
                response = await client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if address == addresses[-1]:
                    raise
                continue
            try:
                yield response
            finally:
                await response.aclose()
            return

    async def _addresses(self, url: httpx.URL, named: httpx.URL, proxied: bool) -> list[str]:
        """Where a host is to be reached: its addresses, or its name where a proxy looks that up.

        Raises:
            NoResponse: The address is private, and nobody wrote it down.
        """
        host = url.raw_host.decode("ascii").strip("[]")
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, url.port or 80, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            if proxied:
                return [host]
            raise
        addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
        trusted = self.manners.allow_private or (
            self.manners.trust_named
            and (url.host, url.port) == (named.host, named.port)
            and (host == "localhost" or is_literal(host))
        )
        private = [address for address in addresses if is_private(address)]
        if private and not trusted:
            raise NoResponse(f"{host} leads to the private address {private[0]} (--allow-private allows it)")
        return [host] if proxied else addresses

    async def _client(self, proxy: str) -> httpx.AsyncClient:
        if proxy not in self._clients:
            headers = {"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPTED}
            headers |= {"Accept": _FEEDS} if self.manners.bodies else {}
            client = httpx.AsyncClient(
                proxy=proxy or None,
                trust_env=False,
                verify=httpx.create_ssl_context(),
                # A kept connection would be known by its address, which many hosts may share.
                limits=httpx.Limits(max_keepalive_connections=0),
                timeout=httpx.Timeout(20, connect=10),
                headers=headers,
            )
            self._clients[proxy] = await self._stack.enter_async_context(client)
        return self._clients[proxy]

    async def _read(self, response: httpx.Response, moved: str) -> Response:
        headers = response.headers
        etag, modified = validators(headers, datetime.now(UTC))
        if response.status_code == 304:
            return Response(None, "", etag, modified, moved)
        if not response.is_success:
            wait = retry_after(headers, datetime.now(UTC))
            passing = wait <= 10 and (
                response.status_code in (502, 503, 504) or (response.status_code == 429 and wait > 0)
            )
            said = f"{response.status_code} {response.reason_phrase}".strip()
            if "cf-mitigated" in headers:
                said += " (a challenge that only a browser can answer)"
            raise NoResponse(said, passing, wait)
        if response.status_code == 206:  # which nobody asked for
            raise NoResponse("206, a part of it")
        content = await self._body(response) if self.manners.bodies else b""
        found = re.search(r"charset=[\"']?([\w.:-]+)", headers.get("content-type", ""), re.IGNORECASE)
        return Response(content, found[1] if found else "", etag, modified, moved)

    async def _body(self, response: httpx.Response) -> bytes:
        largest, slowest = self.manners.largest, self.manners.slowest
        try:
            unpacker = Unpacker(response.headers.get("content-encoding", ""))
            body, received, begun = bytearray(), 0, asyncio.get_running_loop().time()
            parts = response.aiter_raw()
            while True:
                async with asyncio.timeout_at(begun + max(self.manners.grace, received / slowest)):
                    part = await anext(parts, None)
                if part is None:
                    return bytes(body) + unpacker.end()
                received += len(part)
                body += unpacker.feed(part, largest + 1 - len(body))
                if len(body) > largest:
                    raise NoResponse(f"more than {largest:,} bytes")
        except TimeoutError:
            raise NoResponse(f"slower than {slowest:,} bytes a second") from None
        except CannotUnpack as error:
            raise NoResponse(str(error)) from None
