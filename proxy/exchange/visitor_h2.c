/* A connection of HTTP/2: the session between the stream and the channels. */
#include <stdlib.h>

#include "proxy/exchange/visitor_h2.h"
#include "proxy/observe/counters.h"

#define FAREWELL_MS 1000 /* for requests that were on their way when the notice left */
#define FRAME_HEAD  9
#define FRAME_MIN   1024 /* a frame with less room in the record begins a new one */

static const struct config *config_of(const struct visitor_h2 *h)
{
	return h->visitor->server->parts.config;
}

/* -- what the session asks ----------------------------------------------------------------------------------------- */

static void *on_request(void *arg, const struct h2_request *r)
{
	struct visitor_h2 *h = arg;
	struct channel_h2 *c = channel_h2_new(h, r->id);
	bool ok;

	if (!c)
		return NULL;
	h->visitor->requests++;
	room_set(h->visitor, NULL);
	/* What it waited for has come: the next wait, even for the same, has a deadline of its own. */
	h->due = H2_WAIT_NOTHING;
	if (h->wait != H2_WAIT_OUTPUT)
		h->wait = H2_WAIT_NOTHING;
	c->channel.eof = r->end;
	c->channel.connect = r->tunnel;
	ok = r->error ? exchange_refuse(&c->channel, r->method, r->error) : exchange_begin(&c->channel, r->head);
	if (ok)
		return c;
	channel_h2_free(c, "out of memory");
	return NULL;
}

static void on_content(void *arg, void *stream, struct slice data)
{
	(void)arg;
	channel_h2_feed(stream, data);
}

static void on_trailer(void *arg, void *stream, struct slice name, struct slice value)
{
	struct channel_h2 *c = stream;
	struct exchange *e = c->channel.exchange;

	(void)arg;
	if (!e || !h1_is_trailer(name))
		return;
	/* Without memory it is lost, and the exchange fails at its next step: failure is sticky in the arena. */
	(void)fields_add(&e->request_body.trailers, arena_copy(&e->arena, name), arena_copy(&e->arena, value));
}

static void on_end(void *arg, void *stream)
{
	struct channel_h2 *c = stream;

	(void)arg;
	c->channel.eof = true;
	channel_h2_feed(c, slice_of(NULL, 0));
}

static void on_closed(void *arg, void *stream, uint32_t code)
{
	const struct visitor_h2 *h = arg;
	struct channel_h2 *c = stream;

	c->closed = true;
	if (!h->early)
		channel_h2_free(c, code ? "the stream was reset" : "the stream was closed");
}

static size_t on_waiting(void *arg, void *stream, bool *end, struct slice *trailers)
{
	struct channel_h2 *c = stream;

	(void)arg;
	*end = c->ended;
	*trailers = buffer_slice(&c->trailers);
	c->deferred = c->out.n == 0 && !c->ended;
	return c->out.n;
}

static bool on_write(void *arg, struct slice octets)
{
	struct visitor_h2 *h = arg;

	return stream_write(&h->visitor->stream, octets);
}

static bool on_write_content(void *arg, void *stream, struct slice frame, size_t n)
{
	struct visitor_h2 *h = arg;
	struct channel_h2 *c = stream;

	if (!stream_write(&h->visitor->stream, frame))
		return false;
	c->sent += n;
	h->sent += n;
	while (n) {
		struct slice piece = slice_head(io_queue_front(&c->out), n);

		if (!stream_write(&h->visitor->stream, piece))
			return false;
		io_queue_consume(&c->out, &h->visitor->server->io, piece.n);
		n -= piece.n;
	}
	channel_h2_count(c);
	return true;
}

static void on_said(void *arg, void *stream)
{
	struct visitor_h2 *h = arg;
	struct channel_h2 *c = stream;

	c->said = true;
	if (c->channel.eof || c->channel.exchange)
		return;
	/*
	 * An error leaves in a record of its own: curl 7.88 loses it if it reads it together with the end of its
	 * stream. With any other status it would go on sending, and then wait for ever.
	 */
	if (c->is_error)
		(void)stream_flush(&h->visitor->stream);
	h2_reset(h->session, c->id, H2_NO_ERROR);
}

