"""Long texts are not searched for what is no text, and hide none of it."""

from __future__ import annotations

import json

import pytest

from tests.unit.dialects.test_admission import envelope
from tollwayd.core.dialect import Load
from tollwayd.dialects import ANTHROPIC_MESSAGES, OPENAI_CHAT, json_load

LONG = 'Where do all roads lead? "Rome" \\' + "\n" * json_load.LONG
PICTURE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
PICTURE_OF_ANTHROPIC = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": LONG}],
        [{"role": "user", "content": [{"type": "text", "text": LONG}]}],
        [{"role": "user", "content": [LONG, {"text": LONG}]}, {"role": LONG, "content": None}],
        [[LONG], LONG],
        {"content": LONG},
        LONG,
    ],
)
@pytest.mark.parametrize("dialect", [OPENAI_CHAT, ANTHROPIC_MESSAGES])
def test_what_is_no_text_is_found_around_long_texts(dialect, messages):
    assert dialect.load(envelope(dialect, {"messages": messages, "system": LONG})) == Load()
    picture = PICTURE if dialect is OPENAI_CHAT else PICTURE_OF_ANTHROPIC
    before, after = [picture, messages, messages], [messages, messages, picture]
    deep = [{"role": "user", "content": [{"type": "text", "text": LONG}, picture, {"type": "text", "text": LONG}]}]
    for each in (before, after, deep):
        assert dialect.load(envelope(dialect, {"messages": each})).images == 1


def test_long_texts_are_left_out_of_what_is_searched():
    messages = [{"role": "user", "content": LONG}, {"role": "user", "content": [{"type": "text", "text": LONG}]}]
    raw = json.dumps(messages).encode()
    assert json_load.outside_texts(raw) == raw.replace(json.dumps(LONG).encode(), b'""')


def test_what_stands_between_two_texts_does_not_hide_them_where_it_is_a_text_as_well():
    between = b" " * json_load.LONG + b":"
    picture = b'{"image_url"%b"data:image/png;base64,AAAA"}' % between
    turns = [b'{"content":[%b]}' % picture, b'{"content":"%b"}' % between]
    for messages in (turns, turns[::-1]):
        body = b'{"model":"m","messages":[%b]}' % b",".join(messages)
        assert OPENAI_CHAT.load(OPENAI_CHAT.peek(body)).images == 1


def test_a_member_given_twice_does_not_hide_though_the_last_one_is_text():
    body = b'{"model":"m","messages":[{"content":[{"image_url":{}}],"content":"%b"}]}' % (b"x" * json_load.LONG)
    assert OPENAI_CHAT.load(OPENAI_CHAT.peek(body)).images == 1
