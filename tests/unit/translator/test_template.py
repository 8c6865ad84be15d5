"""Path templates: the grammar of google/api/http.proto, and clear words for what is not in it."""

from __future__ import annotations

import pytest

from tollwayd.translator.rules.template import Variable, parse


@pytest.mark.parametrize(
    ("text", "segments", "verb", "variables"),
    [
        ("/v1/messages", ("v1", "messages"), "", ()),
        ("/v1/{name=messages/*}", ("v1", "messages", "*"), "", (Variable("name", 1, 3, single=False),)),
        ("/v1/messages/{message_id}", ("v1", "messages", "*"), "", (Variable("message_id", 2, 3, single=True),)),
        ("/v1/{a}/{b.c}", ("v1", "*", "*"), "", (Variable("a", 1, 2, single=True), Variable("b.c", 2, 3, single=True))),
        ("/v1/{name=**}", ("v1", "**"), "", (Variable("name", 1, None, single=False),)),
        ("/v1/{name=*}", ("v1", "*"), "", (Variable("name", 1, 2, single=True),)),
        ("/v1/{name=fixed}", ("v1", "fixed"), "", (Variable("name", 1, 2, single=True),)),
        ("/v1/{name=a/**}:undo", ("v1", "a", "**"), "undo", (Variable("name", 1, None, single=False),)),
        ("/v1/*/**:do-it", ("v1", "*", "**"), "do-it", ()),
        ("/v1/messages:sendAll", ("v1", "messages"), "sendAll", ()),
        ("/v1.beta_2/a~b/%20x", ("v1.beta_2", "a~b", "%20x"), "", ()),
    ],
)
def test_a_template_is_taken_apart(text, segments, verb, variables):
    template = parse(text)
    assert (template.segments, template.verb, template.variables) == (segments, verb, variables)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "start with '/'"),
        ("v1/x", "start with '/'"),
        ("/", "empty segment"),
        ("/v1/", "empty segment"),
        ("/v1//x", "empty segment"),
        ("/v1/{name", "a variable is"),
        ("/v1/{name}x", "a variable is"),
        ("/v1/{a={b}}", "a variable is"),
        ("/v1/{}", "not a field path"),
        ("/v1/{1a}", "not a field path"),
        ("/v1/{a..b}", "not a field path"),
        ("/v1/{name=}", "empty segment"),
        ("/v1/{name=a//b}", "empty segment"),
        ("/v1/**/x", "only a verb may follow"),
        ("/v1/{name=**}/x", "only a verb may follow"),
        ("/v1/{name=**/x}", "only a verb may follow"),
        ("/v1/{a}/{a}", "binds a twice"),
        ("/v1/x:", "needs a verb"),
        ("/v1/x:a:b", "needs a verb"),
        ("/v1/x:{verb}", "neither '*'"),
        ("/v1/a*b", "neither '*'"),
        ("/v1/***", "neither '*'"),
        ("/v1/a b", "neither '*'"),
        ("/v1/a%2", "neither '*'"),
        ("/v1/a?b", "neither '*'"),
        ("/v1/ü", "neither '*'"),
    ],
)
def test_what_is_no_template_is_refused_in_clear_words(text, complaint):
    with pytest.raises(ValueError, match="path template") as refused:
        parse(text)
    assert complaint in str(refused.value)
    assert repr(text) in str(refused.value)