/* A frame and its header fill what is left of the record. */
static size_t on_room(void *arg)
{
	const struct visitor_h2 *h = arg;
	const struct stream *s = &h->visitor->stream;
	size_t left;

	if (stream_queued(s) >= STREAM_HIGH_WATER)
		return 0;
	left = IO_BLOCK - stream_queued(s) % IO_BLOCK;
	return left >= FRAME_MIN ? left - FRAME_HEAD : IO_BLOCK - FRAME_HEAD;
}

static void on_abused(void *arg, enum h2_abuse kind)
{
	static const enum counter counters[] = {
		[H2_ABUSE_RESETS] = COUNTER_RAPID_RESET,
		[H2_ABUSE_MADE_RESETS] = COUNTER_MADE_YOU_RESET,
		[H2_ABUSE_SETTINGS] = COUNTER_SETTINGS_FLOOD,
		[H2_ABUSE_PINGS] = COUNTER_PING_FLOOD,
		[H2_ABUSE_EMPTY_FRAMES] = COUNTER_EMPTY_DATA_FLOOD,
		[H2_ABUSE_PRIORITIES] = COUNTER_PRIORITY_FLOOD,
		[H2_ABUSE_WINDOWS] = COUNTER_WINDOW_FLOOD,
		[H2_ABUSE_CONTINUATIONS] = COUNTER_CONTINUATION_FLOOD,
		[H2_ABUSE_HEADS] = COUNTER_HEADER_BOMB,
		[H2_ABUSE_MALFORMED] = COUNTER_MALFORMED,
		[H2_ABUSE_STREAMS] = COUNTER_STREAMS_REFUSED,
	};

	(void)arg;
	counter_add(counters[kind]);
}

static const struct h2_owner owner = {
	.request = on_request,
	.content = on_content,
	.trailer = on_trailer,
	.end = on_end,
	.said = on_said,
	.closed = on_closed,
	.waiting = on_waiting,
	.write_content = on_write_content,
	.write = on_write,
	.room = on_room,
	.abused = on_abused,
};

/* -- sending ------------------------------------------------------------------------------------------------------- */

static void send_queued(struct visitor_h2 *h)
{
	if (h->inside || h->failed)
		return;
	h->inside = true;
	h->failed = !h2_send(h->session) || stream_flush(&h->visitor->stream) == STREAM_ERROR;
	h->inside = false;
}

void visitor_h2_send_early(struct visitor_h2 *h)
{
	if (h->inside)
		return;
	h->early = true;
	send_queued(h);
	h->early = false;
}

static void wait_for(struct visitor_h2 *h, enum h2_wait what, int64_t ms)
{
	if (h->wait == what)
		return;
	h->wait = what;
	if (what == H2_WAIT_NOTHING)
		deadline_clear(&h->visitor->deadline);
	else
		visitor_wait(h->visitor, ms);
}

static enum h2_wait what_is_due(const struct visitor_h2 *h)
{
	if (h2_reads_head(h->session) || h->visitor->requests == 0)
		return H2_WAIT_HEAD;
	return h->n_channels ? H2_WAIT_NOTHING : H2_WAIT_IDLE;
}

static void set_deadline(struct visitor_h2 *h)
{
	const struct config_timeouts *t = &config_of(h)->timeouts;
	enum h2_wait due = what_is_due(h);
	int64_t now = due == H2_WAIT_NOTHING ? 0 : io_now_ms();

	if (h->due != due)
		h->due_ms = now + (due == H2_WAIT_HEAD ? t->head : t->idle);
	h->due = due;
	if (stream_queued(&h->visitor->stream))
		wait_for(h, H2_WAIT_OUTPUT, t->body);
	else
		wait_for(h, due, h->due_ms > now ? h->due_ms - now : 1);
}

static void resume_channels(struct visitor_h2 *h)
{
	struct channel_h2 *next;

	for (struct channel_h2 *c = h->channels; c; c = next) {
		next = c->next;
		if (c->closed)
			channel_h2_free(c, "the stream was reset");
		else
			channel_h2_drained(c);
	}
}

static void be_idle(struct visitor_h2 *h)
{
	struct visitor *v = h->visitor;

	if (h->n_channels || v->requests == 0)
		return;
	v->state = VISITOR_IDLE;
	room_set(v, &v->server->idle);
	h2_rest(h->session);
}

