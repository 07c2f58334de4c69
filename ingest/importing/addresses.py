"""Addresses that lead elsewhere: through a site that counts who leaves it, or to a picture of a formula."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

# Sites that write every link so, and under what name the real address stands in the query.
COUNTING = re.compile(
    r"https?://(?:www\.google\.com/url|link\.(?:zhihu|juejin|segmentfault)\.\w+/?|link\.csdn\.net/?|gitee\.com/link/?"
    r"|www\.jianshu\.com/go-wild|www\.douban\.com/link2/?|steamcommunity\.com/linkfilter/?)\?[^\s()<>\[\]\"]+",
    re.IGNORECASE,
)
NAMES = ("q", "url", "target", "to", "u")
DRAWN = re.compile(
    r"(?:https?:)?//(?:[\w.-]+/equation\?|math\.jianshu\.com/math\?|render\.githubusercontent\.com/render/math\?"
    r"|latex\.codecogs\.com/(?:\w+\.(?:latex|image)|\w+)\?)(?P<query>.*)$",
    re.IGNORECASE,
)


def real_address(address: str) -> str:
    """Where an address leads in the end, as far as it says so itself."""
    if not COUNTING.fullmatch(address):
        return address
    query = parse_qs(urlsplit(address).query)
    named = (value for name in NAMES for value in query.get(name, ()))
    return next((value for value in named if re.match("https?://", value)), address)


def drawn_formula(address: str) -> str:
    """The TeX of a picture that a site draws of it; "" for any other."""
    found = DRAWN.match(address)
    if not found:
        return ""
    query = parse_qs(found["query"].replace("+", "%2B") if "codecogs" in address else found["query"])
    named = (value for name in ("tex", "formula", "math") for value in query.get(name, ()))
    tex = next(named, unquote(found["query"]) if "codecogs" in address else "")
    return " ".join(re.sub(r"^(?:\\(?:inline|dpi\{\d+\}|bg_\w+|large|small|fn_\w+)\s*)+", "", tex).split())
