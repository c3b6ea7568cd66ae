#include "proxy/exchange/internal.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

#define LINGER_MS	 2000
#define FIRST_REQUEST_MS 2000 /* while draining */

static void end_of_input(struct visitor *v);

/* Its session is asked about everything, until it has said its last. */
static bool speaks_h2(const struct visitor *v)
{
	return v->h2 && v->state < VISITOR_CLOSING;
}

/* -- deadlines ----------------------------------------------------------------------------------------------------- */

/* Output to the visitor and to the origin alike: whoever takes it slowly is not silent. */
static bool progressed(struct visitor *v)
{
	bool moved = stream_took(&v->stream, v->server->parts.config->limits.download_progress);

	if (v->channel.exchange && v->channel.exchange->upstream.conn)
		moved |= stream_took(&v->channel.exchange->upstream.conn->stream, 1);
	return moved;
}

void visitor_wait(struct visitor *v, int64_t ms)
{
	stream_mark(&v->stream);
	if (v->channel.exchange && v->channel.exchange->upstream.conn)
		stream_mark(&v->channel.exchange->upstream.conn->stream);
	deadline_set(&v->deadline, ms);
}

/* -- ending -------------------------------------------------------------------------------------------------------- */

static void free_visitor(struct io_reap *r)
{
	struct visitor *v = (struct visitor *)r;

	deadline_free(&v->deadline);
	buffer_free(&v->channel.in);
	visitor_h2_free(v);
	v->magic = 0;
	free(v);
}

static void drop_exchanges(struct visitor *v, const char *why)
{
	if (v->h2)
		visitor_h2_drop(v, why);
	else if (v->channel.exchange)
		exchange_drop(v->channel.exchange, why);
}

void visitor_destroy(struct visitor *v)
{
	struct server *s = v->server;

	if (v->state == VISITOR_CLOSED)
		return;
	v->state = VISITOR_CLOSED;
	s->n_visitors--;
	room_set(v, NULL);
	admission_leave(v);
	drop_exchanges(v, "the visitor left");
	deadline_clear(&v->deadline);
	stream_close(&v->stream, v->linger_dirty);
	*(v->prev ? &v->prev->next : &s->visitors) = v->next;
	if (v->next)
		v->next->prev = v->prev;
	room_look(s);
	if (s->draining && s->n_visitors == 0)
		deadline_set(&s->drain, 0);
	io_reap(&s->io, &v->reap, free_visitor);
}

void visitor_abort(struct visitor *v, const char *why)
{
	drop_exchanges(v, why);
	visitor_destroy(v);
}

/* All output is with the kernel: FIN. If the visitor may still be sending, closing now would answer it with an RST
 * that can overtake the tail of our answer (RFC 9112 9.6). */
static void sent_all(struct visitor *v)
{
	stream_shutdown(&v->stream);
	if (v->channel.eof || !(v->linger || stream_has_input(&v->stream))) {
		visitor_destroy(v);
		return;
	}
	v->state = VISITOR_LINGER;
	visitor_wait(v, LINGER_MS);
	stream_resume(&v->stream);
}

void visitor_close(struct visitor *v)
{
	v->state = VISITOR_CLOSING;
	room_set(v, NULL);
	buffer_free(&v->channel.in);
	switch (stream_flush_last(&v->stream)) {
	case STREAM_OK:
		sent_all(v);
		break;
	case STREAM_AGAIN:
		visitor_wait(v, v->server->parts.config->timeouts.body);
		break;
	case STREAM_EOF:
	case STREAM_ERROR:
		visitor_destroy(v);
		break;
	}
}

void visitor_next(struct visitor *v, bool keep_alive)
{
	if (!keep_alive && v->requests >= v->server->parts.config->limits.requests)
		counter_add(COUNTER_REQUESTS);
	/* A head that was sent before the drain began may have promised more: a visitor must expect a close any time.
	 */
	if (!keep_alive || v->server->draining) {
		v->linger |= keep_alive;
		visitor_close(v);
		return;
	}
	if (stream_flush(&v->stream) == STREAM_ERROR) {
		visitor_destroy(v);
		return;
	}
	v->state = VISITOR_IDLE;
	v->scan = (struct h1_scan){0};
	visitor_wait(v, v->server->parts.config->timeouts.idle);
	room_set(v, &v->server->idle);
	visitor_pull(v);
}

