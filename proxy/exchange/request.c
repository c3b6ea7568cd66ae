#include "proxy/exchange/internal.h"

#include <stdio.h>

#define ATTEMPTS_MAX 4
#define DISCARD_MAX  65536
/*
 * A visitor who makes the origin wait may lose its place to others when it took so much longer than it would take at
 * that rate, in octets a second, up or down; or timeouts body longer, if that is less.
 */
#define SLOW_RATE 8192
#define SLOW_MS	  10000

static void send_head(struct exchange *e);

/* -- beginning and retrying ---------------------------------------------------------------------------------------- */

static void get_connection(struct exchange *e, bool fresh)
{
	e->attempts++;
	if (upstream_get(e->site->upstreams, &e->upstream, fresh))
		send_head(e);
}

void request_start(struct exchange *e)
{
	const struct config_timeouts *t = &e->server->parts.config->timeouts;

	e->request_state = REQUEST_WAITING;
	channel_wait(e, t->connect + t->response);
	get_connection(e, false);
}

/* RFC 9110 9.2.2 */
bool request_repeatable(const struct exchange *e)
{
	static const struct slice methods[] = {SLICE_INIT("GET"), SLICE_INIT("HEAD"), SLICE_INIT("OPTIONS"),
					       SLICE_INIT("DELETE")};

	if (e->request_framing.kind != H1_BODY_NONE)
		return false;
	for (size_t i = 0; i < CG_COUNT(methods); i++)
		if (slice_eq(e->request.method, methods[i]))
			return true;
	return false;
}

/* A new serial tells whoever reads what the origin sent that it is of no interest any more. */
void request_again(struct exchange *e)
{
	const struct config_timeouts *t = &e->server->parts.config->timeouts;

	upstream_cancel(&e->upstream);
	e->serial = ++e->server->serial;
	e->request_state = REQUEST_WAITING;
	e->send_failed = e->origin_spoke = false;
	e->attempts = 0;
	buffer_free(&e->origin_in);
	channel_wait(e, t->connect + t->response);
	get_connection(e, false);
}

void request_lost(struct exchange *e, unsigned status, const char *why)
{
	/* A pooled connection may have been closed by the origin just when we used it. */
	bool stale = e->upstream.conn && e->upstream.conn->reused && !e->origin_spoke && !e->head_sent;

	if (stale && request_repeatable(e) && e->attempts < ATTEMPTS_MAX) {
		upstream_cancel(&e->upstream);
		e->request_state = REQUEST_WAITING;
		e->send_failed = false;
		get_connection(e, true);
		return;
	}
	exchange_fail(e, status, why);
}

static void complain(struct exchange *e)
{
	unsigned more = 0;
	char others[48] = "";

	if (!log_allowed(&e->server->origin_complaints, &more))
		return;
	if (more)
		snprintf(others, sizeof others, " (and %u more times)", more);
	log_warning("origin %.*s of site %.*s: %s%s", SLICE_ARG(e->upstream.address),
		    SLICE_ARG(e->site->config->names[0]), e->upstream.error, others);
}

/* Nothing was sent, so any request may try the next address. */
static void connect_failed(struct exchange *e)
{
	size_t most = upstream_set_targets(e->site->upstreams);

	complain(e);
	if (e->attempts < most && e->attempts < ATTEMPTS_MAX)
		get_connection(e, true);
	else
		exchange_fail(e, e->upstream.timed_out ? 504 : 502, e->upstream.error);
}

/* -- sending ------------------------------------------------------------------------------------------------------- */

static void wait_for_answer(struct exchange *e)
{
	channel_wait(e, e->server->parts.config->timeouts.response);
}

static struct stream *to_origin(struct exchange *e)
{
	return &e->upstream.conn->stream;
}

static void sending_failed(struct exchange *e)
{
	/*
	 * The origin may have answered before it closed: what it said is read first (RFC 9112 9.6). If it has not
	 * closed, because the failure was ours, the FIN tells it that no more will come.
	 */
	e->send_failed = true;
	stream_abandon(to_origin(e));
}

