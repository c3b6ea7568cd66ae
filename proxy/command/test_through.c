#include "proxy/command/test_through.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proxy/coding/coder.h"
#include "proxy/command/peer.h"
#include "rules/http/host.h"

#define DECODE_ROOM 65536

struct through {
	const struct through_options *options;
	struct transport transport;
	struct addrinfo *tls, *plain;
	SSL_CTX *ctx;
	int listener;
};

/* One case on its way. */
struct run {
	struct through *t;
	const struct prepared *x;
	struct arena *arena;
	struct outcome *out;
	struct peer visitor, origin;
	bool answered; /* the origin has */
	bool again;    /* it is asked for the whole of what it sent a part of */
};

/* -- setting up ---------------------------------------------------------------------------------------------------- */

static bool complain(const char *what, const char *why)
{
	fprintf(stderr, "crumbgate test: %s: %s\n", what, why);
	return false;
}

/* Splits "host:port" or "[v6]:port" in a copy; false if there is no port. */
static bool split_address(const char *text, char *host, size_t size, const char **port)
{
	const char *colon = strrchr(text, ':'), *end = colon;

	if (!colon || colon == text || !colon[1])
		return false;
	if (text[0] == '[' && colon[-1] == ']') {
		text++;
		end--;
	}
	if ((size_t)(end - text) >= size)
		return false;
	memcpy(host, text, (size_t)(end - text));
	host[end - text] = 0;
	*port = colon + 1;
	return true;
}

static struct addrinfo *resolve(const char *text, bool passive)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = passive ? AI_PASSIVE : 0}, *list = NULL;
	char host[256];
	const char *port;
	int error;

	if (!split_address(text, host, sizeof host, &port)) {
		complain(text, "write HOST:PORT");
		return NULL;
	}
	error = getaddrinfo(host, port, &hints, &list);
	if (error) {
		complain(text, gai_strerror(error));
		return NULL;
	}
	return list;
}

static int bound_socket(const struct addrinfo *a)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, saved;

	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 && bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
	    listen(fd, 64) == 0)
		return fd;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

static bool bind_origin(struct through *t)
{
	struct addrinfo *list = resolve(t->options->origin, true);

	if (!list)
		return false;
	t->listener = bound_socket(list);
	freeaddrinfo(list);
	return t->listener != -1 || complain(t->options->origin, strerror(errno));
}

static bool load_trust(struct through *t)
{
	t->ctx = SSL_CTX_new(TLS_client_method());
	if (!t->ctx)
		return complain("TLS", "memory ran out");
	SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (t->options->insecure)
		return true;
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	if (!t->options->ca)
		return SSL_CTX_set_default_verify_paths(t->ctx) == 1 || complain("TLS", "no trusted certificates");
	return SSL_CTX_load_verify_locations(t->ctx, t->options->ca, NULL) == 1 ||
	       complain(t->options->ca, "no certificates could be read from it");
}

static enum transport_result play(void *arg, const struct prepared *x, struct arena *arena, struct outcome *out,
				  struct slice *why);

struct through *through_new(const struct through_options *options)
{
	struct through *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	(void)signal(SIGPIPE, SIG_IGN); /* OpenSSL writes with write() */
	t->options = options;
	t->listener = -1;
	t->transport = (struct transport){.arg = t, .play = play};
	if ((options->tls && !(t->tls = resolve(options->tls, false))) ||
	    (options->plain && !(t->plain = resolve(options->plain, false))) || !bind_origin(t) || !load_trust(t)) {
		through_free(t);
		return NULL;
	}
	return t;
}

void through_free(struct through *t)
{
	if (!t)
		return;
	if (t->tls)
		freeaddrinfo(t->tls);
	if (t->plain)
		freeaddrinfo(t->plain);
	if (t->listener != -1)
		(void)close(t->listener);
	SSL_CTX_free(t->ctx);
	free(t);
}

const struct transport *through_transport(struct through *t)
{
	return &t->transport;
}

/* -- the visitor --------------------------------------------------------------------------------------------------- */

/* 0, or errno. */
static int connect_in_time(int fd, const struct addrinfo *a)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t n = sizeof error;

	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (poll(&p, 1, TEST_TIMEOUT_MS) != 1)
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 ? error : errno;
}

/* With the first address that takes it: "localhost" is often two. -1 with errno. */
static int connected_socket(const struct addrinfo *list)
{
	int error = 0;

	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		error = fd == -1 ? errno : connect_in_time(fd, a);
		if (fd != -1 && error == 0)
			return fd;
		if (fd != -1)
			(void)close(fd);
	}
	errno = error;
	return -1;
}

