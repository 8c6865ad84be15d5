"""Any text as a query: read into a message, or refused with a TollwayError; what was read can be printed and read back.

For atheris, which is not among the project's dependencies: `python -m tests.fuzz.queries -max_total_time=300`.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["tollwayd.translator"]):
    from tollwayd.core.errors import TollwayError
    from tollwayd.translator.messages.query import QueryReader, parse, system_parameters
    from tollwayd.translator.protojson.codec import decoder, encoder

from google.protobuf import message_factory

from tests.apis.kinds import Kinds, methods

TYPES = [Kinds, message_factory.GetMessageClass(methods()["Watch"].input_type)]
READERS = [
    (
        kind,
        QueryReader(kind.DESCRIPTOR, body, ignore_unknown=ignore),
        decoder(kind.DESCRIPTOR),
        encoder(kind.DESCRIPTOR),
    )
    for kind in TYPES
    for body, ignore in (("", False), ("leaf", True))
]
NAMES = [field.name for field in Kinds.DESCRIPTOR.fields]
WORDS = (
    *NAMES, "=", "&", ".", "[", "]", "%", "+", "%00", "%ff", "%C3%A9", "1", "-", "1e400", "NaN", "Infinity", "true",
    "2020-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "315576000000.5s", "_-8", "{}", "null", "\udcff", "alt",
)  # fmt: skip


def check(data: bytes) -> None:
    """The first byte says which reader; of the others each is a word, or, above them, itself."""
    kind, reader, decode, encode = READERS[data[0] % len(READERS)] if data else READERS[0]
    query = "".join(WORDS[byte] if byte < len(WORDS) else chr(byte) for byte in data[1:])
    made, again = kind(), kind()
    try:
        parameters = parse(query)
        system_parameters(parameters, kind.DESCRIPTOR)
        reader.read(parameters, made)
    except TollwayError as error:
        error.message.encode()
        return
    decode(encode(made), again)
    assert again == made or "nan" in str(made), query


def main() -> None:
    """Runs until atheris has had enough."""
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
