#include "rules/harness/page.h"

#define OUTPUT_MAX (32 * 1024 * 1024)
#define SHOWN	   60 /* octets of a difference */

void fixed_random(void *arg, unsigned char *out, size_t n)
{
	struct fixed_random *r = arg;

	while (n--)
		*out++ = r->next++;
}

struct page_play *page_play_new(const struct decide_env *env, const struct decision *decision,
				struct fixed_random random, struct slice body, struct arena *arena)
{
	struct page_play *p = arena_calloc(arena, 1, sizeof *p);

	if (p)
		*p = (struct page_play){.env = env, .decision = decision, .random = random, .body = body};
	return p;
}

/* -- one way through ----------------------------------------------------------------------------------------------- */

/* A run beside the first, whose verdicts are only compared with those of it. */
struct way {
	struct decide_env env;
	struct decision decision;
	struct fixed_random random;
	uint64_t verdicts;
	verdict_sink sink; /* the case's own; NULL: only compared */
	void *sink_arg;
};

static uint64_t stir(uint64_t h, uint64_t x)
{
	h = (h ^ x) * 0x9E3779B97F4A7C15U;
	return h ^ h >> 32;
}

static void hash_verdict(void *arg, const struct verdict *v)
{
	struct way *w = arg;
	uint64_t h = w->verdicts;

	h = stir(h, (uint64_t)v->kind << 8 | (uint64_t)v->subject);
	h = stir(h, slice_hash(v->name));
	h = stir(h, v->rule ? (uint64_t)v->rule->line + 1 : 0);
	h = stir(h, v->mask);
	w->verdicts = stir(h, v->offset);
	if (w->sink)
		w->sink(w->sink_arg, v);
}

static void way_init(struct way *w, const struct page_play *p)
{
	*w = (struct way){.env = *p->env, .decision = *p->decision, .random = p->random};
	w->env.random_arg = &w->random;
	w->env.sink = hash_verdict;
	w->env.sink_arg = w;
}

static enum rewriter_result run(const struct rewriter_options *options, struct slice body, size_t cut, size_t piece,
				const char **why)
{
	struct rewriter *r = rewriter_new(options);
	enum rewriter_result result = r ? REWRITER_OK : REWRITER_NO_MEMORY;

	while (result == REWRITER_OK && body.n) {
		size_t n = cut ? cut : piece;

		result = rewriter_push(r, slice_head(body, n));
		body = slice_from(body, n < body.n ? n : body.n);
		cut = 0;
	}
	if (result == REWRITER_OK)
		result = rewriter_finish(r);
	if (r && result != REWRITER_OK)
		*why = rewriter_why(r);
	rewriter_free(r);
	return result;
}

static bool collect(void *arg, struct slice octets)
{
	return buffer_add(arg, octets);
}

bool page_play_whole(struct page_play *p, struct arena *arena)
{
	struct buffer out;
	struct way w;

	way_init(&w, p);
	w.sink = p->env->sink;
	w.sink_arg = p->env->sink_arg;
	buffer_init(&out, OUTPUT_MAX);
	p->result = run(
		&(struct rewriter_options){.env = &w.env, .decision = &w.decision, .sink = collect, .sink_arg = &out},
		p->body, 0, SIZE_MAX, &p->why);
	p->output = arena_copy(arena, buffer_slice(&out));
	p->counted = w.decision;
	p->verdicts = w.verdicts;
	buffer_free(&out);
	if (p->result == REWRITER_STOPPED)
		p->result = REWRITER_NO_MEMORY; /* the output is larger than any case may be */
	return !arena_failed(arena);
}

/* -- differences --------------------------------------------------------------------------------------------------- */

static const char *const results[] = {"rewritten", "withheld: it cannot be read", "withheld: a limit was passed",
				      "memory ran out", "stopped"};

/* Output of another way, compared as it comes. */
struct comparing {
	struct slice expected;
	size_t at;    /* octets that were the same */
	bool differs; /* from there on, or it is longer */
	char got[SHOWN];
	size_t got_n;
};

static bool compare(void *arg, struct slice octets)
{
	struct comparing *c = arg;

	if (!c->differs && slice_eq(slice_head(slice_from(c->expected, c->at), octets.n), octets)) {
		c->at += octets.n;
		return true;
	}
	for (size_t i = 0; i < octets.n && c->got_n < SHOWN; i++) {
		c->differs = c->differs || c->at == c->expected.n || c->expected.p[c->at] != octets.p[i];
		if (c->differs)
			c->got[c->got_n++] = octets.p[i];
		else
			c->at++;
	}
	return true;
}

/* The failure of a run; rows empty: it did not fail. */
struct finding {
	const struct position *at;
	struct arena *arena;
	struct failure **end;
	bool failed;
};

static void found(struct finding *f, struct slice text, struct slice expected, struct slice actual)
{
	struct expectation *e = arena_calloc(f->arena, 1, sizeof *e);
	struct failure *failure = arena_calloc(f->arena, 1, sizeof *failure);
	struct diff_row *row = arena_calloc(f->arena, 1, sizeof *row);

	f->failed = true;
	if (!e || !failure || !row)
		return;
	*e = (struct expectation){.side = EXPECT_VISITOR, .what = EXPECT_ALWAYS, .text = text, .at = *f->at};
	*row = (struct diff_row){.expected = expected, .actual = actual};
	*failure = (struct failure){.expectation = e, .rows = row};
	*f->end = failure;
	f->end = &failure->next;
}

