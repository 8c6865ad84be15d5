/* The load generator: one request over and over on many connections, from a file that holds it as it goes out.
 *
 *     load PORT PROTOCOL CONNECTIONS SECONDS RATE LEAST_BYTES REQUEST RECORDS [STAMPS]
 *
 * PROTOCOL is 1 or 2 (HTTP/1.1, HTTP/2 without TLS). RATE 0 is a closed loop: each connection asks again once it has an
 * answer. Any other RATE is an open loop: requests are due at even times whatever the answers do, wait for a connection
 * where all are busy, and are counted from when they were due. Answers of fewer than LEAST_BYTES have failed. RECORDS is
 * written with a `struct record` for each request, STAMPS with how long each token's stamp was on its way (upstreams/
 * paced.c), as pairs of when it came and how many nanoseconds.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define STAMP_DIGITS 19
#define MOST_EVENTS 1024
#define READ_EVERY_US 500
#define LINGER_NS 2000000000 /* How long requests may take to be answered after the last one was due. */

uint8_t *request;
size_t request_length;

static const struct protocol *protocol;
static struct connection *connections;
static int count, epoll, port;
static int64_t start, end, least_bytes;
static double rate;
static int64_t arrived; /* When what is read just now came. */
static int64_t due_number; /* Of the next request of an open loop. */
static int *idle, idle_count;
static FILE *records, *stamps;

int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Reads, and has `arrived` say when the kernel got it: this process may be late to read it, as it shares its core. */
static ssize_t read_stamped(int fd, uint8_t *bytes, size_t length) {
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct iovec into = {bytes, length};
    struct msghdr message = {.msg_iov = &into, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(fd, &message, 0);
    arrived = now_ns();
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); n > 0 && part; part = CMSG_NXTHDR(&message, part)) {
        struct timespec stamp;
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
        memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
        arrived = stamp.tv_sec * 1000000000LL + stamp.tv_nsec;
    }
    return n;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void watch(struct connection *c, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll, operation, c->fd, &event)) die("epoll_ctl");
}

static void connect_to_server(struct connection *c) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    memset(c, 0, sizeof *c);
    if ((c->fd = socket(AF_INET, SOCK_STREAM, 0)) < 0) die("socket");
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address)) die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(c->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
    protocol->open(c);
}

/* Counts the bytes of a body, and takes the stamps out of it: @ and nineteen digits. */
void body(struct connection *c, const uint8_t *bytes, size_t length) {
    if (!c->body_bytes && length) c->now.first = arrived;
    c->body_bytes += length;
    if (!stamps) return;
    const uint8_t *stop = bytes + length;
    while (bytes < stop) {
        if (!c->stamp_length) {
            if (!(bytes = memchr(bytes, '@', stop - bytes))) return;
            c->stamp[c->stamp_length++] = *bytes++;
        } else if (*bytes < '0' || *bytes > '9') {
            c->stamp_length = 0; /* An @ of something else. It may begin here, too, so it is looked at again. */
        } else {
            c->stamp[c->stamp_length++] = *bytes++;
            if (c->stamp_length > STAMP_DIGITS) {
                c->stamp[c->stamp_length] = 0;
                int64_t pair[2] = {arrived, arrived - atoll(c->stamp + 1)};
                fwrite(pair, sizeof pair, 1, stamps);
                c->stamp_length = 0;
            }
        }
    }
}

static void finish(struct connection *c, int whole) {
    c->now.done = whole ? arrived : now_ns();
    c->now.ok = whole && c->status / 100 == 2 && c->body_bytes >= least_bytes;
    fwrite(&c->now, sizeof c->now, 1, records);
    c->busy = 0;
}

static void lose(struct connection *c) {
    if (c->busy) finish(c, 0);
    close(c->fd);
    connect_to_server(c);
}

