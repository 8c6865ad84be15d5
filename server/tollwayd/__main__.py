"""`python -m tollwayd` is the `tollway` command."""

from tollwayd.cli import main

main()