/* -- input --------------------------------------------------------------------------------------------------------- */

/* A head, or a part of one. False: nothing more to do with this input now. */
static bool consume_head(struct visitor *v, struct slice *in)
{
	const struct config *c = v->server->parts.config;
	bool begins = v->state == VISITOR_IDLE;
	size_t length = 0;
	bool ok;

	v->state = VISITOR_HEAD;
	switch (h1_scan(&v->scan, &c->limits.h1, true, *in, &length)) {
	case H1_SCAN_MORE:
		if (begins && v->requests)
			visitor_wait(v, c->timeouts.head);
		room_set(v, &v->server->waiting);
		return false;
	case H1_SCAN_ERROR:
		room_set(v, NULL);
		*in = slice_from(*in, in->n);
		ok = exchange_refuse(&v->channel, slice_of(NULL, 0), v->scan.error);
		break;
	case H1_SCAN_END:
	default:
		room_set(v, NULL);
		v->requests++;
		ok = exchange_begin(&v->channel, slice_head(*in, length));
		*in = slice_from(*in, length);
		break;
	}
	if (!ok)
		visitor_destroy(v);
	return ok;
}

/* Answers that the visitor does not take are memory: no further request is begun before they have left. */
static bool choked(const struct visitor *v)
{
	return stream_queued(&v->stream) >= STREAM_HIGH_WATER;
}

static void consume(struct visitor *v, struct slice *in)
{
	for (;;) {
		size_t before = in->n;
		struct exchange *e = v->channel.exchange;

		switch (v->state) {
		case VISITOR_IDLE:
		case VISITOR_HEAD:
			if (in->n == 0 || choked(v) || !consume_head(v, in))
				return;
			break;
		case VISITOR_EXCHANGE:
			request_input(e, in);
			if (v->channel.exchange == e && (in->n == before || in->n == 0))
				return;
			break;
		case VISITOR_CLOSING:
		case VISITOR_LINGER:
		case VISITOR_CLOSED:
			*in = slice_from(*in, in->n);
			return;
		case VISITOR_HANDSHAKE:
			return;
		}
	}
}

/* Uses fresh octets behind what was kept, and keeps what cannot be used yet. */
static void feed(struct visitor *v, struct slice fresh)
{
	bool kept = v->channel.in.n > 0;
	struct slice in = fresh;
	size_t used;

	if (kept) {
		if (!buffer_add(&v->channel.in, fresh)) {
			visitor_abort(v, "too much input, or out of memory");
			return;
		}
		in = buffer_slice(&v->channel.in);
	}
	used = in.n;
	v->channel.consuming = true;
	consume(v, &in);
	v->channel.consuming = false;
	used -= in.n;
	if (v->state >= VISITOR_CLOSING)
		return;
	if (kept)
		buffer_consume(&v->channel.in, used < v->channel.in.n ? used : v->channel.in.n);
	else if (in.n && !buffer_add(&v->channel.in, in)) {
		visitor_abort(v, "out of memory");
		return;
	}
	if (v->channel.in.n == 0)
		buffer_free(&v->channel.in);
	if ((v->state == VISITOR_EXCHANGE || choked(v)) && v->channel.in.n >= STREAM_HIGH_WATER)
		stream_pause(&v->stream);
	else if (!v->channel.eof)
		stream_resume(&v->stream);
	if (v->channel.eof && v->state != VISITOR_CLOSED)
		end_of_input(v);
}

void visitor_pull(struct visitor *v)
{
	if (v->channel.consuming || v->state == VISITOR_CLOSED)
		return;
	if (v->channel.in.n)
		feed(v, slice_of(NULL, 0));
	else if (v->channel.eof)
		end_of_input(v);
	else
		stream_resume(&v->stream);
}

