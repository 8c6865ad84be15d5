"""OpenAPI 3.1 documents from protobuf descriptors. It knows protobuf, its JSON mapping and HTTP rules, nothing else."""
