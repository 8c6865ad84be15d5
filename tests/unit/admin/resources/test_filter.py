"""Filters: what they let through, and what they say where they cannot be read."""

from __future__ import annotations

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto
from google.protobuf.text_format import Parse
from hypothesis import given
from hypothesis import strategies as st

from tollway.admin.v1.api_keys_pb2 import ApiKey
from tollway.admin.v1.models_pb2 import Model
from tollway.admin.v1.providers_pb2 import Provider
from tollwayd.admin.resources.filter import compile_filter
from tollwayd.admin.resources.filter_syntax import MAX_DEPTH, MAX_LENGTH
from tollwayd.core.errors import Reason, TollwayError

KEY = Parse(
    """
    name: "tenants/acme/apiKeys/desk" display_name: "Front \\"desk\\" 2" disabled: true
    allowed_models: "gpt-4o" allowed_models: "auto"
    expire_time { seconds: 1900000000 nanos: 500000000 }
    tags { key: "team" value: "search" } tags { key: "cost-center" value: "b2" } tags { key: "empty" value: "" }
    """,
    ApiKey(),
)
MODEL = Parse(
    """
    public_name: "gpt-4o"
    targets { provider: "openai" model: "gpt-4o-2024" weight: 3 priority: 1 }
    targets { provider: "azure" model: "gpt" priority: 2 }
    """,
    Model(),
)
PROVIDER = Parse(
    'dialect: "openai.chat" timeouts { total { seconds: 20 } } credential { api_key: "***1234" }', Provider()
)


def lets_through(text: str, message) -> bool:
    return compile_filter(text, message.DESCRIPTOR)(message)


@pytest.mark.parametrize(
    "text",
    [
        "disabled = true",
        "disabled=true",
        "disabled != false",
        "NOT disabled = false",
        "-disabled = false",
        "-(disabled = false)",
        'display_name = "Front \\"desk\\" 2"',
        "displayName = 'Front \"desk\" 2'",
        'display_name:"desk"',
        'display_name > "Front"',
        'display_name < "G"',
        "name = tenants/acme/apiKeys/desk",
        "name >= tenants/acme",
        'name != "x"',
        "allowed_models:auto",
        "tags.team = search",
        "tags.team != find",
        "tags.team:sea",
        'tags.cost-center = "b2"',
        "tags.team > a AND NOT tags.team > t",
        "tags.empty = ''",
        "NOT tags.empty:*",
        "tags:team",
        "NOT tags:tea",
        "tags:*",
        "tags.none != search",
        "NOT tags.none = search",
        "NOT tags.none:*",
        'allowedModels:"gpt-4o"',
        "NOT allowed_models:gpt",
        "allowed_models:*",
        "expire_time:*",
        "NOT create_time:*",
        "expire_time > 2030-03-17T17:46:40Z",
        'expire_time = "2030-03-17T18:46:40.500+01:00"',
        "expire_time <= 2030-03-17T17:46:40.5Z",
        "create_time != 2030-03-17T17:46:40Z",
        "NOT create_time < 2099-01-01T00:00:00Z",
        "disabled = true AND name:desk",
        "disabled = false OR name:desk",
        "disabled:true",
        "disabled:*",
        "NOT prefix:*",
        "((disabled = true))",
        "\n disabled\t=\ntrue \n",
    ],
)
def test_a_filter_lets_an_api_key_through(text):
    assert lets_through(text, KEY)
    assert not lets_through(f"NOT ({text})", KEY)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("targets.provider:openai", MODEL),
        ("targets.priority:2 AND targets.model:gpt", MODEL),
        ("targets.weight:3", MODEL),
        ("NOT targets.weight:0", MODEL),
        ("NOT targets.provider:open", MODEL),
        ("targets:*", MODEL),
        ("public_name = gpt-4o", MODEL),
        ("timeouts.total = 20s", PROVIDER),
        ("timeouts.total > 19.5s", PROVIDER),
        ("timeouts:* AND NOT timeouts.idle:*", PROVIDER),
        ("NOT timeouts.idle < 100s", PROVIDER),
        ("timeouts.idle != 20s", PROVIDER),
        ("credential.apiKey:1234", PROVIDER),
        ("dialect = openai.chat", PROVIDER),
    ],
)
def test_a_filter_reaches_into_messages_and_lists(text, message):
    assert lets_through(text, message)


def test_enums_are_compared_by_name():
    field = FieldDescriptorProto(type=FieldDescriptorProto.TYPE_STRING, number=7)

    assert lets_through("type = TYPE_STRING AND type != TYPE_BOOL AND number >= 7 AND NOT number < 6.5", field)


def test_or_binds_closer_than_and():
    """AIP-160 has it so, against the habit of most languages."""
    assert not lets_through("disabled = false AND name:x OR disabled = true", KEY)
    assert lets_through("(disabled = false AND name:x) OR disabled = true", KEY)


