/* The load generator: many Socket.IO clients over websocket in one thread, each delivery checked.
 *
 *   load PORT PID chat ROOMS MEMBERS SENDERS IN_FLIGHT WARM_UP SECONDS QUESTION_ID,...
 *   load PORT PID endure ROOMS MEMBERS SENDERS IN_FLIGHT MESSAGES EVERY QUESTION_ID,...
 *   load PORT PID connect CLIENTS QUESTION_ID,...
 *   load PORT PID remind USERS REMINDERS DUE PACE QUESTION_ID,...
 *   load PORT PID ladders USERS REMINDERS DUE PACE RINGS APART QUESTION_ID,...
 *
 * and, where it matters who the clients are, @FILE behind: a line for each client in their order, with its type and, where
 * the server asks for one, its token. The first client is user 1. Without the file all join as elders.
 *
 * PID is the server's process, whose processor time and memory are read from /proc. The result is one JSON object on
 * standard output, before which `endure` says every so many seconds how the time since went; exit status 1 with a line
 * on standard error when the server does not speak the protocol.
 *
 * Each message carries in its text a marker ~SSSSSSSSQQQQQQQQTTTTTTTTTTTTTTTT~ (hex: sender, its sequence number, time of
 * sending in ns), so a delivery is known to be new, doubled or another room's without parsing JSON. A reminder carries
 * one in its content: its user's number from 0, which of that user's it is, and the ns since 1970 when it is due.
 *
 * `remind` binds USERS users, a connection each, and waits for REMINDERS notifications, the first of which are due at
 * DUE (ms since 1970), while in each question one of two clients sends a message PACE ms after the last was acked.
 * `ladders` is the same for reminders that ring RINGS times, APART ms apart, for the same user. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 1 << 20, EVENTS = 1024, REMEMBERED = 256, BUCKETS = 64 * 60, PACED = 100 };
enum state { CONNECTING, UPGRADING, OPENING, GREETING, JOINING, JOINED, LEAVING, GONE };
enum opcode { TEXT = 1, CLOSE = 8, PING, PONG };

/* Which sequence numbers of one sender have arrived: all below `base`, and base + i for each bit i of `seen`. */
struct window {
    uint32_t base, count;
    uint64_t seen;
};

struct sender {
    uint32_t client, room, next;
    struct window acks;
    struct { uint32_t sequence; uint64_t id; } ids[REMEMBERED]; /* the id under which a message was first seen */
};

struct client {
    int fd;
    enum state state;
    uint32_t room;
    int64_t sender; /* its place in `senders`, -1 for one that only listens */
    uint64_t last_id;
    struct window *from; /* one for each sender of its room */
    char *rest;          /* the start of a frame whose end has not come yet */
    size_t rest_length;
};

struct person {
    const char *type, *token; /* NULL: none */
};

struct histogram {
    uint64_t buckets[BUCKETS], count;
};

static struct sockaddr_in server;
static int poller;
static struct client *clients;
static struct sender *senders;
static struct person *people;
static uint32_t people_count;
static uint64_t *questions;
static uint32_t question_count, rooms, members, senders_a_room;
static uint32_t under_way, joined, refused, gone, cut;
static bool sending, timing;
static uint32_t users;    /* the first clients are bound to users, where there are any */
static uint32_t pace_ms;  /* between an ack and the next message; 0: none */
static uint32_t rings = 1, apart_ms; /* of a reminder: how often it rings, and the time between two of them */
static uint64_t *send_at; /* ns, when a sender is to send again; 0: not now */
#define ROUNDING_NS 2000000ull  // a server may count whole milliseconds, by two clocks
static uint64_t notified, early, last_notified;
static struct histogram lateness;
static uint64_t received_at; /* ns, when the bytes being read came in */
static uint64_t sent, acks, deliveries;
static uint64_t failed, errors, doubled, out_of_order, wrong;
static struct histogram ack_latency, delivery_latency;
static char buffer[BUFFER];

static void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

static void *resize(void *memory, size_t size) {
    memory = realloc(memory, size);
    if (!memory) die("out of memory");
    return memory;
}

static void *allocate(size_t count, size_t size) { return memset(resize(NULL, count * size), 0, count * size); }

