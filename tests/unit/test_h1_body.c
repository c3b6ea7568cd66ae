/* Bodies: whole, cut in two at every octet, and octet by octet, with the same content and the same end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "tests/support/h1_text.h"

enum { MORE = -1, END = -2 }; /* else an enum h1_error */

struct reading {
	struct arena arena;
	struct h1_body body;
	struct buffer content;
	size_t consumed;
	enum h1_body_result result;
};

static void begin(struct reading *r, const struct h1_framing *framing, const struct h1_limits *limits)
{
	*r = (struct reading){.result = H1_BODY_MORE};
	arena_init(&r->arena, 0, 1 << 20);
	buffer_init(&r->content, 1 << 20);
	h1_body_init(&r->body, framing, limits, &r->arena);
}

static void end(struct reading *r)
{
	h1_body_free(&r->body);
	buffer_free(&r->content);
	arena_free(&r->arena);
}

/* Feeds a copy that is exactly as large, until no more comes of it. */
static void feed(struct reading *r, struct slice piece)
{
	char *copy = malloc(piece.n + !piece.n);
	struct slice in = slice_of(copy, piece.n), data;

	assert_non_null(copy);
	if (piece.n)
		memcpy(copy, piece.p, piece.n);
	do {
		r->result = h1_body_read(&r->body, &in, &data);
		assert_int_equal(r->result == H1_BODY_DATA, data.n > 0);
		assert_true(buffer_add(&r->content, data));
	} while (r->result == H1_BODY_DATA);
	if (r->result == H1_BODY_MORE)
		assert_int_equal(in.n, 0);
	r->consumed += piece.n - in.n;
	free(copy);
}

static int outcome(const struct reading *r)
{
	return r->result == H1_BODY_MORE ? MORE : r->result == H1_BODY_END ? END : (int)r->body.error;
}

struct row {
	struct slice in;
	int expected;
	const char *content;
	size_t rest; /* octets of `in` that must not be consumed; counts for END */
	const char *trailers;
};

static void expect(const struct reading *r, const struct row *row, size_t cut)
{
	struct buffer trailers;

	buffer_init(&trailers, 4096);
	assert_true(h1_text_fields(&trailers, &r->body.trailers));
	if (outcome(r) != row->expected || !slice_eq(buffer_slice(&r->content), slice_str(row->content)) ||
	    r->body.received != r->content.n || (row->expected == END && r->consumed != row->in.n - row->rest) ||
	    (row->expected == END && !slice_eq(buffer_slice(&trailers), slice_str(row->trailers))))
		fail_msg("\"%.*s\" cut at %zu: outcome %d (%s), consumed %zu, content \"%.*s\", trailers \"%.*s\"",
			 SLICE_ARG(row->in), cut, outcome(r), h1_error_text(r->body.error), r->consumed,
			 SLICE_ARG(buffer_slice(&r->content)), SLICE_ARG(buffer_slice(&trailers)));
	buffer_free(&trailers);
}

static void check(const struct row *row, const struct h1_framing *framing, const struct h1_limits *limits)
{
	struct reading r;

	for (size_t cut = 0; cut <= row->in.n; cut++) {
		begin(&r, framing, limits);
		feed(&r, slice_head(row->in, cut));
		if (r.result == H1_BODY_MORE)
			feed(&r, slice_from(row->in, cut));
		expect(&r, row, cut);
		end(&r);
	}
	begin(&r, framing, limits);
	for (size_t i = 0; i < row->in.n && r.result == H1_BODY_MORE; i++)
		feed(&r, slice_of(row->in.p + i, 1));
	if (row->expected == END || r.result == H1_BODY_MORE)
		feed(&r, slice_of(NULL, 0)); /* a length that is reached ends without an octet more */
	expect(&r, row, row->in.n + 1);
	end(&r);
}

static void check_chunked(const struct row *rows, size_t n, const struct h1_limits *limits)
{
	for (size_t i = 0; i < n; i++)
		check(&rows[i], &(struct h1_framing){.kind = H1_BODY_CHUNKED}, limits);
}

