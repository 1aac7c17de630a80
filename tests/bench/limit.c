/* The physical limit: a server that does nothing but what no server can leave out. It answers the load generator as a
 * Socket.IO server would, but reads no JSON, checks nothing and stores nothing: each message becomes one ready frame, and a
 * bare loop of send() puts all frames of one turn on each member's socket. Only for the load generator, never for use.
 *
 * Prints `listening on http://127.0.0.1:PORT`; takes no arguments. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FDS = 20000, QUESTIONS = 1024, OUT = 1 << 16, IN = 1 << 14, EVENTS = 1024 };

struct question {
    int *members, count, capacity;
    char *out; /* the frames of this turn */
    size_t out_length;
};

struct connection {
    bool open, upgraded;
    char *in;
    size_t in_length;
};

static struct connection connections[FDS];
static struct question questions[QUESTIONS];
static int question_count, busy[QUESTIONS], busy_count;
static uint64_t last_id;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void send_all(int fd, const char *bytes, size_t length) {
    while (length) {
        ssize_t count = send(fd, bytes, length, MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN) return; /* the reader sees the end */
        if (count < 0) {
            struct pollfd wait = {.fd = fd, .events = POLLOUT};
            poll(&wait, 1, -1);
            continue;
        }
        bytes += count;
        length -= (size_t)count;
    }
}

static size_t frame_head(char *head, int opcode, size_t length) {
    head[0] = (char)(0x80 | opcode);
    if (length < 126) {
        head[1] = (char)length;
        return 2;
    }
    head[1] = 126;
    head[2] = (char)(length >> 8);
    head[3] = (char)length;
    return 4;
}

static void send_text(int fd, const char *text) {
    char frame[4096];
    size_t length = strlen(text), head = frame_head(frame, 1, length);
    memcpy(frame + head, text, length);
    send_all(fd, frame, head + length);
}

static void leave(int fd) {
    for (int i = 0; i < question_count; i++)
        for (int j = 0; j < questions[i].count; j++)
            if (questions[i].members[j] == fd) questions[i].members[j--] = questions[i].members[--questions[i].count];
    free(connections[fd].in);
    connections[fd] = (struct connection){0};
    close(fd);
}

/* The members get their frames once a turn, in one send() each. */
static void deliver(void) {
    for (int i = 0; i < busy_count; i++) {
        struct question *question = &questions[busy[i]];
        for (int j = 0; j < question->count; j++) send_all(question->members[j], question->out, question->out_length);
        question->out_length = 0;
    }
    busy_count = 0;
}

static void on_message(int fd, struct question *question, const char *object, size_t length) {
    char text[4096], frame[4096 + 4];
    if (question->out_length + sizeof frame > OUT) deliver();
    if (question->out_length == 0) busy[busy_count++] = (int)(question - questions);
    snprintf(text, sizeof text, "42[\"send_message:ack\",{\"success\":true,\"message\":\"发送成功\",\"data\":{\"id\":%llu,"
             "\"sent_at\":\"2025-01-01 10:00:00\",\"status\":\"SENT\",\"is_visible_to_patient\":true,%.*s}]",
             (unsigned long long)++last_id, (int)length, object);
    send_text(fd, text);
    size_t size = (size_t)snprintf(text, sizeof text, "42[\"new_message\",{\"id\":%llu,\"sent_at\":\"2025-01-01 10:00:00\","
             "\"status\":\"SENT\",\"is_visible_to_patient\":true,%.*s]", (unsigned long long)last_id, (int)length, object);
    size_t head = frame_head(question->out + question->out_length, 1, size);
    memcpy(question->out + question->out_length + head, text, size);
    question->out_length += head + size;
}