/* No more will come, and all that came has been used as far as possible. */
static void end_of_input(struct visitor *v)
{
	switch (v->state) {
	case VISITOR_EXCHANGE:
		request_eof(v->channel.exchange);
		break;
	case VISITOR_HEAD:
	case VISITOR_IDLE:
		if (choked(v) && v->channel.in.n)
			break; /* a request waits for its turn: asked again when the output has drained */
		if (stream_queued(&v->stream))
			visitor_close(v);
		else
			visitor_destroy(v);
		break;
	case VISITOR_HANDSHAKE:
	case VISITOR_LINGER:
		visitor_destroy(v);
		break;
	case VISITOR_CLOSING:
	case VISITOR_CLOSED:
		break;
	}
}

static void readable(struct visitor *v)
{
	struct io *io = &v->server->io;
	size_t n = 0;

	switch (stream_read(&v->stream, io->scratch, IO_SCRATCH, &n)) {
	case STREAM_OK:
		if (v->state >= VISITOR_CLOSING)
			break;
		if (v->h2)
			visitor_h2_input(v, slice_of(io->scratch, n));
		else
			feed(v, slice_of(io->scratch, n));
		break;
	case STREAM_AGAIN:
		break;
	case STREAM_EOF:
		v->channel.eof = true;
		stream_pause(&v->stream);
		if (speaks_h2(v))
			visitor_destroy(v); /* streams cannot be taken up again, and no client half-closes */
		else
			end_of_input(v);
		break;
	case STREAM_ERROR:
		visitor_abort(v, "the visitor's connection failed");
		break;
	}
}

/* -- events -------------------------------------------------------------------------------------------------------- */

static void secured(struct visitor *v)
{
	v->state = VISITOR_IDLE;
	visitor_wait(v, v->server->parts.config->timeouts.head);
	if (v->stream.ssl && tls_is_h2(v->stream.ssl) && !visitor_h2_begin(v))
		visitor_destroy(v);
}

/* Who left out the s of https is told; any other peer that fails would not understand a word. */
static void handshake_failed(struct visitor *v)
{
	static const struct slice answer =
		SLICE_INIT("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 62\r\nConnection: "
			   "close\r\n\r\n"
			   "This port is for TLS. Write https:// in front of the address.\n");

	counter_add(COUNTER_HANDSHAKE_FAILED);
	if (tls_met_http(v->stream.ssl))
		stream_tell(&v->stream, answer);
	visitor_destroy(v);
}

static void drained(struct visitor *v)
{
	if (speaks_h2(v)) {
		visitor_h2_drained(v);
		return;
	}
	switch (v->state) {
	case VISITOR_CLOSING:
		sent_all(v);
		break;
	case VISITOR_EXCHANGE:
		response_resume(v->channel.exchange);
		break;
	case VISITOR_IDLE:
		visitor_pull(v);
		if (v->server->draining)
			visitor_drain(v);
		break;
	default:
		break;
	}
}

static void on_stream(void *arg, enum stream_event event)
{
	struct visitor *v = arg;

	CG_CHECK(v->magic == VISITOR_MAGIC);
	switch (event) {
	case STREAM_SECURED:
		secured(v);
		break;
	case STREAM_READABLE:
		readable(v);
		break;
	case STREAM_DRAINED:
		drained(v);
		break;
	case STREAM_WRITE_FAILED:
		visitor_abort(v, "the visitor's connection failed");
		break;
	case STREAM_FAILED:
		handshake_failed(v);
		break;
	case STREAM_CONNECTED:
		break;
	}
}

/* What is counted when a connection ends at a deadline; that of an exchange counts for itself. */
static void count_deadline(const struct visitor *v)
{
	static const enum counter counters[] = {
		[VISITOR_HANDSHAKE] = COUNTER_HANDSHAKE_SLOW,
		[VISITOR_IDLE] = COUNTER_IDLE,
		[VISITOR_HEAD] = COUNTER_HEAD_SLOW,
		[VISITOR_CLOSING] = COUNTER_READER_SLOW,
	};

	if (v->state != VISITOR_EXCHANGE && v->state < VISITOR_LINGER)
		counter_add(counters[v->state]);
}

