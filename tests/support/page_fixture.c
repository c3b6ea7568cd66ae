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
