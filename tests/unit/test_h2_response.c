#include "proxy/h2/internal.h"
#include "tests/support/h2_text.h"
#include "tests/support/slice_assert.h"

struct response_case {
	unsigned status;
	struct h1_framing framing;
	const char *fields;
	const char *list; /* NULL: refused */
};

#define NONE                         \
	{                            \
		.kind = H1_BODY_NONE \
	}
#define LEN(l)                                                          \
	{                                                               \
		.kind = H1_BODY_LENGTH, .length = l, .has_length = true \
	}
#define CHUNKED                         \
	{                               \
		.kind = H1_BODY_CHUNKED \
	}

static const struct response_case responses[] = {
	{200, CHUNKED, "", ":status: 200\n"},
	{200, {.kind = H1_BODY_CLOSE}, "", ":status: 200\n"},
	{599, NONE, "", ":status: 599\n"},
	/* lower case, order kept */
	{200, CHUNKED, "Content-Type: Text/HTML\nSET-COOKIE: A=B\nSet-Cookie: c\nX_y1: \n",
	 ":status: 200\ncontent-type: Text/HTML\nset-cookie: A=B\nset-cookie: c\nx_y1: \n"},
	/* hop-by-hop fields (RFC 9113 8.2.2), and what only the framing says */
	{200, CHUNKED,
	 "Connection: x\nKeep-Alive: 1\nProxy-Connection: x\nTransfer-Encoding: chunked\nUpgrade: h2c\nTE: trailers\n"
	 "Content-Length: 9\nHost: b\nA: b\n",
	 ":status: 200\na: b\n"},
	/* content-length */
	{200, LEN(0), "", ":status: 200\ncontent-length: 0\n"},
	{200, LEN(UINT64_MAX), "A: b\n", ":status: 200\na: b\ncontent-length: 18446744073709551615\n"},
	{200, {.kind = H1_BODY_NONE, .length = 12, .has_length = true}, "", ":status: 200\ncontent-length: 12\n"},
	{304, {.kind = H1_BODY_NONE, .length = 12, .has_length = true}, "", ":status: 304\ncontent-length: 12\n"},
	{204, LEN(0), "", ":status: 204\n"},
	{103, NONE, "Link: </a>\n", ":status: 103\nlink: </a>\n"},
	{100, LEN(0), "", ":status: 100\n"},
	/* tunnels: RFC 8441 5 */
	{101,
	 {.kind = H1_BODY_NONE, .upgrade = true, .upgrade_protocol = SLICE_INIT("websocket")},
	 "Upgrade: websocket\nConnection: upgrade\nSec-WebSocket-Accept: x\nSec-WebSocket-Protocol: y\n",
	 ":status: 200\nsec-websocket-protocol: y\n"},
	{200, CHUNKED, "Sec-WebSocket-Accept: x\n", ":status: 200\nsec-websocket-accept: x\n"},
	/* what must not be written */
	{200, CHUNKED, "A: b\rc\n", NULL},
	{200, CHUNKED, "A: b\001\n", NULL},
	{200, CHUNKED, "A: \177\n", NULL},
	{200, CHUNKED, ": b\n", NULL},
	{200, CHUNKED, "A B: c\n", NULL},
	{200, CHUNKED, ":status: 500\n", NULL},
	{200, CHUNKED, "A\001: c\n", NULL},
	/* but what is not written needs not be writable */
	{200, CHUNKED, "Keep-Alive: \001\n", ":status: 200\n"},
};

static void fill(struct response *r, unsigned status, struct slice fields, struct arena *arena)
{
	struct slice name, value;

	*r = (struct response){.status = status};
	fields_init(&r->fields, arena);
	while (h2_text_next(&fields, &name, &value))
		assert_true(fields_add(&r->fields, name, value));
}

static void assert_response(const struct response_case *c)
{
	struct response response;
	struct arena arena;
	struct buffer text;
	nghttp2_nv *list;
	size_t n = 0;

	arena_init(&arena, 0, 1 << 16);
	buffer_init(&text, 1 << 16);
	fill(&response, c->status, slice_str(c->fields), &arena);
	list = h2_response_fields(&response, &c->framing, &arena, &n);
	assert_int_equal(!list, !c->list);
	if (list) {
		assert_true(h2_text_of(&text, list, n));
		assert_slice(buffer_slice(&text), c->list);
	}
	buffer_free(&text);
	arena_free(&arena);
}

