// The model of the bench: an OpenAI-compatible upstream that costs next to nothing.
//
//   stub PORT        listens on 127.0.0.1, one thread, epoll
//
//   POST …/chat/completions    tokens as server-sent events, or at once without "stream":true
//   POST …/embeddings          a vector for each text, made of its words: equal words, near vectors
//   POST …/points/…            five passages, as Qdrant answers a query
//   GET  /behave/N/US/BATCH/W  from now on: N tokens, one BATCH every US microseconds (0: no pause),
//                              which are words, each with a stamp unless W = 1
//   GET  /streams              {"open": streams, "hung_up": count, "hung_up_ns": when the last was}
//
// A stamp is "@", 4 digits of the token's number and 12 of CLOCK_MONOTONIC in nanoseconds when it was
// written, so that who reads it on the same machine knows what was lost and how long it took. Its
// digits, 16 to the base, are signs, so that a service that looks at words meets those of a text.
// Each 16th token ends a sentence with a citation, which a service has to look for.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SENTENCE = 16, DIMENSIONS = 384, MAX_BATCH = 256, READ = 65536 };
enum { MOST_OF_A_TOKEN = 40 };  // bytes of " conversation" with a stamp and " [1].", which are 35

typedef struct Conn {
  int fd, is_streaming, wants_usage, in_words, place;  // place: in the heap, -1 outside
  int next, count, batch;                    // tokens
  uint64_t pause, due;                       // nanoseconds
  char *in, *out;
  size_t in_len, in_size, out_from, out_len, out_size;
  struct Conn *next_dead;
} Conn;

static int epoll;
static Conn **heap, *dead;
static int heap_len, heap_size;
static int open_streams;
static long hung_up;
static uint64_t hung_up_at;
static struct { int count, batch, in_words; uint64_t pause; } behaviour = {200, 1, 0, 20000000};

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

// ---- who is due next: a binary heap -----------------------------------------------------------

static void put_at(int place, Conn *c) { heap[place] = c; c->place = place; }

static void sift(int at) {
  Conn *c = heap[at];
  for (int up; at && heap[up = (at - 1) / 2]->due > c->due; at = up) put_at(at, heap[up]);
  for (int child; (child = 2 * at + 1) < heap_len; at = child) {
    if (child + 1 < heap_len && heap[child + 1]->due < heap[child]->due) child++;
    if (heap[child]->due >= c->due) break;
    put_at(at, heap[child]);
  }
  put_at(at, c);
}

static void wake_at(Conn *c, uint64_t due) {
  if (heap_len == heap_size) heap = realloc(heap, (heap_size = heap_size * 2 + 1024) * sizeof *heap);
  c->due = due;
  put_at(heap_len++, c);
  sift(c->place);
}

static void forget(Conn *c) {
  int hole = c->place;
  if (hole < 0) return;
  c->place = -1;
  Conn *last = heap[--heap_len];
  if (last == c) return;
  put_at(hole, last);
  sift(hole);
}

// ---- what is said -----------------------------------------------------------------------------

#define DATA "data: {\"id\":\"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT\",\"object\":\"chat.completion.chunk\"," \
  "\"created\":1741569952,\"model\":\"gpt-5-mini-2025-08-07\",\"service_tier\":\"default\"," \
  "\"system_fingerprint\":\"fp_f9f4fb6dbf\",\"choices\":["
#define CHOICE(delta, reason) DATA "{\"index\":0,\"delta\":" delta ",\"logprobs\":null,\"finish_reason\":" reason "}]"
#define USAGE "\"usage\":{\"prompt_tokens\":900,\"completion_tokens\":200,\"total_tokens\":1100}"
#define QDRANT "{\"title\":\"qdrant - vector search engine\",\"version\":\"1.20.0\"}"
#define EVENT_STREAM "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n" \
  "x-request-id: req_0123456789\r\nopenai-processing-ms: 10\r\ntransfer-encoding: chunked\r\n\r\n"