static uint64_t clock_ns(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

static double seconds_since(uint64_t begin) { return (double)(now_ns() - begin) / 1e9; }

static double own_cpu_seconds(void) { return (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9; }

/* ---- latencies: 64 buckets to each doubling, so within 1.6% ---- */

static void record(struct histogram *histogram, uint64_t ns) {
    int shift = ns < 128 ? 0 : 57 - __builtin_clzll(ns);
    histogram->buckets[64 * shift + (int)(ns >> shift)]++;
    histogram->count++;
}

static double percentile_ms(const struct histogram *histogram, double share) {
    uint64_t wanted = (uint64_t)((double)histogram->count * share), passed = 0;
    for (int i = 0; i < BUCKETS; i++) {
        passed += histogram->buckets[i];
        if (passed > wanted) {
            int shift = i < 128 ? 0 : i / 64 - 1;
            return (double)((uint64_t)(i - 64 * shift) << shift) / 1e6;
        }
    }
    return 0;
}

/* ---- the server's process ---- */

static double server_cpu_seconds(int pid) {
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file || !fgets(line, sizeof line, file)) die("the server's process %d is gone", pid);
    fclose(file);
    unsigned long user, system;
    char *after_name = strrchr(line, ')');
    if (!after_name || sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        die("%s is not as expected", path);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static void server_memory_kb(int pid, double *rss, double *pss) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "r");
    if (!file) die("cannot read %s", path);
    *rss = *pss = 0;
    while (fgets(line, sizeof line, file)) {
        sscanf(line, "Rss: %lf", rss);
        sscanf(line, "Pss: %lf", pss);
    }
    fclose(file);
}

/* ---- sending ---- */

static void send_bytes(struct client *client, const char *bytes, size_t length) {
    ssize_t count = send(client->fd, bytes, length, MSG_NOSIGNAL);
    /* What is in flight is far less than a socket holds, so a short count is a fault; a reset is seen when reading. */
    if (count != (ssize_t)length && errno != EPIPE && errno != ECONNRESET) die("short send: %zd of %zu", count, length);
}

static void send_frame(struct client *client, enum opcode opcode, const char *payload, size_t length) {
    static uint32_t mask = 0x2545f491;
    char frame[4096];
    size_t start = 2;
    mask = mask * 1664525u + 1013904223u;
    frame[0] = (char)(0x80 | opcode);
    frame[1] = (char)(0x80 | (length < 126 ? length : 126));
    if (length >= 126) {
        frame[2] = (char)(length >> 8);
        frame[3] = (char)length;
        start = 4;
    }
    if (start + 4 + length > sizeof frame) die("a frame of %zu bytes is too long to send", length);
    memcpy(frame + start, &mask, 4);
    char *masked = frame + start + 4;
    for (size_t i = 0; i < length; i++) masked[i] = payload[i] ^ frame[start + (i & 3)];
    send_bytes(client, frame, start + 4 + length);
}

static uint32_t user_id(const struct client *client) { return (uint32_t)(client - clients) + 1; }

static struct person person(const struct client *client) {
    uint32_t place = user_id(client) - 1;
    return place < people_count ? people[place] : (struct person){.type = "ELDER"};
}

static void send_text(struct client *client, const char *text) { send_frame(client, TEXT, text, strlen(text)); }

static void send_message(struct sender *sender) {
    char text[1024];
    struct client *client = &clients[sender->client];
    uint32_t number = (uint32_t)(sender - senders);
    snprintf(text, sizeof text,
             "42[\"send_message\",{\"question_id\":%lu,\"sender_type\":\"STAFF\",\"sender_id\":%u,"
             "\"role_display_name\":\"医生王五\",\"content_type\":\"TEXT\",\"content_text\":"
             "\"您好，请详细描述一下您的症状：从什么时候开始，每天几次，吃过什么药，现在感觉怎么样？ ~%08x%08x%016lx~\","
             "\"attachments\":[{\"url\":\"https://example.com/image1.png\","
             "\"thumbnail_url\":\"https://example.com/thumb1.png\",\"duration\":null,\"size\":102400}]}]",
             questions[sender->room], user_id(client), number, sender->next, now_ns());
    sender->next++;
    sent++;
    send_text(client, text);
}

/* ---- what comes in ---- */

static const char *skip_space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')) at++;
    return at;
}

