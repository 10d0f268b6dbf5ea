/*
 * The load: connections that each send a request, read the answer to its end, and send the next. One thread, epoll.
 * It reads the HTTP itself, counts the chunks of every stream, looks for "[DONE]", and takes the delay of a chunk from the
 * time that the mock engine put into it. At the end it prints one JSON object; times are in microseconds.
 *
 *   load-client PORT MODE CONNECTIONS MODEL DURATION_MS STAGGER_MS LIMIT_MS [HEADER ...]
 *
 * MODE   whole   a JSON answer
 *        stream  a streamed answer
 *        slow    the same, read 8 KiB at a time with pauses, from small socket buffers
 *        hold    a streamed answer whose first chunk is awaited ("ready" is printed), and which then stays open
 * DURATION_MS 0 means one request on each connection; connections begin spread over STAGGER_MS. What has not ended after
 * LIMIT_MS is stuck.
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

#define EVENTS_MAX 512
#define SLOW_READ_BYTES 8192
#define SLOW_PAUSE_US 1000
#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull
#define DONE "data: [DONE]\n\n"
#define DONE_LENGTH (sizeof DONE - 1)

struct exchange {
  int fd;
  enum { HEAD, BODY, CHUNK_SIZE, CHUNK, CHUNK_END, LAST_LINE } place;
  bool in_stamp;
  int chunks;
  long left; /* bytes of the body, or of the HTTP chunk */
  uint64_t started_ns, begins_ns, stamp;
  char tail[DONE_LENGTH]; /* last bytes of the body */
  size_t head_length;
  char head[8192];
};

struct series {
  float *values;
  size_t count, capacity;
};

static struct series latencies, first_chunks, delays;
static struct { unsigned long requests, chunks, bytes; } done;
static struct { unsigned long status, cut, chunks, ending, usage, stuck; } failed;
static char request[8192];
static int port, request_length, chunks_wanted, poller;
static bool streams, slow;

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * NS_PER_S + time.tv_nsec;
}

static void record(struct series *series, int64_t ns) {
  if (series->count < series->capacity) series->values[series->count++] = ns / 1000.0;
}

static void complain(const char *what, const char *detail) {
  static int told;
  if (told++ < 3) fprintf(stderr, "%s: %.300s\n", what, detail);
}

static void connect_to_gateway(struct exchange *x) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int on = 1, small = SLOW_READ_BYTES;
  x->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (slow) setsockopt(x->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  if (connect(x->fd, (struct sockaddr *)&address, sizeof address)) {
    perror("connect");
    exit(1);
  }
  setsockopt(x->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = x};
  epoll_ctl(poller, EPOLL_CTL_ADD, x->fd, &event);
}

static void begin(struct exchange *x) {
  x->place = HEAD;
  x->head_length = 0;
  x->in_stamp = false;
  x->chunks = 0;
  x->left = 0;
  x->started_ns = now_ns();
  if (send(x->fd, request, request_length, MSG_NOSIGNAL) != request_length) failed.cut += 1;
}

/* Reading */

static void keep_tail(struct exchange *x, const char *bytes, size_t length) {
  if (length < DONE_LENGTH) {
    memmove(x->tail, x->tail + length, DONE_LENGTH - length);
    memcpy(x->tail + DONE_LENGTH - length, bytes, length);
  } else {
    memcpy(x->tail, bytes + length - DONE_LENGTH, DONE_LENGTH);
  }
}

static void end_stamp(struct exchange *x, uint64_t now) {
  if (x->stamp == 0) {
    failed.usage += 1;
    return;
  }
  if (x->chunks++ == 0) record(&first_chunks, now - x->started_ns);
  record(&delays, now - x->stamp);
  done.chunks += 1;
}

static void read_body(struct exchange *x, const char *at, size_t length, uint64_t now) {
  done.bytes += length;
  keep_tail(x, at, length);
  for (const char *end = at + length; at < end; at += 1) {
    if (!x->in_stamp) {
      at = memchr(at, '@', end - at);
      if (!at) return;
      x->in_stamp = true;
      x->stamp = 0;
    } else if (*at >= '0' && *at <= '9') {
      x->stamp = x->stamp * 10 + (*at - '0');
    } else {
      x->in_stamp = false;
      if (*at == '@') end_stamp(x, now);
    }
  }
}

