/* Request heads: what is taken, as text (tests/support/h1_text.h), and what is refused, with its error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/h1_text.h"

/* Parses a copy that is exactly as large, and appends the text of what was parsed. */
static enum h1_error parse(struct slice in, const struct h1_limits *limits, bool secure, struct buffer *text)
{
	struct arena arena;
	struct request req;
	struct h1_framing framing;
	char *copy = malloc(in.n + !in.n);
	enum h1_error error;

	assert_non_null(copy);
	if (in.n)
		memcpy(copy, in.p, in.n);
	arena_init(&arena, 0, 1 << 20);
	error = h1_parse_request(slice_of(copy, in.n), limits, secure, &arena, &req, &framing);
	if (!error)
		assert_true(h1_text_request(text, &req, &framing));
	arena_free(&arena);
	free(copy);
	return error;
}

static void check_text(struct slice in, bool secure, const char *expected)
{
	struct h1_limits limits = H1_LIMITS_DEFAULT;
	struct buffer text;
	enum h1_error error;

	buffer_init(&text, 1 << 17);
	error = parse(in, &limits, secure, &text);
	if (error || !slice_eq(buffer_slice(&text), slice_str(expected)))
		fail_msg("\"%.*s\":\n%s\n%.*sexpected:\n%s", SLICE_ARG(in), h1_error_text(error),
			 SLICE_ARG(buffer_slice(&text)), expected);
	buffer_free(&text);
}

static void check_refused(struct slice in, bool secure, enum h1_error expected)
{
	struct h1_limits limits = H1_LIMITS_DEFAULT;
	struct buffer text;
	enum h1_error error;

	buffer_init(&text, 1 << 17);
	error = parse(in, &limits, secure, &text);
	if (error != expected)
		fail_msg("\"%.*s\": %s; expected: %s", SLICE_ARG(in), h1_error_text(error), h1_error_text(expected));
	buffer_free(&text);
}

struct good {
	struct slice in;
	const char *text;
	bool secure;
};

struct bad {
	struct slice in;
	enum h1_error error;
	bool secure;
};

static void check_good(const struct good *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_text(rows[i].in, rows[i].secure, rows[i].text);
}

static void check_bad(const struct bad *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_refused(rows[i].in, rows[i].secure, rows[i].error);
}

/* "GET / HTTP/1.1", Host: a, and these field lines */
#define GET(fields)  SLICE_INIT("GET / HTTP/1.1\r\nHost: a\r\n" fields "\r\n")
#define POST(fields) SLICE_INIT("POST / HTTP/1.1\r\nHost: a\r\n" fields "\r\n")
/* A request line with a good Host. */
#define LINE(line)  SLICE_INIT(line "\r\nHost: a\r\n\r\n")
#define HOST(value) SLICE_INIT("GET / HTTP/1.1\r\nHost: " value "\r\n\r\n")

static void test_request_line(void **state)
{
	static const struct good rows[] = {
		{LINE("GET / HTTP/1.1"), "GET / host=a port=0 authority=a body=none keep-alive\n", false},
		{LINE("GET / HTTP/1.1"), "GET / host=a port=0 authority=a secure body=none keep-alive\n", true},
		{LINE("\r\n\r\n\r\n\r\nGET / HTTP/1.1"), "GET / host=a port=0 authority=a body=none keep-alive\n",
		 false},
		{LINE("GET / HTTP/1.0"), "GET / host=a port=0 authority=a 1.0 body=none\n", false},
		{LINE("GET / HTTP/1.2"), "GET / host=a port=0 authority=a body=none keep-alive\n", false},
		{LINE("OPTIONS * HTTP/1.1"), "OPTIONS * host=a port=0 authority=a body=none keep-alive\n", false},
		{LINE("get / HTTP/1.1"), "get / host=a port=0 authority=a body=none keep-alive\n", false},
		{LINE("M-SEARCH!#$%&'*+.^_`|~0 / HTTP/1.1"),
		 "M-SEARCH!#$%&'*+.^_`|~0 / host=a port=0 authority=a body=none keep-alive\n", false},
		{LINE("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.1"),
		 "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / host=a port=0 authority=a body=none keep-alive\n", false},
		{LINE("GET //a//../%2e?x=1&y={|}^`\"<>\\[] HTTP/1.1"),
		 "GET //a//../%2e?x=1&y={|}^`\"<>\\[] host=a port=0 authority=a body=none keep-alive\n", false},
		{LINE("GET /%zz%?? HTTP/1.1"), "GET /%zz%?? host=a port=0 authority=a body=none keep-alive\n", false},
		{LINE("GET /caf\xc3\xa9\xff HTTP/1.1"),
		 "GET /caf\xc3\xa9\xff host=a port=0 authority=a body=none keep-alive\n", false},
	};

	(void)state;
	check_good(rows, CG_COUNT(rows));
}

