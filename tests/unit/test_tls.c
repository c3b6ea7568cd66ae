/* Handshakes over socket pairs: our server against OpenSSL's client, our client against our server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proxy/tls/tls.h"
#include "tests/support/alloc_fault.h"
#include "tests/support/files.h"

static struct files files;

/* -- a configuration --------------------------------------------------------------------------------------------- */

static struct config *config;
static struct config_site *sites;

static const char config_text[] = "listen *:443 tls\n"
				  "site a.example www.a.example {\n"
				  "    certificate a.pem key a.key\n"
				  "    upstream http://127.0.0.1:1\n"
				  "    rules site.rules\n"
				  "}\n"
				  "site b.example *.b.example {\n"
				  "    certificate b.pem key b.key\n"
				  "    certificate b-wild.pem key b-wild.key\n"
				  "    upstream http://127.0.0.1:1\n"
				  "    rules site.rules\n"
				  "}\n";

static void load_config(void)
{
	struct diagnostics d;

	diagnostics_init(&d);
	files_put(&files, "crumbgate.conf", slice_str(config_text));
	files_put(&files, "site.rules", SLICE("mode enforce\n"));
	config = config_load(&files.loader, &config_resolver_system, SLICE("crumbgate.conf"), &d);
	if (!config)
		fail_msg("%.*s", SLICE_ARG(d.v[0].message));
	sites = config->sites;
	diagnostics_free(&d);
}

static struct tls_server *server_new(void)
{
	struct diagnostics d;
	struct tls_server *t;

	diagnostics_init(&d);
	t = tls_server_new(config, &files.loader, &d);
	assert_int_equal(d.n, 0);
	diagnostics_free(&d);
	assert_non_null(t);
	return t;
}

static int set_up(void **state)
{
	(void)state;
	files_init(&files);
	files_make(&files, "a", "a.example www.a.example");
	files_make(&files, "b", "b.example");
	files_make(&files, "b-wild", "*.b.example");
	load_config();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	config_free(config);
	files_free(&files);
	return 0;
}

/* -- a visitor --------------------------------------------------------------------------------------------------- */

struct visitor {
	const char *sni;     /* NULL: none */
	int version;	     /* the only one offered; 0: any */
	const char *alpn;    /* in wire form; NULL: none */
	SSL_SESSION *resume; /* to offer; not owned */
	const char *ciphersuites;
};

struct pair {
	int fd[2];
	SSL_CTX *ctx;
	SSL *visitor;
	SSL *server;
	SSL_SESSION *session; /* the newest that the visitor was given; owned */
	enum tls_result result;
};

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct pair *p = SSL_get_app_data(ssl);

	SSL_SESSION_free(p->session);
	p->session = session;
	return 1;
}

