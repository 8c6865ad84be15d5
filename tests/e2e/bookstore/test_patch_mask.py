"""A PATCH over REST changes what its body names, without a mask of its own (AIP-134)."""

from __future__ import annotations

import grpc
import pytest

from tests.apis.library import NAME, PACKAGE, Library, Shelf, UpdateShelfRequest, serve_grpc, served
from tollwayd.translator.messages.patch_mask import MAX_PATHS

PATH = f"/v1/{NAME}"


@pytest.fixture
async def library():
    library = Library()
    library.put(Shelf(name=NAME, display_name="History", labels={"a": "b"}, lamp={"color": "red", "watts": 5}))
    return library


@pytest.fixture
async def client(library):
    async with served(library) as client:
        yield client


async def mask_of(client, library, body, path: str = PATH, method: str = "PATCH") -> list[str]:
    async with client.request(method, path, json=body) as changed:
        assert changed.status == 200, await changed.text()
    return list(library.requests[-1].update_mask.paths)


NAMED = {
    "one field": ({"displayName": "Art"}, ["display_name"]),
    "by its proto name": ({"display_name": "Art"}, ["display_name"]),
    "a zero value": ({"displayName": ""}, ["display_name"]),
    "null": ({"displayName": None, "lamp": None, "labels": None}, ["display_name", "lamp", "labels"]),
    "within a message": ({"lamp": {"color": "blue"}}, ["lamp.color"]),
    "null within a message": ({"lamp": {"color": None}}, ["lamp.color"]),
    "an empty message": ({"lamp": {}}, ["lamp"]),
    "deeper": ({"above": {"lamp": {"watts": 1, "color": ""}}}, ["above.lamp.watts", "above.lamp.color"]),
    "a map": ({"labels": {"c": "d"}}, ["labels"]),
    "a list": ({"topics": ["x"]}, ["topics"]),
    "a list of messages": ({"spares": [{"color": "x"}]}, ["spares"]),
    "a time": ({"openTime": "2026-01-01T00:00:00Z"}, ["open_time"]),
    "a struct": ({"notes": {"a": 1}}, ["notes"]),
    "a member of a oneof": ({"room": "", "displayName": "x"}, ["room", "display_name"]),
    "what the path gives": ({"name": "shelves/9", "displayName": "x"}, ["display_name"]),
    "the etag": ({"etag": "", "displayName": "x"}, ["display_name"]),
    "what is the server's own": ({"createTime": None, "displayName": "x"}, ["display_name"]),
    "the server's own within": ({"lamp": {"hours": 5}, "displayName": "x"}, ["display_name"]),
    "a name within": ({"lamp": {"name": "x"}}, ["lamp.name"]),
    "nothing": ({}, []),
    "nothing that can be changed": ({"name": "x", "createTime": "2026-01-01T00:00:00Z"}, []),
}


@pytest.mark.parametrize(("body", "paths"), NAMED.values(), ids=NAMED.keys())
async def test_the_mask_is_what_the_body_names(client, library, body, paths):
    assert await mask_of(client, library, body) == paths


async def test_what_the_path_gives_within_is_not_named(client, library):
    body = {"lamp": {"color": "green", "watts": 7}}
    assert await mask_of(client, library, body, f"{PATH}/lamps/blue") == ["lamp.watts"]
    assert library.requests[-1].shelf.lamp.color == "blue"


async def test_a_field_is_cleared_over_rest_without_a_mask_and_over_grpc_with_one(client, library):
    async with client.patch(PATH, json={"displayName": ""}) as changed:
        assert (await changed.json())["displayName"] == ""
    library.put(Shelf(name=NAME, display_name="History"))
    async with serve_grpc(library) as address, grpc.aio.insecure_channel(address) as channel:
        update = channel.unary_unary(
            f"/{PACKAGE}.LibraryService/UpdateShelf", lambda each: each.SerializeToString(), Shelf.FromString
        )
        assert (await update(UpdateShelfRequest(shelf={"name": NAME}))).display_name == "History"
        request = UpdateShelfRequest(shelf={"name": NAME}, update_mask={"paths": ["display_name"]})
        assert (await update(request)).display_name == ""


async def test_a_resource_is_read_edited_and_sent_back_whole(client, library):
    async with client.get(PATH) as got:
        shelf = await got.json()
    shelf["displayName"] = ""
    del shelf["lamp"]["color"]
    async with client.patch(PATH, json=shelf) as changed:
        answer = await changed.json()
    assert (answer["displayName"], answer["labels"]) == ("", {"a": "b"})
    assert answer["lamp"] == {"color": "red", "watts": 5, "hours": 0, "name": ""}
    assert "name" not in library.requests[-1].update_mask.paths


async def test_an_empty_body_changes_nothing(client, library):
    async with client.patch(PATH) as changed:
        assert (await changed.json())["displayName"] == "History"
    assert not library.requests[-1].HasField("update_mask")
    assert await mask_of(client, library, {}) == []
    assert not library.requests[-1].HasField("update_mask")


@pytest.mark.parametrize("query", ["updateMask=labels", "update_mask=labels", "updateMask=*", "updateMask="])
async def test_a_mask_that_is_given_counts(client, library, query):
    given = query.partition("=")[2]
    body = {"displayName": "x"}
    async with client.patch(f"{PATH}?{query}", json=body):
        assert ",".join(library.requests[-1].update_mask.paths) == given


async def test_other_bindings_get_none(client, library):
    assert await mask_of(client, library, {"displayName": "x"}, method="PUT") == []
    assert await mask_of(client, library, {"shelf": {"name": NAME, "displayName": "x"}}, "/v1/shelves") == []


async def test_unknown_fields_that_are_passed_over_are_not_named(library):
    async with served(library, ignore_unknown_fields=True) as client:
        assert await mask_of(client, library, {"displayNam": "x", "lamp": {"colour": 1, "watts": 2}}) == ["lamp.watts"]


async def test_a_large_body_is_named_too(client, library):
    body = {"notes": {"a": "x" * 100_000}, "displayName": ""}
    assert await mask_of(client, library, body) == ["notes", "display_name"]


async def test_a_body_of_very_many_fields_has_to_give_its_mask(client, library):
    fields = dict.fromkeys(("room", "topics", "labels", "displayName", "openTime", "spares"))
    lamp = {"color": "a", "watts": 1, "name": "x"}
    body = {**fields, "lamp": lamp}
    for _ in range(MAX_PATHS // 9 - 1):
        body = {**fields, "lamp": lamp, "above": body}
    assert len(await mask_of(client, library, body)) == MAX_PATHS // 9 * 9
    body = {**fields, "lamp": lamp, "above": body}
    async with client.patch(PATH, json=body) as refused:
        assert refused.status == 400
        assert (await refused.json())["details"][1]["fieldViolations"][0]["field"] == "updateMask"
    assert len(await mask_of(client, library, body, f"{PATH}?updateMask=above")) == 1