static void flush(struct exchange *e)
{
	if (!e->send_failed && stream_flush(to_origin(e)) == STREAM_ERROR)
		sending_failed(e);
}

static void put(struct exchange *e, struct slice data)
{
	if (!e->send_failed && !stream_write(to_origin(e), data))
		sending_failed(e);
}

static void send_head(struct exchange *e)
{
	struct h1_framing framing = e->request_framing;
	bool body = exchange_has_content(e);

	framing.keep_alive = true;
	e->lent_ms = io_now_ms();
	buffer_clear(&e->out);
	if (!h1_write_request(&e->out, &e->request, &framing)) {
		exchange_fail(e, 503, "out of memory");
		return;
	}
	e->request_state = body ? REQUEST_BODY : REQUEST_DONE;
	put(e, buffer_slice(&e->out));
	/* What is there of the body leaves with the head: request_input() flushes. */
	if (!body || (!e->channel->consuming && e->channel->in.n == 0))
		flush(e);
	if (!body) {
		wait_for_answer(e);
		return;
	}
	channel_wait(e, e->server->parts.config->timeouts.body);
	channel_pull(e);
}

static void put_content(struct exchange *e, struct slice data)
{
	char line[20];

	if (e->request_framing.kind == H1_BODY_CHUNKED) {
		put(e, slice_of(line, h1_chunk_head(line, data.n)));
		put(e, data);
		put(e, SLICE("\r\n"));
	} else {
		put(e, data);
	}
}

static void body_complete(struct exchange *e)
{
	e->request_state = REQUEST_DONE;
	if (e->request_framing.kind == H1_BODY_CHUNKED) {
		buffer_clear(&e->out);
		if (!h1_write_last_chunk(&e->out, &e->request_body.trailers)) {
			exchange_fail(e, 503, "out of memory");
			return;
		}
		put(e, buffer_slice(&e->out));
	}
	flush(e);
	if (e->response_state == RESPONSE_HEAD)
		wait_for_answer(e);
}

/* The deadline moves only with so many octets, so that a trickle cannot hold a connection for ever. */
static void body_progress(struct exchange *e)
{
	if (e->request_body.received - e->request_progress < e->server->parts.config->limits.upload_progress)
		return;
	e->request_progress = e->request_body.received;
	channel_wait(e, e->server->parts.config->timeouts.body);
}

static bool too_long(const struct exchange *e)
{
	uint64_t most = e->server->parts.config->limits.body;

	return most && e->request_body.received > most;
}

static bool origin_full(struct exchange *e)
{
	return !e->send_failed && stream_queued(to_origin(e)) >= STREAM_HIGH_WATER;
}

enum h1_body_result request_read(struct exchange *e, struct slice *in, struct slice *data)
{
	enum h1_body_result r = h1_body_read(&e->request_body, in, data);

	if (r == H1_BODY_MORE && e->request_body.kind == H1_BODY_CLOSE && e->channel->eof)
		r = h1_body_eof(&e->request_body);
	return r;
}

/* One piece. False: stop, the input is used up, the origin is full, or the exchange has ended. */
static bool take_piece(struct exchange *e, struct slice *in)
{
	struct slice data;

	if (origin_full(e))
		return false;
	switch (request_read(e, in, &data)) {
	case H1_BODY_DATA:
		if (too_long(e)) {
			exchange_too_long(e);
			return false;
		}
		put_content(e, data);
		return true;
	case H1_BODY_END:
		body_complete(e);
		return false;
	case H1_BODY_ERROR:
		/* The origin must not take what came so far for the whole: its connection is closed unfinished. */
		exchange_malformed(e);
		return false;
	case H1_BODY_MORE:
		break;
	}
	return false;
}

/* -- discarding ---------------------------------------------------------------------------------------------------- */

void request_block(struct exchange *e)
{
	bool content = exchange_has_content(e);

	if (!content || e->request_framing.expect_continue ||
	    (e->request_framing.kind == H1_BODY_LENGTH && e->request_framing.length > DISCARD_MAX)) {
		answer_blocked(e);
		return;
	}
	e->request_state = REQUEST_DISCARD;
	channel_wait(e, e->server->parts.config->timeouts.body);
}

