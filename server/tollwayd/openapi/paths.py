"""Path templates of google.api.http as OpenAPI paths: `/v1/{name=shelves/*}` → `/v1/shelves/{shelf}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PLACE: Final = re.compile(r"\{(?P<field>[\w.]+)(?:=(?P<segments>[^}]+))?\}|(?P<bare>\*\*?)")
"""A variable, or a wildcard outside one."""

_NAME: Final = re.compile(r"\{([\w.]+)\}")


@dataclass(frozen=True, slots=True)
class PathParameter:
    """One `{name}` of a path. `field` is the path of the request's field that it fills or is a part of (empty: none),
    `template` what that field's value looks like: the parameter itself, or `shelves/{shelf}/books/{book}`."""

    name: str
    field: str
    template: str
    spans_segments: bool

    @property
    def is_whole(self) -> bool:
        """Whether the parameter is the field's whole value."""
        return self.template == f"{{{self.name}}}"


@dataclass(frozen=True, slots=True)
class Path:
    """A template with a name for every wildcard."""

    path: str
    parameters: tuple[PathParameter, ...]

    @property
    def fields(self) -> set[str]:
        """The paths of the request's fields that the path binds."""
        return {parameter.field for parameter in self.parameters if parameter.field}


class Paths:
    """Expands templates, so that paths of the same shape have the same names: OpenAPI takes them for the same path.

    Wildcards are named as the resource patterns (AIP-123) name them, and else as Google's discovery documents do:
    `shelves/*` is `shelves/{shelvesId}`.
    """

    def __init__(self, resource_patterns: Iterable[str]) -> None:
        self._resource_names = {
            _NAME.sub("*", pattern): [camel(name) for name in _NAME.findall(pattern)] for pattern in resource_patterns
        }
        self._names: dict[str, list[str]] = {}

    def expand(self, template: str) -> Path:
        """The OpenAPI path of a google.api.http template."""
        shape = _PLACE.sub(lambda place: place["segments"] or "*", template)
        names = self._names.setdefault(shape.replace("**", "*"), list(_distinct(self._wildcards(template))))
        unused = iter(names)
        parameters: list[PathParameter] = []

        def name_wildcards(place: re.Match[str]) -> str:
            segments = place["segments"] or place["bare"] or "*"
            value = re.sub(r"\*\*?", lambda _: f"{{{next(unused)}}}", segments)
            spans = segments.endswith("**")
            parameters.extend(
                PathParameter(name, place["field"] or "", value, spans and value.endswith(f"{{{name}}}"))
                for name in _NAME.findall(value)
            )
            return value

        return Path(_PLACE.sub(name_wildcards, template), tuple(parameters))

    def _wildcards(self, template: str) -> Iterator[str]:
        for place in _PLACE.finditer(template):
            segments = place["segments"] or "*"
            if segments in {"*", "**"}:
                yield camel(place["field"] or "segment")
            else:
                yield from self._resource_names.get(segments) or _after_collections(segments)


def camel(field_path: str) -> str:
    """A field path in JSON names: `book.display_name` → `book.displayName`."""
    return re.sub(r"_([a-z0-9])", lambda letter: letter[1].upper(), field_path)


def _after_collections(segments: str) -> Iterator[str]:
    before = "segment"
    for segment in segments.split("/"):
        if segment in {"*", "**"}:
            yield f"{camel(before)}Id"
        else:
            before = segment


def _distinct(names: Iterable[str]) -> Iterator[str]:
    taken: set[str] = set()
    for name in names:
        distinct, count = name, 1
        while distinct in taken:
            count += 1
            distinct = f"{name}{count}"
        taken.add(distinct)
        yield distinct
