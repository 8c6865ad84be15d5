"""JSON bodies, as every JSON dialect needs them: decoded only as far as asked, with errors that name the field.

A dialect declares the shapes that it reads as `msgspec.Struct`s. Unknown members are then skipped without being built,
and what is meant to stay JSON text (a schema, say) is declared as `msgspec.Raw`.
"""

from __future__ import annotations

import binascii
import re
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from tollwayd.core.dialect import Envelope
from tollwayd.core.errors import Reason, TollwayError, invalid_field

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

MAX_MODEL_LENGTH = 256
"""Characters in a model's name, as `GenerateRequest.model` has it."""

_ROUTING_FIELDS = frozenset({"model", "stream", "stream_options"})

# Of OpenRouter (the first three), Anthropic, LiteLLM and others: models that answer in place of the one that was asked
# for. The caller may not be allowed to use them, and nobody would be charged their price.
_OTHER_MODELS = frozenset({"models", "route", "preset", "fallbacks"})

_COMMON_FIELDS = _ROUTING_FIELDS | {
    *("messages", "max_tokens", "temperature", "top_p", "tools", "tool_choice", "stop", "user", "metadata"),
    *("max_completion_tokens", "frequency_penalty", "presence_penalty", "response_format", "reasoning_effort", "seed"),
    *("n", "parallel_tool_calls", "service_tier", "system", "stop_sequences", "thinking", "top_k", "store", "logprobs"),
}
"""Names that are in no other's way. Of most requests they are all, which is seen at once."""

_NO_VALUES = frozenset({b"null", b"[]"})
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_RAW = msgspec.json.Decoder(msgspec.Raw)
_ANY = msgspec.json.Decoder()
# DecodeError is not all that the decoder raises: a string that is not UTF-8 is a UnicodeDecodeError.
_MALFORMED = (msgspec.DecodeError, UnicodeDecodeError)
_UNREADABLE = (*_MALFORMED, RecursionError)


def peek(body: bytes) -> Envelope:
    """The body's top-level fields as unread JSON, with `model` and `stream` read.

    Of a field given twice the last one counts, and since a request is sent on from `Envelope.fields`, the provider
    sees that one alone. Raises REASON_JSON_INVALID, REASON_JSON_TOO_DEEP or, for one of the two fields, one
    that names further models, or a body that is no object, REASON_FIELD_INVALID.
    """
    try:
        fields = _FIELDS.decode(body)
        if not fields.keys() <= _COMMON_FIELDS:
            _check_names(fields)
        model = _ANY.decode(fields["model"]) if "model" in fields else None
    except _UNREADABLE as error:
        raise _unreadable(error) from None
    if type(model) is not str or not 0 < len(model) <= MAX_MODEL_LENGTH:
        raise _no_model(fields, model)
    return Envelope(model, "stream" in fields and _stream(fields), fields)


def read_fields(fields: Mapping[str, Any], decoder: msgspec.json.Decoder[T]) -> T:
    """A caller's `Envelope.fields` in the decoder's shape. REASON_FIELD_INVALID names the first wrong field by its path
    in the body, `messages[2].content`.

    Putting the fields together again costs one copy, and buys that all that is nested is decoded in one pass with one
    path of errors.
    """
    return _decode(msgspec.json.encode(fields), decoder)


