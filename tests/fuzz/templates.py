"""Any text as a path template: parsed, or refused with a ValueError; what was parsed finds the paths that it describes.

For atheris, which is not among the project's dependencies: `python -m tests.fuzz.templates -max_total_time=300`.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["tollwayd.translator"]):
    from tollwayd.translator.rules.routes import Match, RouteTable
    from tollwayd.translator.rules.template import ANY_SEGMENT, ANY_SEGMENTS, parse

ALPHABET = "/{}*=.:,aB_1%2F~- \n\u00e9"
"""What templates are made of, and a little more: any byte would hardly ever be a template."""


def check(data: bytes) -> None:
    """Each byte is a letter of the alphabet."""
    text = "".join(ALPHABET[byte % len(ALPHABET)] for byte in data)
    try:
        template = parse(text)
    except ValueError:
        return
    assert parse(template.text) == template
    for variable in template.variables:
        assert 0 <= variable.start < (len(template.segments) if variable.stop is None else variable.stop)
    table: RouteTable[str] = RouteTable()
    table.add("GET", template, "found", "it")
    segments = ["x/y" if each == ANY_SEGMENTS else "x" if each == ANY_SEGMENT else each for each in template.segments]
    path = "/" + "/".join(segments) + (f":{template.verb}" if template.verb else "")
    found = table.find("GET", path)
    assert isinstance(found, Match), path
    assert len(found.variables) == len(template.variables)


def main() -> None:
    """Runs until atheris has had enough."""
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
