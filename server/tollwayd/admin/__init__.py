"""The Admin API, one thin servicer a file."""
