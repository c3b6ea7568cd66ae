#include "proxy/exchange/internal.h"

/* -- heads --------------------------------------------------------------------------------------------------------- */

/* The visitor was not told to send its body, and perhaps never will: where its next request begins is not known. */
static bool holds_body_back(const struct exchange *e)
{
	return e->request_framing.expect_continue && !e->continued && e->request_body.received == 0;
}

bool response_keep_alive(const struct exchange *e)
{
	const struct server *s = e->server;

	/* After the visitor's FIN only what it has pipelined already can follow. */
	if (!e->request_framing.keep_alive || s->draining || (e->channel->eof && e->channel->in.n == 0))
		return false;
	if (exchange_unread(e) && (e->response.status >= 400 || holds_body_back(e)))
		return false; /* the rest of the body is not worth reading */
	return e->visitor->requests < s->parts.config->limits.requests;
}

bool response_write_head(struct exchange *e)
{
	if (!e->channel->ops->head(e))
		return false;
	if (e->response.status >= 200 || e->response.status == 101)
		e->head_sent = true;
	return true;
}

bool forward_response_fields(struct exchange *e)
{
	struct fields *f = &e->response.fields;

	fields_remove(f, FIELD_CRUMBGATE_CONSENT);
	/* It would lead visitors around us to another port or host. */
	fields_remove_name(f, SLICE("Alt-Svc"));
	if (e->response.status >= 200 && !fields_find(f, FIELD_DATE)) /* RFC 9110 6.6.1 */
		fields_add_id(f, FIELD_DATE, imf_fixdate(&e->arena, e->began_ms / 1000));
	return !arena_failed(&e->arena);
}

/* What came is framed anew: by length where the origin gave one, else in chunks, or by the close for HTTP/1.0. */
void response_choose_framing(struct exchange *e)
{
	struct h1_framing f = e->response_framing;

	f.upgrade = false;
	f.keep_alive = response_keep_alive(e);
	if (f.kind == H1_BODY_CHUNKED || f.kind == H1_BODY_CLOSE) {
		f.kind = e->request.minor >= 1 ? H1_BODY_CHUNKED : H1_BODY_CLOSE;
		if (f.kind == H1_BODY_CLOSE)
			f.keep_alive = false;
	}
	e->visitor_framing = f;
}

static bool final_head(struct exchange *e)
{
	struct decide_env own;
	enum page_way_begin how;

	if (e->channel->connect && e->response.status < 300) {
		exchange_fail(e, 502, "the origin answered a tunnel's request with content");
		return false;
	}
	if (decide_response(exchange_env(e, &own), &e->response, false, &e->arena, &e->decision) != DECIDE_OK ||
	    !forward_response_fields(e)) {
		exchange_fail(e, 502, "the exchange needs more memory than it may have");
		return false;
	}
	how = exchange_page_begin(e);
	if (how == PAGE_AGAIN)
		request_again(e);
	if (how == PAGE_AGAIN || how == PAGE_GONE)
		return false;
	e->status = e->response.status;
	if (how == PAGE_HEAD_NOW && !response_write_head(e)) {
		exchange_cut(e, "the visitor's connection failed");
		return false;
	}
	h1_body_init(&e->response_body, &e->response_framing, &e->server->parts.config->limits.h1, &e->arena);
	e->response_state = RESPONSE_BODY;
	return true;
}

/* RFC 9110 15.2: passed on to those who understand it; what nobody asked for is bounded. */
static bool interim_head(struct exchange *e)
{
	bool go_on = e->response.status == 100, body = e->request_state != REQUEST_DONE;
	bool wanted = e->request.minor >= 1 && (!go_on || (e->request_framing.expect_continue && !e->continued));
	const struct config_timeouts *t = &e->server->parts.config->timeouts;
	struct decide_env own;

	if (++e->interims > INTERIM_MAX) {
		exchange_fail(e, 502, "the origin sent too many interim responses");
		return false;
	}
	if (!body || (go_on && wanted))
		channel_wait(e, body ? t->body : t->response);
	if (!wanted)
		return true;
	if (decide_response(exchange_env(e, &own), &e->response, true, &e->arena, &e->decision) != DECIDE_OK ||
	    !forward_response_fields(e)) {
		exchange_fail(e, 502, "the exchange needs more memory than it may have");
		return false;
	}
	if (e->decision.hints_lost)
		return true;
	e->continued |= go_on;
	e->visitor_framing = (struct h1_framing){.kind = H1_BODY_NONE, .keep_alive = true};
	if (!response_write_head(e)) {
		exchange_cut(e, "the visitor's connection failed");
		return false;
	}
	return true;
}

