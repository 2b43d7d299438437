// The readers of the bench: they ask over HTTP/1.1, and time every token that stub.c has stamped.
//
//   load --port N --path P [--bodies FILE] [--heads FILE] [--streams C] [--requests N | --seconds S]
//        [--first N] [--numbers N] [--ramp MS] [--tokens N] [--patience S] [--counters FILE] [--hold]
//
// C connections, opened evenly over the ramp, ask again and again until N requests or S seconds;
// with --hold none asks twice, and all stay until SIGTERM. A line of the bodies is one request's, in
// turn; so is a line of the heads, in which tabs separate header fields. "%number%" in a body becomes
// the request's number: they count from --first, over and over if there are only so many --numbers.
// --tokens: how many an answer must have. Prints one JSON object. --counters is a file of five 64-bit
// numbers, kept up to date for who measures along: responses begun, those that have had a token,
// tokens, responses ended, errors.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 16384, STAMP = 16, NUMBER = 8, MOST_LINES = 100000 };
typedef enum { IDLE, CONNECTING, IN_HEAD, IN_LENGTH, TO_EOF, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILER } State;

typedef struct {
  int fd, status, closes, digits, at_line_start, has_body, next;  // digits: of a stamp, -1 outside
  State state;
  long left;  // bytes of the body, or of its chunk
  uint64_t opens_at, asked_at, last_token_at, stamp;
  char head[HEAD];
  int head_len;
} Reader;

typedef struct { uint32_t *values; size_t len, size; } Times;  // units of 0.1 µs
static Times first_byte, first_token, first_way, way, gap, total;
static struct { uint64_t begun, speaking, tokens, ended, errors; } *counters;
static long lost, frames, bytes, bad_status, bad_end, timeouts, unreachable, asked;
static char first_error[200];

static int port, streams = 1, ramp_ms, expected = -1, holds, epoll;
static long requests = 1, first_number, numbers = 100000000;
static double seconds, patience = 120;
static char *path = "/", *bodies[MOST_LINES], *heads[MOST_LINES];
static int head_count, body_count;
static uint64_t ends_at;
static volatile sig_atomic_t told_to_stop;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void add(Times *t, uint64_t ns) {
  if (t->len == t->size) t->values = realloc(t->values, (t->size = 2 * t->size + 4096) * sizeof *t->values);
  t->values[t->len++] = ns / 100 > UINT32_MAX ? UINT32_MAX : ns / 100;
}

// ---- asking -----------------------------------------------------------------------------------

static void ask(Reader *r) {
  static char text[1 << 20];
  long number = asked++;
  const char *body = body_count ? bodies[number % body_count] : "";
  size_t len = strlen(body);
  int n = sprintf(text, "%s %s HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n", body_count ? "POST" : "GET", path, port);
  if (head_count) n += sprintf(text + n, "%s\r\n", heads[number % head_count]);
  if (body_count) n += sprintf(text + n, "content-type: application/json\r\ncontent-length: %zu\r\n", len);
  n += sprintf(text + n, "\r\n");
  memcpy(text + n, body, len);
  char digits[NUMBER + 1];
  sprintf(digits, "%08u", (unsigned)((first_number + number % numbers) % 100000000));
  for (const char *at = body; (at = strstr(at, "%number%")); at += NUMBER) memcpy(text + n + (at - body), digits, NUMBER);
  r->status = r->closes = r->has_body = r->next = r->head_len = 0;
  r->digits = -1, r->at_line_start = 1, r->state = IN_HEAD;
  r->asked_at = now();
  if (write(r->fd, text, n + len) != (ssize_t)(n + len)) first_error[0] ? 0 : sprintf(first_error, "short write");
}

static void dial(Reader *r) {
  int on = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  r->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  connect(r->fd, (void *)&to, sizeof to);
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = r};
  epoll_ctl(epoll, EPOLL_CTL_ADD, r->fd, &e);
  r->state = CONNECTING;
  r->asked_at = now();
}

static void leave(Reader *r) {
  if (r->fd >= 0) close(r->fd);
  r->fd = -1, r->state = IDLE;
}

