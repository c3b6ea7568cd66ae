/* The harness's end of a conversation over TLS, whenever what the other end sent arrives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "proxy/command/peer.h"
#include "tests/support/files.h"
#include "tests/support/slice_assert.h"

struct wire {
	BIO *to_client, *to_server;
	bool late; /* what is there for the client is seen by its next but one attempt to read */
	bool eof;
	char request[1024];
	int n;
};

static int wire_read(BIO *b, char *p, int n)
{
	struct wire *w = BIO_get_data(b);
	bool late = w->late;

	w->late = false;
	BIO_clear_retry_flags(b);
	if (!late && BIO_pending(w->to_client))
		return BIO_read(w->to_client, p, n);
	if (!late && w->eof)
		return 0;
	BIO_set_retry_read(b);
	return -1;
}

static int wire_write(BIO *b, const char *p, int n)
{
	BIO_clear_retry_flags(b);
	return BIO_write(((struct wire *)BIO_get_data(b))->to_server, p, n);
}

static long wire_control(BIO *b, int command, long n, void *p)
{
	(void)b, (void)n, (void)p;
	return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *wire_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");

	assert_non_null(m);
	BIO_meth_set_read(m, wire_read);
	BIO_meth_set_write(m, wire_write);
	BIO_meth_set_ctrl(m, wire_control);
	return m;
}

static SSL_CTX *server_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	struct slice chain, key;
	struct files files;
	EVP_PKEY *pkey;
	X509 *x509;
	BIO *b;

	files_init(&files);
	files_make(&files, "a", "a.example");
	chain = files_get(&files, "a.pem");
	key = files_get(&files, "a.key");
	b = BIO_new_mem_buf(chain.p, (int)chain.n);
	x509 = PEM_read_bio_X509(b, NULL, NULL, NULL);
	BIO_free(b);
	b = BIO_new_mem_buf(key.p, (int)key.n);
	pkey = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);
	BIO_free(b);
	assert_int_equal(SSL_CTX_use_certificate(ctx, x509), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, pkey), 1);
	assert_int_equal(SSL_CTX_set_num_tickets(ctx, 0), 1); /* nothing comes but what is asked for */
	X509_free(x509);
	EVP_PKEY_free(pkey);
	files_free(&files);
	return ctx;
}

/* Answers once the request is there. */
static void step_server(SSL *server, struct wire *w)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
	int n = SSL_read(server, w->request + w->n, (int)sizeof w->request - w->n);

	if (n <= 0)
		return;
	w->n += n;
	if (slice_ends_with(slice_of(w->request, (size_t)w->n), SLICE("\r\n\r\n")))
		assert_int_equal(SSL_write(server, answer, sizeof answer - 1), sizeof answer - 1);
}

struct conversation {
	struct wire wire;
	struct arena arena;
	struct peer peer;
	BIO_METHOD *method;
	SSL_CTX *client_ctx, *server_ctx;
	SSL *server;
};

static void begin(struct conversation *c)
{
	SSL *client;
	BIO *b;

	*c = (struct conversation){.method = wire_method(), .client_ctx = SSL_CTX_new(TLS_client_method())};
	c->server_ctx = server_context();
	c->wire.to_client = BIO_new(BIO_s_mem());
	c->wire.to_server = BIO_new(BIO_s_mem());
	c->server = SSL_new(c->server_ctx);
	SSL_set_bio(c->server, c->wire.to_server, c->wire.to_client);
	SSL_set_accept_state(c->server);
	client = SSL_new(c->client_ctx);
	b = BIO_new(c->method);
	BIO_set_data(b, &c->wire);
	BIO_set_init(b, 1);
	SSL_set_bio(client, b, b);
	SSL_set_connect_state(client);
	arena_init(&c->arena, 0, 1 << 20);
	peer_init(&c->peer, -1, client, false, &c->arena);
	c->peer.method = SLICE("GET");
	assert_true(buffer_add(&c->peer.out, SLICE("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")));
}

static void end(struct conversation *c)
{
	peer_close(&c->peer);
	SSL_free(c->server);
	SSL_CTX_free(c->server_ctx);
	SSL_CTX_free(c->client_ctx);
	BIO_meth_free(c->method);
	arena_free(&c->arena);
}

/* As a loop over poll() would: a step when there is what the peer waits for. `late`: at which step input is late. */
static void converse(struct conversation *c, int late)
{
	for (int i = 0; i < 20 && !c->peer.complete && !c->peer.failed; i++) {
		if (i && !(c->peer.wants & POLLOUT) && !BIO_pending(c->wire.to_client) && !c->wire.eof)
			fail_msg("step %d, late at %d: the peer waits for ever", i, late);
		c->wire.late = i == late;
		peer_step(&c->peer);
		c->wire.late = false;
		step_server(c->server, &c->wire);
	}
}

static void test_late_input(void **state)
{
	(void)state;
	for (int late = 0; late < 6; late++) {
		struct conversation c;

		begin(&c);
		converse(&c, late);
		assert_false(c.peer.failed);
		assert_true(c.peer.complete);
		assert_slice(buffer_slice(&c.peer.body), "hello");
		end(&c);
	}
}

/* Who does not verify is not told of certificates. */
static void test_why(void **state)
{
	(void)state;
	for (int verifies = 0; verifies < 2; verifies++) {
		struct conversation c;

		begin(&c);
		SSL_set_verify(c.peer.ssl, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
		peer_step(&c.peer);
		step_server(c.server, &c.wire);
		peer_step(&c.peer);
		c.wire.eof = true;
		(void)BIO_reset(c.wire.to_client);
		peer_step(&c.peer);
		assert_true(c.peer.failed);
		assert_string_equal(c.peer.why,
				    verifies ? "unable to get local issuer certificate" : "the TLS connection broke");
		end(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_late_input), cmocka_unit_test(test_why)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
