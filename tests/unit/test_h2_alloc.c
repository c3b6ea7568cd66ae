/* One conversation, cut anywhere, and with each allocation failing once: ours, and nghttp2's. */
#include "proxy/h2/internal.h"
#include "tests/support/alloc_fault.h"
#include "tests/support/h2_model.h"
#include "tests/support/h2_text.h"
#include "tests/support/slice_assert.h"

#define GET                    \
	"\x82\x87\x84\x01\x09" \
	"a.example"
#define POST                   \
	"\x83\x87\x84\x01\x09" \
	"a.example"
#define COOKIES        \
	"\x0f\x11\x03" \
	"a=1"          \
	"\x0f\x11\x03" \
	"b=2"
#define CHAT                      \
	"\x02\x07"                \
	"CONNECT\x87\x84\x01\x09" \
	"a.example\x00\x09:protocol\x09websocket"

#define HEAD (NGHTTP2_FLAG_END_HEADERS)
#define END  (NGHTTP2_FLAG_END_STREAM)

#define PIECES 4

static const struct h1_limits heads = {.line = 8192, .field = 16384, .head = 65536, .fields = 128};
static const struct h2_limits limits = {
	.streams = 10,
	.window = 65535,
	.connection_window = 131072,
	.budget = {50, 50, 50, 50, 50, 50, 50},
};

static const struct {
	unsigned type, flags;
	int32_t id;
	struct slice payload;
} frames[] = {
	{NGHTTP2_SETTINGS, 0, 0, SLICE_INIT("\x00\x01\x00\x00\x10\x00")},
	{NGHTTP2_WINDOW_UPDATE, 0, 0, SLICE_INIT("\x00\x10\x00\x00")},
	{NGHTTP2_HEADERS, HEAD | END, 1, SLICE_INIT(GET COOKIES)},
	{NGHTTP2_HEADERS, HEAD, 3, SLICE_INIT(POST "\x40\x01x\x01y")},
	{NGHTTP2_DATA, 0, 3, SLICE_INIT("hello, ")},
	{NGHTTP2_PING, 0, 0, SLICE_INIT("12345678")},
	{NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 3, SLICE_INIT("\x02world\0\0")},
	{NGHTTP2_HEADERS, END, 5, SLICE_INIT("\x82\x87")},
	{NGHTTP2_CONTINUATION, 0, 5,
	 SLICE_INIT("\x84\x01\x09"
		    "a.ex")},
	{NGHTTP2_CONTINUATION, HEAD, 5, SLICE_INIT("ample\xbe")},
	{NGHTTP2_HEADERS, HEAD | END, 3,
	 SLICE_INIT("\x00\x05x-sum\x01"
		    "1")},
	{NGHTTP2_HEADERS, HEAD, 7, SLICE_INIT(CHAT)},
	{NGHTTP2_DATA, 0, 7, SLICE_INIT("a")},
	{NGHTTP2_PRIORITY_UPDATE, 0, 0, SLICE_INIT("\0\0\0\x07u=1")},
	{NGHTTP2_DATA, 0, 7, SLICE_INIT("b")},
	{NGHTTP2_HEADERS, HEAD, 9, SLICE_INIT(POST)},
	{NGHTTP2_RST_STREAM, 0, 9, SLICE_INIT("\0\0\0\x08")},
	{NGHTTP2_HEADERS, HEAD | END, 11,
	 SLICE_INIT(GET "\x66\x01"
			"b")}, /* Host differs */
	{NGHTTP2_HEADERS, HEAD | END, 13,
	 SLICE_INIT(POST "\x0f\x0d\x01"
			 "5")},
	{NGHTTP2_DATA, END, 7, SLICE_INIT("c")},
};

static const char told[] =
	"1 request GET / HTTP/1.1\r\nHost: a.example\r\nCookie: a=1; b=2\r\n\r\n\n"
	"1 end\n"
	"3 request POST / HTTP/1.1\r\nHost: a.example\r\nx: y\r\nTransfer-Encoding: chunked\r\n\r\n\n"
	"3 content hello, world\n"
	"5 request GET / HTTP/1.1\r\nHost: a.example\r\nx: y\r\n\r\n\n"
	"5 end\n"
	"3 trailer x-sum\n"
	"3 end\n"
	"7 tunnel GET / HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
	"Sec-WebSocket-Key: Y3J1bWJnYXRlIG92ZXIgaA==\r\n\r\n\n"
	"7 content ab\n"
	"9 request POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n\n"
	"9 closed by an error\n"
	"11 request Host field disagrees with the request target\n"
	"11 end\n"
	"7 content c\n"
	"7 end\n";

static void conversation(struct buffer *b)
{
	buffer_init(b, 1 << 16);
	assert_true(buffer_add(b, SLICE(NGHTTP2_CLIENT_MAGIC)));
	for (size_t i = 0; i < CG_COUNT(frames); i++)
		assert_true(h2_frame_add(b, frames[i].type, frames[i].flags, frames[i].id, frames[i].payload));
}

/* -- cuts ---------------------------------------------------------------------------------------------------------- */