static void discard(struct exchange *e, struct slice *in)
{
	struct slice data;
	enum h1_body_result r;

	do
		r = request_read(e, in, &data);
	while (r == H1_BODY_DATA && e->request_body.received <= DISCARD_MAX);
	if (r == H1_BODY_MORE)
		return;
	if (r == H1_BODY_ERROR) {
		exchange_malformed(e);
		return;
	}
	if (r == H1_BODY_END)
		e->request_state = REQUEST_DONE;
	answer_blocked(e);
}

/* -- input --------------------------------------------------------------------------------------------------------- */

void request_input(struct exchange *e, struct slice *in)
{
	struct channel *c = e->channel;

	if (e->response_state == RESPONSE_TUNNEL) {
		tunnel_from_visitor(e, in);
		return;
	}
	if (e->request_state == REQUEST_DISCARD) {
		discard(e, in);
		return;
	}
	if (e->request_state == REQUEST_OWN) {
		own_input(e, in);
		return;
	}
	if (e->request_state != REQUEST_BODY)
		return;
	while (take_piece(e, in))
		;
	if (c->exchange != e || e->request_state != REQUEST_BODY)
		return;
	body_progress(e);
	flush(e);
}

void request_eof(struct exchange *e)
{
	if (e->channel->in.n)
		return; /* what came before the end is not used up yet */
	if (e->response_state == RESPONSE_TUNNEL)
		tunnel_visitor_eof(e);
	else if (e->request_state == REQUEST_BODY || e->request_state == REQUEST_DISCARD ||
		 e->request_state == REQUEST_OWN)
		exchange_fail(e, 400, "the visitor left before the request's body was complete");
}

/* -- making room -----------------------------------------------------------------------------------------------------
 */

/* The origin's connection is kept busy by the visitor's slowness alone, at this moment. */
static bool origin_waits(struct exchange *e)
{
	if (e->response_state == RESPONSE_BODY && !e->upstream.conn->stream.reading)
		return true;
	return e->request_state == REQUEST_BODY && e->response_state == RESPONSE_HEAD && !origin_full(e);
}

/* What passed between visitor and origin, as far as the visitor can tell. What the kernel holds is of all streams. */
static int64_t passed(const struct exchange *e)
{
	const struct visitor *v = e->visitor;
	size_t held = e->channel->ops->queued(e) + (v->h2 ? 0 : stream_unacknowledged(&v->stream));

	return (int64_t)(e->request_body.received + e->sent - held);
}

int64_t request_spare(void *exchange)
{
	struct exchange *e = exchange;
	int64_t octets, late, least = e->server->parts.config->timeouts.body;

	if (!e->upstream.conn || e->request_state == REQUEST_WAITING || !origin_waits(e))
		return 0;
	octets = passed(e);
	late = io_now_ms() - e->lent_ms - octets * 1000 / SLOW_RATE;
	return late >= (least < SLOW_MS ? least : SLOW_MS) ? late : 0;
}

static void give_way(struct exchange *e)
{
	counter_add(COUNTER_GAVE_WAY);
	e->visitor->linger_dirty |= e->head_sent && !e->visitor->h2;
	exchange_fail(e, 408, "the visitor was slow, and others waited for the origin");
}

/* -- events -------------------------------------------------------------------------------------------------------- */

void request_upstream_event(void *arg, enum upstream_event event)
{
	struct exchange *e = arg;

	CG_CHECK(e->magic == EXCHANGE_MAGIC);
	switch (event) {
	case UPSTREAM_READY:
		send_head(e);
		break;
	case UPSTREAM_FAILED:
		connect_failed(e);
		break;
	case UPSTREAM_READABLE:
		if (e->response_state == RESPONSE_TUNNEL)
			tunnel_from_origin(e);
		else
			response_readable(e);
		break;
	case UPSTREAM_DRAINED:
		channel_pull(e);
		break;
	case UPSTREAM_WRITE_FAILED:
		sending_failed(e);
		channel_pull(e); /* it may be paused, and nothing else will drain */
		break;
	case UPSTREAM_WANTED:
		give_way(e);
		break;
	}
}
