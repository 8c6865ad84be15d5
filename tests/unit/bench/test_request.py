import pytest

from tests.bench.scenes.request import FRAME_BYTES, Request


def frames(encoded: bytes) -> list[tuple[int, int, bytes]]:
    """Type, flags and payload of each."""
    found = []
    while encoded:
        length = int.from_bytes(encoded[:3], "big")
        found.append((encoded[3], encoded[4], encoded[9 : 9 + length]))
        encoded = encoded[9 + length :]
    return found


def test_over_http1_a_request_is_a_head_and_its_body():
    head, _, body = Request(80, "/v1/x", b"{}", key="tw_1").encoded().partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /v1/x HTTP/1.1"
    assert {"Content-Length: 2", "Authorization: Bearer tw_1"} <= set(lines)
    assert body == b"{}"


@pytest.mark.parametrize("size", [0, 10, FRAME_BYTES, 40_000])
def test_over_http2_its_frames_hold_one_grpc_message_and_only_the_last_ends_the_stream(size):
    headers, *data = frames(Request(80, "/p.S/M", b"m" * size, grpc=True).encoded())
    assert headers[:2] == (1, 4)
    assert b":path\x06/p.S/M" in headers[2]
    assert b"".join(payload for _, _, payload in data) == b"\0" + size.to_bytes(4, "big") + b"m" * size
    assert [kind for kind, _, _ in data] == [0] * len(data)
    assert [flags for _, flags, _ in data] == [0] * (len(data) - 1) + [1]
    assert max(len(payload) for _, _, payload in data) <= FRAME_BYTES
