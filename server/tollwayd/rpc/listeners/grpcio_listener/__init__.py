"""A listener on grpc.aio's server."""
