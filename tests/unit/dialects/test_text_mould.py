"""Events that are like one before but for their text, and those that only look so."""

from __future__ import annotations

import random

import pytest

from tests.unit.dialects.openai_recordings import envelope
from tollwayd.dialects import ANTHROPIC_MESSAGES, OPENAI_CHAT
from tollwayd.dialects.said_text import pattern
from tollwayd.dialects.text_mould import Mould

TEXTS = pattern("content", "reasoning", "arguments", "text")

OPENAI = (
    b'data: {"id":"chatcmpl-1","service_tier":"default","choices":[{"index":0,"delta":{"content":"TEXT"},'
    b'"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"a1B2"}\n\n'
)
BARE = b'data: {"choices":[{"index":0,"delta":{"content":"TEXT"},"finish_reason":null}]}\n\n'
ANTHROPIC = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":'
    b'{"type":"text_delta","text":"TEXT"}    }\n\n'
)
CALL = b'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"TEXT"}}]}}],"usage":null}\n\n'
KINDS = {"openai": OPENAI, "bare": BARE, "anthropic": ANTHROPIC, "call": CALL}
SAYINGS = [b"Hello", b"", b" there", "中文".encode(), rb"\"quoted\"", rb"a\\", rb"\u00e9\n", b"data: [DONE]", b"}}]}"]


def with_text(kind: bytes, text: bytes) -> bytes:
    return kind.replace(b"TEXT", text)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("text", SAYINGS)
def test_an_event_with_another_text_is_known(kind, text):
    mould = Mould.of(with_text(kind, b"first"), TEXTS)
    assert mould is not None
    assert mould.text_in(with_text(kind, text)) == text


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_an_event_that_lacks_a_part_is_none(kind):
    mould = Mould.of(with_text(kind, b"first"), TEXTS)
    whole = with_text(kind, b"")
    assert mould.text_in(whole) == b""
    beginning, end = kind.split(b"TEXT")
    lacking = [whole[cut:] for cut in range(1, len(whole))]
    lacking += [beginning[:-1] + end, beginning + end[1:]]
    assert {mould.text_in(block) for block in lacking} == {None}
    assert not any(mould.run_in(block)[1] for block in lacking)


def test_padding_may_be_of_any_length():
    mould = Mould.of(OPENAI, TEXTS)
    assert mould.text_in(OPENAI.replace(b"a1B2", b"")) == b"TEXT"
    assert mould.text_in(OPENAI.replace(b"a1B2", b"0123456789abcdef")) == b"TEXT"
    mould = Mould.of(ANTHROPIC, TEXTS)
    assert mould.text_in(ANTHROPIC.replace(b"    }", b"}")) == b"TEXT"


@pytest.mark.parametrize("padding", [b"", b',"obfuscation":"a1B2"'])
def test_an_event_that_ends_with_whose_text_it_is_has_no_mould(padding):
    """The number behind the last quote is not compared."""
    last = b'data: {"choices":[{"delta":{"content":"TEXT"},"index":0}]' + padding + b"}\n\n"
    mould = Mould.of(last, TEXTS)
    assert mould is None or mould.text_in(last.replace(b'"index":0', b'"index":1').replace(b"TEXT", b"x")) is None


OTHERS = {
    "an end": OPENAI.replace(b'"finish_reason":null', b'"finish_reason":"stop"'),
    "usage": OPENAI.replace(b'"usage":null', b'"usage":{"prompt_tokens":1}'),
    "an error behind": OPENAI.replace(b'"obfuscation":"a1B2"', b'"error":{"message":"a1B2"}'),
    "an error behind the padding": OPENAI.replace(b'"a1B2"', b'"a1B2","error":{"message":"no"}'),
    "an error within the text": with_text(OPENAI, b'x","error":"y'),
    "another member": OPENAI.replace(b'"content"', b'"reasoning"'),
    "another choice": OPENAI.replace(b'"index":0', b'"index":1'),
    "another tier": OPENAI.replace(b"default", b"flex"),
    "two events": OPENAI + OPENAI,
    "the mark of the end": OPENAI + b"data: [DONE]\n\n",
    "the same within": OPENAI[:-2] + b"\ndata: [DONE]\n\n",
    "no end": OPENAI[:-1],
    "nothing": b"",
    "a comment": b": hello\n\n",
}
BROKEN = {
    "an old line's end": with_text(OPENAI, b"x\rdata: [DONE]\r\r"),
    "the same in the text": with_text(OPENAI, b"x\n\ndata: [DONE]\n\n"),
    "a text that does not end": with_text(OPENAI, b"x\\"),
    "an escape that is none": with_text(OPENAI, rb"\q"),
    "half a pair": with_text(OPENAI, rb"\ud83d"),
}


