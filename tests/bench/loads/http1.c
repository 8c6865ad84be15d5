/* HTTP/1.1: one request at a time on a connection that is kept. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "load.h"

enum { HEAD, LENGTH, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILERS };

static void open_connection(struct connection *c) { c->ready = 1; }

static int write_request(struct connection *c) {
    c->state = HEAD;
    c->line_length = 0;
    while (c->written < request_length) {
        ssize_t n = write(c->fd, request + c->written, request_length - c->written);
        if (n < 0) return errno == EAGAIN ? 1 : NOTHING;
        c->written += n;
    }
    return 0;
}

/* A line of the head, without its end. The empty one ends the head. */
static int head_line(struct connection *c) {
    if (!strncmp(c->line, "HTTP/1.", 7)) {
        c->status = atoi(c->line + 9);
        c->left = 0;
        c->chunked = 0;
    } else if (!strncasecmp(c->line, "content-length:", 15)) {
        c->left = atoll(c->line + 15);
    } else if (!strncasecmp(c->line, "transfer-encoding:", 18)) {
        c->chunked = 1;
    } else if (!*c->line && c->status >= 200) {
        c->state = c->chunked ? CHUNK_SIZE : LENGTH;
        return !c->chunked && !c->left;
    }
    return 0;
}

static int chunk_line(struct connection *c) {
    if (c->state == CHUNK_END) {
        c->state = CHUNK_SIZE;
    } else if (c->state == TRAILERS) {
        return !*c->line;
    } else {
        c->left = strtoll(c->line, NULL, 16);
        c->state = c->left ? CHUNK : TRAILERS;
    }
    return 0;
}

static int read_answer(struct connection *c, const uint8_t *bytes, size_t length) {
    const uint8_t *end = bytes + length;
    int whole = 0;
    while (bytes < end) {
        if (whole) return NOTHING; /* Bytes behind an answer that nobody asked for. */
        if (c->state == LENGTH || c->state == CHUNK) {
            size_t part = c->left < end - bytes ? (size_t)c->left : (size_t)(end - bytes);
            body(c, bytes, part);
            bytes += part;
            if (!(c->left -= part)) {
                whole = c->state == LENGTH;
                c->state = CHUNK_END;
            }
            continue;
        }
        uint8_t byte = *bytes++;
        if (byte != '\n') {
            if (byte != '\r' && c->line_length < sizeof c->line - 1) c->line[c->line_length++] = byte;
            continue;
        }
        c->line[c->line_length] = 0;
        c->line_length = 0;
        whole = c->state == HEAD ? head_line(c) : chunk_line(c);
    }
    return whole;
}

const struct protocol http1 = {open_connection, write_request, read_answer};
