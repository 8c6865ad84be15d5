"""The ledger as a file, in pieces."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, NamedTuple

from google.api.httpbody_pb2 import HttpBody

from tollway.admin.v1.usage_pb2 import ExportLedgerRequest
from tollwayd.admin.usage.ledger_parquet import ParquetFiles, require_pyarrow
from tollwayd.admin.usage.ledger_rows import csv_head, csv_lines, json_lines

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

    from tollway.admin.v1.ledger_pb2 import LedgerEntry

    Batches = AsyncGenerator[Sequence[LedgerEntry], None]
    Pieces = AsyncGenerator[bytes, None]

__all__ = ["FileFormat", "LedgerFiles", "bodies"]


class FileFormat(NamedTuple):
    """One format: its media type, the end of a file's name, and what makes the pieces of a file."""

    content_type: str
    suffix: str
    pieces: Callable[[Batches], Pieces]


class LedgerFiles:
    """The formats that there are."""

    def __init__(self) -> None:
        parquet = ParquetFiles()
        lines = FileFormat("application/jsonl", "jsonl", _json)
        self._forms: dict[int, FileFormat] = {
            ExportLedgerRequest.FORMAT_UNSPECIFIED: lines,
            ExportLedgerRequest.JSON_LINES: lines,
            # RFC 4180, section 3.
            ExportLedgerRequest.CSV: FileFormat("text/csv; charset=utf-8; header=present", "csv", _csv),
            ExportLedgerRequest.PARQUET: FileFormat(
                "application/vnd.apache.parquet", "parquet", lambda batches: parquet.pieces(_json(batches))
            ),
        }

    def form(self, asked: int) -> FileFormat:
        """The format that is asked for. REASON_FIELD_INVALID where this machine cannot make it."""
        if asked == ExportLedgerRequest.PARQUET:
            require_pyarrow()
        return self._forms[asked]


async def bodies(form: FileFormat, batches: Batches) -> AsyncGenerator[HttpBody, None]:
    """The file of some entries; at least one body, so that an empty file has its content type, too."""
    content_type = form.content_type
    async with aclosing(form.pieces(batches)) as pieces:
        async for piece in pieces:
            yield HttpBody(content_type=content_type, data=piece)
            content_type = ""
    if content_type:
        yield HttpBody(content_type=content_type)


async def _lines(batches: Batches, write: Callable[[Iterable[LedgerEntry]], bytes]) -> Pieces:
    async with aclosing(batches):
        async for batch in batches:
            yield write(batch)


def _json(batches: Batches) -> Pieces:
    return _lines(batches, json_lines)


async def _csv(batches: Batches) -> Pieces:
    yield csv_head()
    async with aclosing(_lines(batches, csv_lines)) as pieces:
        async for piece in pieces:
            yield piece
