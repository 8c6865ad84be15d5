"""How one message stands as bytes in the protocols whose paths are method names: as protobuf, or as proto3 JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

from tollwayd.translator.protojson.codec import decoder, encoder
from tollwayd.translator.threads import fairly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message

    from tollwayd.rpc.registry import Method
    from tollwayd.translator.protojson.codec import Decode, Encode


class Codec(ABC):
    """Reads the request messages of methods, and writes their answers. `name` is what content types call it."""

    name: str

    @abstractmethod
    async def read(self, method: Method, data: bytes) -> Message:
        """The method's request message; TollwayError where the bytes are none."""

    @abstractmethod
    def write(self, method: Method, message: Message) -> bytes:
        """The method's answer as bytes; ValueError where JSON has no form for what it holds."""


class ProtoCodec(Codec):
    """protobuf's wire format."""

    name = "proto"

    async def read(self, method: Method, data: bytes) -> Message:
        return await method.parser.parse(data)

    def write(self, method: Method, message: Message) -> bytes:
        return message.SerializeToString()


class JsonCodec(Codec):
    """proto3 JSON. Methods are compiled when they are first called: most are never called in JSON.

    Fields that are not set stay out of answers whatever the door prints elsewhere: these callers have the schema, and a
    null would set a google.protobuf.Value.
    """

    name = "json"

    def __init__(self, *, ignore_unknown: bool) -> None:
        self._ignore_unknown: Final = ignore_unknown
        self._decoders: Final[dict[str, Decode]] = {}
        self._encoders: Final[dict[str, Encode]] = {}

    async def read(self, method: Method, data: bytes) -> Message:
        decode = self._decoders.get(method.name)
        if decode is None:
            decode = decoder(method.descriptor.input_type, ignore_unknown=self._ignore_unknown)
            self._decoders[method.name] = decode
        message = method.request_class()
        await fairly(len(data), decode, data, message)
        return message

    def write(self, method: Method, message: Message) -> bytes:
        encode = self._encoders.get(method.name)
        if encode is None:
            self._encoders[method.name] = encode = encoder(method.descriptor.output_type)
        return encode(message)


def codecs(*, ignore_unknown: bool) -> Mapping[str, Codec]:
    """A door's codecs by their names. `ignore_unknown` passes over JSON fields that a message does not have."""
    made: tuple[Codec, ...] = (ProtoCodec(), JsonCodec(ignore_unknown=ignore_unknown))
    return {codec.name: codec for codec in made}
