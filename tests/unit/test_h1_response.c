/* Response heads: what is taken, as text (tests/support/h1_text.h), and what is refused, with its error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "tests/support/h1_text.h"

struct row {
	struct slice in;
	const char *text; /* NULL: refused with error */
	enum h1_error error;
	const char *method; /* NULL: GET */
	bool upgrade_asked;
};

static enum h1_error parse(const struct row *row, const struct h1_limits *limits, struct buffer *text)
{
	struct arena arena;
	struct response resp;
	struct h1_framing framing;
	char *copy = malloc(row->in.n + !row->in.n);
	enum h1_error error;

	assert_non_null(copy);
	if (row->in.n)
		memcpy(copy, row->in.p, row->in.n);
	arena_init(&arena, 0, 1 << 20);
	error = h1_parse_response(slice_of(copy, row->in.n), limits, slice_str(row->method ? row->method : "GET"),
				  row->upgrade_asked, &arena, &resp, &framing);
	if (!error)
		assert_true(h1_text_response(text, &resp, &framing));
	arena_free(&arena);
	free(copy);
	return error;
}

static void check(const struct row *row)
{
	struct h1_limits limits = H1_LIMITS_DEFAULT;
	struct buffer text;
	enum h1_error error;

	buffer_init(&text, 1 << 17);
	error = parse(row, &limits, &text);
	if (error != row->error || !slice_eq(buffer_slice(&text), slice_str(row->text)))
		fail_msg("\"%.*s\":\n%s\n%.*sexpected:\n%s\n%s", SLICE_ARG(row->in), h1_error_text(error),
			 SLICE_ARG(buffer_slice(&text)), h1_error_text(row->error), row->text ? row->text : "");
	buffer_free(&text);
}

static void check_all(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(&rows[i]);
}

/* A status line and field lines. */
#define R(line, fields) SLICE_INIT("HTTP/1.1 " line "\r\n" fields "\r\n")
#define OK(fields)	R("200 OK", fields)
#define CLOSE		"200 OK body=close\n"

static void test_status_line(void **state)
{
	static const struct row rows[] = {
		{R("200 OK", ""), CLOSE, 0, 0, 0},
		{R("200 ", ""), "200  body=close\n", 0, 0, 0},
		{R("200", ""), "200  body=close\n", 0, 0, 0},
		{R("404 Not \xc3\xa9\t\"x\"", ""), "404 Not \xc3\xa9\t\"x\" body=close\n", 0, 0, 0},
		{R("599 x", ""), "599 x body=close\n", 0, 0, 0},
		{SLICE_INIT("HTTP/1.0 200 OK\r\n\r\n"), CLOSE, 0, 0, 0},
		{SLICE_INIT("HTTP/1.9 200 OK\r\nContent-Length: 0\r\n\r\n"), "200 OK body=length length=0 keep-alive\n",
		 0, 0, 0},
		{R("099 x", ""), NULL, H1_E_STATUS, 0, 0},
		{R("600 x", ""), NULL, H1_E_STATUS, 0, 0},
		{R("20", ""), NULL, H1_E_STATUS, 0, 0},
		{R("2x0 x", ""), NULL, H1_E_STATUS, 0, 0},
		{R("20x x", ""), NULL, H1_E_STATUS, 0, 0},
		{R("2000 x", ""), NULL, H1_E_STATUS, 0, 0},
		{R("200\tOK", ""), NULL, H1_E_STATUS, 0, 0},
		{R(" 200 OK", ""), NULL, H1_E_STATUS, 0, 0},
		{R("200 O\0K", ""), NULL, H1_E_CONTROL, 0, 0},
		{R("200 O\rK", ""), NULL, H1_E_BARE_CR, 0, 0},
		{R("200 OK\r", ""), NULL, H1_E_BARE_CR, 0, 0},
		{R("200\r", ""), NULL, H1_E_BARE_CR, 0, 0},
		{R("200 O\nK", ""), NULL, H1_E_BARE_LF, 0, 0},
		{SLICE_INIT("HTTP/1.1200 OK\r\n\r\n"), NULL, H1_E_START_LINE, 0, 0},
		{SLICE_INIT("HTTP/1.1 2"), NULL, H1_E_START_LINE, 0, 0},
		{SLICE_INIT("HTTP/1.1 200"), NULL, H1_E_STATUS, 0, 0},
		{SLICE_INIT("HTTP/1.1 200 "), NULL, H1_E_INCOMPLETE, 0, 0},
		{SLICE_INIT(""), NULL, H1_E_VERSION, 0, 0},
		{SLICE_INIT("\r\nHTTP/1.1 200 OK\r\n\r\n"), NULL, H1_E_EMPTY_LINES, 0, 0},
		{SLICE_INIT("HTTP/2.0 200 OK\r\n\r\n"), NULL, H1_E_VERSION_OTHER, 0, 0},
		{SLICE_INIT("ICY 200 OK\r\n\r\n"), NULL, H1_E_VERSION, 0, 0},
	};

	(void)state;
	check_all(rows, CG_COUNT(rows));
}

