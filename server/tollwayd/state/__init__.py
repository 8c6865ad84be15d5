"""The only room that knows Redis: stores, and their scripts, one a file."""