def test_words_that_only_begin_like_keywords_are_fields():
    with pytest.raises(TollwayError, match="position 1: ApiKey has no such field"):
        compile_filter("ANDROID = 1", ApiKey.DESCRIPTOR)


@pytest.mark.parametrize("blank", ["", " ", "\n\t"])
def test_a_blank_filter_is_none(blank):
    assert compile_filter(blank, ApiKey.DESCRIPTOR) is None


@pytest.mark.parametrize(
    ("text", "position", "hint"),
    [
        ("disabled", 9, "expected one of ="),
        ("disabled true", 10, "expected one of ="),
        ("disabled =", 11, "expected a value"),
        ("disabled = =", 12, "expected a value"),
        ("= true", 1, "expected a field's name"),
        ('"desk"', 1, "expected a field's name"),
        ("AND disabled = true", 1, "expected a field's name"),
        ("disabled = true AND", 20, "expected a field's name"),
        ("disabled = true name:x", 17, "expected AND, OR or the end"),
        ("disabled = true)", 16, "expected AND, OR or the end"),
        ("(disabled = true", 17, "closing parenthesis"),
        ("disabled = true and name:x", 17, "expected AND, OR or the end"),
        ('display_name = "open', 16, "expected a value"),
        ("NOT NOT disabled = true", 5, "expected a field's name"),
        ("colour = red", 1, "ApiKey has no such field; it has name, display_name"),
        ("disabled.x = 1", 1, "has no fields of its own"),
        ("expire_time.seconds = 1", 1, "has no fields of its own"),
        ("disabled = yes", 12, "such as true or false"),
        ('disabled = "true"', 12, "such as true or false"),
        ("disabled > false", 1, "have no order"),
        ("expire_time > tomorrow", 15, "such as"),
        ("allowed_models = auto", 1, "asked with ':'"),
        ("tags = team", 1, "asked with ':'"),
        ("tags.team.x = 1", 1, "has no fields of its own"),
    ],
)
def test_a_filter_that_cannot_be_read_is_refused_with_its_place_and_a_hint(text, position, hint):
    with pytest.raises(TollwayError) as caught:
        compile_filter(text, ApiKey.DESCRIPTOR)

    assert caught.value.reason == Reason.REASON_FILTER_INVALID
    assert caught.value.metadata == {"position": str(position)}
    assert f"position {position}: " in str(caught.value)
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("targets = x", "':', such as"),
        ("targets:x", "presence with"),
        ("targets.provider = x", "':', such as"),
        ("targets.weight:x", "such as 42"),
        ("targets.weight:1e9", "such as 42"),
        (f"targets.weight:{'9' * 400}", "such as 42"),
    ],
)
def test_what_lists_cannot_be_asked(text, hint):
    with pytest.raises(TollwayError, match=hint):
        compile_filter(text, Model.DESCRIPTOR)


def test_timeouts_are_asked_in_seconds():
    with pytest.raises(TollwayError, match="such as 20s"):
        compile_filter("timeouts.total > 20", Provider.DESCRIPTOR)


def test_parentheses_have_a_depth():
    def nested(depth: int) -> str:
        return "(" * depth + "disabled = true" + ")" * depth

    assert lets_through(nested(MAX_DEPTH), KEY)
    assert lets_through(f"{nested(MAX_DEPTH)} AND {nested(MAX_DEPTH)}", KEY)
    with pytest.raises(TollwayError, match=f"at most {MAX_DEPTH} deep"):
        compile_filter(nested(MAX_DEPTH + 1), ApiKey.DESCRIPTOR)


def test_a_filter_has_a_length():
    longest = "disabled = true".ljust(MAX_LENGTH)

    assert lets_through(longest, KEY)
    with pytest.raises(TollwayError, match=f"at most {MAX_LENGTH} characters"):
        compile_filter(longest + " ", ApiKey.DESCRIPTOR)


def test_what_the_caller_wrote_is_not_echoed():
    with pytest.raises(TollwayError) as caught:
        compile_filter("display_name = <script>", ApiKey.DESCRIPTOR)

    assert "script" not in str(caught.value)


TOKENS = "AND OR NOT - ( ) = != < : * \" ' \\ name tags disabled true targets . \0 é 1"
SENTENCES = st.lists(st.sampled_from([*TOKENS.split(), " "]), max_size=30).map("".join)


@given(SENTENCES | st.text(max_size=60), st.sampled_from([Model, ApiKey]))
def test_any_text_is_a_filter_or_refused_as_one(text, kind):
    refusal = None
    try:
        predicate = compile_filter(text, kind.DESCRIPTOR)
    except TollwayError as error:
        refusal = error.reason

    assert refusal in (None, Reason.REASON_FILTER_INVALID)
    assert refusal or predicate is None or predicate({Model: MODEL, ApiKey: KEY}[kind]) in (True, False)


@given(st.text(max_size=40))
def test_any_text_in_quotes_means_itself(text):
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    assert lets_through(f"display_name = {quoted}", ApiKey(display_name=text))
