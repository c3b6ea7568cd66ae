/* The chain of a page: every coding in and out, at every split, broken bodies, bombs, observe mode. The rewriter is a
 * stub. */
#include "proxy/page/chain.h"
#include "tests/support/coder_drive.h"
#include "tests/support/rewriter_stub.h"
#include "tests/support/slice_assert.h"

static const enum coding outs[] = {CODING_IDENTITY, CODING_GZIP, CODING_BR, CODING_ZSTD};
static const struct coding_stack stacks[] = {{{0}, 0},
					     {{CODING_GZIP}, 1},
					     {{CODING_BR}, 1},
					     {{CODING_ZSTD}, 1},
					     {{CODING_GZIP, CODING_BR}, 2},
					     {{CODING_ZSTD, CODING_GZIP}, 2}};

/* One page on its way, and what comes of it. */
struct way {
	struct chain_pool pool;
	struct decision decision;
	struct decide_env env;
	struct buffer out;
	struct chain chain;
	size_t stop_at; /* the sink refuses once it had so many octets */
	size_t fulls;
	size_t most;			     /* octets of one call */
	const char *straight, *straight_end; /* where slices of the input are expected */
	size_t copied;			     /* octets that came from elsewhere */
};

static bool take(void *arg, struct slice octets)
{
	struct way *w = arg;

	assert_true(octets.n > 0);
	if (octets.p < w->straight || octets.p >= w->straight_end)
		w->copied += octets.n;
	return buffer_add(&w->out, octets) && !(w->stop_at && w->out.n >= w->stop_at);
}

static void way_init(struct way *w)
{
	*w = (struct way){0};
	buffer_init(&w->out, 64u << 20);
	assert_true(chain_pool_init(&w->pool, &CODER_LIMITS_DEFAULT, 2));
}

static void way_free(struct way *w)
{
	chain_close(&w->chain);
	chain_pool_free(&w->pool);
	buffer_free(&w->out);
	assert_int_equal(rewriters_alive, 0);
}

static bool way_open(struct way *w, const struct coding_stack *stack, enum coding coding)
{
	buffer_clear(&w->out);
	return chain_open(&w->chain, &(struct chain_options){.pool = &w->pool,
							     .stack = stack,
							     .coding = coding,
							     .env = &w->env,
							     .decision = &w->decision,
							     .sink = take,
							     .sink_arg = w});
}

static enum chain_result push(struct way *w, struct slice piece)
{
	enum chain_result r;
	uint64_t before;

	do {
		before = w->chain.written;
		r = chain_push(&w->chain, &piece);
		w->fulls += r == CHAIN_FULL;
		if (w->chain.written - before > w->most)
			w->most = (size_t)(w->chain.written - before);
	} while (r == CHAIN_FULL);
	assert_true(r == CHAIN_ERROR || piece.n == 0);
	return r;
}

static enum chain_result finish(struct way *w)
{
	enum chain_result r;

	do
		r = chain_finish(&w->chain);
	while (r == CHAIN_FULL);
	return r;
}

/* A whole body; n octets first (0: none), then pieces of so many (0: the rest). */
static enum chain_result drive(struct way *w, struct slice body, size_t n, size_t piece)
{
	enum chain_result r = CHAIN_MORE;

	while (body.n && r == CHAIN_MORE) {
		if (n == 0)
			n = body.n;
		r = push(w, slice_head(body, n));
		body = slice_from(body, n);
		n = piece;
	}
	return r == CHAIN_MORE ? finish(w) : r;
}

/* -- making and undoing bodies ------------------------------------------------------------------------------------- */

