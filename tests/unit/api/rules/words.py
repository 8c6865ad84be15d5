"""Words that names must not have: AIP-140."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PREPOSITIONS = _words(
    """about above across after against along among around at before behind below beneath beside between beyond but by
    despite down during except for from in including inside into near of off on onto outside over per since through to
    toward towards under until up upon via with within without"""
)

# Names with a preposition that AIPs themselves give to fields.
WITH_PREPOSITION = frozenset(["order_by", "group_by", "day_of_week", "hour_of_day"])

# What is written short everywhere, and so is written short here.
LONG_WORDS = {
    "configuration": "config",
    "identifier": "id",
    "information": "info",
    "specification": "spec",
    "statistics": "stats",
}

# Words for which generators of Python, Java, JavaScript and C++ make up another name, or which cannot be one.
RESERVED = _words(
    """abstract and arguments as assert async auto await boolean break byte case catch char class const continue
    debugger def default del delete do double elif else enum eval except explicit export extends extern false final
    finally float for friend from function global goto if implements import in inline instanceof int interface is
    lambda let long mutable namespace native new none nonlocal not null operator or package pass private protected
    public raise register return short signed sizeof static strictfp struct super switch synchronized template this
    throw throws transient true try typedef typename typeof union unsigned using var virtual void volatile while with
    yield"""
)
