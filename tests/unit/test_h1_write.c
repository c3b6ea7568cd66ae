/* Writing heads and chunks: exact octets, and what is refused rather than written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/h1/h1.h"

struct pair {
	struct slice name;
	struct slice value;
};

#define PAIR(name, value)                           \
	{                                           \
		SLICE_INIT(name), SLICE_INIT(value) \
	}
#define NO_FIELDS            \
	{                    \
		PAIR("", "") \
	}
#define PAIRS 4

static void fill(struct fields *f, struct arena *arena, const struct pair pairs[PAIRS])
{
	fields_init(f, arena);
	for (size_t i = 0; i < PAIRS && (pairs[i].name.n || pairs[i].value.n); i++)
		assert_true(fields_add(f, pairs[i].name, pairs[i].value));
}

/* expected NULL: must be refused, with the buffer as it was. */
static void expect(const struct buffer *out, bool ok, const char *expected)
{
	if (ok != (expected != NULL) ||
	    !slice_eq(slice_from(buffer_slice(out), 6), slice_str(expected ? expected : "")) ||
	    !slice_starts_with(buffer_slice(out), SLICE("before")))
		fail_msg("%s, wrote:\n%.*s\nexpected:\n%s", ok ? "done" : "refused", SLICE_ARG(buffer_slice(out)),
			 expected ? expected : "a refusal");
}

struct request_row {
	const char *method;
	struct slice target;
	struct pair fields[PAIRS];
	struct h1_framing framing;
	const char *expected;
};

static void check_request(const struct request_row *row)
{
	struct request req = {.method = slice_str(row->method),
			      .target = row->target,
			      .authority = SLICE("a.example:8080"),
			      .host = SLICE("a.example"),
			      .port = 8080};
	struct arena arena;
	struct buffer out;

	arena_init(&arena, 0, 1 << 20);
	fill(&req.fields, &arena, row->fields);
	/* A buffer of every size up to what is needed: all or nothing. */
	for (size_t max = 6; row->expected && max < 6 + strlen(row->expected); max++) {
		buffer_init(&out, max);
		buffer_add_str(&out, "before");
		expect(&out, h1_write_request(&out, &req, &row->framing), NULL);
		buffer_free(&out);
	}
	buffer_init(&out, row->expected ? 6 + strlen(row->expected) : 4096);
	buffer_add_str(&out, "before");
	expect(&out, h1_write_request(&out, &req, &row->framing), row->expected);
	buffer_free(&out);
	arena_free(&arena);
}

#define H "Host: a.example:8080\r\n"

