from __future__ import annotations

from tollway.admin.v1 import providers_pb2
from tollwayd.core.timeouts import Timeouts


def test_what_is_not_given_has_the_default():
    message = providers_pb2.Timeouts()
    message.first_byte.FromMilliseconds(1500)
    assert Timeouts.of(message) == Timeouts(first_byte=1.5)
    assert Timeouts.of(providers_pb2.Timeouts()) == Timeouts()


def test_every_time_limit_of_the_proto_is_read():
    message = providers_pb2.Timeouts()
    for number, field in enumerate(message.DESCRIPTOR.fields, 1):
        getattr(message, field.name).FromSeconds(number)
    assert Timeouts.of(message) == Timeouts(connect=1, first_byte=2, idle=3, total=4)
