/* What the load generator's files share: a connection, and what either protocol does with one. */

#ifndef LOAD_H
#define LOAD_H

#include <stddef.h>
#include <stdint.h>

#define READ_BYTES 65536
#define NOTHING (-1)

/* What is written of each request, in nanoseconds of CLOCK_REALTIME: eight bytes each. Python does all arithmetic. */
struct record {
    int64_t intended; /* When it was to be sent; open-loop latencies count from here. */
    int64_t sent;
    int64_t first; /* When the first byte of its answer's body came. */
    int64_t done;
    int64_t ok; /* 1, or 0 for a status that is not 2xx, a body that is too short, or a connection that was lost. */
};

struct connection {
    int fd;
    int busy;
    int ready; /* May be used: of HTTP/2, once the server's settings are there. */
    struct record now;
    /* The request: how much of it is written. */
    size_t written;
    /* The answer. */
    int status;
    int64_t body_bytes;
    /* HTTP/1.1: where the parser is. */
    int state;
    int chunked;
    int64_t left; /* Bytes of the body, or of the chunk, that are still to come. */
    char line[256];
    size_t line_length;
    /* HTTP/2. */
    uint32_t stream;
    int64_t send_window, stream_window, initial_window, received;
    int wants_write; /* The reader found something to answer, or room to go on. */
    size_t permitted; /* How far the windows let the request be written. */
    uint8_t frame[9];
    size_t frame_length;
    uint32_t payload_left;
    uint8_t kept[64];
    size_t kept_length;
    uint8_t pending[256]; /* Answers to pings and settings that wait to be written. */
    size_t pending_length;
    /* The stamp of a token, as far as it has come. */
    char stamp[24];
    size_t stamp_length;
};

struct protocol {
    void (*open)(struct connection *); /* A connection was made. */
    int (*write)(struct connection *); /* Goes on writing; 0 once all is written, 1 for more later, NOTHING: lost. */
    /* Takes what was read; 1 once the answer is whole, 0 before that, NOTHING where it cannot be one. */
    int (*read)(struct connection *, const uint8_t *bytes, size_t length);
};

extern const struct protocol http1, http2;
extern uint8_t *request;
extern size_t request_length;

int64_t now_ns(void);
void body(struct connection *, const uint8_t *bytes, size_t length);

#endif