/* Returns the bytes of `length` that belong to the head; 0 while its end has not come. */
static size_t read_head(struct exchange *x, const char *bytes, size_t length) {
  size_t before = x->head_length, room = sizeof x->head - 1 - before, taken = length < room ? length : room;
  memcpy(x->head + before, bytes, taken);
  x->head_length += taken;
  x->head[x->head_length] = 0;
  char *end = strstr(x->head, "\r\n\r\n");
  if (!end) return 0;
  size_t head_length = end + 4 - x->head;
  if (strncmp(x->head, "HTTP/1.1 200", 12) != 0) {
    failed.status += 1;
    complain("not 200", x->head);
  }
  *end = 0;
  char *content_length = strcasestr(x->head, "\r\ncontent-length:");
  x->place = content_length ? BODY : CHUNK_SIZE;
  x->left = content_length ? atol(content_length + 17) : 0;
  return head_length - before;
}

static void read_size_digit(struct exchange *x, char digit) {
  if (digit == '\n') x->place = x->left > 0 ? CHUNK : LAST_LINE;
  else if (digit != '\r') x->left = x->left * 16 + (digit <= '9' ? digit - '0' : (digit | 32) - 'a' + 10);
}

/* Returns true when the answer is complete. */
static bool read_answer(struct exchange *x, const char *at, size_t length, uint64_t now) {
  const char *end = at + length;
  if (x->place == HEAD) {
    size_t taken = read_head(x, at, length);
    if (taken == 0) return false;
    at += taken;
    if (x->place == BODY && x->left == 0) return true;
  }
  while (at < end) {
    long part = end - at < x->left ? end - at : x->left;
    switch (x->place) {
      case CHUNK_SIZE:
        read_size_digit(x, *at++);
        break;
      case BODY:
      case CHUNK:
        read_body(x, at, part, now);
        at += part;
        x->left -= part;
        if (x->left > 0) break;
        if (x->place == BODY) return true;
        x->place = CHUNK_END;
        break;
      case CHUNK_END:
        if (*at++ == '\n') x->place = CHUNK_SIZE;
        break;
      case LAST_LINE:
        if (*at++ == '\n') return true;
        break;
      case HEAD:
        return false;
    }
  }
  return false;
}

static void complete(struct exchange *x, uint64_t now) {
  done.requests += 1;
  record(&latencies, now - x->started_ns);
  if (!streams) return;
  if (x->chunks != chunks_wanted) {
    char counts[64];
    sprintf(counts, "%d, not %d", x->chunks, chunks_wanted);
    failed.chunks += 1;
    complain("chunks in a stream", counts);
  }
  if (memcmp(x->tail, DONE, DONE_LENGTH) != 0) failed.ending += 1;
}

/* Returns false when the connection was closed from the other side. */
static bool serve(struct exchange *x, bool *ended) {
  static char bytes[262144];
  ssize_t length = recv(x->fd, bytes, slow ? SLOW_READ_BYTES : sizeof bytes, MSG_DONTWAIT);
  if (length < 0 && errno == EAGAIN) return true;
  if (length <= 0) return false;
  uint64_t now = now_ns();
  *ended = read_answer(x, bytes, length, now);
  if (*ended) complete(x, now);
  return true;
}

/* Setting up and telling */

static void compose_request(const char *model, int headers, char **header) {
  char body[1024];
  int length = sprintf(body,
                       "{\"model\":\"%s\",\"stream\":%s,\"messages\":[{\"role\":\"system\",\"content\":\"You are a helpful "
                       "assistant.\"},{\"role\":\"user\",\"content\":\"Say something about gateways, at some length, so that "
                       "the body is of a plausible size for a short chat turn.\"}],\"temperature\":0.7,\"max_tokens\":512}",
                       model, streams ? "true" : "false");
  char *at = request;
  at += sprintf(at,
                "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
                "Accept: */*\r\nUser-Agent: load-client\r\n",
                port);
  for (int each = 0; each < headers; each += 1) at += sprintf(at, "%s\r\n", header[each]);
  at += sprintf(at, "Content-Length: %d\r\n\r\n%s", length, body);
  request_length = at - request;
}

