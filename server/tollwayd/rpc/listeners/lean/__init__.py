"""A listener that speaks HTTP/2 (RFC 9113), as gRPC needs it, on the event loop and nowhere else."""
