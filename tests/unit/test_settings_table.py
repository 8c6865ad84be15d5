"""The README's table of settings: it names them all, with their defaults, and no other."""

from __future__ import annotations

import re
from dataclasses import fields

from tests.documents import read
from tollwayd.settings import PREFIX, Settings

FIELDS = [field.name for field in fields(Settings)]
ROW = re.compile(r"^\| (`TOLLWAY_[^|]+) \| ([^|]+) \|", re.MULTILINE)


def rows() -> dict[str, str]:
    """The default of each setting as the table writes it."""
    return {
        name: default
        for names, defaults in ROW.findall(read("README.md"))
        for name, default in zip(names.split(", "), defaults.split(", "), strict=True)
    }


def written(value: object) -> str:
    """A default as the table writes it: code, a number bare, and empty where it has words for there being none."""
    match value:
        case None | ():
            return ""
        case (host, port):
            return f"`{host}:{port}`"
        case int() | float():
            return f"{value:g}" if isinstance(value, float) else str(value)
    return f"`{value}`"


def test_the_readme_names_every_setting_and_its_default():
    settings = Settings()
    true = {f"`{PREFIX}{name.upper()}`": written(getattr(settings, name)) for name in FIELDS}
    told = {name: default if re.match(r"[`\d]", default) else "" for name, default in rows().items()}
    assert told == true
