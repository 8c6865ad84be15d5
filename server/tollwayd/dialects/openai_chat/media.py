"""Pictures, sounds and documents: data URLs (RFC 2397) and addresses, to and from the canonical Media."""

from __future__ import annotations

import re
from binascii import b2a_base64

from tollway.proxy.v1.conversation_pb2 import Media
from tollwayd.core.errors import invalid_field
from tollwayd.dialects.json_body import base64_content

_DATA_URL = re.compile(r"data:([\w.+-]{1,127}/[\w.+-]{1,127})(?:;[\w.+-]+=[\w.+-]*)*;base64,", re.ASCII | re.IGNORECASE)
_WEB = ("http://", "https://")
_AUDIO_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}
_AUDIO_FORMATS = {
    "audio/wav": "wav",
    "audio/wave": "wav",
    "audio/x-wav": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}


def read_url(url: str, field: str) -> Media:
    """What a URL of a request points to: the bytes of a data URL, or an address of the web. REASON_FIELD_INVALID."""
    if url.startswith("data:"):
        return read_data_url(url, field)
    if not url.startswith(_WEB):
        raise invalid_field(field, "must be an http, https or data URL.")
    return Media(url=url)


def read_data_url(url: str, field: str) -> Media:
    """The bytes of a data URL, which must be base64 and name its media type. REASON_FIELD_INVALID."""
    head = _DATA_URL.match(url)
    if head is None:
        raise invalid_field(field, "must be a data URL of the form data:TYPE/SUBTYPE;base64,CONTENT.")
    return Media(media_type=head[1].lower(), content=base64_content(url[head.end() :], field))


def read_file_data(data: str, field: str) -> Media:
    """A document's bytes, as a data URL or as bare base64, which OpenAI takes for PDF. REASON_FIELD_INVALID."""
    if data.startswith("data:"):
        return read_data_url(data, field)
    return Media(media_type="application/pdf", content=base64_content(data, field))


def read_audio(data: str, audio_format: str, field: str) -> Media:
    """A sound's bytes. REASON_FIELD_INVALID for a format that is not known or data that is not base64."""
    if audio_format not in _AUDIO_TYPES:
        raise invalid_field(f"{field}.format", "must be wav or mp3.")
    return Media(media_type=_AUDIO_TYPES[audio_format], content=base64_content(data, f"{field}.data"))


def data_url(media: Media) -> str:
    """The data URL of a Media with `content`."""
    return f"data:{media.media_type};base64,{base64_text(media)}"


def base64_text(media: Media) -> str:
    """The base64 of a Media with `content`."""
    return b2a_base64(media.content, newline=False).decode()


def audio_format(media: Media) -> str | None:
    """The `format` of a sound; None for one that OpenAI does not take."""
    return _AUDIO_FORMATS.get(media.media_type)