static struct series series_of(size_t capacity) {
  return (struct series){.values = malloc(capacity * sizeof(float)), .capacity = capacity};
}

static int ascending(const void *one, const void *other) {
  float a = *(const float *)one, b = *(const float *)other;
  return a < b ? -1 : a > b;
}

static void print_series(const char *name, struct series *series) {
  qsort(series->values, series->count, sizeof(float), ascending);
  float p50 = series->count ? series->values[(size_t)(0.5 * (series->count - 1))] : 0;
  float p99 = series->count ? series->values[(size_t)(0.99 * (series->count - 1))] : 0;
  printf("\"%s\":{\"count\":%zu,\"p50\":%.1f,\"p99\":%.1f},", name, series->count, p50, p99);
}

static void print_report(uint64_t wall_ns) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  long cpu_us = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
  printf("{\"requests\":%lu,\"chunks\":%lu,\"bytes\":%lu,\"wallUs\":%.0f,\"cpuUs\":%ld,", done.requests, done.chunks,
         done.bytes, wall_ns / 1000.0, cpu_us);
  print_series("latencyUs", &latencies);
  print_series("firstChunkUs", &first_chunks);
  print_series("delayUs", &delays);
  printf("\"failed\":{\"status\":%lu,\"cut\":%lu,\"chunks\":%lu,\"ending\":%lu,\"usage\":%lu,\"stuck\":%lu}}\n",
         failed.status, failed.cut, failed.chunks, failed.ending, failed.usage, failed.stuck);
}

int main(int count, char **argument) {
  if (count < 8) return 2;
  signal(SIGPIPE, SIG_IGN);
  port = atoi(argument[1]);
  const char *mode = argument[2];
  int connections = atoi(argument[3]), begun = 0, ended = 0;
  uint64_t duration_ns = atol(argument[5]) * NS_PER_MS, stagger_ns = atol(argument[6]) * NS_PER_MS;
  uint64_t limit_ns = atol(argument[7]) * NS_PER_MS;
  bool holds = strcmp(mode, "hold") == 0, ready = false;
  streams = strcmp(mode, "whole") != 0;
  slow = strcmp(mode, "slow") == 0;
  if (streams) sscanf(argument[4], "mock-n%d", &chunks_wanted);
  compose_request(argument[4], count - 8, argument + 8);
  latencies = series_of(2000000);
  first_chunks = series_of(2000000);
  delays = series_of(8000000);
  poller = epoll_create1(0);
  struct exchange *exchanges = calloc(connections, sizeof *exchanges);
  for (int each = 0; each < connections; each += 1) connect_to_gateway(&exchanges[each]);
  srand(7);
  uint64_t start_ns = now_ns();
  for (int each = 0; each < connections; each += 1) {
    exchanges[each].begins_ns = start_ns + stagger_ns * ((each + rand() / (double)RAND_MAX) / connections);
  }
  struct epoll_event events[EVENTS_MAX];
  while (ended < connections && now_ns() - start_ns < limit_ns) {
    while (begun < connections && exchanges[begun].begins_ns <= now_ns()) begin(&exchanges[begun++]);
    struct timespec wait = {0, 100 * NS_PER_MS};
    uint64_t now = now_ns();
    if (begun < connections && exchanges[begun].begins_ns < now + wait.tv_nsec) {
      wait.tv_nsec = exchanges[begun].begins_ns > now ? exchanges[begun].begins_ns - now : 0;
    }
    int happened = epoll_pwait2(poller, events, EVENTS_MAX, &wait, NULL);
    for (int at = 0; at < happened; at += 1) {
      struct exchange *x = events[at].data.ptr;
      bool complete = false, open = serve(x, &complete);
      if (!open) failed.cut += 1;
      if (open && !complete) continue;
      if (open && duration_ns > 0 && now_ns() - start_ns < duration_ns) {
        begin(x);
        continue;
      }
      close(x->fd);
      ended += 1;
    }
    if (slow) usleep(SLOW_PAUSE_US);
    if (holds && !ready && first_chunks.count >= (size_t)connections) {
      ready = true;
      printf("ready\n");
      fflush(stdout);
    }
  }
  failed.stuck = connections - ended;
  print_report(now_ns() - start_ns);
}
