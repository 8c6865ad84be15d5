/* HTTP/2 without TLS (RFC 9113), as much as gRPC needs: one call at a time on a connection. The request file holds the
 * frames of a call, whose stream id is put in here. What headers say is not decoded: a call has failed that has fewer
 * bytes of messages than it has to, as one that was refused has none.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

enum { DATA, HEADERS, RESET = 3, SETTINGS, PING = 6, GOAWAY, WINDOW_UPDATE };
enum { END_STREAM = 1, ACK = 1 };
enum { INITIAL_WINDOW_SIZE = 4 };

#define WINDOW 0x3fffffff
#define GIVE_BACK (WINDOW / 2)

static void put32(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++) at[i] = value >> (24 - 8 * i);
}

static uint32_t get32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

static void say(struct connection *c, uint8_t type, uint8_t flags, uint32_t stream, const uint8_t *payload, int length) {
    uint8_t *at = c->pending + c->pending_length;
    if (c->pending_length + 9 + length > sizeof c->pending) return;
    at[0] = at[1] = 0;
    at[2] = length;
    at[3] = type;
    at[4] = flags;
    put32(at + 5, stream);
    if (length) memcpy(at + 9, payload, length);
    c->pending_length += 9 + length;
}

static int between_frames(struct connection *c) { return !c->written || c->written == c->permitted; }

static int flush_pending(struct connection *c) {
    while (c->pending_length) {
        ssize_t n = write(c->fd, c->pending, c->pending_length);
        if (n < 0) return errno == EAGAIN ? 1 : NOTHING;
        memmove(c->pending, c->pending + n, c->pending_length -= n);
    }
    return 0;
}

static void open_connection(struct connection *c) {
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    uint8_t window[6] = {0, INITIAL_WINDOW_SIZE}, more[4];
    c->stream = (uint32_t)-1; /* The first call's is 1. */
    c->send_window = c->initial_window = 65535;
    memcpy(c->pending, preface, sizeof preface - 1);
    c->pending_length = sizeof preface - 1;
    put32(window + 2, WINDOW);
    say(c, SETTINGS, 0, 0, window, 6);
    put32(more, WINDOW - 65535);
    say(c, WINDOW_UPDATE, 0, 0, more, 4);
    flush_pending(c);
}

static uint32_t length_of(const uint8_t *frame) { return frame[0] << 16 | frame[1] << 8 | frame[2]; }

/* How far the request may be written: whole frames, as long as the windows have room for them. */
static size_t allowed(struct connection *c) {
    size_t at = 0;
    int64_t sent = 0;
    while (at < request_length) {
        uint32_t length = length_of(request + at);
        int is_data = request[at + 3] == DATA;
        if (is_data && at >= c->written && (sent + length > c->send_window || sent + length > c->stream_window)) break;
        if (is_data && at >= c->written) sent += length;
        at += 9 + length;
    }
    c->send_window -= sent;
    c->stream_window -= sent;
    return at;
}

static size_t permitted(struct connection *c) {
    return c->permitted = c->permitted > c->written ? c->permitted : allowed(c);
}

static void begin(struct connection *c) {
    c->stream += 2;
    c->stream_window = c->initial_window;
    c->permitted = 0;
    c->status = 200; /* Told by its messages: see above. */
}

static int write_request(struct connection *c) {
    int more = between_frames(c) ? flush_pending(c) : 0;
    if (more || !c->busy) return more;
    if (!c->written) begin(c);
    while (c->written < permitted(c)) {
        uint8_t part[READ_BYTES];
        size_t length = c->permitted - c->written, from = c->written;
        if (length > sizeof part) length = sizeof part;
        memcpy(part, request + from, length);
        for (size_t at = 0; at < request_length; at += 9 + length_of(request + at))
            for (int i = 0; i < 4; i++)
                if (at + 5 + i >= from && at + 5 + i < from + length) part[at + 5 + i - from] = c->stream >> (24 - 8 * i);
        ssize_t n = write(c->fd, part, length);
        if (n < 0) return errno == EAGAIN ? 1 : NOTHING;
        c->written += n;
    }
    return 0;
}

static void take_settings(struct connection *c, const uint8_t *payload, size_t length) {
    for (; length >= 6; payload += 6, length -= 6)
        if (payload[1] == INITIAL_WINDOW_SIZE) {
            c->stream_window += get32(payload + 2) - c->initial_window;
            c->initial_window = get32(payload + 2);
        }
}

/* A frame that is whole, of which the first bytes are kept; DATA's bytes went to body() as they came. */
static int end_of_frame(struct connection *c) {
    uint8_t type = c->frame[3], flags = c->frame[4];
    uint32_t stream = get32(c->frame + 5) & 0x7fffffff;
    if (type == SETTINGS && !(flags & ACK)) {
        take_settings(c, c->kept, c->kept_length);
        say(c, SETTINGS, ACK, 0, NULL, 0);
        c->ready = 1;
    } else if (type == PING && !(flags & ACK)) {
        say(c, PING, ACK, 0, c->kept, 8);
    } else if (type == WINDOW_UPDATE) {
        *(stream ? &c->stream_window : &c->send_window) += get32(c->kept);
    } else if (type == GOAWAY || (type == RESET && stream == c->stream && c->busy)) {
        return NOTHING;
    }
    return (type == DATA || type == HEADERS) && flags & END_STREAM && stream == c->stream && c->busy;
}

static int read_answer(struct connection *c, const uint8_t *bytes, size_t length) {
    int whole = 0;
    for (const uint8_t *end = bytes + length; bytes < end;) {
        if (c->frame_length < 9) {
            c->frame[c->frame_length++] = *bytes++;
            if (c->frame_length < 9) continue;
            c->payload_left = length_of(c->frame);
            c->kept_length = 0;
        }
        size_t part = c->payload_left < end - bytes ? c->payload_left : (size_t)(end - bytes);
        if (c->frame[3] == DATA) {
            body(c, bytes, part);
            c->received += part;
        } else {
            size_t room = sizeof c->kept - c->kept_length, kept = part < room ? part : room;
            memcpy(c->kept + c->kept_length, bytes, kept);
            c->kept_length += kept;
        }
        bytes += part;
        if (c->payload_left -= part) continue;
        c->frame_length = 0;
        int ended = end_of_frame(c);
        if (ended == NOTHING && !whole) return NOTHING; /* Whose answer is whole may be told to send no more. */
        whole |= ended > 0;
    }
    if (c->received > GIVE_BACK) {
        uint8_t more[4];
        put32(more, c->received);
        say(c, WINDOW_UPDATE, 0, 0, more, 4);
        c->received = 0;
    }
    c->wants_write = c->pending_length || (c->busy && !whole && c->written < request_length);
    return whole;
}

const struct protocol http2 = {open_connection, write_request, read_answer};
