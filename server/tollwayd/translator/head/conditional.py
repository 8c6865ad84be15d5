"""Conditional requests (RFC 9110, section 13): `If-Match` and `If-None-Match`, judged by etags."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from google.rpc.code_pb2 import Code

from tollwayd.core.errors import Reason, StatusError, TollwayError
from tollwayd.translator.head.etags import TAG

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.protobuf.message import Message

    from tollwayd.translator.head.etags import Etags

IF_MATCH: Final = "if-match"
IF_NONE_MATCH: Final = "if-none-match"

_PRECONDITION_FAILED: Final = 412
_READS: Final = frozenset({"GET", "HEAD"})
_ANY: Final = ("*",)
_WEAK: Final = "W/"
_TAG: Final = re.compile(TAG)
_TAGS: Final = re.compile(rf"[ \t,]*(?:{TAG}[ \t]*(?:,[ \t,]*|\Z))+")


class Condition:
    """One request's condition: `check` and `bind` before the method is asked, `is_current` of the answer to a read.

    A write hands the etag of If-Match to the method, which alone can compare and write in one step. A condition that
    nothing here can judge is refused with 412: what a client made depend on something is not done regardless.
    """

    __slots__ = ("_etag", "_etags", "_metadata", "_reads")

    def __init__(self, etags: Etags, http_method: str, metadata: Mapping[str, str]) -> None:
        self._etags: Final = etags
        self._metadata: Final = metadata
        self._reads: Final = http_method in _READS
        self._etag = ""

    def check(self) -> None:
        """TollwayError for a condition that is malformed, that is false whatever the etag is, or cannot be judged."""
        wanted = self._wanted()
        if not self._reads and IF_NONE_MATCH in self._metadata:
            raise _unsupported("If-None-Match is for GET and HEAD alone. Send the request without it.")
        if wanted in (None, _ANY):
            return  # Of "any etag" nothing is left to ask: where there is nothing, the answer is no success anyway.
        if not (self._etags.shows if self._reads else self._etags.holds):
            raise _unsupported("This method has no etag to compare. Send the request without If-Match.")
        if not self._reads:
            self._etag = _one(wanted)

    def bind(self, message: Message) -> None:
        """Puts the etag of If-Match into a write's request; REASON_FIELD_INVALID where it names another one."""
        if self._etag:
            self._etags.hold(message, self._etag)

    def is_current(self, etag: str) -> bool:
        """Whether the client of a read has this answer already; REASON_ETAG_MISMATCH where it wants another one. In the
        order of RFC 9110, section 13.2.2.
        """
        if not self._reads:
            return False
        wanted = self._wanted()
        if wanted not in (None, _ANY) and (etag.startswith(_WEAK) or etag not in wanted):
            raise TollwayError(Reason.REASON_ETAG_MISMATCH)
        had = _tags(self._metadata.get(IF_NONE_MATCH, ""))
        if had is None or not etag:
            return False
        return had == _ANY or _opaque(etag) in map(_opaque, had)

    def own(self, error: TollwayError) -> None:
        """Gives an error that this condition caused the status of those: the etag was in If-Match, not in the body."""
        if _is_mismatch(error) and self._metadata.get(IF_MATCH, "*").strip() != "*":
            error.rule = replace(error.rule, http_status=_PRECONDITION_FAILED)

    def _wanted(self) -> Sequence[str] | None:
        """The etags of If-Match; None where there is no such header."""
        if (value := self._metadata.get(IF_MATCH)) is None:
            return None
        if (tags := _tags(value)) is None:
            raise TollwayError(
                Reason.REASON_REQUEST_MALFORMED, 'If-Match is neither * nor etags in quotes, such as "42".'
            )
        return tags


def _is_mismatch(error: TollwayError) -> bool:
    if isinstance(error, StatusError):
        return bool(error.rule.code == Code.ABORTED)  # Other servers have a code alone to say it (AIP-154).
    return error.reason == Reason.REASON_ETAG_MISMATCH


def _one(wanted: Sequence[str]) -> str:
    strong = {each for each in wanted if not each.startswith(_WEAK)}
    if not strong:
        raise TollwayError(Reason.REASON_ETAG_MISMATCH)  # Weak ones match nothing (RFC 9110, section 13.1.1).
    if len(strong) > 1:
        raise _unsupported("This method compares one etag. Name one etag in If-Match.")
    return strong.pop()


def _tags(value: str) -> Sequence[str] | None:
    """The etags of a header; None where it is no list of them."""
    if value.strip() == "*":
        return _ANY
    return _TAG.findall(value) if _TAGS.fullmatch(value) else None


def _opaque(tag: str) -> str:
    """What weak comparison (RFC 9110, section 8.8.3.2) goes by."""
    return tag.removeprefix(_WEAK)


def _unsupported(text: str) -> TollwayError:
    return TollwayError(Reason.REASON_PRECONDITION_UNSUPPORTED, text)
