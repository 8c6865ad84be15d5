"""A Call: one request's life, from its door to its last byte."""

from __future__ import annotations

import asyncio
import random
from time import monotonic, time_ns
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tollway.proxy.v1.inference_pb2 import Usage
    from tollwayd.core.errors import TollwayError
    from tollwayd.core.snapshot import ApiKey, Secret, Snapshot


# Seeded by the system once a process. Ids have to be unique, and are no secret.
_random_bits = random.Random().getrandbits  # noqa: S311


def new_call_id() -> str:
    """A unique id, 32 hexadecimal digits that sort by time: milliseconds in 48 bits, then 80 random ones (RFC 9562)."""
    return (time_ns() // 1_000_000 << 80 | _random_bits(80)).to_bytes(16, "big").hex()


class Principal(msgspec.Struct, frozen=True, gc=False):
    """Who a credential proves. `key` is the API key's resource name, empty for the root credential."""

    subject: str
    tenant: str = ""
    key: str = ""
    roles: frozenset[str] = frozenset()


class Proof:
    """What the link that finds the credential in metadata has `found`, for as long as it holds: it then need not look
    again.
    """

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: tuple[object, Secret] | None = None


class Metadata(dict[str, str]):
    """The metadata of all calls of a connection that begin with the same head: TypeError for whoever changes them, as
    that would go on to the next call.
    """

    __slots__ = ("proof",)

    def __init__(self, values: Mapping[str, str], proof: Proof | None = None) -> None:
        super().__init__(values)
        self.proof: Final = proof or Proof()

    def beside(self, own: Mapping[str, str]) -> Metadata:
        """The metadata of a call whose head is the same but for these, which say which request it is, and not whose."""
        return Metadata({**self, **own}, self.proof)

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("the metadata of a call cannot be changed")

    if not TYPE_CHECKING:
        __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse


async def unsettled() -> None:
    """The settlement of what nothing was reserved for."""


def unknown_cost(_: Usage) -> None:
    """The cost of what has no price."""
    return


class Exchange(msgspec.Struct):
    """What one call had with providers. Times are `time.monotonic()` seconds, `request_bytes` is the last body sent.

    `attempts` names every target tried, with the reason of those that failed; `dropped` the request's fields that the
    target's dialect has no words for, as far as they can be shown; `broken` is an error that the caller was told of
    within a stream. `complete` tells whether the answer is whole, `so_far` gives the usage of one that streams, and
    `input_estimate` is how many tokens the request may have. `cost` gives what a usage costs in nano-units, None where
    no price is known. `settle` books the answer once it is complete, and only once, for those who end one before the
    call ends. `exceeded` names the policies that let the call pass though it broke them, as they only observe,
    `downgraded_to` the model that a limit sent it to. `charged` is what it cost in the end, in nano-units.
    """

    model: str
    provider: str = ""
    upstream_model: str = ""
    stream: bool = False
    request_bytes: int = 0
    attempts: list[str] = msgspec.field(default_factory=list)
    dropped: tuple[str, ...] = ()
    usage: Usage | None = None
    first_byte_at: float | None = None
    broken: TollwayError | None = None
    complete: bool = False
    so_far: Callable[[], Usage] | None = None
    input_estimate: int = 0
    cost: Callable[[Usage], int | None] = unknown_cost
    settle: Callable[[], Awaitable[None]] = unsettled
    exceeded: tuple[str, ...] = ()
    downgraded_to: str = ""
    charged: int | None = None

    def begin(self, provider: str, upstream_model: str) -> None:
        """Turns to a target: what was noted of the one before says nothing of it."""
        self.provider = provider
        self.upstream_model = upstream_model
        self.request_bytes = 0
        self.dropped = ()
        self.first_byte_at = None


class Call(msgspec.Struct, eq=False):
    """One request. The door makes it; the chain and the servicer read it and add to it.

    `method` is the full gRPC name, `/tollway.proxy.v1.OpenAIService/CreateChatCompletion`. `metadata` maps lower-case
    names to values, and is not changed. `deadline` is in `time.monotonic()` seconds, None where the caller set none.
    `snapshot` is pinned by the first link that asks for configuration and stays for the call's life.
    `response_metadata` and `trailers` go back to the caller over both doors. `exchange` tells of the call to a
    provider, where there was one; `error` is what the call ends with, as `on_end` hooks get it, while what it opened is
    being closed; `end_errors` holds what went wrong in the call's ending. `cut_by` is why the gateway itself ended the
    call. `straight`, where a door has one, takes the next bytes of a streamed HttpBody in place of a message, and says
    whether it did; it may be called only while the door waits for a message.
    """

    method: str
    metadata: Mapping[str, str]
    peer: str = ""
    door: str = ""
    deadline: float | None = None
    id: str = msgspec.field(default_factory=new_call_id)
    started: float = msgspec.field(default_factory=monotonic)
    principal: Principal | None = None
    api_key: ApiKey | None = None
    snapshot: Snapshot | None = None
    response_metadata: dict[str, str] = msgspec.field(default_factory=dict)
    trailers: dict[str, str] = msgspec.field(default_factory=dict)
    exchange: Exchange | None = None
    cut_by: TollwayError | None = None
    straight: Callable[[bytes], bool] | None = None
    error: BaseException | None = None
    end_errors: list[BaseException] = msgspec.field(default_factory=list)
    closers: list[Callable[[], object]] = msgspec.field(default_factory=list)

    def __repr__(self) -> str:
        # The metadata hold a credential.
        return f"Call({self.id!r}, {self.method!r})"

    def defer(self, close: Callable[[], object]) -> None:
        """Has the chain run `close`, plain or async, when the call ends, however it ends; the last deferred first."""
        self.closers.append(close)

    def defer_to_last(self, close: Callable[[], object]) -> None:
        """The same, but after all that are deferred otherwise, before this or after."""
        self.closers.insert(0, close)

    def cut(self, task: asyncio.Task[Any], error: TollwayError) -> None:
        """Ends the call, which `task` runs, as one whose caller is still there and is told this error."""
        self.cut_by = error
        task.cancel()

    def reason_for(self, error: BaseException) -> BaseException:
        """The error itself; what `cut` was for in place of the cancellation by which it came. A stream is closed where
        that comes while its reader does something else: to the stream it is a GeneratorExit."""
        if self.cut_by is None or not isinstance(error, asyncio.CancelledError | GeneratorExit):
            return error
        if isinstance(error, asyncio.CancelledError) and (task := asyncio.current_task()):
            task.uncancel()
        return self.cut_by

    def remaining(self) -> float | None:
        """Seconds until the deadline, below zero when it has passed; None where there is none."""
        return None if self.deadline is None else self.deadline - monotonic()