/* The value after a key, given with its quotes; keys stand in any order, with any white space. */
static const char *find_value(const char *at, const char *end, const char *key) {
    size_t length = strlen(key);
    while ((at = memmem(at, (size_t)(end - at), key, length))) {
        at = skip_space(at + length, end);
        if (at < end && *at == ':') return skip_space(at + 1, end);
    }
    return NULL;
}

static uint64_t find_id(const char *at, const char *end) {
    uint64_t id = 0;
    at = find_value(at, end, "\"id\"");
    while (at && at < end && *at >= '0' && *at <= '9') id = id * 10 + (uint64_t)(*at++ - '0');
    return id;
}

static uint64_t hex(const char *at, int digits) {
    uint64_t value = 0;
    for (; digits; digits--, at++) value = value << 4 | (uint64_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
    return value;
}

/* False where that sequence number was there before. */
static bool arrive(struct window *window, uint32_t sequence) {
    if (sequence < window->base) return false;
    for (; sequence - window->base >= 64; window->base++) window->seen >>= 1;
    uint64_t bit = 1ull << (sequence - window->base);
    if (window->seen & bit) return false;
    window->seen |= bit;
    window->count++;
    for (; window->seen & 1; window->base++) window->seen >>= 1;
    return true;
}

static void complain(const char *what, uint64_t *counter, const char *at, const char *end) {
    if ((*counter)++ == 0) fprintf(stderr, "load: first %s: %.*s\n", what, (int)(end - at), at);
}

/* Reads the marker and id of a message; NULL (counted) where it is not one that this client can have been sent. */
static struct sender *read_message(struct client *client, const char *at, const char *end, uint32_t *sequence,
                                   uint64_t *sent_at, uint64_t *id) {
    const char *marker = memchr(at, '~', (size_t)(end - at));
    *id = find_id(at, end);
    if (marker && end - marker > 33 && marker[33] == '~' && *id) {
        uint64_t number = hex(marker + 1, 8);
        *sequence = (uint32_t)hex(marker + 9, 8);
        *sent_at = hex(marker + 17, 16);
        if (number / senders_a_room == client->room && *sequence < senders[number].next) {
            struct sender *sender = &senders[number];
            uint32_t place = *sequence % REMEMBERED;
            if (sender->ids[place].id == 0 || sender->ids[place].sequence < *sequence) {
                sender->ids[place].sequence = *sequence;
                sender->ids[place].id = *id;
            }
            if (sender->ids[place].sequence > *sequence || sender->ids[place].id == *id) return sender;
        }
    }
    complain("wrong message", &wrong, at, end);
    return NULL;
}

static void on_new_message(struct client *client, const char *at, const char *end) {
    uint32_t sequence;
    uint64_t sent_at, id;
    struct sender *sender = read_message(client, at, end, &sequence, &sent_at, &id);
    if (!sender) return;
    if (!arrive(&client->from[(sender - senders) % senders_a_room], sequence))
        return complain("doubled message", &doubled, at, end);
    if (id <= client->last_id) complain("message out of order", &out_of_order, at, end);
    client->last_id = id;
    deliveries++;
    if (timing) record(&delivery_latency, received_at - sent_at);
}

static void on_ack(struct client *client, const char *at, const char *end) {
    uint32_t sequence;
    uint64_t sent_at, id;
    const char *success = find_value(at, end, "\"success\"");
    if (client->sender < 0 || !success || end - success < 4 || memcmp(success, "true", 4) != 0)
        return complain("failed send", &failed, at, end);
    struct sender *sender = read_message(client, at, end, &sequence, &sent_at, &id);
    if (!sender) return;
    if (sender != &senders[client->sender]) return complain("ack of another's message", &wrong, at, end);
    if (!arrive(&sender->acks, sequence)) return complain("doubled ack", &doubled, at, end);
    acks++;
    if (timing) record(&ack_latency, received_at - sent_at);
    if (!sending) return;
    if (pace_ms) send_at[sender - senders] = now_ns() + pace_ms * 1000000ull;
    else send_message(sender);
}

static uint64_t realtime_ns(void) { return clock_ns(CLOCK_REALTIME); }

static void on_notification(struct client *client, const char *at, const char *end) {
    uint64_t now = realtime_ns();
    const char *marker = memchr(at, '~', (size_t)(end - at));
    if (!marker || end - marker <= 33 || marker[33] != '~' || hex(marker + 1, 8) != (uint64_t)(client - clients))
        return complain("wrong notification", &wrong, at, end);
    uint32_t ring = 0;
    while (ring < rings && !arrive(&client->from[ring], (uint32_t)hex(marker + 9, 8))) ring++;
    if (ring == rings) return complain("doubled notification", &doubled, at, end);
    uint64_t due = hex(marker + 17, 16) + ring * apart_ms * 1000000ull;
    notified++;
    last_notified = now;
    if (now + ROUNDING_NS < due) complain("early notification", &early, at, end);
    else record(&lateness, now < due ? 0 : now - due);
}

static bool named(const char *at, const char *end, const char *name) {
    size_t length = strlen(name);
    return (size_t)(end - at) > length && memcmp(at, name, length) == 0 && at[length] == '"';
}

static void on_event(struct client *client, const char *at, const char *end) {
    at = skip_space(at, end);
    if (at < end && *at == '[') at = skip_space(at + 1, end);
    if (at < end && *at == '"') at++;
    if (named(at, end, "new_message")) {
        on_new_message(client, at, end);
    } else if (named(at, end, "send_message:ack")) {
        on_ack(client, at, end);
    } else if (named(at, end, "notification:new") && client < clients + users) {
        on_notification(client, at, end);
    } else if ((named(at, end, "joined_question") || named(at, end, "bind_user:ack")) && client->state == JOINING) {
        client->state = JOINED;
        joined++;
        under_way--;
    } else {
        complain("error event", &errors, at, end);
    }
}

static void on_text(struct client *client, const char *at, const char *end) {
    char text[4096];
    if (at == end) die("an empty text frame");
    if (at[0] == '4' && end - at > 1 && at[1] == '2') {
        on_event(client, at + 2, end);
    } else if (at[0] == '2') {
        send_text(client, "3");
    } else if (at[0] == '0' && client->state == OPENING) {
        const char *token = person(client).token;
        if (token) snprintf(text, sizeof text, "40{\"token\":\"%s\"}", token);
        send_text(client, token ? text : "40");
        client->state = GREETING;
    } else if (at[0] == '4' && end - at > 1 && at[1] == '0' && client->state == GREETING) {
        if (client < clients + users)
            snprintf(text, sizeof text, "42[\"bind_user\",{\"user_id\":%u}]", user_id(client));
        else snprintf(text, sizeof text,
                 "42[\"join_question\",{\"question_id\":%lu,\"user_id\":%u,\"user_type\":\"%s\","
                 "\"role_display_name\":\"张三\"}]",
                 questions[client->room], user_id(client), person(client).type);
        send_text(client, text);
        client->state = JOINING;
    } else {
        die("unexpected packet in state %d: %.*s", client->state, (int)(end - at), at);
    }
}

static void drop(struct client *client) {
    if (client->state == LEAVING) gone++;
    else if (client->state == JOINED) cut++;
    else refused++;
    if (client->state < JOINED) under_way--;
    close(client->fd);
    client->rest_length = 0;
    client->state = GONE;
}

/* Reads one frame, or the handshake's answer. Returns the bytes it took, 0 where its end has not come yet. */
static size_t read_one(struct client *client, const char *at, size_t length) {
    if (client->state == UPGRADING) {
        const char *end = memmem(at, length, "\r\n\r\n", 4);
        if (!end) return 0;
        /* The RFC's own example key is sent, so the answer is known. */
        if (memcmp(at, "HTTP/1.1 101", 12) != 0 || !memmem(at, length, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28)) {
            drop(client);
            return length;
        }
        client->state = OPENING;
        return (size_t)(end + 4 - at);
    }
    const uint8_t *head = (const uint8_t *)at;
    size_t start = 2, payload;
    if (length < 2) return 0;
    payload = head[1];
    if (payload > 127) die("a masked frame from the server");
    if (payload > 125) {
        start = payload == 126 ? 4 : 10;
        if (length < start) return 0;
        payload = 0;
        for (size_t i = 2; i < start; i++) payload = payload << 8 | head[i];
    }
    if (payload > BUFFER / 2) die("a frame of %zu bytes", payload);
    if (length < start + payload) return 0;
    if (head[0] == (0x80 | TEXT)) on_text(client, at + start, at + start + payload);
    else if (head[0] == (0x80 | PING)) send_frame(client, PONG, at + start, payload);
    else if (head[0] != (0x80 | CLOSE)) die("an unexpected frame: first byte %#x", head[0]);
    else if (client->state != LEAVING) send_frame(client, CLOSE, at + start, payload);
    return start + payload;
}

static void on_readable(struct client *client) {
    size_t length = client->rest_length, taken = 0, step;
    if (length) memcpy(buffer, client->rest, length);
    ssize_t count = recv(client->fd, buffer + length, sizeof buffer - length, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return drop(client);
    received_at = now_ns();
    length += (size_t)count;
    while (client->state != GONE && taken < length && (step = read_one(client, buffer + taken, length - taken)) > 0)
        taken += step;
    if (client->state == GONE) return;
    client->rest_length = length - taken;
    if (client->rest_length == 0) return;
    client->rest = resize(client->rest, client->rest_length);
    memcpy(client->rest, buffer + taken, client->rest_length);
}

static void on_connected(struct client *client) {
    int fault = 0;
    socklen_t size = sizeof fault;
    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &fault, &size);
    if (fault) return drop(client);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    epoll_ctl(poller, EPOLL_CTL_MOD, client->fd, &event);
    char request[512];
    int length = snprintf(request, sizeof request,
                          "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                          "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                          ntohs(server.sin_port));
    client->state = UPGRADING;
    send_bytes(client, request, (size_t)length);
}

/* One turn of the loop. */
static void turn(int timeout_ms) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(poller, events, EVENTS, timeout_ms);
    for (int i = 0; i < count; i++) {
        struct client *client = events[i].data.ptr;
        if (client->state == CONNECTING) on_connected(client);
        else on_readable(client);
    }
}

