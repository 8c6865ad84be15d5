"""Update masks: what replaces what."""

from __future__ import annotations

import pytest
from google.protobuf.text_format import MessageToString, Parse

from tollway.admin.v1.api_keys_pb2 import ApiKey
from tollway.admin.v1.models_pb2 import Model
from tollway.admin.v1.providers_pb2 import Provider
from tollway.admin.v1.tenants_pb2 import Tenant
from tollwayd.admin.resources.field_behavior import is_writable, writable_copy
from tollwayd.admin.resources.field_mask import MAX_PATHS, merge, resolve_mask
from tollwayd.core.errors import Reason, TollwayError

STORED = """
    name: "tenants/acme/providers/p" display_name: "Old" dialect: "openai.chat" base_url: "https://old.example"
    credential { api_key: "***1234" } timeouts { connect { seconds: 1 } total { seconds: 10 } }
    create_time { seconds: 5 }
"""
SENT = """
    name: "tenants/evil/providers/x" display_name: "New" timeouts { total { seconds: 20 } }
    create_time { seconds: 99 } etag: "\\"7\\""
"""


def merged(stored: str, sent: str, *paths: str, kind=Provider) -> str:
    target, source = Parse(stored, kind()), writable_copy(Parse(sent, kind()))
    merge(source, target, resolve_mask(paths, source))
    return MessageToString(target, as_one_line=True)


def same(stored: str, kind=Provider) -> str:
    return MessageToString(Parse(stored, kind()), as_one_line=True)


def test_without_a_mask_the_populated_fields_replace_and_the_rest_stays():
    expected = STORED.replace("Old", "New").replace("seconds: 10", "seconds: 20")

    assert merged(STORED, SENT) == same(expected)


def test_without_a_mask_an_empty_resource_changes_nothing():
    assert merged(STORED, "") == same(STORED)
    assert merged(STORED, "credential {} timeouts {}") == same(STORED)


def test_a_star_replaces_everything_that_callers_set():
    expected = """
        name: "tenants/acme/providers/p" display_name: "New" timeouts { total { seconds: 20 } }
        create_time { seconds: 5 }
    """
    assert merged(STORED, SENT, "*") == same(expected)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("display_name", STORED.replace("Old", "New")),
        ("timeouts.total", STORED.replace("seconds: 10", "seconds: 20")),
        ("timeouts", STORED.replace("connect { seconds: 1 } total { seconds: 10 }", "total { seconds: 20 }")),
        ("timeouts.connect", STORED.replace("connect { seconds: 1 }", "")),
        ("base_url", STORED.replace('base_url: "https://old.example"', "")),
        ("credential.api_key", STORED.replace('api_key: "***1234"', "")),
        ("credential", STORED.replace('credential { api_key: "***1234" }', "")),
        ("name", STORED),
        ("create_time", STORED),
        ("etag", STORED),
    ],
)
def test_a_path_replaces_its_field_alone(path, expected):
    assert merged(STORED, SENT, path) == same(expected)


def test_paths_are_applied_together():
    expected = STORED.replace("Old", "New").replace("seconds: 10", "seconds: 20")

    assert merged(STORED, SENT, "display_name", "timeouts.total", "update_time") == same(expected)


def test_a_path_into_a_message_that_nobody_has_makes_none():
    assert merged('display_name: "x"', "", "timeouts.total") == same('display_name: "x"')


def test_a_path_into_a_message_that_only_the_caller_has_makes_it():
    assert merged("", SENT, "timeouts.total") == same("timeouts { total { seconds: 20 } }")


def test_lists_are_replaced_as_a_whole():
    stored, sent = 'targets { provider: "a" } targets { provider: "b" }', 'targets { provider: "c" weight: 0 }'

    assert merged(stored, sent, "targets", kind=Model) == same(sent, Model)
    assert merged(stored, sent, kind=Model) == same(sent, Model)
    assert merged('allowed_models: "a"', "", "allowed_models", kind=ApiKey) == ""


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("colour", "path 2 names no field of Provider, which has display_name, dialect"),
        ("", "path 2 names no field of Provider"),
        ("displayName", "path 2 names no field of Provider"),
        ("timeouts.colour", "path 2 names no field of Timeouts, which has connect"),
        ("timeouts.", "path 2 names no field of Timeouts"),
        ("timeouts.total.seconds", "path 2 leads into a field that can only be replaced as a whole"),
        ("dialect.x", "path 2 leads into"),
        ("*", "beside '\\*'"),
    ],
)
def test_a_path_that_names_no_field_is_refused(path, problem):
    with pytest.raises(TollwayError, match=problem) as caught:
        resolve_mask(["display_name", path], Provider())

    assert caught.value.reason == Reason.REASON_FIELD_INVALID
    assert caught.value.violations[0].field == "updateMask"


def test_a_path_into_a_list_is_refused():
    with pytest.raises(TollwayError, match="replaced as a whole"):
        resolve_mask(["targets.provider"], Model())


def test_a_mask_has_a_length():
    assert len(resolve_mask(["display_name"] * MAX_PATHS, Provider())) == MAX_PATHS
    with pytest.raises(TollwayError, match="more than"):
        resolve_mask(["display_name"] * (MAX_PATHS + 1), Provider())


@pytest.mark.parametrize("kind", [Tenant, ApiKey, Provider, Model])
def test_what_the_gateway_gives_stands_at_the_top_of_every_resource(kind):
    """Masks guard the first step of a path: below it there must be nothing to guard."""
    nested = [field.message_type for field in kind.DESCRIPTOR.fields if field.message_type]
    seen = set()
    while nested:
        descriptor = nested.pop()
        if descriptor not in seen:
            seen.add(descriptor)
            assert all(is_writable(field) for field in descriptor.fields), descriptor.full_name
            nested += [field.message_type for field in descriptor.fields if field.message_type]
