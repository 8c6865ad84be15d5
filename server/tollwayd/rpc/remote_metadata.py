"""A call's metadata ↔ that of its call to another gRPC server."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error
from typing import TYPE_CHECKING, Final

from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tollwayd.core.call import Call

    Pair = tuple[str, str | bytes]

_REQUEST_ID: Final = "x-request-id"
_FORWARDED_FOR: Final = "x-forwarded-for"
_FORWARDED_HOST: Final = "x-forwarded-host"

_OF_ONE_HOP: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
"""What speaks of the caller's own connection and body, or what gRPC writes by itself."""

# What gRPC takes; HTTP takes more (gRPC over HTTP/2, "Custom-Metadata").
_NAME: Final = re.compile(r"[a-z0-9_.-]+")
_TEXT: Final = re.compile(r"[ -~]*")


def sent(call: Call) -> list[Pair]:
    """What the other server is told: the caller's metadata, the call's id, and whom the call is for.

    Left out is what gRPC has no form for: other than visible ASCII, and names that HTTP alone allows. Values of names
    in `-bin` are base64; TollwayError where one is not.
    """
    metadata = dict(call.metadata)
    metadata.setdefault(_REQUEST_ID, call.id)
    if call.peer:
        before = metadata.get(_FORWARDED_FOR)
        metadata[_FORWARDED_FOR] = f"{before}, {call.peer}" if before else call.peer
    if "host" in metadata:
        metadata.setdefault(_FORWARDED_HOST, metadata["host"])
    return [pair for name, value in metadata.items() if _may_go(name) for pair in _pairs(name, value)]


def _may_go(name: str) -> bool:
    return name not in _OF_ONE_HOP and not name.startswith("grpc-") and _NAME.fullmatch(name) is not None


def _pairs(name: str, value: str) -> Iterator[Pair]:
    if name.endswith("-bin"):
        for part in value.split(","):
            yield name, _decoded(part.strip())
    elif _TEXT.fullmatch(value):
        yield name, value


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (Error, ValueError):
        raise TollwayError(
            Reason.REASON_REQUEST_MALFORMED, "A header whose name ends with -bin has to be base64."
        ) from None


def received(metadata: Iterable[Pair] | None) -> dict[str, str]:
    """What the other server said, as a Call has it: bytes in base64, values of one name joined by commas.

    gRPC's own names are left out, the id, which the door writes, and names with an underscore, which proxies confuse
    with a hyphen.
    """
    found: dict[str, str] = {}
    for name, value in metadata or ():
        if "_" not in name and name != _REQUEST_ID and not name.startswith("grpc-"):
            text = value if isinstance(value, str) else b64encode(value).decode()
            found[name] = f"{found[name]}, {text}" if name in found else text
    return found
