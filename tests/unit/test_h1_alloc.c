/* Every allocation fails once, by malloc and by the arena's cap: no crash, no leak, and the error says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "proxy/h1/h1.h"
#include "tests/support/alloc_fault.h"

typedef enum h1_error (*scenario)(struct arena *arena);

static enum h1_error run_request(struct arena *arena)
{
	struct h1_limits limits = H1_LIMITS_DEFAULT;
	struct request req;
	struct h1_framing framing;

	return h1_parse_request(SLICE("GET http://A.Example?x=1 HTTP/1.1\r\nHost: a.example:80\r\nA:1\r\nA:2\r\nA:3\r\n"
				      "A:4\r\nA:5\r\nA:6\r\nA:7\r\nA:8\r\nA:9\r\nA:0\r\nA:1\r\nA:2\r\nA:3\r\nA:4\r\n"
				      "A:5\r\nA:6\r\nA:7\r\nA:8\r\nA:9\r\nA:0\r\nA:1\r\nA:2\r\nA:3\r\nA:4\r\nA:5\r\n"
				      "A:6\r\nA:7\r\nA:8\r\nA:9\r\nA:0\r\nA:1\r\nA:2\r\nA:3\r\nA:4\r\n\r\n"),
				&limits, false, arena, &req, &framing);
}

static enum h1_error run_response(struct arena *arena)
{
	struct h1_limits limits = H1_LIMITS_DEFAULT;
	struct response resp;
	struct h1_framing framing;

	return h1_parse_response(SLICE("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n\r\n"), &limits, SLICE("GET"), false,
				 arena, &resp, &framing);
}

static enum h1_error run_body(struct arena *arena)
{
	struct h1_limits limits = H1_LIMITS_DEFAULT;
	struct slice in = SLICE("1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n"), data;
	enum h1_body_result result;
	struct h1_body b;
	enum h1_error error;

	h1_body_init(&b, &(struct h1_framing){.kind = H1_BODY_CHUNKED}, &limits, arena);
	do {
		result = h1_body_read(&b, &in, &data);
	} while (result == H1_BODY_DATA);
	assert_int_not_equal(result, H1_BODY_MORE);
	error = b.error;
	assert_int_equal(result, error ? H1_BODY_ERROR : H1_BODY_END);
	h1_body_free(&b);
	return error;
}

static enum h1_error run_write(struct arena *arena)
{
	struct h1_framing framing = {.kind = H1_BODY_LENGTH, .length = 1};
	struct request req = {.method = SLICE("GET"), .target = SLICE("/"), .authority = SLICE("a")};
	struct buffer out;
	bool ok;

	fields_init(&req.fields, arena);
	if (!fields_add(&req.fields, SLICE("A"), SLICE("b")))
		return H1_E_NO_MEMORY;
	buffer_init(&out, 4096);
	ok = h1_write_request(&out, &req, &framing);
	assert_int_equal(out.n > 0, ok);
	buffer_free(&out);
	return ok ? H1_OK : H1_E_NO_MEMORY;
}

static const scenario scenarios[] = {run_request, run_response, run_body, run_write};

static void test_malloc_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(scenarios); i++) {
		size_t failures = 0;

		for (size_t n = 1; alloc_fault_begin(n); n++) {
			struct arena arena;
			enum h1_error error;
			bool failed;

			arena_init(&arena, 64, 1 << 20);
			error = scenarios[i](&arena);
			failed = alloc_fault_end();
			failures += failed;
			assert_int_equal(error, failed ? H1_E_NO_MEMORY : H1_OK);
			arena_free(&arena);
		}
		assert_true(failures > 0);
	}
}

static void test_arena_full(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(scenarios); i++) {
		enum h1_error error = H1_E_NO_MEMORY;
		size_t cap;

		for (cap = 0; cap < 1 << 14 && error; cap++) {
			struct arena arena;

			arena_init(&arena, 64, cap);
			error = scenarios[i](&arena);
			assert_int_equal(error, arena_failed(&arena) ? H1_E_NO_MEMORY : H1_OK);
			arena_free(&arena);
		}
		assert_int_equal(error, H1_OK);
		assert_true(cap > 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_malloc_fails),
		cmocka_unit_test(test_arena_full),
	};

	return cmocka_run_group_tests_name("h1_alloc", tests, NULL, NULL);
}
