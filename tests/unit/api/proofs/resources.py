"""Proofs of the rules on resources, enums and HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.unit.api.proofs.proof import answered, imported, method, more, proof

if TYPE_CHECKING:
    from tests.unit.api.proofs.proof import Change

_GET_SHELF = """  // Gets a shelf.
  rpc GetShelf(GetShelfRequest) returns (Shelf) {
    option (google.api.http) = {get: "/v1/{name=shelves/*}"};
    option (google.api.method_signature) = "name";
  }
"""
_GET_READER = """rpc GetReader(GetReaderRequest) returns (Reader) {
    option (google.api.http) = {get: "/v1/{name=shelves/*}/reader"};
    option (google.api.method_signature) = "name";
  }"""
_GET_READER_REQUEST = """message GetReaderRequest {
  // One.
  string name = 1 [
    (google.api.field_behavior) = REQUIRED,
    (buf.validate.field).string.max_len = 64
  ];
}
// One more.
message Reader {}
"""
_SHELF_NAME = """  string name = 1 [
    (google.api.field_behavior) = IDENTIFIER,
    (buf.validate.field).string.max_len = 256
  ];
  // When it was put up."""
_BOOK_PATTERN = 'pattern: "shelves/{shelf}/books/{book}"'
_RENEW = 'post: "/v1/loans"'
_SINGLETON = """message Label {
  option (google.api.resource) = {
    type: "library.example/Label"
    pattern: "shelves/{shelf}/label"
    singular: "label"
    plural: "labels"
  };
  // `shelves/{shelf}/label`.
  string name = 1 [
    (google.api.field_behavior) = IDENTIFIER,
    (buf.validate.field).string.max_len = 64
  ];
  // When it was made.
  google.protobuf.Timestamp create_time = 2 [(google.api.field_behavior) = OUTPUT_ONLY];
  // When it was last changed.
  google.protobuf.Timestamp update_time = 3 [(google.api.field_behavior) = OUTPUT_ONLY];
  // Its version.
  string etag = 4 [(buf.validate.field).string.max_len = 64];
}
"""
_GET_LABEL = """rpc GetLabel(GetLabelRequest) returns (Label) {
    option (google.api.http) = {get: "/v1/{name=shelves/*/label}"};
    option (google.api.method_signature) = "name";
  }"""
_DELETE_LABEL = """rpc DeleteLabel(DeleteLabelRequest) returns (google.protobuf.Empty) {
    option (google.api.http) = {delete: "/v1/{name=shelves/*/label}"};
    option (google.api.method_signature) = "name";
  }"""
_LABEL_REQUESTS = """message GetLabelRequest {
  // One.
  string name = 1 [
    (google.api.field_behavior) = REQUIRED,
    (google.api.resource_reference).type = "library.example/Label",
    (buf.validate.field).string.max_len = 64
  ];
}
// One more.
message DeleteLabelRequest {
  // One.
  string name = 1 [
    (google.api.field_behavior) = REQUIRED,
    (google.api.resource_reference).type = "library.example/Label",
    (buf.validate.field).string.max_len = 64
  ];
  // Its version.
  string etag = 2 [(buf.validate.field).string.max_len = 64];
}
"""
_REFERENCES = ("aip_124_references", "aip_124_requests")
_STATUS = "enum Status {\n  // None.\n  STATUS_UNSPECIFIED = 0;\n}"


def _book_pattern(pattern: str) -> Change:
    return _BOOK_PATTERN, f'{_BOOK_PATTERN}\n    pattern: "{pattern}"'


