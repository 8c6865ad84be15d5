"""A real Envoy whose grpc_json_transcoder stands before a gRPC server."""

from __future__ import annotations

import asyncio
import json
import sysconfig
from base64 import b64encode
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.apis.compiled import ROOT, descriptor_set
from tests.apis.kinds import MAX_BODY_BYTES, PACKAGE, PROTO, SERVICES
from tests.wire.http1 import connect, get

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    Address = tuple[str, int]

PROGRAM = Path(sysconfig.get_path("scripts")) / "envoy"
START_SECONDS = 30
_STARTED = b"all dependencies initialized. starting workers"

_ERROR_DETAILS = ROOT / "proto" / "third_party" / "google" / "rpc" / "error_details.proto"
_TYPE = "type.googleapis.com/envoy.extensions"
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

UNSERVED = (f"{PACKAGE}.AnswerService",)
"""Envoy does not start with a response_body that is not an HttpBody."""

LISTENERS = {
    "plain": {},
    "zeros": {"always_print_primitive_fields": True},
    "lines": {"stream_newline_delimited": True},
    "sse": {"stream_sse_style_delimited": True},
}
"""The listeners and how they print; all else is as near to the rules of google.api.http as Envoy can be set."""


def _transcoder(print_options: dict) -> dict:
    descriptors = descriptor_set(PROTO, _ERROR_DETAILS, imports=True)
    return {
        "@type": f"{_TYPE}.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor_bin": b64encode(descriptors.SerializeToString()).decode(),
        "services": [name for name in SERVICES if name not in UNSERVED],
        "convert_grpc_status": True,
        "match_incoming_request_route": True,
        "print_options": print_options,
        "url_unescape_spec": "ALL_CHARACTERS_EXCEPT_SLASH",
        "query_param_unescape_plus": True,
        "case_insensitive_enum_parsing": True,
        "request_validation_options": {
            "reject_unknown_method": True,
            "reject_unknown_query_parameters": True,
            "reject_binding_body_field_collisions": True,
        },
        "max_request_body_size": MAX_BODY_BYTES,
    }


def _listener(name: str, print_options: dict) -> dict:
    manager = {
        "@type": f"{_TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "grpc"}}],
                }
            ]
        },
        "http_filters": [
            {"name": "envoy.filters.http.grpc_json_transcoder", "typed_config": _transcoder(print_options)},
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{_TYPE}.filters.http.router.v3.Router"}},
        ],
    }
    return {
        "name": name,
        "address": _address(("127.0.0.1", 0)),
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }


def _config(grpc: Address) -> dict:
    cluster = {
        "name": "grpc",
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": "grpc",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(grpc)}}]}],
        },
        "typed_extension_protocol_options": {
            _HTTP_OPTIONS: {
                "@type": f"type.googleapis.com/{_HTTP_OPTIONS}",
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
    }
    listeners = [_listener(name, print_options) for name, print_options in LISTENERS.items()]
    return {
        "admin": {"address": _address(("127.0.0.1", 0))},
        "static_resources": {"listeners": listeners, "clusters": [cluster]},
    }


def _address(address: Address) -> dict:
    return {"socket_address": {"address": address[0], "port_value": address[1]}}


@asynccontextmanager
async def envoy(folder: Path, grpc: Address) -> AsyncIterator[dict[str, Address]]:
    """Envoy in front of `grpc`; gives the addresses of its listeners."""
    config, admin, log = folder / "envoy.json", folder / "admin", folder / "envoy.log"
    config.write_text(json.dumps(_config(grpc)))
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *("-c", config, "--admin-address-path", admin, "--concurrency", "1", "--disable-hot-restart"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    started = asyncio.Event()
    logging = asyncio.create_task(_log(process.stderr, log, started))
    starting = asyncio.create_task(started.wait())
    try:
        await asyncio.wait({logging, starting}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        assert started.is_set(), log.read_text()
        yield await _listeners(admin.read_text())
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        await logging
        starting.cancel()


async def _log(stream: asyncio.StreamReader, path: Path, started: asyncio.Event) -> None:
    """Keeps Envoy's log until its end, and says when it takes requests."""
    with path.open("wb", buffering=0) as log:
        async for line in stream:
            log.write(line)
            if _STARTED in line:
                started.set()


async def _listeners(admin: str) -> dict[str, Address]:
    host, port = admin.rsplit(":", 1)
    async with connect((host, int(port))) as connection:
        await connection.send(get("/listeners?format=json"))
        answer = json.loads((await connection.response()).body)
    found = {}
    for listener in answer["listener_statuses"]:
        bound = listener["local_address"]["socket_address"]
        found[listener["name"]] = (bound["address"], bound["port_value"])
    return found