static SSL *tls_for(struct through *t, const struct prepared *x, int fd, struct arena *arena)
{
	static const unsigned char alpn[] = "\x08http/1.1";
	char *host = arena_cstr(arena, x->request.host);
	SSL *ssl = host ? SSL_new(t->ctx) : NULL;
	bool ok;

	if (!ssl)
		return NULL;
	ok = SSL_set_fd(ssl, fd) == 1 && SSL_set_alpn_protos(ssl, alpn, sizeof alpn - 1) == 0;
	if (!host_is_address(x->request.host))
		ok = ok && SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set1_host(ssl, host) == 1;
	else
		ok = ok && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	if (!ok) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_connect_state(ssl);
	return ssl;
}

static const char *no_connection(struct run *r, const char *address, int error)
{
	const char *text = arena_cstr(
		r->arena, arena_printf(r->arena, "no connection to crumbgate at %s: %s", address, strerror(error)));

	return text ? text : "memory ran out";
}

/* NULL, or what is wrong. */
static const char *send_request(struct run *r)
{
	struct slice body = r->x->request_body;
	struct h1_framing framing = {
		.kind = body.p ? H1_BODY_LENGTH : H1_BODY_NONE, .length = body.n, .keep_alive = false};
	bool secure = r->x->request.secure;
	int fd = connected_socket(secure ? r->t->tls : r->t->plain);
	SSL *ssl = NULL;

	if (fd == -1)
		return no_connection(r, secure ? r->t->options->tls : r->t->options->plain, errno);
	if (secure && !(ssl = tls_for(r->t, r->x, fd, r->arena))) {
		(void)close(fd);
		return "memory ran out";
	}
	peer_init(&r->visitor, fd, ssl, false, r->arena);
	r->visitor.method = r->x->request.method;
	if (!h1_write_request(&r->visitor.out, &r->x->request, &framing) || !buffer_add(&r->visitor.out, body))
		return "memory ran out";
	return NULL;
}

/* -- the origin ---------------------------------------------------------------------------------------------------- */

static void accept_origin(struct run *r)
{
	int fd = accept4(r->t->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd == -1)
		return;
	if (r->origin.fd != -1)
		peer_close(&r->origin);
	peer_init(&r->origin, fd, NULL, true, r->arena);
	if (r->answered && r->x->test->origin.status == 206 && !r->again) {
		r->answered = false;
		r->again = true;
	}
}

/* As exchange_play() has it: the same, as a whole. */
static void make_whole(struct run *r, struct response *response)
{
	const struct fields part = response->fields;

	response->status = 200;
	response->reason = SLICE("OK");
	fields_init(&response->fields, r->arena);
	for (size_t i = 0; i < part.n; i++)
		if (!slice_ieq(part.v[i].name, SLICE("Content-Range")))
			(void)fields_add(&response->fields, part.v[i].name, part.v[i].value);
}

static void send_hints(struct run *r)
{
	static const struct h1_framing none = {.kind = H1_BODY_NONE, .keep_alive = true};
	struct response hints = r->x->test->hints;

	if (!hints.reason.n)
		hints.reason = SLICE("Early Hints");
	if (r->x->test->has_hints)
		(void)h1_write_response(&r->origin.out, &hints, &none, 1);
}

/* The origin answers each request once and closes, so that no connection of one case serves another. */
static void answer(struct run *r)
{
	const struct test_case *c = r->x->test;
	struct response response = c->origin;
	bool head = slice_eq(r->origin.request.method, SLICE("HEAD"));
	bool bodiless = head || response.status == 204 || response.status == 304;
	struct h1_framing framing = {.kind = bodiless ? H1_BODY_NONE : H1_BODY_LENGTH,
				     .length = c->origin_body.n,
				     .has_length = response.status != 204};

	if (r->again)
		make_whole(r, &response);
	r->answered = true;
	r->out->called = true;
	r->out->origin_saw = r->origin.request;
	r->out->origin_body = arena_copy(r->arena, buffer_slice(&r->origin.body));
	if (!response.reason.n)
		response.reason = SLICE("Test");
	send_hints(r);
	(void)h1_write_response(&r->origin.out, &response, &framing, 1);
	if (!bodiless)
		(void)buffer_add(&r->origin.out, c->origin_body);
	peer_step(&r->origin);
}

static void step_origin(struct run *r)
{
	peer_step(&r->origin);
	if (r->origin.complete && !r->answered)
		answer(r);
	/* What the rules drop is not missing on the wire of a connection that ended before a request came. */
	if ((r->answered && r->origin.out.n == 0) || r->origin.failed)
		peer_close(&r->origin);
}

