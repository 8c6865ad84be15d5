"""The wires whose paths are names of methods: Connect and gRPC-Web."""
