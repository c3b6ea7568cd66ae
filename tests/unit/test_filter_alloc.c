/* Compiling filter lists and parsing URLs survive the failure of each of their allocations. */
#include "tests/support/slice_assert.h"

#include "rules/filter/filter.h"
#include "tests/support/alloc_fault.h"

#define ARENA_CAP (1 << 20)

static const char list[] = "! all kinds of lines\n"
			   "||a.com^\n||B.com^$domain=X.y|~z.x.y,script\n@@||a.com/ok\n/x[y]z/$script\n*ads*track*\n"
			   "0.0.0.0 c.com\n||d.com^$sneeze\n||e.com^\n||e.com^$badfilter\npx\n|https://f\n.gif|\n";

static bool told_of_memory(const struct diagnostics *d)
{
	return d->failed || d->warnings > 1; /* of one line it is known that it is unsupported */
}

/* True if everything was as it is with enough memory. A failure may cost the list, or a line that is told. */
static bool compile_and_match(struct arena *arena, struct pattern_scratch *scratch)
{
	static const struct filter_options none;
	struct filter_request request;
	struct filter_counts counts;
	struct filter_page page;
	struct diagnostics d;
	struct web_url url;
	struct filter *f;
	bool ok;

	diagnostics_init(&d);
	f = filter_compile(slice_str(list), SLICE("list.txt"), &none, &d, &counts);
	ok = f && !told_of_memory(&d);
	diagnostics_free(&d);
	if (!f)
		return false;
	filter_page_init(&page, SLICE("x.y"));
	if (web_url_parse(SLICE("https://b.COM/Q"), NULL, arena, &url) &&
	    filter_request_init(&request, &url, FILTER_SCRIPT, &page, arena))
		assert_int_equal(filter_match(f, &request, scratch).rule.line, 3);
	else
		ok = false;
	filter_free(f);
	return ok;
}

static bool parse_urls(struct arena *arena)
{
	static const char *const t[] = {"HTTPS://u@\xEF\xBD\x94racker\xE3\x80\202example:81/\xC3\xBC",
					"http://\xE2\x98\x83.-\xC3\xBC/",
					"http://[1::2]/",
					"http://0x7f.1/",
					"x/../y z",
					"JAVA\tscript:x"};
	struct web_url base, url;

	if (!web_url_parse(SLICE("http://a.b/c?d"), NULL, arena, &base))
		return false;
	for (size_t i = 0; i < CG_COUNT(t); i++) {
		bool ok = web_url_parse(slice_str(t[i]), &base, arena, &url);

		assert_int_equal(ok, url.kind != WEB_URL_INVALID);
		if (!ok)
			return false;
	}
	return true;
}

static void all_survive(void **state)
{
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct arena arena;
	size_t n, harmless = 0;

	(void)state;
	assert_non_null(scratch);
	for (n = 1; alloc_fault_begin(n); n++) {
		bool ok, failed;

		arena_init(&arena, 1, ARENA_CAP);
		ok = compile_and_match(&arena, scratch);
		ok &= parse_urls(&arena);
		failed = alloc_fault_end();
		arena_free(&arena);
		if (!ok && !failed)
			fail_msg("allocation %zu: nothing failed, but something was told", n);
		harmless += ok && failed;
	}
	/* Without memory for machine code PCRE2 interprets. */
	assert_in_range(harmless, 0, 6);
	assert_in_range(alloc_fault_total(), 30, 1000);
	pattern_scratch_free(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_survive),
	};

	return cmocka_run_group_tests_name("filter_alloc", tests, NULL, NULL);
}
