/* What a connection may do how often. */
#include "tests/support/h2_model.h"
#include "tests/support/h2_text.h"
#include "tests/support/slice_assert.h"

/* HPACK: GET or POST, https, /, a.example; from the static table alone. */
#define GET                    \
	"\x82\x87\x84\x01\x09" \
	"a.example"
#define POST                   \
	"\x83\x87\x84\x01\x09" \
	"a.example"

#define BUDGET 5

static const struct h1_limits heads = {.line = 8192, .field = 16384, .head = 65536, .fields = 128};
static const struct h2_limits limits = {
	.streams = 10,
	.window = 65535,
	.connection_window = 131072,
	.budget = {BUDGET, BUDGET, BUDGET, BUDGET, BUDGET, BUDGET, BUDGET},
};
static const struct h2_limits wide = {
	.streams = 10,
	.window = 65535,
	.connection_window = 131072,
	.budget = {1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 20},
};

static void begin(struct h2_model *m, const struct h2_limits *l)
{
	struct buffer b;

	h2_model_init(m, l, &heads);
	assert_true(h2_model_begin(m, NULL));
	buffer_init(&b, 4096);
	assert_true(buffer_add(&b, SLICE(NGHTTP2_CLIENT_MAGIC)));
	assert_true(h2_frame_add(&b, NGHTTP2_SETTINGS, 0, 0, slice_of(NULL, 0)));
	assert_true(h2_model_receive(m, buffer_slice(&b)));
	buffer_free(&b);
	m->now_ms += H2_ABUSE_MS; /* that SETTINGS counts no more */
	assert_true(h2_model_send(m));
}

/* In pieces of at most that many octets. */
static bool give_cut(struct h2_model *m, unsigned type, unsigned flags, int32_t id, struct slice payload, size_t most)
{
	struct buffer b;
	bool ok = true;

	buffer_init(&b, 1 << 16);
	assert_true(h2_frame_add(&b, type, flags, id, payload));
	for (struct slice in = buffer_slice(&b); in.n && ok; in = slice_from(in, most))
		ok = h2_model_receive(m, slice_head(in, most));
	buffer_free(&b);
	return ok;
}

static bool give(struct h2_model *m, unsigned type, unsigned flags, int32_t id, struct slice payload)
{
	return give_cut(m, type, flags, id, payload, SIZE_MAX);
}

static void give_head(struct h2_model *m, int32_t id, struct slice head, bool end)
{
	assert_true(give(m, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | (end ? NGHTTP2_FLAG_END_STREAM : 0), id, head));
}

/* The last frame that left ends the connection. */
static void assert_calmed(struct h2_model *m)
{
	assert_true(m->terminated);
	assert_true(h2_model_send(m));
	assert_int_equal(m->out_tap.head[3], NGHTTP2_GOAWAY);
	assert_int_equal(m->out_tap.payload[7], NGHTTP2_ENHANCE_YOUR_CALM);
	assert_true(h2_is_over(m->session));
	assert_false(h2_reads_head(m->session));
}

/* -- budgets ------------------------------------------------------------------------------------------------------- */

static void reset(struct h2_model *m, int32_t i)
{
	give_head(m, 2 * i + 1, SLICE(POST), false);
	give(m, NGHTTP2_RST_STREAM, 0, 2 * i + 1, SLICE("\0\0\0\x08"));
}

/* It announces content, and ends without. */
static void made_reset(struct h2_model *m, int32_t i)
{
	give_head(m, 2 * i + 1,
		  SLICE(POST "\x0f\x0d\x01"
			     "1"),
		  true);
	assert_true(h2_model_send(m));
}

static void made_reset_by_octets(struct h2_model *m, int32_t i)
{
	give_head(m, 2 * i + 1, SLICE(GET "\x00\x01x\x01\n"), true);
	assert_true(h2_model_send(m));
}

