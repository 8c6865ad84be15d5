"""Proofs of what else the rules on methods want of requests and answers."""

from __future__ import annotations

from tests.unit.api.proofs.proof import method, proof

_REQUIRED_NAME = """  string name = 1 [
    (google.api.field_behavior) = REQUIRED,
    (google.api.resource_reference).type = "library.example/{}",
    (buf.validate.field).{}
  ];"""
_NAME_OF_SHELF = _REQUIRED_NAME.format("Shelf", 'string.pattern = "^shelves/[^/]{1,63}$"')
_NAME_TO_DELETE = _REQUIRED_NAME.format("Shelf", "string.max_len = 256")
_NUMBER = "  int32 number = 1;"
_PARENT_OF_LIST = """  string parent = 1 [
    (google.api.field_behavior) = REQUIRED,
    (google.api.resource_reference).child_type = "library.example/Book",
    (buf.validate.field).string.max_len = 256
  ];
  // How many"""
_BOOK_TO_CREATE = "  Book book = 3 [(google.api.field_behavior) = REQUIRED];"
_PRAISE_SHELF = """rpc PraiseShelf(google.protobuf.Empty) returns (Book) {
    option (google.api.http) = {get: "/v1/shelves:praiseShelf"};
  }"""

PROOFS = (
    proof("aip_131_request", (_NAME_OF_SHELF, _NUMBER), also=["aip_127_variables", "aip_4232_signatures"]),
    proof("aip_132_request", ("(ListShelvesRequest)", "(ListRequest)"), ("e ListShelvesRequest", "e ListRequest")),
    proof(
        "aip_132_request",
        (_PARENT_OF_LIST, "  reserved 1;\n  // How many"),
        also=["aip_127_variables", "aip_4232_signatures"],
    ),
    proof("aip_132_response", ("(ListShelvesResponse)", "(ListResponse)"), ("e ListShelvesResponse", "e ListResponse")),
    proof(
        "aip_133_request", ("string book_id = 2", "bytes book_id = 2"), ("string.max_len = 63", "bytes.max_len = 63")
    ),
    proof(
        "aip_133_request",
        (_BOOK_TO_CREATE, _BOOK_TO_CREATE.replace("Book", "Cover")),
    ),
    proof(
        "aip_134_request", ("  google.protobuf.FieldMask update_mask", "  Cover update_mask"), also=["aip_161_masks"]
    ),
    proof("aip_135_request", (_NAME_TO_DELETE, _NUMBER), also=["aip_127_variables", "aip_4232_signatures"]),
    proof(
        "aip_136_messages", ("(LendBookRequest)", "(LendRequest)"), ("message LendBookRequest", "message LendRequest")
    ),
    proof("aip_4232_signatures", ('    option (google.api.method_signature) = "";\n', "")),
    proof("house_requests_are_not_shared", method(_PRAISE_SHELF), also=["aip_136_messages"]),
)
