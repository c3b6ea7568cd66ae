#include "proxy/command/peer.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

void peer_init(struct peer *p, int fd, SSL *ssl, bool reads_request, struct arena *arena)
{
	*p = (struct peer){
		.fd = fd, .ssl = ssl, .reads_request = reads_request, .arena = arena, .wants = POLLIN | POLLOUT};
	buffer_init(&p->out, PEER_MESSAGE_MAX);
	buffer_init(&p->in, PEER_MESSAGE_MAX);
	buffer_init(&p->body, PEER_MESSAGE_MAX);
}

void peer_close(struct peer *p)
{
	if (p->has_head)
		h1_body_free(&p->reader);
	p->has_head = false;
	SSL_free(p->ssl);
	p->ssl = NULL;
	if (p->fd != -1)
		(void)close(p->fd);
	p->fd = -1;
	buffer_free(&p->out);
	buffer_free(&p->in);
	buffer_free(&p->body);
}

static void fail(struct peer *p, const char *why)
{
	if (!p->failed)
		p->why = why;
	p->failed = true;
}

/* -- octets -------------------------------------------------------------------------------------------------------- */

/* What OpenSSL asks for after a call that gave n; true if it can go on later. */
static bool tls_waits(struct peer *p, int n, short *wants)
{
	switch (SSL_get_error(p->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		*wants = POLLIN;
		return true;
	case SSL_ERROR_WANT_WRITE:
		*wants = POLLOUT;
		return true;
	default:
		return false;
	}
}

static const char *tls_why(const struct peer *p)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());
	long verify = SSL_get_verify_result(p->ssl);

	if (verify != X509_V_OK && SSL_get_verify_mode(p->ssl) != SSL_VERIFY_NONE)
		return X509_verify_cert_error_string(verify);
	if (!why && errno)
		return strerror(errno);
	return why ? why : "the TLS connection broke";
}

/*
 * True once octets can pass. The handshake is a step of its own: were it left to SSL_read() it might end there, after
 * SSL_write() had asked for input that then never comes.
 */
static bool shake_hands(struct peer *p)
{
	short wants = 0;
	int n;

	if (!p->ssl || SSL_is_init_finished(p->ssl))
		return true;
	ERR_clear_error();
	errno = 0;
	n = SSL_do_handshake(p->ssl);
	if (n == 1)
		return true;
	if (tls_waits(p, n, &wants))
		p->wants = wants;
	else
		fail(p, tls_why(p));
	return false;
}

static bool write_some(struct peer *p)
{
	int size = p->out.n > 65536 ? 65536 : (int)p->out.n;
	ssize_t n;

	if (!p->ssl) {
		n = send(p->fd, p->out.p, (size_t)size, MSG_NOSIGNAL);
		if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
			p->wants |= POLLOUT;
			return false;
		}
	} else {
		short wants = 0;

		ERR_clear_error();
		errno = 0;
		n = SSL_write(p->ssl, p->out.p, size);
		if (n <= 0 && tls_waits(p, (int)n, &wants)) {
			p->wants |= wants;
			return false;
		}
	}
	if (n <= 0) {
		/* The answer may be there although the rest of the request is not wanted. */
		buffer_clear(&p->out);
		if (p->ssl)
			fail(p, tls_why(p));
		return false;
	}
	buffer_consume(&p->out, (size_t)n);
	return true;
}

static bool read_some(struct peer *p)
{
	char *at = buffer_reserve(&p->in, 16384);
	ssize_t n;

	if (!at) {
		fail(p, "the message is too large");
		return false;
	}
	if (!p->ssl) {
		n = recv(p->fd, at, 16384, 0);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return false;
		if (n == -1)
			fail(p, strerror(errno));
	} else {
		short wants = 0;

		ERR_clear_error();
		errno = 0;
		n = SSL_read(p->ssl, at, 16384);
		if (n <= 0 && tls_waits(p, (int)n, &wants)) {
			p->wants |= wants;
			return false;
		}
		if (n <= 0 && SSL_get_error(p->ssl, (int)n) != SSL_ERROR_ZERO_RETURN)
			fail(p, tls_why(p));
	}
	if (n <= 0) {
		p->ended = true;
		return false;
	}
	buffer_commit(&p->in, (size_t)n);
	return true;
}

/* -- messages ------------------------------------------------------------------------------------------------------ */

static enum h1_error parse_head(struct peer *p, struct slice head)
{
	struct h1_limits limits = H1_LIMITS_DEFAULT;

	if (p->reads_request)
		return h1_parse_request(head, &limits, false, p->arena, &p->request, &p->framing);
	return h1_parse_response(head, &limits, p->method, false, p->arena, &p->response, &p->framing);
}

/* True if a head was taken off the input. */
static bool read_head(struct peer *p)
{
	struct h1_limits limits = H1_LIMITS_DEFAULT;
	enum h1_error error;
	struct slice head;
	size_t length;

	switch (h1_scan(&p->scan, &limits, p->reads_request, buffer_slice(&p->in), &length)) {
	case H1_SCAN_MORE:
		return false;
	case H1_SCAN_ERROR:
		fail(p, h1_error_text(p->scan.error));
		return false;
	case H1_SCAN_END:
		break;
	}
	head = arena_copy(p->arena, slice_head(buffer_slice(&p->in), length));
	error = arena_failed(p->arena) ? H1_OK : parse_head(p, head);
	if (arena_failed(p->arena) || error != H1_OK) {
		fail(p, error == H1_OK ? "memory ran out" : h1_error_text(error));
		return false;
	}
	buffer_consume(&p->in, length);
	p->scan = (struct h1_scan){0};
	if (!p->reads_request && p->response.status < 200 && p->response.status != 101) {
		p->hinted |= p->response.status == 103;
		if (p->response.status == 103)
			p->hints = p->response;
		return true; /* an interim response: the final one follows */
	}
	h1_body_init(&p->reader, &p->framing, &limits, p->arena);
	p->has_head = true;
	return true;
}

static void read_body(struct peer *p)
{
	struct slice in = buffer_slice(&p->in), data;
	enum h1_body_result r;

	while ((r = h1_body_read(&p->reader, &in, &data)) == H1_BODY_DATA)
		if (!buffer_add(&p->body, data)) {
			fail(p, "the body is too large");
			return;
		}
	buffer_consume(&p->in, p->in.n - in.n);
	if (r == H1_BODY_MORE && p->ended)
		r = h1_body_eof(&p->reader);
	if (r == H1_BODY_END)
		p->complete = true;
	else if (r == H1_BODY_ERROR)
		fail(p, h1_error_text(p->reader.error));
}

static void read_message(struct peer *p)
{
	while (!p->has_head && !p->failed && read_head(p))
		;
	if (p->has_head && !p->failed)
		read_body(p);
	if (p->ended && !p->complete)
		fail(p, p->has_head ? "the message was cut off" : "the connection was closed without an answer");
}

void peer_step(struct peer *p)
{
	p->wants = POLLIN;
	if (!shake_hands(p))
		return;
	while (p->out.n && write_some(p))
		;
	while (!p->ended && !p->failed && read_some(p))
		;
	if (!p->complete && (!p->failed || p->in.n)) {
		p->failed = false;
		read_message(p);
	}
}
