#include "proxy/io/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "proxy/io/acked.h"
#include "proxy/io/deadline.h"

#define WRITEV_BLOCKS 8
#define MARK_MS	      1000

static bool arm_write(struct stream *s)
{
	if (!s->writing)
		s->writing = event_add(&s->ev_write, NULL) == 0;
	return s->writing;
}

static void disarm_write(struct stream *s)
{
	if (s->writing)
		event_del(&s->ev_write);
	s->writing = false;
}

static void tell(struct stream *s, enum stream_event event)
{
	s->handler(s->arg, event);
}

static void watch_input(struct stream *s)
{
	if (!s->refused && event_add(&s->ev_read, NULL) == 0)
		return;
	s->refused = true;
	event_active(&s->ev_read, EV_READ, 0);
}

static void announce_pending(struct stream *s)
{
	if (s->state == STREAM_OPEN && s->reading && s->more)
		event_active(&s->ev_read, EV_READ, 0);
}

/* -- handshake and connecting -------------------------------------------------------------------------------------- */

static void fail(struct stream *s, int error)
{
	s->error = error;
	disarm_write(s);
	stream_pause(s);
	tell(s, STREAM_FAILED);
}

static void go_on_handshake(struct stream *s)
{
	switch (tls_handshake(s->ssl)) {
	case TLS_OK:
		disarm_write(s);
		s->state = STREAM_OPEN;
		s->more = tls_has_pending(s->ssl);
		tell(s, STREAM_SECURED);
		/* Where a request is here already the tickets leave with its answer. */
		if (s->state == STREAM_OPEN && !s->more)
			tls_send_held(s->ssl);
		announce_pending(s);
		break;
	case TLS_WANT_READ:
		disarm_write(s);
		break;
	case TLS_WANT_WRITE:
		if (!arm_write(s))
			fail(s, ENOMEM);
		break;
	case TLS_CLOSED:
		fail(s, ECONNRESET);
		break;
	case TLS_FAILED:
		fail(s, 0);
		break;
	}
}

static void finish_connecting(struct stream *s)
{
	int error = 0;
	socklen_t len = sizeof error;

	disarm_write(s);
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error) {
		fail(s, error);
		return;
	}
	s->state = STREAM_OPEN;
	stream_resume(s);
	if (s->refused)
		fail(s, ENOMEM);
	else
		tell(s, STREAM_CONNECTED);
}

/* -- events -------------------------------------------------------------------------------------------------------- */

static enum stream_result flush_now(struct stream *s, bool more);

