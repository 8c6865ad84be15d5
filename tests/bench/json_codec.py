"""`python -m tests.bench.json_codec`: the REST door's JSON beside google.protobuf.json_format's.

It prints how many times as fast the door's codec is. Both print on one line: with its default indent, json_format takes
half as long again.
"""

from __future__ import annotations

import math
import timeit
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.json_format import MessageToJson, Parse

from tests.apis.bookstore import Book, ListBooksResponse
from tests.bench.table import Cell, line
from tollwayd.translator.protojson.codec import decoder, encoder

if TYPE_CHECKING:
    from collections.abc import Iterator

TURNS = 200
CALLS = 5
TARGET = 4.0
"""Times as fast, for the message of 2 KB."""


def book(number: int) -> Book:
    """A book as a shop would have it: half of it text, a little of everything else."""
    made = Book(
        name=f"shelves/1/books/{number}",
        title="The Life and Strange Surprizing Adventures of Robinson Crusoe",
        genre=1,
        copies_sold=1_000_000_007,
        pages=364,
        price=12.5,
        weight=0.3,
        cover=bytes(range(90)),
        authors=["Daniel Defoe", "Unknown"],
        labels={"language": "en", "binding": "cloth", "state": "as new"},
        genres=[1, 2],
        shop="Strand Book Store, New York",
        signed=True,
    )
    made.publish_time.FromJsonString("1719-04-25T09:30:00.250Z")
    made.reading_time.FromJsonString("36000s")
    made.subtitle.value = "Of York, Mariner"
    made.notes.update({"printed": "for W. Taylor", "parts": [1, 2], "first": True})
    return made


def messages() -> list:
    """Messages of about 0.2, 2 and 20 KB of JSON."""
    small = Book(name="shelves/1/books/2", title="Robinson Crusoe", copies_sold=12, pages=364, authors=["Daniel Defoe"])
    two = ListBooksResponse(books=[book(1), book(2), book(3)], titles=["a", "b"])
    return [small, two, ListBooksResponse(books=[book(number) for number in range(30)])]


def ratio(theirs, ours) -> float:
    """How many times as fast `ours` is: the least times of many short turns, which other load rarely all hits."""
    best = [math.inf, math.inf]
    for _ in range(TURNS):
        for index, run in enumerate((theirs, ours)):
            best[index] = min(best[index], timeit.timeit(run, number=CALLS))
    return best[0] / best[1]


def ratios(message) -> tuple[float, float, float]:
    """How many times as fast the message is read, printed, and printed with unset fields."""
    kind = type(message)
    decode, encode = decoder(kind.DESCRIPTOR), encoder(kind.DESCRIPTOR)
    encode_all = encoder(kind.DESCRIPTOR, print_unset=True)
    body = encode(message)
    return (
        ratio(lambda: Parse(body, kind()), lambda: decode(body, kind())),
        ratio(lambda: MessageToJson(message, indent=None), lambda: encode(message)),
        ratio(
            lambda: MessageToJson(message, indent=None, always_print_fields_with_no_presence=True),
            lambda: encode_all(message),
        ),
    )


def measure(folder: Path) -> Iterator[Cell]:
    """The ratios for each size."""
    for message in messages():
        size = len(encoder(message.DESCRIPTOR)(message))
        for name, times in zip(("read", "printed", "printed with unset fields"), ratios(message), strict=True):
            target = TARGET if 1_000 < size < 10_000 else None
            yield Cell(f"json: {size:,} B {name}", times, "times json_format", target)


def main() -> None:
    """Prints a line a message."""
    for cell in measure(Path()):
        print(line(cell))


if __name__ == "__main__":
    main()
