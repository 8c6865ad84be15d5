"""What a call came to, told in the same words whether it was made over REST or over gRPC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from google.rpc.status_pb2 import Status

from tests.apis.kinds import HttpBody
from tests.conformance.transcoding.case import METHODS, as_text

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from tests.conformance.transcoding.case import Case, Outcome
    from tests.wire.http1 import Response


@dataclass
class Came:
    """`answer` holds messages in text format, or the content type and all bytes of an HttpBody. `error` is the code,
    the details as JSON, and the message.
    """

    answer: list[Any]
    error: tuple[int, Any, str] | None
    metadata: dict[str, str] = field(default_factory=dict, compare=False)
    trailers: dict[str, str] = field(default_factory=dict, compare=False)


def of_rest(case: Case, answer: Response, outcome: Outcome) -> Came:
    """What the REST door's answer says, read back from how it is printed."""
    value, error = outcome.value, None
    if outcome.error:
        *value, text = value if outcome.framing else [value]
        error = (*outcome.error, text)
    elif _is_raw(case):
        value = [outcome.content_type, answer.body]
    elif not outcome.framing:
        value = [value]
    return Came(value if _is_raw(case) else [as_text(_read(case, each)) for each in value], error)


async def of_grpc(channel: grpc.aio.Channel, case: Case) -> Came:
    """What comes of calling the case's method with the message that its request has to become."""
    method = METHODS[case.rpc]
    if method.client_streaming:
        kind, requests = channel.stream_unary, iter([each.SerializeToString() for each in case.message.kinds])
    else:
        kind = channel.unary_stream if method.server_streaming else channel.unary_unary
        requests = case.message.SerializeToString()
    path = f"/{method.containing_service.full_name}/{method.name}"
    read = GetMessageClass(method.output_type).FromString
    under_way = kind(path, response_deserializer=read)(requests)
    messages, error = [], None
    try:
        if method.server_streaming:
            async for message in under_way:
                messages.append(message)  # noqa: PERF401 - those before an error count, too.
        else:
            messages.append(await under_way)
    except grpc.aio.AioRpcError as raised:
        error = _error(raised)
    metadata, trailers = await under_way.initial_metadata(), await under_way.trailing_metadata()
    return Came(answer_of(case, messages, error), error, dict(metadata), dict(trailers))


def _is_raw(case: Case) -> bool:
    output = METHODS[case.rpc].output_type
    answer = output.fields_by_name[case.answers].message_type if case.answers else output
    return answer is not None and answer.full_name == HttpBody.DESCRIPTOR.full_name


def _read(case: Case, printed: Any) -> Message:
    output = METHODS[case.rpc].output_type
    if case.answers:
        printed = {output.fields_by_name[case.answers].json_name: printed}
    return ParseDict(printed, GetMessageClass(output)())


def answer_of(case: Case, messages: list[Message], error: Any) -> list[Any]:
    """The messages as a Came has them."""
    parts = [_part(case, message) for message in messages]
    if not _is_raw(case):
        return [as_text(part) for part in parts]
    if error and not parts:
        return []
    bodies = [getattr(part, case.answers) if case.answers else part for part in parts]
    return [bodies[0].content_type if bodies else "", b"".join(body.data for body in bodies)]


def _part(case: Case, message: Message) -> Message:
    """The message with nothing in it but what the case's binding answers with."""
    for each, _ in message.ListFields():
        if case.answers and each.name != case.answers:
            message.ClearField(each.name)
    return message


def _error(raised: grpc.aio.AioRpcError) -> tuple[int, Any, str]:
    status = Status.FromString(dict(raised.trailing_metadata())["grpc-status-details-bin"])
    assert (status.code, status.message) == (raised.code().value[0], raised.details())
    return status.code, [MessageToDict(detail) for detail in status.details], status.message
