#include <errno.h>
#include <openssl/err.h>

#include "proxy/tls/internal.h"

/* What a call that did not succeed means. The queue was empty before the call, so it speaks of this call alone. */
static enum tls_result outcome(SSL *ssl, int r)
{
	int saved = errno;

	switch (SSL_get_error(ssl, r)) {
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		ERR_clear_error();
		return TLS_CLOSED;
	case SSL_ERROR_SYSCALL:
		tls_note_queue(ssl, saved);
		return TLS_FAILED;
	default:
		tls_note_queue(ssl, 0);
		return TLS_FAILED;
	}
}

/* Nearly always the queue is empty, which is seen in a tenth of the time that clearing it takes. */
static void clear_errors(void)
{
	if (ERR_peek_error())
		ERR_clear_error();
}

static void begin(SSL *ssl)
{
	clear_errors();
	errno = 0;
	tls_begin_turn(ssl);
}

enum tls_result tls_handshake(SSL *ssl)
{
	int r;

	if (tls_has_failed(ssl))
		return TLS_FAILED;
	begin(ssl);
	r = SSL_do_handshake(ssl);
	return r == 1 ? TLS_OK : outcome(ssl, r);
}

/*
 * One call takes all the records that were read ahead, as far as there is room. What ends the loop after the first
 * record is met again by the next call: close_notify and EOF stay in the SSL object, a failure in its text.
 */
enum tls_result tls_read(SSL *ssl, void *buf, size_t size, size_t *n, bool *clean)
{
	enum tls_result result = TLS_OK;
	size_t got;
	int r;

	*n = 0;
	*clean = false;
	if (tls_has_failed(ssl))
		return TLS_FAILED;
	begin(ssl);
	do {
		r = SSL_read_ex(ssl, (char *)buf + *n, size - *n, &got);
		if (r == 1)
			*n += got;
		else
			result = outcome(ssl, r);
	} while (r == 1 && *n < size && SSL_has_pending(ssl));
	if (*n > 0)
		return TLS_OK;
	/* SSL_OP_IGNORE_UNEXPECTED_EOF reports both ends alike; only the dirty one comes from the socket's EOF, since
	 * nothing is read from the socket once close_notify is there. */
	*clean = result == TLS_CLOSED && !BIO_eof(SSL_get_rbio(ssl));
	return result;
}

enum tls_result tls_write(SSL *ssl, const void *buf, size_t size, size_t *n)
{
	int r;

	*n = 0;
	if (tls_has_failed(ssl))
		return TLS_FAILED;
	begin(ssl);
	r = SSL_write_ex(ssl, buf, size, n);
	if (r == 1)
		return TLS_OK;
	/* The socket takes no more, but what the peer said before it closed can still be read. */
	if (SSL_get_error(ssl, r) == SSL_ERROR_SYSCALL) {
		ERR_clear_error();
		return TLS_CLOSED;
	}
	return outcome(ssl, r);
}

/* The end counts, too: its record may have been read with the data before it, and the socket then stays silent. */
bool tls_has_pending(const SSL *ssl)
{
	return SSL_has_pending(ssl) == 1 || (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) || tls_has_failed(ssl);
}

void tls_shutdown(SSL *ssl)
{
	if (tls_has_failed(ssl) || !SSL_is_init_finished(ssl) || (SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN))
		return;
	begin(ssl);
	(void)SSL_shutdown(ssl);
	clear_errors();
}

void tls_free(SSL *ssl)
{
	if (!ssl)
		return;
	/* A connection that ends without close_notify is no reason to forget its session. */
	if (!tls_has_failed(ssl))
		SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(ssl);
	clear_errors();
}

const char *tls_version(const SSL *ssl)
{
	return SSL_is_init_finished(ssl) ? SSL_get_version(ssl) : NULL;
}

bool tls_resumed(const SSL *ssl)
{
	return SSL_session_reused(ssl) == 1;
}
