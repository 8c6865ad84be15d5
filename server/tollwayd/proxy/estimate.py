"""Usage where a provider names none, or the stream ended before it did: an estimate, and marked as one.

What the model said is the measure: four bytes of ASCII to a token, as in English text and code, three of other
characters, of which Chinese and Japanese have one to a token and most alphabets fewer; and no piece of a stream is less
than a token. Of plain text this is within a third of what tokenizers count. Of calls of tools it is too little: around
each of them models write some 40 tokens that nobody shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollway.proxy.v1.inference_pb2 import Usage

if TYPE_CHECKING:
    from tollwayd.core.call import Exchange
    from tollwayd.core.dialect import Load, Said

BYTES_PER_TOKEN = 4
OTHER_BYTES_PER_TOKEN = 3

MEDIA_TOKENS = 1_000
"""Of one picture, file or sound: a photograph of a megapixel, or a page."""


def usage(exchange: Exchange, *, output_tokens: int, known: Usage | None = None, terms: str = "") -> Usage:
    """An estimate that keeps what the provider did say: its input, its output so far if that is more, its terms."""
    if known is None:
        return Usage(input_tokens=_input(exchange), output_tokens=output_tokens, estimated=True, terms=terms)
    estimated = Usage(estimated=True)
    estimated.MergeFrom(known)
    estimated.output_tokens = max(known.output_tokens, output_tokens - known.reasoning_tokens)
    return estimated


def of_whole(exchange: Exchange, answer_bytes: int) -> Usage:
    """The usage of a whole answer that names none."""
    return usage(exchange, output_tokens=answer_bytes // BYTES_PER_TOKEN)


def tokens(said: Said) -> int:
    """How many tokens something is that a model has said."""
    size = -(-said.ascii_bytes // BYTES_PER_TOKEN) - (-said.other_bytes // OTHER_BYTES_PER_TOKEN)
    return max(size, said.pieces)


def input_tokens(body_bytes: int, load: Load) -> int:
    """How many tokens a request is."""
    images, files, _, inline_bytes, sounds = load
    text = body_bytes - inline_bytes if body_bytes > inline_bytes else 0
    return text // BYTES_PER_TOKEN + (images + files + sounds) * MEDIA_TOKENS


def _input(exchange: Exchange) -> int:
    return exchange.input_estimate or exchange.request_bytes // BYTES_PER_TOKEN
