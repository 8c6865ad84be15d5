"""What a model takes, by its generation.

Each generation of Claude refuses, with HTTP 400, options that the one before it took. Their names tell the generation,
so that a model which appears tomorrow is taken for one of the newest. Sources: platform.claude.com, "Troubleshooting
thinking" (the table of models) and "Thinking" (sampling parameters).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

# claude-3-5-sonnet-20241022, claude-opus-4-20250514, claude-sonnet-4-5@20250929, anthropic/claude-opus-4.7; in
# claude-mythos-preview there is no number.
_NAME = re.compile(r"claude(?:-(?P<family>[a-z]+))?(?:-(?P<major>\d{1,2})(?!\d)(?:[-.](?P<minor>\d{1,2})(?!\d))?)?")
_NEWEST = (99, 0)
_THINKING_CAN_BE_OFF = frozenset({("opus", (5, 0)), ("sonnet", (5, 0)), ("haiku", (5, 5))})
"""Those of generation 5 that take `thinking: {type: disabled}`; all of the generations before do."""


class Generation(NamedTuple):
    """What a model takes."""

    adaptive: bool
    """`thinking: {type: adaptive}` with an effort in words; else `enabled` with a budget in tokens."""
    can_stop_thinking: bool
    """`thinking: {type: disabled}`."""
    samples: bool
    """`temperature`, `top_p` and `top_k`."""
    one_sampler: bool
    """Only one of `temperature` and `top_p`."""
    default_max_tokens: int
    """The `max_tokens`, which Anthropic requires, for callers who set no limit: an amount that every model of the
    generation can write, with room to think where it thinks unasked."""


_NOT_CLAUDE = Generation(
    adaptive=False, can_stop_thinking=True, samples=True, one_sampler=False, default_max_tokens=4096
)


@lru_cache(maxsize=1024)
def generation(model: str) -> Generation:
    """The generation of a model by its upstream name. Models of others that are served in this dialect take the options
    that it had from the start."""
    name = _NAME.search(model)
    if name is None:
        return _NOT_CLAUDE
    version = (int(name["major"]), int(name["minor"] or 0)) if name["major"] else _NEWEST
    return Generation(
        adaptive=version >= (4, 6),
        can_stop_thinking=version < (5, 0) or (name["family"], version) in _THINKING_CAN_BE_OFF,
        samples=version < (4, 7),
        one_sampler=True,
        default_max_tokens=16_384 if version >= (4, 0) else 4096,
    )
