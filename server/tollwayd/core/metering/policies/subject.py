"""Which calls a rule is about, and which of its counts they meet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from tollwayd.core.metering.policies.count_name import part

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from ipaddress import IPv4Network, IPv6Network

    from tollway.admin.v1.policies_pb2 import Subject as SubjectMessage
    from tollway.admin.v1.policies_pb2 import UserSubject
    from tollwayd.core.metering.policies.facts import Facts

    Condition = Callable[[Facts], bool]
    Part = Callable[[Facts], str]

EACH: Final = "*"
"""The condition that every value meets, each with a count of its own."""

_ONE: Final = ("",)
_NONE: Final = ()


@dataclass(frozen=True, slots=True)
class Anchor:
    """The condition by which a set of rules finds this one without asking it: `kind` is the field of `Facts`."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Subject:
    """A compiled `tollway.admin.v1.Subject`. `provider` is empty where the rule is about the whole call. Beside what a
    call's key, model and method say, it minds the caller's address (`by_ip`), and a header where it has one's name."""

    conditions: Sequence[Condition]
    parts: Sequence[Part]
    each_group: bool
    provider: str
    anchor: Anchor | None
    by_ip: bool = False
    header: str = ""

    def matches(self, facts: Facts) -> bool:
        """Whether a call meets every condition, but the one on the provider."""
        return all(condition(facts) for condition in self.conditions)

    def buckets(self, facts: Facts) -> Sequence[str]:
        """What the counts that a call meets are called behind the rule's own name: none where it does not match, else
        one, or one for each group of its key."""
        for condition in self.conditions:
            if not condition(facts):
                return _NONE
        if not self.parts and not self.each_group:
            return _ONE
        own = "".join([name(facts) for name in self.parts])
        return [f"{own}|g={part(group)}" for group in sorted(facts.groups)] if self.each_group else [own]


def compile_subject(message: SubjectMessage) -> Subject:
    """ValueError where the message says something that cannot be meant."""
    conditions: list[Condition] = []
    parts: list[Part] = []
    if message.api_key == EACH or message.user.header:
        parts.append(lambda facts: f"|k={part(facts.api_key)}")
    if message.api_key not in ("", EACH):
        conditions.append(_is("api_key", message.api_key))
    if message.key_group not in ("", EACH):
        group = message.key_group
        conditions.append(lambda facts: group in facts.groups)
    _add(message.tier, "tier", "|t=", conditions, parts)
    _add(message.model, "model", "|m=", conditions, parts)
    if message.HasField("user"):
        _add_user(message.user, conditions, parts)
    _add_ip(message.ip, conditions, parts)
    if message.methods:
        methods = frozenset(message.methods)
        conditions.append(lambda facts: facts.method in methods)
    by_ip, header = bool(message.ip), message.user.header
    return Subject(conditions, parts, message.key_group == EACH, message.provider, _anchor(message), by_ip, header)


def _anchor(message: SubjectMessage) -> Anchor | None:
    # The one that fewest calls meet.
    for field, kind in (("api_key", "api_key"), ("key_group", "groups"), ("tier", "tier"), ("model", "model")):
        if (value := getattr(message, field)) not in ("", EACH):
            return Anchor(kind, value)
    return None


def _is(field: str, wanted: str) -> Condition:
    return lambda facts: getattr(facts, field) == wanted


def _add(wanted: str, field: str, mark: str, conditions: list[Condition], parts: list[Part]) -> None:
    if wanted == EACH:
        conditions.append(lambda facts: bool(getattr(facts, field)))
        parts.append(lambda facts: f"{mark}{part(getattr(facts, field))}")
    elif wanted:
        conditions.append(_is(field, wanted))


def _add_user(message: UserSubject, conditions: list[Condition], parts: list[Part]) -> None:
    """A call that names no user counts as one of a user without a name: who leaves the header out is not free."""
    if not (name := message.header):
        raise ValueError("subject.user names no header")

    def user(facts: Facts) -> str:
        return facts.headers.get(name, "")

    if message.value in ("", EACH):
        parts.append(lambda facts: f"|u={part(user(facts))}")
    else:
        conditions.append(lambda facts: user(facts) == message.value)


def _add_ip(wanted: str, conditions: list[Condition], parts: list[Part]) -> None:
    if wanted == EACH:
        conditions.append(lambda facts: _address(facts.ip) is not None)
        parts.append(lambda facts: f"|i={_address(facts.ip)}")
    elif wanted:
        network = ip_network(wanted)
        conditions.append(lambda facts: _inside(facts.ip, network))


def _inside(ip: str, network: IPv4Network | IPv6Network) -> bool:
    address = _address(ip)
    return address is not None and address in network


@lru_cache(maxsize=4096)
def _address(ip: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return None  # A caller on a Unix socket has none.
    # A listener for both families shows an IPv4 caller so (RFC 4291, section 2.5.5.2).
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
