"""Any text as a path: what the table finds for it is what a regular expression of each template finds.

For atheris, which is not among the project's dependencies: `python -m tests.fuzz.routes -max_total_time=300`.
"""

from __future__ import annotations

import re
import sys

import atheris

with atheris.instrument_imports(include=["tollwayd.translator"]):
    from tollwayd.core.errors import TollwayError
    from tollwayd.translator.fields.percent import decode
    from tollwayd.translator.rules.routes import Match, RouteTable, WrongMethod
    from tollwayd.translator.rules.template import ANY_SEGMENT, ANY_SEGMENTS, parse

TEMPLATES = (
    "/v1/a",
    "/v1/{x=b}/b",
    "/v1/*",
    "/v1/{x=a/*}",
    "/v1/{x=a/*}/b/{y}",
    "/v1/{x=a/*}:go",
    "/v1/{x=**}:go",
    "/v1/{x=a/**}",
    "/v1/{x=a/b/**}:go",
    "/*/{x}/c",
    "/{x=**}:end",
)
TABLE: RouteTable[str] = RouteTable()
for each in TEMPLATES:
    TABLE.add("GET", parse(each), each, each)

SEGMENT = {ANY_SEGMENT: "[^/]+", ANY_SEGMENTS: ".*"}
ALPHABET = ("/", "/v1", "/a", "/b", "/c", ":", ":go", ":end", "a", "b", "%2F", "%", ".", "..", ";", "*", "\udcff", "\0")


def pattern(text: str) -> re.Pattern[str]:
    """A template as a regular expression, `/**` with nothing behind it included."""
    template = parse(text)
    segments = [SEGMENT.get(segment, re.escape(segment)) for segment in template.segments]
    joined = "".join("/" + segment for segment in segments).replace("/.*", "(?:/.*)?")
    return re.compile(joined + (f":{template.verb}" if template.verb else ""), re.DOTALL)


PATTERNS = {text: pattern(text) for text in TEMPLATES}


def check(data: bytes) -> None:
    """Each byte is a piece of the path."""
    path = "".join(ALPHABET[byte % len(ALPHABET)] for byte in data)
    found = TABLE.find("GET", path)
    matching = {text for text, regex in PATTERNS.items() if path.startswith("/") and regex.fullmatch(path)}
    assert (found.target in matching) if isinstance(found, Match) else not matching, (path, found, matching)
    if isinstance(found, Match):
        assert len(found.variables) == len(parse(found.target).variables)
    assert isinstance(TABLE.find("PUT", path), WrongMethod) == bool(matching)
    for variable in found.variables if isinstance(found, Match) else ():
        try:
            decode(variable, keep_slashes=True)
        except TollwayError:
            return


def main() -> None:
    """Runs until atheris has had enough."""
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