bool response_continue(struct exchange *e)
{
	e->continued = true;
	e->response = (struct response){.status = 100, .reason = SLICE("Continue")};
	fields_init(&e->response.fields, &e->arena);
	e->visitor_framing = (struct h1_framing){.kind = H1_BODY_NONE, .keep_alive = true};
	if (response_write_head(e))
		return page_way_settle(e);
	exchange_cut(e, "the visitor's connection failed");
	return false;
}

static bool switch_protocol(struct exchange *e, struct slice *in)
{
	struct decide_env own;

	/* RFC 9110 7.8: to nothing else than what was asked for, and only WebSocket is (tunnel_judge()). */
	if (!slice_ieq(e->response_framing.upgrade_protocol, SLICE("websocket"))) {
		exchange_fail(e, 502, "the origin switched to another protocol than websocket");
		return false;
	}
	if (decide_response(exchange_env(e, &own), &e->response, false, &e->arena, &e->decision) != DECIDE_OK ||
	    !forward_response_fields(e)) {
		exchange_fail(e, 502, "the exchange needs more memory than it may have");
		return false;
	}
	e->status = 101;
	e->visitor_framing = (struct h1_framing){.kind = H1_BODY_NONE,
						 .keep_alive = true,
						 .upgrade = true,
						 .upgrade_protocol = e->response_framing.upgrade_protocol};
	if (!response_write_head(e)) {
		exchange_cut(e, "the visitor's connection failed");
		return false;
	}
	tunnel_begin(e, *in);
	return false;
}

/* A complete head at the front of *in. False: the exchange has ended, or is a tunnel now. */
static bool take_head(struct exchange *e, struct slice *in, size_t length)
{
	const struct h1_limits *limits = &e->server->parts.config->limits.h1;
	struct slice head = arena_copy(&e->arena, slice_head(*in, length));
	enum h1_error error = arena_failed(&e->arena)
				      ? H1_E_NO_MEMORY
				      : h1_parse_response(head, limits, e->request.method, e->request_framing.upgrade,
							  &e->arena, &e->response, &e->response_framing);

	*in = slice_from(*in, length);
	e->origin_scan = (struct h1_scan){0};
	if (error != H1_OK) {
		exchange_fail(e, 502, h1_error_text(error));
		return false;
	}
	if (e->response.status == 101)
		return switch_protocol(e, in);
	return e->response.status < 200 ? interim_head(e) : final_head(e);
}

/* False: stop with this input. */
static bool read_head(struct exchange *e, struct slice *in)
{
	const struct h1_limits *limits = &e->server->parts.config->limits.h1;
	size_t length = 0;

	switch (h1_scan(&e->origin_scan, limits, false, *in, &length)) {
	case H1_SCAN_END:
		return take_head(e, in, length);
	case H1_SCAN_ERROR:
		exchange_fail(e, 502, h1_error_text(e->origin_scan.error));
		return false;
	case H1_SCAN_MORE:
		break;
	}
	return false;
}

/* -- body ---------------------------------------------------------------------------------------------------------- */

bool response_put(struct exchange *e, struct slice data)
{
	e->sent += data.n;
	return e->channel->ops->put(e, data);
}

/*
 * Trailers go to those who said that they read them; the others need not (RFC 9110 6.5.1). Those of a page that was
 * changed would tell of what it was.
 */
static bool put_end(struct exchange *e)
{
	bool changed = e->page.counted && !e->decision.observe;
	const struct fields *trailers = e->request_framing.te_trailers && !changed ? &e->response_body.trailers : NULL;

	return e->channel->ops->end(e, trailers);
}

void response_end(struct exchange *e)
{
	e->response_state = RESPONSE_DONE;
	if (put_end(e))
		exchange_finish(e, e->visitor_framing.keep_alive);
	else
		exchange_cut(e, "the visitor's connection failed");
}

static void complete(struct exchange *e, bool rest)
{
	bool reusable = e->response_framing.keep_alive && e->response_framing.kind != H1_BODY_CLOSE && !rest &&
			e->request_state == REQUEST_DONE && !e->send_failed &&
			stream_queued(&e->upstream.conn->stream) == 0 && !stream_has_input(&e->upstream.conn->stream);

	if (e->page.open) {
		page_way_end(e, reusable);
		return;
	}
	if (reusable)
		upstream_release(&e->upstream);
	response_end(e);
}

