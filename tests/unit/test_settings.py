"""Settings: the README's table names them all, and tollway.yaml holds them."""

from __future__ import annotations

import re

import pytest

from tests.documents import read
from tollwayd.settings import PREFIX, Settings, load_settings

ROW = re.compile(r"^\| (`TOLLWAY_[^|]+) \| ([^|]+) \|", re.MULTILINE)


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)


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
    true = {f"`{PREFIX}{name.upper()}`": written(getattr(settings, name)) for name in Settings.model_fields}
    told = {name: default if re.match(r"[`\d]", default) else "" for name, default in rows().items()}
    assert told == true


def test_tollway_yaml_holds_the_same_names_and_the_environment_comes_first(monkeypatch, tmp_path):
    (tmp_path / "tollway.yaml").write_text("admin_http: 127.0.0.1:1\nproxy_http: 127.0.0.1:2\n")
    monkeypatch.setenv("TOLLWAY_PROXY_HTTP", ":3")
    settings = load_settings()
    assert (settings.admin_http, settings.proxy_http) == (("127.0.0.1", 1), ("0.0.0.0", 3))
