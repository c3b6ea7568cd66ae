/* ruleset_load() with each allocation failing once: all or nothing, nothing lost, nothing leaked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/alloc_fault.h"
#include "tests/support/rules_text.h"

static const struct text_file good[] = {
	{"site.rules", "include more.rules\n"
		       "include vendors/magento.rules\n"
		       "policy 2026-03 {\n notice https://www.example.com/privacy\n undecided grants in US\n}\n"
		       "purpose analytics \"Count visits\"\npurpose preferences\n"
		       "opt-out cookie optout=1 denies analytics\n"
		       "signal gpc denies analytics\n"
		       "accept consent from onetrust {\nC0002 vendor-1 grants analytics\nC0003 ignored\ncookie x\n}\n"
		       "accept consent from tcf klaro\n"
		       "consent cookie c matches /a/ grants analytics denies preferences\n"
		       "cookie a b* c*d /^e/ \"f g\" is analytics max-age 90d\n"
		       "inject cookie vid={uuid} for 180d domain www.example.com is analytics\n"
		       "param gclid utm_* is analytics\n"
		       "path /collect /%61/*/b is analytics\n"
		       "cookie * is analytics\n"
		       "beacon ||ok.example^ is necessary\n"
		       "beacon ||a.example^ ||b.example/x^$script *.gif^ /^https:.*\\/c\\./i div.ad is analytics\n"
		       "list list.txt is analytics\n"
		       "beacon script containing \"fbq(\" is analytics removed\n"
		       "beacon script[src], script#x containing /fbq\\(/ is analytics replaced by <<X\n<p>\nX\n"
		       "inject html at head-end path /shop* /^\\/a/ status 404 is analytics <<X\n<b>\nX\n"
		       "inject html before \"p > a\" is analytics <<X\n<b>\nX\n"
		       "pages {\n csp narrow\n}\n"
		       "mode observe\n"},
	{"more.rules", "cookie sid is necessary\n"},
	{"list.txt",
	 "||list.example^$third-party\n@@||list.example/ok\n/c\\d+/$domain=x.example\n||c.example^$csp=x\n"},
	{NULL, NULL},
};

static const struct text_file bad[] = {
	{"site.rules", "include nowhere.rules vendors/gogle.rules vendors/google.rules\n"
		       "purpose analytics\npurpose analytics\npurpose Bad\n"
		       "coookie a is analytics\n"
		       "cookie * is analytisc\n"
		       "cookie a a /(/ is analytics sekure\n"
		       "cookie x=1 is necessary analytics\n"
		       "policy {\n unknown\n undecided grants in UK\n}\n"
		       "inject cookie vid={uid} is analytics\n"
		       "path collect is analytics\n"
		       "beacon @@||a.example^ ||b.example^$csp=x /(/ /a/b/ example.com is analytics\n"
		       "beacon divv p..a is analytics replaced\n"
		       "beacon div containing \"fbq(\" is analytics\n"
		       "list nowhere.txt is analytics without\n"
		       "inject html at nowhere path x status 7 is analytics <<X\nX\n"
		       "accept consent from onetrst tcf tcf\n"
		       "accept consent from cookiebot {\nstatistcs grants analytics\ncookie a as b\nx grant y\n}\n"
		       "consent cookie a matches /(/ grants b\n"
		       "pages {\n gard on\n tag 1\n}\n"},
	{NULL, NULL},
};

static void look_up_url(const struct ruleset *rs, struct pattern_scratch *scratch)
{
	struct filter_request r;
	struct filter_page page;
	struct arena arena;
	struct web_url url;

	arena_init(&arena, 0, 65536);
	filter_page_init(&page, SLICE("www.example.com"));
	if (web_url_parse(SLICE("https://a.example/"), NULL, &arena, &url) &&
	    filter_request_init(&r, &url, FILTER_SCRIPT, &page, &arena))
		assert_int_equal(ruleset_beacon_url(rs, scratch, &r).rule->order, 1);
	arena_free(&arena);
}

static void look_up(const struct ruleset *rs)
{
	struct pattern_scratch *scratch = pattern_scratch_new();
	bool limit;

	if (!scratch)
		return;
	(void)ruleset_cookie(rs, scratch, SLICE("evil"), &limit);
	(void)ruleset_path(rs, scratch, SLICE("/a/x/b"), &limit);
	look_up_url(rs, scratch);
	pattern_scratch_free(scratch);
}

static void test_good_files(void **state)
{
	size_t failures = alloc_fault_total(), survived = 0;

	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct diagnostics d;
		struct ruleset *rs;
		bool made;

		diagnostics_init(&d);
		rs = text_ruleset(good, &d);
		made = alloc_fault_end();
		if (rs)
			look_up(rs);
		/* A failure inside JIT compilation only makes a pattern slower; any other is an error. */
		survived += made && rs != NULL;
		assert_true((rs != NULL) == diagnostics_ok(&d));
		assert_true(made || rs);
		ruleset_free(rs);
		diagnostics_free(&d);
	}
	assert_true(alloc_fault_total() - failures > 10);
	assert_true(survived < (alloc_fault_total() - failures) / 2);
}

static void test_bad_files(void **state)
{
	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct diagnostics d;
		struct ruleset *rs;

		diagnostics_init(&d);
		rs = text_ruleset(bad, &d);
		alloc_fault_end();
		assert_null(rs);
		assert_false(diagnostics_ok(&d));
		diagnostics_free(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_files),
		cmocka_unit_test(test_bad_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
