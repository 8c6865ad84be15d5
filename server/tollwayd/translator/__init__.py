"""The REST door: google.api.http rules over any protobuf service. It knows protobuf and HTTP, nothing else."""
