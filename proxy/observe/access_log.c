#include "proxy/observe/access_log.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "rules/base/buffer.h"
#include "rules/base/json.h"

#define GATHERED_MAX (64 * 1024)
#define FLUSH_MS     100
#define WOULD_MAX    1700 /* octets of one entry of "would" with every octet escaped, and what may follow it */
#define TARGET_MAX   1024 /* octets of a target in the log */
#define TARGET_SHORT 128  /* if the line would be too long otherwise */

static_assert(ACCESS_LINE_MAX <= PIPE_BUF, "a line must fit into an atomic write");

struct access_log {
	int fd;
	bool full_addresses;
	bool stream; /* a pipe, socket or terminal: a write may block, and is atomic up to PIPE_BUF */
	struct buffer out;
	struct event *timer; /* NULL: write at once */
	uint64_t dropped;
	int64_t second; /* what `stamp` shows */
	char stamp[sizeof "2026-11-23T20:15:00"];
};

static void set_fd(struct access_log *log, int fd)
{
	struct stat st;

	log->fd = fd;
	log->stream = fd >= 0 && fstat(fd, &st) == 0 && !S_ISREG(st.st_mode);
}

static void flush_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	access_log_flush(arg);
}

struct access_log *access_log_new(struct event_base *base, int fd, bool full_addresses)
{
	struct access_log *log = calloc(1, sizeof *log);

	if (!log)
		return NULL;
	buffer_init(&log->out, GATHERED_MAX);
	log->full_addresses = full_addresses;
	log->second = -1;
	set_fd(log, fd);
	if (base && fd >= 0) {
		log->timer = evtimer_new(base, flush_due, log);
		if (!log->timer) {
			free(log);
			return NULL;
		}
	}
	return log;
}

void access_log_free(struct access_log *log)
{
	if (!log)
		return;
	access_log_flush(log);
	if (log->timer)
		event_free(log->timer);
	buffer_free(&log->out);
	free(log);
}

bool access_log_enabled(const struct access_log *log)
{
	return log->fd >= 0;
}

uint64_t access_log_dropped(const struct access_log *log)
{
	return log->dropped;
}

void access_log_set_fd(struct access_log *log, int fd)
{
	if (log->fd < 0)
		return;
	access_log_flush(log);
	set_fd(log, fd);
}

/* -- writing out --------------------------------------------------------------------------------------------------- */

/* The longest run of whole lines at the front that may be written in one go; all of it for a file. */
static size_t writable_run(const struct access_log *log)
{
	const char *end;

	if (!log->stream || log->out.n <= PIPE_BUF)
		return log->out.n;
	end = memrchr(log->out.p, '\n', PIPE_BUF);
	return end ? (size_t)(end - log->out.p) + 1 : PIPE_BUF;
}

static bool ready(const struct access_log *log)
{
	struct pollfd p = {.fd = log->fd, .events = POLLOUT};

	return !log->stream || (poll(&p, 1, 0) == 1 && (p.revents & POLLOUT));
}

/* Writes what can be written without waiting; the rest stays. */
static void write_out(struct access_log *log)
{
	while (log->out.n && ready(log)) {
		ssize_t n = write(log->fd, log->out.p, writable_run(log));

		if (n > 0)
			buffer_consume(&log->out, (size_t)n);
		else if (n == 0 || errno != EINTR)
			return;
	}
}

static void arm(struct access_log *log)
{
	static const struct timeval delay = {.tv_usec = FLUSH_MS * 1000};

	if (log->timer && log->out.n && !event_pending(log->timer, EV_TIMEOUT, NULL))
		(void)event_add(log->timer, &delay);
}

/* -- parts of a line ----------------------------------------------------------------------------------------------- */

static void add_number(struct buffer *out, uint64_t v)
{
	char digits[20];

	buffer_add(out, slice_of_u64(digits, v));
}

/* ,"key": */
static void add_key(struct buffer *out, struct slice key)
{
	buffer_add(out, SLICE(",\""));
	buffer_add(out, key);
	buffer_add(out, SLICE("\":"));
}

static void add_count(struct buffer *out, struct slice key, uint64_t v)
{
	add_key(out, key);
	add_number(out, v);
}

static void add_text(struct buffer *out, struct slice key, struct slice text)
{
	if (!text.n)
		return;
	add_key(out, key);
	json_add_string(out, text);
}

static void add_flag(struct buffer *out, struct slice key)
{
	add_key(out, key);
	buffer_add(out, SLICE("true"));
}

