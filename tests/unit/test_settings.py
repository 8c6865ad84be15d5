"""Settings: the environment over the file over defaults, every mistake named, no value shown."""

from __future__ import annotations

import os
from ipaddress import ip_network
from pathlib import Path

import pytest

from tollwayd.settings import load_settings

CANARY = "canary-of-a-secret"


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """An empty working directory, and no setting but the test's own."""
    for name in [name for name in os.environ if name.startswith("TOLLWAY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def given(monkeypatch):
    def give(**settings: str) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(f"TOLLWAY_{name.upper()}", value)

    return give


def test_without_any_setting_the_defaults_are_in_force():
    settings = load_settings()
    assert settings.admin_http == ("127.0.0.1", 8080)
    assert settings.data_dir == Path(".tollway")
    assert settings.redis_url is settings.admin_key is settings.master_keys is None
    assert settings.egress_allow == ()
    assert settings.max_body_bytes == 32 * 1024 * 1024


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("proxy_http", "0.0.0.0:80", ("0.0.0.0", 80)),
        ("proxy_http", "[::1]:80", ("::1", 80)),
        ("proxy_http", ":80", ("0.0.0.0", 80)),
        ("data_dir", "/var/lib/tollway", Path("/var/lib/tollway")),
        ("redis_url", "redis://db:6379/1", "redis://db:6379/1"),
        ("egress_allow", "10.0.0.0/8, fd00::/8,", (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))),
        ("egress_allow", "", ()),
        ("max_body_bytes", "1024", 1024),
        ("rest_unknown_fields", "ignore", "ignore"),
        ("drain_seconds", "0.5", 0.5),
        ("log_level", "warning", "warning"),
    ],
)
def test_the_environment_has_text_for_every_kind(given, name, text, value):
    given(**{name: text})
    assert getattr(load_settings(), name) == value


def test_the_file_is_in_yaml_and_the_environment_comes_first(alone, given):
    lines = ["proxy_http: 127.0.0.1:80", "drain_seconds: 3", "egress_allow: [10.0.0.0/8]", "log_level: debug"]
    (alone / "tollway.yaml").write_text("\n".join(lines))
    given(log_level="error")
    settings = load_settings()
    assert settings.proxy_http == ("127.0.0.1", 80)
    assert settings.drain_seconds == 3
    assert settings.egress_allow == (ip_network("10.0.0.0/8"),)
    assert settings.log_level == "error"


def test_a_file_of_another_name_is_read_where_the_environment_names_it(alone, given):
    (alone / "other.yaml").write_text("log_level: debug")
    given(config="other.yaml")
    assert load_settings().log_level == "debug"
    given(config="missing.yaml")
    with pytest.raises(ValueError, match="TOLLWAY_CONFIG names a file that does not exist"):
        load_settings()


def test_an_empty_file_sets_nothing(alone):
    (alone / "tollway.yaml").write_text("# nothing yet\n")
    assert load_settings().log_level == "info"


@pytest.mark.parametrize("content", ["- a list", "a: [", "1: one", f"{CANARY}", f"admin_key: *{CANARY}"])
def test_a_file_that_is_no_mapping_is_refused(alone, content):
    (alone / "tollway.yaml").write_text(content)
    with pytest.raises(ValueError, match=r"tollway.yaml is not a YAML mapping") as error:
        load_settings()
    assert CANARY not in str(error.value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("admin_http", CANARY, "host:port"),
        ("admin_http", "127.0.0.1:65536", "from 0 to 65535"),
        ("admin_key", CANARY[:15], "length >= 16"),
        ("egress_allow", CANARY, "CIDR"),
        ("egress_allow", "10.0.0.1/8", "CIDR"),
        ("max_body_bytes", "1023", ">= 1024"),
        ("max_body_bytes", CANARY, "int"),
        ("drain_seconds", "-1", ">= 0"),
        ("drain_seconds", "nan", ">= 0"),
        ("log_format", CANARY, "text, json"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_write_and_not_shown(given, name, text, said):
    given(**{name: text})
    with pytest.raises(ValueError, match=f"^{name}: ") as error:
        load_settings()
    assert said in str(error.value)
    assert text not in str(error.value)


def test_every_wrong_value_is_named_at_once(given):
    given(log_level="loud", drain_seconds="long")
    with pytest.raises(ValueError, match=r"log_level: .*drain_seconds: |drain_seconds: .*log_level: "):
        load_settings()


def test_a_name_in_the_file_that_is_no_setting_is_refused(alone):
    (alone / "tollway.yaml").write_text("log_levle: debug")
    with pytest.raises(ValueError, match=r"in tollway.yaml: log_levle; known are .*log_level"):
        load_settings()


def test_a_name_in_the_environment_that_is_no_setting_is_refused(given):
    given(log_levle="debug")
    with pytest.raises(ValueError, match=r"in the environment: TOLLWAY_LOG_LEVLE; known are .*TOLLWAY_LOG_LEVEL"):
        load_settings()


def test_secrets_are_not_in_the_settings_text(given):
    given(admin_key=CANARY, master_keys=CANARY, redis_url=f"redis://:{CANARY}@db")
    settings = load_settings()
    assert settings.admin_key == settings.master_keys == CANARY
    assert CANARY not in repr(settings)
