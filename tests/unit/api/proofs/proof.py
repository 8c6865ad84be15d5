"""What a proof is: a change to a sound API after which one rule is broken, and no other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.unit.api.library import PROTO, compile_api

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.unit.api.library import Api

FOLDER = Path(__file__).parent
SHELVES = "library/admin/v1/shelves.proto"
"""Nothing imports it, so that it can have another name."""


Change = tuple[str, str]
"""What stands in the sound API, and what stands there instead."""


class Proof(NamedTuple):
    """Changes after which `rule` is broken, and with it what cannot be kept without it, `also`."""

    rule: str
    changes: tuple[Change, ...]
    also: frozenset[str]
    file: str


def proof(rule: str, *changes: Change, also: Iterable[str] = (), file: str = SHELVES) -> Proof:
    """Makes a proof; `file` is the path that `shelves.proto` has in it."""
    return Proof(rule, changes, frozenset(also), file)


def library(folder: Path, changes: Iterable[Change] = (), file: str = SHELVES) -> Api:
    """The sound API, or what changes make of it, compiled under `folder`."""
    texts = {str(path.relative_to(FOLDER)): path.read_text() for path in sorted((FOLDER / "library").rglob("*.proto"))}
    for before, after in changes:
        name = next(name for name, text in texts.items() if before in text)
        texts[name] = texts[name].replace(before, after, 1)
    texts[file] = texts.pop(SHELVES)
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return compile_api(folder, FOLDER, PROTO, own=texts)


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
    end = "// Why a call was refused.\n"
    return end, f"// One more.\n{text}\n{end}"


def one_more(message: str, number: int) -> Change:
    """One more field, of which no rule knows, with the next number of a message."""
    return _after(f"message {message} {{\n", f"  // One more.\n  bool deep = {number};\n")


def imported(file: str) -> Change:
    """One more import, for what LendBook takes and answers."""
    return _after('import "google/protobuf/duration.proto";\n', f'import "{file}";\n')


def _after(line: str, more: str) -> Change:
    return line, line + more
