"""Heads that come again: clients send the same one with every request of a connection, but for its body's length, and
for what tells its requests from each other.

What llhttp and Python make of a head takes 5 us, a fifth of what this listener and the translator take for a short
call, and what the door makes of it 8. To compare it with the last one and to copy what was made of that takes 1 us.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tollwayd.translator.request import OWN_FIELDS, Recurring, Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tollwayd.translator.listeners.lean.connection import Connection

_HEAD_BYTES: Final = 4096
"""Longer heads are not kept, as every connection would."""

_MISSES: Final = 8
"""Heads that differ from their last one, until a client is taken for one whose heads all do."""

_LENGTH: Final = "content-length"
_CHANGING: Final = OWN_FIELDS | {_LENGTH}
_value: Final = re.compile(rb"[!-~]{1,512}").match
_SPACE: Final = 0x20


class ReadyBody:
    """A body that has come with its head. As `request.Body`."""

    __slots__ = ("_data",)

    whole = True

    def __init__(self, data: bytes) -> None:
        self._data = data

    def take(self) -> bytes:
        data, self._data = self._data, b""
        return data

    async def read(self) -> bytes:
        return self.take()


class Memo:
    """The last head of one connection. `again` gives the request of bytes that are the same head with another body, all
    of it and nothing else; None for any others, which the parser is for and `keep` hears of. What may differ is the
    values of `content-length` and of OWN_FIELDS: `_fields` are their names, each with the bytes that come before its
    value, and `_end` the bytes behind the last.
    """

    __slots__ = ("_client", "_end", "_fields", "_misses", "_request")

    def __init__(self, client: Connection) -> None:
        self._client: Final = client
        self._fields: Sequence[tuple[bytes, str]] = ()
        self._end = b""
        self._misses = 0
        self._request: Request | None = None

    def again(self, data: bytes) -> Request | None:
        """The request of these bytes, which come where a head is to begin."""
        if (known := self._request) is None:
            return None
        own, place = {}, 0
        for before, name in self._fields:
            if not data.startswith(before, place) or (value := _value(data, place + len(before))) is None:
                return None
            own[name] = value[0].decode()
            place = value.end()
        if not data.startswith(self._end, place):
            return None
        place += len(self._end)
        headers, body = {**known.headers, **own} if own else known.headers, None
        if length := own.pop(_LENGTH, ""):
            # llhttp takes digits alone as well. A body of none has no object.
            if not length.isdigit() or not 0 < int(length) == len(data) - place:
                return None
            body = ReadyBody(data[place:])
        elif len(data) != place:
            return None
        self._misses = 0
        return Request(
            known.method,
            known.target,
            known.version,
            headers,
            body,
            self._client,
            known.keep_alive,
            known.recurring,
            own,
        )

    def keep(self, data: bytes, request: Request) -> None:
        """Remembers the head of a request, where these bytes are all of it and nothing else: no other head."""
        self._request = None
        headers, end = request.headers, data.find(b"\r\n\r\n") + 4
        if self._misses == _MISSES or not 4 <= end <= _HEAD_BYTES or not _is_plain(data, request):
            return
        self._misses += 1
        head = data[:end]
        values = _values(head, headers)
        if (_LENGTH in headers and _LENGTH not in values.values()) or len(data) - end != int(headers.get(_LENGTH, "0")):
            return
        self._fields, place = [], 0
        for start in sorted(values):
            name = values[start]
            self._fields.append((head[place:start], name))
            place = start + len(headers[name])
        self._end = head[place:]
        request.recurring = Recurring([name for name in values.values() if name != _LENGTH])
        self._request = replace(request, body=None)  # What nobody reads of it would stay as long as the connection.


def _values(head: bytes, headers: Mapping[str, str]) -> dict[int, str]:
    """Where the values begin that may differ when the head comes again, with the names of their fields."""
    found, lower = {}, head.lower()
    for name in _CHANGING & headers.keys():
        line = f"\r\n{name}:".encode()
        if (start := lower.find(line)) < 0:  # A line that ends otherwise.
            continue
        start += len(line)
        start += head[start] == _SPACE
        value = _value(head, start)
        # A field that is there twice has both values in its one.
        if value is not None and value[0].decode() == headers[name]:
            found[start] = name
    return found


def _is_plain(data: bytes, request: Request) -> bool:
    """Whether all that the parser knows of the head is in the request, and no empty lines come before it."""
    headers = request.headers
    return request.keep_alive and "upgrade" not in headers and "transfer-encoding" not in headers and data[0] > _SPACE
