"""A listener on aiohttp's server."""
