"""What of a resource callers give, and what has to be there."""

from __future__ import annotations

import pytest
from google.protobuf.text_format import Parse

from tollway.admin.v1.api_keys_pb2 import ApiKey
from tollway.admin.v1.models_pb2 import Model
from tollway.admin.v1.providers_pb2 import Provider
from tollwayd.admin.resources.field_behavior import MAX_VIOLATIONS, check_resource, writable_copy
from tollwayd.core.errors import Reason, TollwayError

WHOLE = 'dialect: "openai.chat" base_url: "https://a.example"'


def violated(resource, field="provider") -> list[str]:
    with pytest.raises(TollwayError) as caught:
        check_resource(resource, field)
    assert caught.value.reason == Reason.REASON_FIELD_INVALID
    return [violation.field for violation in caught.value.violations]


def test_a_copy_holds_what_callers_set_and_nothing_else():
    given = Parse('name: "n" display_name: "d" secret: "s" prefix: "p" create_time {} etag: "e"', ApiKey())

    assert writable_copy(given) == ApiKey(display_name="d")
    assert given.secret == "s"


def test_a_copy_leaves_unknown_fields_behind():
    """A newer client's new secret field must not be stored in the clear by an older gateway."""
    newer = b"\x82\x7d\x06secret"  # field 2000, six bytes
    given = Provider.FromString(Parse(WHOLE, Provider()).SerializeToString() + newer + b"\x2a\x09" + newer)

    assert b"secret" in given.SerializeToString()
    assert b"secret" not in writable_copy(given).SerializeToString()


def test_required_fields_are_named_in_json_names():
    assert violated(Provider()) == ["provider.dialect", "provider.baseUrl"]
    assert violated(Parse('targets { provider: "p" }', Model()), "model") == ["model.targets[0].model"]
    check_resource(Parse(WHOLE, Provider()), "provider")


@pytest.mark.parametrize("wrong", ["seconds: 253402300800", "seconds: -62135596801", "nanos: -1", "nanos: 1000000000"])
def test_a_timestamp_that_has_no_json_is_refused(wrong):
    assert violated(Parse(f"expire_time {{ {wrong} }}", ApiKey()), "apiKey") == ["apiKey.expireTime"]


@pytest.mark.parametrize("wrong", ["nanos: 2000000000", "seconds: 1 nanos: -1"])
def test_a_duration_that_has_no_json_is_refused(wrong):
    """protovalidate's bounds let these through, and one stored would break every listing with it in."""
    assert violated(Parse(f"{WHOLE} timeouts {{ total {{ {wrong} }} }}", Provider())) == ["provider.timeouts.total"]


def test_an_answer_names_a_bounded_number_of_violations():
    model = Model(targets=[{} for _ in range(100)])

    assert len(violated(model, "model")) == MAX_VIOLATIONS
