"""The process's limit of open files, of which each connection is one."""

from __future__ import annotations

import resource
from contextlib import suppress

from tollwayd.translator.limits import MAX_CONNECTIONS

_MOST = 1_048_576
"""More than Linux lets a process have, where nobody has asked it to (fs.nr_open)."""


def most_connections(doors: int) -> int:
    """How many connections each of so many doors may hold: half of the limit is for them, the other half for what calls
    open themselves. The soft limit, which is there for programs that cannot count beyond it, is raised to the hard one.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # Some systems have a limit below their hard one.
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MAX_CONNECTIONS, soft // (2 * doors))
