"""A request as data, and what comes of it at a door."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from google.protobuf.text_format import MessageToString

from tests.apis.kinds import from_text, methods
from tests.wire.http1 import connect, request

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from tests.apis.kinds import Echo
    from tests.wire.http1 import Connection, Response

METHODS = methods()

CUT = b"(the connection was cut within the body)"


@dataclass(frozen=True)
class Case:
    """`request` is the method and the target; `rpc` the method that it reaches, none where the door refuses it, and
    `makes` the message that it becomes, in protobuf's text format. `status` is the REST door's, `field` the one that
    its refusal names. `at` is the listener: "plain", or one that prints in another way. `answers` is the field that the
    binding answers with, the response_body.
    """

    id: str
    request: str
    rpc: str = ""
    makes: str = ""
    body: str | bytes | None = None
    headers: tuple[str, ...] = ()
    status: int = 200
    field: str = ""
    at: str = "plain"
    answers: str = ""

    @property
    def message(self) -> Message:
        """What the request has to become; where that is a stream, what the method answers, which holds all of it."""
        method = METHODS[self.rpc]
        return from_text(method.output_type if method.client_streaming else method.input_type, self.makes)

    @property
    def http(self) -> bytes:
        """The request as it goes over the wire."""
        method, target = self.request.split(" ", 1)
        body = self.body.encode() if isinstance(self.body, str) else self.body
        return request(method, target, *self.headers, body=body)


def refused(id_: str, request: str, field: str = "", *, status: int = 400, **more: Any) -> Case:
    """A request that the REST door refuses, naming the field."""
    return Case(id_, request, field=field, status=status, **more)


@dataclass(frozen=True)
class Outcome:
    """An answer reduced to what it says. `request` is the servicer's view: the RPC and its message, None where no call
    was made. `framing` says how several messages stand in one body. `error` is a code with its details, a message
    stands in `value`.
    """

    request: tuple[str, str] | None
    status: int
    content_type: str
    framing: str
    value: Any
    error: tuple[int, Any] | None

    def differs(self, other: Outcome) -> str:
        """The names of the parts that differ, in one line."""
        names = (field.name for field in fields(self))
        return " ".join(name for name in names if getattr(self, name) != getattr(other, name))


async def exchange(echo: Echo, address: tuple[str, int], case: Case) -> tuple[Response, Outcome]:
    """Sends the case's request; gives the answer, and what it comes to."""
    echo.seen.clear()
    async with connect(address) as connection:
        await connection.send(case.http)
        if case.request.startswith("HEAD ") or case.status == 204:
            answer = await connection.head()
        else:
            answer = await _whole(connection)
    return answer, _outcome(echo, answer)


async def _whole(connection: Connection) -> Response:
    answer = await connection.head()
    try:
        await connection.body(answer)
    except (asyncio.IncompleteReadError, ConnectionError, ValueError):
        answer.body = CUT
    return answer


def as_text(message: Message) -> str:
    """The message in text format: equal where the messages say the same, NaN and what is packed in an Any included."""
    return MessageToString(message, as_utf8=True)


def seen(echo: Echo) -> tuple[str, str] | None:
    """The RPC that the servicer was asked for, and its message."""
    if not echo.seen:
        return None
    ((call, message),) = echo.seen
    return call.method.rpartition("/")[2], as_text(message)


def _outcome(echo: Echo, answer: Response) -> Outcome:
    content_type = answer.headers.get("content-type", "")
    framing, value = _parsed(content_type, answer.body)
    error = None
    if framing and value and isinstance(value[-1], dict) and "error" in value[-1]:
        error, last = _error(value[-1]["error"])
        value[-1] = last
    elif answer.status >= 400 and isinstance(value, dict) and "code" in value:
        error, value = _error(value)
    return Outcome(seen(echo), answer.status, content_type, framing, value, error)


def _parsed(content_type: str, body: bytes) -> tuple[str, Any]:
    """The framing and the value or values of a body."""
    if content_type == "application/x-ndjson":
        values = [json.loads(line) for line in body.splitlines()]
        return "results", [value.get("result", value) for value in values]
    if content_type == "text/event-stream" and (not body or body.startswith((b"data: {", b"event: error\ndata: "))):
        parts = [event.rpartition(b"data: ")[2] for event in body.split(b"\n\n") if event]
        return "events", [json.loads(part) for part in parts]
    if content_type != "application/json":
        return "", body
    if not body or body.endswith(b"\n"):
        return "lines", [json.loads(line) for line in body.splitlines()]
    return "", json.loads(body)


def _error(status: dict[str, Any]) -> tuple[tuple[int, Any], str]:
    return (status["code"], status.get("details", [])), status.get("message", "")
