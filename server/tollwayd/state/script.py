"""Lua scripts: each is a file of the folder `scripts`, and an atomic step of the store."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import NoScriptError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

_FOLDER: Final = Path(__file__).parent / "scripts"


class Script:
    """A script made of files of the folder, joined in the order given: its `source`, and the `digest` that names it.

    `nested` makes each file a function within the one before. What many functions share of one scope, Lua looks for
    among all that is shared of it, anew for each of them at each run: of a long script's 60 us that is 3.
    """

    def __init__(self, *files: str, nested: bool = False) -> None:
        between, end = ("\nreturn (function()\n", " end)()" * (len(files) - 1)) if nested else ("\n", "")
        self.source = between.join((_FOLDER / file).read_text("utf-8") for file in files) + end
        self.digest = hashlib.sha1(self.source.encode(), usedforsecurity=False).hexdigest()

    async def run(self, client: Redis, keys: Sequence[str], *arguments: str | bytes | int) -> Any:
        """Runs it by its digest; whole where the server does not know it: at first, after a restart or SCRIPT FLUSH."""
        try:
            return await client.evalsha(self.digest, len(keys), *keys, *arguments)
        except NoScriptError:
            # EVAL keeps what it runs. SCRIPT LOAD would leave a moment in which the next flush could fall.
            return await client.eval(self.source, len(keys), *keys, *arguments)
