"""A listener on httptools (llhttp): the same as aiohttp's to callers, with fewer objects for a request."""