static int may_ask(void) {
  if (told_to_stop || (holds && asked >= streams)) return 0;
  return seconds > 0 ? now() < ends_at : asked < requests;
}

static void go_on(Reader *r) {
  if (r->closes || !may_ask()) leave(r);
  if (!may_ask()) return;
  if (r->fd < 0) dial(r);
  else ask(r);
}

// ---- what became of it ------------------------------------------------------------------------

static void fail(Reader *r, long *kind, const char *why) {
  ++*kind, counters->errors++;
  if (!first_error[0]) snprintf(first_error, sizeof first_error, "%s, status %d, after %d tokens", why, r->status, r->next);
}

static void finish(Reader *r) {
  add(&total, now() - r->asked_at);
  counters->ended++;
  if (r->status / 100 != 2) fail(r, &bad_status, "status");
  else if (expected >= 0 && r->next != expected) {
    lost += expected - r->next;
    fail(r, &bad_end, "tokens are missing");
  }
  go_on(r);
}

static void break_off(Reader *r, long *kind, const char *why) {
  counters->ended++;
  fail(r, kind, why);
  r->closes = 1;
  go_on(r);
}

static void token(Reader *r, uint64_t at) {
  int number = r->stamp >> 48;
  uint64_t since = (at - r->stamp) & 0xffffffffffffull;
  if (number < r->next) return;  // some repeat the whole answer at its end
  lost += number - r->next;
  add(&way, since);
  if (r->next == 0) counters->speaking++, add(&first_token, at - r->asked_at), add(&first_way, since);
  else add(&gap, at - r->last_token_at);
  r->next = number + 1, r->last_token_at = at;
  counters->tokens++;
}

static int stamp_digit(char c) {
  static const char SIGNS[] = "#$%&()*+,-/;=^{}";  // as stub.c writes them
  const char *sign = c ? strchr(SIGNS, c) : 0;
  return sign ? sign - SIGNS : -1;
}

static int hex_digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

static void read_body(Reader *r, const char *from, long len, uint64_t at) {
  bytes += len;
  for (long i = 0; i < len; i++) {
    char c = from[i];
    frames += r->at_line_start && c == 'd';
    r->at_line_start = c == '\n';
    if (c == '@') r->digits = 0, r->stamp = 0;
    else if (r->digits >= 0) {
      int digit = stamp_digit(c);
      if (digit < 0) { r->digits = -1; continue; }
      r->stamp = r->stamp << 4 | digit;
      if (++r->digits == STAMP) r->digits = -1, token(r, at);
    }
  }
}

// ---- HTTP -------------------------------------------------------------------------------------

static void begin_body(Reader *r) {
  r->head[r->head_len] = 0;
  r->status = atoi(r->head + strlen("HTTP/1.1 "));
  r->closes = strcasestr(r->head, "\nconnection: close") != 0;
  char *length = strcasestr(r->head, "\ncontent-length:");
  counters->begun += r->status / 100 == 2;
  if (strcasestr(r->head, "\ntransfer-encoding: chunked")) r->state = CHUNK_SIZE, r->left = 0;
  else if (length) r->state = IN_LENGTH, r->left = atol(length + strlen("\ncontent-length:"));
  else r->state = r->status == 204 ? IN_LENGTH : TO_EOF, r->left = 0, r->closes |= r->status != 204;
}

static long read_head(Reader *r, const char *from, long len) {
  for (long i = 0; i < len && r->head_len < HEAD - 1; i++) {
    r->head[r->head_len++] = from[i];
    if (r->head_len >= 4 && !memcmp(r->head + r->head_len - 4, "\r\n\r\n", 4)) { begin_body(r); return i + 1; }
  }
  return len;
}

static void read_chunk_size(Reader *r, char c) {
  int digit = hex_digit(c | 32);
  if (digit >= 0) r->left = r->left * 16 + digit;
  if (c != '\n') return;
  r->state = r->left ? CHUNK : TRAILER;
  r->head_len = 0;
}

