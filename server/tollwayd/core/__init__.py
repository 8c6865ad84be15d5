"""What a gateway is, without any I/O: calls, errors, the chain, the snapshot and the ports to the outside."""
