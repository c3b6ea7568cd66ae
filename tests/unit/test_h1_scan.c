/* The search for the end of a head: whole, at every two-piece split, and octet by octet, with the same outcome. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "proxy/h1/h1.h"

enum { MORE = -1, END = -2 }; /* else an enum h1_error */

static const struct h1_limits tiny = {.line = 14, .field = 8, .head = 48, .fields = 3};

static int outcome(struct h1_scan *s, enum h1_scan_result result)
{
	assert_int_equal(result == H1_SCAN_ERROR, s->error != H1_OK);
	return result == H1_SCAN_MORE ? MORE : result == H1_SCAN_END ? END : (int)s->error;
}

/* Gives the prefixes of these lengths in turn, each in memory of its own so that no pointer can be kept. */
static int scan_prefixes(const struct h1_limits *limits, bool request, struct slice in, const size_t *lengths,
			 size_t count, size_t *length)
{
	struct h1_scan s = {0};
	int got = MORE;

	*length = 0;
	for (size_t i = 0; i < count && got == MORE; i++) {
		char *copy = malloc(lengths[i] + 1);

		assert_non_null(copy);
		if (lengths[i])
			memcpy(copy, in.p, lengths[i]);
		got = outcome(&s, h1_scan(&s, limits, request, slice_of(copy, lengths[i]), length));
		if (got > 0)
			assert_int_equal(h1_scan(&s, limits, request, slice_of(copy, lengths[i]), length),
					 H1_SCAN_ERROR);
		free(copy);
	}
	return got;
}

static void check(const struct h1_limits *limits, bool request, struct slice in, int expected, size_t expected_length)
{
	size_t *each = calloc(in.n + 1, sizeof *each), length;

	assert_non_null(each);
	for (size_t cut = 0; cut <= in.n; cut++) {
		int got = scan_prefixes(limits, request, in, (size_t[]){cut, in.n}, 2, &length);

		if (got != expected || (got == END && length != expected_length))
			fail_msg("\"%.*s\" cut at %zu: outcome %d (%s), length %zu; expected %d, %zu", SLICE_ARG(in),
				 cut, got, got > 0 ? h1_error_text((enum h1_error)got) : "no error", length, expected,
				 expected_length);
		each[cut] = cut;
	}
	if (scan_prefixes(limits, request, in, each, in.n + 1, &length) != expected)
		fail_msg("\"%.*s\" octet by octet differs", SLICE_ARG(in));
	free(each);
}

struct row {
	struct slice in;
	int expected;
	size_t length; /* of END; 0: all of it */
};

static void check_rows(const struct h1_limits *limits, bool request, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(limits, request, rows[i].in, rows[i].expected, rows[i].length ? rows[i].length : rows[i].in.n);
}

static void test_finds_end(void **state)
{
	static const struct row rows[] = {
		{SLICE_INIT(""), MORE, 0},
		{SLICE_INIT("G"), MORE, 0},
		{SLICE_INIT("GET / HTTP/1.1\r\n\r"), MORE, 0},
		{SLICE_INIT("GET / HTTP/1.1\r\n\r\n"), END, 0},
		{SLICE_INIT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), END, 0},
		{SLICE_INIT("GET / HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"), END, 18},
		{SLICE_INIT("GET / HTTP/1.1\r\n\r\n\n\n\0"), END, 18},
		{SLICE_INIT("\r\nGET / HTTP/1.1\r\n\r\n"), END, 0},
		{SLICE_INIT("\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n"), END, 0},
		{SLICE_INIT("\r\n\r\n\r\n\r\n"), MORE, 0},
		{SLICE_INIT("G\0T / HTTP/1.1\r\n\r\n"), END, 0}, /* octets are the parser's matter */
		{SLICE_INIT("G\r\r\n\r\n"), END, 0},
	};
	struct h1_limits limits = H1_LIMITS_DEFAULT;

	(void)state;
	check_rows(&limits, true, rows, CG_COUNT(rows));
}

static void test_refuses(void **state)
{
	static const struct row rows[] = {
		{SLICE_INIT("\n"), H1_E_BARE_LF, 0},
		{SLICE_INIT("GET / HTTP/1.1\n\n"), H1_E_BARE_LF, 0},
		{SLICE_INIT("GET / HTTP/1.1\nHost: a\r\n\r\n"), H1_E_BARE_LF, 0},
		{SLICE_INIT("GET / HTTP/1.1\r\nHost: a\n\r\n"), H1_E_BARE_LF, 0},
		{SLICE_INIT("GET / HTTP/1.1\r\nHost: a\r\n\n"), H1_E_BARE_LF, 0},
		{SLICE_INIT("GET / HTTP/1.1\r\n\n"), H1_E_BARE_LF, 0},
		{SLICE_INIT("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n"), H1_E_EMPTY_LINES, 0},
		{SLICE_INIT("\x16\x03\x01\x02"), H1_E_METHOD, 0},
		{SLICE_INIT(" GET / HTTP/1.1\r\n\r\n"), H1_E_METHOD, 0},
		{SLICE_INIT("\r\n GET / HTTP/1.1\r\n\r\n"), H1_E_METHOD, 0},
		{SLICE_INIT("\0"), H1_E_METHOD, 0},
	};
	struct h1_limits limits = H1_LIMITS_DEFAULT;

	(void)state;
	check_rows(&limits, true, rows, CG_COUNT(rows));
}

