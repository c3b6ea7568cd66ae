/* Memory that runs out while a page is rewritten: no crash, no leak, and never a page called good that is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/alloc_fault.h"
#include "tests/support/page_fixture.h"

static const char rules_text[] = "purpose preferences\n"
				 "purpose analytics\n"
				 "purpose advertising\n"
				 "beacon ||stats.example^ is analytics\n"
				 "beacon ||ads.example^ is advertising\n"
				 "beacon script containing \"fbq(\" is advertising\n"
				 "beacon iframe.v is preferences replaced by placeholder\n"
				 "beacon div.ad p is advertising\n"
				 "param gclid is advertising\n"
				 "inject html at body-end is necessary <<X\n<i>\nX\n";

static const char page_text[] =
	"<!doctype html><html><head><base href=\"/x&amp;y/\"><title>x</title>"
	"<meta http-equiv=content-security-policy content=\"script-src 'self'\">"
	"<script>fbq('https:\\/\\/stats.example\\/\\u0026');</script><script src=\"//stats.example/&amp;\"></script>"
	"<style>a{background:url(//ads.example/\\41)}</style></head><body onload=\"f('//stats.example/')\">"
	"<p style=\"background:url('//ads.example/&amp;')\">1</p><a href=\"/x?gclid=1&amp;b=2\" "
	"ping=//stats.example/>2</a>"
	"<iframe class=v src=//video.example/></iframe><div class=ad><p>3</p></div>"
	"<iframe srcdoc=\"&lt;img src=//stats.example/>\"></iframe><noscript><img src=//ads.example/></noscript>"
	"<img srcset='a 1x, //ads.example/ 2x'><svg><script>fbq(&#49;)</script></svg></body></html>";

static enum rewriter_result run(struct fixture *f, struct slice page, struct buffer *out)
{
	struct page_inject inject = {.html = SLICE("<i>\n")};
	size_t n;

	inject.rule = ruleset_inject_html(f->rules, &n);
	page_visit(f, "");
	f->decision.page.injects = &inject;
	return page_rewrite(f, page, (struct page_run){100, 100}, out);
}

static void test_every_allocation(void **state)
{
	struct slice page = slice_str(page_text);
	struct buffer want, got;
	struct fixture f;
	size_t n;

	(void)state;
	fixture_open(&f, rules_text);
	f.env.sink = NULL;
	buffer_init(&want, 1 << 16);
	buffer_init(&got, 1 << 16);
	assert_int_equal(run(&f, page, &want), REWRITER_OK);
	assert_true(buffer_add(&got, buffer_slice(&want))); /* so that the sink itself never asks for memory */
	for (n = 1; alloc_fault_begin(n); n++) {
		enum rewriter_result result = run(&f, page, &got);

		if (alloc_fault_end())
			assert_true(result == REWRITER_NO_MEMORY || result == REWRITER_OK);
		else
			assert_int_equal(result, REWRITER_OK);
		if (result == REWRITER_OK)
			assert_true(slice_eq(buffer_slice(&got), buffer_slice(&want)));
	}
	assert_true(n > 10);
	buffer_free(&want);
	buffer_free(&got);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