/* What stands around the first difference, on both sides. */
static void output_differs(struct finding *f, struct slice text, const struct comparing *c)
{
	size_t from = c->at > 20 ? c->at - 20 : 0;
	struct slice same = slice_of(c->expected.p + from, c->at - from);
	const char *dots = from ? "..." : "";
	struct slice wanted = slice_head(slice_from(c->expected, c->at), SHOWN);
	struct slice got = slice_of(c->got, c->got_n);

	found(f, text, arena_printf(f->arena, "%s%.*s%.*s", dots, SLICE_ARG(same), SLICE_ARG(wanted)),
	      arena_printf(f->arena, "%s%.*s%.*s", dots, SLICE_ARG(same), SLICE_ARG(got)));
}

/* Judges one way; names it only if it failed. */
static bool same(const struct page_play *p, const struct way *w, enum rewriter_result result, const struct comparing *c)
{
	if (result != p->result)
		return false;
	return result != REWRITER_OK || (!c->differs && c->at == c->expected.n && w->verdicts == p->verdicts);
}

static void tell(struct finding *f, const struct page_play *p, enum rewriter_result result, const struct comparing *c,
		 struct slice text)
{
	if (result != p->result)
		found(f, text, slice_str(results[p->result]), slice_str(results[result]));
	else if (c->differs || c->at < c->expected.n)
		output_differs(f, text, c);
	else
		found(f, text, SLICE("the verdicts of the page in one piece"), SLICE("other verdicts"));
}

/* -- cuts ---------------------------------------------------------------------------------------------------------- */

/* Two pieces, the first of cut octets; or, if that is 0, pieces of one octet. */
static bool cut_is_same(const struct page_play *p, size_t cut, struct finding *f)
{
	struct comparing c = {.expected = p->output};
	enum rewriter_result result;
	const char *why = NULL;
	struct slice text;
	struct way w;

	way_init(&w, p);
	result =
		run(&(struct rewriter_options){.env = &w.env, .decision = &w.decision, .sink = compare, .sink_arg = &c},
		    p->body, cut, cut ? SIZE_MAX : 1, &why);
	if (same(p, &w, result, &c))
		return true;
	text = cut ? arena_printf(f->arena, "the same page, sent in two pieces, the first of %zu octets", cut)
		   : SLICE("the same page, sent octet by octet");
	tell(f, p, result, &c, text);
	return false;
}

static bool every_cut(const struct page_play *p, struct finding *f)
{
	for (size_t cut = 1; cut < p->body.n; cut++)
		if (!cut_is_same(p, cut, f))
			return false;
	return true;
}

/* Behind a '<', in front of it, and where the name that follows begins or goes on. */
static bool cuts_around(const struct page_play *p, size_t lt, struct finding *f)
{
	for (size_t cut = lt; cut <= lt + 3; cut++)
		if (cut > 0 && cut < p->body.n && !cut_is_same(p, cut, f))
			return false;
	return true;
}

static bool some_cuts(const struct page_play *p, struct finding *f)
{
	size_t tags = 0;

	for (size_t i = 0; i < p->body.n && tags < PAGE_CUTS_MAX; i++) {
		if (p->body.p[i] != '<')
			continue;
		tags++;
		if (!cuts_around(p, i, f))
			return false;
	}
	for (size_t i = 1; i < PAGE_CUTS_MAX; i++)
		if (!cut_is_same(p, p->body.n / PAGE_CUTS_MAX * i, f))
			return false;
	return true;
}

/* -- codings ------------------------------------------------------------------------------------------------------- */

static void coding_is_same(const struct page_play *p, const struct harness_codec *codec, const char *coding,
			   struct finding *f)
{
	struct comparing c = {.expected = p->output};
	enum rewriter_result result = REWRITER_OK;
	const char *why = NULL;
	struct slice text;
	struct buffer out;
	struct way w;
	bool done;

	way_init(&w, p);
	buffer_init(&out, OUTPUT_MAX);
	done = codec->rewrite(codec->arg, coding, p->body,
			      &(struct rewriter_options){.env = &w.env, .decision = &w.decision}, &result, &out, &why);
	(void)compare(&c, buffer_slice(&out));
	text = arena_printf(f->arena, "the same page, sent with Content-Encoding: %s", coding);
	if (!done)
		found(f, text, slice_str(results[p->result]), slice_str(why ? why : "it could not be coded"));
	else if (!same(p, &w, result, &c))
		tell(f, p, result, &c, text);
	buffer_free(&out);
}

/* -- all of them --------------------------------------------------------------------------------------------------- */

bool page_play_vary(const struct page_play *p, const struct harness_codec *codec, const struct position *at,
		    struct arena *arena, struct failure **first)
{
	struct finding f = {.at = at, .arena = arena, .end = first};

	if (p->body.n <= PAGE_EVERY_MAX)
		(void)every_cut(p, &f);
	else
		(void)some_cuts(p, &f);
	(void)cut_is_same(p, 0, &f);
	for (const char *const *coding = codec ? codec->codings : NULL; coding && *coding; coding++)
		coding_is_same(p, codec, *coding, &f);
	return !arena_failed(arena);
}
