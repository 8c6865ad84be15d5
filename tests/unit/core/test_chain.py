"""The chain: order, short cuts, and that the owner closes (provider first, then inner, then outer, at once)."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import suppress

import pytest
from google.protobuf.wrappers_pb2 import BytesValue, StringValue

from tollwayd.core.call import Call
from tollwayd.core.chain import Chain
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.core.plugin import Stage


def call() -> Call:
    return Call("/test.Service/Method", {})


def text(value: str) -> StringValue:
    return StringValue(value=value)


class Recorder:
    """A plugin with every hook that writes down what it saw."""

    def __init__(self, name: str, stage: Stage, seen: list[str]) -> None:
        self.name = name
        self.stage = stage
        self._seen = seen

    def on_request(self, _: Call, request: StringValue) -> None:
        self._seen.append(f"{self.name} request {request.value}")

    async def on_event(self, _: Call, event: StringValue) -> StringValue:
        self._seen.append(f"{self.name} event {event.value}")
        return text(event.value + self.name)

    def on_response(self, _: Call, response: StringValue) -> StringValue:
        self._seen.append(f"{self.name} response {response.value}")
        return text(response.value + self.name)

    def on_end(self, _: Call, error: BaseException | None) -> None:
        self._seen.append(f"{self.name} end {type(error).__name__}")


async def echo(request: StringValue, _: Call) -> StringValue:
    return text(request.value)


async def three(request: StringValue, call: Call):
    async def events():
        try:
            for number in "123":
                yield text(number)
        finally:
            call.defer(lambda: None)

    return events()


async def test_hooks_run_inwards_for_the_request_and_outwards_for_the_answer():
    seen: list[str] = []
    chain = Chain([Recorder("b", Stage.ADMIT, seen), Recorder("a", Stage.AUTHENTICATE, seen)])
    answer = await chain.bind(echo, streams=False)(text("x"), call())
    assert answer.value == "xba"
    assert seen == [
        "a request x",
        "b request x",
        "b response x",
        "a response xb",
        "b end NoneType",
        "a end NoneType",
    ]


async def test_a_link_does_not_see_requests_that_it_does_not_mind():
    class Picky(Recorder):
        def minds(self, request) -> bool:
            return request.name != "StringValue"

    seen: list[str] = []
    chain = Chain([Picky("p", Stage.ADMIT, seen)])
    for request in (StringValue.DESCRIPTOR, BytesValue.DESCRIPTOR):
        await chain.bind(echo, streams=False, request=request)(text("x"), call())
    assert seen == ["p response x", "p end NoneType", "p request x", "p response x", "p end NoneType"]


async def test_a_refusal_ends_the_call_before_the_servicer_and_every_link_hears_of_it():
    seen: list[str] = []

    class Refuse:
        name = "refuse"
        stage = Stage.AUTHORIZE

        async def on_request(self, _: Call, __: StringValue) -> None:
            raise TollwayError(Reason.REASON_PERMISSION_DENIED)

    chain = Chain([Recorder("late", Stage.ADMIT, seen), Recorder("first", Stage.OBSERVE, seen), Refuse()])
    with pytest.raises(TollwayError) as refusal:
        await chain.bind(echo, streams=False)(text("x"), call())
    assert refusal.value.reason == Reason.REASON_PERMISSION_DENIED
    assert seen == ["first request x", "late end TollwayError", "first end TollwayError"]


async def test_streamed_events_pass_the_hooks_and_the_end_comes_once():
    seen: list[str] = []
    stream = await Chain([Recorder("p", Stage.OBSERVE, seen)]).bind(three, streams=True)(text("x"), call())
    assert [event.value async for event in stream] == ["1p", "2p", "3p"]
    await stream.aclose()
    assert [line for line in seen if "end" in line] == ["p end NoneType"]


async def test_a_stream_that_nobody_began_to_read_ends_all_the_same():
    seen: list[str] = []
    closed: list[str] = []

    async def handler(_: StringValue, call: Call):
        call.defer(lambda: closed.append("upstream"))
        return await three(_, call)

    stream = await Chain([Recorder("p", Stage.OBSERVE, seen)]).bind(handler, streams=True)(text("x"), call())
    await stream.aclose()
    assert closed == ["upstream"]
    assert seen[-1] == "p end GeneratorExit"


async def test_a_stream_that_the_gateway_cuts_while_its_reader_writes_ends_for_that_reason():
    seen: list[str] = []
    cut, writing = call(), asyncio.Event()
    stream = await Chain([Recorder("p", Stage.OBSERVE, seen)]).bind(three, streams=True)(text("x"), cut)

    async def read() -> None:
        try:
            await anext(stream)
            writing.set()
            await asyncio.Event().wait()
        finally:
            await stream.aclose()

    task = asyncio.create_task(read())
    await writing.wait()
    cut.cut(task, TollwayError(Reason.REASON_SHUTTING_DOWN))
    with suppress(asyncio.CancelledError):
        await task
    assert seen[-1] == "p end TollwayError"


async def test_an_early_exit_closes_provider_then_inner_then_outer_at_once():
    closed: list[str] = []

    class Wrap:
        stage = Stage.TRANSFORM

        def __init__(self, name: str, priority: int) -> None:
            self.name = name
            self.priority = priority

        async def intercept(self, call: Call, request, proceed):
            try:
                async for event in proceed(call, request):
                    yield event
            finally:
                closed.append(self.name)

    async def provider(_: StringValue, __: Call):
        async def events():
            try:
                while True:
                    yield text("tick")
            finally:
                closed.append("provider")

        return events()

    chain = Chain([Wrap("outer", 1), Wrap("inner", 2)])
    stream = await chain.bind(provider, streams=True)(text("x"), call())
    assert (await anext(stream)).value == "tick"
    await stream.aclose()
    assert closed == ["provider", "inner", "outer"]


async def test_an_interceptor_wraps_a_unary_method_too():
    class Shout:
        name = "shout"
        stage = Stage.TRANSFORM

        async def intercept(self, call: Call, request: StringValue, proceed):
            async for event in proceed(call, text(request.value.upper())):
                yield text(event.value + "!")

    answer = await Chain([Shout()]).bind(echo, streams=False)(text("hey"), call())
    assert answer.value == "HEY!"


async def test_a_defect_shows_callers_nothing_and_links_its_cause():
    async def broken(_: StringValue, __: Call):
        raise RuntimeError("dsn=secret")

    with pytest.raises(TollwayError) as error:
        await Chain([]).bind(broken, streams=False)(text("x"), call())
    assert error.value.reason == Reason.REASON_INTERNAL
    assert "secret" not in str(error.value)
    assert isinstance(error.value.__cause__, RuntimeError)


async def test_a_defect_within_a_stream_is_sanitised_as_well():
    async def broken(_: StringValue, __: Call):
        async def events():
            yield text("1")
            raise RuntimeError("dsn=secret")

        return events()

    stream = await Chain([]).bind(broken, streams=True)(text("x"), call())
    await anext(stream)
    with pytest.raises(TollwayError) as error:
        await anext(stream)
    assert error.value.reason == Reason.REASON_INTERNAL
    assert isinstance(error.value.__cause__, RuntimeError)


async def test_cancellation_passes_and_closes_what_the_call_opened():
    closed = asyncio.Event()
    begun = asyncio.Event()

    async def waits(_: StringValue, call: Call):
        call.defer(closed.set)
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(Chain([]).bind(waits, streams=False)(text("x"), call()))
    await begun.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert closed.is_set()


async def test_an_ending_that_fails_does_not_keep_the_others_from_theirs():
    seen: list[str] = []

    class Fails:
        name = "fails"
        stage = Stage.ROUTE

        def on_end(self, _: Call, __: BaseException | None) -> None:
            raise RuntimeError("boom")

    one = call()
    await Chain([Recorder("p", Stage.OBSERVE, seen), Fails()]).bind(echo, streams=False)(text("x"), one)
    assert seen[-1] == "p end NoneType"
    assert [type(error) for error in one.end_errors] == [RuntimeError]


def test_two_plugins_of_one_name_are_refused():
    with pytest.raises(ValueError, match="different names"):
        Chain([Recorder("same", Stage.ADMIT, []), Recorder("same", Stage.ROUTE, [])])


class Guard:
    """A plugin that needs no more than the call."""

    name = "guard"
    stage = Stage.AUTHENTICATE

    async def on_call(self, one: Call) -> None:
        if "let me in" not in one.metadata:
            raise TollwayError(Reason.REASON_CREDENTIAL_MISSING)


async def test_no_request_is_read_before_the_call_is_let_in():
    seen = []

    async def read() -> StringValue:
        seen.append("read")
        return text("x")

    run = Chain([Guard(), Recorder("p", Stage.OBSERVE, seen)]).bind(echo, streams=False)
    with pytest.raises(TollwayError):
        await run(None, call(), read)
    assert seen == ["p end TollwayError"]
    answer = await run(None, Call("/m", {"let me in": ""}), read)
    assert answer.value == "xp"
    assert seen[1:3] == ["read", "p request x"]


async def test_a_call_that_is_cut_ends_with_the_reason_and_its_task_lives():
    seen = []

    async def waits(_: StringValue, __: Call) -> StringValue:
        return await asyncio.get_running_loop().create_future()

    one = call()

    async def ask() -> str:
        with pytest.raises(TollwayError) as error:
            await Chain([Recorder("p", Stage.OBSERVE, seen)]).bind(waits, streams=False)(text("x"), one)
        assert asyncio.current_task().cancelling() == 0
        return error.value.rule.name

    task = asyncio.create_task(ask())
    await asyncio.sleep(0)
    one.cut(task, TollwayError(Reason.REASON_SHUTTING_DOWN))
    assert await task == "SHUTTING_DOWN"
    assert seen[-1] == "p end TollwayError"


class Large:
    """A request whose end can be seen."""


@pytest.mark.parametrize("streams", [False, True])
async def test_a_call_that_failed_keeps_nothing(streams):
    async def fails(request: Large, _: Call):
        if not streams:
            raise KeyError

        async def events():
            if request:
                raise KeyError
            yield

        return events()

    async def ask(request: Large) -> None:
        answer = await Chain([]).bind(fails, streams=streams)(request, call())
        await anext(answer)

    request = Large()
    ended = weakref.ref(request)
    gc.disable()
    try:
        task = asyncio.create_task(ask(request))
        del request
        await asyncio.wait([task])
        assert isinstance(task.exception(), TollwayError)
        del task
        assert ended() is None
    finally:
        gc.enable()


class Wrapper:
    name = "wrapper"
    stage = Stage.ADMIT

    async def intercept(self, call, request, proceed):
        async for event in proceed(call, request):
            yield event


@pytest.mark.parametrize(
    ("plugins", "goes"),
    [([], True), ([Recorder("a", Stage.ADMIT, [])], False), ([Wrapper()], False)],
    ids=["no link", "one that sees events", "one that wraps them"],
)
async def test_bytes_go_past_the_links_only_where_none_would_see_them(plugins, goes):
    made = call()
    stream = await Chain(plugins).bind(three, streams=True)(text("x"), made)
    assert made.straight is None
    stream.go_straight(bool)
    assert (made.straight is bool) is goes
    assert [event async for event in stream]
