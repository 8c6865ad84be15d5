"""Rules that cannot work are refused at start, in words that name the method."""

from __future__ import annotations

from itertools import count

import pytest
from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from tests.apis.bookstore import PACKAGE, Bookstore, registry
from tollwayd.core.chain import Chain
from tollwayd.rpc.registry import Registry
from tollwayd.translator.rules.rule import bindings
from tollwayd.translator.server import RestDoor

_numbers = count(1)


class Servicer:
    async def Do(self, request, call):
        return request

    async def DoToo(self, request, call):
        return request


def made(*rules: HttpRule, client_streaming: bool = False) -> Registry:
    """A registry of a service whose methods, Do and DoToo, have these rules and take and give books."""
    number = next(_numbers)
    file = FileDescriptorProto(
        name=f"tests/rule_{number}.proto",
        package=f"rules{number}",
        syntax="proto3",
        dependency=["google/api/annotations.proto", "tests/protos/bookstore.proto"],
    )
    service = file.service.add(name="Service")
    for name, rule in zip(("Do", "DoToo"), rules, strict=False):
        method = service.method.add(name=name, client_streaming=client_streaming)
        method.input_type = method.output_type = f".{PACKAGE}.Book"
        method.options.Extensions[annotations_pb2.http].CopyFrom(rule)
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    found = Registry()
    found.add(pool.FindServiceByName(f"rules{number}.Service"), Servicer(), Chain([]))
    return found


def bound(rule: HttpRule):
    (method,) = made(rule)
    return [(each.http_method, each.template.text, each.body, each.response_body) for each in bindings(method)]


def test_every_kind_of_pattern():
    kinds = {kind: HttpRule(**{kind: "/v1/x"}) for kind in ("get", "put", "post", "delete", "patch")}
    assert [bound(rule) for rule in kinds.values()] == [[(kind.upper(), "/v1/x", "", "")] for kind in kinds]
    assert bound(HttpRule(custom={"kind": "HEAD", "path": "/v1/x"})) == [("HEAD", "/v1/x", "", "")]
    assert bound(HttpRule(custom={"kind": "*", "path": "/v1/x"}, body="*")) == [("*", "/v1/x", "*", "")]


def test_additional_bindings_have_bodies_of_their_own():
    rule = HttpRule(post="/v1/x", body="*")
    rule.additional_bindings.add(put="/v1/{title}", body="sequel", response_body="authors")
    assert bound(rule) == [("POST", "/v1/x", "*", ""), ("PUT", "/v1/{title}", "sequel", "authors")]


def test_a_method_without_a_rule_has_no_binding():
    unbound = registry(Bookstore()).find(f"/{PACKAGE}.BookService/Unbound")
    assert list(bindings(unbound)) == []


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (HttpRule(), "its rule has no pattern"),
        (HttpRule(get="v1/x"), "start with '/'"),
        (HttpRule(get="/v1/x", body="*"), "a GET has no body"),
        (HttpRule(post="/v1/x", body="nothing"), "body 'nothing' is not a top-level field"),
        (HttpRule(post="/v1/x", body="sequel.title"), "body 'sequel.title' is not a top-level field"),
        (HttpRule(get="/v1/x", response_body="nothing"), "response_body 'nothing' is not a top-level field"),
        (HttpRule(get="/v1/{nothing}"), "path variable 'nothing' is not a field"),
        (HttpRule(get="/v1/{sequel.nothing}"), "path variable 'sequel.nothing' is not a field"),
        (HttpRule(get="/v1/{title.more}"), "path variable 'title.more' is not a field"),
        (HttpRule(get="/v1/{shelfNo}"), "path variable 'shelfNo' is not a field"),
        (HttpRule(get="/v1/{authors}"), "is repeated or a map"),
        (HttpRule(get="/v1/{labels}"), "is repeated or a map"),
        (HttpRule(get="/v1/{related.title}"), "is repeated or a map"),
        (HttpRule(get="/v1/{sequel}"), "is a message, not a value"),
        (HttpRule(custom={"kind": "TWO WORDS", "path": "/v1/x"}), "is not an HTTP method"),
        (HttpRule(custom={"kind": "", "path": "/v1/x"}), "is not an HTTP method"),
        (
            HttpRule(
                get="/v1/x", additional_bindings=[HttpRule(get="/v1/y", additional_bindings=[HttpRule(get="/v1/z")])]
            ),
            "must not have additional_bindings",
        ),
    ],
)
def test_a_rule_that_cannot_work_stops_the_start(rule, complaint):
    with pytest.raises(ValueError, match="Service/Do: ") as refused:
        RestDoor(made(rule))
    assert complaint in str(refused.value)


def test_two_methods_on_the_same_paths_stop_the_start():
    with pytest.raises(ValueError, match=r"Service/DoToo and .*Service/Do are ambiguous"):
        RestDoor(made(HttpRule(get="/v1/{title}"), HttpRule(get="/v1/{name}")))