typedef struct { char bytes[1024]; int len, hole; } Piece;  // hole: where the token's digits go
static Piece opening, end, end_with_usage;

static const char *const WORDS[] = {
  "the", "service", "keeps", "a", "conversation", "in", "its", "database", "so", "that", "readers", "find", "every",
  "answer", "again", "when", "they", "return", "and", "each", "question", "is", "stored", "with", "the", "passages",
  "it", "rests", "on", "until", "fifty", "newer", "ones", "follow", "or", "an", "account", "ends"};
enum { WORD_COUNT = sizeof WORDS / sizeof *WORDS };
static Piece words[2][2][WORD_COUNT];  // [has a stamp][ends a sentence]

#define SIGNS "#$%&()*+,-/;=^{}"  // whose digit each is; load.c knows them, too

static void append(Piece *p, const char *event) {
  p->len += sprintf(p->bytes + p->len, "%zx\r\n%s\r\n", strlen(event), event);
  char *at = strchr(p->bytes, '@');
  p->hole = at ? at + 1 - p->bytes : 0;
}

static void prepare(void) {
  opening.len = sprintf(opening.bytes, EVENT_STREAM);
  append(&opening, CHOICE("{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", "null") "}\n\n");
  for (int i = 0; i < 4 * WORD_COUNT; i++) {
    int has_stamp = i & 1, ends = i >> 1 & 1, word = i >> 2;
    char event[1024];
    sprintf(event, CHOICE("{\"content\":\" %s%s%s\"}", "null") "}\n\n", WORDS[word], has_stamp ? "@" SIGNS : "",
      ends ? " [1]." : "");
    append(&words[has_stamp][ends][word], event);
  }
  append(&end, CHOICE("{}", "\"stop\"") "}\n\n");
  end_with_usage = end;
  append(&end_with_usage, DATA "]," USAGE "}\n\n");
  for (Piece *p = &end; p; p = p == &end ? &end_with_usage : 0) {
    append(p, "data: [DONE]\n\n");
    p->len += sprintf(p->bytes + p->len, "0\r\n\r\n");
  }
}

static void digits(char *to, int count, uint64_t value) {
  for (int i = count - 1; i >= 0; i--, value >>= 4) to[i] = SIGNS[value & 15];
}

static void stamp(char *to, int number, uint64_t at) {
  digits(to, 4, number);
  digits(to + 4, 12, at);
}

static int ends_sentence(int number) { return number % SENTENCE == SENTENCE - 1; }

static int write_token(char *to, int number, uint64_t at, int in_words) {
  const Piece *p = &words[!in_words][ends_sentence(number)][number % WORD_COUNT];
  memcpy(to, p->bytes, p->len);
  if (p->hole) stamp(to + p->hole, number, at);
  return p->len;
}

// ---- connections ------------------------------------------------------------------------------

static void watch(Conn *c, int op, uint32_t events) {
  struct epoll_event e = {.events = events, .data.ptr = c};
  epoll_ctl(epoll, op, c->fd, &e);
}

static void hang_up(Conn *c) {
  if (c->fd < 0) return;
  if (c->is_streaming) open_streams--, hung_up++, hung_up_at = now();
  forget(c);
  close(c->fd);
  c->fd = -1;
  c->next_dead = dead;
  dead = c;
}

static int is_full(const Conn *c) { return c->out_from < c->out_len; }