/* A head has one deadline, whatever the visitor takes of earlier answers meanwhile. */
static void on_deadline(void *arg)
{
	struct visitor *v = arg;

	CG_CHECK(v->magic == VISITOR_MAGIC);
	if (v->state != VISITOR_HEAD && progressed(v)) {
		visitor_wait(v, v->server->parts.config->timeouts.body);
		return;
	}
	if (speaks_h2(v)) {
		visitor_h2_expired(v);
		return;
	}
	count_deadline(v);
	v->linger_dirty |= v->state == VISITOR_CLOSING;
	switch (v->state) {
	case VISITOR_EXCHANGE:
		exchange_timeout(v->channel.exchange);
		break;
	case VISITOR_HEAD:
		if (!exchange_head_slow(&v->channel))
			visitor_destroy(v);
		break;
	default:
		visitor_destroy(v);
		break;
	}
}

void visitor_drain(struct visitor *v)
{
	if (speaks_h2(v)) {
		visitor_h2_drain(v);
		return;
	}
	if (v->state != VISITOR_IDLE || v->channel.in.n || stream_queued(&v->stream))
		return;
	/* Who has just connected cannot know better than to send a request: it is answered, then told. */
	if (v->requests == 0) {
		visitor_wait(v, FIRST_REQUEST_MS);
		return;
	}
	v->linger = true;
	visitor_close(v);
}

/* -- beginning ----------------------------------------------------------------------------------------------------- */

static void set_peer(struct visitor *v, const struct sockaddr *peer, socklen_t len)
{
	const void *address = &v->peer.v4.sin_addr;

	memcpy(&v->peer, peer, len < sizeof v->peer ? len : sizeof v->peer);
	if (v->peer.any.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v->peer.v6.sin6_addr)) {
		struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = v->peer.v6.sin6_port};

		memcpy(&v4.sin_addr, v->peer.v6.sin6_addr.s6_addr + 12, 4);
		v->peer.v4 = v4;
	} else if (v->peer.any.sa_family == AF_INET6) {
		address = &v->peer.v6.sin6_addr;
	}
	if (!inet_ntop(v->peer.any.sa_family, address, v->address, sizeof v->address))
		v->address[0] = '\0';
}

static bool begin(struct visitor *v, int fd)
{
	const struct config *c = v->server->parts.config;
	SSL *ssl;

	deadline_init(&v->deadline, v->server->io.base, on_deadline, v);
	if (!stream_open(&v->stream, &v->server->io, fd, on_stream, v))
		return false;
	if (!v->listen->tls) {
		secured(v);
		return true;
	}
	ssl = tls_server_accept(v->server->parts.tls, fd);
	if (!ssl) {
		stream_close(&v->stream, false);
		return false;
	}
	v->state = VISITOR_HANDSHAKE;
	visitor_wait(v, c->timeouts.handshake);
	stream_handshake(&v->stream, ssl, false);
	return true;
}

void visitor_accept(void *arg, int fd, const struct sockaddr *peer, socklen_t len)
{
	struct listening *l = arg;
	struct server *s = l->server;
	const struct config *c = s->parts.config;
	struct visitor *v = calloc(1, sizeof *v);

	if (!v) {
		close(fd);
		return;
	}
	v->magic = VISITOR_MAGIC;
	v->server = s;
	v->listen = l->config;
	v->channel.ops = &channel_h1;
	v->channel.visitor = v;
	buffer_init(&v->channel.in, c->limits.h1.head + 3 * (size_t)IO_SCRATCH);
	set_peer(v, peer, len);
	if (!admission_enter(v)) {
		close(fd);
		free(v);
		return;
	}
	if (!begin(v, fd)) {
		admission_leave(v);
		deadline_free(&v->deadline);
		free(v);
		return;
	}
	v->next = s->visitors;
	if (v->next)
		v->next->prev = v;
	s->visitors = v;
	s->n_visitors++;
	room_set(v, &s->waiting);
	room_make(s);
}