def read_answer(body: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """What a provider sent, in the decoder's shape. REASON_UPSTREAM_INVALID where it has another."""
    try:
        return decoder.decode(body)
    except _UNREADABLE:
        raise TollwayError(Reason.REASON_UPSTREAM_INVALID) from None


def encode(value: object) -> bytes:
    """Compact JSON, in which a `msgspec.Raw` stands byte for byte."""
    return msgspec.json.encode(value)


def raw_object(text: str, field: str) -> msgspec.Raw:
    """JSON text of an object, checked, to go into a body byte for byte; REASON_FIELD_INVALID for anything else."""
    try:
        raw = _RAW.decode(text)
    except _UNREADABLE:
        raise invalid_field(field, "must be a JSON object.") from None
    object_text(raw, field)
    return raw


def object_text(raw: msgspec.Raw, field: str) -> str:
    """A caller's JSON object as it was written; REASON_FIELD_INVALID where it is none."""
    text = bytes(raw)
    if not text.startswith(b"{"):
        raise invalid_field(field, "must be an object.")
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise TollwayError(Reason.REASON_JSON_INVALID) from None


def base64_content(text: str, field: str) -> bytes:
    """The bytes of a base64 field (RFC 4648, section 4); REASON_FIELD_INVALID where it is not base64."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:  # binascii.Error is one, and so is a character outside ASCII.
        raise invalid_field(field, "must be base64.") from None


def unsupported(field: str, description: str) -> TollwayError:
    """REASON_FEATURE_UNSUPPORTED for one field of a request, by its path in the body."""
    return TollwayError(Reason.REASON_FEATURE_UNSUPPORTED, f"{field}: {description}", metadata={"field": field})


def _decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decoder.decode(body)
    except _UNREADABLE as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> TollwayError:
    match error:
        case msgspec.ValidationError():
            return _violation(str(error))
        case RecursionError():
            return TollwayError(Reason.REASON_JSON_TOO_DEEP)
    return TollwayError(Reason.REASON_JSON_INVALID)


def _check_names(fields: Mapping[str, Any]) -> None:
    """Some providers match names without regard to case: "Model" would get past the check of which models are allowed.

    Case folding and not lower case, because Go's encoding/json takes U+017F (long s) for an s as well.
    """
    for name in fields:
        if name in _ROUTING_FIELDS:
            continue
        known = name.casefold()
        if known in _ROUTING_FIELDS:
            raise invalid_field(known, "must be written in lower case.")
        if known in _OTHER_MODELS and bytes(fields[name]) not in _NO_VALUES:
            raise invalid_field(known, "is not taken here: which models answer is set where the model is configured.")


def _no_model(fields: Mapping[str, Any], model: object) -> TollwayError:
    if "model" not in fields:
        return invalid_field("model", "is required.")
    if type(model) is not str:
        return invalid_field("model", "must be a string.")
    return invalid_field("model", f"must be of 1 to {MAX_MODEL_LENGTH} characters.")


def _stream(fields: Mapping[str, Any]) -> bool:
    """JSON's null is taken for absent: SDKs send it for an option that was not set."""
    stream = _decode(fields["stream"], _ANY)
    if not isinstance(stream, bool | None):
        raise invalid_field("stream", "must be a boolean.")
    return bool(stream)


# What msgspec says of a value that does not fit. Only the place and the expected types are taken from it, never the
# rest: some of its texts quote the request.
_PLACE = re.compile(r" - at `\$\.?([^`]*)`$")
_MISSING = re.compile(r"^Object missing required field `(\w+)`")
_EXPECTED = re.compile(r"^Expected `([\w |]+)`((?: of length)? (?:<=|>=|<|>) [\d.e+-]+)?(?:, got `\w+`)?(?: - at |$)")
_TYPES = {
    "array": "an array",
    "bool": "a boolean",
    "float": "a number",
    "int": "an integer",
    "null": "null",
    "object": "an object",
    "str": "a string",
}


def _violation(said: str) -> TollwayError:
    place = _PLACE.search(said)
    path = place[1] if place else ""
    if missing := _MISSING.match(said):
        return invalid_field(f"{path}.{missing[1]}".lstrip("."), "is required.")
    expected = _EXPECTED.match(said)
    description = f"must be {_in_words(*expected.groups())}." if expected else "has a value that is not allowed here."
    return invalid_field(path or "body", description)


def _in_words(types: str, bounds: str | None) -> str:
    words = " or ".join(_TYPES.get(name, name) for name in types.split(" | "))
    return words + (bounds or "")


MAX_PUBLIC_TEXT = 500
"""Characters of a provider's text that reach a caller."""

_CREDENTIAL = re.compile(
    r"""
    (?i:\bbearer\s+)\S+                             # an Authorization header, quoted
    | (?<![A-Za-z0-9])                              # keys with their vendor's prefix, already half masked or not
      (?:sk|pk|rk|tw|gsk|csk|xai|hf|pplx|nvapi|fw|r8|ghp)[-_][\w*.-]{4,}
    | \bAIza[\w-]{8,}                               # Google
    | \b(?:AKIA|ASIA)[A-Z0-9]{8,}                   # AWS
    | \beyJ[\w-]{8,}(?:\.[\w-]*)*                   # a JSON Web Token
    | (?<![0-9A-Fa-f])[0-9A-Fa-f]{32,}              # hexadecimal
    | (?<![\w+/=])                                  # base64: long, and of capitals, small letters and digits at once,
      (?=[A-Za-z_+/=]*\d)                           # which names of models and paths of URLs are not
      (?=[0-9a-z_+/=]*[A-Z])
      (?=[0-9A-Z_+/=]*[a-z])
      [\w+/=]{32,}
    """,
    re.VERBOSE | re.ASCII,
)
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def public_text(text: str) -> str:
    """What a provider said, fit for a caller: one line of at most MAX_PUBLIC_TEXT characters, with all that looks like
    a credential masked. Providers quote the key that they refuse, and it is the gateway's own."""
    # Cut before the search as well, so that megabytes of text cost nothing.
    line = _BLANK.sub(" ", text[: 4 * MAX_PUBLIC_TEXT]).strip()
    masked = _CREDENTIAL.sub("***", line)
    return masked if len(masked) <= MAX_PUBLIC_TEXT else masked[: MAX_PUBLIC_TEXT - 1] + "…"
