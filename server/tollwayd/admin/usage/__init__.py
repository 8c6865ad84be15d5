"""Usage and the ledger: queries, searches and files."""
