"""What keeps the gateway from starting and is for the operator to mend. A defect of ours is any other exception."""

from __future__ import annotations

from typing import Final

ENVIRONMENT: Final = 1
"""The exit status where the machine is not as the settings need it: a port is taken, a file cannot be read."""

MISTAKE: Final = 2
"""The exit status where a setting or a word of the command line is wrong."""


class StartError(Exception):
    """The text is the one line that the operator gets: what is wrong, in which setting, and what to do. No secrets.
    Empty where another process of the gateway has told it."""

    def __init__(self, text: str, *, status: int = ENVIRONMENT) -> None:
        super().__init__(text)
        self.status: Final = status
