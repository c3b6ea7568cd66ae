/*
 * Pages in all the ways a network may deliver them: a rewriter that depends on where pieces are cut is found out. The
 * rewriter here is the test's own; each kind of it is wrong in its own way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rules/decide/rewriter.h"
#include "rules/harness/page.h"
#include "tests/support/alloc_fault.h"

enum kind {
	RIGHT,	      /* makes capitals of octets, a verdict of each '<' */
	FORGETS_TAG,  /* a piece that begins with '<' loses it */
	NEEDS_TAG,    /* a '<' counts only with the next octet in the same piece */
	OTHER_OFFSET, /* verdicts tell where in the piece, not where in the page */
	NO_END,	      /* the last octet is lost where it is a piece of its own */
	TOO_SMALL,    /* gives up on a piece of one octet */
	REFUSES,      /* always, wherever it is cut */
	GROWS,	      /* appends an octet for each piece */
	RANDOM,	      /* writes a random octet for each '<' */
};

static enum kind kind;

struct rewriter {
	struct rewriter_options o;
	uint64_t offset;
};

struct rewriter *rewriter_new(const struct rewriter_options *options)
{
	struct rewriter *r = malloc(sizeof *r);

	if (r)
		*r = (struct rewriter){.o = *options};
	return r;
}

void rewriter_free(struct rewriter *r)
{
	free(r);
}

static void tell_tag(struct rewriter *r, uint64_t offset)
{
	struct verdict v = {.kind = VERDICT_INERT, .subject = SUBJECT_BEACON, .name = SLICE("x"), .offset = offset};

	r->o.decision->counts[v.kind]++;
	r->o.env->sink(r->o.env->sink_arg, &v);
}

static bool put(struct rewriter *r, char c)
{
	return r->o.sink(r->o.sink_arg, slice_of(&c, 1));
}

static bool octet(struct rewriter *r, struct slice piece, size_t i)
{
	char c = piece.p[i];
	unsigned char random = 0;

	if (c == '<' && kind == FORGETS_TAG && i == 0)
		return true;
	if (c == '<' && (kind != NEEDS_TAG || i + 1 < piece.n))
		tell_tag(r, kind == OTHER_OFFSET ? i : r->offset + i);
	if (kind == NO_END && piece.n == 1)
		return true;
	if (c == '<' && kind == RANDOM) {
		r->o.env->random(r->o.env->random_arg, &random, 1);
		return put(r, (char)('0' + random));
	}
	return put(r, (char)(c >= 'a' && c <= 'z' ? c - 32 : c));
}

enum rewriter_result rewriter_push(struct rewriter *r, struct slice piece)
{
	if (kind == REFUSES || (kind == TOO_SMALL && piece.n == 1))
		return REWRITER_OVERSIZED;
	for (size_t i = 0; i < piece.n; i++)
		if (!octet(r, piece, i))
			return REWRITER_STOPPED;
	r->offset += piece.n;
	return kind != GROWS || put(r, '+') ? REWRITER_OK : REWRITER_STOPPED;
}

enum rewriter_result rewriter_finish(struct rewriter *r)
{
	(void)r;
	return REWRITER_OK;
}

const char *rewriter_why(const struct rewriter *r)
{
	(void)r;
	return "it is so";
}

/* -- codings ------------------------------------------------------------------------------------------------------- */

static const char *const codings[] = {"good", "bad", "broken", NULL};

/* "bad" loses the last octet, "broken" does not work at all. */
static bool coded(void *arg, const char *coding, struct slice body, const struct rewriter_options *options,
		  enum rewriter_result *result, struct buffer *out, const char **why)
{
	struct rewriter_options o = *options;
	struct rewriter *r;

	(void)arg;
	if (coding[1] == 'r') {
		*why = "the stream is damaged";
		return false;
	}
	o.sink = (rewriter_sink)buffer_add;
	o.sink_arg = out;
	r = rewriter_new(&o);
	*result = r ? rewriter_push(r, body) : REWRITER_NO_MEMORY;
	rewriter_free(r);
	if (coding[0] == 'b' && out->n)
		out->n--;
	return true;
}

/* -- playing ------------------------------------------------------------------------------------------------------- */

struct played {
	struct arena arena;
	struct decide_env env;
	struct decision decision;
	struct page_play *page;
	struct failure *failures;
	unsigned verdicts;
	bool ok;
};

static void count(void *arg, const struct verdict *v)
{
	(void)v;
	++*(unsigned *)arg;
}

static void play(struct played *x, struct slice body, const struct harness_codec *codec)
{
	static const struct position at = {.file = {"x.test", 6}, .line = 3};

	*x = (struct played){.env = {.random = fixed_random, .sink = count}};
	x->env.sink_arg = &x->verdicts;
	arena_init(&x->arena, 0, 1 << 22);
	x->page = page_play_new(&x->env, &x->decision, (struct fixed_random){7}, body, &x->arena);
	x->ok = x->page && page_play_whole(x->page, &x->arena) &&
		page_play_vary(x->page, codec, &at, &x->arena, &x->failures);
}

static void played_free(struct played *x)
{
	arena_free(&x->arena);
}

#define PAGE   "<p>a</p>"
#define TWO(n) "the same page, sent in two pieces, the first of " n " octets"
#define ONE    "the same page, sent octet by octet"