/* False: stop with this input. */
static bool read_body(struct exchange *e, struct slice *in)
{
	struct slice data;

	switch (h1_body_read(&e->response_body, in, &data)) {
	case H1_BODY_DATA:
		if (e->page.open)
			return page_way_content(e, data);
		if (response_put(e, data))
			return true;
		exchange_cut(e, "the visitor's connection failed");
		return false;
	case H1_BODY_END:
		complete(e, in->n > 0);
		return false;
	case H1_BODY_ERROR:
		exchange_fail(e, 502, h1_error_text(e->response_body.error));
		return false;
	case H1_BODY_MORE:
		break;
	}
	return false;
}

/* -- input --------------------------------------------------------------------------------------------------------- */

/* Stops reading from the origin while the visitor cannot follow. */
static void settle(struct exchange *e)
{
	if (!page_way_settle(e))
		return;
	/* A head has one deadline, however often a piece of it comes. */
	if (e->response_state == RESPONSE_BODY)
		channel_wait(e, e->server->parts.config->timeouts.body);
	if (channel_is_full(e) && e->upstream.conn)
		stream_pause(&e->upstream.conn->stream);
}

/* What is left of the input is kept: a head that is not complete, or what cannot be handled before the visitor reads.
 */
static bool keep(struct exchange *e, struct slice in, bool kept)
{
	if (e->response_state != RESPONSE_HEAD && !e->page.full)
		buffer_free(&e->origin_in);
	else if (kept)
		buffer_consume(&e->origin_in, e->origin_in.n - in.n);
	else if (in.n)
		return buffer_add(&e->origin_in, in);
	return true;
}

static void input(struct exchange *e, struct slice fresh)
{
	struct channel *c = e->channel;
	struct slice in = fresh;
	bool kept = e->origin_in.n > 0, more = true;
	uint64_t serial = e->serial;

	e->origin_spoke = true;
	if (kept) {
		if (!buffer_add(&e->origin_in, fresh)) {
			exchange_fail(e, 502, "the origin's head is too long");
			return;
		}
		in = buffer_slice(&e->origin_in);
	}
	while (more)
		more = e->response_state == RESPONSE_HEAD ? read_head(e, &in) : read_body(e, &in);
	if (!exchange_is(c, e, serial) || e->response_state == RESPONSE_TUNNEL)
		return;
	if (keep(e, in, kept))
		settle(e);
	else
		exchange_fail(e, 503, "out of memory");
}

bool response_go_on(struct exchange *e)
{
	struct channel *c = e->channel;
	uint64_t serial = e->serial;

	input(e, slice_of(NULL, 0));
	return exchange_is(c, e, serial) && !e->page.full && !e->page.ending && !channel_is_full(e);
}

static void ended(struct exchange *e, const char *why)
{
	if (e->response_state == RESPONSE_HEAD) {
		request_lost(e, 502, why);
		return;
	}
	if (h1_body_eof(&e->response_body) == H1_BODY_END && !e->upstream.conn->stream.unclean_eof)
		complete(e, false);
	else
		exchange_fail(e, 502, "the origin ended before the response was complete");
}

void response_readable(struct exchange *e)
{
	struct io *io = &e->server->io;
	struct stream *s = &e->upstream.conn->stream;
	size_t n = 0;

	switch (stream_read(s, io->scratch, e->channel->ops->most(e), &n)) {
	case STREAM_OK:
		input(e, slice_of(io->scratch, n));
		break;
	case STREAM_AGAIN:
		break;
	case STREAM_EOF:
		ended(e, "the origin closed the connection without an answer");
		break;
	case STREAM_ERROR:
		e->upstream.conn->stream.unclean_eof = true;
		ended(e, "the connection to the origin failed");
		break;
	}
}

void response_resume(struct exchange *e)
{
	struct upstream *c;

	if (e->response_state == RESPONSE_TUNNEL) {
		tunnel_visitor_drained(e);
		return;
	}
	if (!page_way_resume(e))
		return;
	c = e->upstream.conn;
	if (!c || !stream_is_open(&c->stream))
		return;
	if (e->response_state == RESPONSE_BODY)
		channel_wait(e, e->server->parts.config->timeouts.body);
	stream_resume(&c->stream);
}