/* The date up to the second is made once a second. */
static void add_time(struct access_log *log, int64_t ms)
{
	int64_t second = ms < 0 ? 0 : ms / 1000;
	unsigned rest = ms < 0 ? 0 : (unsigned)(ms % 1000);
	char fraction[] = {'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10), 'Z'};

	if (second != log->second) {
		time_t t = (time_t)second;
		struct tm tm;

		if (!gmtime_r(&t, &tm) || !strftime(log->stamp, sizeof log->stamp, "%Y-%m-%dT%H:%M:%S", &tm))
			log->stamp[0] = '\0';
		log->second = second;
	}
	buffer_add(&log->out, SLICE("{\"time\":\""));
	buffer_add_str(&log->out, log->stamp);
	buffer_add(&log->out, slice_of(fraction, sizeof fraction));
	buffer_add_char(&log->out, '"');
}

/* Also for IPv4 visitors of a dual-stack socket. */
static void add_ipv4(struct buffer *out, const unsigned char a[4], bool full)
{
	for (size_t i = 0; i < 4; i++) {
		if (i)
			buffer_add_char(out, '.');
		add_number(out, i < 3 || full ? a[i] : 0);
	}
}

static void add_ipv6(struct buffer *out, const struct in6_addr *addr, bool full)
{
	struct in6_addr a = *addr;
	char text[INET6_ADDRSTRLEN];

	if (IN6_IS_ADDR_V4MAPPED(addr)) {
		add_ipv4(out, addr->s6_addr + 12, full);
		return;
	}
	if (!full)
		memset(a.s6_addr + 6, 0, sizeof a.s6_addr - 6);
	if (inet_ntop(AF_INET6, &a, text, sizeof text))
		buffer_add_str(out, text);
}

static void add_peer(struct buffer *out, const struct sockaddr *peer, bool full)
{
	if (!peer || (peer->sa_family != AF_INET && peer->sa_family != AF_INET6))
		return;
	add_key(out, SLICE("peer"));
	buffer_add_char(out, '"');
	if (peer->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, peer, sizeof in);
		add_ipv4(out, (const unsigned char *)&in.sin_addr, full);
	} else {
		struct sockaddr_in6 in6;

		memcpy(&in6, peer, sizeof in6);
		add_ipv6(out, &in6.sin6_addr, full);
	}
	buffer_add_char(out, '"');
}

static void add_granted(struct buffer *out, const struct ruleset *rules, purposes granted)
{
	size_t n = ruleset_purpose_count(rules);
	bool first = true;

	add_key(out, SLICE("granted"));
	buffer_add_char(out, '[');
	for (size_t bit = 1; bit < n; bit++) {
		if (!(granted >> bit & 1))
			continue;
		if (!first)
			buffer_add_char(out, ',');
		json_add_string(out, ruleset_purpose(rules, bit)->name);
		first = false;
	}
	buffer_add_char(out, ']');
}

/* Less what was counted before, if that is given. */
static void add_counts(struct buffer *out, struct slice key, const unsigned *counts, const unsigned *before)
{
	bool first = true;

	add_key(out, key);
	buffer_add_char(out, '{');
	for (enum verdict_kind k = 0; k < VERDICT_KINDS; k++) {
		unsigned n = counts[k] - (before ? before[k] : 0);

		if (!n)
			continue;
		buffer_add_str(out, first ? "\"" : ",\"");
		buffer_add_str(out, verdict_kind_text(k));
		buffer_add(out, SLICE("\":"));
		add_number(out, n);
		first = false;
	}
	buffer_add_char(out, '}');
}

/* What became of the sealed cookies that did not open: "unsealed":{"altered":1}. */
static void add_unsealed(struct buffer *out, const unsigned *counts)
{
	bool first = true;

	for (enum sealed_state s = SEALED_OPENED + 1; s < SEALED_STATES; s++) {
		if (!counts[s])
			continue;
		if (first) {
			add_key(out, SLICE("unsealed"));
			buffer_add_char(out, '{');
		}
		buffer_add_str(out, first ? "\"" : ",\"");
		buffer_add_str(out, sealed_state_text(s));
		buffer_add(out, SLICE("\":"));
		add_number(out, counts[s]);
		first = false;
	}
	if (!first)
		buffer_add_char(out, '}');
}

static void add_decision(struct buffer *out, const struct decision *d, const struct ruleset *rules)
{
	if (rules)
		add_granted(out, rules, d->consent.granted);
	if (d->region.n)
		add_text(out, SLICE("region"), d->region);
	add_text(out, SLICE("consent"), slice_str(consent_source_text(d->consent.source)));
	if (d->consent.token != CONSENT_TOKEN_ABSENT)
		add_text(out, SLICE("token"), slice_str(consent_token_state_text(d->consent.token)));
	if (d->consent.denied_by_opt_out)
		add_flag(out, SLICE("optout"));
	if (d->consent.denied_by_signal)
		add_flag(out, SLICE("signal"));
	if (d->action == DECIDE_BLOCK)
		add_text(out, SLICE("action"), SLICE("block"));
	else if (d->action == DECIDE_ANSWER)
		add_text(out, SLICE("action"), SLICE("own"));
	if (d->observe)
		add_text(out, SLICE("mode"), SLICE("observe"));
	add_counts(out, SLICE("verdicts"), d->counts, NULL);
	add_unsealed(out, d->sealed);
}