static void test_length(void **state)
{
	static const struct row rows[] = {
		{SLICE_INIT("hello"), END, "hello", 0, ""},
		{SLICE_INIT("helloGET"), END, "hello", 3, ""},
		{SLICE_INIT("hell"), MORE, "hell", 0, ""},
		{SLICE_INIT(""), MORE, "", 0, ""},
	};
	static const struct row none = {SLICE_INIT("GET"), END, "", 3, ""};
	struct h1_limits limits = H1_LIMITS_DEFAULT;

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		check(&rows[i], &(struct h1_framing){.kind = H1_BODY_LENGTH, .length = 5, .has_length = true}, &limits);
	check(&none, &(struct h1_framing){.kind = H1_BODY_LENGTH, .has_length = true}, &limits);
	check(&none, &(struct h1_framing){.kind = H1_BODY_NONE, .length = 5, .has_length = true}, &limits);
}

static void test_close(void **state)
{
	static const struct row rows[] = {
		{SLICE_INIT(""), MORE, "", 0, ""},
		{SLICE_INIT("0\r\n\r\n"), MORE, "0\r\n\r\n", 0, ""},
	};
	struct h1_limits limits = H1_LIMITS_DEFAULT;

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		check(&rows[i], &(struct h1_framing){.kind = H1_BODY_CLOSE}, &limits);
}

static void test_chunks(void **state)
{
	static const struct row rows[] = {
		{SLICE_INIT("0\r\n\r\n"), END, "", 0, ""},
		{SLICE_INIT("0\r\n\r\nGET"), END, "", 3, ""},
		{SLICE_INIT("5\r\nhello\r\n0\r\n\r\n"), END, "hello", 0, ""},
		{SLICE_INIT("1\r\na\r\n1\r\nb\r\n0\r\n\r\n\r\n"), END, "ab", 2, ""},
		{SLICE_INIT("a\r\n0123456789\r\n0A\r\n0123456789\r\n000\r\n\r\n"), END, "01234567890123456789", 0, ""},
		{SLICE_INIT("0000000000000001\r\na\r\n0000000000000000\r\n\r\n"), END, "a", 0, ""},
		{SLICE_INIT("2\r\n\r\n\r\n0\r\n\r\n"), END, "\r\n", 0, ""},
		{SLICE_INIT("5\r\nhel"), MORE, "hel", 0, ""},
		{SLICE_INIT("5\r\nhello\r\n0\r\n\r"), MORE, "hello", 0, ""},
		{SLICE_INIT(""), MORE, "", 0, ""},
		{SLICE_INIT("1;a\r\na\r\n0;b=\"c\"\r\n\r\n"), END, "a", 0, ""},
		{SLICE_INIT("1 \t;a = \xff\r\na\r\n0;;;\r\n\r\n"), END, "a", 0, ""},
		{SLICE_INIT("1;\r\na\r\n0\r\n\r\n"), END, "a", 0, ""},
	};
	struct h1_limits limits = H1_LIMITS_DEFAULT;

	(void)state;
	check_chunked(rows, CG_COUNT(rows), &limits);
}

