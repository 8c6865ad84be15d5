"""Settings: the environment over the file over defaults, every mistake named, no value shown."""

from __future__ import annotations

import os
from ipaddress import ip_network
from pathlib import Path

import pytest

from tollwayd.settings import load_settings
from tollwayd.start_error import StartError

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
        (
            "cors_origins",
            "https://app.example.com, https://*.Example.com:443,",
            ("https://app.example.com", "https://*.example.com"),
        ),
        ("cors_origins", "*", ("*",)),
        ("max_body_bytes", "1024", 1024),
        ("workers", "4", 4),
        ("rest_unknown_fields", "ignore", "ignore"),
        ("proxy_compression", "on", "on"),
        ("proxy_listener", "lean", "lean"),
        ("admin_listener", "lean", "lean"),
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
    with pytest.raises(StartError, match="TOLLWAY_CONFIG names a file that does not exist"):
        load_settings()


def test_a_file_that_cannot_be_read_is_told(alone, given):
    given(config=str(alone))
    with pytest.raises(StartError, match=r"cannot be read as a file of settings: Is a directory") as error:
        load_settings()
    assert error.value.status == 1


def test_an_empty_file_sets_nothing(alone):
    (alone / "tollway.yaml").write_text("# nothing yet\n")
    assert load_settings().log_level == "info"


@pytest.mark.parametrize("content", ["- a list", "a: [", "1: one", f"{CANARY}", f"admin_key: *{CANARY}"])
def test_a_file_that_is_no_mapping_is_refused(alone, content):
    (alone / "tollway.yaml").write_text(content)
    with pytest.raises(StartError, match=r"tollway.yaml is not a YAML mapping") as error:
        load_settings()
    assert CANARY not in str(error.value)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("admin_http", CANARY, "host:port"),
        ("admin_http", "127.0.0.1:65536", "from 0 to 65535"),
        ("admin_http", "8081", "host:port, [::1]:port or :port"),
        ("admin_http", "::1:8081", "[::1]:port"),
        ("admin_http", "127.0.0.1:", "host:port"),
        ("data_dir", "", "the path of a folder"),
        ("admin_key", CANARY[:15], "at least 16 characters"),
        ("egress_allow", CANARY, "CIDR"),
        ("egress_allow", "10.0.0.1/8", "CIDR"),
        ("max_body_bytes", "1023", "a whole number from 1024 to 1073741824"),
        ("max_body_bytes", CANARY, "a whole number from 1024 to 1073741824"),
        ("cors_origins", CANARY, "https://app.example.com"),
        ("cors_origins", f"https://{CANARY}/", "without a path"),
        ("drain_seconds", "-1", "a number from 0 to 3600"),
        ("drain_seconds", "nan", "a number from 0 to 3600"),
        ("log_format", CANARY, "text, json"),
        ("proxy_listener", CANARY, "aiohttp, lean"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_write_and_not_shown(given, name, text, said):
    given(**{name: text})
    with pytest.raises(StartError, match=f"^TOLLWAY_{name.upper()}: ") as error:
        load_settings()
    assert said in str(error.value)
    assert not text or text not in str(error.value).replace(said, "")
    assert error.value.status == 2


def test_every_wrong_value_is_named_at_once(given):
    given(log_level="loud", drain_seconds="long")
    with pytest.raises(StartError, match=r"_LOG_LEVEL: .*_DRAIN_SECONDS: |_DRAIN_SECONDS: .*_LOG_LEVEL: "):
        load_settings()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("proxy_http: 8081", "tollway.yaml: proxy_http: an address is written host:port"),
        ("drain_seconds: soon", "tollway.yaml: drain_seconds: it has to be a number from 0 to 3600"),
        ("redis_url: 6379", "tollway.yaml: redis_url: it has to be text"),
        ("data_dir: [a]", "tollway.yaml: data_dir: it has to be the path of a folder"),
    ],
)
def test_a_wrong_value_in_the_file_is_named_as_it_stands_there(alone, line, said):
    (alone / "tollway.yaml").write_text(line)
    with pytest.raises(StartError, match=said):
        load_settings()


def test_a_slip_in_the_file_is_told_with_the_name_that_is_meant(alone):
    (alone / "tollway.yaml").write_text("log_levle: debug")
    with pytest.raises(StartError) as error:
        load_settings()
    assert str(error.value) == "tollway.yaml: log_levle is not a setting; did you mean log_level?"


def test_a_slip_in_the_environment_is_told_with_the_name_that_is_meant(given):
    given(log_levle="debug")
    with pytest.raises(StartError) as error:
        load_settings()
    assert str(error.value) == "TOLLWAY_LOG_LEVLE is not a setting; did you mean TOLLWAY_LOG_LEVEL?"


def test_where_no_name_is_near_all_are_listed(given):
    given(whatever="1")
    with pytest.raises(StartError, match=r"TOLLWAY_WHATEVER is not a setting; there are .*TOLLWAY_LOG_LEVEL"):
        load_settings()


def test_secrets_are_not_in_the_settings_text(given):
    given(admin_key=CANARY, master_keys=CANARY, redis_url=f"redis://:{CANARY}@db")
    settings = load_settings()
    assert settings.admin_key == settings.master_keys == CANARY
    assert CANARY not in repr(settings)