static void hear(Reader *r, const char *from, long len) {
  uint64_t at = now();
  for (long i = 0; i < len;) switch (r->state) {
    case IN_HEAD:
      i += read_head(r, from + i, len - i);
      if (r->state == IN_LENGTH && r->left == 0) { finish(r); return; }
      break;
    case IN_LENGTH: case CHUNK: case TO_EOF: {
      if (!r->has_body) add(&first_byte, at - r->asked_at), r->has_body = 1;
      long part = r->state != TO_EOF && len - i > r->left ? r->left : len - i;
      read_body(r, from + i, part, at);
      i += part, r->left -= part;
      if (r->state == TO_EOF || r->left) break;
      if (r->state == IN_LENGTH) { finish(r); return; }
      r->state = CHUNK_END;
      break;
    }
    case CHUNK_END:
      if (from[i++] == '\n') r->state = CHUNK_SIZE, r->left = 0;
      break;
    case CHUNK_SIZE: read_chunk_size(r, from[i++]); break;
    case TRAILER:
      if (from[i] == '\n' && r->head_len == 0) { finish(r); return; }
      r->head_len = from[i] == '\n' ? 0 : r->head_len + (from[i] != '\r');
      i++;
      break;
    default: return;
  }
}

static void happens(Reader *r) {
  static char text[1 << 18];
  if (r->state == CONNECTING) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) { asked++; break_off(r, &unreachable, strerror(error)); return; }
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = r};
    epoll_ctl(epoll, EPOLL_CTL_MOD, r->fd, &e);
    ask(r);
    return;
  }
  ssize_t n = read(r->fd, text, sizeof text);
  if (n > 0) hear(r, text, n);
  else if (n == 0 && r->state == TO_EOF) finish(r);
  else if (n == 0 || errno != EAGAIN) break_off(r, &bad_end, n ? strerror(errno) : "closed early");
}

// ---- the run ----------------------------------------------------------------------------------