static void turn_for(double seconds) {
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
    for (uint64_t now = now_ns(); now < end; now = now_ns()) turn((int)((end - now) / 1000000) + 1);
}

static void start(struct client *client) {
    int one = 1;
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = client};
    client->state = CONNECTING;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (client->fd < 0) die("socket: %s", strerror(errno));
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    under_way++;
    if (connect(client->fd, (struct sockaddr *)&server, sizeof server) < 0 && errno != EINPROGRESS) return drop(client);
    epoll_ctl(poller, EPOLL_CTL_ADD, client->fd, &event);
}

/* Connects and joins them all, at most `at_once` under way at any time. Returns the seconds it took. */
static double connect_all(uint32_t count, uint32_t at_once) {
    uint64_t begin = now_ns();
    uint32_t started = 0;
    joined = refused = under_way = 0;
    while (started < count || under_way) {
        while (started < count && under_way < at_once) start(&clients[started++]);
        if (under_way) turn(1000);
        if (seconds_since(begin) > 60) break;
    }
    double seconds = seconds_since(begin);
    for (uint32_t i = 0; i < count; i++)
        if (clients[i].state < JOINED) drop(&clients[i]);
    return seconds;
}

/* Waits until the server's process has been idle for half a second, ten seconds at most. */
static void settle(int pid) {
    double before = server_cpu_seconds(pid), after;
    for (int i = 0; i < 20; i++, before = after) {
        turn_for(0.5);
        after = server_cpu_seconds(pid);
        if (after - before < 0.015) return;
    }
}

