"""The limits of gRPC listeners, and the options of channels, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_METADATA_BYTES = 16 * 1024
"""What a call's metadata may weigh; the HTTP listeners take about as much."""

FRAMING_BYTES = 64 * 1024
"""What a request message may add to the body that it carries."""


def channel_options(max_message_bytes: int) -> Sequence[tuple[str, int]]:
    """The options of a channel to another gRPC server. `max_message_bytes` is the largest message of an answer."""
    return (
        ("grpc.max_receive_message_length", max_message_bytes),
        # The door that the request came through has limited it; the server has a limit of its own.
        ("grpc.max_send_message_length", -1),
        # By itself the library takes 8 KiB, and loses an error whose details are more.
        ("grpc.max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
        # By itself it waits up to two minutes before it tries again to connect, and fails every call until then.
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 2000),
        # How calls are retried is not for whoever runs the name server to say.
        ("grpc.service_config_disable_resolution", 1),
        # No keepalive: servers cut connections whose pings they have not agreed to.
    )
