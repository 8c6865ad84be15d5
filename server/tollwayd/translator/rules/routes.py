"""The route table: which binding an HTTP method and path belong to.

A path without wildcards is one look-up in a dict. Other paths walk a trie of segments, which prefers at each segment
the literal to `*` and `*` to `**`, so that the most specific template wins whatever the order of registration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from tollwayd.translator.rules.rule import ANY_METHOD
from tollwayd.translator.rules.template import ANY_SEGMENT, ANY_SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tollwayd.translator.rules.template import PathTemplate

T = TypeVar("T")

_USUAL_METHODS: Final = frozenset({"DELETE", "GET", "PATCH", "POST", "PUT"})


class Match(NamedTuple, Generic[T]):
    """A path's target, and the text of the template's variables in their order, still percent-encoded."""

    target: T
    variables: tuple[str, ...]


class WrongMethod(NamedTuple, Generic[T]):
    """The path is known, but not with this HTTP method. `allow` are those that it takes, OPTIONS included; `target` is
    one of theirs.
    """

    allow: tuple[str, ...]
    target: T


class _Entry(NamedTuple, Generic[T]):
    template: PathTemplate
    target: T
    owner: str

    def match(self, segments: list[str]) -> Match[T]:
        return Match(self.target, tuple("/".join(segments[each.start : each.stop]) for each in self.template.variables))


class _Node(Generic[T]):
    """A place in the trie. `ends` holds, by the template's verb and then the HTTP method, what ends here; `rest` is the
    place behind `**`.
    """

    __slots__ = ("any_segment", "ends", "literals", "rest")

    def __init__(self) -> None:
        self.literals: dict[str, _Node[T]] = {}
        self.any_segment: _Node[T] | None = None
        self.rest: _Node[T] | None = None
        self.ends: dict[str, dict[str, _Entry[T]]] = {}

    def below(self, segment: str) -> _Node[T]:
        """The node under this one for a template's segment, made where there is none."""
        if segment == ANY_SEGMENT:
            self.any_segment = self.any_segment or _Node()
            return self.any_segment
        if segment == ANY_SEGMENTS:
            self.rest = self.rest or _Node()
            return self.rest
        return self.literals.setdefault(segment, _Node())

    def reached(self, segments: list[str], depth: int = 0) -> Iterator[_Node[T]]:
        """Every node that the path's segments end at, the most specific first."""
        if depth == len(segments):
            yield self
        else:
            if literal := self.literals.get(segments[depth]):
                yield from literal.reached(segments, depth + 1)
            if self.any_segment and segments[depth]:
                yield from self.any_segment.reached(segments, depth + 1)
        if self.rest:
            yield self.rest


class RouteTable(Generic[T]):
    """Filled at start, then only read."""

    def __init__(self) -> None:
        self._literal: Final[dict[str, dict[str, Match[T]]]] = {}
        self._root: Final[_Node[T]] = _Node()

    def add(self, http_method: str, template: PathTemplate, target: T, owner: str) -> None:
        """Routes an HTTP method ("*" for any) and a template to a target.

        ValueError, naming both owners, where another template of the same shape has this HTTP method already: no
        rule could tell which of them a path belongs to.
        """
        node = self._root
        for segment in template.segments:
            node = node.below(segment)
        entries = node.ends.setdefault(template.verb, {})
        if other := entries.get(http_method):
            raise ValueError(
                f"{owner} and {other.owner} are ambiguous: "
                f"{http_method} {template.text} and {http_method} {other.template.text} match the same paths"
            )
        entries[http_method] = entry = _Entry(template, target, owner)
        if path := template.literal_path:
            self._literal.setdefault(path, {})[http_method] = entry.match(list(template.segments))

    def find(self, http_method: str, path: str) -> Match[T] | WrongMethod[T] | None:
        """What serves this HTTP method and path (raw, as it came, without its query); None where nothing does."""
        literal = self._literal.get(path)
        if literal is not None and (match := literal.get(http_method)):
            return match
        return self._search(http_method, path)

    def methods(self, path: str) -> tuple[str, ...]:
        """The HTTP methods that the path takes, OPTIONS included; none where nothing is served there."""
        named = {name for entries, _ in self._candidates(path) for name in entries}
        if ANY_METHOD in named:
            named = named - {ANY_METHOD} | _USUAL_METHODS
        return _with_implied(named) if named else ()

    def at(self, path: str) -> dict[str, Match[T]]:
        """What the most specific template of the path serves, by HTTP method; empty where nothing serves the path."""
        entries, segments = next(self._candidates(path), ({}, []))
        return {name: entry.match(segments) for name, entry in entries.items()}

    def other_verbs(self, path: str) -> tuple[str, ...]:
        """The verbs that are served where the path has one that is not; none where it has no verb, or a served one."""
        first, *segments, last = path.split("/") if "/" in path else (path, "")
        head, colon, verb = last.rpartition(":")
        if first or not (colon and verb):
            return ()
        served = {each for node in self._root.reached([*segments, head]) for each in node.ends}
        return () if verb in served else tuple(sorted(served - {""}))

    def _search(self, http_method: str, path: str) -> Match[T] | WrongMethod[T] | None:
        allowed: dict[str, _Entry[T]] = {}
        for entries, segments in self._candidates(path):
            if entry := _entry(entries, http_method):
                return entry.match(segments)
            for name, entry in entries.items():
                allowed.setdefault(name, entry)
        if not allowed:
            return None
        return WrongMethod(_with_implied(allowed), next(iter(allowed.values())).target)

    def _candidates(self, path: str) -> Iterator[tuple[Mapping[str, _Entry[T]], list[str]]]:
        first, *segments = path.split("/")
        if first or not segments:
            return
        # The last colon starts a verb where a template has that verb; else it belongs to the segment (`/books/a:b`).
        head, colon, verb = segments[-1].rpartition(":")
        if colon and verb:
            with_verb = [*segments[:-1], head]
            for node in self._root.reached(with_verb):
                if entries := node.ends.get(verb):
                    yield entries, with_verb
        for node in self._root.reached(segments):
            if entries := node.ends.get(""):
                yield entries, segments


def _entry(entries: Mapping[str, _Entry[T]], http_method: str) -> _Entry[T] | None:
    """What serves the HTTP method among what one template has: HEAD is GET's, unless it is named itself."""
    found = entries.get(http_method)
    if found is None and http_method == "HEAD":
        found = entries.get("GET")
    return found or entries.get(ANY_METHOD)


def _with_implied(http_methods: Iterable[str]) -> tuple[str, ...]:
    """The HTTP methods of a path with those that the door adds: HEAD where there is GET, and OPTIONS."""
    named = set(http_methods)
    return tuple(sorted(named | {"OPTIONS"} | ({"HEAD"} if "GET" in named else set())))