/* ---- the three kinds of measurement ---- */

/* Everybody is in a room, and each sender has so many messages under way. */
static void begin_chat(int pid, uint32_t in_flight) {
    uint32_t count = rooms * members;
    clients = allocate(count, sizeof *clients);
    senders = allocate(rooms * senders_a_room, sizeof *senders);
    for (uint32_t i = 0; i < count; i++) {
        clients[i].room = i / members;
        clients[i].from = allocate(senders_a_room, sizeof(struct window));
        clients[i].sender = i % members < senders_a_room ? (int64_t)(i / members * senders_a_room + i % members) : -1;
        if (clients[i].sender >= 0) senders[clients[i].sender] = (struct sender){.client = i, .room = clients[i].room};
    }
    connect_all(count, PACED);
    if (joined != count) die("%u of %u clients could not join", count - joined, count);
    settle(pid);
    sending = true;
    for (uint32_t i = 0; i < rooms * senders_a_room; i++)
        for (uint32_t j = 0; j < in_flight; j++) send_message(&senders[i]);
}

/* What is still under way must come too; five seconds without anything new end the wait. Returns how long it took. */
static double drain_chat(void) {
    sending = false;
    uint64_t stopped = now_ns(), progress = stopped, before = acks + deliveries;
    while (!cut && (acks < sent || deliveries < sent * members) && seconds_since(progress) < 5) {
        turn(100);
        if (acks + deliveries != before) progress = now_ns();
        before = acks + deliveries;
    }
    turn_for(0.1); /* anything that comes now is doubled */
    return (double)(progress - stopped) / 1e9;
}