static void settings(struct h2_model *m, int32_t i)
{
	(void)i;
	give(m, NGHTTP2_SETTINGS, 0, 0, slice_of(NULL, 0));
}

static void ping(struct h2_model *m, int32_t i)
{
	(void)i;
	give(m, NGHTTP2_PING, 0, 0, SLICE("12345678"));
}

static void empty_data(struct h2_model *m, int32_t i)
{
	if (i == 0)
		give_head(m, 1, SLICE(POST), false);
	give(m, NGHTTP2_DATA, 0, 1, slice_of(NULL, 0));
}

static void padding_alone(struct h2_model *m, int32_t i)
{
	if (i == 0)
		give_head(m, 1, SLICE(POST), false);
	give(m, NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, SLICE("\x03\0\0\0"));
}

static void priority_update(struct h2_model *m, int32_t i)
{
	(void)i;
	give(m, NGHTTP2_PRIORITY_UPDATE, 0, 0, SLICE("\0\0\0\x01u=1"));
}

static void small_window(struct h2_model *m, int32_t i)
{
	(void)i;
	give(m, NGHTTP2_WINDOW_UPDATE, 0, 0, SLICE("\0\0\x03\xff"));
}

static const struct {
	enum h2_abuse kind;
	void (*once)(struct h2_model *m, int32_t i);
} abuses[] = {
	{H2_ABUSE_RESETS, reset},
	{H2_ABUSE_MADE_RESETS, made_reset},
	{H2_ABUSE_MADE_RESETS, made_reset_by_octets},
	{H2_ABUSE_SETTINGS, settings},
	{H2_ABUSE_PINGS, ping},
	{H2_ABUSE_EMPTY_FRAMES, empty_data},
	{H2_ABUSE_EMPTY_FRAMES, padding_alone},
	{H2_ABUSE_PRIORITIES, priority_update},
	{H2_ABUSE_WINDOWS, small_window},
};

static void assert_no_abuse(const struct h2_model *m)
{
	for (size_t k = 0; k < H2_ABUSE_MALFORMED; k++)
		assert_int_equal(m->abused[k], 0);
	assert_false(m->terminated);
}

static void test_budgets(void **state)
{
	(void)state;
	for (size_t a = 0; a < CG_COUNT(abuses); a++) {
		struct h2_model m;
		int32_t i = 0;

		begin(&m, &limits);
		while (i < BUDGET)
			abuses[a].once(&m, i++);
		assert_no_abuse(&m);
		abuses[a].once(&m, i);
		assert_int_equal(m.abused[abuses[a].kind], 1);
		assert_calmed(&m);
		h2_model_free(&m);
	}
}

static void test_budgets_return(void **state)
{
	(void)state;
	for (size_t a = 0; a < CG_COUNT(abuses); a++) {
		struct h2_model m;
		int32_t i = 0;

		begin(&m, &limits);
		for (int span = 0; span < 3; span++) {
			abuses[a].once(&m, i++);
			m.now_ms += H2_ABUSE_MS - 1;
			while (i % BUDGET)
				abuses[a].once(&m, i++);
			m.now_ms += 1;
		}
		assert_no_abuse(&m);
		m.now_ms -= 1;
		abuses[a].once(&m, i);
		assert_int_equal(m.abused[abuses[a].kind], 1);
		h2_model_free(&m);
	}
}

/* Nothing is told any more once a connection was given up, and that but once. */
static void test_given_up_for_good(void **state)
{
	struct h2_model m;
	size_t told;

	(void)state;
	begin(&m, &limits);
	for (int32_t i = 0; i <= BUDGET; i++)
		reset(&m, i);
	told = m.events.n;
	for (int32_t i = BUDGET + 1; i < 3 * BUDGET; i++) {
		reset(&m, i);
		ping(&m, i);
	}
	give_head(&m, 101, SLICE(GET), true);
	assert_int_equal(m.abused[H2_ABUSE_RESETS], 1);
	assert_int_equal(m.abused[H2_ABUSE_PINGS], 0);
	assert_int_equal(m.events.n, told);
	assert_calmed(&m);
	h2_model_free(&m);
}