static void encoded(struct way *w, const struct coding_stack *stack, struct slice page, struct buffer *out)
{
	struct coder_drive how = {0};
	struct buffer first;

	buffer_init(out, 64u << 20);
	if (stack->n == 0) {
		assert_true(buffer_add(out, page));
		return;
	}
	if (stack->n == 1) {
		assert_int_equal(coder_drive_encode(&w->pool.coders, stack->v[0], page, &how, out), CODER_END);
		return;
	}
	buffer_init(&first, 64u << 20);
	assert_int_equal(coder_drive_encode(&w->pool.coders, stack->v[0], page, &how, &first), CODER_END);
	assert_int_equal(coder_drive_encode(&w->pool.coders, stack->v[1], buffer_slice(&first), &how, out), CODER_END);
	buffer_free(&first);
}

static struct coding_stack stack_of(enum coding c)
{
	return c == CODING_IDENTITY ? (struct coding_stack){0} : (struct coding_stack){{c}, 1};
}

static void assert_decodes(struct way *w, enum coding coding, struct slice body, struct slice expected)
{
	struct coding_stack stack = stack_of(coding);
	struct coder_drive how = {0};
	enum coder_error error;
	struct buffer out;

	buffer_init(&out, 64u << 20);
	assert_int_equal(coder_drive_decode(&w->pool.coders, &stack, body, &how, &out, &error), CODER_END);
	assert_true(slice_eq(buffer_slice(&out), expected));
	buffer_free(&out);
}

/* A page with n '%' in it, and what the stub makes of it. */
static void make_page(struct buffer *page, struct buffer *expected, size_t size, size_t n)
{
	size_t done = 0;

	buffer_init(page, 64u << 20);
	buffer_init(expected, 64u << 20);
	while (done < n) {
		size_t from = page->n;

		coder_drive_page(page, size / n);
		for (size_t i = from; i < page->n; i++)
			if (strchr("123%", page->p[i]))
				page->p[i] = '7';
		assert_true(buffer_add(expected, slice_from(buffer_slice(page), from)));
		buffer_add_str(page, "%");
		buffer_add_str(expected, STUB_INSERT);
		done++;
	}
	buffer_add_str(page, "<");
	buffer_add_str(expected, "<");
}

/* -- tests --------------------------------------------------------------------------------------------------------- */

/* Each coding to each coding, whole and in pieces. */
static void test_codings(void **state)
{
	static const struct {
		size_t first, piece;
	} ways[] = {{0, 0}, {1, 1000}, {17, 4096}, {3, 100}};
	struct buffer page, expected, body;
	struct way w;

	(void)state;
	way_init(&w);
	make_page(&page, &expected, 200000, 9);
	for (size_t i = 0; i < CG_COUNT(stacks); i++) {
		encoded(&w, &stacks[i], buffer_slice(&page), &body);
		for (size_t o = 0; o < CG_COUNT(outs) * CG_COUNT(ways); o++) {
			enum coding coding = outs[o / CG_COUNT(ways)];

			w.decision.counts[VERDICT_INERT] = 0;
			assert_true(way_open(&w, &stacks[i], coding));
			assert_int_equal(drive(&w, buffer_slice(&body), ways[o % CG_COUNT(ways)].first,
					       ways[o % CG_COUNT(ways)].piece),
					 CHAIN_MORE);
			assert_int_equal(w.chain.error, CHAIN_OK);
			assert_int_equal(w.chain.written, w.out.n);
			assert_int_equal(w.decision.counts[VERDICT_INERT], 9);
			assert_decodes(&w, coding, buffer_slice(&w.out), buffer_slice(&expected));
			chain_close(&w.chain);
		}
		buffer_free(&body);
	}
	buffer_free(&page);
	buffer_free(&expected);
	way_free(&w);
}

