"""What a REST door can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tollwayd.translator.limits import LEAST_COMPRESSED_BYTES, MAX_BODY_BYTES, MAX_CONNECTIONS, Timeouts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tollwayd.core.errors import Reason
    from tollwayd.translator.head.cors import Cors
    from tollwayd.translator.listeners.listener import ListenerName
    from tollwayd.translator.pages import Page

    OnRefusal = Callable[[Reason], None]


@dataclass(frozen=True, slots=True)
class RestOptions:
    """`max_body_bytes` is the largest request body, and the largest message of a request stream.

    `max_connections` are held at once. `print_unset` prints fields that are not set, as zero values;
    `ignore_unknown_fields` passes over JSON fields and query parameters that a request does not have. Whole answers of
    at least `compress_from` bytes, none where that is None, and with `compress_streams` streamed answers are compressed
    for callers who ask for it. `pages` are served
    beside the methods, by their exact paths. `cors` lets scripts of other origins call; without it browsers keep
    answers from them. `like_grpc_gateway` sends metadata as grpc-gateway does: headers under `Grpc-Metadata-`, and
    trailers to clients that have not said that they read them, too. `on_refusal` hears of every request that is refused
    before it is a call, which no link of the chain does. `listener` names what reads requests from the wire.
    """

    max_body_bytes: int = MAX_BODY_BYTES
    max_connections: int = MAX_CONNECTIONS
    print_unset: bool = True
    ignore_unknown_fields: bool = False
    compress_from: int | None = LEAST_COMPRESSED_BYTES
    compress_streams: bool = True
    timeouts: Timeouts = field(default_factory=Timeouts)
    pages: Mapping[str, Page] = field(default_factory=dict)
    cors: Cors | None = None
    like_grpc_gateway: bool = False
    on_refusal: OnRefusal | None = None
    listener: ListenerName = "lean"