/* What comes after the streams that there are is not handled; clients know that they may send it elsewhere. */
static void go_away(struct visitor_h2 *h)
{
	h->gone = true;
	h2_go_away(h->session);
	visitor_h2_later(h);
}

/* The end of a turn: everything that was said in it leaves together. */
static void settle(struct visitor_h2 *h)
{
	struct visitor *v = h->visitor;

	if (v->state >= VISITOR_CLOSING)
		return;
	if (v->requests >= config_of(h)->limits.requests && !h->gone) {
		counter_add(COUNTER_REQUESTS);
		go_away(h);
	}
	send_queued(h);
	if (h->failed) {
		visitor_abort(v, "the visitor's connection failed");
		return;
	}
	if (h2_is_over(h->session)) {
		visitor_h2_drop(v, "the connection ended");
		v->linger = true;
		visitor_close(v);
		return;
	}
	resume_channels(h);
	be_idle(h);
	set_deadline(h);
}

static void on_turn_end(struct io_later *l)
{
	settle((struct visitor_h2 *)(void *)((char *)l - offsetof(struct visitor_h2, later)));
}

void visitor_h2_later(struct visitor_h2 *h)
{
	io_later(&h->visitor->server->io, &h->later, on_turn_end);
}

void visitor_h2_drained(struct visitor *v)
{
	settle(v->h2);
}

/* -- receiving ----------------------------------------------------------------------------------------------------- */

void visitor_h2_input(struct visitor *v, struct slice in)
{
	struct visitor_h2 *h = v->h2;

	if (h->over)
		return;
	h->inside = true;
	h->over = !h2_receive(h->session, in, io_now_ms());
	h->inside = false;
	visitor_h2_later(h);
}

/* -- ends ---------------------------------------------------------------------------------------------------------- */

void visitor_h2_expired(struct visitor *v)
{
	struct visitor_h2 *h = v->h2;

	switch (h->wait) {
	case H2_WAIT_HEAD:
		/* Who has not even begun is idle: browsers connect ahead. */
		counter_add(h2_reads_head(h->session) ? COUNTER_HEAD_SLOW : COUNTER_IDLE);
		h2_terminate(h->session, h2_reads_head(h->session) ? H2_ENHANCE_YOUR_CALM : H2_NO_ERROR);
		break;
	case H2_WAIT_IDLE:
		counter_add(COUNTER_IDLE);
		h2_terminate(h->session, H2_NO_ERROR);
		break;
	case H2_WAIT_OUTPUT:
		counter_add(COUNTER_READER_SLOW);
		v->linger_dirty = true;
		visitor_abort(v, "the visitor does not take the output");
		return;
	case H2_WAIT_NOTHING:
		return;
	}
	h->over = true;
	visitor_h2_later(h);
}

static void farewell(void *arg)
{
	go_away(arg);
}

/* RFC 9113 6.8: first a notice, so that no request that is on its way is lost; then the last stream's number. */
void visitor_h2_drain(struct visitor *v)
{
	struct visitor_h2 *h = v->h2;

	if (h->noticed || h->gone)
		return;
	h->noticed = true;
	h2_notice(h->session);
	deadline_set(&h->farewell, FAREWELL_MS);
	visitor_h2_later(h);
}

void visitor_h2_say_goodbye(struct visitor *v)
{
	h2_terminate(v->h2->session, H2_NO_ERROR);
	send_queued(v->h2);
}

void visitor_h2_drop(struct visitor *v, const char *why)
{
	while (v->h2->channels)
		channel_h2_free(v->h2->channels, why);
}

void visitor_h2_free(struct visitor *v)
{
	if (!v->h2)
		return;
	h2_session_free(v->h2->session);
	deadline_free(&v->h2->farewell);
	free(v->h2);
	v->h2 = NULL;
}

bool visitor_h2_begin(struct visitor *v)
{
	struct visitor_h2 *h = calloc(1, sizeof *h);

	if (!h)
		return false;
	h->visitor = v;
	deadline_init(&h->farewell, v->server->io.base, farewell, h);
	h->session =
		h2_session_new(&config_of(h)->limits.h2, &config_of(h)->limits.h1, v->server->h2_memory, &owner, h);
	v->h2 = h;
	if (!h->session)
		return false;
	h->wait = H2_WAIT_HEAD;
	visitor_h2_later(h);
	if (v->server->draining)
		visitor_h2_drain(v);
	return true;
}