/* A small body cut in two at every octet. */
static void test_every_split(void **state)
{
	struct slice page = SLICE("<p>hello %, hello<b>world</b><p>and so on%<");
	struct slice expected = SLICE("<p>hello [inserted], hello<b>world</b><p>and so on[inserted]<");
	struct buffer body;
	struct way w;

	(void)state;
	way_init(&w);
	for (size_t i = 0; i < CG_COUNT(stacks) * CG_COUNT(outs); i++) {
		const struct coding_stack *stack = &stacks[i / CG_COUNT(outs)];
		enum coding coding = outs[i % CG_COUNT(outs)];

		encoded(&w, stack, page, &body);
		for (size_t n = 1; n < body.n; n++) {
			assert_true(way_open(&w, stack, coding));
			assert_int_equal(drive(&w, buffer_slice(&body), n, 0), CHAIN_MORE);
			assert_decodes(&w, coding, buffer_slice(&w.out), expected);
			chain_close(&w.chain);
		}
		buffer_free(&body);
	}
	way_free(&w);
}

/* Without a coding nothing is copied: the sink gets slices of the input. */
static void test_no_copies(void **state)
{
	struct slice page = SLICE("<p>some text % and more text");
	struct coding_stack none = {0};
	struct way w;

	(void)state;
	way_init(&w);
	w.straight = page.p;
	w.straight_end = page.p + page.n;
	assert_true(way_open(&w, &none, CODING_IDENTITY));
	assert_int_equal(drive(&w, page, 0, 0), CHAIN_MORE);
	assert_slice(buffer_slice(&w.out), "<p>some text [inserted] and more text");
	assert_int_equal(w.copied, strlen(STUB_INSERT) + 1); /* and the '<' that the stub holds */
	way_free(&w);
}

/* After a flush all that was pushed can be read. */
static void test_flush(void **state)
{
	struct coding_stack none = {0};
	struct way w;

	(void)state;
	way_init(&w);
	for (size_t o = 0; o < CG_COUNT(outs); o++) {
		struct coding_stack stack = stack_of(outs[o]);
		struct coder_room room;
		struct slice in;
		struct coder c;
		char text[64];
		size_t before;

		assert_true(way_open(&w, &none, outs[o]));
		assert_int_equal(push(&w, SLICE("first half, ")), CHAIN_MORE);
		assert_int_equal(chain_flush(&w.chain), CHAIN_MORE);
		before = w.out.n;
		assert_int_equal(chain_flush(&w.chain), CHAIN_MORE);
		assert_int_equal(w.out.n, before); /* nothing new, nothing written */
		assert_true(coder_decode(&c, &w.pool.coders, &stack));
		in = buffer_slice(&w.out);
		room = (struct coder_room){text, sizeof text};
		assert_int_equal(coder_run(&c, &in, CODER_MORE, &room), CODER_INPUT);
		assert_slice(slice_of(text, sizeof text - room.n), "first half, ");
		coder_close(&c);
		assert_int_equal(push(&w, SLICE("second half")), CHAIN_MORE);
		assert_int_equal(finish(&w), CHAIN_MORE);
		assert_decodes(&w, outs[o], buffer_slice(&w.out), SLICE("first half, second half"));
		chain_close(&w.chain);
	}
	way_free(&w);
}

static void test_empty(void **state)
{
	struct way w;

	(void)state;
	way_init(&w);
	for (size_t i = 0; i < CG_COUNT(stacks) * CG_COUNT(outs); i++) {
		assert_true(way_open(&w, &stacks[i / CG_COUNT(outs)], outs[i % CG_COUNT(outs)]));
		assert_int_equal(finish(&w), CHAIN_MORE);
		assert_int_equal(chain_finish(&w.chain), CHAIN_MORE);
		assert_decodes(&w, outs[i % CG_COUNT(outs)], buffer_slice(&w.out), SLICE(""));
		chain_close(&w.chain);
	}
	way_free(&w);
}