static void test_bad_chunks(void **state)
{
	static const struct row rows[] = {
		{SLICE_INIT("\r\n"), H1_E_CHUNK_SIZE, "", 0, ""},
		{SLICE_INIT("x\r\n"), H1_E_CHUNK_SIZE, "", 0, ""},
		{SLICE_INIT(" 5\r\n"), H1_E_CHUNK_SIZE, "", 0, ""},
		{SLICE_INIT(";a\r\n"), H1_E_CHUNK_SIZE, "", 0, ""},
		{SLICE_INIT("-1\r\n"), H1_E_CHUNK_SIZE, "", 0, ""},
		{SLICE_INIT("+1\r\n"), H1_E_CHUNK_SIZE, "", 0, ""},
		{SLICE_INIT("0x5\r\nhello\r\n"), H1_E_CHUNK_SIZE, "", 0, ""},
		{SLICE_INIT("5,\r\n"), H1_E_CHUNK_SIZE, "", 0, ""},
		{SLICE_INIT("00000000000000001\r\n"), H1_E_CHUNK_SIZE, "", 0, ""},
		{SLICE_INIT("1\0000\r\n"), H1_E_CHUNK_SIZE, "", 0, ""},
		{SLICE_INIT("8000000000000000\r\n"), H1_E_CHUNK_TOO_LARGE, "", 0, ""},
		{SLICE_INIT("ffffffffffffffff\r\n"), H1_E_CHUNK_TOO_LARGE, "", 0, ""},
		{SLICE_INIT("7fffffffffffffff\r\n"), MORE, "", 0, ""},
		{SLICE_INIT("1\r\na\r\n7fffffffffffffff\r\n"), H1_E_CHUNK_TOO_LARGE, "a", 0, ""},
		{SLICE_INIT("1\r\na\r\n7ffffffffffffffe\r\n"), MORE, "a", 0, ""},
		{SLICE_INIT("0 5\r\n"), H1_E_CHUNK_EXTENSION, "", 0, ""},
		{SLICE_INIT("0 5;a\r\n"), H1_E_CHUNK_EXTENSION, "", 0, ""},
		{SLICE_INIT("5 \r\nhello\r\n"), H1_E_CHUNK_EXTENSION, "", 0, ""},
		{SLICE_INIT("5;a\0b\r\n"), H1_E_CHUNK_EXTENSION, "", 0, ""},
		{SLICE_INIT("5;a\x7f\r\n"), H1_E_CHUNK_EXTENSION, "", 0, ""},
		{SLICE_INIT("5\nhello\r\n"), H1_E_BARE_LF, "", 0, ""},
		{SLICE_INIT("\n"), H1_E_BARE_LF, "", 0, ""},
		{SLICE_INIT("5;a\nhello\r\n"), H1_E_BARE_LF, "", 0, ""},
		{SLICE_INIT("5 \n"), H1_E_BARE_LF, "", 0, ""},
		{SLICE_INIT("5\rhello\r\n"), H1_E_BARE_CR, "", 0, ""},
		{SLICE_INIT("5;a=\"\r\"\r\n"), H1_E_BARE_CR, "", 0, ""},
		{SLICE_INIT("5\r\r\n"), H1_E_BARE_CR, "", 0, ""},
		{SLICE_INIT("5\r\nhello0\r\n\r\n"), H1_E_CHUNK_END, "hello", 0, ""},
		{SLICE_INIT("5\r\nhello\n0\r\n\r\n"), H1_E_CHUNK_END, "hello", 0, ""},
		{SLICE_INIT("5\r\nhello\rX"), H1_E_CHUNK_END, "hello", 0, ""},
		{SLICE_INIT("5\r\nhello!\r\n"), H1_E_CHUNK_END, "hello", 0, ""},
		{SLICE_INIT("1\r\na\r\n\r\n0\r\n\r\n"), H1_E_CHUNK_SIZE, "a", 0, ""},
	};
	struct h1_limits limits = H1_LIMITS_DEFAULT;

	(void)state;
	check_chunked(rows, CG_COUNT(rows), &limits);
}

