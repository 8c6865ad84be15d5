"""Path templates of google.api.http: their grammar, read at start (google/api/http.proto, "Path template syntax").

Template = "/" Segments [ Verb ] ;
Segments = Segment { "/" Segment } ;
Segment  = "*" | "**" | LITERAL | Variable ;
Variable = "{" FieldPath [ "=" Segments ] "}" ;
FieldPath = IDENT { "." IDENT } ;
Verb     = ":" LITERAL ;
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ANY_SEGMENT = "*"
ANY_SEGMENTS = "**"
WILDCARDS = (ANY_SEGMENT, ANY_SEGMENTS)

_FIELD_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
# RFC 3986 pchar without "*" and ":", which the grammar takes for itself.
_LITERAL = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()+,;=@]|%[0-9A-Fa-f]{2})+")
_SLASH_OUTSIDE_BRACES = re.compile(r"/(?![^{]*\})")


@dataclass(frozen=True, slots=True)
class Variable:
    """A part of the path that goes into a field.

    `field` is its dotted path in proto names. The part is the path's segments from `start` up to, not with, `stop`;
    None stands for all the rest. `single` says that its template is one segment, which decides on decoding.
    """

    field: str
    start: int
    stop: int | None
    single: bool


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """A parsed template: literal and wildcard segments, variables laid over them, and the verb, empty for none."""

    text: str
    segments: tuple[str, ...]
    verb: str
    variables: tuple[Variable, ...]

    @property
    def literal_path(self) -> str | None:
        """The one path that this template matches, or None where it has wildcards."""
        if any(segment in WILDCARDS for segment in self.segments):
            return None
        return "/" + "/".join(self.segments) + (f":{self.verb}" if self.verb else "")


def parse(text: str) -> PathTemplate:
    """The template in `text`; ValueError says what is wrong with it."""
    try:
        return _parse(text)
    except ValueError as error:
        raise ValueError(f"path template {text!r}: {error}") from None


def _parse(text: str) -> PathTemplate:
    if not text.startswith("/"):
        raise ValueError("it has to start with '/'")
    path, verb = _split_verb(text)
    segments: list[str] = []
    variables: list[Variable] = []
    for part in _SLASH_OUTSIDE_BRACES.split(path[1:]):
        if part.startswith("{"):
            variables.append(_variable(part, segments))
        else:
            segments.append(_segment(part))
    _check(segments, variables)
    return PathTemplate(text, tuple(segments), verb, tuple(variables))


def _split_verb(text: str) -> tuple[str, str]:
    colon = text.find(":", max(text.rfind("/"), text.rfind("}")))
    if colon < 0:
        return text, ""
    verb = text[colon + 1 :]
    if not _LITERAL.fullmatch(verb):
        raise ValueError("after ':' it needs a verb of literal characters")
    return text[:colon], verb


def _variable(part: str, segments: list[str]) -> Variable:
    """Appends the variable's segments and gives the variable."""
    if not part.endswith("}") or part.count("{") > 1:
        raise ValueError("a variable is '{field}' or '{field=segments}', alone in its place and not nested")
    field, equals, pattern = part[1:-1].partition("=")
    if not _FIELD_PATH.fullmatch(field):
        raise ValueError(f"{field!r} is not a field path")
    start = len(segments)
    segments += [_segment(each) for each in (pattern.split("/") if equals else [ANY_SEGMENT])]
    open_end = segments[-1] == ANY_SEGMENTS
    return Variable(field, start, None if open_end else len(segments), not open_end and len(segments) == start + 1)


def _segment(part: str) -> str:
    if part in WILDCARDS or _LITERAL.fullmatch(part):
        return part
    if not part:
        raise ValueError("it has an empty segment; paths have no '//' and no '/' at their end")
    raise ValueError(f"{part!r} is neither '*', '**', a variable nor a literal; other characters are percent-encoded")


def _check(segments: list[str], variables: list[Variable]) -> None:
    if ANY_SEGMENTS in segments[:-1]:
        raise ValueError("'**' matches all the rest, so only a verb may follow it")
    fields = [variable.field for variable in variables]
    if twice := {field for field in fields if fields.count(field) > 1}:
        raise ValueError(f"it binds {', '.join(sorted(twice))} twice")