static void flush_from_loop(struct stream *s)
{
	switch (flush_now(s, false)) {
	case STREAM_OK:
		tell(s, STREAM_DRAINED);
		break;
	case STREAM_ERROR:
		tell(s, STREAM_WRITE_FAILED);
		break;
	case STREAM_AGAIN:
	case STREAM_EOF:
		break;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd;
	(void)what;
	if (s->state == STREAM_HANDSHAKE) {
		go_on_handshake(s);
		return;
	}
	if (s->write_wants_read) {
		s->write_wants_read = false;
		if (s->out.n)
			flush_from_loop(s);
	}
	if (s->state == STREAM_OPEN && s->reading)
		tell(s, STREAM_READABLE);
	announce_pending(s);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd;
	(void)what;
	if (s->state == STREAM_CONNECTING) {
		finish_connecting(s);
		return;
	}
	if (s->state == STREAM_HANDSHAKE) {
		go_on_handshake(s);
		return;
	}
	if (s->out.n)
		flush_from_loop(s);
	else
		disarm_write(s);
	if (s->state == STREAM_OPEN && s->read_wants_write) {
		s->read_wants_write = false;
		if (s->reading)
			watch_input(s);
		if (s->reading)
			tell(s, STREAM_READABLE);
		announce_pending(s);
	}
}

static void assign(struct stream *s, struct io *io, int fd, stream_handler handler, void *arg)
{
	*s = (struct stream){.io = io, .fd = fd, .handler = handler, .arg = arg, .state = STREAM_OPEN};
	event_assign(&s->ev_read, io->base, fd, EV_READ | EV_PERSIST, on_readable, s);
	event_assign(&s->ev_write, io->base, fd, EV_WRITE | EV_PERSIST, on_writable, s);
}

bool stream_open(struct stream *s, struct io *io, int fd, stream_handler handler, void *arg)
{
	assign(s, io, fd, handler, arg);
	stream_resume(s);
	if (!s->refused)
		return true;
	stream_close(s, false);
	return false;
}

bool stream_connect(struct stream *s, struct io *io, const struct sockaddr *addr, socklen_t len, stream_handler handler,
		    void *arg)
{
	int fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assign(s, io, fd, handler, arg);
	if (fd != -1)
		io_socket_options(fd);
	if (fd == -1 || (connect(fd, addr, len) == -1 && errno != EINPROGRESS && errno != EINTR)) {
		s->error = errno;
		stream_close(s, false);
		return false;
	}
	s->state = STREAM_CONNECTING;
	if (arm_write(s))
		return true;
	s->error = ENOMEM;
	stream_close(s, false);
	return false;
}

void stream_handshake(struct stream *s, SSL *ssl, bool as_client)
{
	s->ssl = ssl;
	s->state = STREAM_HANDSHAKE;
	/* The ClientHello leaves from the loop, or is there already: the kernel waits for it before it accepts. */
	event_active(as_client ? &s->ev_write : &s->ev_read, as_client ? EV_WRITE : EV_READ, 0);
}

void stream_tell(struct stream *s, struct slice octets)
{
	(void)!send(s->fd, octets.p, octets.n, MSG_NOSIGNAL);
}

/* -- reading ------------------------------------------------------------------------------------------------------- */

static enum stream_result read_plain(struct stream *s, void *buf, size_t size, size_t *n)
{
	ssize_t r = recv(s->fd, buf, size, 0);

	if (r > 0) {
		*n = (size_t)r;
		return STREAM_OK;
	}
	if (r == 0)
		return STREAM_EOF;
	if (errno == EAGAIN || errno == EINTR)
		return STREAM_AGAIN;
	s->error = errno;
	return STREAM_ERROR;
}

static enum stream_result read_tls(struct stream *s, void *buf, size_t size, size_t *n)
{
	bool clean = false;

	s->more = false;
	switch (tls_read(s->ssl, buf, size, n, &clean)) {
	case TLS_OK:
		s->more = tls_has_pending(s->ssl);
		return STREAM_OK;
	case TLS_WANT_READ:
		return STREAM_AGAIN;
	case TLS_WANT_WRITE:
		/* What lies in the socket cannot be read before: no more events of it, or the loop would spin. */
		s->read_wants_write = true;
		event_del(&s->ev_read);
		if (arm_write(s))
			return STREAM_AGAIN;
		s->error = ENOMEM;
		return STREAM_ERROR;
	case TLS_CLOSED:
		s->unclean_eof = !clean;
		return STREAM_EOF;
	case TLS_FAILED:
		break;
	}
	s->error = 0;
	return STREAM_ERROR;
}

enum stream_result stream_read(struct stream *s, void *buf, size_t size, size_t *n)
{
	CG_CHECK(s->state == STREAM_OPEN);
	*n = 0;
	if (s->refused) {
		s->error = ENOMEM;
		return STREAM_ERROR;
	}
	return s->ssl ? read_tls(s, buf, size, n) : read_plain(s, buf, size, n);
}

/* An event that has happened and waits for its turn in the loop is news, too. */
bool stream_has_input(const struct stream *s)
{
	return s->more || (s->ev_read.ev_evcallback.evcb_flags & EVLIST_ACTIVE);
}

void stream_pause(struct stream *s)
{
	if (s->reading)
		event_del(&s->ev_read);
	s->reading = false;
}

void stream_resume(struct stream *s)
{
	if (s->reading || s->fd == -1)
		return;
	s->reading = true;
	watch_input(s);
	announce_pending(s);
}

/* -- writing ------------------------------------------------------------------------------------------------------- */

static enum stream_result send_plain(struct stream *s, struct iovec *iov, size_t count, bool more, size_t *n)
{
	const struct msghdr m = {.msg_iov = iov, .msg_iovlen = count};
	int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
	ssize_t r = count == 1 ? send(s->fd, iov->iov_base, iov->iov_len, flags) : sendmsg(s->fd, &m, flags);

	s->corked = more;
	if (r >= 0) {
		*n = (size_t)r;
		return STREAM_OK;
	}
	s->error = errno;
	if (s->error != EAGAIN && s->error != EINTR)
		return STREAM_ERROR;
	if (arm_write(s))
		return STREAM_AGAIN;
	s->error = ENOMEM;
	return STREAM_ERROR;
}

static enum stream_result send_tls(struct stream *s, const void *p, size_t size, bool more, size_t *n)
{
	tls_more(s->ssl, more);
	s->corked = more;
	switch (tls_write(s->ssl, p, size, n)) {
	case TLS_OK:
		return STREAM_OK;
	case TLS_WANT_WRITE:
		if (arm_write(s))
			return STREAM_AGAIN;
		s->error = ENOMEM;
		return STREAM_ERROR;
	case TLS_WANT_READ:
		s->write_wants_read = true;
		return STREAM_AGAIN;
	case TLS_CLOSED:
		s->error = EPIPE;
		return STREAM_ERROR;
	case TLS_FAILED:
		break;
	}
	s->error = 0;
	return STREAM_ERROR;
}

static enum stream_result send_queue(struct stream *s, bool more, size_t *n)
{
	struct slice front = io_queue_front(&s->out);
	struct iovec iov[WRITEV_BLOCKS];
	size_t count = 0;

	if (s->ssl)
		return send_tls(s, front.p, front.n, more || s->out.head->next, n);
	for (struct io_block *b = s->out.head; b && count < WRITEV_BLOCKS; b = b->next)
		iov[count++] = (struct iovec){b->data + b->start, b->end - b->start};
	return send_plain(s, iov, count, more, n);
}

static enum stream_result write_failure(struct stream *s)
{
	s->write_failed = true;
	io_queue_clear(&s->out, s->io);
	disarm_write(s);
	return STREAM_ERROR;
}

/* more: whoever writes goes on, and flushes at the end: records may wait in the kernel until then. */
static enum stream_result flush_now(struct stream *s, bool more)
{
	while (s->out.head) {
		size_t n = 0;
		enum stream_result r = send_queue(s, more, &n);

		if (r == STREAM_AGAIN)
			return r;
		if (r != STREAM_OK)
			return write_failure(s);
		io_queue_consume(&s->out, s->io, n);
		s->sent += n;
	}
	disarm_write(s);
	return STREAM_OK;
}

static bool waiting(const struct stream *s)
{
	return s->writing || s->write_wants_read;
}

/* What waits in the kernel for more, of which there is none, leaves: setting the option again pushes (tcp(7)). */
static void uncork(struct stream *s)
{
	const int one = 1;

	if (s->corked)
		(void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	s->corked = false;
}

/* Who waits for the socket goes on waiting: a success here would swallow the STREAM_DRAINED that was promised. */
static enum stream_result flush(struct stream *s, bool more)
{
	if (s->write_failed)
		return STREAM_ERROR;
	if (s->out.head)
		return waiting(s) ? STREAM_AGAIN : flush_now(s, more);
	if (!more)
		uncork(s);
	return STREAM_OK;
}

enum stream_result stream_flush(struct stream *s)
{
	return flush(s, false);
}

enum stream_result stream_flush_last(struct stream *s)
{
	return flush(s, true);
}

/*
 * Sends large data without copying it. What the socket does not take stays in *data, beginning with the very octets
 * that a pending TLS record holds: they must be the next to be offered, which the queue guarantees.
 */
static bool send_direct(struct stream *s, struct slice *data)
{
	while (data->n >= IO_BLOCK) {
		struct iovec iov = {(void *)(uintptr_t)data->p, data->n};
		size_t n = 0;
		enum stream_result r = s->ssl ? send_tls(s, data->p, data->n, data->n > IO_BLOCK, &n)
					      : send_plain(s, &iov, 1, false, &n);

		if (r == STREAM_AGAIN)
			return true;
		if (r != STREAM_OK) {
			write_failure(s);
			return false;
		}
		s->sent += n;
		*data = slice_from(*data, n);
	}
	return true;
}

static bool no_memory(struct stream *s)
{
	s->error = ENOMEM;
	write_failure(s);
	return false;
}

bool stream_write(struct stream *s, struct slice data)
{
	if (s->write_failed)
		return false;
	while (data.n) {
		if (!s->out.head && !waiting(s) && data.n >= IO_BLOCK) {
			if (!send_direct(s, &data))
				return false;
			if (!data.n)
				return true;
		}
		if (!io_queue_append(&s->out, s->io, &data))
			return no_memory(s);
		if (io_queue_is_full_block(&s->out) && !waiting(s) && flush_now(s, true) == STREAM_ERROR)
			return false;
	}
	return true;
}

void stream_forget(struct stream *s)
{
	io_queue_forget(&s->out, s->io);
}

char *stream_room(struct stream *s, size_t least, size_t *n)
{
	char *room = s->write_failed ? NULL : io_queue_room(&s->out, s->io, least, n);

	if (!room && !s->write_failed)
		(void)no_memory(s);
	return room;
}

/* What stands before a new block leaves first, so that the queue stays one block long. */
bool stream_commit(struct stream *s, size_t n)
{
	if (n && s->out.spare && s->out.head && !waiting(s) && flush_now(s, true) == STREAM_ERROR)
		return false;
	io_queue_commit(&s->out, s->io, n);
	return !io_queue_is_full_block(&s->out) || waiting(s) || flush_now(s, true) != STREAM_ERROR;
}

/* -- how the peer takes it ----------------------------------------------------------------------------------------- */

static void take_stock(struct stream *s, int64_t now)
{
	s->taken_ms = now;
	if (!acked(s->fd, &s->taken))
		s->taken = s->sent;
}

void stream_mark(struct stream *s)
{
	int64_t now;

	if (s->out.n == 0)
		return;
	now = io_now_ms();
	if (now - s->taken_ms >= MARK_MS)
		take_stock(s, now);
}

bool stream_took(struct stream *s, uint64_t least)
{
	uint64_t before = s->taken;

	if (s->out.n == 0)
		return false;
	take_stock(s, io_now_ms());
	return s->taken - before >= least;
}

size_t stream_unacknowledged(const struct stream *s)
{
	return s->fd == -1 ? 0 : not_acked(s->fd);
}

/* -- ending -------------------------------------------------------------------------------------------------------- */

void stream_abandon(struct stream *s)
{
	if (s->fd != -1)
		(void)shutdown(s->fd, SHUT_WR);
}

/*
 * The FIN takes along what waits in the kernel, so that all of the end is one segment. A close alone would not do:
 * where something unread has come it resets the connection, and what waited is lost.
 */
void stream_shutdown(struct stream *s)
{
	if (s->ssl && s->state == STREAM_OPEN && !s->write_failed) {
		tls_more(s->ssl, true);
		tls_shutdown(s->ssl);
	}
	stream_abandon(s);
}

void stream_close(struct stream *s, bool reset)
{
	struct linger hard = {.l_onoff = 1};

	if (s->state == STREAM_CLOSED)
		return;
	s->state = STREAM_CLOSED;
	event_del(&s->ev_read); /* also what is active without being armed */
	event_del(&s->ev_write);
	s->reading = s->writing = false;
	io_queue_clear(&s->out, s->io);
	tls_free(s->ssl);
	s->ssl = NULL;
	if (s->fd == -1)
		return;
	if (reset)
		(void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	close(s->fd);
	s->fd = -1;
}

const char *stream_error(const struct stream *s)
{
	if (s->error)
		return strerror(s->error);
	return s->ssl ? tls_error(s->ssl) : "no error";
}
