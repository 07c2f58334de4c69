"""What an address points at: one spelling for each page, and the arXiv id or DOI it names.

Notes and feeds link the same page in many ways: with the sender's tracking, through a redirector, as PDF or
abstract, with a version. `canonical_url` gives them one spelling, so that a paper is listed once.
"""

import hashlib
import re
from collections import Counter
from functools import lru_cache
from urllib.parse import quote, unquote

LONGEST = 2_048  # letters of an address; no page is found by more, and a longer one stays as it is written
_HTTP = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.IGNORECASE | re.DOTALL)

# Added by whoever shared the link; no site needs them to find the page.
_TRACKING = re.compile(
    r"utm_\w+|spm|spm_id_from|share_(?:source|medium|plat|session_id|tag|from)|vd_source|isappinstalled"
    r"|fbclid|gclid|msclkid|yclid|igshid|mc_[ce]id|_hsenc|_hsmi|phpsessid|jsessionid|aspsessionid\w*",
    re.IGNORECASE,
)
# Names that mean something elsewhere (`from`, `t`, `scene`), so they go only where they are known to be tracking.
_TRACKING_AT = {
    "mp.weixin.qq.com": "from scene subscene chksm mpshare srcid sharer_shareinfo sharer_shareinfo_first"
    " sharer_sharetime sharer_shareid clicktime enterid ascene sessionid exportkey pass_ticket wx_header",
    "zhihu.com": "from",
    "bilibili.com": "from_spmid seid buvid unique_k is_story_h5 plat_id bsource",
    "youtube.com": "si feature",
    "youtu.be": "si feature",
    "x.com": "s t ref_src",
    "twitter.com": "s t ref_src",
    "medium.com": "source",
}
_REDIRECTORS = {  # by how their addresses begin, and where in the query they name their target
    "link.zhihu.com/": "target",
    "link.juejin.cn/": "target",
    "link.csdn.net/": "target",
    "links.jianshu.com/go": "to",
    "www.google.com/url": "url q",
    "out.reddit.com/": "url",
    "l.facebook.com/l.php": "u",
}
_NO_FRAGMENT = re.compile(r"#(?::~:.*|wechat_redirect|rd)?", re.DOTALL)

