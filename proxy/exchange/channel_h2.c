/* The channel of HTTP/2: a stream. What it says waits here until flow control and priorities let it leave. */
#include <stdlib.h>

#include "proxy/exchange/visitor_h2.h"
#include "proxy/observe/counters.h"

#define ROOM_MIN	  64
#define TRAILERS_MAX	  65536
#define CHANNELS_FREE_MAX 256
/* As much is sent before the turn ends, so that a fast origin need not be stopped. */
#define SEND_EARLY (2 * IO_BLOCK)
/*
 * When as much waits in a connection, each of its streams makes do with less: a hundred streams that nobody reads from
 * are not to hold a hundred times what one does.
 */
#define CONNECTION_HIGH_WATER (16 * STREAM_HIGH_WATER)
#define CROWDED_HIGH_WATER    (IO_BLOCK / 2)

static struct channel_h2 *of(const struct exchange *e)
{
	return channel_h2_of(e->channel);
}

static struct io *io_of(const struct channel_h2 *c)
{
	return &c->h2->visitor->server->io;
}

static const struct config_timeouts *timeouts(const struct channel_h2 *c)
{
	return &c->h2->visitor->server->parts.config->timeouts;
}

/* Keeps the sum of what waits in all streams. */
void channel_h2_count(struct channel_h2 *c)
{
	c->h2->queued += c->out.n - c->counted;
	c->counted = c->out.n;
}

/* There is more to send. */
static void wake(struct channel_h2 *c)
{
	channel_h2_count(c);
	if (c->deferred)
		h2_resume(c->h2->session, c->id);
	c->deferred = false;
	visitor_h2_later(c->h2);
}

/* -- responses ----------------------------------------------------------------------------------------------------- */

static bool head(struct exchange *e)
{
	const struct h1_framing *f = &e->visitor_framing;
	struct channel_h2 *c = of(e);
	bool final = e->response.status >= 200;
	bool end = final && (f->kind == H1_BODY_NONE || (f->kind == H1_BODY_LENGTH && f->length == 0));

	visitor_h2_later(c->h2);
	if (!h2_respond(c->h2->session, c->id, &e->response, f, end, &e->arena))
		return false;
	c->ended = end;
	c->is_error = e->response.status >= 400;
	return true;
}

static bool put(struct exchange *e, struct slice content)
{
	struct channel_h2 *c = of(e);

	while (content.n)
		if (!io_queue_append(&c->out, io_of(c), &content))
			return false;
	wake(c);
	return true;
}

static char *room(struct exchange *e, bool *with_head, size_t *n)
{
	struct channel_h2 *c = of(e);

	(void)with_head; /* it goes its own way, in commit() */
	return io_queue_room(&c->out, io_of(c), ROOM_MIN, n);
}

static bool commit(struct exchange *e, bool with_head, size_t n)
{
	struct channel_h2 *c = of(e);

	io_queue_commit(&c->out, io_of(c), n);
	if (with_head && !head(e))
		return false;
	wake(c);
	return true;
}

static void forget(struct exchange *e)
{
	io_queue_forget(&of(e)->out, io_of(of(e)));
}

static bool end(struct exchange *e, const struct fields *trailers)
{
	struct channel_h2 *c = of(e);

	if (c->ended)
		return true;
	if (trailers && trailers->n && !h2_trailers_text(&c->trailers, trailers))
		return false;
	c->ended = true;
	wake(c);
	return true;
}

static bool flush(struct exchange *e)
{
	struct channel_h2 *c = of(e);

	visitor_h2_later(c->h2);
	if (c->out.n >= SEND_EARLY)
		visitor_h2_send_early(c->h2);
	return true;
}

static size_t queued(const struct exchange *e)
{
	return of(e)->out.n;
}

static bool crowded(const struct channel_h2 *c)
{
	return c->h2->queued >= CONNECTION_HIGH_WATER;
}

static size_t high_water(const struct channel_h2 *c)
{
	return crowded(c) ? CROWDED_HIGH_WATER : STREAM_HIGH_WATER;
}

/* With what may wait already, about a block where there is a crowd. */
static size_t most(const struct exchange *e)
{
	return crowded(of(e)) ? IO_BLOCK : STREAM_HIGH_WATER;
}