/* Frames of a wrong size, of which nghttp2 takes for granted that they end a connection that lives. */
static void test_malformed_behind_the_end(void **state)
{
	static const struct {
		unsigned type;
		size_t n;
	} frames[] = {{NGHTTP2_DATA, 20000},	 {NGHTTP2_HEADERS, 0},	      {NGHTTP2_PRIORITY, 10},
		      {NGHTTP2_RST_STREAM, 3},	 {NGHTTP2_SETTINGS, 5},	      {NGHTTP2_PING, 9},
		      {NGHTTP2_GOAWAY, 7},	 {NGHTTP2_WINDOW_UPDATE, 5},  {NGHTTP2_CONTINUATION, 1},
		      {NGHTTP2_PUSH_PROMISE, 1}, {NGHTTP2_PRIORITY_UPDATE, 1}};
	static const char zeros[20000];

	(void)state;
	for (size_t a = 0; a < CG_COUNT(abuses); a++) {
		for (size_t f = 0; f < CG_COUNT(frames); f++) {
			struct h2_model m;

			begin(&m, &limits);
			for (int32_t i = 0; i <= BUDGET; i++)
				abuses[a].once(&m, i);
			assert_int_equal(m.abused[abuses[a].kind], 1);
			(void)give(&m, frames[f].type, NGHTTP2_FLAG_PADDED, 1, slice_of(zeros, frames[f].n));
			(void)give(&m, frames[f].type, 0, 0, slice_of(zeros, frames[f].n));
			assert_calmed(&m);
			h2_model_free(&m);
		}
	}
}

/* All in one piece of input: what follows the end is not told. */
static void test_request_behind_the_end(void **state)
{
	struct h2_model m;
	struct buffer b;

	(void)state;
	begin(&m, &limits);
	buffer_init(&b, 4096);
	for (int i = 0; i <= BUDGET; i++)
		assert_true(h2_frame_add(&b, NGHTTP2_PING, 0, 0, SLICE("12345678")));
	assert_true(h2_frame_add(&b, NGHTTP2_HEADERS, 5, 1, SLICE(GET)));
	assert_true(h2_frame_add(&b, NGHTTP2_HEADERS, 5, 3, SLICE(GET)));
	assert_true(h2_model_receive(&m, buffer_slice(&b)));
	assert_int_equal(m.abused[H2_ABUSE_PINGS], 1);
	assert_slice(buffer_slice(&m.events), "");
	assert_calmed(&m);
	buffer_free(&b);
	h2_model_free(&m);
}

/* What honest visitors do often. */
static void test_no_abuse(void **state)
{
	struct h2_model m;

	(void)state;
	begin(&m, &limits);
	for (int32_t i = 0; i < 10; i++) {
		struct h2_model_stream *s;

		give_head(&m, 2 * i + 1, SLICE(POST), false);
		give(&m, NGHTTP2_DATA, 0, 2 * i + 1, SLICE("x"));
		give(&m, NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 2 * i + 1, slice_of(NULL, 0));
		give(&m, NGHTTP2_WINDOW_UPDATE, 0, 2 * i + 1, SLICE("\0\0\x04\0"));
		give(&m, NGHTTP2_WINDOW_UPDATE, 0, 0, SLICE("\0\0\x04\0"));
		give(&m, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, SLICE("12345678"));
		give(&m, NGHTTP2_PRIORITY, 0, 2 * i + 1, SLICE("\0\0\0\0\x10"));
		s = h2_model_stream(&m, 2 * i + 1);
		assert_non_null(s);
		h2_model_reset(&m, s, i % 2 ? H2_INTERNAL_ERROR : H2_CANCEL); /* ours */
		assert_true(h2_model_send(&m));
	}
	assert_no_abuse(&m);
	assert_int_equal(m.abused[H2_ABUSE_MALFORMED], 0);
	h2_model_free(&m);
}