static void test_responses(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(responses); i++)
		assert_response(&responses[i]);
}

static void test_octets_of_values(void **state)
{
	const struct h1_framing framing = CHUNKED;
	struct arena arena;

	(void)state;
	arena_init(&arena, 0, 1 << 16);
	for (int octet = 0; octet < 256; octet++) {
		char value[] = {'a', (char)octet, 'b'};
		bool fine = octet == '\t' || (octet >= ' ' && octet != 127);
		struct response r;
		size_t n;

		fill(&r, 200, SLICE(""), &arena);
		assert_true(fields_add(&r.fields, SLICE("A"), slice_of(value, sizeof value)));
		assert_int_equal(h2_response_fields(&r, &framing, &arena, &n) != NULL, fine);
		arena_reset(&arena);
	}
	arena_free(&arena);
}

static void test_arena_full(void **state)
{
	const struct h1_framing framing = LEN(5);
	bool done = false;

	(void)state;
	for (size_t cap = 0; !done; cap++) {
		struct arena own, arena;
		struct response r;
		size_t n;

		arena_init(&own, 64, 1 << 16);
		arena_init(&arena, 64, cap);
		fill(&r, 200, SLICE("A: b\nC: d\n"), &own);
		done = h2_response_fields(&r, &framing, &arena, &n) != NULL;
		assert_int_equal(done, !arena_failed(&arena));
		assert_true(cap < 4096);
		arena_free(&arena);
		arena_free(&own);
	}
}

/* -- trailers ------------------------------------------------------------------------------------------------------ */

static const struct {
	const char *fields, *text, *list;
} trailers[] = {
	{"", "", ""},
	{"Server-Timing: a;dur=1\nX-Sum: a:b, c\n", "server-timing:a;dur=1\nx-sum:a:b, c\n",
	 "server-timing: a;dur=1\nx-sum: a:b, c\n"},
	{"X: \n", "x:\n", "x: \n"},
	/* those that may not stand there, and what must not be written */
	{"Content-Length: 1\nTransfer-Encoding: chunked\nHost: x\nSet-Cookie: a\nX: y\n", "x:y\n", "x: y\n"},
	{"A: b\rc\nA B: c\n:status: 200\nX: y\n", "x:y\n", "x: y\n"},
};

static void test_trailers(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(trailers); i++) {
		nghttp2_nv list[8];
		struct response r;
		struct buffer text, again;
		struct arena arena;

		arena_init(&arena, 0, 1 << 16);
		buffer_init(&text, 1 << 16);
		buffer_init(&again, 1 << 16);
		fill(&r, 200, slice_str(trailers[i].fields), &arena);
		assert_true(h2_trailers_text(&text, &r.fields));
		assert_slice(buffer_slice(&text), trailers[i].text);
		assert_true(h2_text_of(&again, list, h2_trailers_list(buffer_slice(&text), list, CG_COUNT(list))));
		assert_slice(buffer_slice(&again), trailers[i].list);
		buffer_free(&again);
		buffer_free(&text);
		arena_free(&arena);
	}
}

static void test_trailers_have_limits(void **state)
{
	nghttp2_nv list[2];
	struct response r;
	struct buffer text;
	struct arena arena;

	(void)state;
	arena_init(&arena, 0, 1 << 16);
	fill(&r, 200, SLICE("A: 1\nB: 2\nC: 3\n"), &arena);
	buffer_init(&text, 12);
	assert_true(h2_trailers_text(&text, &r.fields));
	assert_int_equal(h2_trailers_list(buffer_slice(&text), list, 2), 2);
	buffer_free(&text);
	buffer_init(&text, 11);
	assert_false(h2_trailers_text(&text, &r.fields));
	buffer_free(&text);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_responses),
		cmocka_unit_test(test_octets_of_values),
		cmocka_unit_test(test_arena_full),
		cmocka_unit_test(test_trailers),
		cmocka_unit_test(test_trailers_have_limits),
	};

	return cmocka_run_group_tests_name("h2_response", tests, NULL, NULL);
}
