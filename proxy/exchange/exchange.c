#include "proxy/exchange/internal.h"

#include <stdlib.h>
#include <time.h>

#include "proxy/page/accept.h"

#define ARENA_CHUNK    8192
#define WOULD_MAX      32
#define WOULD_NAME_MAX 128 /* octets of a name in a page */
#define OUT_MAX	       (1024 * 1024)

/* -- memory -------------------------------------------------------------------------------------------------------- */

static struct exchange *exchange_new(struct server *s)
{
	struct exchange *e = s->free_exchanges;

	if (e) {
		s->free_exchanges = e->next_free;
		s->n_free_exchanges--;
		return e;
	}
	e = calloc(1, sizeof *e);
	if (!e)
		return NULL;
	arena_init(&e->arena, ARENA_CHUNK, s->parts.config->limits.exchange_memory);
	buffer_init(&e->out, OUT_MAX);
	buffer_init(&e->origin_in, s->parts.config->limits.h1.head + IO_SCRATCH);
	return e;
}

static void exchange_destroy(struct exchange *e)
{
	arena_free(&e->arena);
	buffer_free(&e->out);
	buffer_free(&e->origin_in);
	free(e);
}

/* Back to the free list, as new: only memory is kept. */
static void exchange_put(struct exchange *e)
{
	struct server *s = e->server;
	struct arena arena;
	struct buffer out = e->out, in = e->origin_in;

	h1_body_free(&e->request_body);
	h1_body_free(&e->response_body);
	if (s->n_free_exchanges >= EXCHANGES_FREE_MAX) {
		exchange_destroy(e);
		return;
	}
	arena_reset(&e->arena);
	buffer_clear(&out);
	buffer_free(&in); /* rarely used at all */
	arena = e->arena;
	*e = (struct exchange){.arena = arena, .out = out, .origin_in = in, .next_free = s->free_exchanges};
	s->free_exchanges = e;
	s->n_free_exchanges++;
}

void exchanges_free(struct server *s)
{
	while (s->free_exchanges) {
		struct exchange *e = s->free_exchanges;

		s->free_exchanges = e->next_free;
		exchange_destroy(e);
	}
}

/* -- end ----------------------------------------------------------------------------------------------------------- */

static int64_t monotonic_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void log_exchange(const struct exchange *e)
{
	const struct visitor *v = e->visitor;
	struct access_log *log = e->server->parts.log;

	if (!access_log_enabled(log))
		return;
	access_log_write(log, &(struct access_entry){
				      .time_ms = e->began_ms,
				      .peer = &v->peer.any,
				      .site = e->site ? e->site->config->names[0] : slice_of(NULL, 0),
				      .method = e->request.method,
				      .target = e->target,
				      .status = e->status,
				      .received = e->request_body.received,
				      .sent = e->sent,
				      .duration_us = monotonic_us() - e->began_us,
				      .http = v->h2		 ? "2"
					      : e->request.minor ? "1.1"
								 : "1.0",
				      .tls = v->stream.ssl ? tls_version(v->stream.ssl) : NULL,
				      .resumed = v->stream.ssl && tls_resumed(v->stream.ssl),
				      .upstream = e->upstream.address,
				      .decision = e->decided ? &e->decision : NULL,
				      .rules = e->decided ? e->site->config->rules : NULL,
				      .error = e->error,
				      .would = e->would,
				      .n_would = e->n_would,
				      .page = e->page.outcome,
				      .page_before = e->page.counted ? e->page.before : NULL,
			      });
}

static struct channel *end(struct exchange *e)
{
	struct channel *c = e->channel;

	if (arena_failed(&e->arena))
		counter_add(COUNTER_MEMORY);
	log_exchange(e);
	page_way_drop(e);
	upstream_cancel(&e->upstream);
	c->exchange = NULL;
	exchange_put(e);
	return c;
}

void exchange_finish(struct exchange *e, bool keep_alive)
{
	bool unread = exchange_unread(e);
	bool may_send = e->request_state != REQUEST_DONE || e->request_framing.keep_alive;
	struct channel *c = end(e);

	c->ops->over(c, keep_alive && !unread, may_send);
}

void exchange_drop(struct exchange *e, const char *why)
{
	if (!e->error)
		e->error = why;
	(void)end(e);
}

void exchange_cut(struct exchange *e, const char *why)
{
	e->channel->ops->cut(e, why);
}

void exchange_fail(struct exchange *e, unsigned status, const char *why)
{
	e->error = why;
	if (e->page.open && !e->decision.observe)
		e->page.outcome = e->head_sent ? "cut" : "withheld";
	page_way_drop(e);
	upstream_cancel(&e->upstream);
	if (e->head_sent)
		exchange_cut(e, why);
	else
		answer_error(e, status);
}