static SSL *visitor_new(struct pair *p, const struct visitor *v)
{
	p->ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_security_level(p->ctx, 0); /* so that it can offer what the server must refuse */
	SSL_CTX_set_session_cache_mode(p->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(p->ctx, on_session);
	if (v->version) {
		SSL_CTX_set_min_proto_version(p->ctx, v->version);
		SSL_CTX_set_max_proto_version(p->ctx, v->version);
	}
	if (v->ciphersuites)
		SSL_CTX_set_ciphersuites(p->ctx, v->ciphersuites);
	p->visitor = SSL_new(p->ctx);
	SSL_set_app_data(p->visitor, p);
	SSL_set_fd(p->visitor, p->fd[0]);
	if (v->sni)
		SSL_set_tlsext_host_name(p->visitor, v->sni);
	if (v->alpn)
		SSL_set_alpn_protos(p->visitor, (const unsigned char *)v->alpn, (unsigned)strlen(v->alpn));
	if (v->resume)
		SSL_set_session(p->visitor, v->resume);
	SSL_set_connect_state(p->visitor);
	return p->visitor;
}

static int receives; /* of our side, from sockets */

ssize_t recv(int fd, void *buf, size_t n, int flags)
{
	receives++;
	return recvfrom(fd, buf, n, flags, NULL, NULL);
}

static void non_blocking_pair(int fd[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0);
}

/* Both sides in turn until both are done or the server has failed; then the visitor takes its tickets. */
static void drive(struct pair *p)
{
	char scratch[1];
	int done = 0;

	p->result = TLS_WANT_READ;
	for (int i = 0; i < 10 && (!done || p->result == TLS_WANT_READ); i++) {
		if (!done)
			done = SSL_do_handshake(p->visitor) == 1;
		if (p->result == TLS_WANT_READ)
			p->result = tls_handshake(p->server);
		if (p->result == TLS_FAILED)
			break;
	}
	if (p->result == TLS_OK) {
		tls_send_held(p->server);
		(void)SSL_read(p->visitor, scratch, sizeof scratch);
	}
	ERR_clear_error(); /* the visitor's errors are not the server's */
}

static void begin(struct pair *p, struct tls_server *t, const struct visitor *v)
{
	*p = (struct pair){0};
	non_blocking_pair(p->fd);
	visitor_new(p, v);
	p->server = tls_server_accept(t, p->fd[1]);
	assert_non_null(p->server);
	assert_null(tls_site(p->server));
	assert_null(tls_version(p->server));
	drive(p);
}

static void end(struct pair *p)
{
	tls_free(p->server);
	SSL_set_shutdown(p->visitor, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(p->visitor);
	SSL_CTX_free(p->ctx);
	SSL_SESSION_free(p->session);
	close(p->fd[0]);
	close(p->fd[1]);
}

static bool text_has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* -- versions, names, protocols ---------------------------------------------------------------------------------- */

static bool certificate_covers(SSL *visitor, const char *name)
{
	return certs_covers(SSL_get0_peer_certificate(visitor), slice_str(name));
}

static void sni_chooses_site_and_certificate(void **state)
{
	static const struct {
		const char *sni;
		size_t site;
		const char *covers;
	} table[] = {
		{"a.example", 0, "a.example"},	   {"www.a.example", 0, "www.a.example"},
		{"b.example", 1, "b.example"},	   {"shop.b.example", 1, "shop.b.example"},
		{"B.Example", 1, "b.example"},	   {"b.example.", 1, "b.example"},
		{"other.example", 0, "a.example"}, {NULL, 0, "a.example"},
	};
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct tls_server *t = server_new();

	(void)state;
	for (size_t i = 0; i < 2 * CG_COUNT(table); i++) {
		struct visitor v = {.sni = table[i / 2].sni, .version = versions[i % 2]};
		struct pair p;

		begin(&p, t, &v);
		assert_int_equal(p.result, TLS_OK);
		assert_ptr_equal(tls_site(p.server), &sites[table[i / 2].site]);
		assert_string_equal(tls_version(p.server), i % 2 ? "TLSv1.3" : "TLSv1.2");
		assert_true(certificate_covers(p.visitor, table[i / 2].covers));
		assert_false(tls_resumed(p.server));
		assert_string_equal(tls_error(p.server), "no error");
		end(&p);
	}
	tls_server_free(t);
}

static void old_versions_are_refused(void **state)
{
	static const struct {
		int version;
		bool tls12, good;
	} table[] = {
		{TLS1_1_VERSION, true, false},
		{TLS1_2_VERSION, true, true},
		{TLS1_2_VERSION, false, false},
		{TLS1_3_VERSION, false, true},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(table); i++) {
		struct visitor v = {.version = table[i].version};
		struct tls_server *t;
		struct pair p;

		config->tls12 = table[i].tls12;
		t = server_new();
		begin(&p, t, &v);
		assert_int_equal(p.result, table[i].good ? TLS_OK : TLS_FAILED);
		if (!table[i].good)
			assert_string_equal(tls_error(p.server), "unsupported protocol");
		end(&p);
		tls_server_free(t);
	}
	config->tls12 = true;
}

static void alpn_prefers_h2_and_falls_back_to_http11(void **state)
{
	static const struct {
		const char *offer;
		bool h2, good;
		const char *selected;
	} table[] = {
		{NULL, true, true, ""},
		{"\x08http/1.1", true, true, "http/1.1"},
		{"\x02h2\x08http/1.1", true, true, "h2"},
		{"\x08http/1.1\x02h2", true, true, "h2"},
		{"\x02h2", true, true, "h2"},
		{"\x02h3", true, false, ""},
		{"\x02h2\x08http/1.1", false, true, "http/1.1"},
		{"\x02h2", false, false, ""},
	};
	struct tls_server *t = server_new();

	(void)state;
	for (size_t i = 0; i < CG_COUNT(table); i++) {
		struct visitor v = {.alpn = table[i].offer};
		const unsigned char *selected = NULL;
		unsigned n = 0;
		struct pair p;

		config->h2 = table[i].h2;
		begin(&p, t, &v);
		assert_int_equal(p.result, table[i].good ? TLS_OK : TLS_FAILED);
		assert_true(!table[i].good || tls_is_h2(p.server) == !strcmp(table[i].selected, "h2"));
		SSL_get0_alpn_selected(p.visitor, &selected, &n);
		assert_true(slice_eq(slice_of((const char *)selected, n), slice_str(table[i].selected)));
		if (!table[i].good)
			assert_string_equal(tls_error(p.server), "no application protocol");
		end(&p);
	}
	tls_server_free(t);
}

static void ciphers_are_aead_with_ephemeral_keys(void **state)
{
	struct tls_server *t = server_new();
	struct visitor v = {.version = TLS1_2_VERSION};
	struct pair p;

	(void)state;
	begin(&p, t, &v);
	assert_int_equal(p.result, TLS_OK);
	assert_true(text_has(SSL_get_cipher_name(p.visitor), "ECDHE-ECDSA-"));
	assert_true(SSL_CIPHER_is_aead(SSL_get_current_cipher(p.visitor)));
	end(&p);
	v = (struct visitor){.ciphersuites = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384"};
	begin(&p, t, &v); /* who prefers ChaCha20 has no AES in hardware */
	assert_string_equal(SSL_get_cipher_name(p.visitor), "TLS_CHACHA20_POLY1305_SHA256");
	end(&p);
	tls_server_free(t);
}

static void what_is_not_tls_fails_with_a_text(void **state)
{
	struct tls_server *t = server_new();
	int fd[2];
	SSL *ssl;

	(void)state;
	non_blocking_pair(fd);
	ssl = tls_server_accept(t, fd[1]);
	assert_int_equal(tls_handshake(ssl), TLS_WANT_READ);
	assert_int_equal(write(fd[0], "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", 36), 36);
	assert_int_equal(tls_handshake(ssl), TLS_FAILED);
	assert_string_equal(tls_error(ssl), "http request");
	assert_int_equal(tls_handshake(ssl), TLS_FAILED);
	tls_shutdown(ssl); /* allowed to be called, does nothing */
	tls_free(ssl);
	ssl = tls_server_accept(t, fd[1]);
	close(fd[0]);
	assert_int_equal(tls_handshake(ssl), TLS_CLOSED);
	tls_free(ssl);
	close(fd[1]);
	tls_server_free(t);
}

/* -- resumption -------------------------------------------------------------------------------------------------- */

static struct tls_ticket_keys keys_of(const char *bytes)
{
	struct tls_ticket_keys k = {.n = strlen(bytes)};

	for (size_t i = 0; i < k.n; i++)
		memset(k.secret[i], bytes[i], sizeof k.secret[i]);
	return k;
}

/* A session from a server with these keys. */
static SSL_SESSION *session_from(struct tls_server *t, const char *sni, int version)
{
	struct visitor v = {.sni = sni, .version = version};
	SSL_SESSION *session;
	struct pair p;

	begin(&p, t, &v);
	assert_int_equal(p.result, TLS_OK);
	session = p.session;
	p.session = NULL;
	end(&p);
	assert_non_null(session);
	return session;
}

static bool has_new_ticket(const struct pair *p, const SSL_SESSION *offered)
{
	const unsigned char *old, *new;
	size_t n_old, n_new;

	SSL_SESSION_get0_ticket(offered, &old, &n_old);
	SSL_SESSION_get0_ticket(SSL_get0_session(p->visitor), &new, &n_new);
	return n_new && (n_old != n_new || memcmp(old, new, n_new) != 0);
}

static void sessions_resume_where_they_should(void **state)
{
	static const struct {
		const char *first_keys, *then_keys, *first_sni, *then_sni;
		bool resumed, new_in_tls12; /* TLS 1.3 gives a new ticket each time */
	} table[] = {
		{"k", "k", "a.example", "a.example", true, false},
		{"k", "nk", "a.example", "a.example", true, true}, /* rotated: still good, and a new one is given */
		{"k", "onk", "a.example", "a.example", true, true},
		{"k", "on", "a.example", "a.example", false, true},    /* too old */
		{"k", "k", "a.example", "www.a.example", true, false}, /* another name of the same site */
		{"k", "k", "a.example", "b.example", false, true},     /* another site */
		{"k", "k", "b.example", "a.example", false, true},
		{"k", "k", "b.example", "x.b.example", true, false}, /* another certificate of the same site */
	};
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct tls_server *one = server_new(), *two = server_new();

	(void)state;
	for (size_t i = 0; i < 2 * CG_COUNT(table); i++) {
		struct tls_ticket_keys first = keys_of(table[i / 2].first_keys), then = keys_of(table[i / 2].then_keys);
		struct visitor v = {.sni = table[i / 2].then_sni, .version = versions[i % 2]};
		struct pair p;

		tls_server_set_ticket_keys(one, &first);
		tls_server_set_ticket_keys(two, &then);
		v.resume = session_from(one, table[i / 2].first_sni, v.version);
		begin(&p, two, &v);
		assert_int_equal(p.result, TLS_OK);
		if (tls_resumed(p.server) != table[i / 2].resumed)
			fail_msg("row %zu, %s", i / 2, i % 2 ? "TLS 1.3" : "TLS 1.2");
		assert_ptr_equal(tls_site(p.server),
				 &sites[*table[i / 2].then_sni == 'a' || *table[i / 2].then_sni == 'w' ? 0 : 1]);
		if (has_new_ticket(&p, v.resume) != (i % 2 || table[i / 2].new_in_tls12))
			fail_msg("row %zu, %s: new ticket", i / 2, i % 2 ? "TLS 1.3" : "TLS 1.2");
		end(&p);
		SSL_SESSION_free(v.resume);
	}
	tls_server_free(one);
	tls_server_free(two);
}

static void a_reissued_ticket_is_of_the_newest_key(void **state)
{
	struct tls_server *t = server_new();
	struct tls_ticket_keys old = keys_of("k"), both = keys_of("nk"), new = keys_of("n");
	struct visitor v = {.version = TLS1_2_VERSION};
	SSL_SESSION *second;
	struct pair p;

	(void)state;
	tls_server_set_ticket_keys(t, &old);
	v.resume = session_from(t, NULL, v.version);
	tls_server_set_ticket_keys(t, &both);
	begin(&p, t, &v);
	assert_true(tls_resumed(p.server));
	second = SSL_get1_session(p.visitor);
	end(&p);
	SSL_SESSION_free(v.resume);
	tls_server_set_ticket_keys(t, &new);
	v.resume = second;
	begin(&p, t, &v);
	assert_true(tls_resumed(p.server));
	end(&p);
	SSL_SESSION_free(second);
	tls_server_free(t);
}

static void servers_that_share_no_keys_share_no_sessions(void **state)
{
	struct tls_server *one = server_new(), *two = server_new();
	struct visitor v = {.version = TLS1_3_VERSION};
	struct pair p;

	(void)state;
	v.resume = session_from(one, NULL, v.version);
	begin(&p, two, &v);
	assert_int_equal(p.result, TLS_OK);
	assert_false(tls_resumed(p.server));
	end(&p);
	begin(&p, one, &v);
	assert_true(tls_resumed(p.server));
	end(&p);
	SSL_SESSION_free(v.resume);
	tls_server_free(one);
	tls_server_free(two);
}

static void no_tickets_if_none_are_wanted(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct tls_server *t;

	(void)state;
	config->tickets = 0;
	t = server_new();
	for (size_t i = 0; i < 2; i++) {
		struct visitor v = {.version = versions[i]};
		struct pair p;

		begin(&p, t, &v);
		assert_int_equal(p.result, TLS_OK);
		unsigned id_size = 0;

		assert_true(!p.session || !SSL_SESSION_has_ticket(p.session));
		(void)SSL_SESSION_get_id(SSL_get0_session(p.visitor), &id_size);
		assert_int_equal(id_size, 0); /* nothing is promised that is not kept */
		end(&p);
	}
	config->tickets = 1;
	tls_server_free(t);
}

/* Up to where the server's handshake is complete; it has not been told to send what it holds. */
static void begin_held(struct pair *p, struct tls_server *t, int version)
{
	const struct visitor v = {.version = version};

	*p = (struct pair){0};
	non_blocking_pair(p->fd);
	visitor_new(p, &v);
	p->server = tls_server_accept(t, p->fd[1]);
	assert_int_equal(SSL_do_handshake(p->visitor), -1);
	assert_int_equal(tls_handshake(p->server), TLS_WANT_READ);
	if (version == TLS1_2_VERSION) {
		assert_int_equal(SSL_do_handshake(p->visitor), -1);
		assert_int_equal(tls_handshake(p->server), TLS_OK);
	}
	assert_int_equal(SSL_do_handshake(p->visitor), 1);
	if (version == TLS1_3_VERSION)
		assert_int_equal(tls_handshake(p->server), TLS_OK);
	ERR_clear_error();
}

static bool is_silent(int fd)
{
	char c;

	return recvfrom(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT, NULL, NULL) == -1 && errno == EAGAIN;
}

static void expect_answer(struct pair *p)
{
	char buf[64];

	assert_int_equal(SSL_read(p->visitor, buf, sizeof buf), 6);
	assert_memory_equal(buf, "answer", 6);
	assert_non_null(p->session);
	assert_true(SSL_SESSION_has_ticket(p->session));
}

static void tickets_leave_with_what_is_written_next(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct tls_server *t = server_new();
	struct pair p;
	size_t n;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		begin_held(&p, t, versions[i]);
		assert_true(is_silent(p.fd[0]));
		assert_int_equal(tls_write(p.server, "answer", 6, &n), TLS_OK);
		expect_answer(&p);
		tls_send_held(p.server); /* there is nothing left */
		assert_true(is_silent(p.fd[0]));
		end(&p);
	}
	begin_held(&p, t, TLS1_3_VERSION);
	tls_send_held(p.server);
	assert_false(is_silent(p.fd[0]));
	end(&p);
	tls_server_free(t);
}

/* Fills the socket toward the visitor from behind TLS; how many octets went in. */
static size_t stuff(int fd)
{
	char junk[4096] = "";
	size_t n = 0;
	ssize_t r;

	while ((r = send(fd, junk, sizeof junk, MSG_DONTWAIT)) > 0)
		n += (size_t)r;
	return n;
}

static void unstuff(int fd, size_t n)
{
	char junk[4096];

	while (n) {
		ssize_t r = recvfrom(fd, junk, n < sizeof junk ? n : sizeof junk, MSG_DONTWAIT, NULL, NULL);

		assert_true(r > 0);
		n -= (size_t)r;
	}
}

static void tickets_wait_for_a_full_socket(void **state)
{
	struct tls_server *t = server_new();
	struct pair p;
	size_t n, junk;

	(void)state;
	begin_held(&p, t, TLS1_3_VERSION);
	junk = stuff(p.fd[1]);
	tls_send_held(p.server);
	assert_int_equal(tls_write(p.server, "answer", 6, &n), TLS_WANT_WRITE);
	unstuff(p.fd[0], junk);
	assert_true(is_silent(p.fd[0]));
	assert_int_equal(tls_write(p.server, "answer", 6, &n), TLS_OK);
	assert_int_equal(n, 6);
	expect_answer(&p);
	end(&p);
	tls_server_free(t);
}

/* -- reading and writing ----------------------------------------------------------------------------------------- */

static void one_read_takes_several_records(void **state)
{
	struct tls_server *t = server_new();
	char buf[64];
	bool clean;
	struct pair p;
	size_t n;

	(void)state;
	begin(&p, t, &(struct visitor){0});
	for (int i = 0; i < 3; i++)
		assert_int_equal(SSL_write(p.visitor, "0123456789", 10), 10);
	assert_int_equal(tls_read(p.server, buf, 25, &n, &clean), TLS_OK);
	assert_int_equal(n, 25);
	assert_true(tls_has_pending(p.server));
	assert_int_equal(tls_read(p.server, buf, sizeof buf, &n, &clean), TLS_OK);
	assert_int_equal(n, 5);
	assert_false(tls_has_pending(p.server));
	assert_int_equal(tls_read(p.server, buf, sizeof buf, &n, &clean), TLS_WANT_READ);
	assert_int_equal(n, 0);
	end(&p);
	tls_server_free(t);
}

/* A read that got less than it asked for is not repeated to hear that there is no more. */
static void each_turn_asks_the_socket_once(void **state)
{
	struct tls_server *t = server_new();
	char buf[64];
	bool clean;
	struct pair p;
	size_t n;

	(void)state;
	receives = 0;
	begin(&p, t, &(struct visitor){.version = TLS1_3_VERSION});
	assert_int_equal(receives, 2); /* the hello, and what ends the handshake */
	assert_int_equal(SSL_write(p.visitor, "0123456789", 10), 10);
	receives = 0;
	assert_int_equal(tls_read(p.server, buf, sizeof buf, &n, &clean), TLS_OK);
	assert_int_equal(receives, 1);
	assert_int_equal(tls_read(p.server, buf, sizeof buf, &n, &clean), TLS_WANT_READ);
	assert_int_equal(receives, 2);
	assert_int_equal(SSL_write(p.visitor, "0123456789", 10), 10);
	assert_int_equal(tls_read(p.server, buf, sizeof buf, &n, &clean), TLS_OK);
	end(&p);
	tls_server_free(t);
}

static void the_two_ends_of_a_stream_differ(void **state)
{
	struct tls_server *t = server_new();
	char buf[64];
	bool clean;
	size_t n;

	(void)state;
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		for (int polite = 0; polite < 2; polite++) {
			struct visitor v = {.version = version};
			struct pair p;

			begin(&p, t, &v);
			assert_int_equal(SSL_write(p.visitor, "last words", 10), 10);
			if (polite)
				SSL_shutdown(p.visitor);
			shutdown(p.fd[0], SHUT_WR);
			assert_int_equal(tls_read(p.server, buf, sizeof buf, &n, &clean), TLS_OK);
			assert_int_equal(n, 10);
			for (int again = 0; again < 2; again++) {
				assert_int_equal(tls_read(p.server, buf, sizeof buf, &n, &clean), TLS_CLOSED);
				assert_int_equal(clean, polite);
			}
			/* Either way the visitor may still be answered. */
			assert_int_equal(tls_write(p.server, "answer", 6, &n), TLS_OK);
			assert_int_equal(n, 6);
			tls_shutdown(p.server);
			end(&p);
		}
	}
	tls_server_free(t);
}

static void a_cut_record_is_not_a_clean_end(void **state)
{
	struct tls_server *t = server_new();
	char buf[64];
	bool clean;
	struct pair p;
	size_t n;

	(void)state;
	begin(&p, t, &(struct visitor){0});
	assert_int_equal(write(p.fd[0], "\x17\x03\x03\x00\x40", 5), 5);
	assert_int_equal(tls_read(p.server, buf, sizeof buf, &n, &clean), TLS_WANT_READ);
	shutdown(p.fd[0], SHUT_WR);
	assert_int_equal(tls_read(p.server, buf, sizeof buf, &n, &clean), TLS_CLOSED);
	assert_false(clean);
	end(&p);
	tls_server_free(t);
}

static void a_forged_record_is_a_failure_after_what_was_good(void **state)
{
	static const char forged[] = "\x17\x03\x03\x00\x20 01234567890123456789012345678901";
	struct tls_server *t = server_new();
	char buf[64];
	bool clean;
	struct pair p, other;
	size_t n;

	(void)state;
	begin(&p, t, &(struct visitor){0});
	begin(&other, t, &(struct visitor){0});
	assert_int_equal(SSL_write(p.visitor, "good", 4), 4);
	assert_int_equal(write(p.fd[0], forged, 37), 37);
	assert_int_equal(tls_read(p.server, buf, sizeof buf, &n, &clean), TLS_OK);
	assert_int_equal(n, 4);
	assert_int_equal(tls_read(p.server, buf, sizeof buf, &n, &clean), TLS_FAILED);
	assert_int_equal(tls_write(p.server, "x", 1, &n), TLS_FAILED);
	assert_string_equal(tls_error(p.server), "decryption failed or bad record mac");
	assert_int_equal(ERR_peek_error(), 0);
	/* Its error is not taken for another connection's. */
	assert_int_equal(tls_read(other.server, buf, sizeof buf, &n, &clean), TLS_WANT_READ);
	end(&p);
	end(&other);
	tls_server_free(t);
}

static void close_notify_is_sent_once(void **state)
{
	struct tls_server *t = server_new();
	struct pair p;
	char buf[64];

	(void)state;
	begin(&p, t, &(struct visitor){0});
	tls_shutdown(p.server);
	tls_shutdown(p.server);
	assert_int_equal(SSL_read(p.visitor, buf, sizeof buf), 0);
	assert_int_equal(SSL_get_shutdown(p.visitor), SSL_RECEIVED_SHUTDOWN);
	assert_int_equal(recv(p.fd[0], buf, sizeof buf, MSG_DONTWAIT), -1);
	end(&p);
	tls_server_free(t);
}

static void a_full_socket_takes_a_part(void **state)
{
	struct tls_server *t = server_new();
	size_t size = 4 * 1024 * 1024, sent = 0, got = 0, n;
	char *out = malloc(size), *in = malloc(size), *moved = malloc(size);
	struct pair p;

	(void)state;
	for (size_t i = 0; i < size; i++)
		moved[i] = out[i] = (char)(i * 7 ^ i >> 9);
	begin(&p, t, &(struct visitor){0});
	while (got < size) {
		while (sent < size) {
			/* The same bytes at another address, as a buffer that grew would offer them. */
			char *from = got / 4096 % 2 ? moved : out;
			enum tls_result r = tls_write(p.server, from + sent, size - sent, &n);

			if (r == TLS_WANT_WRITE)
				break;
			assert_int_equal(r, TLS_OK);
			assert_true(n > 0);
			sent += n;
		}
		if (SSL_read_ex(p.visitor, in + got, size - got, &n) == 1)
			got += n;
	}
	assert_memory_equal(in, out, size);
	end(&p);
	free(out);
	free(in);
	free(moved);
	tls_server_free(t);
}

static void renegotiation_is_refused(void **state)
{
	struct tls_server *t = server_new();
	struct visitor v = {.version = TLS1_2_VERSION};
	struct pair p;
	char buf[8];
	bool clean;
	size_t n;

	(void)state;
	begin(&p, t, &v);
	assert_int_equal(SSL_renegotiate(p.visitor), 1);
	(void)SSL_do_handshake(p.visitor);
	ERR_clear_error();
	assert_int_not_equal(tls_read(p.server, buf, sizeof buf, &n, &clean), TLS_OK);
	assert_int_not_equal(SSL_do_handshake(p.visitor), 1);
	ERR_clear_error();
	end(&p);
	tls_server_free(t);
}

/* -- loading ----------------------------------------------------------------------------------------------------- */

static void expect_server_error(const char *message, size_t errors)
{
	struct diagnostics d;
	bool found = false;

	diagnostics_init(&d);
	assert_null(tls_server_new(config, &files.loader, &d));
	assert_int_equal(d.errors, errors);
	for (size_t i = 0; i < d.n; i++)
		found |= slice_find(d.v[i].message, slice_str(message)) < d.v[i].message.n;
	if (!found)
		fail_msg("wanted \"%s\", got \"%.*s\"", message, SLICE_ARG(d.v[0].message));
	assert_int_equal(d.v[0].at.line, 8);
	diagnostics_free(&d);
}

static void problems_of_certificates_are_told_at_load(void **state)
{
	struct config_certificate saved = sites[1].certificates[0];

	(void)state;
	sites[1].certificates[0].chain_file = SLICE("absent.pem");
	expect_server_error("absent.pem: ", 1);
	sites[1].certificates[0].chain_file = SLICE("denied");
	expect_server_error("denied: ", 1);
	sites[1].certificates[0] = saved;
	sites[1].certificates[0].key_file = SLICE("a.key");
	sites[1].certificates[1].key_file = SLICE("a.key");
	expect_server_error("a.key does not belong to the certificate for b.example", 2);
	sites[1].certificates[0] = saved;
	sites[1].certificates[1].key_file = SLICE("b-wild.key");
}

static void names_without_certificate_are_a_warning(void **state)
{
	struct diagnostics d;
	struct tls_server *t;

	(void)state;
	diagnostics_init(&d);
	sites[1].n_certificates = 1;
	t = tls_server_new(config, &files.loader, &d);
	sites[1].n_certificates = 2;
	assert_non_null(t);
	assert_int_equal(d.n, 1);
	assert_int_equal(d.v[0].severity, SEVERITY_WARNING);
	assert_true(slice_eq(d.v[0].message,
			     SLICE("the certificate in b.pem does not cover *.b.example (it is for b.example)")));
	diagnostics_free(&d);
	tls_server_free(t);
}

/* -- towards origins --------------------------------------------------------------------------------------------- */

static struct config_origin origins[] = {
	{.host = SLICE_INIT("a.example"),
	 .authority = SLICE_INIT("a.example"),
	 .tls = true,
	 .verify = true,
	 .ca_file = SLICE_INIT("trust.pem")},
	{.host = SLICE_INIT("c.example"),
	 .authority = SLICE_INIT("c.example"),
	 .tls = true,
	 .verify = true,
	 .ca_file = SLICE_INIT("trust.pem")},
	{.host = SLICE_INIT("192.0.2.1"),
	 .authority = SLICE_INIT("192.0.2.1"),
	 .tls = true,
	 .verify = true,
	 .ca_file = SLICE_INIT("trust.pem")},
	{.host = SLICE_INIT("c.example"), .authority = SLICE_INIT("c.example"), .tls = true, .verify = false},
	{.host = SLICE_INIT("a.example"),
	 .authority = SLICE_INIT("a.example"),
	 .tls = true,
	 .verify = true,
	 .ca_file = SLICE_INIT("other.pem")},
};
enum { TO_A, TO_C, TO_ADDRESS, TO_INSECURE, TO_UNTRUSTED };

static struct tls_client *client_new(struct config *c, struct config_site *site)
{
	struct diagnostics d;
	struct tls_client *t;

	*c = (struct config){.path = SLICE("crumbgate.conf"), .sites = site, .n_sites = 1};
	*site = (struct config_site){
		.origins = origins, .n_origins = CG_COUNT(origins), .file = SLICE("crumbgate.conf")};
	diagnostics_init(&d);
	t = tls_client_new(c, &files.loader, &d);
	assert_int_equal(d.n, 0);
	diagnostics_free(&d);
	assert_non_null(t);
	return t;
}

/* Our client against our server; the result is the client's. */
static enum tls_result connect_both(struct tls_client *client, size_t origin, struct tls_server *server, SSL **c,
				    SSL **s, int fd[2])
{
	enum tls_result rc = TLS_WANT_READ, rs = TLS_WANT_READ;
	char buf[1];
	bool clean;
	size_t n;

	non_blocking_pair(fd);
	*c = tls_client_connect(client, &origins[origin], fd[0]);
	*s = tls_server_accept(server, fd[1]);
	assert_non_null(*c);
	for (int i = 0; i < 10 && (rc == TLS_WANT_READ || rs == TLS_WANT_READ); i++) {
		if (rc == TLS_WANT_READ)
			rc = tls_handshake(*c);
		if (rs == TLS_WANT_READ)
			rs = tls_handshake(*s);
	}
	if (rc == TLS_OK) {
		tls_send_held(*s);
		assert_int_equal(tls_read(*c, buf, 1, &n, &clean), TLS_WANT_READ); /* takes the ticket */
	}
	return rc;
}

static void close_both(SSL *c, SSL *s, int fd[2])
{
	tls_free(c);
	tls_free(s);
	close(fd[0]);
	close(fd[1]);
}

static void make_trust(void)
{
	files_put(&files, "trust.pem", files_get(&files, "ca.pem"));
	files_new_authority(&files);
	files_make(&files, "unused", "unused.example");
	files_put(&files, "other.pem", files_get(&files, "ca.pem"));
}

static void origins_are_verified(void **state)
{
	static const struct {
		size_t origin;
		enum tls_result result;
		const char *error;
	} table[] = {
		{TO_A, TLS_OK, "no error"},
		{TO_C, TLS_FAILED,
		 "certificate verify failed: the origin's certificate is for a.example, www.a.example"},
		{TO_ADDRESS, TLS_FAILED,
		 "certificate verify failed: the origin's certificate is for a.example, www.a.example"},
		{TO_INSECURE, TLS_OK, "no error"},
		{TO_UNTRUSTED, TLS_FAILED,
		 "certificate verify failed: unable to get local issuer certificate (certificate for a.example, "
		 "www.a.example)"},
	};
	struct tls_server *server = server_new();
	struct config_site site;
	struct config c;
	struct tls_client *client;

	(void)state;
	make_trust();
	client = client_new(&c, &site);
	for (size_t i = 0; i < CG_COUNT(table); i++) {
		SSL *visitor, *origin;
		int fd[2];

		assert_int_equal(connect_both(client, table[i].origin, server, &visitor, &origin, fd), table[i].result);
		assert_string_equal(tls_error(visitor), table[i].error);
		if (table[i].result == TLS_FAILED)
			assert_int_equal(tls_handshake(origin), TLS_FAILED);
		close_both(visitor, origin, fd);
	}
	tls_client_free(client);
	tls_server_free(server);
}

static void the_refused_side_tells_the_alert(void **state)
{
	struct tls_server *server = server_new();
	struct config_site site;
	struct config c;
	struct tls_client *client = client_new(&c, &site);
	SSL *visitor, *origin;
	int fd[2];

	(void)state;
	assert_int_equal(connect_both(client, TO_UNTRUSTED, server, &visitor, &origin, fd), TLS_FAILED);
	assert_int_equal(tls_handshake(origin), TLS_FAILED);
	assert_string_equal(tls_error(origin), "the peer refused: unknown CA");
	close_both(visitor, origin, fd);
	tls_client_free(client);
	tls_server_free(server);
}

static void an_expired_origin_is_told_with_the_date(void **state)
{
	struct tls_server *server;
	struct config_site site;
	struct config c;
	struct tls_client *client;
	SSL *visitor, *origin;
	struct diagnostics d;
	int fd[2];

	(void)state;
	files_make_between(&files, "a", "a.example", 1600000000, 1600086400);
	make_trust();
	diagnostics_init(&d);
	server = tls_server_new(config, &files.loader, &d);
	assert_non_null(server);
	assert_int_equal(d.errors, 0);
	assert_int_equal(d.warnings, 2); /* expired, and www.a.example is not covered */
	diagnostics_free(&d);
	client = client_new(&c, &site);
	assert_int_equal(connect_both(client, TO_A, server, &visitor, &origin, fd), TLS_FAILED);
	assert_string_equal(tls_error(visitor),
			    "certificate verify failed: the certificate for a.example expired on 2020-09-14 12:26 UTC");
	close_both(visitor, origin, fd);
	tls_client_free(client);
	tls_server_free(server);
}

static void origins_sessions_are_resumed(void **state)
{
	struct tls_server *server = server_new();
	struct config_site site;
	struct config c;
	struct tls_client *client = client_new(&c, &site);

	(void)state;
	for (int i = 0; i < 3; i++) {
		SSL *visitor, *origin;
		int fd[2];

		assert_int_equal(connect_both(client, TO_A, server, &visitor, &origin, fd), TLS_OK);
		assert_int_equal(tls_resumed(visitor), i > 0);
		assert_int_equal(tls_resumed(origin), i > 0);
		close_both(visitor, origin, fd);
	}
	tls_client_free(client);
	tls_server_free(server);
}

static void trust_that_cannot_be_had_is_an_error(void **state)
{
	static const struct {
		struct slice file, message;
	} table[] = {
		{SLICE_INIT("absent.pem"), SLICE_INIT("absent.pem: ")},
		{SLICE_INIT("a.key"), SLICE_INIT("a.key holds no certificate")},
		{SLICE_INIT(""), SLICE_INIT("this system has no list of trusted authorities at /etc/ssl/certs")},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(table); i++) {
		struct config_origin origin = {
			.host = SLICE("a.example"), .tls = true, .verify = true, .ca_file = table[i].file};
		struct config_site site = {.origins = &origin, .n_origins = 1};
		struct config c = {.sites = &site, .n_sites = 1};
		struct diagnostics d;

		diagnostics_init(&d);
		assert_null(tls_client_new(&c, &files.loader, &d));
		assert_int_equal(d.errors, 1);
		assert_true(slice_starts_with(d.v[0].message, table[i].message));
		diagnostics_free(&d);
	}
}

/* -- memory that runs out ---------------------------------------------------------------------------------------- */

/* OpenSSL is a shared object, which the linker's wrapping does not reach: it is told to allocate here. */
static void *allocate(size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return malloc(n);
}

static void *reallocate(void *p, size_t n, const char *file, int line)
{
	(void)file, (void)line;
	return realloc(p, n);
}

static void release(void *p, const char *file, int line)
{
	(void)file, (void)line;
	free(p);
}

/* The first ones are failed each, later ones, which repeat themselves, here and there. */
static size_t next_fault(size_t n)
{
	return n < 150 ? n + 1 : n + n / 9;
}

static void loading_survives_failing_allocations(void **state)
{
	size_t failed = 0;

	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n = next_fault(n)) {
		struct diagnostics d;
		struct tls_server *t;

		diagnostics_init(&d);
		t = tls_server_new(config, &files.loader, &d);
		(void)alloc_fault_end();
		if (!t) {
			failed++;
			assert_false(diagnostics_ok(&d));
		}
		tls_server_free(t);
		diagnostics_free(&d);
	}
	assert_true(failed > 20);
}