static void test_requests(void **state)
{
	static const struct h1_framing plain = {.keep_alive = true};
	const struct request_row rows[] = {
		{"GET", SLICE_INIT("/"), NO_FIELDS, plain, "GET / HTTP/1.1\r\n" H "\r\n"},
		{"OPTIONS", SLICE_INIT("*"), NO_FIELDS, {0}, "OPTIONS * HTTP/1.1\r\n" H "Connection: close\r\n\r\n"},
		{"GET",
		 SLICE_INIT("/a?b={}\xff"),
		 {PAIR("x-A", "b"), PAIR("Empty", ""), PAIR("Cookie", "a=1; b=\"\xc3\xa9\"\t2")},
		 plain,
		 "GET /a?b={}\xff HTTP/1.1\r\n" H "x-A: b\r\nEmpty: \r\nCookie: a=1; b=\"\xc3\xa9\"\t2\r\n\r\n"},
		{"POST",
		 SLICE_INIT("/"),
		 NO_FIELDS,
		 {.kind = H1_BODY_LENGTH, .keep_alive = true},
		 "POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"},
		{"POST",
		 SLICE_INIT("/"),
		 NO_FIELDS,
		 {.kind = H1_BODY_LENGTH, .length = INT64_MAX, .keep_alive = true},
		 "POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775807\r\n\r\n"},
		{"POST",
		 SLICE_INIT("/"),
		 NO_FIELDS,
		 {.kind = H1_BODY_CHUNKED},
		 "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"},
		{"GET",
		 SLICE_INIT("/"),
		 NO_FIELDS,
		 {.keep_alive = true, .upgrade = true, .upgrade_protocol = SLICE_INIT("websocket")},
		 "GET / HTTP/1.1\r\n" H "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"},
		{"GET",
		 SLICE_INIT("/"),
		 NO_FIELDS,
		 {.upgrade = true, .upgrade_protocol = SLICE_INIT("websocket")},
		 "GET / HTTP/1.1\r\n" H "Connection: close, upgrade\r\nUpgrade: websocket\r\n\r\n"},
		/* only the framing says such things */
		{"GET",
		 SLICE_INIT("/"),
		 {PAIR("Host", "b"), PAIR("Content-Length", "9"), PAIR("transfer-encoding", "x"), PAIR("TE", "y")},
		 plain,
		 "GET / HTTP/1.1\r\n" H "\r\n"},
		{"GET",
		 SLICE_INIT("/"),
		 {PAIR("Upgrade", "b"), PAIR("Connection", "9"), PAIR("A", "b")},
		 plain,
		 "GET / HTTP/1.1\r\n" H "A: b\r\n\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		check_request(&rows[i]);
}

static void test_no_forged_request(void **state)
{
	static const struct h1_framing plain = {.keep_alive = true};
	const struct request_row rows[] = {
		{"GET", SLICE_INIT("/"), {PAIR("A", "b\r\nC: d")}, plain, NULL},
		{"GET", SLICE_INIT("/"), {PAIR("A", "b"), PAIR("C", "12345678901234\n")}, plain, NULL},
		{"GET", SLICE_INIT("/"), {PAIR("A", "\r")}, plain, NULL},
		{"GET", SLICE_INIT("/"), {PAIR("A", "b\0c")}, plain, NULL},
		{"GET", SLICE_INIT("/"), {PAIR("A: b\r\nC", "d")}, plain, NULL},
		{"GET", SLICE_INIT("/"), {PAIR("A ", "d")}, plain, NULL},
		{"GET", SLICE_INIT("/"), {PAIR("", "d")}, plain, NULL},
		{"GET", SLICE_INIT(""), NO_FIELDS, plain, NULL},
		{"GET", SLICE_INIT("/ HTTP/1.1"), NO_FIELDS, plain, NULL},
		{"GET", SLICE_INIT("/\r\nA:"), NO_FIELDS, plain, NULL},
		{"GET", SLICE_INIT("/#a"), NO_FIELDS, plain, NULL},
		{"", SLICE_INIT("/"), NO_FIELDS, plain, NULL},
		{"G T", SLICE_INIT("/"), NO_FIELDS, plain, NULL},
		{"GET", SLICE_INIT("/"), NO_FIELDS, {.kind = H1_BODY_CLOSE}, NULL},
		{"GET", SLICE_INIT("/"), NO_FIELDS, {.upgrade = true}, NULL},
		{"GET", SLICE_INIT("/"), NO_FIELDS, {.upgrade = true, .upgrade_protocol = SLICE_INIT("a\nb")}, NULL},
	};
	struct request req = {.method = SLICE_INIT("GET"), .target = SLICE_INIT("/")};
	struct buffer out;

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		check_request(&rows[i]);
	buffer_init(&out, 100);
	assert_false(h1_write_request(&out, &req, &plain));
	req.authority = SLICE("a\r\nb");
	assert_false(h1_write_request(&out, &req, &plain));
	buffer_free(&out);
}

/* One octet of each part of a head: never a line that was not meant, whatever the length. */
static void check_forgery(struct slice part, char *octet, bool token)
{
	static const struct h1_framing plain = {.keep_alive = true};
	const struct slice a = SLICE("a");
	struct request req = {.method = SLICE("GET"), .target = SLICE("/"), .authority = token ? a : part};
	struct response resp = {.status = 200, .reason = token ? a : part};
	struct buffer out;
	struct arena arena;

	arena_init(&arena, 0, 4096);
	fields_init(&req.fields, &arena);
	assert_true(fields_add(&req.fields, token ? part : a, token ? a : part));
	buffer_init(&out, 4096);
	for (int c = 0; c < 256; c++) {
		bool good = token ? (c && strchr("!#$%&'*+-.^_`|~", c)) || (c >= '0' && c <= '9') ||
					    ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
				  : c == '\t' || (c >= ' ' && c != 0x7f);

		*octet = (char)c;
		buffer_clear(&out);
		assert_int_equal(h1_write_request(&out, &req, &plain), good);
		resp.fields = token ? req.fields : (struct fields){0};
		assert_int_equal(h1_write_response(&out, &resp, &plain, 1), good);
		if (!good)
			assert_int_equal(out.n, 0);
	}
	buffer_free(&out);
	arena_free(&arena);
}

static void test_each_octet(void **state)
{
	char text[50];

	(void)state;
	for (size_t n = 1; n < sizeof text; n += n < 14 || n > 17 ? 3 : 1)
		for (size_t at = 0; at < n; at++) {
			memset(text, 'x', sizeof text);
			check_forgery(slice_of(text, n), &text[at], false);
			text[at] = 'x';
			check_forgery(slice_of(text, n), &text[at], true);
		}
}

/* As many line ends as make a count of eight bits begin anew. */
static void test_many_forged(void **state)
{
	static const struct h1_framing plain = {.keep_alive = true};
	static char text[256 * 16];
	struct response resp = {.status = 200};
	struct buffer out;
	struct arena arena;

	(void)state;
	memset(text, 'a', sizeof text);
	for (size_t i = 0; i < sizeof text; i += 16)
		text[i] = '\n';
	arena_init(&arena, 0, 4096);
	fields_init(&resp.fields, &arena);
	assert_true(fields_add(&resp.fields, SLICE("A"), slice_of(text, sizeof text)));
	buffer_init(&out, 2 * sizeof text);
	assert_false(h1_write_response(&out, &resp, &plain, 1));
	memset(text, 'a', sizeof text);
	assert_true(h1_write_response(&out, &resp, &plain, 1));
	buffer_free(&out);
	arena_free(&arena);
}

struct response_row {
	unsigned status;
	struct slice reason;
	struct pair fields[PAIRS];
	struct h1_framing framing;
	unsigned minor;
	const char *expected;
};

static void check_response(const struct response_row *row)
{
	struct response resp = {.status = row->status, .reason = row->reason};
	struct arena arena;
	struct buffer out;

	arena_init(&arena, 0, 1 << 20);
	fill(&resp.fields, &arena, row->fields);
	for (size_t max = 6; row->expected && max < 6 + strlen(row->expected); max++) {
		buffer_init(&out, max);
		buffer_add_str(&out, "before");
		expect(&out, h1_write_response(&out, &resp, &row->framing, row->minor), NULL);
		buffer_free(&out);
	}
	buffer_init(&out, row->expected ? 6 + strlen(row->expected) : 4096);
	buffer_add_str(&out, "before");
	expect(&out, h1_write_response(&out, &resp, &row->framing, row->minor), row->expected);
	buffer_free(&out);
	arena_free(&arena);
}

static void test_responses(void **state)
{
	static const struct h1_framing none = {.keep_alive = true};
	static const struct h1_framing length = {
		.kind = H1_BODY_LENGTH, .length = 12, .has_length = true, .keep_alive = true};
	static const struct h1_framing empty = {.kind = H1_BODY_LENGTH, .keep_alive = true};
	static const struct h1_framing announced = {.length = 12, .has_length = true, .keep_alive = true};
	static const struct h1_framing chunked = {.kind = H1_BODY_CHUNKED, .keep_alive = true};
	static const struct h1_framing close = {.kind = H1_BODY_CLOSE};
	static const struct h1_framing wrong_close = {.kind = H1_BODY_CLOSE, .keep_alive = true};
	static const struct h1_framing upgrade = {
		.keep_alive = true, .upgrade = true, .upgrade_protocol = SLICE_INIT("websocket")};
	const struct response_row rows[] = {
		{200, SLICE_INIT("OK"), NO_FIELDS, length, 1, "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n"},
		{404, SLICE_INIT(""), NO_FIELDS, empty, 1, "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n"},
		{200, SLICE_INIT("OK"), NO_FIELDS, announced, 1, "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n"},
		{304, SLICE_INIT("x"), NO_FIELDS, announced, 1, "HTTP/1.1 304 x\r\nContent-Length: 12\r\n\r\n"},
		{304, SLICE_INIT("x"), NO_FIELDS, none, 1, "HTTP/1.1 304 x\r\n\r\n"},
		{204, SLICE_INIT("x"), NO_FIELDS, announced, 1, "HTTP/1.1 204 x\r\n\r\n"},
		{204, SLICE_INIT("x"), NO_FIELDS, empty, 1, "HTTP/1.1 204 x\r\n\r\n"},
		{204, SLICE_INIT("x"), NO_FIELDS, length, 1, NULL},
		{204, SLICE_INIT("x"), NO_FIELDS, chunked, 1, NULL},
		{100, SLICE_INIT("Continue"), NO_FIELDS, {0}, 1, "HTTP/1.1 100 Continue\r\n\r\n"},
		{103, SLICE_INIT("x"), {PAIR("Link", "</a>")}, announced, 1, "HTTP/1.1 103 x\r\nLink: </a>\r\n\r\n"},
		{103, SLICE_INIT("x"), NO_FIELDS, chunked, 1, NULL},
		{101,
		 SLICE_INIT("x"),
		 {PAIR("Sec-WebSocket-Accept", "y")},
		 upgrade,
		 1,
		 "HTTP/1.1 101 x\r\nSec-WebSocket-Accept: y\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"},
		{101, SLICE_INIT("x"), NO_FIELDS, none, 1, NULL},
		{200, SLICE_INIT("OK"), NO_FIELDS, chunked, 1, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{200, SLICE_INIT("OK"), NO_FIELDS, chunked, 0, NULL},
		{200, SLICE_INIT("OK"), NO_FIELDS, close, 1, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
		{200, SLICE_INIT("OK"), NO_FIELDS, wrong_close, 0, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
		{200, SLICE_INIT("OK"), NO_FIELDS, empty, 0,
		 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"},
		{200,
		 SLICE_INIT("OK"),
		 {PAIR("Set-Cookie", "a=b"), PAIR("Connection", "x"), PAIR("Content-Length", "7"),
		  PAIR("Set-Cookie", "c=d")},
		 empty,
		 1,
		 "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 0\r\n\r\n"},
		{200, SLICE_INIT("O\r\nK"), NO_FIELDS, length, 1, NULL},
		{200, SLICE_INIT("OK"), {PAIR("Location", "/\r\nSet-Cookie: a=b")}, length, 1, NULL},
		{99, SLICE_INIT("x"), NO_FIELDS, length, 1, NULL},
		{1000, SLICE_INIT("x"), NO_FIELDS, length, 1, NULL},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		check_response(&rows[i]);
}

static void test_chunk_heads(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} rows[] = {
		{1, "1\r\n"},
		{9, "9\r\n"},
		{15, "f\r\n"},
		{16, "10\r\n"},
		{0xabcdef, "abcdef\r\n"},
		{UINT64_C(0x0fffffffffffffff), "fffffffffffffff\r\n"},
		{UINT64_C(0x1000000000000000), "1000000000000000\r\n"},
		{UINT64_MAX, "ffffffffffffffff\r\n"},
	};
	char out[20];

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		size_t n = h1_chunk_head(out, rows[i].n);

		assert_true(slice_eq(slice_of(out, n), slice_str(rows[i].text)));
	}
}

static void check_last_chunk(const struct pair pairs[PAIRS], size_t max, const char *expected)
{
	struct arena arena;
	struct buffer out;
	struct fields trailers;

	arena_init(&arena, 0, 1 << 20);
	fill(&trailers, &arena, pairs);
	buffer_init(&out, max);
	buffer_add_str(&out, "before");
	expect(&out, h1_write_last_chunk(&out, pairs[0].name.n ? &trailers : NULL), expected);
	buffer_free(&out);
	arena_free(&arena);
}

static void test_last_chunk(void **state)
{
	static const struct pair none[PAIRS] = NO_FIELDS;
	static const struct pair some[PAIRS] = {PAIR("A", "b"), PAIR("Set-Cookie", "x"), PAIR("Host", "y"),
						PAIR("C", "d")};
	static const struct pair forged[PAIRS] = {PAIR("A", "b\r\n\r\nGET / HTTP/1.1")};

	(void)state;
	check_last_chunk(none, 11, "0\r\n\r\n");
	check_last_chunk(none, 10, NULL);
	check_last_chunk(none, 8, NULL);
	check_last_chunk(some, 100, "0\r\nA: b\r\nC: d\r\n\r\n");
	check_last_chunk(some, 20, NULL);
	check_last_chunk(forged, 100, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),   cmocka_unit_test(test_no_forged_request),
		cmocka_unit_test(test_each_octet), cmocka_unit_test(test_many_forged),
		cmocka_unit_test(test_responses),  cmocka_unit_test(test_chunk_heads),
		cmocka_unit_test(test_last_chunk),
	};

	return cmocka_run_group_tests_name("h1_write", tests, NULL, NULL);
}
