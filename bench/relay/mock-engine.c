/*
 * An engine that costs next to nothing: one thread, epoll, HTTP/1.1, OpenAI's chat completions.
 *
 * What to answer rides in the model name, so that it passes every gateway: "mock-n<chunks>-g<gap in us>". A gap of 0 is
 * flat out. Every chunk is an HTTP chunk and a send() of its own, and holds the time at which it was sent, as "@<ns>@"
 * (CLOCK_MONOTONIC). The usage chunk, sent where include_usage asks for it, holds "@0@": a client who did not ask must
 * not see it.
 *
 * It listens on a free port of 127.0.0.1 and prints "listening PORT".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
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

#define FD_MAX 16384
#define EVENTS_MAX 512
/* Chunks sent to one flat-out stream before the others have their turn. */
#define BURST_MAX 32
#define NOT_PACED -1
#define NS_PER_S 1000000000ull

#define CHUNK_START \
  "data: {\"id\":\"chatcmpl-0123456789abcdef\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"mock\","

struct connection {
  int fd;
  bool streaming, flat_out, tells_usage, waits_for_room;
  int chunks, chunks_sent;
  uint64_t gap_ns, due_ns;
  int place; /* in the schedule */
  size_t in_length, out_length, out_sent;
  char in[16384];
  char out[4096];
};

enum sending { SENT, BLOCKED, CLOSED };

static struct connection *connections[FD_MAX];
static int poller;

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * NS_PER_S + time.tv_nsec;
}

/* The paced streams: a binary heap, the one that is due first on top. */

static struct connection *schedule[FD_MAX];
static int scheduled;

static bool is_before(int one, int other) { return schedule[one]->due_ns < schedule[other]->due_ns; }

static void swap(int one, int other) {
  struct connection *moved = schedule[one];
  schedule[one] = schedule[other];
  schedule[other] = moved;
  schedule[one]->place = one;
  schedule[other]->place = other;
}

static void rise(int place) {
  for (; place > 0 && is_before(place, (place - 1) / 2); place = (place - 1) / 2) swap(place, (place - 1) / 2);
}

static void sink(int place) {
  for (;;) {
    int left = 2 * place + 1, right = left + 1, first = place;
    if (left < scheduled && is_before(left, first)) first = left;
    if (right < scheduled && is_before(right, first)) first = right;
    if (first == place) return;
    swap(place, first);
    place = first;
  }
}

static void schedule_at(struct connection *c, uint64_t due_ns) {
  c->due_ns = due_ns;
  c->place = scheduled++;
  schedule[c->place] = c;
  rise(c->place);
}

static void unschedule(struct connection *c) {
  int place = c->place;
  if (place == NOT_PACED) return;
  c->place = NOT_PACED;
  scheduled -= 1;
  if (place == scheduled) return;
  schedule[place] = schedule[scheduled];
  schedule[place]->place = place;
  rise(place);
  sink(schedule[place]->place);
}

/* Writing */

static void close_connection(struct connection *c) {
  unschedule(c);
  close(c->fd);
  connections[c->fd] = NULL;
  free(c);
}

static void wait_for_room(struct connection *c, bool wanted) {
  if (c->waits_for_room == wanted) return;
  c->waits_for_room = wanted;
  struct epoll_event event = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0), .data.fd = c->fd};
  epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
}

static enum sending flush(struct connection *c) {
  while (c->out_sent < c->out_length) {
    ssize_t sent = send(c->fd, c->out + c->out_sent, c->out_length - c->out_sent, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
      wait_for_room(c, true);
      return BLOCKED;
    }
    if (sent < 0) {
      close_connection(c);
      return CLOSED;
    }
    c->out_sent += sent;
  }
  c->out_length = c->out_sent = 0;
  return SENT;
}

static void add(struct connection *c, const char *text, size_t length) {
  memcpy(c->out + c->out_length, text, length);
  c->out_length += length;
}

static void add_event(struct connection *c, const char *text) {
  char size[24];
  size_t length = strlen(text);
  add(c, size, sprintf(size, "%zx\r\n", length));
  add(c, text, length);
  add(c, "\r\n", 2);
}

static void add_token(struct connection *c) {
  char event[512];
  sprintf(event, CHUNK_START "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"@%llu@\"},\"finish_reason\":null}]}\n\n",
          (unsigned long long)now_ns());
  add_event(c, event);
}