static void test_trailers(void **state)
{
	static const struct row rows[] = {
		{SLICE_INIT("0\r\nA: b\r\nX-Sum:\t1 \r\n\r\nrest"), END, "", 4, "A: b\nX-Sum: 1\n"},
		{SLICE_INIT("1\r\nx\r\n0\r\nCookie: a\r\nA: b\r\ncontent-length: 3\r\nHost: c\r\n\r\n"), END, "x", 0,
		 "A: b\n"},
		{SLICE_INIT("0\r\nTransfer-Encoding: x\r\nConnection: y\r\nSet-Cookie: z\r\n\r\n"), END, "", 0, ""},
		{SLICE_INIT("0\r\nX-Forwarded-Port: 1\r\nX-Forwarded-User: me\r\nSec-GPC: 1\r\nSec-X: 1\r\n"
			    "Origin: b\r\nAuthorization: c\r\n\r\n"),
		 END, "", 0, ""},
		{SLICE_INIT("0\r\nA b\r\n\r\n"), H1_E_BLANK_BEFORE_COLON, "", 0, ""},
		{SLICE_INIT("0\r\nA\r\n\r\n"), H1_E_NO_COLON, "", 0, ""},
		{SLICE_INIT("0\r\nA: b\r\n c\r\n\r\n"), H1_E_OBS_FOLD, "", 0, ""},
		{SLICE_INIT("0\r\nA: b\n\r\n"), H1_E_BARE_LF, "", 0, ""},
		{SLICE_INIT("0\r\n\n"), H1_E_BARE_LF, "", 0, ""},
		{SLICE_INIT("0\r\nA: b\rc\r\n\r\n"), H1_E_BARE_CR, "", 0, ""},
		{SLICE_INIT("0\r\n\r\r\n"), H1_E_BARE_CR, "", 0, ""},
		{SLICE_INIT("0\r\nA: \x01\r\n\r\n"), H1_E_CONTROL, "", 0, ""},
		{SLICE_INIT("0\r\nCookie: \x01\r\n\r\n"), H1_E_CONTROL, "", 0, ""},
		{SLICE_INIT("0\r\nA: b\r\n"), MORE, "", 0, ""},
	};
	struct h1_limits limits = H1_LIMITS_DEFAULT;

	(void)state;
	check_chunked(rows, CG_COUNT(rows), &limits);
}

/* Field 8, head 24, fields 3: N-1, N, N+1. */
static void test_trailer_limits(void **state)
{
	static const struct h1_limits limits = {.line = 8, .field = 8, .head = 24, .fields = 3};
	static const struct row rows[] = {
		{SLICE_INIT("0\r\nA:34567\r\n\r\n"), END, "", 0, "A: 34567\n"},
		{SLICE_INIT("0\r\nA:345678\r\n\r\n"), END, "", 0, "A: 345678\n"},
		{SLICE_INIT("0\r\nA:3456789\r\n\r\n"), H1_E_FIELD_TOO_LONG, "", 0, ""},
		{SLICE_INIT("0\r\nA:34567890123456789012345678901234567890"), H1_E_FIELD_TOO_LONG, "", 0, ""},
		{SLICE_INIT("0\r\nA:345678\rx"), H1_E_FIELD_TOO_LONG, "", 0, ""},
		{SLICE_INIT("0\r\nA:345678\n"), H1_E_BARE_LF, "", 0, ""},
		{SLICE_INIT("0\r\nA:\r\nB:\r\nC:\r\n\r\n"), END, "", 0, "A: \nB: \nC: \n"},
		{SLICE_INIT("0\r\nA:\r\nTE:\r\nC:\r\nD:\r\n\r\n"), H1_E_TOO_MANY_FIELDS, "", 0, ""},
		{SLICE_INIT("0\r\nA:345678\r\nB:345\r\nC:\r\n\r\n"), END, "", 0, "A: 345678\nB: 345\nC: \n"},
		{SLICE_INIT("0\r\nA:345678\r\nB:3456\r\nC:\r\n\r\n"), END, "", 0, "A: 345678\nB: 3456\nC: \n"},
		{SLICE_INIT("0\r\nA:345678\r\nB:34567\r\nC:\r\n\r\n"), H1_E_HEAD_TOO_LONG, "", 0, ""},
		{SLICE_INIT("0\r\nA:345678\r\nB:34567\r\n\r\n"), END, "", 0, "A: 345678\nB: 34567\n"},
		{SLICE_INIT("0\r\nA:345678\r\nB:345678\r\n\r\n"), END, "", 0, "A: 345678\nB: 345678\n"},
		{SLICE_INIT("0\r\nA:345678\r\nB:345678\r\nC:1\r\n"), H1_E_HEAD_TOO_LONG, "", 0, ""},
		{SLICE_INIT("0\r\nA:345678\r\nB:345678\r\nC:34567\r\n"), H1_E_HEAD_TOO_LONG, "", 0, ""},
	};

	(void)state;
	check_chunked(rows, CG_COUNT(rows), &limits);
}

