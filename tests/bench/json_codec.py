"""`python -m tests.bench.json_codec`: the REST door's JSON beside google.protobuf.json_format's.

It prints how many times as fast the door's codec is, and fails where that is less than TARGET.
"""

from __future__ import annotations

import sys
import timeit

from google.protobuf.json_format import MessageToJson, Parse

from tests.bookstore import Book, ListBooksResponse
from tollwayd.translator.json_codec import decoder, encoder

TARGET = 4.0
SECONDS = 0.3
ROUNDS = 7


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
    two = ListBooksResponse(books=[book(1), book(2)], titles=["a", "b"])
    return [small, two, ListBooksResponse(books=[book(number) for number in range(22)])]


def seconds(run) -> float:
    """The least time that one call takes."""
    timer = timeit.Timer(run)
    count = max(1, int(SECONDS / ROUNDS / (timer.timeit(20) / 20)))
    return min(timer.repeat(ROUNDS, count)) / count


def ratios(message) -> tuple[int, float, float]:
    """The size of the message's JSON, and how many times as fast it is read and printed."""
    kind = type(message)
    decode, encode = decoder(kind.DESCRIPTOR), encoder(kind.DESCRIPTOR)
    body = encode(message)
    reading = seconds(lambda: Parse(body, kind())) / seconds(lambda: decode(body, kind()))
    printing = seconds(lambda: MessageToJson(message, indent=None)) / seconds(lambda: encode(message))
    return len(body), reading, printing


def main() -> int:
    """Prints a line a message; the exit code says whether all are as fast as they should be."""
    slowest = TARGET
    for message in messages():
        size, reading, printing = ratios(message)
        print(f"{size:6} bytes: reading {reading:.1f} times, printing {printing:.1f} times as fast as json_format")
        slowest = min(slowest, reading, printing)
    return int(slowest < TARGET)


if __name__ == "__main__":
    sys.exit(main())