/* -- one case ------------------------------------------------------------------------------------------------------ */

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until the visitor has its answer. NULL, or what is wrong. */
static const char *converse(struct run *r)
{
	int64_t end = now_ms() + TEST_TIMEOUT_MS, left;
	struct pollfd fds[3];

	while (!r->visitor.complete && !r->visitor.failed) {
		fds[0] = (struct pollfd){.fd = r->visitor.fd, .events = r->visitor.wants};
		fds[1] = (struct pollfd){.fd = r->t->listener, .events = POLLIN};
		fds[2] = (struct pollfd){.fd = r->origin.fd, .events = r->origin.wants};
		left = end - now_ms();
		if (left <= 0)
			return "no complete answer came in time";
		if (poll(fds, 3, (int)left) == -1 && errno != EINTR)
			return "poll failed";
		if (fds[1].revents)
			accept_origin(r);
		if (r->origin.fd != -1)
			step_origin(r);
		peer_step(&r->visitor);
	}
	return r->visitor.complete ? NULL : r->visitor.why;
}

static bool seals(const struct test_case *test)
{
	for (const struct expectation *e = test->first; e; e = e->next)
		if (e->what == EXPECT_SEALED)
			return true;
	return test->seals;
}

static const char *why_skipped(const struct through *t, const struct prepared *x)
{
	enum given_consent given = x->test->given.consent;

	if (x->request.secure && !t->tls)
		return "an https case needs --through HOST:PORT";
	if (!x->request.secure && !t->plain)
		return "an http case needs --plain HOST:PORT";
	if (given != GIVEN_UNDECIDED && given != GIVEN_MALFORMED && !t->options->consent)
		return "a given consent needs the proxy's keys: -c crumbgate.conf with consent-keys";
	if (seals(x->test) && !t->options->consent)
		return "sealed cookies need the proxy's keys: -c crumbgate.conf with consent-keys";
	return NULL;
}

/* What a browser would make of a body that crumbgate coded; one that the case's origin sent so stays. */
static const char *decode_body(struct run *r)
{
	struct slice in = r->out->visitor_body, culprit;
	enum coder_result result = CODER_FULL;
	struct coding_stack stack;
	struct coder_pool pool;
	struct buffer out;
	struct coder c;

	if (!in.n || fields_find_name(&r->x->test->origin.fields, SLICE("Content-Encoding")) ||
	    coding_stack_parse(&r->out->visitor_saw.fields, &stack, &culprit) != CODING_STACK_OK || !stack.n)
		return NULL;
	coder_pool_init(&pool, &CODER_LIMITS_DEFAULT, 0);
	buffer_init(&out, PEER_MESSAGE_MAX);
	if (!coder_decode(&c, &pool, &stack))
		return "memory ran out";
	while (result == CODER_FULL) {
		struct coder_room room = {.p = buffer_reserve(&out, DECODE_ROOM), .n = DECODE_ROOM};

		if (!room.p)
			break;
		result = coder_run(&c, &in, CODER_LAST, &room);
		buffer_commit(&out, DECODE_ROOM - room.n);
	}
	coder_close(&c);
	coder_pool_free(&pool);
	r->out->visitor_body = arena_copy(r->arena, buffer_slice(&out));
	buffer_free(&out);
	return result == CODER_END ? NULL : "the body is not what its Content-Encoding says";
}

static bool distrusts(const struct run *r)
{
	return r->visitor.failed && r->visitor.ssl && !r->t->options->insecure &&
	       SSL_get_verify_result(r->visitor.ssl) != X509_V_OK;
}

static enum transport_result play(void *arg, const struct prepared *x, struct arena *arena, struct outcome *out,
				  struct slice *why)
{
	struct run r = {.t = arg, .x = x, .arena = arena, .out = out, .visitor.fd = -1, .origin.fd = -1};
	const char *problem = why_skipped(r.t, x);

	if (problem) {
		*why = slice_str(problem);
		return TRANSPORT_SKIPPED;
	}
	out->called = out->hinted = false;
	problem = send_request(&r);
	if (!problem)
		problem = converse(&r);
	if (!problem) {
		out->hinted = r.visitor.hinted;
		out->hints_saw = r.visitor.hints;
		out->visitor_saw = r.visitor.response;
		out->visitor_body = arena_copy(arena, buffer_slice(&r.visitor.body));
		problem = decode_body(&r);
	}
	if (problem)
		*why = arena_printf(arena, "%s%s", problem,
				    distrusts(&r) ? " (--cacert FILE names the authority to trust)" : "");
	if (r.visitor.fd != -1)
		peer_close(&r.visitor);
	if (r.origin.fd != -1)
		peer_close(&r.origin);
	return problem ? TRANSPORT_FAILED : TRANSPORT_OK;
}
