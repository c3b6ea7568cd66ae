#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/page_fixture.h"

static bool collect(void *arg, struct slice octets)
{
	return buffer_add(arg, octets);
}

void page_visit(struct fixture *f, const char *granted)
{
	f->decision = (struct decision){
		.consent = {.granted = PURPOSE_NECESSARY | fixture_purposes(f->rules, granted)},
		.observe = ruleset_mode(f->rules) == MODE_OBSERVE,
		.host = SLICE("www.example.com"),
		.page = {.work = PAGE_REWRITE,
			 .document = true,
			 .status = 200,
			 .url = SLICE(PAGE_URL),
			 .path = SLICE("/dir/page.html")},
	};
}

enum rewriter_result page_rewrite(struct fixture *f, struct slice page, struct page_run run, struct buffer *out)
{
	const struct rewriter_options options = {
		.env = &f->env, .decision = &f->decision, .sink = collect, .sink_arg = out};
	enum rewriter_result result = REWRITER_OK;
	struct rewriter *r = rewriter_new(&options);
	size_t n = run.first ? run.first : page.n;

	if (!r)
		return REWRITER_NO_MEMORY;
	buffer_clear(out);
	while (page.n && result == REWRITER_OK) {
		result = rewriter_push(r, slice_head(page, n));
		page = slice_from(page, n);
		n = run.step ? run.step : page.n;
	}
	if (result == REWRITER_OK)
		result = rewriter_finish(r);
	rewriter_free(r);
	return result;
}

void page_check(struct fixture *f, struct slice in, struct slice expected, struct page_run run)
{
	struct buffer out;

	buffer_init(&out, 1 << 20);
	assert_int_equal(page_rewrite(f, in, run, &out), REWRITER_OK);
	if (!slice_eq(buffer_slice(&out), expected))
		print_error("pieces of %zu and %zu\nof       %.*s\nexpected %.*s\ngot      %.*s\n", run.first, run.step,
			    SLICE_ARG(in), SLICE_ARG(expected), SLICE_ARG(buffer_slice(&out)));
	assert_true(slice_eq(buffer_slice(&out), expected));
	buffer_free(&out);
}

void page_check_row(struct fixture *f, const struct page_row *row)
{
	struct slice in = slice_str(row->in), out = slice_str(row->out ? row->out : row->in);

	page_check(f, in, out, (struct page_run){0, 0});
	page_check(f, in, out, (struct page_run){1, 1});
	for (size_t i = 1; i < in.n; i++)
		page_check(f, in, out, (struct page_run){i, 0});
}
