#include "proxy/h2/internal.h"
#include "tests/support/h2_text.h"
#include "tests/support/slice_assert.h"

#define REST	   ":scheme: https\n:authority: a.example\n:path: /\n"
#define GET	   ":method: GET\n" REST
#define POST	   ":method: POST\n" REST
#define OPTIONS(p) ":method: OPTIONS\n:scheme: https\n:authority: a.example\n:path: " p "\n"
#define CONNECT(p) ":method: CONNECT\n:protocol: " p "\n:scheme: https\n:authority: a.example\n:path: /chat?x=1\n"
#define UPGRADE	   "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: Y3J1bWJnYXRlIG92ZXIgaA==\r\n"

struct head_case {
	const char *fields;
	bool content;
	unsigned refuse;  /* either this */
	const char *text; /* or that */
};

static const struct head_case heads[] = {
	{GET, false, 0, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"},
	{":path: /a?b\n:authority: a.example:8443\n:method: HEAD\n:scheme: HTTPS\n", false, 0,
	 "HEAD /a?b HTTP/1.1\r\nHost: a.example:8443\r\n\r\n"},
	{GET "accept: */*\nx: \nx: 2\n", false, 0,
	 "GET / HTTP/1.1\r\nHost: a.example\r\naccept: */*\r\nx: \r\nx: 2\r\n\r\n"},
	/* Host and :authority */
	{":method: GET\n:scheme: https\n:path: /\nhost: b.example\n", false, 0,
	 "GET / HTTP/1.1\r\nHost: b.example\r\n\r\n"},
	{GET "host: A.Example\n", false, 0, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"},
	{GET "host: b.example\n", false, 400, NULL},
	{GET "host: a.example\nhost: b.example\n", false, 400, NULL},
	{GET "host: \n", false, 400, NULL},
	/* content */
	{POST, true, 0, "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n"},
	{POST "content-length: 5\n", true, 0, "POST / HTTP/1.1\r\nHost: a.example\r\ncontent-length: 5\r\n\r\n"},
	{POST "content-length: 0\n", false, 0, "POST / HTTP/1.1\r\nHost: a.example\r\ncontent-length: 0\r\n\r\n"},
	{POST, false, 0, "POST / HTTP/1.1\r\nHost: a.example\r\n\r\n"},
	/* crumbs of cookies, wherever they stand */
	{GET "cookie: a=1\n", false, 0, "GET / HTTP/1.1\r\nHost: a.example\r\nCookie: a=1\r\n\r\n"},
	{GET "cookie: a=1\nx: y\ncookie: b=2; c=3\ncookie: d=4\n", false, 0,
	 "GET / HTTP/1.1\r\nHost: a.example\r\nx: y\r\nCookie: a=1; b=2; c=3; d=4\r\n\r\n"},
	{GET "cookie: \ncookie: a\n", false, 0, "GET / HTTP/1.1\r\nHost: a.example\r\nCookie: ; a\r\n\r\n"},
	/* te is for the connection in HTTP/1.1 */
	{GET "te: trailers\n", false, 0, "GET / HTTP/1.1\r\nHost: a.example\r\nte: trailers\r\nConnection: TE\r\n\r\n"},
	/* tunnels */
	{CONNECT("websocket") "sec-websocket-version: 13\n", true, 0,
	 "GET /chat?x=1 HTTP/1.1\r\nHost: a.example\r\nsec-websocket-version: 13\r\n" UPGRADE "\r\n"},
	{CONNECT("websocket") "sec-websocket-key: bm90IG91cnMgYXQgYWxsIQ==\n", true, 0,
	 "GET /chat?x=1 HTTP/1.1\r\nHost: a.example\r\n" UPGRADE "\r\n"},
	{GET "sec-websocket-key: x\n", false, 0, "GET / HTTP/1.1\r\nHost: a.example\r\nsec-websocket-key: x\r\n\r\n"},
	{CONNECT("connect-udp"), true, 501, NULL},
	{CONNECT(""), true, 501, NULL},
	{CONNECT("websocket") "content-length: 5\n", true, 400, NULL},
	{":method: CONNECT\n:authority: a.example:443\n", true, 405, NULL},
	{":method: CONNECT\n" REST, true, 405, NULL},
	/* targets */
	{OPTIONS("*"), false, 0, "OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n"},
	{":method: GET\n:scheme: https\n:authority: a.example\n:path: *\n", false, 400, NULL},
	{OPTIONS("https://b.example/"), false, 400, NULL},
	{OPTIONS(""), false, 400, NULL},
	{":method: GET\n:scheme: http\n:authority: a.example\n:path: /\n", false, 400, NULL},
	{":method: GET\n:scheme: \n:authority: a.example\n:path: /\n", false, 400, NULL},
	/* what would be another request line, or several lines */
	{OPTIONS("/ HTTP/1.1"), false, 400, NULL},
	{":method: GET /x\n" REST, false, 400, NULL},
	{GET "x: a\rb\n", false, 400, NULL},
	{GET "cookie: a\r\n", false, 400, NULL},
	{":method: GET\n:scheme: https\n:authority: a\rb\n:path: /\n", false, 400, NULL},
	{GET ":status: 200\n", false, 400, NULL},
};

static void add_all(struct h2_head *h, const struct h1_limits *limits, const char *fields)
{
	struct slice rest = slice_str(fields), name, value;

	while (h2_text_next(&rest, &name, &value))
		h2_head_add(h, limits, name, value);
}

/* What is told is one request of HTTP/1.1, for whoever reads it. */
static void assert_one_request(struct slice head, const struct h1_limits *limits)
{
	const struct h1_limits wide = {
		.line = limits->head, .field = 2 * limits->head, .head = 1 << 20, .fields = 1024};
	struct h1_framing framing;
	struct request request;
	struct h1_scan scan = {0};
	struct arena arena;
	size_t n;

	arena_init(&arena, 0, 1 << 20);
	assert_int_equal(h1_scan(&scan, &wide, true, head, &n), H1_SCAN_END);
	assert_int_equal(n, head.n);
	assert_int_equal(h1_parse_request(head, &wide, true, &arena, &request, &framing), H1_OK);
	arena_free(&arena);
}

static void assert_head(struct h2_head *h, const struct head_case *c)
{
	struct h2_request r = {0};

	h2_head_clear(h);
	add_all(h, &H1_LIMITS_DEFAULT, c->fields);
	assert_true(h2_head_finish(h, !c->content, &r));
	assert_int_equal(r.error ? h1_error_status(r.error) : 0, c->refuse);
	assert_int_equal(r.end, !c->content);
	assert_slice(r.head, c->text ? c->text : "");
	if (!c->refuse)
		assert_one_request(r.head, &H1_LIMITS_DEFAULT);
}

static void test_heads(void **state)
{
	struct h2_head h;

	(void)state;
	h2_head_init(&h, &H1_LIMITS_DEFAULT);
	for (size_t i = 0; i < CG_COUNT(heads); i++)
		assert_head(&h, &heads[i]);
	h2_head_free(&h);
}

/* One head never shows in the next, though memory is kept; nor after the memory was given back. */
static void test_heads_do_not_mix(void **state)
{
	const struct head_case *last = &heads[0];
	struct h2_head h;

	(void)state;
	h2_head_init(&h, &H1_LIMITS_DEFAULT);
	for (size_t i = 0; i < CG_COUNT(heads); i++) {
		assert_head(&h, &heads[i]);
		assert_head(&h, last);
		h2_head_free(&h);
		assert_head(&h, last);
	}
	h2_head_free(&h);
}

static void test_method_and_tunnel_are_told(void **state)
{
	struct h2_request r = {0};
	struct h2_head h;

	(void)state;
	h2_head_init(&h, &H1_LIMITS_DEFAULT);
	add_all(&h, &H1_LIMITS_DEFAULT, CONNECT("WebSocket"));
	assert_true(h2_head_finish(&h, false, &r));
	assert_true(r.tunnel);
	assert_slice(r.method, "CONNECT");
	h2_head_clear(&h);
	add_all(&h, &H1_LIMITS_DEFAULT, ":method: HEAD\n:scheme: ftp\n:authority: a.example\n:path: /\n");
	assert_true(h2_head_finish(&h, true, &r));
	assert_false(r.tunnel);
	assert_slice(r.method, "HEAD");
	assert_int_equal(h1_error_status(r.error), 400);
	h2_head_free(&h);
}

/* -- limits -------------------------------------------------------------------------------------------------------- */

#define EACH 3 /* octets that a field counts above its name and value */

static unsigned refusal(const struct h1_limits *limits, const char *fields, struct slice name, size_t value_n, size_t n)
{
	char *value = malloc(value_n + 1);
	struct h2_request r = {0};
	struct h2_head h;

	assert_non_null(value);
	memset(value, 'v', value_n + 1);
	h2_head_init(&h, limits);
	add_all(&h, limits, fields);
	for (size_t i = 0; i < n; i++)
		h2_head_add(&h, limits, name, slice_of(value, value_n));
	assert_true(h2_head_finish(&h, true, &r)); /* no buffer is smaller than the limits let in */
	if (!r.error)
		assert_one_request(r.head, limits);
	h2_head_free(&h);
	free(value);
	return r.error ? h1_error_status(r.error) : 0;
}

/* 7+3, 7+5, 10+9, 5+1 octets, and EACH. */
#define GET_OCTETS (47 + 4 * EACH)

static void test_octets_have_a_limit(void **state)
{
	const struct h1_limits limits = {.line = 100, .field = 100, .head = 200, .fields = 10};

	(void)state;
	assert_int_equal(refusal(&limits, GET, SLICE("x"), 200 - GET_OCTETS - EACH - 1, 1), 0);
	assert_int_equal(refusal(&limits, GET, SLICE("x"), 200 - GET_OCTETS - EACH, 1), 431);
	assert_int_equal(refusal(&limits, GET, SLICE("cookie"), 200 - GET_OCTETS - EACH - 6, 1), 0);
	assert_int_equal(refusal(&limits, GET, SLICE("cookie"), 200 - GET_OCTETS - EACH - 5, 1), 431);
}

static void test_fields_have_a_limit(void **state)
{
	const struct h1_limits limits = {.line = 100, .field = 100, .head = 2000, .fields = 10};

	(void)state;
	/* Pseudo-header fields have places of their own. */
	assert_int_equal(refusal(&limits, GET, SLICE("x"), 1, 11), 0);
	assert_int_equal(refusal(&limits, GET, SLICE("x"), 1, 12), 431);
	assert_int_equal(refusal(&limits, CONNECT("websocket"), SLICE("x"), 1, 10), 0);
	assert_int_equal(refusal(&limits, CONNECT("websocket"), SLICE("x"), 1, 11), 431);
	/* All crumbs are one field. */
	assert_int_equal(refusal(&limits, GET, SLICE("cookie"), 0, (2000 - GET_OCTETS) / 9), 0);
	assert_int_equal(refusal(&limits, GET, SLICE("cookie"), 0, (2000 - GET_OCTETS) / 9 + 1), 431);
}

/* Whatever the limits are, what they let in is told whole. */
static void test_limits_leave_room(void **state)
{
	(void)state;
	for (size_t head = 150; head < 400; head++) {
		for (size_t fields = 1; fields < 40; fields++) {
			const struct h1_limits limits = {.line = head, .field = head, .head = head, .fields = fields};
			size_t left = head - GET_OCTETS, n = left / (1 + EACH);

			assert_int_equal(refusal(&limits, GET, SLICE("x"), 0, n < fields ? n : fields), 0);
			assert_int_equal(refusal(&limits, GET, SLICE("cookie"), 0, left / (6 + EACH)), 0);
			assert_int_equal(refusal(&limits, GET, SLICE("x"), left - 1 - EACH, 1), 0);
			(void)refusal(&limits, CONNECT("websocket") "te: trailers\n", SLICE("x"), 0, n);
		}
	}
}

/* The first refusal is the one that is told; what comes behind it costs no memory. */
static void test_nothing_is_kept_behind_a_refusal(void **state)
{
	struct h2_request r = {0};
	struct h2_head h;
	size_t kept;

	(void)state;
	h2_head_init(&h, &H1_LIMITS_DEFAULT);
	add_all(&h, &H1_LIMITS_DEFAULT, GET "host: b.example\n");
	kept = h.text.n + h.cookie.n + h.pseudo.n;
	for (int i = 0; i < 100000; i++)
		h2_head_add(&h, &H1_LIMITS_DEFAULT, i & 1 ? SLICE("x") : SLICE("cookie"), SLICE("y"));
	assert_int_equal(h.text.n + h.cookie.n + h.pseudo.n, kept);
	assert_true(h2_head_finish(&h, true, &r));
	assert_int_equal(h1_error_status(r.error), 400);
	h2_head_free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heads),
		cmocka_unit_test(test_heads_do_not_mix),
		cmocka_unit_test(test_method_and_tunnel_are_told),
		cmocka_unit_test(test_octets_have_a_limit),
		cmocka_unit_test(test_fields_have_a_limit),
		cmocka_unit_test(test_limits_leave_room),
		cmocka_unit_test(test_nothing_is_kept_behind_a_refusal),
	};

	return cmocka_run_group_tests_name("h2_head", tests, NULL, NULL);
}
