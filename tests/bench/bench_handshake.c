/*
 * What a TLS connection costs the serving process besides the sockets: bench_handshake [CONNECTIONS [full|resume
 * [12]]]. Each is a handshake, a request, an answer of 1 KB and the end; both sides are in this process, but only the
 * server's steps are counted. For instructions instead of time: valgrind --tool=callgrind --toggle-collect='serve_*'
 * tests/bench/bench_handshake 200 resume
 */
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proxy/tls/slab.h"
#include "tests/support/tls_site.h"

#define ANSWER 1024

/* -- the visitor -------------------------------------------------------------------------------------------------- */

static SSL_SESSION *ticket; /* of the last connection */

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(ticket);
	ticket = session;
	return 1;
}

static SSL_CTX *visitor_context(int version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_max_proto_version(ctx, version);
	SSL_CTX_set1_groups_list(ctx, "X25519");
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_session);
	return ctx;
}

static SSL *visit(SSL_CTX *ctx, int fd, bool resume)
{
	SSL *ssl = tls_site_visitor(ctx, fd);

	if (resume && ticket) { /* a copy: one that was used is not offered again */
		SSL_SESSION *copy = SSL_SESSION_dup(ticket);

		SSL_set_session(ssl, copy);
		SSL_SESSION_free(copy);
	}
	return ssl;
}

static void take_answer(SSL *ssl)
{
	char answer[ANSWER + 1];
	size_t n = 0, got;

	while (SSL_read_ex(ssl, answer, sizeof answer, &got) == 1)
		n += got;
	if (n != ANSWER)
		tls_site_die("the visitor got no answer");
}

/* -- the server --------------------------------------------------------------------------------------------------- */

/* Not inlined: by these names callgrind is told what to count. */
__attribute__((noinline)) static SSL *serve_hello(struct tls_server *t, int fd)
{
	SSL *ssl = tls_server_accept(t, fd);

	if (ssl)
		(void)tls_handshake(ssl);
	return ssl;
}

__attribute__((noinline)) static bool serve_request(SSL *ssl)
{
	static char answer[ANSWER];
	char request[16384];
	enum tls_result r;
	bool clean;
	size_t n;

	while ((r = tls_handshake(ssl)) == TLS_WANT_READ) /* the visitor's flight may come in pieces */
		;
	if (r != TLS_OK)
		return false;
	while ((r = tls_read(ssl, request, sizeof request, &n, &clean)) == TLS_WANT_READ)
		;
	if (r != TLS_OK || tls_write(ssl, answer, sizeof answer, &n) != TLS_OK || n != sizeof answer)
		return false;
	tls_shutdown(ssl);
	return true;
}

__attribute__((noinline)) static void serve_end(SSL *ssl)
{
	tls_free(ssl);
}

/* -- both --------------------------------------------------------------------------------------------------------- */

static double cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* One connection; what the server's steps took. */
static double connection(struct tls_server *t, SSL_CTX *visitors, bool resume)
{
	double from, spent;
	SSL *ours, *theirs;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == -1)
		tls_site_die("socketpair failed");
	theirs = visit(visitors, pair[0], resume);
	(void)SSL_do_handshake(theirs);
	from = cpu_us();
	ours = serve_hello(t, pair[1]);
	spent = cpu_us() - from;
	while (SSL_do_handshake(theirs) != 1) /* TLS 1.2 needs another turn */
		if (tls_handshake(ours) == TLS_FAILED)
			tls_site_die(tls_error(ours));
	if (SSL_write(theirs, "request", 7) != 7)
		tls_site_die("the visitor could not ask");
	from = cpu_us();
	if (!serve_request(ours))
		tls_site_die(tls_error(ours));
	spent += cpu_us() - from;
	take_answer(theirs);
	if (tls_resumed(ours) != resume)
		tls_site_die(resume ? "a connection was not resumed" : "a connection was resumed");
	from = cpu_us();
	serve_end(ours);
	spent += cpu_us() - from;
	SSL_set_shutdown(theirs, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(theirs);
	close(pair[0]);
	close(pair[1]);
	return spent;
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
	bool resume = argc > 2 && argv[2][0] == 'r';
	struct tls_site site;
	SSL_CTX *visitors;
	double least = 1e9, sum = 0;

	(void)tls_use_slabs(); /* as in a worker */
	tls_site_open(&site);
	visitors = visitor_context(argc > 3 ? TLS1_2_VERSION : TLS1_3_VERSION);
	(void)connection(site.server, visitors, false); /* what only the first one costs, and the first ticket */
	for (size_t i = 0; i < n; i++) {
		double us = connection(site.server, visitors, resume);

		sum += us;
		if (us < least)
			least = us;
	}
	printf("%zu connections, %s: mean %.1f us, least %.1f us of the server's\n", n, resume ? "resumed" : "full",
	       sum / (double)(n ? n : 1), least);
	SSL_SESSION_free(ticket);
	SSL_CTX_free(visitors);
	tls_site_close(&site);
	return 0;
}