static void go_on_writing(struct connection *c) {
    c->wants_write = 0;
    int more = protocol->write(c);
    if (more == NOTHING)
        lose(c);
    else
        watch(c, EPOLL_CTL_MOD, more ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void ask(struct connection *c, int64_t intended) {
    c->now = (struct record){.intended = intended, .sent = now_ns()};
    if (!intended) c->now.intended = c->now.sent;
    c->busy = 1;
    c->written = c->status = c->body_bytes = c->stamp_length = 0;
    int more = protocol->write(c);
    if (more == NOTHING)
        lose(c);
    else if (more)
        watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

static int64_t due(int64_t number) { return start + (int64_t)(number * 1e9 / rate); }

/* Gives what is due to connections that are free. */
static void send_due(void) {
    int64_t now = now_ns();
    while (idle_count && due(due_number) <= now && due(due_number) < end) {
        struct connection *c = &connections[idle[--idle_count]];
        ask(c, due(due_number++));
    }
}

static void free_connection(struct connection *c) {
    if (rate > 0)
        idle[idle_count++] = c - connections;
    else if (now_ns() < end)
        ask(c, 0);
}

static void readable(struct connection *c) {
    static uint8_t bytes[READ_BYTES];
    ssize_t n = read_stamped(c->fd, bytes, sizeof bytes);
    if (n < 0 && errno == EAGAIN) return;
    int was_ready = c->ready, was_busy = c->busy;
    int whole = n > 0 ? protocol->read(c, bytes, n) : NOTHING;
    if (whole == NOTHING) {
        lose(c);
    } else if (whole) {
        finish(c, 1);
    }
    if (c->wants_write) go_on_writing(c);
    if (!c->busy && c->ready && (was_busy || !was_ready)) free_connection(c);
}

static void read_request(const char *path) {
    struct stat about;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &about)) die(path);
    request_length = about.st_size;
    request = malloc(request_length + 1);
    if (fread(request, 1, request_length, file) != request_length) die(path);
    fclose(file);
}

static int busy_count(void) {
    int busy = 0;
    for (int i = 0; i < count; i++) busy += connections[i].busy;
    return busy;
}

/* epoll waits in whole milliseconds, which is too coarse: a timer wakes it at the next due time. */
static void set_timer(int timer) {
    if (rate <= 0 || !idle_count || due(due_number) >= end) return;
    int64_t at = due(due_number);
    struct itimerspec when = {.it_value = {at / 1000000000, at % 1000000000}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static int over(void) {
    int64_t now = now_ns();
    if (now < end) return 0;
    return now > end + LINGER_NS || (!busy_count() && (rate <= 0 || due(due_number) >= end));
}

int main(int argc, char **argv) {
    if (argc < 9) return 2;
    port = atoi(argv[1]);
    protocol = atoi(argv[2]) == 2 ? &http2 : &http1;
    count = atoi(argv[3]);
    rate = atof(argv[5]);
    least_bytes = atoll(argv[6]);
    read_request(argv[7]);
    if (!(records = fopen(argv[8], "wb"))) die(argv[8]);
    if (argc > 9 && !(stamps = fopen(argv[9], "wb"))) die(argv[9]);
    connections = calloc(count, sizeof *connections);
    idle = calloc(count, sizeof *idle);
    epoll = epoll_create1(0);
    int timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
    struct epoll_event wake = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &wake);
    for (int i = 0; i < count; i++) connect_to_server(&connections[i]);
    start = now_ns();
    end = start + (int64_t)(atof(argv[4]) * 1e9);
    for (int i = 0; i < count; i++)
        if (connections[i].ready) free_connection(&connections[i]);
    while (!over()) {
        struct epoll_event events[MOST_EVENTS];
        if (rate > 0) send_due(), set_timer(timer);
        /* The kernel notes when tokens come, so they may be read late, and many at once, at less than half the cost. */
        if (stamps) usleep(READ_EVERY_US);
        int n = epoll_wait(epoll, events, MOST_EVENTS, stamps ? 0 : 100);
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (!c) continue; /* The timer. */
            if (events[i].events & EPOLLOUT) go_on_writing(c);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(c);
            if (rate > 0) send_due();
        }
    }
    for (int i = 0; i < count; i++)
        if (connections[i].busy) finish(&connections[i], 0);
    /* What was due and never found a free connection is late as well. */
    for (; rate > 0 && due(due_number) < end; due_number++) {
        struct record never = {due(due_number), 0, 0, now_ns(), 0};
        fwrite(&never, sizeof never, 1, records);
    }
    return fclose(records) || (stamps && fclose(stamps));
}