static void print_counts(void) {
    uint64_t lost = 0;
    for (uint32_t i = 0; i < rooms * members; i++)
        for (uint32_t j = 0; j < senders_a_room; j++)
            lost += senders[clients[i].room * senders_a_room + j].next - clients[i].from[j].count;
    printf("\"sent\": %lu, \"acks\": %lu, \"deliveries\": %lu, \"failed\": %lu, \"errors\": %lu, \"lost_acks\": %lu, "
           "\"lost\": %lu, \"doubled\": %lu, \"out_of_order\": %lu, \"wrong\": %lu, \"cut\": %u}\n",
           sent, acks, deliveries, failed, errors, sent - acks, lost, doubled, out_of_order, wrong, cut);
}

static void measure_chat(int pid, uint32_t in_flight, double warm_up, double seconds) {
    begin_chat(pid, in_flight);
    turn_for(warm_up);

    double server_cpu = server_cpu_seconds(pid), own_cpu = own_cpu_seconds();
    uint64_t begin = now_ns();
    timing = true;
    turn_for(seconds);
    timing = false;
    double wall = seconds_since(begin);
    own_cpu = own_cpu_seconds() - own_cpu;
    server_cpu = server_cpu_seconds(pid) - server_cpu;

    double drain = drain_chat();
    printf("{\"acks_per_s\": %.1f, \"deliveries_per_s\": %.1f, \"ack_p50_ms\": %.3f, \"ack_p99_ms\": %.3f, "
           "\"delivery_p50_ms\": %.3f, \"delivery_p99_ms\": %.3f, \"generator_cpu\": %.3f, \"server_cpu\": %.3f, "
           "\"server_us_per_delivery\": %.3f, \"drain_s\": %.3f, ",
           (double)ack_latency.count / wall, (double)delivery_latency.count / wall,
           percentile_ms(&ack_latency, 0.5), percentile_ms(&ack_latency, 0.99),
           percentile_ms(&delivery_latency, 0.5), percentile_ms(&delivery_latency, 0.99), own_cpu / wall, server_cpu / wall,
           server_cpu * 1e6 / (double)(delivery_latency.count + !delivery_latency.count), drain);
    print_counts();
}

/* Until so many messages are acknowledged, however long that takes; ten stretches without any end it, too. */
static void measure_endurance(int pid, uint32_t in_flight, uint64_t messages, double every) {
    begin_chat(pid, in_flight);
    uint64_t begin = now_ns();
    double begin_cpu = own_cpu_seconds();
    timing = true;
    for (int silent = 0; acks < messages && !cut && silent < 10; ) {
        uint64_t stretch = now_ns(), before = acks;
        turn_for(every);
        printf("{\"seconds\": %.3f, \"acks\": %lu, \"acks_per_s\": %.1f, \"ack_p50_ms\": %.3f, \"ack_p99_ms\": %.3f}\n",
               seconds_since(begin), acks, (double)(acks - before) / seconds_since(stretch),
               percentile_ms(&ack_latency, 0.5), percentile_ms(&ack_latency, 0.99));
        fflush(stdout);
        memset(&ack_latency, 0, sizeof ack_latency);
        silent = acks == before ? silent + 1 : 0;
    }
    timing = false;
    double wall = seconds_since(begin), own_cpu = own_cpu_seconds() - begin_cpu;
    drain_chat();
    printf("{\"generator_cpu\": %.3f, ", own_cpu / wall);
    print_counts();
}