static bool full(struct exchange *e, bool making)
{
	struct channel_h2 *c = of(e);

	(void)making;
	c->full |= c->out.n >= high_water(c);
	return c->full;
}

/* -- ends ---------------------------------------------------------------------------------------------------------- */

/* What came of the request and was kept is of no use any more. */
static void drop_input(struct channel_h2 *c)
{
	h2_consumed(c->h2->session, c->id, c->channel.in.n);
	buffer_free(&c->channel.in);
}

static void mark(struct channel_h2 *c)
{
	c->sent_seen = c->sent;
	c->all_seen = c->h2->sent;
}

/*
 * Whether the visitor takes what it takes at all: this stream, or others that go first while this one could. While the
 * connection itself is what waits, its own deadline judges the visitor: the streams cannot move meanwhile.
 */
static bool takes(const struct channel_h2 *c)
{
	const struct visitor *v = c->h2->visitor;
	uint64_t least = v->server->parts.config->limits.download_progress;

	return stream_queued(&v->stream) > 0 || c->sent - c->sent_seen >= least ||
	       (c->h2->sent - c->all_seen >= least && h2_is_open(c->h2->session, c->id));
}

/* Slow is not silent, as long as it is not too slow. */
static bool progressed(struct channel_h2 *c)
{
	struct exchange *e = c->channel.exchange;
	bool waits = c->out.n > 0 || (c->ended && !c->said), moved = waits && takes(c);

	mark(c);
	if (e && e->upstream.conn)
		moved |= stream_took(&e->upstream.conn->stream, 1);
	return moved;
}

static void wait(struct exchange *e, int64_t ms)
{
	struct channel_h2 *c = of(e);

	mark(c);
	if (e->upstream.conn)
		stream_mark(&e->upstream.conn->stream);
	deadline_set(&c->deadline, ms);
}

/* What is left of the response is for a visitor that does not take it. */
static void give_up(struct channel_h2 *c)
{
	counter_add(COUNTER_WINDOW_STALL);
	h2_reset(c->h2->session, c->id, H2_CANCEL);
	visitor_h2_later(c->h2);
}

static void expired(void *arg)
{
	struct channel_h2 *c = arg;

	if (c->closed)
		return;
	if (progressed(c))
		deadline_set(&c->deadline, timeouts(c)->body);
	else if (c->channel.exchange)
		exchange_timeout(c->channel.exchange);
	else
		give_up(c);
}

static void cut(struct exchange *e, const char *why)
{
	struct channel_h2 *c = of(e);

	exchange_drop(e, why);
	drop_input(c);
	if (!c->closed)
		h2_reset(c->h2->session, c->id, H2_INTERNAL_ERROR);
	visitor_h2_later(c->h2);
}

/* RFC 9113 8.1: a request that nobody reads to its end is told so, behind the response. */
static void over(struct channel *ch, bool keep_alive, bool may_send)
{
	struct channel_h2 *c = channel_h2_of(ch);

	(void)keep_alive, (void)may_send;
	drop_input(c);
	if (!c->ended) {
		c->ended = true;
		wake(c);
	} else if (c->said && !ch->eof && !c->closed) {
		h2_reset(c->h2->session, c->id, H2_NO_ERROR);
	}
	deadline_set(&c->deadline, timeouts(c)->body);
	visitor_h2_later(c->h2);
}

/* -- requests ------------------------------------------------------------------------------------------------------ */

/* Keeps the rest of the input, and lets as much come as was used. */
static void keep(struct channel_h2 *c, struct slice in, size_t all, bool kept)
{
	struct buffer *b = &c->channel.in;
	size_t used = all - in.n;

	h2_consumed(c->h2->session, c->id, used);
	if (kept)
		buffer_consume(b, used);
	else if (in.n && !buffer_add(b, in)) {
		h2_consumed(c->h2->session, c->id, in.n);
		exchange_cut(c->channel.exchange, "out of memory");
	}
	if (b->n == 0)
		buffer_free(b);
}

