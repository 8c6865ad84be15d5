"""The options of grpc.aio's servers, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tollwayd.rpc.options import MAX_METADATA_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence


def server_options(max_message_bytes: int, *, reuse_port: bool = False) -> Sequence[tuple[str, int]]:
    """The options of every server. `max_message_bytes` is the largest request message."""
    return (
        # A malformed `grpc-timeout` that enters the HPACK table first makes every later call of the connection fail
        # that sends the header at all; behind a proxy that is other callers' connection (grpc/grpc#34721).
        ("grpc.http2.hpack_table_size.decoder", 0),
        ("grpc.max_receive_message_length", max_message_bytes),
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
