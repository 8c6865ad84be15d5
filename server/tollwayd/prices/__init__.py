"""The price list that the gateway comes with: a file, and the command that makes it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["LIST", "read"]

LIST: Final = Path(__file__).parent / "list.json"
"""The data of genai-prices, as `made` writes it; its licence is beside it."""


def read() -> bytes:
    """The price list's file, as `core.metering.price_list.PriceList` takes it."""
    return LIST.read_bytes()
