/*
 * The socket under a TLS connection, instead of OpenSSL's own BIO for sockets, which makes more system calls and
 * segments than are needed:
 * - Tickets of TLS 1.3 are kept back, to leave with what is written next.
 * - Records that are followed by more at once may wait for it in the kernel (MSG_MORE).
 * - A read that got less than it asked for has emptied the socket: no second call in a turn to hear EAGAIN.
 */
#include <errno.h>
#include <openssl/bio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "proxy/tls/internal.h"

struct tls_socket {
	SSL *ssl;
	int fd;
	bool more;	     /* what is written next is followed by more at once */
	bool emptied;	     /* by the last read */
	unsigned char *held; /* records that leave before anything else; NULL if there are none */
	size_t n;	     /* octets of them */
};

static bool may_retry(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* -- writing ------------------------------------------------------------------------------------------------------ */

static bool hold(struct tls_socket *s, const void *p, size_t n)
{
	unsigned char *held = realloc(s->held, s->n + n);

	if (!held)
		return false;
	memcpy(held + s->n, p, n);
	s->held = held;
	s->n += n;
	return true;
}

static void drop_held(struct tls_socket *s, size_t n)
{
	s->n -= n;
	if (s->n) {
		memmove(s->held, s->held + n, s->n);
		return;
	}
	free(s->held);
	s->held = NULL;
}

/* What is held, then n octets of p: how many of p were taken, or -1 with errno. */
static ssize_t send_all(struct tls_socket *s, const void *p, size_t n)
{
	struct iovec iov[] = {{s->held, s->n}, {(void *)(uintptr_t)p, n}};
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = n ? 2 : 1};
	int flags = MSG_NOSIGNAL | (s->more ? MSG_MORE : 0);
	size_t before = s->n;
	ssize_t r;

	if (before == 0)
		return send(s->fd, p, n, flags);
	r = sendmsg(s->fd, &m, flags);
	if (r < 0)
		return r;
	if ((size_t)r >= before + (n > 0)) {
		drop_held(s, before);
		return r - (ssize_t)before;
	}
	drop_held(s, (size_t)r);
	errno = EAGAIN;
	return -1;
}

/* In TLS 1.2 the ticket is in the flight that ends the handshake, and must leave with it. */
static bool is_ticket(const SSL *ssl)
{
	return SSL_get_state(ssl) == TLS_ST_SW_SESSION_TICKET && SSL_version(ssl) == TLS1_3_VERSION;
}

static int bio_write(BIO *b, const char *p, int n)
{
	struct tls_socket *s = BIO_get_data(b);
	ssize_t r;

	BIO_clear_retry_flags(b);
	if (is_ticket(s->ssl) && hold(s, p, (size_t)n))
		return n;
	r = send_all(s, p, (size_t)n);
	if (r < 0 && may_retry())
		BIO_set_retry_write(b);
	return (int)r;
}

/* -- reading ------------------------------------------------------------------------------------------------------ */

static int bio_read(BIO *b, char *p, int n)
{
	struct tls_socket *s = BIO_get_data(b);
	ssize_t r;

	BIO_clear_retry_flags(b);
	if (s->emptied) {
		BIO_set_retry_read(b);
		return -1;
	}
	r = recv(s->fd, p, (size_t)n, 0);
	s->emptied = r > 0 && r < n;
	if (r < 0 && may_retry())
		BIO_set_retry_read(b);
	if (r == 0)
		BIO_set_flags(b, BIO_FLAGS_IN_EOF);
	return (int)r;
}

/* -- the method --------------------------------------------------------------------------------------------------- */

static long bio_ctrl(BIO *b, int command, long number, void *p)
{
	(void)number;
	(void)p;
	switch (command) {
	case BIO_CTRL_EOF:
		return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
	case BIO_CTRL_FLUSH:
	case BIO_CTRL_DUP:
		return 1;
	default:
		return 0;
	}
}

static int bio_destroy(BIO *b)
{
	struct tls_socket *s = BIO_get_data(b);

	if (s)
		free(s->held);
	free(s);
	return 1;
}

static BIO_METHOD *socket_method(void)
{
	static BIO_METHOD *method;

	if (method)
		return method;
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
	if (method && BIO_meth_set_write(method, bio_write) && BIO_meth_set_read(method, bio_read) &&
	    BIO_meth_set_ctrl(method, bio_ctrl) && BIO_meth_set_destroy(method, bio_destroy))
		return method;
	BIO_meth_free(method);
	method = NULL;
	return NULL;
}

bool tls_set_socket(SSL *ssl, int fd)
{
	BIO_METHOD *method = socket_method();
	struct tls_socket *s = calloc(1, sizeof *s);
	BIO *b = method && s ? BIO_new(method) : NULL;

	if (!b) {
		free(s);
		return false;
	}
	s->ssl = ssl;
	s->fd = fd;
	BIO_set_data(b, s);
	BIO_set_init(b, 1);
	SSL_set_bio(ssl, b, b);
	return true;
}

/* The BIO for reading is the socket's at any time; the one for writing has a buffer in front during handshakes. */
static struct tls_socket *socket_of(const SSL *ssl)
{
	return BIO_get_data(SSL_get_rbio(ssl));
}

void tls_begin_turn(SSL *ssl)
{
	socket_of(ssl)->emptied = false;
}

void tls_more(SSL *ssl, bool more)
{
	socket_of(ssl)->more = more;
}

void tls_send_held(SSL *ssl)
{
	struct tls_socket *s = socket_of(ssl);

	if (s->n)
		(void)send_all(s, NULL, 0); /* what the socket does not take stays */
}
