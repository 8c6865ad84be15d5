"""What comes of reading JSON: by the REST door's codec, and by google.protobuf.json_format."""

from __future__ import annotations

from google.protobuf.json_format import Parse, ParseError

from tollwayd.core.errors import TollwayError
from tollwayd.translator.protojson.codec import decoder

REFUSED = "refused"


def ours(kind, body: str | bytes, **options):
    """The message's bytes, or REFUSED."""
    made = kind()
    try:
        decoder(kind.DESCRIPTOR, **options)(body.encode() if isinstance(body, str) else body, made)
    except TollwayError:
        return REFUSED
    return made.SerializePartialToString(deterministic=True)


def theirs(kind, body: str | bytes, *, ignore_unknown: bool = False):
    """The same as json_format has it."""
    try:
        made = Parse(body, kind(), ignore_unknown_fields=ignore_unknown)
    except (ParseError, UnicodeDecodeError):
        return REFUSED
    return made.SerializePartialToString(deterministic=True)
