"""The options of gRPC servers and channels, each with its reason, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_METADATA_BYTES = 16 * 1024
"""What a call's metadata may weigh; the HTTP listeners take about as much."""

FRAMING_BYTES = 64 * 1024
"""What a request message may add to the body that it carries."""


def server_options(max_body_bytes: int, *, reuse_port: bool = False) -> Sequence[tuple[str, int]]:
    """The options of every gRPC listener. `max_body_bytes` is the largest request body."""
    return (
        # A malformed `grpc-timeout` that enters the HPACK table first makes every later call of the connection fail
        # that sends the header at all; behind a proxy that is other callers' connection (grpc/grpc#34721).
        ("grpc.http2.hpack_table_size.decoder", 0),
        ("grpc.max_receive_message_length", max_body_bytes + FRAMING_BYTES),
        # Identity alone: what is compressed is unpacked before anybody knows the caller, a kilobyte into a megabyte.
        ("grpc.compression_enabled_algorithms_bitset", 1),
        ("grpc.max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
        # One connection must not take all of a worker: with it Envoy's edge guide gives 100.
        ("grpc.max_concurrent_streams", 1000),
        # Connections are balanced, not calls: renewing them now and then lets new replicas have their share.
        ("grpc.max_connection_age_ms", 30 * 60 * 1000),
        ("grpc.max_connection_age_grace_ms", 10 * 60 * 1000),
        # Meshes and load balancers forget silent connections after a minute or more.
        ("grpc.keepalive_time_ms", 45_000),
        ("grpc.keepalive_timeout_ms", 15_000),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        # Two processes on one address would share its calls in silence; workers that mean to say so.
        ("grpc.so_reuseport", int(reuse_port)),
        ("grpc.enable_channelz", 1),
    )


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