static void test_malformed_is_counted(void **state)
{
	struct h2_model m;

	(void)state;
	begin(&m, &limits);
	made_reset(&m, 0);
	made_reset_by_octets(&m, 1);
	assert_no_abuse(&m);
	assert_int_equal(m.abused[H2_ABUSE_MALFORMED], 2);
	assert_slice(buffer_slice(&m.events), "");
	give(&m, NGHTTP2_WINDOW_UPDATE, 0, 0, SLICE("\0\0\0\0"));
	assert_int_equal(m.abused[H2_ABUSE_MALFORMED], 3);
	assert_true(h2_model_send(&m));
	assert_true(m.terminated && h2_is_over(m.session));
	h2_model_free(&m);
}

/* -- at once ------------------------------------------------------------------------------------------------------- */

/* Eight are fine, whatever is in them, and however they are cut. */
static void test_too_many_continuations(void **state)
{
	struct h2_model m;

	(void)state;
	for (int at_once = 0; at_once < 2; at_once++) {
		begin(&m, &limits);
		assert_true(give(&m, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, SLICE("\x82")));
		assert_true(h2_reads_head(m.session));
		for (int i = 0; i < 8; i++)
			(void)give_cut(&m, NGHTTP2_CONTINUATION, 0, 1, slice_of(NULL, 0), at_once ? SIZE_MAX : 1);
		assert_no_abuse(&m);
		(void)give(&m, NGHTTP2_CONTINUATION, 0, 1, slice_of(NULL, 0));
		(void)give(&m, NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1,
			   SLICE("\x87\x84\x01\x01"
				 "a"));
		assert_int_equal(m.abused[H2_ABUSE_CONTINUATIONS], 1);
		assert_slice(buffer_slice(&m.events), "");
		assert_calmed(&m);
		h2_model_free(&m);
	}
}

static void test_some_continuations(void **state)
{
	struct h2_model m;
	const struct slice head = SLICE(GET);

	(void)state;
	begin(&m, &limits);
	give(&m, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, slice_head(head, 2));
	give(&m, NGHTTP2_CONTINUATION, 0, 1, slice_from(slice_head(head, 7), 2));
	assert_true(h2_reads_head(m.session));
	give(&m, NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, slice_from(head, 7));
	assert_false(h2_reads_head(m.session));
	assert_slice(buffer_slice(&m.events), "1 request GET / HTTP/1.1\r\nHost: a.example\r\n\r\n\n1 end\n");
	assert_no_abuse(&m);
	h2_model_free(&m);
}

/* A field of 4000 octets goes to the table; then each octet of the block stands for it. */
static void bomb(struct buffer *b, size_t times)
{
	buffer_add(b, SLICE(GET "\x40\x01x\x7f\xa1\x1e"));
	for (int i = 0; i < 4000; i++)
		buffer_add_char(b, 'v');
	while (times--)
		buffer_add_char(b, (char)0xbe);
	assert_false(b->failed);
}

static void give_bomb(struct h2_model *m, int32_t id, size_t times)
{
	struct buffer b;

	buffer_init(&b, 16384);
	bomb(&b, times);
	give_head(m, id, buffer_slice(&b), true);
	buffer_free(&b);
}

static void test_heads_that_unfold(void **state)
{
	struct h2_model m;

	(void)state;
	begin(&m, &limits);
	give_bomb(&m, 1, 20);
	assert_slice(buffer_slice(&m.events), "1 request head too long\n1 end\n");
	assert_no_abuse(&m);
	give_bomb(&m, 3, H2_HEAD_TIMES * heads.head / 4000 + 1);
	assert_int_equal(m.abused[H2_ABUSE_HEADS], 1);
	assert_calmed(&m);
	h2_model_free(&m);
}

