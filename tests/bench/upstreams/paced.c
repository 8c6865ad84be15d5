/* A provider of paced streams: to every POST it sends an opening, tokens at an even pace, and a closing.
 *
 *     paced PORT TOKENS PACE_NS OPENING TOKEN CLOSING
 *
 * The last three are files of events. In TOKEN stands @ with nineteen zeros, in whose place each token has the time at
 * which it was sent, in nanoseconds of CLOCK_REALTIME: whoever reads it knows how long it was on its way. That it
 * keeps up is seen by the length of the streams that are asked of it directly.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define STAMP "@0000000000000000000"
#define COALESCED_NS 250000 /* Timers cost more than writes: tokens that are due within this time are sent together. */
#define EVENT_BYTES 65536

struct stream {
    int fd;
    int left; /* Tokens that are still to be sent; 0 while nothing is asked. */
    int64_t due;
    struct stream *before, *after; /* Those that are due earlier and later. */
    char head[8192];
    size_t head_length;
    int64_t body_left;
};

static struct stream line = {.before = &line, .after = &line}; /* All live streams, by when they are due. */
static char *opening, *token, *closing;
static int64_t pace;
static int tokens, epoll;

static int64_t now_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static char *contents(const char *path) {
    char *text = calloc(1, EVENT_BYTES);
    FILE *file = fopen(path, "rb");
    if (!file || !fread(text, 1, EVENT_BYTES - 1, file)) exit(1);
    fclose(file);
    return text;
}

/* Events are far smaller than a socket's buffer; who does not read for so long that one does not fit is given up. */
static int send_all(struct stream *s, const char *bytes, size_t length) {
    return write(s->fd, bytes, length) == (ssize_t)length;
}

static int send_chunk(struct stream *s, const char *before, const char *events, const char *after) {
    static char out[EVENT_BYTES * 2];
    int length = snprintf(out, sizeof out, "%s%zx\r\n%s\r\n%s", before, strlen(events), events, after);
    return send_all(s, out, length);
}

static void leave(struct stream *s) {
    s->before->after = s->after;
    s->after->before = s->before;
    s->before = s->after = s;
}

static void stand_in_line(struct stream *s) {
    struct stream *earlier = line.before;
    while (earlier != &line && earlier->due > s->due) earlier = earlier->before;
    s->before = earlier;
    s->after = earlier->after;
    earlier->after->before = s;
    earlier->after = s;
}

static void hang_up(struct stream *s) {
    leave(s);
    close(s->fd);
    free(s);
}

static void begin(struct stream *s) {
    static const char head[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    s->left = tokens;
    s->due = now_ns(CLOCK_MONOTONIC);
    s->head_length = 0;
    if (send_chunk(s, head, opening, ""))
        stand_in_line(s);
    else
        hang_up(s);
}

static void send_token(struct stream *s) {
    char stamped[EVENT_BYTES], digits[24], *place;
    leave(s);
    strcpy(stamped, token);
    snprintf(digits, sizeof digits, "%019lld", (long long)now_ns(CLOCK_REALTIME));
    for (place = stamped; (place = strstr(place, STAMP)); place++) memcpy(place + 1, digits, 19);
    int sent = send_chunk(s, "", stamped, "");
    s->due += pace;
    if (sent && !--s->left) sent = send_chunk(s, "", closing, "0\r\n\r\n");
    if (!sent)
        hang_up(s);
    else if (s->left)
        stand_in_line(s);
}

/* Takes bytes of a head until it is whole, then counts those of its body. */
static void take(struct stream *s, char *bytes, ssize_t length) {
    if (s->body_left) {
        s->body_left -= length;
    } else {
        size_t room = sizeof s->head - 1 - s->head_length;
        size_t part = (size_t)length < room ? (size_t)length : room;
        memcpy(s->head + s->head_length, bytes, part);
        s->head[s->head_length += part] = 0;
        char *end = strstr(s->head, "\r\n\r\n"), *said = strcasestr(s->head, "content-length:");
        if (!end) return;
        int64_t whole = said && said < end ? atoll(said + 15) : 0;
        s->body_left = whole - (length - (end + 4 - s->head - (ssize_t)(s->head_length - part)));
    }
    if (s->body_left <= 0) s->body_left = 0, begin(s);
}

static void readable(struct stream *s) {
    static char bytes[65536];
    ssize_t n = read(s->fd, bytes, sizeof bytes);
    if (n > 0)
        take(s, bytes, n);
    else if (!n || errno != EAGAIN)
        hang_up(s);
}

static void meet(int listener) {
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct stream *s = calloc(1, sizeof *s);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
        s->fd = fd;
        s->before = s->after = s;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

static int listen_at(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 4096)) exit(1);
    return fd;
}

static void send_due(void) {
    int64_t now = now_ns(CLOCK_MONOTONIC);
    while (line.after != &line && line.after->due <= now) send_token(line.after);
}

/* Until the next token is due, or something comes in. */
static int wait_for(struct epoll_event *events, int most) {
    struct timespec left = {0};
    if (line.after == &line) return epoll_wait(epoll, events, most, -1);
    int64_t ns = line.after->due - now_ns(CLOCK_MONOTONIC);
    left.tv_nsec = ns < COALESCED_NS ? COALESCED_NS : ns > 999999999 ? 999999999 : ns;
    return epoll_pwait2(epoll, events, most, &left, NULL);
}

static void serve(int listener) {
    static struct stream listening;
    struct epoll_event events[256], event = {.events = EPOLLIN, .data.ptr = &listening};
    epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int n = wait_for(events, 256);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == &listening)
                meet(listener);
            else
                readable(events[i].data.ptr);
        }
        send_due();
    }
}

int main(int argc, char **argv) {
    if (argc < 7) return 2;
    signal(SIGPIPE, SIG_IGN);
    tokens = atoi(argv[2]);
    pace = atoll(argv[3]);
    opening = contents(argv[4]);
    token = contents(argv[5]);
    closing = contents(argv[6]);
    serve(listen_at(atoi(argv[1])));
}