static int by_value(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static void print_times(const char *name, Times *t) {
  static const struct { const char *name; double part; } cuts[] = {
    {"min", 0}, {"p50", .5}, {"p95", .95}, {"p99", .99}, {"max", 1}};
  printf("\"%s\":{", name);
  if (t->len) qsort(t->values, t->len, sizeof *t->values, by_value);
  for (size_t i = 0; t->len && i < sizeof cuts / sizeof *cuts; i++)
    printf("%s\"%s\":%.4f", i ? "," : "", cuts[i].name, t->values[(size_t)((t->len - 1) * cuts[i].part)] / 1e4);
  printf("},");
}

static void print(double elapsed) {
  struct timespec cpu;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  printf("{\"elapsed\":%.4f,\"requests\":%lu,\"errors\":%lu,\"bad_status\":%ld,\"bad_end\":%ld,\"timeouts\":%ld,"
    "\"unreachable\":%ld,\"tokens\":%lu,\"lost\":%ld,\"frames\":%ld,\"bytes\":%ld,\"cpu\":%.4f,\"first_error\":\"%s\",",
    elapsed, counters->ended, counters->errors, bad_status, bad_end, timeouts, unreachable, counters->tokens, lost,
    frames, bytes, cpu.tv_sec + cpu.tv_nsec / 1e9, first_error);
  print_times("first_byte_ms", &first_byte);
  print_times("first_token_ms", &first_token);
  print_times("first_token_way_ms", &first_way);
  print_times("token_way_ms", &way);
  print_times("gap_ms", &gap);
  print_times("total_ms", &total);
  printf("\"requests_per_second\":%.2f,\"tokens_per_second\":%.1f}\n", counters->ended / elapsed, counters->tokens / elapsed);
}

static int sweep(Reader *readers, int opened) {  // how many are still busy
  int busy = 0;
  uint64_t t = now();
  for (Reader *r = readers; r < readers + opened; r++) {
    if (r->state == IDLE) continue;
    busy++;
    if (!holds && t > r->asked_at && t - r->asked_at > patience * 1e9) break_off(r, &timeouts, "too late");
  }
  return busy;
}

static void run(Reader *readers) {
  static struct epoll_event events[1024];
  uint64_t swept_at = 0;
  for (int opened = 0, busy = 1; busy || opened < streams;) {
    uint64_t t = now();
    for (; opened < streams && readers[opened].opens_at <= t; opened++) go_on(&readers[opened]);
    if (t - swept_at > 20000000) busy = sweep(readers, opened), swept_at = t;
    if (told_to_stop) return;
    struct timespec limit = {0, opened < streams ? 200000 : 20000000};
    int n = epoll_pwait2(epoll, events, 1024, &limit, 0);
    for (int i = 0; i < n; i++) if (((Reader *)events[i].data.ptr)->fd >= 0) happens(events[i].data.ptr);
  }
}

static char *contents(const char *name) {
  FILE *f = fopen(name, "r");
  if (!f) { perror(name); exit(2); }
  char *text = calloc(1, 1 << 25);
  if (fread(text, 1, (1 << 25) - 1, f) == 0) { fprintf(stderr, "%s is empty\n", name); exit(2); }
  fclose(f);
  return text;
}

static int read_lines(const char *name, char **lines) {
  int count = 0;
  for (char *line = strtok(contents(name), "\n"); line && count < MOST_LINES; line = strtok(0, "\n")) lines[count++] = line;
  return count;
}

static char *with_line_ends(const char *fields) {
  char *head = calloc(1, 2 * strlen(fields) + 1), *to = head;
  for (; *fields; fields++) {
    if (*fields == '\t') *to++ = '\r', *to++ = '\n';
    else *to++ = *fields;
  }
  return head;
}

static void open_counters(const char *name) {
  int fd = name ? open(name, O_RDWR | O_CREAT, 0600) : -1;
  if (name && (fd < 0 || ftruncate(fd, sizeof *counters))) { perror(name); exit(2); }
  counters = mmap(0, sizeof *counters, PROT_READ | PROT_WRITE, name ? MAP_SHARED : MAP_SHARED | MAP_ANONYMOUS, fd, 0);
}

static void stop(int signal_number) { (void)signal_number; told_to_stop = 1; }

static void read_options(int argc, char **argv) {
  static const struct option names[] = {
    {"port", 1, 0, 'p'}, {"path", 1, 0, 'P'}, {"bodies", 1, 0, 'b'}, {"heads", 1, 0, 'H'}, {"streams", 1, 0, 'c'},
    {"requests", 1, 0, 'n'}, {"seconds", 1, 0, 's'}, {"first", 1, 0, 'F'}, {"numbers", 1, 0, 'N'},
    {"ramp", 1, 0, 'r'}, {"tokens", 1, 0, 't'},
    {"patience", 1, 0, 'T'}, {"counters", 1, 0, 'C'}, {"hold", 0, 0, 'h'}, {0, 0, 0, 0}};
  const char *counted = 0;
  for (int o; (o = getopt_long(argc, argv, "", names, 0)) >= 0;) switch (o) {
    case 'p': port = atoi(optarg); break;
    case 'P': path = optarg; break;
    case 'b': body_count = read_lines(optarg, bodies); break;
    case 'H': head_count = read_lines(optarg, heads); break;
    case 'c': streams = atoi(optarg); break;
    case 'n': requests = atol(optarg); break;
    case 's': seconds = atof(optarg); break;
    case 'F': first_number = atol(optarg); break;
    case 'N': numbers = atol(optarg); break;
    case 'r': ramp_ms = atoi(optarg); break;
    case 't': expected = atoi(optarg); break;
    case 'T': patience = atof(optarg); break;
    case 'C': counted = optarg; break;
    case 'h': holds = 1; break;
    default: exit(2);
  }
  for (int i = 0; i < head_count; i++) heads[i] = with_line_ends(heads[i]);
  if (holds) requests = streams;
  open_counters(counted);
}

int main(int argc, char **argv) {
  read_options(argc, argv);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, stop);
  epoll = epoll_create1(0);
  Reader *readers = calloc(streams, sizeof *readers);
  uint64_t began = now();
  ends_at = began + (uint64_t)(seconds * 1e9);
  for (int i = 0; i < streams; i++) readers[i].fd = -1, readers[i].opens_at = began + ramp_ms * 1000000ull * i / streams;
  run(readers);
  print((now() - began) / 1e9);
}
