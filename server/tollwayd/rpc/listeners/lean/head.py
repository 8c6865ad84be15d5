"""The head of a gRPC call (gRPC over HTTP/2, "Requests"): its path, metadata and time."""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Final, NamedTuple

from tollwayd.core.call import Metadata
from tollwayd.core.errors import Reason, TollwayError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tollwayd.rpc.listeners.lean.hpack import Field

_GRPC: Final = b"application/grpc"
_IDENTITY: Final = b"identity"
_PSEUDO: Final = frozenset({b":method", b":scheme", b":path", b":authority"})
_OWN: Final = frozenset({b"te", b"content-type", b"host"})
_CONNECTION: Final = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9a-z-]+")
_TIMEOUT: Final = re.compile(rb"([0-9]{1,8})([HMSmun])")
_SECONDS: Final = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}

_log = logging.getLogger(__name__)


class Head(NamedTuple):
    """A call's head. `timeout` is in seconds, None where there is no end. `refusal` is why it cannot be called so;
    `status` is the HTTP status for what is no gRPC at all, else 200.
    """

    path: str
    metadata: Mapping[str, str]
    timeout: float | None = None
    refusal: TollwayError | None = None
    status: int = 200


def read_head(fields: Iterable[Field]) -> Head | None:
    """The head that these fields are, None where they are none (RFC 9113, section 8.1.1).

    Names and values of metadata are text; values of one name are joined by commas; those in `-bin` stay in base64.
    """
    pseudo: dict[bytes, bytes] = {}
    plain: dict[bytes, bytes] = {}
    for name, value in fields:
        if name.startswith(b":"):
            if plain or name in pseudo or name not in _PSEUDO:
                return None
            pseudo[name] = value
        elif name in plain:
            plain[name] = plain[name] + b", " + value
        else:
            plain[name] = value
    if not pseudo.keys() >= {b":method", b":scheme", b":path"} or not plain.keys().isdisjoint(_CONNECTION):
        return None
    if not all(map(_NAME.fullmatch, plain)):
        return None
    return _read(pseudo, plain)


def _read(pseudo: Mapping[bytes, bytes], plain: Mapping[bytes, bytes]) -> Head:
    path = pseudo[b":path"].decode("latin-1")
    if pseudo[b":method"] != b"POST":
        return Head(path, {}, status=405)
    if not plain.get(b"content-type", b"").startswith(_GRPC):
        return Head(path, {}, status=415)
    if plain.get(b"grpc-encoding", _IDENTITY) != _IDENTITY:
        return Head(path, {}, refusal=TollwayError(Reason.REASON_ENCODING_UNSUPPORTED))
    try:
        timeout = _timeout(plain.get(b"grpc-timeout"))
    except TollwayError as refusal:
        return Head(path, {}, refusal=refusal)
    return Head(path, _metadata(plain), timeout)


def _metadata(plain: Mapping[bytes, bytes]) -> Mapping[str, str]:
    named = ((name, value) for name, value in plain.items() if name not in _OWN and not name.startswith(b"grpc-"))
    return Metadata({name.decode(): _text(value) for name, value in named})


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        _log.warning("A call has metadata that is not text.")
        return b64encode(value).decode()


def _timeout(value: bytes | None) -> float | None:
    if value is None:
        return None
    found = _TIMEOUT.fullmatch(value)
    if found is None:
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED, "grpc-timeout is not 1 to 8 digits and one of HMSmun.")
    return int(found[1]) * _SECONDS[found[2]]
