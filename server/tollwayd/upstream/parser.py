"""Reads the answers on one connection, one after the other (RFC 9112), by llhttp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from tollwayd.core.errors import TollwayError
from tollwayd.upstream.failures import unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tollwayd.upstream.limits import Limits
    from tollwayd.upstream.response import HttpResponse

_CONTINUE, _SWITCHING_PROTOCOLS, _OK = 100, 101, 200

_SIZE_BYTES: Final = 10
"""Of a chunk's size with the end of its line, as far as it is looked for here: a read has at most 256 KiB."""


class AnswerParser:
    """Feeds one HttpResponse at a time with what it reads.

    `begun` says that something of the answer has come, `complete` that all of it has, `keep_alive` that another may
    follow on the connection, `until_close` that only the connection's end is the answer's. llhttp runs in its strict
    mode: it refuses a length next to chunks, two lengths, bare line feeds and the like, which smuggle answers.

    `between_chunks` says that a chunk comes next, or the last one. `chunk_in` may read it then, unknown to llhttp.
    """

    __slots__ = (
        "_fields",
        "_head_bytes",
        "_head_fields",
        "_interim",
        "_limits",
        "_overhead",
        "_parser",
        "_pieces",
        "_response",
        "begun",
        "between_chunks",
        "complete",
        "keep_alive",
        "on_body",
        "until_close",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pieces: list[bytes] = []
        self.on_body: Final = self._pieces.append  # Called by llhttp for each piece of the body.
        self._parser = HttpResponseParser(self)

    def expect(self, response: HttpResponse) -> None:
        """Reads the next answer into `response`."""
        self._response = response
        self._fields: list[bytes] = []
        self._head_fields = self._head_bytes = self._overhead = 0
        self._interim = self.begun = self.complete = self.keep_alive = self.until_close = False
        self.between_chunks = False

    def feed(self, data: bytes) -> None:
        """Reads on. TollwayError where the answer breaks HTTP or a limit.

        What follows a whole answer is not the answer's fault: it only ends `keep_alive`.
        """
        self._overhead += len(data)
        self.between_chunks = False
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self.keep_alive = False
            if not self.complete:
                raise _refusal(error) from None
        finally:
            if pieces := self._pieces:
                self._overhead = 0
                self._response.body_arrived(pieces)
                pieces.clear()
        # Nothing calls back for a status line, a field or a chunk extension that does not end, so bytes that bring no
        # body forward are counted too; twice the limit leaves room for what frames the fields.
        if self._overhead > 2 * self._limits.head_bytes:
            raise _too_large()
        # What may follow a chunk and does not begin another one (a part of its size) has no line end.
        if self.between_chunks and not data.endswith(b"\r\n"):
            self.between_chunks = False

    def chunk_in(self, data: bytes) -> bytes:
        """The piece of the body in bytes that come `between_chunks`, where they are a chunk and nothing else, as most
        of a stream are: of what a delta takes up to here that is half. Empty for what has to be fed."""
        start = data.find(b"\r\n", 0, _SIZE_BYTES) + 2
        # The size as almost all write it, which says that it is one, too.
        if data.startswith(b"%x\r\n" % (len(data) - start - 2)) and data.endswith(b"\r\n"):
            return data[start:-2]
        return b""

    def close(self) -> None:
        """The connection is gone: llhttp's parser and this one hold each other, and would wait for a collection."""
        del self._parser

    def on_message_begin(self) -> None:
        """Called by llhttp. A second answer to one request is not read."""
        if self.complete:
            raise unreadable()
        self.begun = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by llhttp for each header, and for each field of a trailer, which goes nowhere (RFC 9110, 6.5.1)."""
        self._fields += (name, value)

    def on_headers_complete(self) -> None:
        """Called by llhttp at the end of each head; interim ones (1xx) are passed over (RFC 9110, section 15.2)."""
        status = self._parser.get_status_code()
        fields = self._take_fields()
        if status >= _OK:
            # Names come in any case, and without commas. Of most answers none is looked at but here, so no mapping is
            # made. `in` would take twice the time of `find`, as bytes may be asked for a number as well.
            names = b",%b," % b",".join(fields[::2]).lower()
            if names.find(b",content-length,") < 0 or names.find(b"-encoding,") >= 0:
                self.until_close = _ends_with_connection(dict(zip(names[1:-1].split(b","), fields[1::2], strict=False)))
            self._response.head_arrived(status, fields)
        elif status < _CONTINUE or status == _SWITCHING_PROTOCOLS:
            raise unreadable()
        else:
            self._interim = True

    def on_chunk_header(self) -> None:
        """Called by llhttp at the beginning of each chunk, and of the trailer."""
        self.between_chunks = False

    def on_chunk_complete(self) -> None:
        """Called by llhttp at the end of each chunk."""
        self.between_chunks = True

    def on_message_complete(self) -> None:
        """Called by llhttp at the end of each answer that has an end of its own."""
        if self._interim:
            self._interim = False
            return
        if self._fields:  # Of a trailer.
            self._take_fields()
        self.complete = True
        self.keep_alive = self._parser.should_keep_alive()

    def _take_fields(self) -> list[bytes]:
        """The fields of a head or trailer, names and values in turn; refuses too many in all, which `feed` has let come
        up to its own bound."""
        fields, self._fields = self._fields, []
        self._head_fields += len(fields) // 2
        self._head_bytes += sum(map(len, fields))
        if self._head_bytes > self._limits.head_bytes or self._head_fields > self._limits.head_fields:
            raise _too_large()
        return fields


def _ends_with_connection(fields: Mapping[bytes, bytes]) -> bool:
    """Whether only the connection's end is the body's (RFC 9112, 6.3); refuses codings that were not asked for."""
    if fields.get(b"content-encoding", b"identity").lower() != b"identity":
        raise unreadable("The provider's answer is compressed, which it was asked not to be.")
    coding = fields.get(b"transfer-encoding")
    if coding is None:
        return b"content-length" not in fields
    if coding.lower() != b"chunked":
        raise unreadable("The provider's answer has a transfer coding that it was not asked for.")
    return False


def _too_large() -> TollwayError:
    return unreadable("The provider's answer has a head that is too large.")


def _refusal(error: Exception) -> TollwayError:
    # What a callback raised is the context of what llhttp's binding raises for it.
    refusal = error.__context__
    return refusal if isinstance(refusal, TollwayError) else unreadable()
