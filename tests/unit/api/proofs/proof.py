"""What a proof is: a change to a sound API after which one rule is broken, and no other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.unit.api.library import PROTO, compile_api

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.unit.api.library import Api

FOLDER = Path(__file__).parent
LIBRARY = "library/admin/v1/library.proto"


Change = tuple[str, str]
"""What stands in the sound API, and what stands there instead."""


class Proof(NamedTuple):
    """Changes after which `rule` is broken, and with it what cannot be kept without it, `also`."""

    rule: str
    changes: tuple[Change, ...]
    also: frozenset[str]
    file: str


def proof(rule: str, *changes: Change, also: Iterable[str] = (), file: str = LIBRARY) -> Proof:
    """Makes a proof; `file` is the path that the API has in it."""
    return Proof(rule, changes, frozenset(also), file)


def library(folder: Path, changes: Iterable[Change] = (), file: str = LIBRARY) -> Api:
    """The sound API, or what changes make of it, compiled under `folder`."""
    text = (FOLDER / LIBRARY).read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    path = folder / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return compile_api(folder, FOLDER, PROTO, own=[file])


def answered(line: str) -> Change:
    """One more field in what LendBook answers."""
    return _after("  google.protobuf.Timestamp return_time = 1;\n", f"  // One more.\n  {line}\n")


def taken(line: str) -> Change:
    """One more field in what LendBook takes."""
    return _after("  google.protobuf.Duration period = 2;\n", f"  // One more.\n  {line}\n")


def method(text: str) -> Change:
    """One more method of books."""
    return _after("// Books.\nservice BookService {\n", f"  // One more.\n  {text}\n")


def more(text: str) -> Change:
    """One more message or enum."""
    end = "// Request of Renew.\n"
    return end, f"// One more.\n{text}\n{end}"


def one_more(message: str, number: int) -> Change:
    """One more field, of which no rule knows, with the next number of a message."""
    return _after(f"message {message} {{\n", f"  // One more.\n  bool deep = {number};\n")


def imported(file: str) -> Change:
    """One more import."""
    return _after('import "buf/validate/validate.proto";\n', f'import "{file}";\n')


def _after(line: str, more: str) -> Change:
    return line, line + more