PROOFS = (
    proof("aip_121_resource", method(_GET_READER), more(_GET_READER_REQUEST)),
    proof("aip_121_get_and_list", (_GET_SHELF, "")),
    proof(
        "aip_122_name",
        (_SHELF_NAME, "  int32 number = 1;\n  // When it was put up."),
    ),
    proof(
        "aip_122_collections",
        _book_pattern("Shelf/{shelf}/books/{book}"),
    ),
    proof("aip_122_name_suffix", answered("string reader_name = 2;")),
    proof("aip_123_type", ('type: "library.example/Book"', 'type: "library.example/Volume"'), also=_REFERENCES),
    proof("aip_122_collections", _book_pattern("shelves/books/{book}")),
    proof("aip_123_type", ("library.example/Book", "library.example/Shelf"), also=_REFERENCES),
    proof(
        "aip_123_pattern",
        (f"    {_BOOK_PATTERN}\n", ""),
        also=["aip_123_templates", "aip_132_http", "aip_133_http", "aip_133_request"],
    ),
    proof("aip_123_pattern", (_BOOK_PATTERN, 'pattern: "shelves/{shelf}/books/{book_id}"')),
    proof("aip_123_singular_and_plural", ('singular: "book"', 'singular: "Book"')),
    proof(
        "aip_123_singular_and_plural",
        ('plural: "books"', 'plural: "volumes"'),
        also=["aip_121_get_and_list", "aip_121_resource", "aip_132_http", "aip_234_response"],
    ),
    proof("aip_124_references", ("bool force = 3;", 'bool force = 3 [(google.api.resource_reference).type = "*"];')),
    proof("aip_123_templates", ('{name=shelves/*/books/*}:lend"', '{name=shelves/*/volumes/*}:lend"')),
    proof(
        "aip_124_references",
        imported("google/api/resource.proto"),
        answered('string rack = 2 [(google.api.resource_reference).type = "library.example/Rack"];'),
    ),
    proof("aip_124_requests", ('.child_type = "library.example/Book"', '.child_type = "library.example/Shelf"')),
    proof(
        "aip_124_requests", ('_reference).type = "library.example/Shelf"', '_reference).type = "library.example/Book"')
    ),
    proof("aip_156_singleton", more(_SINGLETON), method(_DELETE_LABEL), method(_GET_LABEL), more(_LABEL_REQUESTS)),
    proof("aip_126_unspecified", ("BINDING_UNSPECIFIED = 0;", "BINDING_UNKNOWN = 0;")),
    proof("aip_126_upper_snake", ("BINDING_PAPERBACK", "BINDING_Paperback")),
    proof("aip_126_prefix", ("BINDING_PAPERBACK", "PAPERBACK")),
    proof("aip_193_reason_rules", ("http_status: 400", "http_status: 200")),
    proof("aip_193_reason_names", ("REASON_BOOK_LENT", f"REASON_{'B' * 64}")),
    proof("aip_193_reason_rules", ("code: FAILED_PRECONDITION", "code: OK")),
    proof("aip_193_reason_rules", ('text: "The book is lent."', 'text: "lent"')),
    proof("aip_216_synonyms", more(_STATUS)),
    proof(
        "aip_216_output_only",
        (
            "State state = 6 [(google.api.field_behavior) = OUTPUT_ONLY];",
            "State state = 6 [(buf.validate.field).enum.defined_only = true];",
        ),
    ),
    proof("aip_127_annotation", ('option (google.api.http) = {get: "/v1/shelves"};', "")),
    proof("aip_127_annotation", ("rpc Renew(RenewRequest)", "rpc Renew(stream RenewRequest)")),
    proof("aip_127_version", (_RENEW, 'post: "/v2/loans"')),
    proof("aip_127_variables", (_RENEW, 'post: "/v1/loans/{loan}"')),
    proof("aip_127_body", ('      body: "body"', '      body: "page"'), also=["house_dialects_are_raw"]),
    proof("aip_127_body", ('get: "/v1/shelves"', 'get: "/v1/shelves"\n      body: "*"\n    ')),
    proof("house_templates_are_unique", (_RENEW, 'post: "/v1/shelves/{body.content_type}/books"')),
    proof("house_templates_are_clean", (_RENEW, 'post: "/v1/loans/"')),
)
