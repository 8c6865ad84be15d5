"""Reads a provider's base URL, strictly: one spelling per origin, and nothing that two parsers could read in two ways.

The credential of a provider is sealed for its origin and sent to no other, so two spellings of one host have to give
one origin, and what `getaddrinfo` would take for an address has to be known as one before any name is looked up.
"""

from __future__ import annotations

import re
import socket
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, NamedTuple

import idna

from tollwayd.core.errors import invalid_field
from tollwayd.core.origin import DEFAULT_PORTS, Origin

if TYPE_CHECKING:
    from tollwayd.core.errors import TollwayError

MAX_URL_CHARS = 2048
"""As in `tollway.admin.v1.Provider.base_url`."""

MAX_HOST_CHARS = 253
"""The longest name that DNS can hold (RFC 1035, section 2.3.4)."""

_MAX_PORT = 65535

# Userinfo, query, fragment, backslash and percent signs in the host are not in the grammar at all.
_URL = re.compile(
    r"(?P<scheme>[A-Za-z]+)://"
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[^/?#@:\\%\[\]\s\x00-\x20\x7f]+))"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*)"
)
_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)


class BaseUrl(NamedTuple):
    """A provider's base URL: its origin, and its path without the last slash."""

    origin: Origin
    path: str


def parse_base_url(text: str) -> BaseUrl:
    """The base URL in `text`; REASON_FIELD_INVALID for `baseUrl` where it is not one."""
    if len(text) > MAX_URL_CHARS:
        raise _invalid("is too long")
    parts = _URL.fullmatch(text)
    if parts is None:
        raise _invalid("must be a URL such as https://api.example.com/v1, without user, query and fragment")
    scheme = parts["scheme"].lower()
    if scheme not in DEFAULT_PORTS:
        raise _invalid("must begin with https:// or http://")
    if _DOT_SEGMENT.search(parts["path"]):
        raise _invalid("must not have . or .. in its path")
    host = _ipv6(parts["ipv6"]) if parts["ipv6"] else _host(parts["name"])
    return BaseUrl(Origin(scheme, host, _port(parts["port"], scheme)), parts["path"].rstrip("/"))


def _port(digits: str | None, scheme: str) -> int:
    port = int(digits) if digits else DEFAULT_PORTS[scheme]
    if not 0 < port <= _MAX_PORT:
        raise _invalid("has a port that does not exist")
    return port


def _ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise _invalid("has an IPv6 address that cannot be read") from None


def _host(text: str) -> str:
    name = _ascii(text).lower().removesuffix(".")
    if len(name) > MAX_HOST_CHARS or not _NAME.fullmatch(name):
        raise _invalid("has a host that is not a DNS name or an IP address")
    return _ipv4(name) if _NUMERIC.fullmatch(name.rpartition(".")[2]) else name


def _ascii(text: str) -> str:
    if text.isascii():
        return text
    # UTS 46 maps compatibility forms first, as NFKC does: a full-width digit is a digit to getaddrinfo, too.
    if len(text) > MAX_HOST_CHARS:
        raise _invalid("has a host that is too long")
    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except UnicodeError:
        raise _invalid("has a host that is not a valid international name") from None


def _ipv4(name: str) -> str:
    """A host that ends in a number is an IPv4 address or nothing (WHATWG URL, "ends in a number").

    `inet_aton` is the parser that getaddrinfo uses itself: 127.1, 2130706433, 0x7f.1 and 0177.0.0.1 are all 127.0.0.1.
    """
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except OSError:
        raise _invalid("has an IPv4 address that cannot be read") from None


def _invalid(description: str) -> TollwayError:
    return invalid_field("baseUrl", description)
