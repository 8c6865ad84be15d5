"""Any bytes as a JSON body: read, or refused with a TollwayError; what was read can be printed and read again.

For atheris, which is not among the project's dependencies: `python -m tests.fuzz.json_codec -max_total_time=300`.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["tollwayd.translator"]):
    from tollwayd.core.errors import TollwayError
    from tollwayd.translator.protojson.codec import decoder, encoder

from tests.apis.every_kind import EveryKind, Old

DOORS = [
    (kind, decoder(kind.DESCRIPTOR, ignore_unknown=ignore_unknown), encoder(kind.DESCRIPTOR, print_unset=print_unset))
    for kind in (EveryKind, Old)
    for ignore_unknown, print_unset in ((False, False), (True, True))
]


def check(data: bytes) -> None:
    """The first byte says which of the doors; the rest is the body."""
    kind, decode, encode = DOORS[data[0] % len(DOORS)] if data else DOORS[0]
    made = kind()
    try:
        decode(data[1:], made)
    except TollwayError:
        return
    decode(encode(made), kind())


def main() -> None:
    """Runs until atheris has had enough."""
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
