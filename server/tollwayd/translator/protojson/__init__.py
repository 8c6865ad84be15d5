"""Messages as JSON, and back, to the letter of proto3."""