static void accepting_survives_failing_allocations(void **state)
{
	struct tls_server *t = server_new();
	size_t failed = 0;
	int fd[2];

	(void)state;
	non_blocking_pair(fd);
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		SSL *ssl = tls_server_accept(t, fd[1]);

		(void)alloc_fault_end();
		failed += !ssl;
		tls_free(ssl);
	}
	assert_true(failed > 10);
	close(fd[0]);
	close(fd[1]);
	tls_server_free(t);
}

/* Only the server's allocations fail: the visitor's hello is on its way before. */
static void handshakes_survive_failing_allocations(void **state)
{
	struct tls_server *t = server_new();
	size_t failed = 0;
	bool more = true;

	(void)state;
	for (size_t n = 1; more; n = next_fault(n)) {
		struct visitor v = {.sni = "b.example"};
		struct pair p = {0};

		non_blocking_pair(p.fd);
		visitor_new(&p, &v);
		(void)SSL_do_handshake(p.visitor);
		ERR_clear_error();
		p.server = tls_server_accept(t, p.fd[1]);
		more = alloc_fault_begin(n);
		p.result = tls_handshake(p.server);
		(void)alloc_fault_end();
		if (p.result == TLS_FAILED) {
			failed++;
			assert_string_not_equal(tls_error(p.server), "no error");
		}
		assert_int_equal(ERR_peek_error(), 0);
		end(&p);
	}
	assert_true(failed > 20);
	tls_server_free(t);
}

