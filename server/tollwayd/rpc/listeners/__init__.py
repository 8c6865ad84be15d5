"""What speaks HTTP/2 at a gRPC port, and has calls answered."""