/* In pieces of n octets, the first of `first`. */
static void assert_cut(struct slice in, size_t first, size_t n)
{
	struct h2_model m;

	h2_model_init(&m, &limits, &heads);
	assert_true(h2_model_begin(&m, NULL));
	assert_true(h2_model_receive(&m, slice_head(in, first)));
	for (in = slice_from(in, first); in.n; in = slice_from(in, n))
		assert_true(h2_model_receive(&m, slice_head(in, n)));
	assert_slice(buffer_slice(&m.events), told);
	assert_int_equal(m.abused[H2_ABUSE_MALFORMED], 1);
	h2_model_free(&m);
}

static void test_any_cut(void **state)
{
	struct buffer b;

	(void)state;
	conversation(&b);
	for (size_t first = 0; first <= b.n; first++)
		assert_cut(buffer_slice(&b), first, SIZE_MAX);
	for (size_t n = 1; n < 64; n++)
		assert_cut(buffer_slice(&b), n, n);
	buffer_free(&b);
}

/* -- no memory ----------------------------------------------------------------------------------------------------- */

static void answer(struct h2_model *m, struct h2_model_stream *s)
{
	const struct h1_framing framing = {.kind = H1_BODY_CHUNKED};

	if (!h2_model_answer(m, s, s->tunnel ? 101 : 200, SLICE("Content-Type: a/b\nX: y\n"), &framing, s->id == 5)) {
		h2_model_reset(m, s, H2_INTERNAL_ERROR);
		return;
	}
	s->trailers = s->id == 3 ? SLICE("x-sum:2\n") : slice_of(NULL, 0);
	h2_model_say(m, s, 1000, s->id & 2);
}

/* Everything that a session can be asked for. */
static void run(struct h2_model *m, struct h2_memory *memory, struct slice in)
{
	if (!h2_model_begin(m, memory))
		return;
	for (size_t n = in.n / 3; in.n; in = slice_from(in, n)) {
		if (!h2_model_receive(m, slice_head(in, n)) || !h2_model_send(m))
			return;
		m->out.n = 0;
	}
	h2_notice(m->session);
	h2_rest(m->session);
	if (h2_model_stream(m, 1))
		h2_model_reset(m, h2_model_stream(m, 1), H2_CANCEL);
	h2_model_send(m);
	h2_go_away(m->session);
	for (size_t i = 0; i < m->n; i++) {
		h2_model_consume(m, &m->streams[i], SIZE_MAX);
		if (m->streams[i].answered && !m->streams[i].closed)
			h2_model_say(m, &m->streams[i], 10, true);
	}
	h2_model_send(m);
	h2_terminate(m->session, H2_NO_ERROR);
	h2_model_send(m);
}

static bool all_said(const struct h2_model *m)
{
	return m->n == 6 && m->streams[1].said && m->streams[2].said && m->streams[3].said && m->streams[5].closed;
}

/* Nobody has kept one. */
static void assert_all_pieces(nghttp2_mem *ops)
{
	void *pieces[PIECES];

	for (size_t i = 0; i < PIECES; i++) {
		pieces[i] = ops->malloc(17000, ops->mem_user_data);
		assert_int_equal((uintptr_t)pieces[i] % 4096, 0); /* malloc's never begin a page */
	}
	for (size_t i = 0; i < PIECES; i++)
		ops->free(pieces[i], ops->mem_user_data);
}

/* The model sees to it that whatever happens is told in order; nothing is left that a sanitizer would find. */
static void test_malloc_fails(void **state)
{
	struct h2_memory *memory = h2_memory_new(PIECES);
	size_t runs = 0, unhurt = 0;
	struct buffer b;

	(void)state;
	conversation(&b);
	for (size_t n = 1;; n++) {
		struct h2_model m;
		bool failed;

		h2_model_init(&m, &limits, &heads);
		m.on_request = answer;
		m.blind = true;
		if (!alloc_fault_begin(n)) {
			h2_model_free(&m);
			break;
		}
		run(&m, memory, buffer_slice(&b));
		failed = alloc_fault_end();
		assert_true(failed || all_said(&m));
		runs++;
		unhurt += all_said(&m);
		h2_model_free(&m);
	}
	assert_true(runs > 50 && unhurt < runs / 2);
	assert_all_pieces(h2_memory_ops(memory));
	h2_memory_free(memory);
	buffer_free(&b);
}

/* A stream whose head had no memory is reset, and the connection lives on: the next is served. */
static void test_head_without_memory(void **state)
{
	const struct h1_limits tight = {.line = 8192, .field = 16384, .head = 65536, .fields = 128};
	size_t failures = 0;
	struct h2_head h;

	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct h2_request r = {0};
		bool ok;

		h2_head_init(&h, &tight);
		h2_head_add(&h, &tight, SLICE(":method"), SLICE("GET"));
		h2_head_add(&h, &tight, SLICE(":scheme"), SLICE("https"));
		h2_head_add(&h, &tight, SLICE(":path"), SLICE("/"));
		h2_head_add(&h, &tight, SLICE("host"), SLICE("a.example"));
		h2_head_add(&h, &tight, SLICE("cookie"), SLICE("a=1"));
		ok = h2_head_finish(&h, true, &r);
		if (alloc_fault_end()) {
			failures++;
			assert_true(!ok || r.error);
		} else {
			assert_true(ok && !r.error);
		}
		h2_head_free(&h);
	}
	assert_true(failures >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_cut),
		cmocka_unit_test(test_malloc_fails),
		cmocka_unit_test(test_head_without_memory),
	};

	return cmocka_run_group_tests_name("h2_alloc", tests, NULL, NULL);
}