/* All leave at once: a close frame each, as a browser's page does. Returns the server's processor seconds for it. */
static double leave_all(int pid, uint32_t count, double *seconds) {
    double cpu = server_cpu_seconds(pid);
    uint64_t begin = now_ns();
    gone = 0;
    uint32_t leaving = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (clients[i].state != JOINED) continue;
        clients[i].state = LEAVING;
        send_frame(&clients[i], CLOSE, "\x03\xe9", 2); /* 1001, going away */
        leaving++;
    }
    while (gone < leaving && seconds_since(begin) < 60) turn(100);
    *seconds = seconds_since(begin);
    if (gone < leaving) die("%u of %u clients were never let go", leaving - gone, leaving);
    settle(pid);
    return server_cpu_seconds(pid) - cpu;
}

static void measure_connect(int pid, uint32_t count) {
    const uint32_t at_once[] = {PACED, PACED, count, count};
    double rss_before, pss_before, rss, pss, leave_seconds;
    clients = allocate(count, sizeof *clients);
    for (uint32_t i = 0; i < count; i++) clients[i] = (struct client){.room = i % question_count, .sender = -1};
    settle(pid);
    server_memory_kb(pid, &rss_before, &pss_before);
    printf("{\"clients\": %u, \"waves\": [", count);
    for (int wave = 0; wave < 4; wave++) {
        double cpu = server_cpu_seconds(pid), own_cpu = own_cpu_seconds();
        double seconds = connect_all(count, at_once[wave]), generator = (own_cpu_seconds() - own_cpu) / seconds;
        settle(pid);
        cpu = server_cpu_seconds(pid) - cpu;
        if (wave == 0) server_memory_kb(pid, &rss, &pss);
        uint32_t refused_now = refused, cut_now = cut;
        double leave_cpu = leave_all(pid, count, &leave_seconds);
        printf("%s{\"at_once\": %u, \"seconds\": %.3f, \"refused\": %u, \"cut\": %u, \"server_cpu_s\": %.3f, "
               "\"generator_cpu\": %.3f, \"leave_seconds\": %.3f, \"leave_cpu_s\": %.3f}",
               wave ? ", " : "", at_once[wave], seconds, refused_now, cut_now, cpu, generator, leave_seconds, leave_cpu);
    }
    printf("], \"rss_before_kb\": %.0f, \"rss_kb\": %.0f, \"rss_per_connection_kb\": %.2f, "
           "\"pss_per_connection_kb\": %.2f, \"errors\": %lu}\n",
           rss_before, rss, (rss - rss_before) / count, (pss - pss_before) / count, errors);
}

static void send_paced(void) {
    uint64_t now = now_ns();
    for (uint32_t i = 0; i < rooms; i++) {
        if (!send_at[i] || send_at[i] > now) continue;
        send_at[i] = 0;
        send_message(&senders[i]);
    }
}

