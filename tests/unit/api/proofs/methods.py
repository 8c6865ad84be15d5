"""Proofs of the rules on methods."""

from __future__ import annotations

from tests.unit.api.proofs.proof import method, more, one_more, proof, taken

_LEND = 'post: "/v1/{name=shelves/*/books/*}:lend"'
_REQUEST = """message {} {{
  // One.
  string name = 1 [
    (google.api.field_behavior) = REQUIRED,
    (buf.validate.field).string.max_len = 64
  ];
}}"""
_CUSTOM = """rpc {0}({0}Request) returns (Book) {{
    option (google.api.http) = {{get: "/v1/{{name=shelves/*/books/*}}:{1}"}};
  }}"""
_OPERATION_INFO = """
    option (google.longrunning.operation_info) = {
      response_type: "Book"
      metadata_type: "Book"
    };"""
_BATCH_NAMES = """  repeated string names = 2 [(buf.validate.field).repeated = {
    max_items: 100
    items: {string: {max_len: 256}}
  }];"""
_ETAG = "  // Its version.\n  string etag = 2 [(buf.validate.field).string.max_len = 64];\n"
_FILTER = "  // Which ones.\n  string filter = 3 [(buf.validate.field).string.max_len = 64];\n"
_NEXT = "  // Where to go on.\n  string next_page_token = 2;\n"

PROOFS = (
    proof("aip_131_http", ('get: "/v1/{name=shelves/*}"', 'post: "/v1/{name=shelves/*}"')),
    proof("aip_131_request", one_more("GetBookRequest", 2)),
    proof(
        "aip_131_response",
        ("rpc GetBook(GetBookRequest) returns (Book)", "rpc GetBook(GetBookRequest) returns (Cover)"),
    ),
    proof("aip_132_http", ('get: "/v1/shelves"', 'post: "/v1/shelves"')),
    proof("aip_132_request", one_more("ListBooksRequest", 5)),
    proof("aip_132_response", ("repeated Shelf shelves = 1;", "repeated Shelf racks = 1;")),
    proof("aip_158_pages", (_NEXT, "")),
    proof(
        "aip_131_request",
        ("rpc GetShelf(GetShelfRequest)", "rpc GetShelf(ShelfRequest)"),
        ("message GetShelfRequest", "message ShelfRequest"),
    ),
    proof("aip_158_types", ("int32 page_size = 1;", "bool page_size = 1;")),
    proof("aip_160_filter", (_FILTER, "")),
    proof("aip_160_type", (_FILTER, "  // Which ones.\n  bool filter = 3;\n")),
    proof(
        "aip_133_http", ('      post: "/v1/{parent=shelves/*}/books"\n', '      put: "/v1/{parent=shelves/*}/books"\n')
    ),
    proof("aip_133_request", one_more("CreateBookRequest", 5)),
    proof(
        "aip_133_response",
        ("rpc CreateBook(CreateBookRequest) returns (Book)", "rpc CreateBook(CreateBookRequest) returns (Cover)"),
    ),
    proof("aip_134_http", ("patch: ", "put: ")),
    proof("aip_134_request", one_more("UpdateBookRequest", 3)),
    proof("aip_135_http", ('delete: "/v1/{name=shelves/*}"', 'post: "/v1/{name=shelves/*}"')),
    proof("aip_135_request", one_more("DeleteBookRequest", 3)),
    proof(
        "aip_135_response",
        (
            "rpc DeleteBook(DeleteBookRequest) returns (google.protobuf.Empty)",
            "rpc DeleteBook(DeleteBookRequest) returns (Cover)",
        ),
    ),
    proof("aip_135_force", ("  // Whether its books are deleted too.\n  bool force = 3;\n", "")),
    proof(
        "aip_133_request_name",
        ("rpc DeleteBook(DeleteBookRequest)", "rpc DeleteBook(RemoveBookRequest)"),
        ("message DeleteBookRequest", "message RemoveBookRequest"),
    ),
    proof("aip_154_delete", (_ETAG + "}", "}")),
    proof("aip_155_request_id", ("string.uuid = true", "string.max_len = 36")),
    proof("aip_4232_signatures", ('"parent,book,book_id"', '"parent,book,number"')),
    proof("aip_136_http", (f'{_LEND}\n      body: "*"', f'{_LEND}\n      body: "period"')),
    proof("aip_136_verb", (":lend", ":borrow")),
    proof(
        "aip_136_prepositions", method(_CUSTOM.format("LookAtBook", "look")), more(_REQUEST.format("LookAtBookRequest"))
    ),
    proof("aip_136_verb_and_noun", method(_CUSTOM.format("Praise", "praise")), more(_REQUEST.format("PraiseRequest"))),
    proof("aip_136_messages", ("returns (LendBookResponse)", "returns (Cover)")),
    proof("aip_151_operation_info", (_OPERATION_INFO, "")),
    proof("aip_231_http", (":batchGet", ":getAll")),
    proof("aip_233_request", (_BATCH_NAMES, "  bool names = 2;")),
    proof(
        "aip_234_response",
        (
            "message BatchGetBooksResponse {\n  // The books.\n  repeated Book",
            "message BatchGetBooksResponse {\n  // The books.\n  repeated Cover",
        ),
    ),
    proof(
        "house_requests_are_not_shared",
        method(_CUSTOM.format("PraiseBook", "praise").replace("PraiseBookRequest", "GetBookRequest")),
        also=["aip_136_messages"],
    ),
    proof(
        "house_dialects_are_raw",
        (
            "RenewRequest {\n  // The body.\n  google.api.HttpBody",
            "RenewRequest {\n  // The body.\n  google.protobuf.Duration",
        ),
    ),
    proof(
        "house_dialects_are_raw",
        ("  // Renews a loan.\n", f"  // One more.\n  {_CUSTOM.format('PraiseBook', 'praise')}\n  // Renews a loan.\n"),
        more(_REQUEST.format("PraiseBookRequest")),
    ),
    proof("house_enums_are_defined", taken("Binding binding = 3;")),
    proof("house_texts_have_limits", taken("string reader = 3;")),
    proof(
        "house_enums_are_defined", taken("repeated Binding bindings = 3 [(buf.validate.field).repeated.max_items = 9];")
    ),
    proof("house_texts_have_limits", taken("map<string, bool> labels = 3 [(buf.validate.field).map.max_pairs = 9];")),
    proof("house_texts_have_limits", taken("bytes cover = 3;")),
    proof("house_texts_have_limits", taken('string reader = 3 [(buf.validate.field).string.pattern = "^[a-z]+$"];')),
    proof("house_lists_have_limits", taken("map<int32, bool> labels = 3;")),
    proof("house_lists_have_limits", taken("repeated bool lights = 3;")),
)