/* A body that is cut short or damaged is an error, never an end. */
static void test_broken(void **state)
{
	struct buffer page, expected, body;
	struct way w;

	(void)state;
	way_init(&w);
	make_page(&page, &expected, 3000, 1);
	for (size_t i = 1; i < CG_COUNT(stacks); i++) {
		encoded(&w, &stacks[i], buffer_slice(&page), &body);
		for (size_t n = 1; n < body.n; n += 1 + n / 8) {
			assert_true(way_open(&w, &stacks[i], CODING_GZIP));
			assert_int_equal(drive(&w, slice_head(buffer_slice(&body), n), 5, 0), CHAIN_ERROR);
			assert_int_equal(w.chain.error, CHAIN_E_CODING);
			assert_non_null(w.chain.detail);
			assert_int_equal(chain_finish(&w.chain), CHAIN_ERROR);
			chain_close(&w.chain);
		}
		assert_true(way_open(&w, &stacks[i], CODING_IDENTITY));
		assert_int_equal(
			drive(&w, SLICE("<!doctype html><p>this is not encoded at all, whatever it says"), 0, 0),
			CHAIN_ERROR);
		assert_int_equal(w.out.n, 0);
		assert_true(w.chain.error == CHAIN_E_CODING || w.chain.error == CHAIN_E_BOMB);
		chain_close(&w.chain);
		buffer_free(&body);
	}
	buffer_free(&page);
	buffer_free(&expected);
	way_free(&w);
}

static void test_errors(void **state)
{
	static const struct {
		const char *page;
		enum chain_error error;
		const char *detail;
	} rows[] = {
		{"text 1", CHAIN_E_UNREADABLE, "stub: unreadable"},
		{"text 2", CHAIN_E_OVERSIZED, "stub: oversized"},
		{"text 3", CHAIN_E_NO_MEMORY, NULL},
	};
	struct coding_stack none = {0};
	struct way w;

	(void)state;
	way_init(&w);
	for (size_t i = 0; i < CG_COUNT(rows) * CG_COUNT(outs); i++) {
		size_t row = i / CG_COUNT(outs);

		assert_true(way_open(&w, &none, outs[i % CG_COUNT(outs)]));
		assert_int_equal(drive(&w, slice_str(rows[row].page), 0, 0), CHAIN_ERROR);
		assert_int_equal(w.chain.error, rows[row].error);
		if (rows[row].detail)
			assert_string_equal(w.chain.detail, rows[row].detail);
		chain_close(&w.chain);
		assert_int_equal(w.chain.error, rows[row].error);
		assert_true(strlen(chain_error_text(rows[row].error)) > 10);
	}
	w.stop_at = 5;
	for (size_t o = 0; o < CG_COUNT(outs); o++) {
		assert_true(way_open(&w, &none, outs[o]));
		assert_int_equal(drive(&w, SLICE("a page that nobody takes to its end"), 0, 0), CHAIN_ERROR);
		assert_int_equal(w.chain.error, CHAIN_E_STOPPED);
		chain_close(&w.chain);
	}
	way_free(&w);
}

/* Zeros compress to almost nothing: a page may not grow without bound, and never much within one call. */
static void test_bomb(void **state)
{
	struct coder_limits small = CODER_LIMITS_DEFAULT;
	struct buffer page, body;
	struct way w;

	(void)state;
	way_init(&w);
	buffer_init(&page, 64u << 20);
	memset(buffer_reserve(&page, 20u << 20), ' ', 20u << 20);
	buffer_commit(&page, 20u << 20);
	for (size_t i = 1; i < CG_COUNT(stacks); i++) {
		encoded(&w, &stacks[i], buffer_slice(&page), &body);
		w.pool.coders.limits = small;
		w.pool.coders.limits.ratio = 5;
		assert_true(way_open(&w, &stacks[i], CODING_IDENTITY));
		assert_int_equal(drive(&w, buffer_slice(&body), 0, 0), CHAIN_ERROR);
		assert_int_equal(w.chain.error, CHAIN_E_BOMB);
		chain_close(&w.chain);
		w.pool.coders.limits = (struct coder_limits){
			.ratio = 1u << 24, .ratio_from = 1, .memory = 32u << 20, .zstd_window = 23};
		w.fulls = w.most = 0;
		assert_true(way_open(&w, &stacks[i], CODING_IDENTITY));
		assert_int_equal(drive(&w, buffer_slice(&body), 0, 0), CHAIN_MORE);
		assert_int_equal(w.out.n, 20u << 20);
		assert_true(w.fulls > 200);
		assert_true(w.most <= CHAIN_TURN + CHAIN_PIECE);
		chain_close(&w.chain);
		w.pool.coders.limits = small;
		buffer_free(&body);
	}
	buffer_free(&page);
	way_free(&w);
}