/* What a beacon's URL tells behind '?' may be about the visitor. */
static struct slice name_of(const struct verdict *v)
{
	return v->subject == SUBJECT_BEACON || v->subject == SUBJECT_HEADER
		       ? slice_head(v->name, slice_find_char(v->name, '?'))
		       : v->name;
}

/*
 * "would":[{"verdict":"drop","subject":"cookie to the origin","name":"_ga","file":"site.rules","line":12}], as many as
 * the line has room for; the counts beside it are of all.
 */
static void add_would(struct buffer *out, const struct verdict *v, size_t n, size_t room)
{
	size_t most = out->n + room;

	add_key(out, SLICE("would"));
	buffer_add_char(out, '[');
	for (size_t i = 0; i < n && out->n + WOULD_MAX < most; i++) {
		buffer_add_str(out, i ? ",{\"verdict\":\"" : "{\"verdict\":\"");
		buffer_add_str(out, verdict_kind_text(v[i].kind));
		buffer_add_char(out, '"');
		add_text(out, SLICE("subject"), slice_str(verdict_subject_text(v[i].subject)));
		add_text(out, SLICE("name"), slice_head(name_of(&v[i]), 64));
		if (v[i].rule && v[i].rule->line) {
			add_text(out, SLICE("file"), slice_head(v[i].rule->file, 128));
			add_count(out, SLICE("line"), v[i].rule->line);
		}
		buffer_add_char(out, '}');
	}
	buffer_add_char(out, ']');
}

/* -- lines --------------------------------------------------------------------------------------------------------- */

static void add_line(struct access_log *log, const struct access_entry *e, size_t target_max)
{
	struct buffer *out = &log->out;
	size_t start = out->n;

	add_time(log, e->time_ms);
	add_peer(out, e->peer, log->full_addresses);
	add_text(out, SLICE("site"), slice_head(e->site, 255));
	add_text(out, SLICE("method"), slice_head(e->method, 32));
	add_text(out, SLICE("target"), slice_head(slice_head(e->target, slice_find_char(e->target, '?')), target_max));
	add_count(out, SLICE("status"), e->status);
	add_count(out, SLICE("received"), e->received);
	add_count(out, SLICE("sent"), e->sent);
	add_count(out, SLICE("us"), e->duration_us > 0 ? (uint64_t)e->duration_us : 0);
	if (e->http)
		add_text(out, SLICE("http"), slice_str(e->http));
	if (e->tls) {
		add_text(out, SLICE("tls"), slice_str(e->tls));
		if (e->resumed)
			add_flag(out, SLICE("resumed"));
	}
	add_text(out, SLICE("upstream"), e->upstream);
	if (e->decision)
		add_decision(out, e->decision, e->rules);
	if (e->decision && e->page) {
		add_text(out, SLICE("page"), slice_str(e->page));
		if (e->page_before)
			add_counts(out, SLICE("within"), e->decision->counts, e->page_before);
	}
	if (e->n_would)
		add_would(out, e->would, e->n_would, start + ACCESS_LINE_MAX - out->n);
	add_text(out, SLICE("error"), slice_head(slice_str(e->error), 256));
	buffer_add(out, SLICE("}\n"));
}

/* Takes back everything behind `start`. */
static void take_back(struct buffer *out, size_t start)
{
	out->n = start;
	out->failed = false;
}

static bool line_good(const struct access_log *log, size_t start)
{
	return !log->out.failed && log->out.n - start <= ACCESS_LINE_MAX;
}

/* Once there is room again the log itself tells how many lines are missing. */
static void announce_dropped(struct access_log *log, int64_t now_ms)
{
	size_t start = log->out.n;

	add_time(log, now_ms);
	add_count(&log->out, SLICE("dropped"), log->dropped);
	buffer_add(&log->out, SLICE("}\n"));
	if (line_good(log, start))
		log->dropped = 0;
	else
		take_back(&log->out, start);
}

void access_log_write(struct access_log *log, const struct access_entry *e)
{
	size_t start;

	if (log->fd < 0)
		return;
	if (log->out.n > GATHERED_MAX - 2 * ACCESS_LINE_MAX)
		write_out(log);
	if (log->out.n > GATHERED_MAX - 2 * ACCESS_LINE_MAX) {
		log->dropped++;
		return;
	}
	if (log->dropped)
		announce_dropped(log, e->time_ms);
	start = log->out.n;
	add_line(log, e, TARGET_MAX);
	if (!line_good(log, start)) {
		take_back(&log->out, start);
		add_line(log, e, TARGET_SHORT);
	}
	if (!line_good(log, start)) {
		take_back(&log->out, start);
		log->dropped++;
	}
	if (log->timer)
		arm(log);
	else
		write_out(log);
}

void access_log_flush(struct access_log *log)
{
	if (log->fd < 0)
		return;
	write_out(log);
	arm(log); /* for what could not be written */
}