static void test_bad_request_line(void **state)
{
	static const struct bad rows[] = {
		{SLICE_INIT(""), H1_E_INCOMPLETE, false},
		{SLICE_INIT("GET"), H1_E_INCOMPLETE, false},
		{SLICE_INIT("GET /"), H1_E_INCOMPLETE, false},
		{SLICE_INIT("GET / HTTP/1."), H1_E_VERSION, false},
		{SLICE_INIT("GET / HTTP/1.1"), H1_E_INCOMPLETE, false},
		{SLICE_INIT("GET / HTTP/1.1\r\n"), H1_E_INCOMPLETE, false},
		{SLICE_INIT("GET / HTTP/1.1\r\nHost"), H1_E_INCOMPLETE, false},
		{SLICE_INIT("GET / HTTP/1.1\r\nHost: a"), H1_E_INCOMPLETE, false},
		{SLICE_INIT("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET"), H1_E_INCOMPLETE, false},
		{SLICE_INIT("GET / HTTP/1.1\r\nHost: a\r\n\rx"), H1_E_BARE_CR, false},
		{LINE("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1"), H1_E_EMPTY_LINES, false},
		{LINE("\rGET / HTTP/1.1"), H1_E_BARE_CR, false},
		{LINE("GET /\rHTTP/1.1"), H1_E_VERSION, false},
		{LINE("GET / HTTP/1.1\r"), H1_E_BARE_CR, false},
		{LINE("GET / HTTP/1.1\n"), H1_E_BARE_LF, false},
		{LINE("G@T / HTTP/1.1"), H1_E_METHOD, false},
		{LINE(" / HTTP/1.1"), H1_E_METHOD, false},
		{LINE("GET\t/ HTTP/1.1"), H1_E_METHOD, false},
		{LINE("G\0T / HTTP/1.1"), H1_E_METHOD, false},
		{LINE("G\xc3\x89T / HTTP/1.1"), H1_E_METHOD, false},
		{LINE("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1"), H1_E_METHOD_TOO_LONG, false},
		{LINE("CONNECT a:443 HTTP/1.1"), H1_E_METHOD_NOT_ALLOWED, false},
		{LINE("TRACE / HTTP/1.1"), H1_E_METHOD_NOT_ALLOWED, false},
		{LINE("trace / HTTP/1.1"), H1_E_METHOD_NOT_ALLOWED, false},
		{LINE("GET  / HTTP/1.1"), H1_E_TARGET, false},
		{LINE("GET /  HTTP/1.1"), H1_E_VERSION, false},
		{LINE("GET / HTTP/1.1 "), H1_E_START_LINE, false},
		{LINE("GET / HTTP/1.1x"), H1_E_START_LINE, false},
		{LINE("GET /a b HTTP/1.1"), H1_E_VERSION, false},
		{LINE("GET /"), H1_E_VERSION, false},
		{LINE("GET / "), H1_E_VERSION, false},
		{LINE("GET / http/1.1"), H1_E_VERSION, false},
		{LINE("GET / HTTP/11"), H1_E_VERSION, false},
		{LINE("GET / HTTP/1,1"), H1_E_VERSION, false},
		{LINE("GET / HTTP/x.1"), H1_E_VERSION, false},
		{LINE("GET / HTTP/1.x"), H1_E_VERSION, false},
		{LINE("GET / HTTP.1.1"), H1_E_VERSION, false},
		{LINE("GET / HTTP/1.1.1"), H1_E_START_LINE, false},
		{LINE("GET / ICY/1.1"), H1_E_VERSION, false},
		{LINE("GET / HTTP/0.9"), H1_E_VERSION_OTHER, false},
		{LINE("GET / HTTP/3.0"), H1_E_VERSION_OTHER, false},
		{SLICE_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), H1_E_VERSION_OTHER, false},
		{LINE("GET * HTTP/1.1"), H1_E_ASTERISK, false},
		{LINE("OPTIONS ** HTTP/1.1"), H1_E_TARGET, false},
		{LINE("GET a HTTP/1.1"), H1_E_TARGET, false},
		{LINE("GET a:80 HTTP/1.1"), H1_E_TARGET, false},
		{LINE("GET ?x HTTP/1.1"), H1_E_TARGET, false},
		{LINE("GET \\\\a HTTP/1.1"), H1_E_TARGET, false},
		{LINE("GET /#x HTTP/1.1"), H1_E_FRAGMENT, false},
		{LINE("GET /a\tb HTTP/1.1"), H1_E_TARGET_OCTET, false},
		{LINE("GET /a\x7f HTTP/1.1"), H1_E_TARGET_OCTET, false},
		{LINE("GET /a\0 HTTP/1.1"), H1_E_TARGET_OCTET, false},
		{LINE("GET /a\x01 HTTP/1.1"), H1_E_TARGET_OCTET, false},
	};

	(void)state;
	check_bad(rows, CG_COUNT(rows));
}

