"""The meter over Redis: limits, reservations, ledger and usage, each change one script."""
