"""By which way an address is reached, and whether it is one of the open internet."""

import ipaddress
from urllib.request import getproxies, proxy_bypass

import httpx


def proxy_for(url: httpx.URL) -> str:
    """The proxy that the environment names for an address, or ""."""
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all") or ""
    if not proxy or proxy_bypass(url.host):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def is_literal(host: str) -> bool:
    """Whether a host is an address in numbers, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GIVEN = ipaddress.IPv6Network("2000::/3")  # of what lies beside it, Python takes the sites' own and others' for open


def is_private(address: str) -> bool:
    """Whether an address is not of the open internet, be it wrapped in one of IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else ip.ipv4_mapped or ip.sixtofour
        ip = inner or ip
    return not ip.is_global or ip.is_multicast or (ip.version == 6 and ip not in _GIVEN)
