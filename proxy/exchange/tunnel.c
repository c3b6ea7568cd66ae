#include "proxy/exchange/internal.h"

static void alive(struct exchange *e)
{
	visitor_wait(e->visitor, e->server->parts.config->timeouts.idle);
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
	struct visitor *v = e->visitor;
	bool ok;

	e->response_state = RESPONSE_TUNNEL;
	ok = stream_write(&v->stream, rest);
	buffer_free(&e->origin_in);
	e->sent += rest.n;
	if (!ok || stream_flush(&v->stream) == STREAM_ERROR) {
		visitor_abort(v, "the visitor's connection failed");
		return;
	}
	alive(e);
	visitor_pull(v);
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
	struct visitor *v = e->visitor;

	e->origin_eof = true;
	stream_pause(origin(e));
	if (v->eof)
		finish(e);
	else if (stream_queued(&v->stream) == 0)
		stream_shutdown(&v->stream);
	else
		finish(e); /* sends what is queued, then closes */
}

void tunnel_from_origin(struct exchange *e)
{
	struct visitor *v = e->visitor;
	struct io *io = &e->server->io;
	size_t n = 0;

	switch (stream_read(origin(e), io->scratch, IO_SCRATCH, &n)) {
	case STREAM_OK:
		e->sent += n;
		if (!stream_write(&v->stream, slice_of(io->scratch, n)) || stream_flush(&v->stream) == STREAM_ERROR) {
			visitor_abort(v, "the visitor's connection failed");
			return;
		}
		if (stream_queued(&v->stream) > 0)
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