static const struct {
	enum kind kind;
	const char *body, *output;
	/* of the failures in order */
	struct {
		const char *text, *expected, *actual;
	} failures[2];
} rows[] = {
	{RIGHT, PAGE, "<P>A</P>", {{0}}},
	{RIGHT, "", "", {{0}}},
	{RIGHT, "<", "<", {{0}}},
	{RANDOM, PAGE, "7P>A8/P>", {{0}}},
	{FORGETS_TAG, "x" PAGE, "X<P>A</P>", {{TWO("1"), "X<P>A</P>", "XP>A</P>"}, {ONE, "X<P>A</P>", "XP>A/P>"}}},
	{NEEDS_TAG,
	 PAGE,
	 "<P>A</P>",
	 {{TWO("1"), "the verdicts of the page in one piece", "other verdicts"},
	  {ONE, "the verdicts of the page in one piece", "other verdicts"}}},
	{OTHER_OFFSET,
	 "a<p>",
	 "A<P>",
	 {{TWO("1"), "the verdicts of the page in one piece", "other verdicts"},
	  {ONE, "the verdicts of the page in one piece", "other verdicts"}}},
	{NO_END, "a<p>", "A<P>", {{TWO("1"), "A<P>", "<P>"}, {ONE, "A<P>", ""}}},
	{TOO_SMALL,
	 "a<p>",
	 "A<P>",
	 {{TWO("1"), "rewritten", "withheld: a limit was passed"}, {ONE, "rewritten", "withheld: a limit was passed"}}},
	{GROWS, "abc", "ABC+", {{TWO("1"), "ABC+", "A+BC+"}, {ONE, "ABC+", "A+B+C+"}}},
	{REFUSES, PAGE, "", {{0}}},
};

static void assert_failure(const struct failure *f, const char *text, const char *expected, const char *actual)
{
	if (!text) {
		assert_null(f);
		return;
	}
	assert_non_null(f);
	assert_int_equal(f->expectation->what, EXPECT_ALWAYS);
	assert_int_equal(f->expectation->at.line, 3);
	if (!slice_eq(f->expectation->text, slice_str(text)) || !slice_eq(f->rows->expected, slice_str(expected)) ||
	    !slice_eq(f->rows->actual, slice_str(actual)))
		fail_msg("%s: %.*s: %.*s, %.*s", text, SLICE_ARG(f->expectation->text), SLICE_ARG(f->rows->expected),
			 SLICE_ARG(f->rows->actual));
}

static void test_cuts(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		const struct failure *f;
		struct played x;

		kind = rows[i].kind;
		play(&x, slice_str(rows[i].body), NULL);
		assert_true(x.ok);
		assert_true(slice_eq(x.page->output, slice_str(rows[i].output)));
		f = x.failures;
		for (size_t k = 0; k < CG_COUNT(rows[i].failures); k++) {
			assert_failure(f, rows[i].failures[k].text, rows[i].failures[k].expected,
				       rows[i].failures[k].actual);
			f = f ? f->next : NULL;
		}
		assert_null(f);
		played_free(&x);
	}
}

/* Verdicts reach the case once, and the decision given is not counted in. */
static void test_verdicts_once(void **state)
{
	struct played x;

	(void)state;
	kind = RIGHT;
	play(&x, SLICE(PAGE), NULL);
	assert_int_equal(x.verdicts, 2);
	assert_int_equal(x.decision.counts[VERDICT_INERT], 0);
	assert_int_equal(x.page->counted.counts[VERDICT_INERT], 2);
	played_free(&x);
	kind = REFUSES;
	play(&x, SLICE(PAGE), NULL);
	assert_int_equal(x.page->result, REWRITER_OVERSIZED);
	assert_string_equal(x.page->why, "it is so");
	played_free(&x);
}

static void test_codings(void **state)
{
	const struct harness_codec codec = {.codings = codings, .rewrite = coded};
	struct played x;

	(void)state;
	kind = RIGHT;
	play(&x, SLICE(PAGE), &codec);
	assert_failure(x.failures, "the same page, sent with Content-Encoding: bad", "<P>A</P>", "<P>A</P");
	assert_failure(x.failures->next, "the same page, sent with Content-Encoding: broken", "rewritten",
		       "the stream is damaged");
	assert_null(x.failures->next->next);
	played_free(&x);
}

/* A long body is cut at fewer places, but where it has a tag. */
static void test_long(void **state)
{
	static char body[PAGE_EVERY_MAX * 8];
	struct played x;

	(void)state;
	memset(body, 'a', sizeof body);
	body[70001] = '<';
	kind = FORGETS_TAG;
	play(&x, slice_of(body, sizeof body), NULL);
	assert_true(x.ok);
	assert_true(slice_eq(x.failures->expectation->text, SLICE(TWO("70001"))));
	assert_true(slice_starts_with(x.failures->rows->expected, SLICE("...AAAA")));
	played_free(&x);
	kind = RIGHT;
	memset(body, '<', sizeof body);
	play(&x, slice_of(body, sizeof body), NULL);
	assert_null(x.failures);
	played_free(&x);
}

static void test_no_memory(void **state)
{
	const struct harness_codec codec = {.codings = codings, .rewrite = coded};

	(void)state;
	kind = FORGETS_TAG;
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct played x;

		play(&x, SLICE("x" PAGE), &codec);
		(void)alloc_fault_end();
		assert_true(!x.ok || x.page->result == REWRITER_NO_MEMORY || x.failures);
		played_free(&x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cuts), cmocka_unit_test(test_verdicts_once), cmocka_unit_test(test_codings),
		cmocka_unit_test(test_long), cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
