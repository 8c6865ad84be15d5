"""The link that holds requests to the rules of their messages: one message, and each of a stream's."""

from __future__ import annotations

import asyncio
from importlib import import_module
from pathlib import Path

import pytest
from google.api.httpbody_pb2 import HttpBody

from buf.validate import validate_pb2
from tollway.admin.v1.api_keys_pb2 import CreateApiKeyRequest
from tollway.admin.v1.policies_pb2 import CreatePolicyRequest, DryRunRequest, InspectPolicyRequest
from tollway.proxy.v1.conversation_pb2 import ROLE_USER
from tollway.proxy.v1.inference_pb2 import GenerateRequest
from tollwayd.core.call import Call
from tollwayd.core.chain import Chain
from tollwayd.core.errors import Reason, TollwayError
from tollwayd.plugins.patterns import WORDS
from tollwayd.plugins.validate import Validate

GENERATED = Path(__file__).parents[3] / "gen" / "python"
ACME = "tenants/acme"
VALID = GenerateRequest(model="m", messages=[{"role": ROLE_USER}])
INVALID = GenerateRequest(model="m", messages=[{"role": 77}])


class Requests:
    """A stream of requests, which says whether it has been closed and how many have been taken of it."""

    def __init__(self, *messages) -> None:
        self._messages = messages
        self.taken = 0
        self.closed = False

    async def stream(self):
        try:
            for message in self._messages:
                self.taken += 1
                yield message
        finally:
            self.closed = True


def call() -> Call:
    return Call("/test.Service/Method", {})


async def collect(requests, _: Call):
    """A servicer's method: it answers with the number of its requests, in as many bytes."""
    return HttpBody(data=bytes([len([request async for request in requests])]))


def refused(error: TollwayError) -> tuple[Reason, list[str]]:
    return error.reason, [violation.field for violation in error.violations]


async def run(handler, requests: Requests):
    """The method behind the link, called as a door calls it."""
    running = call()

    async def read():
        stream = requests.stream()
        running.defer(stream.aclose)
        return stream

    return await Chain([Validate()]).bind(handler, streams=False)(None, running, read)


async def test_one_message():
    Validate().on_request(call(), VALID)
    with pytest.raises(TollwayError) as error:
        Validate().on_request(call(), INVALID)
    assert refused(error.value) == (Reason.REASON_FIELD_INVALID, ["messages[0].role"])


def test_a_oneof_is_told_of_by_its_fields():
    """JSON has no name for it."""
    with pytest.raises(TollwayError) as error:
        Validate().on_request(call(), GenerateRequest(model="m", messages=[{"role": ROLE_USER, "parts": [{}]}]))
    (violation,) = error.value.violations
    assert violation.field == "messages[0].parts[0].kind"
    assert violation.description.startswith("exactly one field is required of text, image, audio, file, toolCall, ")


@pytest.mark.parametrize("role", [0, 77])
def test_a_value_that_an_enum_does_not_have_is_told_those_that_it_has(role):
    with pytest.raises(TollwayError) as error:
        Validate().on_request(call(), GenerateRequest(model="m", messages=[{"role": role}]))
    (violation,) = error.value.violations
    assert (violation.field, violation.description) == (
        "messages[0].role",
        "has to be one of ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL",
    )


def broken(request, method: str = "/test.Service/Method") -> dict[str, str]:
    """What is said of each field that breaks a rule."""
    with pytest.raises(TollwayError) as error:
        Validate().on_request(Call(method, {}), request)
    return {violation.field: violation.description for violation in error.value.violations}


def test_a_text_that_is_not_given_is_required():
    assert broken(CreatePolicyRequest(parent=ACME)) == {"policyId": "is required", "policy": "is required"}
    assert broken(InspectPolicyRequest()) == {"name": "is required"}


def test_what_rest_takes_as_a_query_parameter_is_told_so():
    create = "/tollway.admin.v1.PolicyService/CreatePolicy"
    assert broken(CreatePolicyRequest(), create) == {
        "parent": "is required",
        "policyId": "is required; over REST it is the query parameter policyId",
        "policy": "is required",
    }
    said = "/tollway.admin.v1.PolicyService/DryRun"
    assert broken(DryRunRequest(parent=ACME), said)["model"] == "is required"


def test_a_pattern_is_told_in_words():
    key = {"groups": ["", "Batch"], "tags": {"Team": "ann", "team": "%"}}
    of_an_id = (
        "lower-case letters, digits and hyphens, 63 at most, beginning with a letter and ending with a letter or digit"
    )
    assert broken(CreateApiKeyRequest(parent="acme", api_key_id="Key", api_key=key)) == {
        "parent": "has to be tenants/ and the tenant's id, such as tenants/acme",
        "apiKeyId": f"has to be {of_an_id}",
        "apiKey.groups[0]": f"has to be {of_an_id}",
        "apiKey.groups[1]": f"has to be {of_an_id}",
        "apiKey.tags[Team]": (
            "its key has to be lower-case letters, digits, hyphens and underscores, 63 at most, beginning with a letter"
        ),
        "apiKey.tags[team]": "has to be letters, digits and the characters _ . : / -, 64 at most",
    }


def test_a_key_that_looks_like_no_name_is_not_sent_back():
    fields = broken(CreateApiKeyRequest(parent=ACME, api_key_id="key", api_key={"tags": {"<script>": "x"}}))
    assert fields.keys() == {"apiKey.tags"}


def test_every_pattern_of_the_protos_has_words_and_no_other():
    found = set()
    for path in GENERATED.glob("tollway/**/*_pb2.py"):
        module = import_module(".".join(path.relative_to(GENERATED).with_suffix("").parts))
        found |= set(patterns(module.DESCRIPTOR.message_types_by_name.values()))
    assert found == WORDS.keys()


def patterns(messages):
    """The patterns of texts that these messages' rules hold, wherever in them."""
    for message in messages:
        for field in message.fields:
            yield from in_rules(field.GetOptions().Extensions[validate_pb2.field])
        yield from patterns(message.nested_types)


def in_rules(rules):
    if rules.string.HasField("pattern"):
        yield rules.string.pattern
    for inner in (rules.repeated, rules.map):
        for name in ("items", "keys", "values"):
            if name in inner.DESCRIPTOR.fields_by_name and inner.HasField(name):
                yield from in_rules(getattr(inner, name))


async def test_a_stream_that_keeps_the_rules():
    requests = Requests(VALID, VALID, VALID)
    assert (await run(collect, requests)).data == b"\x03"
    assert requests.closed


async def test_a_stream_ends_with_the_first_message_that_breaks_one():
    requests = Requests(VALID, INVALID, VALID)
    with pytest.raises(TollwayError) as error:
        await run(collect, requests)
    assert refused(error.value) == (Reason.REASON_FIELD_INVALID, ["messages[0].role"])
    assert (requests.taken, requests.closed) == (2, True)


async def test_what_a_method_does_not_take_is_not_asked_for():
    requests = Requests(VALID, INVALID)

    async def first(stream, _: Call):
        await anext(stream)
        return HttpBody()

    await run(first, requests)
    assert (requests.taken, requests.closed) == (1, True)


async def test_a_cancelled_call_closes_its_stream():
    requests = Requests(VALID, VALID)
    begun = asyncio.Event()

    async def wait(stream, _: Call):
        await anext(stream)
        begun.set()
        await asyncio.Event().wait()

    running = asyncio.ensure_future(run(wait, requests))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert requests.closed


def test_messages_without_rules_are_none_of_its_business():
    assert Validate().minds(GenerateRequest.DESCRIPTOR)
    assert not Validate().minds(HttpBody.DESCRIPTOR)
