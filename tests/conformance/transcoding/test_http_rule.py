"""What the comment of google.api.HttpRule says, example by example and sentence by sentence."""

from __future__ import annotations

import pytest
from google.protobuf import text_format

from tests.conformance.transcoding.cases.all import BY_ID
from tests.conformance.transcoding.http_rule import (
    Example,
    Messaging,
    as_text_format,
    blocks,
    comment,
    compile_block,
    examples,
    registry,
)
from tests.conformance.transcoding.sentences import REFUSED_AT_START, SENTENCES
from tests.wire.http1 import connect, request
from tollwayd.translator.server import RestDoor

EXAMPLES = [
    Example(1, "GET /v1/messages/123456", 'GetMessage(name: "messages/123456")'),
    Example(
        2,
        "GET /v1/messages/123456?revision=2&sub.subfield=foo",
        'GetMessage(message_id: "123456" revision: 2 sub: SubMessage(subfield: "foo"))',
    ),
    Example(
        3,
        'PATCH /v1/messages/123456 { "text": "Hi!" }',
        'UpdateMessage(message_id: "123456" message { text: "Hi!" })',
    ),
    Example(4, 'PATCH /v1/messages/123456 { "text": "Hi!" }', 'UpdateMessage(message_id: "123456" text: "Hi!")'),
    Example(5, "GET /v1/messages/123456", 'GetMessage(message_id: "123456")'),
    Example(5, "GET /v1/users/me/messages/123456", 'GetMessage(user_id: "me" message_id: "123456")'),
]

FORBIDDEN = """
service Messaging {
  rpc GetMessage(Request) returns (Message) {
    option (google.api.http) = {RULE};
  }
}
message Request {
  repeated string names = 1;
  string name = 2;
  Message sub = 3;
}
"""


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    """The comment's services, in its order."""
    folder = tmp_path_factory.mktemp("http_rule")
    return [
        compile_block(block, f"http_rule.example{number}", folder) for number, block in enumerate(blocks(), start=1)
    ]


def test_the_comment_has_no_other_examples():
    assert examples() == EXAMPLES
    assert len(blocks()) == 5


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.block}-{example.http.split()[1]}")
async def test_an_example_becomes_the_message_that_the_comment_says(services, example):
    servicer = Messaging()
    door = RestDoor(registry(services[example.block - 1], servicer))
    address = await door.start("127.0.0.1", 0)
    method, target, *body = example.http.split(" ", 2)
    try:
        async with connect(address) as connection:
            await connection.send(request(method, target, body="".join(body).encode() if body else None))
            answer = await connection.response()
    finally:
        await door.stop(0)

    ((name, message),) = servicer.seen
    rpc, text = as_text_format(example.grpc)
    assert (answer.status, name) == (200, rpc)
    assert message == text_format.Parse(text, type(message)())


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_of_the_comment_is_held_by_cases(sentence):
    assert sentence in " ".join(comment().split())
    assert set(SENTENCES[sentence].split()) <= BY_ID.keys()


@pytest.mark.parametrize("sentence", REFUSED_AT_START)
def test_a_rule_that_the_comment_forbids_is_refused_at_start(sentence, tmp_path):
    assert sentence in " ".join(comment().split())
    number = list(REFUSED_AT_START).index(sentence)
    service = compile_block(FORBIDDEN.replace("RULE", REFUSED_AT_START[sentence]), f"refused{number}", tmp_path)

    with pytest.raises(ValueError, match="GetMessage: "):
        RestDoor(registry(service, Messaging()))
