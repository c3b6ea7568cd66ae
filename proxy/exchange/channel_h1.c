/* The channel of HTTP/1.1: the connection itself, with chunks where the length is not known. */
#include "proxy/exchange/internal.h"

#define CHUNK_LINE 6  /* of a chunk that fits into a block: up to four digits and CRLF */
#define ROOM_MIN   64 /* below that a new block is begun */

static struct stream *stream_of(const struct exchange *e)
{
	return &e->visitor->stream;
}

static bool chunked(const struct exchange *e)
{
	return e->visitor_framing.kind == H1_BODY_CHUNKED;
}

static bool make_head(struct exchange *e)
{
	buffer_clear(&e->out);
	return h1_write_response(&e->out, &e->response, &e->visitor_framing, e->request.minor);
}

static bool head(struct exchange *e)
{
	return make_head(e) && stream_write(stream_of(e), buffer_slice(&e->out));
}

static bool put(struct exchange *e, struct slice content)
{
	struct stream *s = stream_of(e);
	char line[20];

	if (!chunked(e))
		return stream_write(s, content);
	return stream_write(s, slice_of(line, h1_chunk_head(line, content.n))) && stream_write(s, content) &&
	       stream_write(s, SLICE("\r\n"));
}

/*
 * In the stream's own block, so that each octet is copied once. The head stands there too, but is no more than a plan
 * until commit(). One that leaves no room beside it is sent at once.
 */
static char *room(struct exchange *e, bool *with_head, size_t *n)
{
	struct visitor *v = e->visitor;
	size_t line = chunked(e) ? CHUNK_LINE : 0;

	v->room_head = 0;
	if (*with_head) {
		if (!make_head(e))
			return NULL;
		v->room_head = e->out.n;
		if (v->room_head > IO_BLOCK / 2) {
			*with_head = false;
			v->room_head = 0;
			if (!stream_write(&v->stream, buffer_slice(&e->out)))
				return NULL;
		}
	}
	v->room = stream_room(&v->stream, v->room_head + ROOM_MIN, n);
	if (!v->room)
		return NULL;
	if (v->room_head)
		memcpy(v->room, e->out.p, v->room_head);
	*n -= v->room_head + line + (line ? 2 : 0);
	return v->room + v->room_head + line;
}

/* Writes the line before the chunk and the CRLF behind it; returns where it ends. */
static size_t close_chunk(struct visitor *v, size_t n)
{
	char *chunk = v->room + v->room_head, line[20];
	size_t length = n ? h1_chunk_head(line, n) : 0;

	if (n == 0)
		return v->room_head;
	if (length < CHUNK_LINE)
		memmove(chunk + length, chunk + CHUNK_LINE, n);
	memcpy(chunk, line, length);
	memcpy(chunk + length + n, "\r\n", 2);
	return v->room_head + length + n + 2;
}

static bool commit(struct exchange *e, bool with_head, size_t n)
{
	struct visitor *v = e->visitor;

	(void)with_head; /* it stands in front already */
	return stream_commit(&v->stream, chunked(e) ? close_chunk(v, n) : v->room_head + n);
}

static void forget(struct exchange *e)
{
	stream_forget(stream_of(e));
}

static bool end(struct exchange *e, const struct fields *trailers)
{
	if (e->response_state == RESPONSE_TUNNEL) {
		/* What is queued leaves first; then the close says it. */
		if (stream_queued(stream_of(e)) == 0)
			stream_shutdown(stream_of(e));
		return true;
	}
	if (!chunked(e))
		return true;
	buffer_clear(&e->out);
	return h1_write_last_chunk(&e->out, trailers) && stream_write(stream_of(e), buffer_slice(&e->out));
}

static bool flush(struct exchange *e)
{
	return stream_flush(stream_of(e)) != STREAM_ERROR;
}

static size_t queued(const struct exchange *e)
{
	return stream_queued(stream_of(e));
}

static size_t most(const struct exchange *e)
{
	(void)e;
	return STREAM_HIGH_WATER;
}

/* Output is tried at once, so what is there behind a turn has filled the socket. STREAM_DRAINED resumes. */
static bool full(struct exchange *e, bool making)
{
	size_t n = stream_queued(stream_of(e));

	return making ? n >= STREAM_HIGH_WATER : n > 0;
}

static void wait(struct exchange *e, int64_t ms)
{
	visitor_wait(e->visitor, ms);
}

static void pull(struct channel *c)
{
	visitor_pull(c->visitor);
}

/* No last chunk, no close_notify; a reset where only the close delimits the content. */
static void cut(struct exchange *e, const char *why)
{
	struct visitor *v = e->visitor;

	v->linger_dirty |= e->head_sent && e->visitor_framing.kind == H1_BODY_CLOSE;
	(void)stream_flush(&v->stream);
	visitor_abort(v, why);
}

static void over(struct channel *c, bool keep_alive, bool may_send)
{
	c->visitor->linger = may_send;
	visitor_next(c->visitor, keep_alive);
}

const struct channel_ops channel_h1 = {
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