/* What the visitor sent cannot be used; when memory ran out, end() counts it. */
void exchange_count(enum h1_error error)
{
	static const enum counter counters[H1_ERRORS] = {
		[H1_E_LINE_TOO_LONG] = COUNTER_HEAD_LINE,   [H1_E_FIELD_TOO_LONG] = COUNTER_HEAD_LINE,
		[H1_E_HEAD_TOO_LONG] = COUNTER_HEAD_SIZE,   [H1_E_TOO_MANY_FIELDS] = COUNTER_HEAD_FIELDS,
		[H1_E_CHUNK_TOO_LARGE] = COUNTER_BODY_SIZE,
	};

	if (error != H1_E_NO_MEMORY)
		counter_add(counters[error] ? counters[error] : COUNTER_MALFORMED);
}

void exchange_malformed(struct exchange *e)
{
	exchange_count(e->request_body.error);
	exchange_fail(e, h1_error_status(e->request_body.error), h1_error_text(e->request_body.error));
}

void exchange_too_long(struct exchange *e)
{
	counter_add(COUNTER_BODY_SIZE);
	exchange_fail(e, 413, "the request's body is longer than the limit");
}

/* HTTP/1.1 ends by RST: what the kernel holds for the visitor is to be free at once. */
static void reader_too_slow(struct exchange *e)
{
	bool h2 = e->visitor->h2 != NULL;

	counter_add(h2 ? COUNTER_WINDOW_STALL : COUNTER_READER_SLOW);
	e->visitor->linger_dirty |= !h2;
	exchange_fail(e, 504, "the visitor took the response too slowly");
}

static void slow(struct exchange *e, enum counter c, unsigned status, const char *why)
{
	counter_add(c);
	exchange_fail(e, status, why);
}

void exchange_timeout(struct exchange *e)
{
	if (e->head_sent && e->channel->ops->queued(e) > 0)
		reader_too_slow(e);
	else if (e->response_state == RESPONSE_TUNNEL && tunnel_may_last(e))
		return;
	else if (e->response_state == RESPONSE_TUNNEL)
		slow(e, COUNTER_IDLE, 504, "the tunnel was silent for too long");
	else if (e->request_state == REQUEST_WAITING)
		exchange_fail(e, 503, "no connection to the origin became free");
	else if (e->request_state == REQUEST_DISCARD || e->request_state == REQUEST_OWN ||
		 (e->request_state == REQUEST_BODY && e->upstream.conn &&
		  stream_queued(&e->upstream.conn->stream) == 0 && !e->head_sent))
		slow(e, COUNTER_BODY_SLOW, 408, "the request's body took too long");
	else
		exchange_fail(e, 504,
			      e->head_sent ? "the response's body was silent for too long"
					   : "the origin took too long to answer");
}

/* -- beginning ----------------------------------------------------------------------------------------------------- */

static struct exchange *begin(struct channel *c)
{
	struct server *s = c->visitor->server;
	struct exchange *e = exchange_new(s);
	struct timespec ts;

	if (!e)
		return NULL;
	e->magic = EXCHANGE_MAGIC;
	e->serial = ++s->serial;
	e->server = s;
	e->visitor = c->visitor;
	e->channel = c;
	e->upstream.handler = request_upstream_event;
	e->upstream.spare = request_spare;
	e->upstream.arg = e;
	clock_gettime(CLOCK_REALTIME, &ts);
	e->began_ms = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	if (access_log_enabled(s->parts.log))
		e->began_us = monotonic_us();
	c->exchange = e;
	c->visitor->state = VISITOR_EXCHANGE;
	return e;
}

static bool refuse_head(struct channel *c, struct slice method, unsigned status, const char *why)
{
	struct exchange *e = begin(c);

	if (!e)
		return false;
	e->request.method = method;
	e->error = why;
	answer_error(e, status);
	return true;
}

bool exchange_refuse(struct channel *c, struct slice method, enum h1_error error)
{
	exchange_count(error);
	return refuse_head(c, method, h1_error_status(error), h1_error_text(error));
}

bool exchange_head_slow(struct channel *c)
{
	return refuse_head(c, slice_of(NULL, 0), 408, "the request's head took too long");
}

static const struct site *find_site(const struct exchange *e)
{
	const struct config *c = e->server->parts.config;
	const struct config_site *found = config_site_find(c, e->request.host);

	return found ? &e->server->sites[found - c->sites] : NULL;
}

/* A connection opened for one site's certificate must not reach another site (RFC 9110 7.4). */
static bool misdirected(const struct exchange *e)
{
	const SSL *ssl = e->visitor->stream.ssl;

	return ssl && tls_site(ssl) != e->site->config;
}

