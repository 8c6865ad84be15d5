"""Each message means over Connect and gRPC-Web what it means over gRPC: call, answer, error, metadata and trailers."""

from __future__ import annotations

import grpc
import pytest
import pytest_asyncio
from google.protobuf.message_factory import GetMessageClass

from tests.conformance.transcoding.came import Came, answer_of, of_grpc
from tests.conformance.transcoding.case import METHODS, seen
from tests.conformance.transcoding.cases.all import REACHED
from tests.wire.rpc_http import (
    CONNECT_JSON,
    CONNECT_PROTO,
    GRPC_WEB,
    GRPC_WEB_TEXT,
    STREAM_JSON,
    STREAM_PROTO,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")

CASES = list({(case.rpc, case.message.SerializeToString(deterministic=True)): case for case in REACHED}.values())
"""One for each message."""

FORMS = {
    "connect-json": (CONNECT_JSON, STREAM_JSON),
    "connect-proto": (CONNECT_PROTO, STREAM_PROTO),
    "grpc-web": (GRPC_WEB, GRPC_WEB),
    "grpc-web-text": (GRPC_WEB_TEXT, GRPC_WEB_TEXT),
}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def channel(doors):
    """A channel to the gRPC door."""
    async with grpc.aio.insecure_channel("{}:{}".format(*doors["grpc"])) as made:
        yield made


@pytest.mark.parametrize("forms", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_the_same_comes_of_it_as_over_grpc(echo, doors, channel, case, forms):
    came, by_grpc = await _called(echo, lambda: of_grpc(channel, case))
    ours, by_us = await _called(echo, lambda: _of_form(doors["rest"], case, forms))

    assert by_us == by_grpc
    assert ours == came
    assert (ours.metadata, ours.trailers) == (_own(came.metadata), _own(came.trailers))


@pytest.mark.parametrize("forms", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_the_same_comes_of_it_by_a_translator_before_the_grpc_door(echo, alone, channel, case, forms):
    came, by_grpc = await _called(echo, lambda: of_grpc(channel, case))
    ours, by_us = await _called(echo, lambda: _of_form(alone["rest"], case, forms))

    assert by_us == by_grpc
    assert ours == came
    assert ours.trailers == _own(came.trailers)
    if any(ours.answer):  # Else grpcio may have lost the metadata: test_alone.py says when.
        assert ours.metadata == _own(came.metadata)


async def _called(echo, call):
    echo.seen.clear()
    return await call(), seen(echo)


async def _of_form(address, case, forms) -> Came:
    method = METHODS[case.rpc]
    form = forms[method.client_streaming or method.server_streaming]
    requests = case.message.kinds if method.client_streaming else [case.message]
    _, said = await form.call(address, f"/{method.containing_service.full_name}/{method.name}", *requests)
    messages = [form.read(data, GetMessageClass(method.output_type)) for data in said.messages]
    return Came(answer_of(case, messages, said.error), said.error, said.metadata, said.trailers)


def _own(metadata):
    """What the servicer has sent."""
    return {name: value for name, value in metadata.items() if name not in {"x-request-id", "grpc-status-details-bin"}}