static void measure_remind(int pid, uint32_t reminders, uint64_t due_ms) {
    uint32_t count = users + 2 * rooms;
    uint64_t due = due_ms * 1000000u, before = 0, progress, lost = 0;
    clients = allocate(count, sizeof *clients);
    senders = allocate(rooms, sizeof *senders);
    send_at = allocate(rooms, sizeof *send_at);
    for (uint32_t i = 0; i < count; i++) {
        clients[i].from = allocate(rings, sizeof(struct window));
        clients[i].room = i < users ? 0 : (i - users) / 2;
        clients[i].sender = i < users || (i - users) % 2 ? -1 : (int64_t)clients[i].room;
        if (clients[i].sender >= 0) senders[clients[i].sender] = (struct sender){.client = i, .room = clients[i].room};
    }
    connect_all(count, PACED);
    if (joined != count) die("%u of %u clients could not join", count - joined, count);
    if (realtime_ns() > due) die("the clients were bound too late");
    sending = true;
    for (uint32_t i = 0; i < rooms; i++) send_at[i] = now_ns() + i * pace_ms * 1000000ull / rooms;
    while (realtime_ns() < due) {
        turn(1);
        send_paced();
    }
    double server_cpu = server_cpu_seconds(pid), own_cpu = own_cpu_seconds();
    timing = true;
    progress = now_ns();
    while (!cut && notified < (uint64_t)reminders * rings && seconds_since(progress) < 30) {
        turn(1);
        send_paced();
        if (notified != before) progress = now_ns();
        before = notified;
    }
    /* A message that was sent meanwhile was to be acked meanwhile: it counts when its ack comes. */
    sending = false;
    double waited = 0;
    for (uint64_t begin = now_ns(); acks < sent && waited < 30; waited = seconds_since(begin)) turn(1);
    timing = false;
    own_cpu = own_cpu_seconds() - own_cpu;
    server_cpu = server_cpu_seconds(pid) - server_cpu;
    double wall = last_notified > due ? (double)(last_notified - due) / 1e9 : 0;
    turn_for(0.3); /* anything that comes now is doubled */
    for (uint32_t i = 0; i < users; i++)
        for (uint32_t ring = 0; ring < rings; ring++)
            lost += reminders / users + (i < reminders % users) - clients[i].from[ring].count;
    printf("{\"notified\": %lu, \"seconds\": %.3f, \"late_p50_ms\": %.3f, \"late_p99_ms\": %.3f, \"acks\": %lu, "
           "\"ack_p50_ms\": %.3f, \"ack_p99_ms\": %.3f, \"server_cpu_s\": %.3f, \"generator_cpu_s\": %.3f, ",
           notified, wall, percentile_ms(&lateness, 0.5), percentile_ms(&lateness, 0.99), ack_latency.count,
           percentile_ms(&ack_latency, 0.5), percentile_ms(&ack_latency, 0.99), server_cpu, own_cpu);
    printf("\"lost\": %lu, \"doubled\": %lu, \"wrong\": %lu, \"early\": %lu, \"failed\": %lu, \"errors\": %lu, "
           "\"lost_acks\": %lu, \"cut\": %u}\n",
           lost, doubled, wrong, early, failed, errors, sent - acks, cut);
}

static void read_people(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) die("cannot read %s", path);
    char *line = NULL;
    for (size_t size = 0; getline(&line, &size, file) > 0; line = NULL, size = 0) {
        line[strcspn(line, "\n")] = 0;
        char *token = strchr(line, ' ');
        if (token) *token++ = 0;
        people = resize(people, (people_count + 1) * sizeof *people);
        people[people_count++] = (struct person){line, token};
    }
    fclose(file);
}

static uint32_t number(const char *text) { return (uint32_t)strtoul(text, NULL, 10); }

int main(int argc, char **argv) {
    if (argc > 1 && argv[argc - 1][0] == '@') read_people(argv[--argc] + 1);
    if (argc < 4) die("usage: see the head of load.c");
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int pid = atoi(argv[2]);
    poller = epoll_create1(0);
    questions = allocate(strlen(argv[argc - 1]) + 1, sizeof *questions);
    for (char *id = strtok(argv[argc - 1], ","); id; id = strtok(NULL, ","))
        questions[question_count++] = strtoull(id, NULL, 10);
    if ((strcmp(argv[3], "chat") == 0 || strcmp(argv[3], "endure") == 0) && argc == 11) {
        rooms = number(argv[4]);
        members = number(argv[5]);
        senders_a_room = number(argv[6]);
        if (question_count != rooms || senders_a_room > members) die("%u questions for %u rooms", question_count, rooms);
        if (strcmp(argv[3], "chat") == 0) measure_chat(pid, number(argv[7]), atof(argv[8]), atof(argv[9]));
        else measure_endurance(pid, number(argv[7]), number(argv[8]), atof(argv[9]));
    } else if (strcmp(argv[3], "connect") == 0 && argc == 6) {
        measure_connect(pid, number(argv[4]));
    } else if ((strcmp(argv[3], "remind") == 0 && argc == 9) || (strcmp(argv[3], "ladders") == 0 && argc == 11)) {
        users = number(argv[4]);
        rooms = question_count;
        members = 2;
        senders_a_room = 1;
        pace_ms = number(argv[7]);
        if (argc == 11) {
            rings = number(argv[8]);
            apart_ms = number(argv[9]);
        }
        measure_remind(pid, number(argv[5]), strtoull(argv[6], NULL, 10));
    } else {
        die("usage: see the head of load.c");
    }
    return 0;
}