static void read_extensions(size_t octets, size_t chunks, int expected)
{
	struct h1_limits limits = H1_LIMITS_DEFAULT;
	struct reading r;
	char *extension = malloc(octets);

	assert_non_null(extension);
	memset(extension, ';', octets);
	begin(&r, &(struct h1_framing){.kind = H1_BODY_CHUNKED}, &limits);
	for (size_t i = 0; i < chunks && r.result == H1_BODY_MORE; i++) {
		feed(&r, SLICE("1"));
		feed(&r, slice_of(extension, octets));
		if (r.result == H1_BODY_MORE)
			feed(&r, SLICE("\r\nx\r\n"));
	}
	assert_int_equal(outcome(&r), expected);
	end(&r);
	free(extension);
}

/* The limit is on all extensions of a body together. */
static void test_extension_limit(void **state)
{
	(void)state;
	read_extensions(4095, 1, MORE);
	read_extensions(4096, 1, MORE);
	read_extensions(4097, 1, H1_E_CHUNK_EXTENSION_TOO_LONG);
	read_extensions(1, 4096, MORE);
	read_extensions(1, 4097, H1_E_CHUNK_EXTENSION_TOO_LONG);
}

static int eof_after(struct slice in, struct h1_framing framing)
{
	struct h1_limits limits = H1_LIMITS_DEFAULT;
	struct reading r;
	int result;

	begin(&r, &framing, &limits);
	feed(&r, in);
	r.result = h1_body_eof(&r.body);
	assert_int_equal(h1_body_eof(&r.body), r.result);
	result = outcome(&r);
	feed(&r, SLICE("more")); /* nothing is taken after the end */
	assert_int_equal(outcome(&r), result);
	end(&r);
	return result;
}

static void test_eof(void **state)
{
	static const struct h1_framing length = {.kind = H1_BODY_LENGTH, .length = 3};
	static const struct h1_framing none = {.kind = H1_BODY_NONE, .length = 3};
	static const struct h1_framing chunked = {.kind = H1_BODY_CHUNKED};
	static const struct h1_framing close = {.kind = H1_BODY_CLOSE};

	(void)state;
	assert_int_equal(eof_after(SLICE("abc"), length), END);
	assert_int_equal(eof_after(SLICE("ab"), length), H1_E_TRUNCATED);
	assert_int_equal(eof_after(SLICE(""), none), END);
	assert_int_equal(eof_after(SLICE(""), close), END);
	assert_int_equal(eof_after(SLICE("abc"), close), END);
	assert_int_equal(eof_after(SLICE(""), chunked), H1_E_TRUNCATED);
	assert_int_equal(eof_after(SLICE("0\r\n\r\n"), chunked), END);
	assert_int_equal(eof_after(SLICE("0\r\n"), chunked), H1_E_TRUNCATED);
	assert_int_equal(eof_after(SLICE("1\r\na\r\n"), chunked), H1_E_TRUNCATED);
	assert_int_equal(eof_after(SLICE("x"), chunked), H1_E_CHUNK_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_length),		cmocka_unit_test(test_close),
		cmocka_unit_test(test_chunks),		cmocka_unit_test(test_bad_chunks),
		cmocka_unit_test(test_trailers),	cmocka_unit_test(test_trailer_limits),
		cmocka_unit_test(test_extension_limit), cmocka_unit_test(test_eof),
	};

	return cmocka_run_group_tests_name("h1_body", tests, NULL, NULL);
}
