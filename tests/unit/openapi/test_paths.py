from __future__ import annotations

import pytest

from tollwayd.openapi.paths import Paths


@pytest.mark.parametrize(
    ("template", "path", "fields"),
    [
        ("/v1/shelves", "/v1/shelves", set()),
        ("/v1/messages/{message_id}", "/v1/messages/{messageId}", {"message_id"}),
        ("/v1/messages/{message.id}:read", "/v1/messages/{message.id}:read", {"message.id"}),
        ("/v1/{name=shelves/*/books/*}", "/v1/shelves/{shelf}/books/{book}", {"name"}),
        ("/v1/{name=halls/*/doors/*}", "/v1/halls/{hallsId}/doors/{doorsId}", {"name"}),
        ("/v1/{name=halls/**}:open", "/v1/halls/{hallsId}:open", {"name"}),
        ("/v1/{a=halls/*}/{b=halls/*}", "/v1/halls/{hallsId}/halls/{hallsId2}", {"a", "b"}),
        ("/v1/*/books/**", "/v1/{segment}/books/{segment2}", set()),
        ("/{file=**}", "/{file}", {"file"}),
    ],
)
def test_every_wildcard_gets_a_name(template, path, fields):
    expanded = Paths(["shelves/{shelf}/books/{book}"]).expand(template)

    assert expanded.path == path
    assert expanded.fields == fields
    assert [f"{{{parameter.name}}}" in path for parameter in expanded.parameters] == [True] * path.count("{")


def test_paths_of_one_shape_have_the_same_names():
    paths = Paths([])

    assert paths.expand("/v1/{name=shelves/*}").path == paths.expand("/v1/shelves/{shelf_id}").path


@pytest.mark.parametrize(
    ("template", "spans", "is_whole"),
    [("/{a}", False, True), ("/{a=**}", True, True), ("/{a=x/*}", False, False), ("/{a=x/**}", True, False)],
)
def test_a_parameter_knows_how_much_it_holds(template, spans, is_whole):
    parameter = Paths([]).expand(template).parameters[0]

    assert (parameter.spans_segments, parameter.is_whole) == (spans, is_whole)