_ARCHIVES = (
    "acc-phys adap-org alg-geom ao-sci astro-ph atom-ph bayes-an chao-dyn chem-ph cmp-lg comp-gas cond-mat cs dg-ga"
    " econ eess funct-an gr-qc hep-ex hep-lat hep-ph hep-th math math-ph mtrl-th nlin nucl-ex nucl-th patt-sol physics"
    " plasm-ph q-alg q-bio q-fin quant-ph solv-int stat supr-con"
).replace(" ", "|")
# 2402.12352, 0704.0001 or hep-th/9901001; the class in math.GT/0309136 is no part of the id.
_ID = (
    r"(?:(?P<new>\d\d(?:0[1-9]|1[0-2])\.\d{4,5})"
    rf"|(?P<archive>{_ARCHIVES})(?:\.[a-z]{{2}})?/(?P<old>\d\d(?:0[1-9]|1[0-2])\d{{3}}))(?P<version>v\d+)?(?![\w.]*\d)"
)
_ARXIV_HOSTS = r"(?:(?:[a-z]{2,8}\.)?arxiv\.org|xxx\.lanl\.gov)"  # its mirrors and feeds too
_ARXIV_PAGE = re.compile(
    rf"https?://{_ARXIV_HOSTS}(?::\d+)?/(?:abs|pdf|html|ps|format|e-print|src)/{_ID}(?:\.pdf)?/?(?:[?#].*)?",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_ARXIV_MENTION = re.compile(
    rf"(?:\barxiv(?:\.org)?:\s*|10\.48550/arxiv\.|{_ARXIV_HOSTS}(?::\d+)?/(?:abs|pdf|html|ps|format|e-print|src)/"
    r"|\b(?:ar5iv(?:\.labs\.arxiv)?|alphaxiv)\.org/(?:[a-z]{2}/)?(?:abs|html|pdf|overview|audio|resources)/"
    r"|\b(?:huggingface|hf|hf-mirror)\.(?:co|com)/papers/|\btldr\.takara\.ai/p/|\bemergentmind\.com/papers/"
    r"|\barxiv-sanity-lite\.com/\?(?:[^#\s]*&)?pid=|\badsabs\.harvard\.edu/abs/"
    # papers.cool, scirate.com, semanticscholar.org and others name the archive in the path
    r"|https?://[\w.:-]+/(?:[\w-]+/)?arxiv[/:])" + _ID,
    re.IGNORECASE | re.ASCII,
)
_ARXIV_BARE = re.compile(rf"\s*{_ID}\s*", re.IGNORECASE | re.ASCII)

_DOI = r"(10\.\d{4,9}/[!$-;=@-~]*[\w()\[\]/-])"  # printable ASCII; a full stop at its end is the sentence's
_DOI_MENTION = re.compile(
    rf"(?:\bdoi\.org/|\bdoi:\s*|\binfo:doi/|/doi/(?:(?:abs|full|pdf|epdf|book)/)?){_DOI}", re.IGNORECASE | re.ASCII
)
_DOI_PAGE, _ARXIV_DOI_PAGE = (
    re.compile(rf"https?://(?:(?:dx|www)\.)?doi\.org/{name}(?:[?#].*)?", re.IGNORECASE | re.ASCII | re.DOTALL)
    for name in (_DOI, r"10\.48550/arxiv\." + _ID)
)
_DOI_BARE = re.compile(rf"\s*{_DOI}\s*", re.ASCII)
# One paper's page and its PDF: the groups of an address, and the page's address with them put in.
_PAGES = tuple(
    (re.compile(rf"https?://{address}(?:[?#].*)?", re.IGNORECASE | re.DOTALL), page)
    for address, page in (
        (r"(?!.*[?&]noteId=)(?:www\.|api2?\.)?openreview\.net/(?:forum|pdf|attachment|revisions)\?(?:[^#]*&)?id=([\w-]+)(?:&[^#]*)?",
         r"https://openreview.net/forum?id=\1"),
        (r"openreview\.net/pdf/([\w-]{6,20})\.pdf", r"https://openreview.net/forum?id=\1"),
        (r"(?:www\.)?(?:aclanthology\.org|aclweb\.org/anthology|aclanthology\.info/papers)/"
         r"((?:[A-Z]\d\d-\d{4,5}|\d{4}\.[a-z0-9_]+-[a-z0-9_]+\.\d+))(?:v\d+)?(?:/|\.pdf|\.bib)?",
         r"https://aclanthology.org/\1/"),
        (r"proceedings\.mlr\.press/(v\d+)/([\w-]+)(?:\.html|/\2\.pdf)?", r"https://proceedings.mlr.press/\1/\2.html"),
    )
)  # fmt: skip

_DROPPED = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_FULL_WIDTH_END = "，。；：！？、…～“”‘’《〈「『【（"
_FULL_WIDTH_PAIRS = {"）": "（", "】": "【", "》": "《", "〉": "〈", "」": "「", "』": "『"}


@lru_cache(maxsize=10_000)  # an address is asked for as a link, as a name, and for a hash
def canonical_url(url: str) -> str:
    """The one spelling of an address: no tracking, no redirector, arXiv as `https://arxiv.org/abs/ID`.

    What is not http(s) comes back as it is, trimmed. Applying it twice changes nothing.

    >>> canonical_url("http://arxiv.org/pdf/2106.09685v2.pdf")
    'https://arxiv.org/abs/2106.09685'
    >>> canonical_url("https://link.zhihu.com/?target=https%3A//Example.com%3A443/a%3Futm_source%3Dzhihu")
    'https://example.com/a'
    """
    if len(url) > LONGEST:
        return url.strip()
    while (cleaner := _cleaned(url)) != url:  # what tracking hid may want cleaning: `…/a。?utm_source=b`
        url = cleaner
    return url


def tracking(url: str) -> tuple[str, ...]:
    """Names of the parameters of an address that only say who shared it."""
    parts = _HTTP.fullmatch(url)
    if not parts:
        return ()
    host = _host(parts[1].lower(), parts[2])
    names = (pair.partition("=")[0] for pair in (parts[4] or "")[1:].split("&") if pair)
    return tuple(dict.fromkeys(name for name in names if _is_tracking(name, host)))


def arxiv_id(text: str) -> str:
    """The arXiv id, without version, that `text` is or names in an address, an `arXiv:` reference or a DOI; or "".

    A bare id counts only when it is the whole text: `2607.11111` within a sentence may be any number.
    """
    found = _arxiv(text)
    return _id_of(found) if found else ""


def arxiv_version(text: str, arxiv: str) -> str:
    """The version, such as `v2`, in which `text` names the paper with this arXiv id, or ""."""
    found = _arxiv(text)
    return (found["version"] or "").lower() if found and _id_of(found) == arxiv else ""


def doi_of(text: str) -> str:
    """The DOI in lower case that `text` is or names in an address or a `doi:` reference; or ""."""
    text = unquote(text[:LONGEST])
    if "10." not in text:
        return ""
    found = _DOI_BARE.fullmatch(text) or _DOI_MENTION.search(text)
    return found[1].lower() if found else ""


def paper_id(url: str, arxiv: str = "", doi: str = "") -> str:
    """The id of a paper: that of arXiv, else its DOI, else a hash of its canonical address."""
    if arxiv or doi:
        return f"arxiv:{arxiv}" if arxiv else f"doi:{doi}"
    return "url:" + hashlib.sha256(canonical_url(url).encode()).hexdigest()[:16]


@lru_cache(maxsize=10_000)  # for the id, for its version, and once more by who links it
def _arxiv(text: str) -> re.Match[str] | None:
    text = text[:LONGEST]
    return _ARXIV_BARE.fullmatch(text) or _ARXIV_MENTION.search(unquote(text))


def _cleaned(url: str) -> str:
    url = _trim(url)
    while inner := _unwrap(url):  # each round is shorter than the one before
        url = _trim(inner)
    if not (parts := _HTTP.fullmatch(url)):
        return url
    if (page := _ARXIV_PAGE.fullmatch(url)) or (page := _ARXIV_DOI_PAGE.fullmatch(unquote(url))):
        return f"https://arxiv.org/abs/{_id_of(page)}"
    if page := _DOI_PAGE.fullmatch(unquote(url)):
        return f"https://doi.org/{page[1].lower()}"
    for address, paper in _PAGES:
        if page := address.fullmatch(url):
            return page.expand(paper)
    scheme = parts[1].lower()
    host = _host(scheme, parts[2])
    query = _query(host, parts[4] or "")
    fragment = "" if _NO_FRAGMENT.fullmatch(parts[5] or "") else parts[5] or ""
    return f"{scheme}://{host}{parts[3] or '/'}{query}{fragment}"


def _trim(url: str) -> str:
    """Without blanks, invisible characters and full-width punctuation at its end; a closing bracket may pair."""
    url = re.sub("&(?:amp;)+", "&", _DROPPED.sub("", url).strip())  # copied from HTML source
    wide = "" if url.isascii() else url
    count = Counter(char for char in wide if char in _FULL_WIDTH_PAIRS or char in _FULL_WIDTH_END)
    end = len(url)
    while end and (
        (last := url[end - 1]) in _FULL_WIDTH_END
        or last.isspace()
        or (last in _FULL_WIDTH_PAIRS and count[last] > count[_FULL_WIDTH_PAIRS[last]])
    ):
        count[last] -= 1
        end -= 1
    url = url[:end]
    return re.sub(r"\s", lambda blank: quote(blank[0]), url) if _HTTP.fullmatch(url) else url


def _unwrap(url: str) -> str:
    """The address behind a redirector, or ""."""
    parts = _HTTP.fullmatch(url)
    if not parts or not parts[4]:
        return ""
    place = f"{_host(parts[1].lower(), parts[2])}{parts[3] or '/'}"
    names = next((names.split() for begin, names in _REDIRECTORS.items() if place.startswith(begin)), [])
    for pair in parts[4][1:].split("&") if names else ():
        key, _, value = pair.partition("=")
        target = unquote(value)
        if key in names and _HTTP.match(target.strip()):
            return target
    return ""


def _host(scheme: str, netloc: str) -> str:
    """Host in lower case and ASCII without the scheme's own port; a user name before `@` keeps its case."""
    user, at, host = netloc.rpartition("@")
    default = "443" if scheme == "https" else "80"
    host = host.lower()
    while (shorter := host.removesuffix(f":{default}").removesuffix(":")) != host:
        host = shorter
    try:
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        pass  # no host can be called so
    return user + at + host


def _query(host: str, query: str) -> str:
    kept = [pair for pair in query[1:].split("&") if pair and not _is_tracking(pair.partition("=")[0], host)]
    return "?" + "&".join(kept) if kept else ""


def _is_tracking(name: str, host: str) -> bool:
    here = (names for site, names in _TRACKING_AT.items() if f".{host}".endswith(f".{site}"))
    return _TRACKING.fullmatch(name) is not None or any(name in names.split() for names in here)


def _id_of(found: re.Match[str]) -> str:
    return found["new"] or f"{found['archive'].lower()}/{found['old']}"