void channel_h2_feed(struct channel_h2 *c, struct slice fresh)
{
	struct channel *ch = &c->channel;
	struct slice in = fresh;
	bool kept = ch->in.n > 0;
	size_t all;

	if (ch->consuming)
		return;
	if (!ch->exchange) {
		h2_consumed(c->h2->session, c->id, fresh.n);
		return;
	}
	if (kept) {
		if (!buffer_add(&ch->in, fresh)) {
			h2_consumed(c->h2->session, c->id, fresh.n);
			exchange_cut(ch->exchange, "out of memory");
			return;
		}
		in = buffer_slice(&ch->in);
	}
	all = in.n;
	ch->consuming = true;
	request_input(ch->exchange, &in);
	ch->consuming = false;
	/* Whoever ended the exchange dropped what was kept; what is fresh is dropped here. */
	if (!ch->exchange)
		h2_consumed(c->h2->session, c->id, kept ? 0 : all);
	else
		keep(c, in, all, kept);
	if (ch->exchange && ch->eof && ch->in.n == 0 && ch->exchange->response_state == RESPONSE_TUNNEL)
		request_eof(ch->exchange);
}

static void pull(struct channel *ch)
{
	struct channel_h2 *c = channel_h2_of(ch);

	visitor_h2_later(c->h2); /* a visitor whose window was used up sends nothing before it is told that it grew */
	channel_h2_feed(c, slice_of(NULL, 0));
}

void channel_h2_drained(struct channel_h2 *c)
{
	if (!c->full || c->out.n > high_water(c) / 2)
		return;
	c->full = false;
	if (c->channel.exchange)
		response_resume(c->channel.exchange);
}

/* -- birth and death ----------------------------------------------------------------------------------------------- */

const struct channel_ops channel_h2 = {
	.bare_content = true,
	.head = head,
	.put = put,
	.room = room,
	.commit = commit,
	.forget = forget,
	.end = end,
	.flush = flush,
	.queued = queued,
	.most = most,
	.full = full,
	.wait = wait,
	.pull = pull,
	.cut = cut,
	.over = over,
};

/* As new, but for its deadline, whose timer may stay armed: arming it costs more than all the rest. */
static struct channel_h2 *take(struct server *s)
{
	struct channel_h2 *c = s->free_channels;
	struct deadline deadline;

	if (c) {
		s->free_channels = c->next;
		s->n_free_channels--;
		deadline = c->deadline;
		*c = (struct channel_h2){.deadline = deadline};
		return c;
	}
	c = calloc(1, sizeof *c);
	if (c)
		deadline_init(&c->deadline, s->io.base, expired, c);
	return c;
}

struct channel_h2 *channel_h2_new(struct visitor_h2 *h, int32_t id)
{
	struct server *s = h->visitor->server;
	struct channel_h2 *c = take(s);

	if (!c)
		return NULL;
	c->channel.ops = &channel_h2;
	c->channel.visitor = h->visitor;
	c->h2 = h;
	c->id = id;
	buffer_init(&c->channel.in, 2 * (size_t)s->parts.config->limits.h2.window);
	buffer_init(&c->trailers, TRAILERS_MAX);
	c->next = h->channels;
	if (c->next)
		c->next->prev = c;
	h->channels = c;
	h->n_channels++;
	return c;
}

static void destroy(struct channel_h2 *c)
{
	deadline_free(&c->deadline);
	free(c);
}

static void put_back(struct io_reap *r)
{
	struct channel_h2 *c = (struct channel_h2 *)r;
	struct server *s = c->server;

	buffer_free(&c->channel.in);
	buffer_free(&c->trailers);
	if (s->n_free_channels >= CHANNELS_FREE_MAX || s->draining) {
		destroy(c);
		return;
	}
	c->next = s->free_channels;
	s->free_channels = c;
	s->n_free_channels++;
}

void channels_h2_free(struct server *s)
{
	while (s->free_channels) {
		struct channel_h2 *c = s->free_channels;

		s->free_channels = c->next;
		destroy(c);
	}
}

void channel_h2_free(struct channel_h2 *c, const char *why)
{
	struct visitor_h2 *h = c->h2;

	c->closed = true;
	if (c->channel.exchange)
		exchange_drop(c->channel.exchange, why);
	drop_input(c);
	io_queue_clear(&c->out, io_of(c));
	channel_h2_count(c);
	deadline_clear(&c->deadline);
	*(c->prev ? &c->prev->next : &h->channels) = c->next;
	if (c->next)
		c->next->prev = c->prev;
	h->n_channels--;
	c->server = h->visitor->server;
	io_reap(io_of(c), &c->reap, put_back);
}
