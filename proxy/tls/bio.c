/*
 * The socket under a TLS connection. OpenSSL's own socket BIO cannot be told that more follows: each record would make
 * a segment of its own, and wake the peer.
 */
#include <errno.h>
#include <openssl/bio.h>
#include <sys/socket.h>

#include "proxy/tls/internal.h"

/* The BIO's data: the descriptor, and whether what is written next is followed by more at once. */
static intptr_t pack(int fd, bool more)
{
	return (intptr_t)fd << 1 | more;
}

static int fd_of(BIO *b)
{
	return (int)((intptr_t)BIO_get_data(b) >> 1);
}

static bool is_more(BIO *b)
{
	return (intptr_t)BIO_get_data(b) & 1;
}

static bool may_retry(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int bio_write(BIO *b, const char *p, int n)
{
	ssize_t r = send(fd_of(b), p, (size_t)n, MSG_NOSIGNAL | (is_more(b) ? MSG_MORE : 0));

	BIO_clear_retry_flags(b);
	if (r < 0 && may_retry())
		BIO_set_retry_write(b);
	return (int)r;
}

static int bio_read(BIO *b, char *p, int n)
{
	ssize_t r = recv(fd_of(b), p, (size_t)n, 0);

	BIO_clear_retry_flags(b);
	if (r < 0 && may_retry())
		BIO_set_retry_read(b);
	if (r == 0)
		BIO_set_flags(b, BIO_FLAGS_IN_EOF);
	return (int)r;
}

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

static BIO_METHOD *socket_method(void)
{
	static BIO_METHOD *method;

	if (method)
		return method;
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
	if (method && BIO_meth_set_write(method, bio_write) && BIO_meth_set_read(method, bio_read) &&
	    BIO_meth_set_ctrl(method, bio_ctrl))
		return method;
	BIO_meth_free(method);
	method = NULL;
	return NULL;
}

bool tls_set_socket(SSL *ssl, int fd)
{
	BIO_METHOD *method = socket_method();
	BIO *b = method ? BIO_new(method) : NULL;

	if (!b)
		return false;
	BIO_set_data(b, (void *)pack(fd, false)); /* NOLINT */
	BIO_set_init(b, 1);
	SSL_set_bio(ssl, b, b);
	return true;
}

void tls_more(SSL *ssl, bool more)
{
	BIO *b = SSL_get_rbio(ssl); /* the same; the one for writing has a buffer in front during handshakes */

	if (is_more(b) != more)
		BIO_set_data(b, (void *)pack(fd_of(b), more));
}
