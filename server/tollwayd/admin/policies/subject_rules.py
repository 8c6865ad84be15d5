"""What a policy's subject has to be before it is stored."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final

from tollwayd.admin.policies.access_rules import check_methods
from tollwayd.core.errors import invalid_field
from tollwayd.core.metering.policies.subject import EACH

if TYPE_CHECKING:
    from tollway.admin.v1.policies_pb2 import Subject

__all__ = ["check_subject"]

_ID: Final = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")

_SECRETS: Final = frozenset(
    ("authorization", "proxy-authorization", "cookie", "x-api-key", "api-key", "x-goog-api-key", "query-key")
)
"""Headers whose values must not come to be names of counts."""


def check_subject(path: str, message: Subject) -> None:
    """REASON_FIELD_INVALID; `path` is the message's own, in JSON names."""
    for field, value in (
        ("apiKey", message.api_key),
        ("keyGroup", message.key_group),
        ("tier", message.tier),
        ("provider", message.provider),
    ):
        if value not in ("", EACH) and not _ID.fullmatch(value):
            raise invalid_field(f"{path}.{field}", "is no id; write the last part of a resource name, or `*` for each")
    if EACH in message.model and message.model != EACH:
        raise invalid_field(f"{path}.model", "is no pattern; write a model's public name, or `*` alone for each model")
    if message.user.header in _SECRETS:
        raise invalid_field(
            f"{path}.user.header", "holds a credential, and no user; write a header such as x-tollway-user"
        )
    if message.ip not in ("", EACH):
        _check_network(f"{path}.ip", message.ip)
    check_methods(f"{path}.methods", message.methods)


def _check_network(path: str, text: str) -> None:
    try:
        ip_network(text)
    except ValueError:
        raise invalid_field(path, _advice(text)) from None


def _advice(text: str) -> str:
    try:
        return f"has bits behind its prefix; write {ip_network(text, strict=False)}"
    except ValueError:
        return "is no network; write one such as 203.0.113.0/24, or `*` for each address"
