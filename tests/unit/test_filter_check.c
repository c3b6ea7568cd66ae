/* What a single line of a filter list is, and whether a verdict rests on an expression that gave up. */
#include "tests/support/slice_assert.h"

#include "rules/filter/filter.h"

static void kinds_of_lines(void **state)
{
	static const struct {
		const char *line;
		enum filter_line_kind kind;
	} cases[] = {
		{"", FILTER_LINE_COMMENT},
		{"! no", FILTER_LINE_COMMENT},
		{"a.b##.ad", FILTER_LINE_ELEMENTS},
		{"||a.b^", FILTER_LINE_BLOCK},
		{"0.0.0.0 a.b", FILTER_LINE_BLOCK},
		{"@@||a.b^", FILTER_LINE_EXCEPTION},
		{"||a.b^$badfilter", FILTER_LINE_BADFILTER},
		{"@@||a.b^$badfilter", FILTER_LINE_BADFILTER},
		{"||a.b^$sneeze", FILTER_LINE_UNSUPPORTED},
		{"*", FILTER_LINE_UNSUPPORTED},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		struct filter_check check;

		filter_check(slice_str(cases[i].line), &check);
		assert_int_equal(check.kind, cases[i].kind);
		assert_true((check.message[0] != '\0') == (check.kind == FILTER_LINE_UNSUPPORTED));
	}
}

static void what_is_wrong(void **state)
{
	struct filter_check check;
	char line[600] = "||a.b^$";

	(void)state;
	filter_check(SLICE("||a.b^$script,sneeze=x"), &check);
	assert_string_equal(check.message, "option \"sneeze=x\" is not supported");
	memset(line + strlen(line), 'x', 500);
	filter_check(slice_str(line), &check);
	assert_int_equal(check.kind, FILTER_LINE_UNSUPPORTED);
	assert_true(strlen(check.message) < sizeof check.message - 1);
}

static void hosts(void **state)
{
	static const struct {
		const char *line, *host;
		bool whole;
	} cases[] = {
		{"||a.b^", "a.b", true},
		{"||A.b/", "A.b", true},
		{"||a.b^*", "a.b", true},
		{"||a.b^$third-party", "a.b", true},
		{"||a.b^$~third-party", "a.b", false},
		{"||a.b^$script", "a.b", false},
		{"||a.b^$domain=c.d", "a.b", false},
		{"||a.b^|", "a.b", false},
		{"||a.b/c", "a.b", false},
		{"||a.b:8080^", "a.b", false},
		{"||a.b:", "a.b", false},
		{"||a.b", "", false},
		{"||a*.b^", "", false},
		{"||*.b^", "", false},
		{"||^", "", false},
		{"|a.b^", "", false},
		{"/a.b^", "", false},
		{"/a.b/", "", false},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		struct filter_check check;

		filter_check(slice_str(cases[i].line), &check);
		assert_slice(check.host, cases[i].host);
		assert_true(check.whole_host == cases[i].whole);
	}
}

static void flags(void **state)
{
	struct filter_check check;

	(void)state;
	filter_check(SLICE("||a.b^$important"), &check);
	assert_true(check.important && !check.regex);
	filter_check(SLICE("/a|b/$script"), &check);
	assert_true(check.regex && !check.important);
}

static bool limited(const char *list)
{
	static const struct filter_options none;
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct filter_request request;
	struct filter_counts counts;
	struct filter_page page;
	struct filter_result r;
	struct arena arena;
	struct web_url url;
	struct filter *f;

	f = filter_compile(slice_str(list), SLICE("list.txt"), &none, NULL, &counts);
	arena_init(&arena, 0, 1 << 16);
	assert_true(web_url_parse(SLICE("https://x/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"), NULL,
				  &arena, &url));
	filter_page_init(&page, SLICE("p.q"));
	assert_true(filter_request_init(&request, &url, FILTER_SCRIPT, &page, &arena));
	assert_non_null(f);
	r = filter_match(f, &request, scratch);
	arena_free(&arena);
	filter_free(f);
	pattern_scratch_free(scratch);
	return r.limit;
}

static void limits(void **state)
{
	(void)state;
	assert_true(limited("/(a+)+$/"));
	assert_true(limited("/(a+)+$/\n||x^"));
	assert_true(limited("||x^\n@@/(a+)+$/"));
	assert_true(limited("/(a+)+$/$important\n||x^"));
	assert_false(limited("||x^\n/(a+)+$/"));
	assert_false(limited("||y^\n@@/(a+)+$/"));
	assert_false(limited("||x^\n/(b+)+$/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_of_lines), cmocka_unit_test(what_is_wrong), cmocka_unit_test(hosts),
		cmocka_unit_test(flags),	  cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests_name("filter_check", tests, NULL, NULL);
}