static void on_text(int fd, char *text, size_t length) {
    if (length >= 2 && memcmp(text, "40", 2) == 0) {
        send_text(fd, "40{\"sid\":\"x\"}");
        return;
    }
    char *key = memmem(text, length, "\"question_id\":", 14), reply[128];
    unsigned long id = key ? strtoul(key + 14, NULL, 10) : 0;
    if (id == 0 || id > (unsigned long)question_count) return;
    struct question *question = &questions[id - 1];
    if (memcmp(text, "42[\"send_message\",{", 19) == 0) {
        on_message(fd, question, text + 19, length - 20);
        return;
    }
    if (question->count == question->capacity) {
        question->capacity = question->capacity * 2 + 16;
        question->members = realloc(question->members, sizeof(int) * (size_t)question->capacity);
    }
    question->members[question->count++] = fd;
    snprintf(reply, sizeof reply, "42[\"joined_question\",{\"question_id\":%lu}]", id);
    send_text(fd, reply);
}

static void on_request(int fd, const char *request, size_t length) {
    char reply[512];
    if (memcmp(request, "POST", 4) == 0) {
        if (question_count == QUESTIONS) die("too many questions");
        questions[question_count].out = malloc(OUT);
        char body[64];
        int size = snprintf(body, sizeof body, "{\"id\": %d}", ++question_count);
        snprintf(reply, sizeof reply, "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
                 "Connection: close\r\n\r\n%s", size, body);
        send_all(fd, reply, strlen(reply));
        shutdown(fd, SHUT_WR);
    } else if (memmem(request, length, "Upgrade: websocket", 18)) {
        /* The load generator sends the RFC's example key, so the answer is the RFC's too. */
        const char *answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        send_all(fd, answer, strlen(answer));
        send_text(fd, "0{\"sid\":\"x\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}");
        connections[fd].upgraded = true;
    }
}

/* One request or frame; 0 where its end has not come, -1 where the connection is over. */
static ssize_t read_one(int fd, char *at, size_t length) {
    if (!connections[fd].upgraded) {
        char *end = memmem(at, length, "\r\n\r\n", 4);
        if (!end) return 0;
        char *sized = memmem(at, (size_t)(end - at), "Content-Length: ", 16);
        size_t size = (size_t)(end + 4 - at) + (sized ? strtoul(sized + 16, NULL, 10) : 0);
        if (length < size) return 0;
        on_request(fd, at, size);
        return (ssize_t)size;
    }
    const uint8_t *head = (const uint8_t *)at;
    size_t start = 2, payload;
    if (length < 2) return 0;
    payload = head[1] & 127;
    if (payload == 126) {
        if (length < 4) return 0;
        payload = (size_t)head[2] << 8 | head[3];
        start = 4;
    }
    if (length < start + 4 + payload) return 0;
    char *mask = at + start, *text = at + start + 4;
    for (size_t i = 0; i < payload; i++) text[i] ^= mask[i & 3];
    if ((head[0] & 15) == 8) {
        send_all(fd, "\x88\x00", 2);
        return -1;
    }
    on_text(fd, text, payload);
    return (ssize_t)(start + 4 + payload);
}

static void on_readable(int fd) {
    struct connection *connection = &connections[fd];
    if (!connection->in) connection->in = malloc(IN);
    ssize_t count = recv(fd, connection->in + connection->in_length, IN - connection->in_length, 0), step = 0;
    if (count <= 0) {
        leave(fd);
        return;
    }
    connection->in_length += (size_t)count;
    size_t taken = 0;
    while (taken < connection->in_length && (step = read_one(fd, connection->in + taken, connection->in_length - taken)) > 0)
        taken += (size_t)step;
    if (step < 0) {
        leave(fd);
        return;
    }
    connection->in_length -= taken;
    memmove(connection->in, connection->in + taken, connection->in_length);
}

int main(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), poller = epoll_create1(0);
    struct epoll_event events[EVENTS], event = {.events = EPOLLIN, .data.fd = listener};
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 4096)) die("listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(poller, events, EVENTS, -1), fd;
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd != listener) {
                on_readable(events[i].data.fd);
                continue;
            }
            while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                if (fd >= FDS) die("too many connections");
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                event.data.fd = fd;
                epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
                connections[fd].open = true;
            }
        }
        deliver();
    }
}
