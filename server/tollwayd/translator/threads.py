"""Work that is done in a thread where it would hold up every other call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from tollwayd.translator.limits import THREAD_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")
_T = TypeVar("_T")


async def fairly(size: int, work: Callable[_P, _T], *args: _P.args, **options: _P.kwargs) -> _T:
    """What `work` makes of its arguments, in a thread where it has more than THREAD_BYTES bytes to do.

    It is for Python's code and for what lets other threads run, as compressors do. Reading protobuf does not: 31 MB of
    empty messages stop the process for 0.6 s, in a thread or not.
    """
    if size <= THREAD_BYTES:
        return work(*args, **options)
    return await asyncio.to_thread(work, *args, **options)
