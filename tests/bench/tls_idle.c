/*
 * What an idle TLS connection costs the serving process: tls_idle [CONNECTIONS [12]]. A child plays the visitors, so
 * that the resident memory measured is the server's alone; each connection passes one request and one answer of 4 KB
 * before it idles. With 12: TLS 1.2.
 */
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/tls/slab.h"
#include "tests/support/tls_site.h"

#define ANSWER 4096

/* -- the visitors' process --------------------------------------------------------------------------------------- */

static void visit(SSL_CTX *ctx, int fd)
{
	char answer[ANSWER];
	size_t n, got = 0;
	SSL *ssl = tls_site_visitor(ctx, fd);

	if (SSL_connect(ssl) != 1 || SSL_write(ssl, "request", 7) != 7)
		tls_site_die("a visitor's handshake failed");
	while (got < sizeof answer) {
		if (SSL_read_ex(ssl, answer, sizeof answer - got, &n) != 1)
			tls_site_die("a visitor got no answer");
		got += n;
	}
	/* The connection stays open: neither it nor the socket is freed. */
}

static _Noreturn void visitors(const int *fds, size_t n, int version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	char end;

	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_max_proto_version(ctx, version);
	for (size_t i = 0; i < n; i++)
		visit(ctx, fds[i]);
	_exit(read(fds[0], &end, 1) == 0 ? 0 : 1); /* until the server closes */
}

/* -- the server's ------------------------------------------------------------------------------------------------ */

static size_t resident(void)
{
	unsigned long size, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%lu %lu", &size, &pages) != 2)
		tls_site_die("there is no /proc/self/statm");
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Blocking sockets: a call waits once for what it reads, and returns for more. */
static SSL *serve(struct tls_server *t, int fd)
{
	static char answer[ANSWER];
	SSL *ssl = tls_server_accept(t, fd);
	enum tls_result r = ssl ? TLS_WANT_READ : TLS_FAILED;
	char request[16384];
	bool clean;
	size_t n;

	while (r == TLS_WANT_READ)
		r = tls_handshake(ssl);
	for (n = 0; r == TLS_OK && n == 0;) {
		r = tls_read(ssl, request, 7, &n, &clean);
		r = r == TLS_WANT_READ ? TLS_OK : r;
	}
	if (r != TLS_OK || tls_write(ssl, answer, sizeof answer, &n) != TLS_OK || n != sizeof answer)
		tls_site_die(ssl ? tls_error(ssl) : "memory ran out");
	return ssl;
}

static void make_pairs(int *ours, int *theirs, size_t n)
{
	struct rlimit limit = {2 * n + 64, 2 * n + 64};

	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		tls_site_die("that many files cannot be open: raise ulimit -n");
	for (size_t i = 0; i < n; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
			tls_site_die("socketpair failed");
		ours[i] = pair[0];
		theirs[i] = pair[1];
	}
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000, before, in_slabs;
	int *ours = calloc(n, sizeof *ours), *theirs = calloc(n, sizeof *theirs), status;
	SSL **ssl = calloc(n, sizeof(SSL *));
	struct tls_site site;
	pid_t child;

	make_pairs(ours, theirs, n);
	child = fork();
	if (child == 0) {
		for (size_t i = 0; i < n; i++)
			close(ours[i]);
		visitors(theirs, n, argc > 2 ? TLS1_2_VERSION : TLS1_3_VERSION);
	}
	for (size_t i = 0; i < n; i++)
		close(theirs[i]);
	(void)tls_use_slabs(); /* as in a worker */
	tls_site_open(&site);
	tls_free(serve(site.server, ours[0])); /* what only the first one costs */
	before = resident();
	in_slabs = slab_state().used;
	for (size_t i = 1; i < n; i++)
		ssl[i] = serve(site.server, ours[i]);
	printf("%zu connections, %s: %.1f KiB resident each, %.1f KiB of slabs\n", n - 1, tls_version(ssl[n - 1]),
	       (double)(resident() - before) / 1024 / (double)(n - 1),
	       (double)(slab_state().used - in_slabs) / 1024 / (double)(n - 1));
	for (size_t i = 0; i < n; i++) {
		tls_free(ssl[i]);
		close(ours[i]);
	}
	waitpid(child, &status, 0);
	tls_site_close(&site);
	free(ours);
	free(theirs);
	free(ssl);
	return 0;
}
