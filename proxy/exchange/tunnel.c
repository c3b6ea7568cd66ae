#include "proxy/exchange/internal.h"

static void alive(struct exchange *e)
{
	channel_wait(e, e->server->parts.config->timeouts.idle);
}

static struct stream *origin(struct exchange *e)
{
	return &e->upstream.conn->stream;
}

static void finish(struct exchange *e)
{
	exchange_finish(e, false);
}

/* What the origin said behind its 101 belongs to the tunnel. */
void tunnel_begin(struct exchange *e, struct slice rest)
{
	bool ok;

	e->response_state = RESPONSE_TUNNEL;
	ok = rest.n == 0 || e->channel->ops->put(e, rest);
	buffer_free(&e->origin_in);
	e->sent += rest.n;
	if (!ok || !e->channel->ops->flush(e)) {
		exchange_cut(e, "the visitor's connection failed");
		return;
	}
	alive(e);
	channel_pull(e);
}

void tunnel_from_visitor(struct exchange *e, struct slice *in)
{
	struct stream *s = origin(e);

	if (e->send_failed || e->origin_eof) {
		*in = slice_from(*in, in->n);
		return;
	}
	if (stream_queued(s) >= STREAM_HIGH_WATER)
		return;
	if (!stream_write(s, *in) || stream_flush(s) == STREAM_ERROR) {
		*in = slice_from(*in, in->n);
		e->send_failed = true;
		stream_abandon(s);
		return;
	}
	e->request_body.received += in->n;
	*in = slice_from(*in, in->n);
	alive(e);
}

void tunnel_visitor_eof(struct exchange *e)
{
	if (e->origin_eof || e->send_failed)
		finish(e);
	else if (stream_queued(origin(e)) == 0) /* otherwise asked again once it has drained */
		stream_shutdown(origin(e));
}

static void origin_ended(struct exchange *e)
{
	const struct channel_ops *ops = e->channel->ops;

	e->origin_eof = true;
	stream_pause(origin(e));
	if (!e->channel->eof && (ops->bare_content || ops->queued(e) == 0))
		(void)ops->end(e, NULL);
	else
		finish(e); /* sends what is queued, then closes */
}

void tunnel_from_origin(struct exchange *e)
{
	const struct channel_ops *ops = e->channel->ops;
	struct io *io = &e->server->io;
	size_t n = 0;

	switch (stream_read(origin(e), io->scratch, IO_SCRATCH, &n)) {
	case STREAM_OK:
		e->sent += n;
		if (!ops->put(e, slice_of(io->scratch, n)) || !ops->flush(e)) {
			exchange_cut(e, "the visitor's connection failed");
			return;
		}
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