static void add_ending(struct connection *c) {
  add_event(c, CHUNK_START "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
  if (c->tells_usage) {
    char event[512];
    sprintf(event,
            CHUNK_START "\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":%d,\"total_tokens\":%d},"
                        "\"system_fingerprint\":\"@0@\"}\n\n",
            c->chunks, c->chunks + 10);
    add_event(c, event);
  }
  add_event(c, "data: [DONE]\n\n");
  add(c, "0\r\n\r\n", 5);
}

/* The next token, or the ending behind the last one. */
static void add_next(struct connection *c) {
  if (c->chunks_sent < c->chunks) add_token(c);
  else add_ending(c);
  c->chunks_sent += 1;
  if (c->chunks_sent > c->chunks) c->streaming = false;
}

static void send_burst(struct connection *c) {
  for (int turn = 0; turn < BURST_MAX; turn += 1) {
    if (c->out_length > 0 && flush(c) != SENT) return;
    if (!c->streaming) {
      wait_for_room(c, false);
      return;
    }
    add_next(c);
  }
  wait_for_room(c, true);
}

/* Answering */

static void answer_with(struct connection *c, const char *status, const char *body) {
  c->out_length = sprintf(c->out, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", status,
                          strlen(body));
  add(c, body, strlen(body));
  flush(c);
}

static void answer_whole(struct connection *c) {
  static char body[1400];
  if (body[0] == 0) {
    char text[691] = {0};
    for (int at = 0; at < 690; at += 1) text[at] = at % 7 == 6 ? ' ' : 'a' + at % 26;
    sprintf(body,
            "{\"id\":\"chatcmpl-0123456789abcdef\",\"object\":\"chat.completion\",\"created\":1700000000,\"model\":\"mock\","
            "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"%s\"},\"finish_reason\":\"stop\"}],"
            "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":100,\"total_tokens\":110}}",
            text);
  }
  answer_with(c, "200 OK", body);
}

static void answer_stream(struct connection *c, const char *body) {
  const char *model = strstr(body, "mock-n");
  long gap_us = 0;
  c->chunks = 0;
  if (model) sscanf(model, "mock-n%d-g%ld", &c->chunks, &gap_us);
  c->gap_ns = gap_us * 1000ull;
  c->flat_out = gap_us == 0;
  c->tells_usage = strstr(body, "\"include_usage\":true") != NULL;
  c->chunks_sent = 0;
  c->streaming = true;
  c->out_length = sprintf(c->out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
                                  "Transfer-Encoding: chunked\r\n\r\n");
  if (flush(c) == CLOSED) return;
  if (c->flat_out) {
    send_burst(c);
    return;
  }
  add_next(c);
  if (flush(c) != CLOSED) schedule_at(c, now_ns() + c->gap_ns);
}

static void answer(struct connection *c, const char *body) {
  if (strncmp(c->in, "GET /health", 11) == 0) answer_with(c, "200 OK", "{\"status\":\"ok\"}");
  else if (strncmp(c->in, "POST ", 5) != 0) answer_with(c, "404 Not Found", "{\"error\":{\"message\":\"not found\"}}");
  else if (strstr(body, "\"stream\":true")) answer_stream(c, body);
  else answer_whole(c);
}

/* The body of the request in `in`, once all of it is there. */
static char *whole_body(struct connection *c) {
  char *head_end = strstr(c->in, "\r\n\r\n");
  if (!head_end) return NULL;
  char *body = head_end + 4;
  char *length = strcasestr(c->in, "\r\ncontent-length:");
  if (length && length < head_end) return c->in_length >= (size_t)(body - c->in) + atoi(length + 17) ? body : NULL;
  char *coding = strcasestr(c->in, "\r\ntransfer-encoding:");
  if (coding && coding < head_end) return strstr(body - 2, "\r\n0\r\n\r\n") ? body : NULL;
  return body;
}

static void take_in(struct connection *c) {
  for (;;) {
    size_t room = sizeof c->in - 1 - c->in_length;
    ssize_t got = room > 0 ? recv(c->fd, c->in + c->in_length, room, 0) : 0;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      close_connection(c);
      return;
    }
    c->in_length += got;
    c->in[c->in_length] = 0;
    char *body = whole_body(c);
    if (!body) continue;
    c->in_length = 0;
    answer(c, body);
    return;
  }
}

static void accept_all(int listener) {
  for (;;) {
    int on = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    struct connection *c = fd < FD_MAX ? calloc(1, sizeof *c) : NULL;
    if (!c) {
      close(fd);
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->fd = fd;
    c->place = NOT_PACED;
    connections[fd] = c;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
  }
}

static void serve(int fd, uint32_t events) {
  struct connection *c = connections[fd];
  if (!c) return;
  if (events & EPOLLOUT) {
    if (c->streaming && c->flat_out) send_burst(c);
    else if (flush(c) == SENT) wait_for_room(c, false);
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && connections[fd] == c) take_in(c);
}

/* A stream whose reader lags skips its turn: there is never more than one chunk in `out`. */
static void send_what_is_due(void) {
  uint64_t now = now_ns();
  while (scheduled > 0 && schedule[0]->due_ns <= now) {
    struct connection *c = schedule[0];
    bool lags = c->out_length > 0;
    if (!lags) add_next(c);
    if (c->streaming) {
      c->due_ns += c->gap_ns;
      sink(0);
    } else {
      unschedule(c);
    }
    if (!lags) flush(c);
  }
}

static int listen_on_free_port(void) {
  int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 4096) ||
      getsockname(fd, (struct sockaddr *)&address, &length)) {
    perror("listen");
    exit(1);
  }
  printf("listening %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  poller = epoll_create1(0);
  int listener = listen_on_free_port();
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS_MAX];
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    struct timespec wait = {0, 0};
    uint64_t now = now_ns();
    if (scheduled > 0 && schedule[0]->due_ns > now) {
      wait.tv_sec = (schedule[0]->due_ns - now) / NS_PER_S;
      wait.tv_nsec = (schedule[0]->due_ns - now) % NS_PER_S;
    }
    int count = epoll_pwait2(poller, events, EVENTS_MAX, scheduled > 0 ? &wait : NULL, NULL);
    for (int at = 0; at < count; at += 1) {
      if (events[at].data.fd == listener) accept_all(listener);
      else serve(events[at].data.fd, events[at].events);
    }
    send_what_is_due();
  }
}
