"""The opening handshake of a WebSocket (RFC 6455, section 4.2)."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from hashlib import sha1
from typing import TYPE_CHECKING

from tollwayd.core.errors import Reason, TollwayError
from tollwayd.translator.request import HTTP_1_1

if TYPE_CHECKING:
    from tollwayd.translator.head.cors import CrossOrigin
    from tollwayd.translator.request import Request

_VERSION = "13"
_KEY_BYTES = 16
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3.
_PROTOCOL = "sec-websocket-protocol"
_BEARER = "bearer"


def asks_for_socket(request: Request) -> bool:
    """Whether a GET request asks to go on as a WebSocket. HTTP/1.0 cannot (RFC 9110, section 7.8)."""
    headers = request.headers
    return (
        headers.get("upgrade", "").lower() == "websocket"
        and "upgrade" in _list(headers.get("connection", "").lower())
        and request.version == HTTP_1_1
    )


def accepted(request: Request) -> str:
    """The header lines that accept the handshake. No extension is: what deflates to a kilobyte can hold a megabyte.

    TollwayError: REASON_UPGRADE_REQUIRED for another version, REASON_REQUEST_MALFORMED for what is no handshake.
    """
    headers = request.headers
    if headers.get("sec-websocket-version") != _VERSION:
        raise TollwayError(Reason.REASON_UPGRADE_REQUIRED)
    key = headers.get("sec-websocket-key", "")
    if not _is_key(key):
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED, "Sec-WebSocket-Key is not 16 bytes in base64.")
    if request.body is not None:
        raise TollwayError(Reason.REASON_REQUEST_MALFORMED, "A WebSocket handshake has no body.")
    proof = b64encode(sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()
    scheme, _ = _credential(headers.get(_PROTOCOL, ""))
    protocol = f"{_PROTOCOL}: {scheme}\r\n" if scheme else ""
    return f"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: {proof}\r\n{protocol}"


def check_origin(request: Request, cors: CrossOrigin | None) -> None:
    """REASON_PERMISSION_DENIED for a page from elsewhere that may not call (RFC 6455, section 10.2): of a handshake
    browsers ask nobody before, and what comes over the socket they keep from no page.
    """
    origin = request.headers.get("origin")
    if origin is None or (cors is not None and cors.allows(origin)):
        return
    _, _, host = origin.lower().partition("://")
    if not host or host != request.headers.get("host", "").lower():
        raise TollwayError(Reason.REASON_PERMISSION_DENIED, "Pages of this origin may open no WebSocket here.")


def move_credential(metadata: dict[str, str]) -> None:
    """Puts a credential that came as a subprotocol, `bearer, CREDENTIAL`, where others have theirs: browsers let no
    page set a header of a handshake. Where a different one came in the header, the two are none.
    """
    _, credential = _credential(metadata.pop(_PROTOCOL, ""))
    if credential:
        offered = f"Bearer {credential}"
        given = metadata.get("authorization", offered)
        metadata["authorization"] = offered if given == offered else f"{given}, {offered}"


def _credential(protocols: str) -> tuple[str, str]:
    """The subprotocol that says that the next one is a credential, and that; empty where they are none."""
    offered = _list(protocols)
    return (offered[0], offered[1]) if len(offered) == 2 and offered[0].lower() == _BEARER else ("", "")


def _is_key(key: str) -> bool:
    try:
        return len(b64decode(key, validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def _list(value: str) -> list[str]:
    return [part for each in value.split(",") if (part := each.strip())]
