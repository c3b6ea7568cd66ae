/*
 * WebSocket: which upgrades pass, and what comes after the 101. The octets are not looked at. Each direction ends by
 * itself: what one side said before it ended arrives, and the other may go on for a while.
 *
 * A tunnel owns what an exchange owns, without buffers: what one side does not take stays in its queue, at most a high
 * water mark and one read, and the other side is not read meanwhile.
 */
#include "proxy/exchange/internal.h"

#include "rules/http/url.h"

static struct stream *origin(struct exchange *e)
{
	return &e->upstream.conn->stream;
}

/* -- the handshake ------------------------------------------------------------------------------------------------- */

static bool has_one_key(const struct fields *f)
{
	size_t keys = 0;

	for (size_t i = 0; i < f->n; i++)
		keys += slice_ieq(f->v[i].name, SLICE("Sec-WebSocket-Key")) && f->v[i].value.n;
	return keys == 1;
}

/*
 * RFC 6455 4.1, as far as it is a proxy's business: version, extensions, and whether the Origin is welcome are between
 * the visitor and the origin.
 */
static bool asks_for_websocket(const struct exchange *e)
{
	return slice_ieq(e->request_framing.upgrade_protocol, SLICE("websocket")) &&
	       slice_eq(e->request.method, SLICE("GET")) && !exchange_has_content(e) && has_one_key(&e->request.fields);
}

static bool is_allowed(struct exchange *e)
{
	struct slice path, query;
	bool has_query;

	target_split(e->request.target, &path, &query, &has_query);
	return path_normalise(path, &e->arena, &path) && config_websocket(e->site->config, path);
}

/* Nothing else passes: an upgrade to h2c or TLS would carry requests that nobody judges. */
void tunnel_judge(struct exchange *e)
{
	struct h1_framing *f = &e->request_framing;

	f->upgrade = f->upgrade && asks_for_websocket(e) && is_allowed(e);
}

/* -- both directions ----------------------------------------------------------------------------------------------- */

static bool ending(const struct exchange *e)
{
	return e->channel->eof || e->origin_eof;
}

/* Silence may last, but not while the visitor has something to take, or where one side has said its last. */
static void alive(struct exchange *e)
{
	const struct config_timeouts *t = &e->server->parts.config->timeouts;

	e->tunnel_hurried = ending(e) || e->channel->ops->queued(e) > 0;
	channel_wait(e, e->tunnel_hurried && t->body < t->tunnel ? t->body : t->tunnel);
}

/* What the deadline was set for may be over unnoticed: what a stream of HTTP/2 had queued has left. */
bool tunnel_may_last(struct exchange *e)
{
	if (!e->tunnel_hurried || ending(e) || e->channel->ops->queued(e) > 0)
		return false;
	alive(e);
	return true;
}

static bool put_visitor(struct exchange *e, struct slice data)
{
	const struct channel_ops *ops = e->channel->ops;

	e->sent += data.n;
	if ((data.n == 0 || ops->put(e, data)) && ops->flush(e))
		return true;
	exchange_cut(e, "the visitor's connection failed");
	return false;
}

/* What is on its way to the visitor still arrives. */
static void finish(struct exchange *e)
{
	exchange_finish(e, false);
}

/* What the origin said behind its 101 belongs to the tunnel. Neither head is needed any more. */
void tunnel_begin(struct exchange *e, struct slice rest)
{
	e->response_state = RESPONSE_TUNNEL;
	if (!put_visitor(e, rest))
		return;
	buffer_free(&e->origin_in);
	buffer_free(&e->out);
	io_keepalive(origin(e)->fd); /* visitors' sockets have it from their listener */
	alive(e);
	channel_pull(e);
}

/* -- from the visitor to the origin -------------------------------------------------------------------------------- */

/* The origin takes no more: what it said before it closed is still read. */
static void sending_failed(struct exchange *e)
{
	e->send_failed = true;
	stream_abandon(origin(e));
}

void tunnel_from_visitor(struct exchange *e, struct slice *in)
{
	struct slice data = *in;

	if (!e->send_failed && stream_queued(origin(e)) >= STREAM_HIGH_WATER)
		return;
	*in = slice_from(*in, in->n);
	if (!e->send_failed && (!stream_write(origin(e), data) || stream_flush(origin(e)) == STREAM_ERROR))
		sending_failed(e);
	if (e->send_failed && e->origin_eof) {
		finish(e);
		return;
	}
	if (e->send_failed)
		return;
	e->request_body.received += data.n;
	alive(e);
}

/* Comes again when the rest has left for the origin. */
void tunnel_visitor_eof(struct exchange *e)
{
	bool complete = e->send_failed || stream_queued(origin(e)) == 0;

	alive(e);
	if (complete && e->origin_eof)
		finish(e);
	else if (complete && !e->send_failed)
		stream_shutdown(origin(e));
}

/* -- from the origin to the visitor -------------------------------------------------------------------------------- */

static void origin_ended(struct exchange *e)
{
	bool complete = e->channel->eof && e->channel->in.n == 0 && stream_queued(origin(e)) == 0;

	e->origin_eof = true;
	stream_pause(origin(e));
	if (complete || e->send_failed) {
		finish(e);
		return;
	}
	alive(e);
	(void)e->channel->ops->end(e, NULL);
}

void tunnel_from_origin(struct exchange *e)
{
	struct io *io = &e->server->io;
	size_t n = 0;

	switch (stream_read(origin(e), io->scratch, e->channel->ops->most(e), &n)) {
	case STREAM_OK:
		if (!put_visitor(e, slice_of(io->scratch, n)))
			return;
		if (channel_is_full(e))
			stream_pause(origin(e));
		alive(e);
		break;
	case STREAM_AGAIN:
		break;
	case STREAM_EOF:
		origin_ended(e);
		break;
	case STREAM_ERROR:
		exchange_fail(e, 502, "the connection to the origin failed");
		break;
	}
}

/* HTTP/1.1 says the end only when all has left. */
void tunnel_visitor_drained(struct exchange *e)
{
	alive(e);
	if (e->origin_eof)
		(void)e->channel->ops->end(e, NULL);
	else
		stream_resume(origin(e));
}
