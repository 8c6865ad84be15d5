"""Looks names up, such that slow name servers hold up nobody but those who call their names.

The event loop's own look-up runs on a handful of threads, four of them with uvloop, that all names share. Giving up the
wait for one does not end its thread, which hangs until the system's resolver gives up too, often for 20 seconds: two
names of a tenant whose name servers do not answer would end everybody's new connections.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from threading import Thread
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["LookUp", "Lookups", "system_look_up"]

MAX_THREADS: Final = 32
"""Look-ups at the same time, of all names."""

MAX_THREADS_PER_DOMAIN: Final = 4
"""The same for names that end in the same two labels: one zone's names share its name servers, and its owner can make
as many of them as it likes."""

QUEUE_SECONDS: Final = 5.0
"""How long a look-up waits for a thread; after that nobody waits for it any more."""

KEPT_SECONDS: Final = 5.0
"""How long an answer is used again. A burst of new connections costs one look-up, and a name that moves is followed."""

LookUp = Callable[[str, int], Sequence[str]]
"""`look_up(host, port)`: the IP addresses that a name stands for, in the order to try. Blocks. OSError where none."""


def system_look_up(host: str, port: int) -> Sequence[str]:
    """Asks the operating system's resolver."""
    return [str(address[0]) for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Lookups:
    """Looks names up on threads of its own. Callers of one name share a look-up, under way or just ended."""

    def __init__(self, look_up: LookUp = system_look_up) -> None:
        self._look_up = look_up
        self._tasks: dict[str, asyncio.Task[Sequence[str]]] = {}
        self._threads = asyncio.Semaphore(MAX_THREADS)
        self._domains: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a name. OSError where it has none, or where too many names like it are being looked up."""
        task = self._tasks.get(host)
        if task is None:
            task = self._tasks[host] = asyncio.create_task(self._find(host, port), name=f"look up {host}")
            task.add_done_callback(lambda ended: self._keep(host, ended))
        # A caller that gives up must not end the look-up: its thread goes on anyway, and the next caller would add one.
        return await asyncio.shield(task)

    def _keep(self, host: str, ended: asyncio.Task[Sequence[str]]) -> None:
        # Asking for the exception also says that it was seen, where all callers have given up.
        if ended.cancelled() or ended.exception() is not None:
            del self._tasks[host]
        else:
            ended.get_loop().call_later(KEPT_SECONDS, self._tasks.pop, host)

    async def _find(self, host: str, port: int) -> Sequence[str]:
        async with self._thread_for(host):
            return await asyncio.wrap_future(_in_thread(self._look_up, host, port))

    @asynccontextmanager
    async def _thread_for(self, host: str) -> AsyncIterator[None]:
        domain = self._domains.setdefault(_domain(host), asyncio.Semaphore(MAX_THREADS_PER_DOMAIN))
        async with asyncio.timeout(QUEUE_SECONDS) as queue, domain, self._threads:
            queue.reschedule(None)
            yield


def _domain(host: str) -> str:
    return ".".join(host.split(".")[-2:])


def _in_thread(look_up: LookUp, host: str, port: int) -> Future[Sequence[str]]:
    # A daemon, unlike the threads of an executor, does not hold up the process's end.
    answer: Future[Sequence[str]] = Future()
    Thread(target=_answer, args=(answer, look_up, host, port), name="look-up", daemon=True).start()
    return answer


def _answer(answer: Future[Sequence[str]], look_up: LookUp, host: str, port: int) -> None:
    if not answer.set_running_or_notify_cancel():
        return
    try:
        answer.set_result(tuple(look_up(host, port)))
    except Exception as error:  # noqa: BLE001  # Whatever it is, it is raised where the answer is awaited.
        answer.set_exception(error)
