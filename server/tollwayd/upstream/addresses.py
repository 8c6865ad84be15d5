"""Which IP addresses belong to the public Internet, and which ports are never a provider's.

`ipaddress` alone does not know: its `is_global` is True for NAT64 and 6to4 forms of private addresses, for multicast,
and for addresses that are special in one cloud only. So an address passes only where that property and the lists
below agree. They follow the IANA special-purpose address registries (RFC 6890).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_IPV4_SPECIAL: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # "this network"; connecting to it reaches the machine itself
            "10.0.0.0/8",  # private (RFC 1918)
            "100.64.0.0/10",  # carrier-grade NAT (RFC 6598), some clouds' metadata
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # Azure's host agent: globally routable in form only
            "169.254.0.0/16",  # link-local, most clouds' metadata
            "172.16.0.0/12",  # private (RFC 1918)
            "192.0.0.0/24",  # IETF protocol assignments, one cloud's metadata
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays, deprecated (RFC 7526)
            "192.168.0.0/16",  # private (RFC 1918)
            "198.18.0.0/15",  # benchmarks (RFC 2544)
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)

# Loopback, unspecified, unique local (with clouds' metadata), link-local, multicast and discard-only lie outside.
_IPV6_GLOBAL: Final = IPv6Network("2000::/3")
_IPV6_SPECIAL: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # IETF protocol assignments: Teredo, benchmarks, ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, deprecated (RFC 7526)
            "3ffe::/16",  # the 6bone, returned (RFC 3701)
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)

_NAT64: Final = IPv6Network("64:ff9b::/96")
_IPV4_BITS: Final = 0xFFFF_FFFF

# The bad ports of the Fetch standard, then stores, brokers and machine control that would act on an HTTP request.
_BLOCKED_PORTS: Final = frozenset(
    (
        *(1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104),
        *(109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515),
        *(526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049),
        *(3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
        *(2375, 2376, 2379, 2380, 3306, 5432, 5672, 6379, 6380, 9042, 9092, 10250, 11211, 16379, 26379, 27017),
    )
)


def unwrapped(address: Address) -> Address:
    """The address that packets really go to: the IPv4 one within an IPv4-mapped or a NAT64 address (RFC 6052).

    NAT64 is how machines without IPv4 reach providers that have nothing else, so it is judged, not refused. The other
    forms that embed IPv4 (6to4, Teredo, IPv4-compatible, local-use NAT64) are never needed and never public.
    """
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & _IPV4_BITS)
    return address


def is_public(address: Address) -> bool:
    """Whether an address, unwrapped, is of the public Internet."""
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _IPV4_SPECIAL)
    return address in _IPV6_GLOBAL and not any(address in network for network in _IPV6_SPECIAL)


def is_blocked(port: int) -> bool:
    """Whether a port is one that no provider is called at, allowed network or not."""
    return port in _BLOCKED_PORTS