/* RFC 9110 7.6.2: OPTIONS with Max-Forwards 0 is ours to answer, otherwise one is taken off. */
static bool answers_options(struct exchange *e)
{
	struct field *f = fields_find(&e->request.fields, FIELD_MAX_FORWARDS);
	uint64_t left;

	if (!f || !slice_eq(e->request.method, SLICE("OPTIONS")) || !slice_to_u64(f->value, UINT32_MAX, &left))
		return false;
	if (left > 0)
		f->value = arena_printf(&e->arena, "%u", (unsigned)(left - 1));
	return left == 0;
}

static void refuse(struct exchange *e, unsigned status, const char *why)
{
	e->error = why;
	answer_error(e, status);
}

static void note_verdict(void *arg, const struct verdict *v)
{
	struct exchange *e = arg;
	struct verdict *own;

	/* A sealed cookie is opened in observe mode, too. */
	if (v->kind == VERDICT_KEEP || v->kind == VERDICT_OPEN || e->n_would == WOULD_MAX)
		return;
	if (!e->would)
		e->would = arena_calloc(&e->arena, WOULD_MAX, sizeof *e->would);
	if (!e->would)
		return;
	own = &e->would[e->n_would++];
	*own = *v;
	if (e->page.open) /* the name is of a piece of the body, which goes away */
		own->name = arena_copy(&e->arena, slice_head(v->name, WOULD_NAME_MAX));
}

const struct decide_env *exchange_env(struct exchange *e, struct decide_env *own)
{
	if (ruleset_mode(e->site->env.rules) != MODE_OBSERVE || !access_log_enabled(e->server->parts.log))
		return &e->site->env;
	*own = e->site->env;
	own->sink = note_verdict;
	own->sink_arg = e;
	return own;
}

static void decide(struct exchange *e)
{
	uint64_t most = e->server->parts.config->limits.body;
	struct decide_env own;
	enum decide_result r = decide_request(exchange_env(e, &own), &e->request, exchange_region(e),
					      e->began_ms / 1000, &e->arena, &e->decision);

	if (r != DECIDE_OK) {
		refuse(e, 431, "the exchange needs more memory than it may have");
		return;
	}
	e->decided = true;
	if (e->channel->connect &&
	    (e->decision.action == DECIDE_BLOCK || e->decision.action == DECIDE_ANSWER || !e->request_framing.upgrade))
		refuse(e, 403, "no tunnel is allowed there"); /* a 2xx would be taken for one (RFC 8441 5) */
	else if (e->decision.action == DECIDE_BLOCK)
		request_block(e);
	else if (e->decision.action == DECIDE_ANSWER)
		own_begin(e);
	else if (most && e->request_framing.kind == H1_BODY_LENGTH && e->request_framing.length > most)
		exchange_too_long(e);
	else if (!forward_request_fields(e) ||
		 (e->site->pages && !e->decision.observe && !accept_limit(&e->request.fields)))
		refuse(e, 431, "the exchange needs more memory than it may have");
	else
		request_start(e);
}

static void route(struct exchange *e)
{
	e->site = find_site(e);
	if (!exchange_has_content(e))
		e->request_state = REQUEST_DONE;
	if (!e->site) {
		refuse(e, 421, "no such site");
		return;
	}
	if (misdirected(e)) {
		refuse(e, 421, "the connection was opened for another site");
		return;
	}
	if (e->visitor->listen->redirect) {
		answer_redirect(e);
		return;
	}
	if (answers_options(e)) {
		answer_options(e);
		return;
	}
	tunnel_judge(e);
	decide(e);
}

/* Content that is framed by the stream that carries it, or by nothing at all. */
static struct h1_framing bare(struct h1_framing f)
{
	if (f.kind != H1_BODY_NONE)
		f.kind = H1_BODY_CLOSE;
	return f;
}

bool exchange_begin(struct channel *c, struct slice head)
{
	const struct h1_limits *limits = &c->visitor->server->parts.config->limits.h1;
	struct exchange *e = begin(c);
	struct h1_framing framing;
	enum h1_error error;

	if (!e)
		return false;
	head = arena_copy(&e->arena, head);
	error = arena_failed(&e->arena) ? H1_E_NO_MEMORY
					: h1_parse_request(head, limits, e->visitor->stream.ssl != NULL, &e->arena,
							   &e->request, &e->request_framing);
	if (error != H1_OK) {
		exchange_count(error);
		e->request_framing.keep_alive = false;
		refuse(e, h1_error_status(error), h1_error_text(error));
		return true;
	}
	e->target = e->request.target;
	framing = c->ops->bare_content ? bare(e->request_framing) : e->request_framing;
	h1_body_init(&e->request_body, &framing, limits, &e->arena);
	route(e);
	return true;
}
