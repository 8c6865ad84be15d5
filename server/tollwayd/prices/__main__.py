"""`python -m tollwayd.prices`: writes the price list from the installed genai-prices, and tells what it rounded."""

from __future__ import annotations

import sys

from tollwayd.prices import LIST
from tollwayd.prices.made import Maker


def main() -> None:
    """Makes the file."""
    maker = Maker()
    LIST.write_bytes(maker.content())
    for rounded in maker.rounded:
        print(f"rounded: {rounded}", file=sys.stderr)  # noqa: T201  # It is what the command is asked for.


if __name__ == "__main__":
    main()