static void test_response(void **state)
{
	static const struct row rows[] = {
		{SLICE_INIT("HTTP/1.1 200 OK\r\n\r\n"), END, 0},
		{SLICE_INIT("HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody"), END, 25},
		{SLICE_INIT("\r\nHTTP/1.1 200 OK\r\n\r\n"), H1_E_EMPTY_LINES, 0},
		{SLICE_INIT("<html>"), H1_E_VERSION, 0},
		{SLICE_INIT("HTTP/1.1 200 OK\n\n"), H1_E_BARE_LF, 0},
	};
	struct h1_limits limits = H1_LIMITS_DEFAULT;

	(void)state;
	check_rows(&limits, false, rows, CG_COUNT(rows));
}

/* Each limit at N-1, N and N+1: line 14, field 8, head 48, fields 3. */
static void test_limits(void **state)
{
	static const struct row rows[] = {
		{SLICE_INIT("0123456789012\r\n\r\n"), END, 0},
		{SLICE_INIT("01234567890123\r\n\r\n"), END, 0},
		{SLICE_INIT("012345678901234\r\n\r\n"), H1_E_LINE_TOO_LONG, 0},
		{SLICE_INIT("012345678901234"), H1_E_LINE_TOO_LONG, 0},
		{SLICE_INIT("01234567890123\r"), MORE, 0},
		{SLICE_INIT("01234567890123\rx"), H1_E_LINE_TOO_LONG, 0},
		{SLICE_INIT("01234567890123\n"), H1_E_BARE_LF, 0},
		{SLICE_INIT("012345678901234\n"), H1_E_LINE_TOO_LONG, 0},
		{SLICE_INIT("G\r\nA:34567\r\n\r\n"), END, 0},
		{SLICE_INIT("G\r\nA:345678\r\n\r\n"), END, 0},
		{SLICE_INIT("G\r\nA:3456789\r\n\r\n"), H1_E_FIELD_TOO_LONG, 0},
		{SLICE_INIT("G\r\nA:3456789"), H1_E_FIELD_TOO_LONG, 0},
		{SLICE_INIT("G\r\nA:345678\r\rB"), H1_E_FIELD_TOO_LONG, 0},
		{SLICE_INIT("G\r\nA:1\r\nA:2\r\nA:3\r\n\r\n"), END, 0},
		{SLICE_INIT("G\r\nA:1\r\nA:2\r\nA:3\r\nA:4\r\n\r\n"), H1_E_TOO_MANY_FIELDS, 0},
		/* 47, 48, 49 octets */
		{SLICE_INIT("0123456789012\r\nA:345678\r\nB:345678\r\nC:345678\r\n\r\n"), END, 0},
		{SLICE_INIT("01234567890123\r\nA:345678\r\nB:345678\r\nC:345678\r\n\r\n"), END, 0},
		{SLICE_INIT("\r\n0123456789012\r\nA:345678\r\nB:345678\r\nC:345678\r\n\r\n"), H1_E_HEAD_TOO_LONG, 0},
		/* a second message behind the first does not count */
		{SLICE_INIT("01234567890123\r\n\r\n01234567890123456789012345678901234567890123456789"), END, 18},
		{SLICE_INIT("\r\n\r\n0123456789\r\nA:345678\r\nB:345678\r\nC:345678\r\n\r\n"), END, 0},
		{SLICE_INIT("\r\n\r\n01234567890\r\nA:345678\r\nB:345678\r\nC:345678\r\n\r\n"), H1_E_HEAD_TOO_LONG, 0},
	};

	(void)state;
	check_rows(&tiny, true, rows, CG_COUNT(rows));
}

/* Every octet is looked at once: a megabyte in single octets must not take quadratic time. */
static void test_linear(void **state)
{
	size_t n = 1 << 20, length;
	struct h1_limits limits = {.line = n, .field = n, .head = n, .fields = 1};
	struct h1_scan s = {0};
	char *p = malloc(n);

	(void)state;
	assert_non_null(p);
	memset(p, 'a', n);
	for (size_t i = 1; i < n; i++)
		assert_int_equal(h1_scan(&s, &limits, true, slice_of(p, i), &length), H1_SCAN_MORE);
	assert_int_equal(s.pos, n - 1);
	assert_int_equal(h1_scan(&s, &limits, true, slice_of(p, n), &length), H1_SCAN_ERROR);
	assert_int_equal(s.error, H1_E_HEAD_TOO_LONG);
	free(p);
}

static void test_errors_have_texts(void **state)
{
	static const unsigned statuses[] = {400, 405, 413, 414, 417, 431, 501, 503, 505};

	(void)state;
	for (unsigned e = H1_OK + 1; e < H1_ERRORS; e++) {
		bool known = false;

		assert_non_null(h1_error_text((enum h1_error)e));
		for (size_t i = 0; i < CG_COUNT(statuses); i++)
			known = known || h1_error_status((enum h1_error)e) == statuses[i];
		assert_true(known);
	}
	assert_string_equal(h1_error_text(H1_E_BARE_LF), "line ends with LF alone");
	assert_int_equal(h1_error_status(H1_E_LINE_TOO_LONG), 414);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds_end), cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_response),  cmocka_unit_test(test_limits),
		cmocka_unit_test(test_linear),	  cmocka_unit_test(test_errors_have_texts),
	};

	return cmocka_run_group_tests_name("h1_scan", tests, NULL, NULL);
}
