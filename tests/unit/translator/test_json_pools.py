"""A message of a descriptor pool of its own is read and printed by the types of that pool, not of the process."""

from __future__ import annotations

import json

import pytest
from google.protobuf.message_factory import GetMessageClass

from tests.apis.compiled import PROTOS, descriptor_set
from tollwayd.core.errors import StatusError, TollwayError
from tollwayd.rpc.descriptor_set import DescriptorSet
from tollwayd.translator.answers.errors import error_answer, status_json
from tollwayd.translator.protojson.codec import decoder, encoder

TYPE = "type.googleapis.com/"


def pool_of(*names: str):
    return DescriptorSet(descriptor_set(*(PROTOS / name for name in names), imports=True).SerializeToString()).pool


@pytest.fixture(scope="module")
def harbour():
    """What makes messages of a pool that knows the harbour."""
    pool = pool_of("harbour.proto", "every_kind_2.proto")
    return lambda name: GetMessageClass(pool.FindMessageTypeByName(name))


def test_what_an_any_holds(harbour):
    ship = harbour("harbour.v1.Ship")()
    text = {"cargo": {"@type": f"{TYPE}harbour.v1.Grain", "sacks": "7"}}
    decoder(ship.DESCRIPTOR)(json.dumps(text).encode(), ship)
    assert ship.cargo.value == b"\x08\x07"
    assert json.loads(encoder(ship.DESCRIPTOR)(ship)) == text


def test_an_any_of_another_pools_type(harbour):
    ship = harbour("harbour.v1.Ship")()
    own = {"cargo": {"@type": f"{TYPE}tollway.error.v1.ReasonRule", "code": 1}}
    with pytest.raises(TollwayError, match="cargo"):
        decoder(ship.DESCRIPTOR)(json.dumps(own).encode(), ship)


def test_an_extension(harbour):
    old = harbour("kinds.v2.Old")()
    text = {"name": "n", "[kinds.v2.note]": "of the pool", "[kinds.v2.more]": {"name": "m"}}
    decoder(old.DESCRIPTOR)(json.dumps(text).encode(), old)
    assert json.loads(encoder(old.DESCRIPTOR)(old)) == text


def status_of(harbour, *details, code=9):
    status = harbour("google.rpc.Status")(code=code, message="No.")
    for type_name, value in details:
        status.details.add(type_url=f"{TYPE}{type_name}", value=value)
    return StatusError(status)


def test_the_details_of_another_servers_error(harbour):
    error = status_of(harbour, ("harbour.v1.Grain", b"\x08\x07"), ("google.rpc.ErrorInfo", b"\x0a\x01R"))
    answer = error_answer(error)
    assert answer.status == 400
    assert json.loads(answer.body) == {
        "code": 9,
        "message": "No.",
        "details": [
            {"@type": f"{TYPE}harbour.v1.Grain", "sacks": "7"},
            {"@type": f"{TYPE}google.rpc.ErrorInfo", "reason": "R"},
        ],
    }


def test_a_detail_that_cannot_be_printed_does_not_cost_the_error(harbour):
    nested = harbour("google.protobuf.Any")
    inner = nested()
    for _ in range(400):
        inner = nested(type_url=f"{TYPE}google.protobuf.Any", value=inner.SerializeToString())
    error = status_of(
        harbour,
        ("harbour.v1.Grain", b"\xff"),  # No message at all.
        ("google.protobuf.Timestamp", b"\x08\xff\xff\xff\xff\xff\xff\xff\x7f"),  # After the year 9999.
        ("google.protobuf.Any", inner.SerializeToString()),  # Deeper than anybody prints.
    )
    details = json.loads(status_json(error))["details"]
    assert details[:2] == [
        {"@type": f"{TYPE}harbour.v1.Grain", "value": "/w=="},
        {"@type": f"{TYPE}google.protobuf.Timestamp", "value": "CP////////9/"},
    ]
    assert isinstance(details[2]["value"], str)
