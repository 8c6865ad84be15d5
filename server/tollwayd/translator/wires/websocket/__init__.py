"""The WebSocket wire."""