static void test_trailers_that_unfold(void **state)
{
	struct h2_model m;
	struct buffer b;

	(void)state;
	begin(&m, &limits);
	buffer_init(&b, 16384);
	bomb(&b, H2_HEAD_TIMES * heads.head / 4000 + 1);
	give_head(&m, 1, SLICE(POST), false);
	give_head(&m, 1, slice_from(buffer_slice(&b), sizeof GET - 1), true);
	assert_int_equal(m.abused[H2_ABUSE_HEADS], 1);
	assert_calmed(&m);
	buffer_free(&b);
	h2_model_free(&m);
}

static void test_streams_are_refused(void **state)
{
	struct h2_model m;

	(void)state;
	begin(&m, &limits);
	for (int32_t i = 0; i < 30; i++) {
		give_head(&m, 2 * i + 1, SLICE(POST), false);
		assert_true(h2_model_send(&m));
	}
	assert_int_equal(m.n, limits.streams);
	assert_int_equal(m.abused[H2_ABUSE_STREAMS], 30 - limits.streams);
	assert_int_equal(m.abused[H2_ABUSE_MADE_RESETS], 0);
	assert_false(m.terminated);
	/* One that ends makes room for another. */
	h2_model_reset(&m, h2_model_stream(&m, 1), H2_CANCEL);
	assert_true(h2_model_send(&m));
	give_head(&m, 101, SLICE(GET), true);
	assert_non_null(h2_model_stream(&m, 101));
	h2_model_free(&m);
}

/* -- replies that nobody reads ------------------------------------------------------------------------------------- */

static bool give_many(struct h2_model *m, unsigned type, struct slice payload, int32_t step)
{
	for (int32_t i = 0; i < 20000 && !m->terminated; i++)
		if (!give(m, type, type == NGHTTP2_HEADERS ? 5 : 0, step * (2 * i + 1), payload))
			return false;
	return true;
}

static void test_replies_pile_up(void **state)
{
	struct h2_model m;

	(void)state;
	begin(&m, &wide);
	(void)give_many(&m, NGHTTP2_PING, SLICE("12345678"), 0);
	assert_int_equal(m.abused[H2_ABUSE_PINGS], 1);
	assert_calmed(&m);
	h2_model_free(&m);
	begin(&m, &wide);
	assert_true(give_many(&m, NGHTTP2_HEADERS,
			      SLICE(POST "\x0f\x0d\x01"
					 "1"),
			      1));
	assert_int_equal(m.abused[H2_ABUSE_MADE_RESETS], 1);
	assert_calmed(&m);
	h2_model_free(&m);
}

static void test_settings_with_many_entries(void **state)
{
	char entries[33 * 6] = {0};
	struct h2_model m;

	(void)state;
	begin(&m, &limits);
	assert_true(give(&m, NGHTTP2_SETTINGS, 0, 0, slice_of(entries, 32 * 6)));
	assert_true(h2_model_send(&m));
	assert_false(m.terminated);
	(void)give(&m, NGHTTP2_SETTINGS, 0, 0, slice_of(entries, 33 * 6));
	assert_true(h2_model_send(&m));
	assert_calmed(&m);
	h2_model_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_budgets),
		cmocka_unit_test(test_budgets_return),
		cmocka_unit_test(test_given_up_for_good),
		cmocka_unit_test(test_malformed_behind_the_end),
		cmocka_unit_test(test_request_behind_the_end),
		cmocka_unit_test(test_no_abuse),
		cmocka_unit_test(test_malformed_is_counted),
		cmocka_unit_test(test_too_many_continuations),
		cmocka_unit_test(test_some_continuations),
		cmocka_unit_test(test_heads_that_unfold),
		cmocka_unit_test(test_trailers_that_unfold),
		cmocka_unit_test(test_streams_are_refused),
		cmocka_unit_test(test_replies_pile_up),
		cmocka_unit_test(test_settings_with_many_entries),
	};

	return cmocka_run_group_tests_name("h2_abuse", tests, NULL, NULL);
}
