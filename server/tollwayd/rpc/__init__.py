"""The method registry, dispatch, and the gRPC door."""
