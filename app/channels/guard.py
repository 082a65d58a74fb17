"""Which addresses may be called: none inside the network that the server stands in."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from app.errors import InvalidError, Problem

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_INSIDE = tuple(map(ipaddress.ip_network, ("::/96", "64:ff9b:1::/48", "fec0::/10", "192.0.0.0/24")))
"""What the library takes for global: retired or local clothes of private addresses."""


@dataclass(slots=True)
class _Guard:
    networks: tuple[Network, ...] = ()


_guard = _Guard()


def allow(networks: tuple[Network, ...]) -> None:
    """The private networks that may be called, from the settings; nobody adds to them later."""
    _guard.networks = networks


def forbidden(address: str) -> bool:
    """Whether an address lies inside: private, loopback, link-local and the like, in whatever
    clothes it comes, unless the settings allow its network."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return True
    if any(ip in network for network in _guard.networks):
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return forbidden(str(inner))
    local = any(ip in network for network in _INSIDE)
    return not ip.is_global or ip.is_multicast or local


def parsed(text: str) -> Url:
    """The parts of an address; ValueError when it isn't one for HTTP."""
    if any(ord(char) <= 32 or ord(char) == 127 for char in text):
        raise ValueError("blanks in the address")
    try:
        url = parse_url(text)
    except LocationParseError as error:
        raise ValueError(str(error)) from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("not an http address")
    return url


def refuse(text: str, field: str) -> None:
    """Raise InvalidError for an address that can't be called, or must not be. A name that can't
    be resolved just now passes: that shows when something is sent."""
    try:
        url = parsed(text)
    except ValueError:
        words = {
            "zh": "请填写完整网址，以 https:// 开头。",
            "en": "Enter a whole address that begins with https://.",
        }
        raise InvalidError(Problem(words, field)) from None
    if url.auth:
        words = {
            "zh": "网址中不能带用户名和密码。",
            "en": "The address must not carry a user and password.",
        }
        raise InvalidError(Problem(words, field))
    with suppress(OSError, UnicodeError):
        inside = [found for found in resolved(name(url), port(url)) if forbidden(found[1][0])]
        if inside:
            at = inside[0][1][0]
            words = {
                "zh": f"这个网址指向内部网络（{at}），不允许使用。确需使用，请运维人员在设置 "
                "PRIVATE_NETWORKS 中放行。",
                "en": f"This address leads into a private network ({at}), which is forbidden. If "
                "it is meant, the operator allows it with the setting PRIVATE_NETWORKS.",
            }
            raise InvalidError(Problem(words, field))


def name(url: Url) -> str:
    return (url.host or "").strip("[]")


def port(url: Url) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def resolved(host: str, at: int) -> list[tuple[Any, tuple[Any, ...]]]:
    found = socket.getaddrinfo(host, at, type=socket.SOCK_STREAM)
    return [(family, address) for family, _kind, _proto, _canonical, address in found]


class InsideError(OSError):
    """The name leads inside."""