static int fresh(void **state)
{
	tear_down(state);
	return set_up(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sni_chooses_site_and_certificate),
		cmocka_unit_test(old_versions_are_refused),
		cmocka_unit_test(alpn_prefers_h2_and_falls_back_to_http11),
		cmocka_unit_test(ciphers_are_aead_with_ephemeral_keys),
		cmocka_unit_test(what_is_not_tls_fails_with_a_text),
		cmocka_unit_test(sessions_resume_where_they_should),
		cmocka_unit_test(a_reissued_ticket_is_of_the_newest_key),
		cmocka_unit_test(servers_that_share_no_keys_share_no_sessions),
		cmocka_unit_test(no_tickets_if_none_are_wanted),
		cmocka_unit_test(tickets_leave_with_what_is_written_next),
		cmocka_unit_test(tickets_wait_for_a_full_socket),
		cmocka_unit_test(one_read_takes_several_records),
		cmocka_unit_test(each_turn_asks_the_socket_once),
		cmocka_unit_test(the_two_ends_of_a_stream_differ),
		cmocka_unit_test(a_cut_record_is_not_a_clean_end),
		cmocka_unit_test(a_forged_record_is_a_failure_after_what_was_good),
		cmocka_unit_test(close_notify_is_sent_once),
		cmocka_unit_test(a_full_socket_takes_a_part),
		cmocka_unit_test(renegotiation_is_refused),
		cmocka_unit_test(problems_of_certificates_are_told_at_load),
		cmocka_unit_test(names_without_certificate_are_a_warning),
		cmocka_unit_test_setup(origins_are_verified, fresh),
		cmocka_unit_test(the_refused_side_tells_the_alert),
		cmocka_unit_test(origins_sessions_are_resumed),
		cmocka_unit_test_setup(an_expired_origin_is_told_with_the_date, fresh),
		cmocka_unit_test(trust_that_cannot_be_had_is_an_error),
		cmocka_unit_test_setup(loading_survives_failing_allocations, fresh),
		cmocka_unit_test(accepting_survives_failing_allocations),
		cmocka_unit_test(handshakes_survive_failing_allocations),
	};

	CRYPTO_set_mem_functions(allocate, reallocate, release);
	return cmocka_run_group_tests_name("tls", tests, set_up, tear_down);
}