/* RFC 9112 6.3 */
static void test_content(void **state)
{
	static const struct row rows[] = {
		{OK("Content-Length: 5\r\n"), "200 OK body=length length=5 keep-alive\n", 0, 0, 0},
		{OK("Content-Length: 0\r\n"), "200 OK body=length length=0 keep-alive\n", 0, 0, 0},
		{OK("Transfer-Encoding: chunked\r\n"), "200 OK body=chunked keep-alive\n", 0, 0, 0},
		{OK("Connection: keep-alive\r\n"), CLOSE, 0, 0, 0},
		{R("205 x", "Content-Length: 0\r\n"), "205 x body=length length=0 keep-alive\n", 0, 0, 0},
		{OK("Content-Length: 5\r\n"), "200 OK body=none length=5 keep-alive\n", 0, "HEAD", 0},
		{OK("Transfer-Encoding: chunked\r\n"), "200 OK body=none keep-alive\n", 0, "HEAD", 0},
		{OK(""), "200 OK body=none keep-alive\n", 0, "HEAD", 0},
		{OK(""), CLOSE, 0, "head", 0},
		{R("304 x", "Content-Length: 5\r\n"), "304 x body=none length=5 keep-alive\n", 0, 0, 0},
		{R("304 x", "Transfer-Encoding: chunked\r\n"), "304 x body=none keep-alive\n", 0, 0, 0},
		{R("304 x", "Connection: close\r\n"), "304 x body=none\n", 0, 0, 0},
		{R("204 x", ""), "204 x body=none keep-alive\n", 0, 0, 0},
		{R("204 x", "Content-Length: 0\r\n"), "204 x body=none keep-alive\n", 0, 0, 0},
		{R("204 x", "Content-Length: 5\r\n"), "204 x body=none\n", 0, 0, 0},
		{R("204 x", "Transfer-Encoding: chunked\r\n"), "204 x body=none\n", 0, 0, 0},
		{R("204 x", "Transfer-Encoding: chunked\r\n"), "204 x body=none\n", 0, "HEAD", 0},
		{R("100 Continue", ""), "100 Continue body=none keep-alive\n", 0, 0, 0},
		{R("103 Early Hints", "Link: </a>\r\nContent-Length: 0\r\n"),
		 "103 Early Hints body=none keep-alive\nLink: </a>\n", 0, 0, 0},
		{R("100 x", "Content-Length: 1\r\n"), NULL, H1_E_INTERIM_BODY, 0, 0},
		{R("103 x", "Transfer-Encoding: chunked\r\n"), NULL, H1_E_INTERIM_BODY, "HEAD", 0},
		{OK("Content-Length: 5\r\nContent-Length: 5\r\n"), NULL, H1_E_LENGTH_REPEATED, 0, 0},
		{OK("Content-Length: 5\r\nContent-Length: 6\r\n"), NULL, H1_E_LENGTH_REPEATED, 0, 0},
		{OK("Content-Length: 5, 5\r\n"), NULL, H1_E_LENGTH_REPEATED, 0, 0},
		{OK("Content-Length: five\r\n"), NULL, H1_E_LENGTH_INVALID, 0, 0},
		{OK("Content-Length: five\r\n"), NULL, H1_E_LENGTH_INVALID, "HEAD", 0},
		{R("304 x", "Content-Length: -5\r\n"), NULL, H1_E_LENGTH_INVALID, 0, 0},
		{OK("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), NULL, H1_E_LENGTH_AND_CODING, 0, 0},
		{OK("Transfer-Encoding: gzip, chunked\r\n"), NULL, H1_E_CODING, 0, 0},
		{OK("Transfer-Encoding: identity\r\n"), NULL, H1_E_CODING, 0, 0},
		{SLICE_INIT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), NULL, H1_E_CODING_IN_1_0, 0, 0},
	};

	(void)state;
	check_all(rows, CG_COUNT(rows));
}

static void test_connection(void **state)
{
	static const struct row rows[] = {
		{OK("Content-Length: 1\r\nConnection: close\r\n"), "200 OK body=length length=1\n", 0, 0, 0},
		{SLICE_INIT("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n"), "200 OK body=length length=1\n", 0, 0, 0},
		{SLICE_INIT("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n"),
		 "200 OK body=length length=1 keep-alive\n", 0, 0, 0},
		{OK("Connection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: 3\r\nSet-Cookie: a=b\r\n"),
		 CLOSE "Set-Cookie: a=b\n", 0, 0, 0},
		{OK("Upgrade: h2\r\nConnection: upgrade\r\nHost: evil\r\n"), CLOSE, 0, 0, true},
		{OK("Connection: Set-Cookie\r\n"), NULL, H1_E_CONNECTION_END_TO_END, 0, 0},
		{OK("Connection: Cache-Control\r\n"), NULL, H1_E_CONNECTION_END_TO_END, 0, 0},
		{OK("A: b\r\n c\r\n"), NULL, H1_E_OBS_FOLD, 0, 0},
		{OK("Set-Cookie : b\r\n"), NULL, H1_E_BLANK_BEFORE_COLON, 0, 0},
		{SLICE_INIT("HTTP/1.1 200 OK\r\nA: b"), NULL, H1_E_INCOMPLETE, 0, 0},
	};

	(void)state;
	check_all(rows, CG_COUNT(rows));
}

static void test_switching(void **state)
{
#define SWITCH R("101 x", "Connection: upgrade\r\nUpgrade: websocket\r\n")
	static const struct row rows[] = {
		{SWITCH, "101 x body=none keep-alive upgrade=websocket\n", 0, 0, true},
		{SWITCH, NULL, H1_E_SWITCH_UNASKED, 0, false},
		{R("101 x", "Upgrade: websocket\r\n"), NULL, H1_E_SWITCH_UNASKED, 0, true},
		{R("101 x", "Connection: upgrade\r\n"), NULL, H1_E_SWITCH_UNASKED, 0, true},
		{R("101 x", "Connection: upgrade\r\nUpgrade:\r\n"), NULL, H1_E_SWITCH_UNASKED, 0, true},
		{R("101 x", "Connection: upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n"), NULL, H1_E_SWITCH_UNASKED, 0, true},
		{R("101 x", "Connection: upgrade\r\nUpgrade: a\r\nContent-Length: 3\r\n"), NULL, H1_E_INTERIM_BODY, 0,
		 true},
		{SLICE_INIT("HTTP/1.0 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"), NULL,
		 H1_E_SWITCH_UNASKED, 0, true},
	};

	(void)state;
	check_all(rows, CG_COUNT(rows));
}

static void test_limits(void **state)
{
	static const struct h1_limits limits = {.line = 15, .field = 8, .head = 37, .fields = 2};
	static const struct row rows[] = {
		{R("200 OK", "A: b3456\r\n"), NULL, H1_OK, 0, 0},
		{R("200 OK.", ""), NULL, H1_E_LINE_TOO_LONG, 0, 0},
		{R("200 OK", "A: b34567\r\n"), NULL, H1_E_FIELD_TOO_LONG, 0, 0},
		{R("200 OK", "A: b345\r\nB: b345\r\n"), NULL, H1_OK, 0, 0},
		{R("200 OK", "A: b345\r\nB: b3456\r\n"), NULL, H1_E_HEAD_TOO_LONG, 0, 0},
		{R("200 OK", "A:\r\nB:\r\nC:\r\n"), NULL, H1_E_TOO_MANY_FIELDS, 0, 0},
	};
	struct buffer text;

	(void)state;
	buffer_init(&text, 4096);
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		if (parse(&rows[i], &limits, &text) != rows[i].error)
			fail_msg("row %zu: \"%.*s\"", i, SLICE_ARG(rows[i].in));
	buffer_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status_line), cmocka_unit_test(test_content), cmocka_unit_test(test_connection),
		cmocka_unit_test(test_switching),   cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("h1_response", tests, NULL, NULL);
}
