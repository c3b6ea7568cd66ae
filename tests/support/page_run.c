#include "tests/support/page_run.h"

#include <stdio.h>

#define NOW INT64_C(1780000000)

static enum load_result load_text(void *arg, struct slice path, struct slice *content)
{
	if (!slice_eq(path, SLICE("page.rules")))
		return LOAD_MISSING;
	*content = slice_str(arg);
	return LOAD_OK;
}

static void zeros(void *arg, unsigned char *out, size_t n)
{
	(void)arg;
	memset(out, 0, n);
}

static void complain(const struct diagnostics *d)
{
	struct buffer b;

	buffer_init(&b, 1 << 16);
	diagnostics_render(d, false, &b);
	fprintf(stderr, "%.*s", SLICE_ARG(buffer_slice(&b)));
	buffer_free(&b);
}

bool page_run_open(struct page_run *p, const char *rules)
{
	const struct loader loader = {.arg = (void *)(uintptr_t)rules, .load = load_text};
	struct diagnostics d;

	*p = (struct page_run){0};
	arena_init(&p->arena, 0, 1 << 20);
	diagnostics_init(&d);
	p->rules = ruleset_load(&loader, SLICE("page.rules"), &d);
	if (!p->rules)
		complain(&d);
	diagnostics_free(&d);
	p->plan = p->rules ? page_plan_new(p->rules) : NULL;
	p->env = (struct decide_env){
		.rules = p->rules,
		.plan = p->plan,
		.site = SLICE("www.example.com"),
		.scratch = pattern_scratch_new(),
		.random = zeros,
	};
	return p->plan && p->env.scratch;
}

void page_run_close(struct page_run *p)
{
	pattern_scratch_free(p->env.scratch);
	page_plan_free(p->plan);
	ruleset_free(p->rules);
	arena_free(&p->arena);
}

static void decide(struct page_run *p)
{
	struct request req = {
		.method = SLICE("GET"),
		.target = SLICE("/"),
		.authority = SLICE("www.example.com"),
		.host = SLICE("www.example.com"),
		.secure = true,
		.minor = 1,
	};
	struct response resp = {.status = 200};

	arena_reset(&p->arena);
	fields_init(&req.fields, &p->arena);
	fields_init(&resp.fields, &p->arena);
	CG_CHECK(fields_add(&resp.fields, SLICE("Content-Type"), SLICE("text/html")));
	CG_CHECK(decide_request(&p->env, &req, slice_of(NULL, 0), NOW, &p->arena, &p->decision) == DECIDE_OK);
	CG_CHECK(decide_response(&p->env, &resp, false, &p->arena, &p->decision) == DECIDE_OK);
}

static enum rewriter_result push(struct rewriter *r, struct slice input, struct page_feed feed)
{
	enum rewriter_result result = REWRITER_OK;

	if (feed.cut) {
		result = rewriter_push(r, slice_head(input, feed.cut));
		input = slice_from(input, feed.cut);
	}
	for (size_t n = feed.piece ? feed.piece : input.n; result == REWRITER_OK && input.n;
	     input = slice_from(input, n))
		result = rewriter_push(r, slice_head(input, n));
	return result == REWRITER_OK ? rewriter_finish(r) : result;
}

enum rewriter_result page_run(struct page_run *p, struct slice input, struct page_feed feed, rewriter_sink sink,
			      void *sink_arg, page_edit_sink edits, void *edits_arg)
{
	struct rewriter_options options = {.env = &p->env,
					   .decision = &p->decision,
					   .sink = sink,
					   .sink_arg = sink_arg,
					   .edits = edits,
					   .edits_arg = edits_arg};
	struct rewriter *r;
	enum rewriter_result result;

	decide(p);
	if (p->decision.page.work != PAGE_REWRITE)
		return sink(sink_arg, input) ? REWRITER_OK : REWRITER_STOPPED;
	r = rewriter_new(&options);
	if (!r)
		return REWRITER_NO_MEMORY;
	result = push(r, input, feed);
	rewriter_free(r);
	return result;
}
