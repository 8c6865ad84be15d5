"""Usage where a provider names none, or the stream ended before it did: an estimate, and marked as one.

Four bytes to a token is the usual figure for English text; a streamed delta is about one token. Neither is exact, which
is why `Usage.estimated` says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollway.proxy.v1.inference_pb2 import Usage

if TYPE_CHECKING:
    from tollwayd.core.call import Exchange

BYTES_PER_TOKEN = 4


def usage(exchange: Exchange, *, output_tokens: int, known: Usage | None = None) -> Usage:
    """An estimate that keeps what the provider did say: its input, and its output so far if that is more."""
    if known is None:
        return Usage(
            input_tokens=exchange.request_bytes // BYTES_PER_TOKEN, output_tokens=output_tokens, estimated=True
        )
    estimated = Usage(estimated=True)
    estimated.MergeFrom(known)
    estimated.output_tokens = max(known.output_tokens, output_tokens)
    return estimated


def of_whole(exchange: Exchange, answer_bytes: int) -> Usage:
    """The usage of a whole answer that names none."""
    return usage(exchange, output_tokens=answer_bytes // BYTES_PER_TOKEN)
