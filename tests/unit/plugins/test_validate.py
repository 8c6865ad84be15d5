"""The link that holds requests to the rules of their messages: one message, and each of a stream's."""

from __future__ import annotations

import asyncio

import pytest
from google.api.httpbody_pb2 import HttpBody

from tollway.proxy.v1.conversation_pb2 import ROLE_USER
from tollway.proxy.v1.inference_pb2 import GenerateRequest
from tollwayd.core.call import Call
from tollwayd.core.chain import Chain
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.plugins.validate import Validate

VALID = GenerateRequest(model="m", messages=[{"role": ROLE_USER}])
INVALID = GenerateRequest(model="m", messages=[{"role": 77}])


class Requests:
    """A stream of requests, which says whether it has been closed and how many have been taken of it."""

    def __init__(self, *messages) -> None:
        self._messages = messages
        self.taken = 0
        self.closed = False

    async def stream(self):
        try:
            for message in self._messages:
                self.taken += 1
                yield message
        finally:
            self.closed = True


def call() -> Call:
    return Call("/test.Service/Method", {})


async def collect(requests, _: Call):
    """A servicer's method: it answers with the number of its requests, in as many bytes."""
    return HttpBody(data=bytes([len([request async for request in requests])]))


def refused(error: TollwayError) -> tuple[Reason, list[str]]:
    return error.reason, [violation.field for violation in error.violations]


async def run(handler, requests: Requests):
    """The method behind the link, called as a door calls it."""
    running = call()

    async def read():
        stream = requests.stream()
        running.defer(stream.aclose)
        return stream

    return await Chain([Validate()]).bind(handler, streams=False)(None, running, read)


async def test_one_message():
    Validate().on_request(call(), VALID)
    with pytest.raises(TollwayError) as error:
        Validate().on_request(call(), INVALID)
    assert refused(error.value) == (Reason.REASON_FIELD_INVALID, ["messages[0].role"])


def test_a_oneof_is_told_of_by_its_fields():
    """JSON has no name for it."""
    with pytest.raises(TollwayError) as error:
        Validate().on_request(call(), GenerateRequest(model="m", messages=[{"role": ROLE_USER, "parts": [{}]}]))
    (violation,) = error.value.violations
    assert violation.field == "messages[0].parts[0].kind"
    assert violation.description.startswith("exactly one field is required of text, image, audio, file, toolCall, ")


@pytest.mark.parametrize("role", [0, 77])
def test_a_value_that_an_enum_does_not_have_is_told_those_that_it_has(role):
    with pytest.raises(TollwayError) as error:
        Validate().on_request(call(), GenerateRequest(model="m", messages=[{"role": role}]))
    (violation,) = error.value.violations
    assert (violation.field, violation.description) == (
        "messages[0].role",
        "has to be one of ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL",
    )


async def test_a_stream_that_keeps_the_rules():
    requests = Requests(VALID, VALID, VALID)
    assert (await run(collect, requests)).data == b"\x03"
    assert requests.closed


async def test_a_stream_ends_with_the_first_message_that_breaks_one():
    requests = Requests(VALID, INVALID, VALID)
    with pytest.raises(TollwayError) as error:
        await run(collect, requests)
    assert refused(error.value) == (Reason.REASON_FIELD_INVALID, ["messages[0].role"])
    assert (requests.taken, requests.closed) == (2, True)


async def test_what_a_method_does_not_take_is_not_asked_for():
    requests = Requests(VALID, INVALID)

    async def first(stream, _: Call):
        await anext(stream)
        return HttpBody()

    await run(first, requests)
    assert (requests.taken, requests.closed) == (1, True)


async def test_a_cancelled_call_closes_its_stream():
    requests = Requests(VALID, VALID)
    begun = asyncio.Event()

    async def wait(stream, _: Call):
        await anext(stream)
        begun.set()
        await asyncio.Event().wait()

    running = asyncio.ensure_future(run(wait, requests))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert requests.closed
