"""Rules of the house that no linter has: sizes, and words that a room must not know."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "server" / "tollwayd"
SOURCES = sorted(SERVER.rglob("*.py"))

MAX_FUNCTION_LINES = 70  # What one screen shows (TigerBeetle's TIGER_STYLE).
MAX_FILE_LINES = 400  # A longer file holds more than one idea.

# These rooms serve any protobuf API; what this one is about is none of their business.
ANY_API = ("translator", "openapi")
VENDORED = SERVER / "openapi" / "page" / "swagger-ui"  # Words of others.
THIS_API = re.compile("model|chat|tenant|token", re.IGNORECASE)

DATACLASSES_REPLACED = {
    "server/tollwayd/admin/policies/dry_run.py": ["call"],
    "server/tollwayd/core/metering/prices/price_list.py": ["standard", "tariff"],
    "server/tollwayd/core/metering/prices/tariff.py": ["highest([self, *self.variants.values()])"],
    "server/tollwayd/proxy/prices.py": ["tariff", "tariff"],
    "server/tollwayd/translator/head/conditional.py": ["error.rule"],
    "server/tollwayd/translator/listeners/lean/memo.py": ["request"],
}
"""What each call of `dataclasses.replace` is given. mypy lets a msgspec Struct through, which fails when it runs: for
those there is `msgspec.structs.replace`. Whoever adds a line here has looked at the class."""


def test_no_file_is_longer_than_the_limit():
    lengths = {_name(path): len(path.read_text().splitlines()) for path in SOURCES}

    assert {name: length for name, length in lengths.items() if length > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_the_limit():
    lengths = {name: length for path in SOURCES for name, length in _functions(path)}

    assert {name: length for name, length in lengths.items() if length > MAX_FUNCTION_LINES} == {}


@pytest.mark.parametrize("room", ANY_API)
def test_a_room_for_any_api_does_not_know_this_one(room):
    lines = [
        f"{_name(path)}:{number}: {line}"
        for path in sorted((SERVER / room).rglob("*"))
        if path.is_file() and path.suffix != ".pyc" and VENDORED not in path.parents
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if THIS_API.search(line)
    ]

    assert lines == []


def test_every_room_has_a_contract_about_its_importers():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    protected = {module for contract in contracts for module in contract.get("protected_modules", [])}
    rooms = {f"tollwayd.{folder.parent.name}" for folder in SERVER.glob("*/__init__.py")}

    assert rooms - protected == {"tollwayd.core"}


def test_dataclasses_alone_are_replaced_as_such():
    assert {_name(path): found for path in SOURCES if (found := _replaced(path))} == DATACLASSES_REPLACED


def _replaced(path: Path) -> list[str]:
    tree = ast.parse(path.read_text())
    nodes = [*ast.walk(tree)]
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module == "dataclasses"]
    called = {name.asname or name.name for node in imports for name in node.names if name.name == "replace"}
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    calls = [node for node in calls if ast.unparse(node.func) in called | {"dataclasses.replace"}]
    return sorted(ast.unparse(node.args[0]) for node in calls)


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{_name(path)}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))