@pytest.mark.parametrize("block", [*OTHERS.values(), *BROKEN.values()], ids=[*OTHERS, *BROKEN])
def test_what_differs_in_more_is_not(block):
    mould = Mould.of(OPENAI, TEXTS)
    assert mould.text_in(block) is None


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_an_answer_may_end_without_quotes(kind):
    mould = Mould.of(kind, TEXTS)
    assert mould.text_in(kind + b"data: [DONE]\n\n") is None
    assert mould.text_in(kind[:-1] + b"data: [DONE]\n\n") is None


@pytest.mark.parametrize(
    "block",
    [OPENAI + OPENAI, OPENAI.replace(b"\n", b"\r\n"), b": \n\n", BARE.replace(b'"content"', b'"content":"a","text"')],
)
def test_no_mould_is_made_of_what_is_not_one_event_with_one_text(block):
    assert Mould.of(block, TEXTS) is None


class Unlearned:
    """A relay's measure of what is said that never learns."""

    def __init__(self, texts) -> None:
        self.add, self.said = texts.add, texts.said

    def takes(self, _: bytes) -> bool:
        return False

    def parts(self, block: bytes) -> list[tuple[bytes, bool]]:
        return [(block, False)]

    def learn(self, _: bytes) -> bool:
        return False


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("dialect", [OPENAI_CHAT, ANTHROPIC_MESSAGES], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": True}}, {"n": 2}])
def test_a_relay_that_learns_gives_and_knows_what_one_does_that_looks_at_everything(dialect, options, seed):
    chance = random.Random(seed)
    relay, looking = (dialect.relay_stream(envelope(**options)) for _ in range(2))
    looking._said = Unlearned(looking._said)
    kinds = [*KINDS.values(), OPENAI.replace(b'"usage":null', b'"usage": null'), *OTHERS.values()]
    for _ in range(20):
        kind = chance.choice(kinds)
        for _ in range(chance.randrange(1, 100 if chance.random() < 0.1 else 4)):
            block = with_text(kind, chance.choice(SAYINGS))
            assert relay.feed(block) == looking.feed(block)
            for member in ("complete", "done", "usage_due", "usage", "terms"):
                assert getattr(relay, member) == getattr(looking, member)
            assert str(relay.error) == str(looking.error)
    assert relay.said() == looking.said()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("dialect", [OPENAI_CHAT, ANTHROPIC_MESSAGES], ids=["openai", "anthropic"])
def test_events_that_come_together_are_the_same_as_one_by_one(dialect, seed):
    chance = random.Random(seed)
    together, apart = (dialect.relay_stream(envelope()) for _ in range(2))
    whole = [event for event in OTHERS.values() if event.endswith(b"\n\n")]
    kinds = [*KINDS.values(), *whole, BARE.replace(b"\n\n", b"\r\n\r\n"), b": ping\n\n"]
    for _ in range(10):
        kind, other = chance.choices(kinds, k=2)
        share = chance.choice([0, 0.05, 0.5])
        events = [
            with_text(other if chance.random() < share else kind, chance.choice(SAYINGS))
            for _ in range(chance.choice([1, 2, 3, 20, 100]))
        ]
        assert together.feed(b"".join(events)) == b"".join(map(apart.feed, events))
        for member in ("complete", "done", "usage_due", "usage", "terms"):
            assert getattr(together, member) == getattr(apart, member)
        assert str(together.error) == str(apart.error)
    assert together.said() == apart.said()


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_run_of_events_ends_where_another_one_begins(kind):
    mould = Mould.of(with_text(kind, b"first"), TEXTS)
    run = b"".join(with_text(kind, text) for text in SAYINGS)
    for after in (b"", b": ping\n\n", b"data: [DONE]\n\n", with_text(kind, b"x")[:-1] + b" \n\n"):
        assert mould.run_in(run + after) == (SAYINGS, len(run))
    for after in OTHERS.values():
        texts, _ = mould.run_in(run + after)
        assert not any(b"error" in text or b"\n" in text for text in texts)
    assert mould.run_in(b": ping\n\n" + run) == ([], 0)
