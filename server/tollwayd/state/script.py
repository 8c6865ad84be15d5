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
    among all that is shared of it, anew for each of them at each run: of a long script's 60 us that is 3. Several files
    in the place of one are the body of a function, which is named as the first: what they define is made when that is
    run, and a run that needs nothing of it does not pay for it.
    """

    def __init__(self, *files: str | tuple[str, ...], folder: str = "", nested: bool = False) -> None:
        texts = [_text(_FOLDER / folder, file) for file in files]
        self.source = _nested(texts) if nested else "\n".join(texts)
        self.digest = hashlib.sha1(self.source.encode(), usedforsecurity=False).hexdigest()

    async def run(self, client: Redis, keys: Sequence[str], *arguments: str | bytes | int) -> Any:
        """Runs it by its digest; whole where the server does not know it: at first, after a restart or SCRIPT FLUSH."""
        try:
            return await client.evalsha(self.digest, len(keys), *keys, *arguments)
        except NoScriptError:
            # EVAL keeps what it runs. SCRIPT LOAD would leave a moment in which the next flush could fall.
            return await client.eval(self.source, len(keys), *keys, *arguments)


def _text(folder: Path, file: str | tuple[str, ...]) -> str:
    if isinstance(file, str):
        return (folder / file).with_suffix(".lua").read_text("utf-8")
    return f"local function {file[0]}()\n{_nested([_text(folder, part) for part in file])}\nend"


def _nested(texts: Sequence[str]) -> str:
    return "\nreturn (function()\n".join(texts) + " end)()" * (len(texts) - 1)