static void send_bytes(Conn *c, const char *bytes, size_t len) {
  if (!is_full(c)) {
    ssize_t sent = write(c->fd, bytes, len);
    if (sent == (ssize_t)len) return;
    if (sent < 0 && errno != EAGAIN) { hang_up(c); return; }
    sent = sent < 0 ? 0 : sent;
    bytes += sent, len -= sent;
    c->out_from = c->out_len = 0;
  }
  if (c->out_len + len > c->out_size) c->out = realloc(c->out, c->out_size = 2 * (c->out_len + len));
  memcpy(c->out + c->out_len, bytes, len);
  c->out_len += len;
  watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

static void send_json(Conn *c, const char *body, size_t len) {
  char head[128];
  int n = sprintf(head, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n", len);
  char *whole = malloc(n + len);
  memcpy(whole, head, n);
  memcpy(whole + n, body, len);
  send_bytes(c, whole, n + len);
  free(whole);
}

static void speak(Conn *c) {
  static char bytes[MAX_BATCH * sizeof words[0][0][0].bytes];
  while (c->fd >= 0 && c->next < c->count && !is_full(c)) {
    uint64_t at = now();
    int len = 0;
    for (int i = 0; i < c->batch && c->next < c->count; i++, c->next++)
      len += write_token(bytes + len, c->next, at, c->in_words);
    send_bytes(c, bytes, len);
    if (c->fd >= 0 && c->next < c->count && c->pause) {
      uint64_t due = c->due + c->pause;
      wake_at(c, due < at ? at : due);
      return;
    }
  }
  if (c->fd < 0 || c->next < c->count || !c->is_streaming) return;
  c->is_streaming = 0, open_streams--;
  const Piece *last = c->wants_usage ? &end_with_usage : &end;
  send_bytes(c, last->bytes, last->len);
}

static void begin_stream(Conn *c, int wants_usage) {
  c->is_streaming = 1, open_streams++;
  c->wants_usage = wants_usage;
  c->next = 0, c->count = behaviour.count, c->batch = behaviour.batch, c->pause = behaviour.pause;
  c->in_words = behaviour.in_words;
  c->due = now();
  send_bytes(c, opening.bytes, opening.len);
  speak(c);
}

static void complete(Conn *c) {
  char *body = malloc(1024 + (size_t)behaviour.count * MOST_OF_A_TOKEN), *p = body;
  p += sprintf(p, "{\"id\":\"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT\",\"object\":\"chat.completion\",\"created\":1741569952,"
    "\"model\":\"gpt-5-mini-2025-08-07\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"");
  for (int i = 0; i < behaviour.count; i++) {
    p += sprintf(p, " %s%s", WORDS[i % WORD_COUNT], behaviour.in_words ? "" : "@" SIGNS);
    if (!behaviour.in_words) stamp(p - 16, i, now());
    if (ends_sentence(i)) p += sprintf(p, " [1].");
  }
  p += sprintf(p, "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}]," USAGE "}");
  send_json(c, body, p - body);
  free(body);
}

// ---- embeddings: the sum of a few signed dimensions for each word ----------------------------

static int is_word(char ch) { return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9'); }

static void add_word(float *vector, const char *word, int len) {
  uint64_t h = 1469598103934665603ull;
  for (int i = 0; i < len; i++) h = (h ^ (word[i] | 32)) * 1099511628211ull;
  for (int i = 0; i < 8; i++) {
    h ^= h >> 29, h *= 0xbf58476d1ce4e5b9ull, h ^= h >> 32;
    vector[h % DIMENSIONS] += h >> 40 & 1 ? 1 : -1;
  }
}

static const char *embed(float *vector, const char *text) {  // text: behind its opening quote
  memset(vector, 0, DIMENSIONS * sizeof *vector);
  vector[0] = 1e-3f;  // of nothing, too, there is a vector
  while (*text && *text != '"') {
    const char *from = text;
    while (is_word(*text)) text++;
    if (text > from) add_word(vector, from, text - from);
    else text += *text == '\\' && text[1] ? 2 : 1;
  }
  return *text ? text + 1 : text;
}

static char *write_floats(char *p, const float *vector) {
  *p++ = '[';
  for (int i = 0; i < DIMENSIONS; i++) p += sprintf(p, i ? ",%.3g" : "%.3g", vector[i]);
  *p++ = ']';
  return p;
}

static char *write_base64(char *p, const float *vector) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *raw = (const void *)vector;
  *p++ = '"';
  for (size_t i = 0; i < DIMENSIONS * sizeof *vector; i += 3) {  // a multiple of 3
    unsigned bits = raw[i] << 16 | raw[i + 1] << 8 | raw[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) *p++ = digits[bits >> shift & 63];
  }
  *p++ = '"';
  return p;
}

static void send_embeddings(Conn *c, const char *request) {
  int is_base64 = strstr(request, "\"encoding_format\":\"base64\"") != 0, rows = 0;
  size_t room = 8192;
  char *body = malloc(room), *p = body + sprintf(body, "{\"object\":\"list\",\"data\":[");
  const char *text = strstr(request, "\"input\"");
  text = text ? text + strlen("\"input\"") : "";
  while ((text = strchr(text, '"'))) {
    float vector[DIMENSIONS];
    text = embed(vector, text + 1);
    if (*text == ':') break;  // of the request's next member
    if (p - body + 8192 > (long)room) { size_t at = p - body; body = realloc(body, room *= 2), p = body + at; }
    p += sprintf(p, "%s{\"object\":\"embedding\",\"index\":%d,\"embedding\":", rows ? "," : "", rows);
    p = is_base64 ? write_base64(p, vector) : write_floats(p, vector);
    p += sprintf(p, "}"), rows++;
    while (*text == ' ') text++;
    if (*text != ',') break;
    while (*text == ',' || *text == ' ') text++;
    if (*text != '"') break;
  }
  p += sprintf(p, "],\"model\":\"stub\",\"usage\":{\"prompt_tokens\":8,\"total_tokens\":8}}");
  send_json(c, body, p - body);
  free(body);
}

static void send_passages(Conn *c) {
  char body[8192], *p = body + sprintf(body, "{\"result\":{\"points\":[");
  for (int i = 0; i < 5; i++) {
    p += sprintf(p, "%s{\"id\":%d,\"version\":3,\"score\":0.%d,\"payload\":{\"url\":\"/ch-%d\",\"text\":\"", i ? "," : "", i + 1, 9 - i, i + 1);
    for (int j = 0; j < 100; j++) p += sprintf(p, "passage ");
    p += sprintf(p, "\"}}");
  }
  p += sprintf(p, "]},\"status\":\"ok\",\"time\":0.000123}");
  send_json(c, body, p - body);
}

// ---- requests ---------------------------------------------------------------------------------

static int is_true(const char *body, const char *name) {
  const char *at = strstr(body, name);
  if (!at) return 0;
  for (at += strlen(name); *at == ' ' || *at == ':'; at++);
  return *at == 't';
}

static int asks_for(const char *head, const char *path) {  // a body may name the same
  const char *at = strstr(head, path);
  return at && at < strchr(head, '\n');
}

static void answer(Conn *c, const char *head, const char *body) {
  int n, us, batch, in_words;
  char json[160];
  if (sscanf(head, "GET /behave/%d/%d/%d/%d ", &n, &us, &batch, &in_words) == 4) {
    behaviour.count = n, behaviour.pause = us * 1000ull, behaviour.in_words = in_words;
    behaviour.batch = batch < 1 ? 1 : batch > MAX_BATCH ? MAX_BATCH : batch;
    send_json(c, "{}", 2);
  } else if (!strncmp(head, "GET /streams ", 13)) {
    send_json(c, json, sprintf(json, "{\"open\":%d,\"hung_up\":%ld,\"hung_up_ns\":%lu}", open_streams, hung_up, hung_up_at));
  } else if (asks_for(head, "/chat/completions ")) {
    if (is_true(body, "\"stream\"")) begin_stream(c, strstr(body, "include_usage") != 0);
    else complete(c);
  } else if (asks_for(head, "/embeddings ")) send_embeddings(c, body);
  else if (asks_for(head, "/points/")) send_passages(c);
  else send_json(c, QDRANT, sizeof QDRANT - 1);
}

// The length of a chunked body with its last chunk; -1 while it is not whole. Unchunks in place.
static long unchunk(char *from, char **body_end) {
  char *in = from, *out = from;
  for (;;) {
    char *line = strstr(in, "\r\n");
    if (!line) return -1;
    long size = strtol(in, 0, 16);
    if (size == 0) {
      if (!strstr(line, "\r\n\r\n") && strncmp(line, "\r\n\r\n", 4)) return -1;
      *body_end = out;
      return line + 4 - from;
    }
    if (line + 2 + size + 2 > from + strlen(from)) return -1;
    memmove(out, line + 2, size);
    out += size, in = line + 2 + size + 2;
  }
}

static void take_requests(Conn *c) {
  while (c->fd >= 0 && !c->is_streaming && c->in_len) {
    c->in[c->in_len] = 0;
    char *body = strstr(c->in, "\r\n\r\n");
    if (!body) return;
    *body = 0;
    char *length = strcasestr(c->in, "\ncontent-length:"), *chunked = strcasestr(c->in, "\ntransfer-encoding:");
    *body = '\r', body += 4;
    long len = length ? atol(length + 16) : 0;
    if (c->in + c->in_len < body + len) return;
    char *body_end = body + len;
    if (chunked && chunked < body) {
      char *copy = strdup(body);  // unchunking spoils what may not be whole yet
      len = unchunk(copy, &body_end);
      if (len < 0) { free(copy); return; }
      *body_end = 0;
      answer(c, c->in, copy);
      free(copy);
    } else {
      char behind = *body_end;
      *body_end = 0;
      answer(c, c->in, body);
      *body_end = behind;
    }
    size_t used = body + len - c->in;
    memmove(c->in, c->in + used, c->in_len -= used);
  }
}

static void hear(Conn *c) {
  if (c->in_size - c->in_len < READ + 1) c->in = realloc(c->in, c->in_size = c->in_len + READ + 1 + c->in_len);
  ssize_t n = read(c->fd, c->in + c->in_len, READ);
  if (n == 0 || (n < 0 && errno != EAGAIN)) { hang_up(c); return; }
  if (n < 0) return;
  c->in_len += n;
  take_requests(c);
  if (c->fd >= 0 && c->in_len == 0) { free(c->in); c->in = 0, c->in_size = 0; }  // thousands only listen
}

static void drain(Conn *c) {
  ssize_t n = write(c->fd, c->out + c->out_from, c->out_len - c->out_from);
  if (n < 0 && errno != EAGAIN) { hang_up(c); return; }
  c->out_from += n > 0 ? n : 0;
  if (is_full(c)) return;
  watch(c, EPOLL_CTL_MOD, EPOLLIN);
  if (c->is_streaming && c->place < 0) speak(c);
  if (c->fd >= 0) take_requests(c);
}

static void welcome(int listener) {
  int on = 1;
  for (int fd; (fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0;) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Conn *c = calloc(1, sizeof *c);
    c->fd = fd, c->place = -1;
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
  }
}

static int listen_on(int port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(fd, (void *)&at, sizeof at) || listen(fd, 8192)) { perror("stub"); exit(1); }
  return fd;
}

int main(int argc, char **argv) {
  static struct epoll_event events[1024];
  if (argc != 2) { fprintf(stderr, "stub PORT\n"); return 2; }
  signal(SIGPIPE, SIG_IGN);
  prepare();
  int listener = listen_on(atoi(argv[1]));
  epoll = epoll_create1(0);
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = 0};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);
  for (;;) {
    uint64_t t = now(), wait = heap_len && heap[0]->due > t ? heap[0]->due - t : 0;
    struct timespec limit = {wait / 1000000000, wait % 1000000000};
    int n = epoll_pwait2(epoll, events, 1024, heap_len ? &limit : 0, 0);
    for (int i = 0; i < n; i++) {
      Conn *c = events[i].data.ptr;
      if (!c) { welcome(listener); continue; }
      if (c->fd >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) hear(c);
      if (c->fd >= 0 && events[i].events & EPOLLOUT) drain(c);
    }
    t = now();
    while (heap_len && heap[0]->due <= t) { Conn *c = heap[0]; forget(c); speak(c); }
    while (dead) { Conn *c = dead; dead = c->next_dead; free(c->in); free(c->out); free(c); }
  }
}