/* What is inserted does not pile up either. */
static void test_insertions(void **state)
{
	struct coding_stack none = {0};
	struct buffer page;
	struct way w;

	(void)state;
	way_init(&w);
	buffer_init(&page, 1u << 20);
	memset(buffer_reserve(&page, 65536), '%', 65536);
	buffer_commit(&page, 65536);
	assert_true(way_open(&w, &none, CODING_IDENTITY));
	assert_int_equal(push(&w, buffer_slice(&page)), CHAIN_MORE);
	assert_int_equal(w.out.n, 65536 * strlen(STUB_INSERT));
	assert_true(w.fulls > 0);
	assert_true(w.most <= CHAIN_TURN + CHAIN_PIECE * strlen(STUB_INSERT));
	buffer_free(&page);
	way_free(&w);
}

/* In observe mode the visitor gets what came, octet for octet, whatever is found or goes wrong. */
static void test_observe(void **state)
{
	struct buffer page, expected, body;
	struct way w;

	(void)state;
	way_init(&w);
	w.decision.observe = true;
	make_page(&page, &expected, 200000, 5);
	for (size_t i = 0; i < CG_COUNT(stacks); i++) {
		encoded(&w, &stacks[i], buffer_slice(&page), &body);
		for (size_t piece = 100; piece <= 65536; piece *= 8) {
			w.decision.counts[VERDICT_INERT] = 0;
			assert_true(way_open(&w, &stacks[i], CODING_GZIP));
			assert_int_equal(drive(&w, buffer_slice(&body), piece, piece), CHAIN_MORE);
			assert_true(slice_eq(buffer_slice(&w.out), buffer_slice(&body)));
			assert_int_equal(w.chain.error, CHAIN_OK);
			assert_int_equal(w.decision.counts[VERDICT_INERT], 5);
			chain_close(&w.chain);
		}
		if (stacks[i].n)
			body.p[body.n / 2] ^= 0x55;
		assert_true(way_open(&w, &stacks[i], CODING_IDENTITY));
		assert_int_equal(drive(&w, buffer_slice(&body), 0, 0), CHAIN_MORE);
		assert_true(slice_eq(buffer_slice(&w.out), buffer_slice(&body)));
		assert_int_equal(w.chain.error != CHAIN_OK, stacks[i].n > 0);
		chain_close(&w.chain);
		buffer_free(&body);
	}
	assert_true(way_open(&w, &stacks[0], CODING_IDENTITY));
	assert_int_equal(drive(&w, SLICE("a1b"), 1, 1), CHAIN_MORE);
	assert_int_equal(w.chain.error, CHAIN_E_UNREADABLE);
	assert_slice(buffer_slice(&w.out), "a1b");
	chain_close(&w.chain);
	w.stop_at = 1;
	assert_true(way_open(&w, &stacks[0], CODING_IDENTITY));
	assert_int_equal(drive(&w, SLICE("abc"), 1, 1), CHAIN_ERROR);
	assert_int_equal(w.chain.error, CHAIN_E_STOPPED);
	buffer_free(&page);
	buffer_free(&expected);
	way_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codings), cmocka_unit_test(test_every_split), cmocka_unit_test(test_no_copies),
		cmocka_unit_test(test_flush),	cmocka_unit_test(test_empty),	    cmocka_unit_test(test_broken),
		cmocka_unit_test(test_errors),	cmocka_unit_test(test_bomb),	    cmocka_unit_test(test_insertions),
		cmocka_unit_test(test_observe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