#define ABS(target, host) SLICE_INIT("GET " target " HTTP/1.1\r\nHost: " host "\r\n\r\n")

static void test_absolute(void **state)
{
	static const struct good rows[] = {
		{ABS("http://a", "a"), "GET / host=a port=0 authority=a body=none keep-alive\n", false},
		{ABS("http://a/", "a"), "GET / host=a port=0 authority=a body=none keep-alive\n", false},
		{ABS("http://a/b?c", "a"), "GET /b?c host=a port=0 authority=a body=none keep-alive\n", false},
		{ABS("http://a?c/d", "a"), "GET /?c/d host=a port=0 authority=a body=none keep-alive\n", false},
		{ABS("HTTPS://A/", "a"), "GET / host=a port=0 authority=A secure body=none keep-alive\n", true},
		{ABS("http://a:80/", "a"), "GET / host=a port=80 authority=a:80 body=none keep-alive\n", false},
		{ABS("https://a/", "a:443"), "GET / host=a port=0 authority=a secure body=none keep-alive\n", true},
		{ABS("http://a:8080/", "A:8080"), "GET / host=a port=8080 authority=a:8080 body=none keep-alive\n",
		 false},
		{SLICE_INIT("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n"),
		 "OPTIONS * host=a port=0 authority=a body=none keep-alive\n", false},
		{SLICE_INIT("OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
		 "OPTIONS / host=a port=0 authority=a body=none keep-alive\n", false},
	};
	static const struct bad bad[] = {
		{ABS("http://a/", "b"), H1_E_HOST_DISAGREES, false},
		{ABS("http://a:80/", "a:81"), H1_E_HOST_DISAGREES, false},
		{ABS("http://a/", "a:443"), H1_E_HOST_DISAGREES, false},
		{ABS("http://a/", ""), H1_E_HOST_INVALID, false},
		{ABS("http:///", "a"), H1_E_HOST_INVALID, false},
		{ABS("http://", "a"), H1_E_HOST_INVALID, false},
		{ABS("http://?", "a"), H1_E_HOST_INVALID, false},
		{ABS("http://u@a/", "a"), H1_E_HOST_INVALID, false},
		{ABS("http://u:p@a/", "a"), H1_E_HOST_INVALID, false},
		{ABS("http://a:x/", "a"), H1_E_HOST_INVALID, false},
		{ABS("http://a\\b/", "a"), H1_E_HOST_INVALID, false},
		{ABS("http:/a/", "a"), H1_E_TARGET, false},
		{ABS("ftp://a/", "a"), H1_E_TARGET, false},
		{ABS("http://a/#b", "a"), H1_E_FRAGMENT, false},
		{ABS("https://a/", "a"), H1_E_SCHEME, false},
		{ABS("http://a/", "a"), H1_E_SCHEME, true},
		{SLICE_INIT("GET http://a/ HTTP/1.1\r\n\r\n"), H1_E_HOST_MISSING, false},
		{SLICE_INIT("GET http://a/ HTTP/1.0\r\n\r\n"), H1_E_HOST_MISSING, false},
	};

	(void)state;
	check_good(rows, CG_COUNT(rows));
	check_bad(bad, CG_COUNT(bad));
}

static void test_host(void **state)
{
	static const struct good rows[] = {
		{HOST("WWW.Example.com."),
		 "GET / host=www.example.com port=0 authority=WWW.Example.com. body=none keep-alive\n", false},
		{HOST("a:8443 \t"), "GET / host=a port=8443 authority=a:8443 body=none keep-alive\n", false},
		{HOST("127.0.0.1:1"), "GET / host=127.0.0.1 port=1 authority=127.0.0.1:1 body=none keep-alive\n",
		 false},
		{SLICE_INIT("GET / HTTP/1.1\r\nhOsT:a\r\n\r\n"),
		 "GET / host=a port=0 authority=a body=none keep-alive\n", false},
	};
	static const struct bad bad[] = {
		{SLICE_INIT("GET / HTTP/1.1\r\n\r\n"), H1_E_HOST_MISSING, false},
		{SLICE_INIT("GET / HTTP/1.0\r\n\r\n"), H1_E_HOST_MISSING, false},
		{GET("Host: a\r\n"), H1_E_HOST_REPEATED, false},
		{GET("Host: b\r\n"), H1_E_HOST_REPEATED, false},
		{HOST(""), H1_E_HOST_INVALID, false},
		{HOST("a b"), H1_E_HOST_INVALID, false},
		{HOST("a,b"), H1_E_HOST_INVALID, false},
		{HOST("u@a"), H1_E_HOST_INVALID, false},
		{HOST("a/b"), H1_E_HOST_INVALID, false},
		{HOST("http://a"), H1_E_HOST_INVALID, false},
		{HOST("a:99999"), H1_E_HOST_INVALID, false},
		{HOST("a%2eb"), H1_E_HOST_INVALID, false},
		{HOST("caf\xc3\xa9"), H1_E_HOST_INVALID, false},
	};

	(void)state;
	check_good(rows, CG_COUNT(rows));
	check_bad(bad, CG_COUNT(bad));
}

#define KEPT "GET / host=a port=0 authority=a body=none keep-alive\n"

static void test_fields(void **state)
{
	static const struct good rows[] = {
		{GET("A:b\r\nA: c \t\r\na:\td e\r\n"), KEPT "A: b\nA: c\na: d e\n", false},
		{GET("Empty:\r\nBlank:  \t \r\n"), KEPT "Empty: \nBlank: \n", false},
		{GET("X: a:b \"q\\\" , ;\t\xff\x80z\r\n"), KEPT "X: a:b \"q\\\" , ;\t\xff\x80z\n", false},
		{GET("!#$%&'*+-.^_`|~09az: x\r\n"), KEPT "!#$%&'*+-.^_`|~09az: x\n", false},
		{GET("Cookie: a=1; b={\"x\"}\r\nCookie: c\r\n"), KEPT "Cookie: a=1; b={\"x\"}\nCookie: c\n", false},
	};
	static const struct bad bad[] = {
		{GET(" A: b\r\n"), H1_E_OBS_FOLD, false},
		{GET("A: b\r\n c\r\n"), H1_E_OBS_FOLD, false},
		{GET("A: b\r\n\tc\r\n"), H1_E_OBS_FOLD, false},
		{GET("A: b\r\n \r\n"), H1_E_OBS_FOLD, false},
		{GET("A : b\r\n"), H1_E_BLANK_BEFORE_COLON, false},
		{GET("Content-Length\t: 1\r\n"), H1_E_BLANK_BEFORE_COLON, false},
		{GET("A\r\n"), H1_E_NO_COLON, false},
		{GET(": b\r\n"), H1_E_FIELD_NAME, false},
		{GET("A(: b\r\n"), H1_E_FIELD_NAME, false},
		{GET("A\x80: b\r\n"), H1_E_FIELD_NAME, false},
		{GET("\xef\xbb\xbf"
		     "A: b\r\n"),
		 H1_E_FIELD_NAME, false},
		{GET("A\0: b\r\n"), H1_E_CONTROL, false},
		{GET("A\x01: b\r\n"), H1_E_CONTROL, false},
		{GET("A\r: b\r\n"), H1_E_BARE_CR, false},
		{GET("A\n: b\r\n"), H1_E_BARE_LF, false},
		{GET("A: b\rc\r\n"), H1_E_BARE_CR, false},
		{GET("A: b\r\r\n"), H1_E_BARE_CR, false},
		{GET("A: b\nC: d\r\n"), H1_E_BARE_LF, false},
		{GET("A: b\0c\r\n"), H1_E_CONTROL, false},
		{GET("A: b\x1f\r\n"), H1_E_CONTROL, false},
		{GET("A: b\x7f\r\n"), H1_E_CONTROL, false},
		{GET("A: 0123456789abcdef\x0b"
		     "chunked\r\n"),
		 H1_E_CONTROL, false},
	};

	(void)state;
	check_good(rows, CG_COUNT(rows));
	check_bad(bad, CG_COUNT(bad));
}

static void test_lookalikes(void **state)
{
	static const struct good rows[] = {
		{GET("user_id: 1\r\nX.Y: 2\r\n"), KEPT "user_id: 1\nX.Y: 2\n", false},
		{GET("_: 1\r\nHost_: 3\r\n"), KEPT "_: 1\nHost_: 3\n", false},
		{GET("Connection: x_y\r\nx_y: 2\r\n"), KEPT, false},
	};
	static const struct bad bad[] = {
		{GET("Crumbgate_Consent: all\r\n"), H1_E_FIELD_LOOKALIKE, false},
		{GET("crumbgate_x: all\r\n"), H1_E_FIELD_LOOKALIKE, false},
		{GET("Crumbgate.Consent: all\r\n"), H1_E_FIELD_LOOKALIKE, false},
		{GET("X_Forwarded-For: ::1\r\n"), H1_E_FIELD_LOOKALIKE, false},
		{GET("X-Forwarded_Anything: ::1\r\n"), H1_E_FIELD_LOOKALIKE, false},
		{GET("Content_Length: 1\r\n"), H1_E_FIELD_LOOKALIKE, false},
		{GET("Transfer_Encoding: chunked\r\n"), H1_E_FIELD_LOOKALIKE, false},
		{GET("Sec_GPC: 0\r\n"), H1_E_FIELD_LOOKALIKE, false},
		{GET("Sec_: 2\r\n"), H1_E_FIELD_LOOKALIKE, false},
		{GET("X_Forwarded_0123456789012345678901234567890123456789012345678901234567890123456789: 1\r\n"),
		 H1_E_FIELD_LOOKALIKE, false},
	};

	(void)state;
	check_good(rows, CG_COUNT(rows));
	check_bad(bad, CG_COUNT(bad));
}

/* Each octet at each place of a long value: many at a time must be as strict as one at a time. */
static void test_value_octets(void **state)
{
	struct h1_limits limits = H1_LIMITS_DEFAULT;
	char in[] = "GET / HTTP/1.1\r\nHost: a\r\nA: x123456789abcdefghijklmnx\r\n\r\n";
	size_t first = (size_t)(strchr(in, 'x') - in) + 1, last = sizeof in - 7;
	struct buffer text;

	(void)state;
	buffer_init(&text, 4096);
	for (size_t at = first; at < last; at++) {
		char before = in[at];

		for (int c = 0; c < 256; c++) {
			bool good = c == '\t' || (c >= ' ' && c != 0x7f);

			in[at] = (char)c;
			buffer_clear(&text);
			assert_int_equal(parse(slice_of(in, sizeof in - 1), &limits, false, &text) == H1_OK, good);
		}
		in[at] = before;
	}
	buffer_free(&text);
}

/* ':' ends the name, and what follows may stand in a value. */
static bool in_name(int c)
{
	return c == ':' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool in_target(int c)
{
	return c > ' ' && c != '#' && c != 0x7f;
}

/* One octet is replaced in a text between two others, of every length about a block of sixteen. */
static void check_octets(const char *before, const char *after, bool (*good)(int c))
{
	static const size_t lengths[] = {1, 2, 7, 8, 9, 14, 15, 16, 17, 18, 30, 31, 32, 33, 34};
	struct h1_limits limits = H1_LIMITS_DEFAULT;
	size_t start = strlen(before);
	struct buffer text;

	buffer_init(&text, 4096);
	for (size_t i = 0; i < CG_COUNT(lengths); i++) {
		char in[256];
		int n = snprintf(in, sizeof in, "%s%.*s%s", before, (int)lengths[i],
				 "n0123456789-ABCDEFGHIJ-abcdefghijkl", after);

		for (size_t at = start; at < start + lengths[i]; at++) {
			char old = in[at];

			for (int c = 0; c < 256; c++) {
				in[at] = (char)c;
				buffer_clear(&text);
				if ((parse(slice_of(in, (size_t)n), &limits, false, &text) == H1_OK) != good(c))
					fail_msg("%02x at %zu of %zu, in \"%s\"", (unsigned)c, at - start, lengths[i],
						 in);
			}
			in[at] = old;
		}
	}
	buffer_free(&text);
}

static void test_name_octets(void **state)
{
	(void)state;
	check_octets("GET / HTTP/1.1\r\nHost: a\r\nx", ":\r\n\r\n", in_name);
	check_octets("GET / HTTP/1.1\r\nHost: a\r\nx", ": b\r\nC: a longer value\r\n\r\n", in_name);
}

static void test_target_octets(void **state)
{
	(void)state;
	check_octets("GET /", " HTTP/1.1\r\nHost: a\r\n\r\n", in_target);
}

static void test_body_framing(void **state)
{
#define P(rest) "POST / host=a port=0 authority=a " rest "\n"
	static const struct good rows[] = {
		{POST("Content-Length: 0\r\n"), P("body=length length=0 keep-alive"), false},
		{POST("content-length:  00012\r\n"), P("body=length length=12 keep-alive"), false},
		{POST("Content-Length: 9223372036854775807\r\n"),
		 P("body=length length=9223372036854775807 keep-alive"), false},
		{POST("Transfer-Encoding: chunked\r\n"), P("body=chunked keep-alive"), false},
		{POST("Transfer-Encoding:\tChUnKeD \r\n"), P("body=chunked keep-alive"), false},
		{POST("TE: trailers\r\nTrailer: x\r\nTransfer-Encoding: chunked\r\n"), P("body=chunked keep-alive"),
		 false},
		{SLICE_INIT("POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 1\r\n\r\n"),
		 "POST / host=a port=0 authority=a 1.0 body=length length=1\n", false},
	};
	static const struct bad bad[] = {
		{POST("Content-Length: \r\n"), H1_E_LENGTH_INVALID, false},
		{POST("Content-Length: -1\r\n"), H1_E_LENGTH_INVALID, false},
		{POST("Content-Length: +1\r\n"), H1_E_LENGTH_INVALID, false},
		{POST("Content-Length: 1 1\r\n"), H1_E_LENGTH_INVALID, false},
		{POST("Content-Length: 0x1\r\n"), H1_E_LENGTH_INVALID, false},
		{POST("Content-Length: 1.0\r\n"), H1_E_LENGTH_INVALID, false},
		{POST("Content-Length: 1_0\r\n"), H1_E_LENGTH_INVALID, false},
		{POST("Content-Length: \xd9\xa1\r\n"), H1_E_LENGTH_INVALID, false},
		{POST("Content-Length: 9223372036854775808\r\n"), H1_E_LENGTH_INVALID, false},
		{POST("Content-Length: 18446744073709551616\r\n"), H1_E_LENGTH_INVALID, false},
		{POST("Content-Length: 99999999999999999999999999999999\r\n"), H1_E_LENGTH_INVALID, false},
		{POST("Content-Length: 1, 1\r\n"), H1_E_LENGTH_REPEATED, false},
		{POST("Content-Length: 1,\r\n"), H1_E_LENGTH_REPEATED, false},
		{POST("Content-Length: 1\r\nContent-Length: 1\r\n"), H1_E_LENGTH_REPEATED, false},
		{POST("Content-Length: 1\r\nContent-Length: 2\r\n"), H1_E_LENGTH_REPEATED, false},
		{POST("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), H1_E_LENGTH_AND_CODING, false},
		{POST("Transfer-Encoding: identity\r\nContent-Length: 1\r\n"), H1_E_LENGTH_AND_CODING, false},
		{POST("Content-Length: 0\r\nTransfer-Encoding:\r\n"), H1_E_LENGTH_AND_CODING, false},
		{POST("Transfer-Encoding:\r\n"), H1_E_CODING, false},
		{POST("Transfer-Encoding: gzip, chunked\r\n"), H1_E_CODING, false},
		{POST("Transfer-Encoding: chunked, identity\r\n"), H1_E_CODING, false},
		{POST("Transfer-Encoding: chunked, chunked\r\n"), H1_E_CODING, false},
		{POST("Transfer-Encoding: chunked,\r\n"), H1_E_CODING, false},
		{POST("Transfer-Encoding: chunked;q=1\r\n"), H1_E_CODING, false},
		{POST("Transfer-Encoding: xchunked\r\n"), H1_E_CODING, false},
		{POST("Transfer-Encoding: \"chunked\"\r\n"), H1_E_CODING, false},
		{POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), H1_E_CODING_REPEATED, false},
		{POST("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), H1_E_CODING_REPEATED, false},
		{SLICE_INIT("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), H1_E_CODING_IN_1_0,
		 false},
	};

	(void)state;
	check_good(rows, CG_COUNT(rows));
	check_bad(bad, CG_COUNT(bad));
}

static void test_connection(void **state)
{
#define CLOSED "GET / host=a port=0 authority=a body=none\n"
	static const struct good rows[] = {
		{GET("Connection: close\r\n"), CLOSED, false},
		{GET("Connection: keep-alive, CLOSE\r\n"), CLOSED, false},
		{GET("Connection: keep-alive\r\nConnection: close\r\n"), CLOSED, false},
		{GET("Connection: close\r\nClose: 1\r\nCLOSE: 2\r\n"), CLOSED, false},
		{GET("Connection:\r\n"), KEPT, false},
		{GET("Connection: , ,keep-alive,\r\nKeep-Alive: 5\r\n"), KEPT, false},
		{GET("Proxy-Connection: close\r\n"), KEPT, false},
		{SLICE_INIT("GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n"),
		 "GET / host=a port=0 authority=a 1.0 body=none keep-alive\n", false},
		{SLICE_INIT("GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive, close\r\n\r\n"),
		 "GET / host=a port=0 authority=a 1.0 body=none\n", false},
		{GET("X-Hop: 1\r\nA: b\r\nConnection: x-hop\r\nx-HOP: 2\r\n"), KEPT "A: b\n", false},
		{GET("Connection: x, y\r\nX: 1\r\nConnection: z\r\nY: 2\r\nZ: 3\r\nW: 4\r\n"), KEPT "W: 4\n", false},
		{GET("X: 1\r\nX: 1\r\nConnection: x\r\nY: 2\r\nConnection: y\r\n"), KEPT, false},
		{GET("Connection: Transfer-Encoding, Keep-Alive, Trailer, proxy-authorization\r\n"), KEPT, false},
		{GET("Proxy-Authorization: x\r\nProxy-Authenticate: y\r\nTrailer: z\r\nHTTP2-Settings: s\r\n"), KEPT,
		 false},
		{GET("Connection: close, 1,2,3,4,5,6,7,8,9,a,b,c,d,e,f,g\r\nA: 1\r\nG: 2\r\n"), CLOSED, false},
	};
	static const struct bad bad[] = {
		{GET("Connection: close, 1,2,3,4,5,6,7,8,9,a,b,c,d,e,f,g,h\r\n"), H1_E_CONNECTION_TOO_MANY, false},
		{GET("Connection: a b\r\n"), H1_E_CONNECTION, false},
		{GET("Connection: \"close\"\r\n"), H1_E_CONNECTION, false},
		{GET("Connection: close;x\r\n"), H1_E_CONNECTION, false},
		{GET("Connection: Cookie\r\n"), H1_E_CONNECTION_END_TO_END, false},
		{GET("Connection: host\r\n"), H1_E_CONNECTION_END_TO_END, false},
		{GET("Connection: close, content-length\r\n"), H1_E_CONNECTION_END_TO_END, false},
		{GET("Connection: Authorization\r\n"), H1_E_CONNECTION_END_TO_END, false},
		{GET("Connection: Sec-GPC\r\n"), H1_E_CONNECTION_END_TO_END, false},
		{GET("Connection: sec-fetch-site\r\n"), H1_E_CONNECTION_END_TO_END, false},
		{GET("Connection: X-Forwarded-For\r\n"), H1_E_CONNECTION_END_TO_END, false},
		{GET("Connection: X-Forwarded-Anything\r\n"), H1_E_CONNECTION_END_TO_END, false},
		{GET("Connection: Forwarded\r\n"), H1_E_CONNECTION_END_TO_END, false},
		{GET("Connection: Cache-Control\r\n"), H1_E_CONNECTION_END_TO_END, false},
		{GET("Connection: Origin\r\n"), H1_E_CONNECTION_END_TO_END, false},
		{GET("Connection: Crumbgate-Consent\r\n"), H1_E_CONNECTION_END_TO_END, false},
		{GET("Connection: crumbgate-x\r\n"), H1_E_CONNECTION_END_TO_END, false},
		{GET("Connection: Expect\r\n"), H1_E_CONNECTION_END_TO_END, false},
	};

	(void)state;
	check_good(rows, CG_COUNT(rows));
	check_bad(bad, CG_COUNT(bad));
}

static void test_upgrade_te_expect(void **state)
{
#define UP "GET / host=a port=0 authority=a body=none keep-alive upgrade="
	static const struct good rows[] = {
		{GET("Connection: Upgrade\r\nUpgrade: websocket\r\nA: b\r\n"), UP "websocket\nA: b\n", false},
		{GET("Upgrade: h2c, x/1\r\nConnection: keep-alive, upgrade\r\n"), UP "h2c, x/1\n", false},
		{GET("Upgrade: websocket\r\n"), KEPT, false},
		{GET("Connection: upgrade\r\n"), KEPT, false},
		{GET("Connection: upgrade\r\nUpgrade:\r\n"), KEPT, false},
		{GET("Connection: upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n"), KEPT, false},
		{SLICE_INIT("GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
		 "GET / host=a port=0 authority=a 1.0 body=none\n", false},
		{GET("TE: trailers\r\n"), KEPT, false},
		{GET("TE: gzip;q=0.5, Trailers\r\nConnection: TE\r\n"),
		 "GET / host=a port=0 authority=a body=none keep-alive trailers\n", false},
		{GET("TE: gzip\r\nConnection: TE\r\n"), KEPT, false},
		{POST("Expect: 100-Continue\r\nContent-Length: 1\r\n"),
		 P("body=length length=1 keep-alive continue") "Expect: 100-Continue\n", false},
		{POST("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n"),
		 P("body=chunked keep-alive continue") "Expect: 100-continue\n", false},
		{POST("Expect: 100-continue\r\nContent-Length: 0\r\n"), P("body=length length=0 keep-alive"), false},
		{GET("Expect: 100-continue\r\n"), KEPT, false},
		{SLICE_INIT("POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n"),
		 "POST / host=a port=0 authority=a 1.0 body=length length=1\n", false},
	};
	static const struct bad bad[] = {
		{POST("Expect: 100-continue, x\r\n"), H1_E_EXPECTATION, false},
		{POST("Expect: 200-ok\r\n"), H1_E_EXPECTATION, false},
		{POST("Expect:\r\n"), H1_E_EXPECTATION, false},
		{POST("Expect: 100-continue\r\nExpect: x\r\n"), H1_E_EXPECTATION, false},
	};

	(void)state;
	check_good(rows, CG_COUNT(rows));
	check_bad(bad, CG_COUNT(bad));
}

/* The parser keeps the limits itself, whoever found the head: N and N+1. */
static void test_limits(void **state)
{
	static const struct h1_limits limits = {.line = 16, .field = 8, .head = 40, .fields = 2};
	static const struct {
		struct slice in;
		enum h1_error error;
	} rows[] = {
		{SLICE_INIT("GET /12 HTTP/1.1\r\nHost: a\r\n\r\n"), H1_OK},
		{SLICE_INIT("GET /123 HTTP/1.1\r\nHost: a\r\n\r\n"), H1_E_LINE_TOO_LONG},
		{SLICE_INIT("GET / HTTP/1.1\r\nHost:a  \r\n\r\n"), H1_OK},
		{SLICE_INIT("GET / HTTP/1.1\r\nHost:a   \r\n\r\n"), H1_E_FIELD_TOO_LONG},
		{SLICE_INIT("GET / HTTP/1.1\r\nHost:a\r\nA:\r\n\r\n"), H1_OK},
		{SLICE_INIT("GET / HTTP/1.1\r\nHost:a\r\nA:\r\nB:\r\n\r\n"), H1_E_TOO_MANY_FIELDS},
		{SLICE_INIT("GET / HTTP/1.1\r\nHost: abc\r\nA: b345\r\n\r\n"), H1_E_FIELD_TOO_LONG},
		{SLICE_INIT("GET /12 HTTP/1.1\r\nHost: ab\r\nA: b3456\r\n\r\n"), H1_OK},
		{SLICE_INIT("\r\nGET /1 HTTP/1.1\r\nHost: ab\r\nA: b3456\r\n\r\n"), H1_E_HEAD_TOO_LONG},
	};
	struct buffer text;

	(void)state;
	buffer_init(&text, 4096);
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		if (parse(rows[i].in, &limits, false, &text) != rows[i].error)
			fail_msg("row %zu: \"%.*s\"", i, SLICE_ARG(rows[i].in));
	buffer_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_line),  cmocka_unit_test(test_bad_request_line),
		cmocka_unit_test(test_absolute),      cmocka_unit_test(test_host),
		cmocka_unit_test(test_fields),	      cmocka_unit_test(test_lookalikes),
		cmocka_unit_test(test_value_octets),  cmocka_unit_test(test_name_octets),
		cmocka_unit_test(test_target_octets), cmocka_unit_test(test_body_framing),
		cmocka_unit_test(test_connection),    cmocka_unit_test(test_upgrade_te_expect),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("h1_request", tests, NULL, NULL);
}
