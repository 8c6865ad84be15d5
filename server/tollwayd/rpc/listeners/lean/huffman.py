"""HPACK's Huffman code (RFC 7541, appendix B), read four bits at a time."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

_LENGTHS = bytes.fromhex(
    "0d171c1c1c1c1c1c1c181e1c1c1e1c1c1c1c1c1c1c1c1e1c1c1c1c1c1c1c1c1c060a0a0c0d06080b0a0a080b0806060605050506060606"
    "06060607080f060c0a0d06070707070707070707070707070707070707070707070807080d130d0e060f05060506050606060507070606"
    "060506070605050607070707070f0b0e0d1c14161414161616171617171717171817181816171817171717151617161717181615141616"
    "1717151716161815161717151516151716171714161616171616171a1a1413161716191a1a1a1b1b1a181913151a1b1b1a1b1815151a1a"
    "1c1b1b1b14181415161515171616191918181a171a1b1a1a1b1b1b1b1b1c1b1b1b1b1b1a1e"
)
"""How many bits each symbol has; the last one is the end of the text. The code is canonical: lengths are all of it."""

_END = 256
_KEPT_TEXTS = 512
_KEPT_BYTES = 256

_Node = list["int | _Node | None"]


class _Step(NamedTuple):
    """What four bits do: the state after them, the bytes that they end, and whether the text may end there."""

    state: int
    said: bytes
    may_end: bool


def decode(coded: bytes) -> bytes:
    """The text; ValueError for what is none."""
    return _kept(coded) if len(coded) <= _KEPT_BYTES else _decoded(coded)


def _decoded(coded: bytes) -> bytes:
    state, may_end = 0, True
    said = []
    for byte in coded:
        steps = _TABLE[state][byte >> 4]
        state, text, may_end = steps if steps is not None else _broken()
        if text:
            said.append(text)
        steps = _TABLE[state][byte & 15]
        state, text, may_end = steps if steps is not None else _broken()
        if text:
            said.append(text)
    if not may_end:
        _broken()
    return b"".join(said)


# Names, paths and credentials are the same in all calls of a caller.
_kept = lru_cache(_KEPT_TEXTS)(_decoded)


def _broken() -> _Step:
    raise ValueError("a header field is not in HPACK's Huffman code")


def _tree() -> _Node:
    root: _Node = [None, None]
    code = length = 0
    for symbol in sorted(range(len(_LENGTHS)), key=lambda symbol: (_LENGTHS[symbol], symbol)):
        code <<= _LENGTHS[symbol] - length
        length = _LENGTHS[symbol]
        node = root
        for place in range(length - 1, 0, -1):
            bit = code >> place & 1
            if node[bit] is None:
                node[bit] = [None, None]
            node = node[bit]  # type: ignore[assignment]
        node[code & 1] = symbol
        code += 1
    return root


class _States:
    """The states of reading, each a node of the tree, numbered as they are met."""

    def __init__(self) -> None:
        self._root = _tree()
        self._nodes = [self._root]
        self._numbers = {id(self._root): 0}
        self._padding = self._left_over()

    def table(self) -> list[list[_Step | None]]:
        # The list grows meanwhile: a state's steps lead to further ones.
        return [[self._step(node, four) for four in range(16)] for node in self._nodes]

    def _left_over(self) -> set[int]:
        """The states that up to seven bits of the end's code lead to: a text may stop in these alone."""
        found, node = {id(self._root)}, self._root
        for _ in range(7):
            node = node[1]  # type: ignore[assignment]
            found.add(id(node))
        return found

    def _step(self, node: _Node, four: int) -> _Step | None:
        said = b""
        for place in (3, 2, 1, 0):
            following = node[four >> place & 1]
            if following is None or following == _END:
                return None
            if isinstance(following, int):
                said += bytes((following,))
                node = self._root
            else:
                node = following
        return _Step(self._number(node), said, id(node) in self._padding)

    def _number(self, node: _Node) -> int:
        if id(node) not in self._numbers:
            self._numbers[id(node)] = len(self._nodes)
            self._nodes.append(node)
        return self._numbers[id(node)]


_TABLE = _States().table()
