/* Link, Report-To and their kin, as far as their URLs are found. */
#include "tests/support/slice_assert.h"

#include "rules/http/link.h"
#include "rules/http/report.h"

static const struct {
	const char *in;
	const char *out; /* "raw|target|rel|as;" for each; "raw!" for what is none */
} links[] = {
	{"", ""},
	{" , ,", ""},
	{"<a>", "<a>|a||;"},
	{"<a>; rel=preload; as=script , <b>;rel=\"x y\"", "<a>; rel=preload; as=script|a|preload|script;"
							  "<b>;rel=\"x y\"|b|x y|;"},
	{"<a,b>; rel=next", "<a,b>; rel=next|a,b|next|;"},
	{"<a>; title=\"x, <c>\"; REL = p ; rel=q", "<a>; title=\"x, <c>\"; REL = p ; rel=q|a|p|;"},
	{"<a>; title=\"\\\", \"; rel=p, <b>", "<a>; title=\"\\\", \"; rel=p|a|p|;<b>|b||;"},
	{"a; rel=p", "a; rel=p!"},
	{"<a; rel=p, <b>", "<a; rel=p, <b>|a; rel=p, <b||;"},
	{"< a >;;rel=p", "< a >;;rel=p|a|p|;"},
	{"<a>; rel=\"p", "<a>; rel=\"p|a|p|;"},
	{"<>; rel=p", "<>; rel=p||p|;"},
};

static void test_links(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(links); i++) {
		struct slice rest = slice_str(links[i].in);
		struct link_value v;
		char text[256];
		size_t n = 0;

		while (link_next(&rest, &v))
			n += v.valid ? (size_t)snprintf(text + n, sizeof text - n, "%.*s|%.*s|%.*s|%.*s;",
							SLICE_ARG(v.raw), SLICE_ARG(v.target), SLICE_ARG(v.rel),
							SLICE_ARG(v.as))
				     : (size_t)snprintf(text + n, sizeof text - n, "%.*s!", SLICE_ARG(v.raw));
		assert_slice(slice_of(text, n), links[i].out);
	}
}

static const struct {
	const char *in;
	const char *urls; /* of each object, a blank behind each, '|' behind the object */
} reports[] = {
	{"", ""},
	{"{\"url\":\"a\"}", "a |"},
	{"{\"endpoints\":[{\"url\" : \"a\"},{\"url\":\"b,}\"}],\"max_age\":1} , {\"url\":\"c\"}", "a b,} |c |"},
	{"{\"url\":\"https:\\/\\/x\\u002Ey\"}", "https://x.y |"},
	{"{\"\\u0075rl\":\"a\"}", "a |"},
	{"{\"x\":\"url\",\"url\":1,\"url\":\"a\"}", "a |"},
	{"{\"url\":\"\\u00e4\\u20AC\\uZZ\\u1\"}", "\xC3\xA4\xE2\x82\xAC\xEF\xBF\xBD"
						  "1 |"},
	{"{\"url\":\"\\u\"}", "\xEF\xBF\xBD |"},
	{"{\"url\":\"a\\", "a\\ |"},
	{"{\"url\":", "|"},
	{"]}},{\"url\":\"a\"}", "|a |"},
};

static void test_reports(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 0, 1 << 20);
	for (size_t i = 0; i < CG_COUNT(reports); i++) {
		struct slice rest = slice_str(reports[i].in), object, url;
		char text[256];
		size_t n = 0;

		while (report_json_next(&rest, &object)) {
			while (report_member_next(&object, SLICE("url"), &arena, &url))
				n += (size_t)snprintf(text + n, sizeof text - n, "%.*s ", SLICE_ARG(url));
			n += (size_t)snprintf(text + n, sizeof text - n, "|");
		}
		assert_slice(slice_of(text, n), reports[i].urls);
	}
	arena_free(&arena);
}

static void test_strings(void **state)
{
	struct arena arena;
	struct slice value;

	(void)state;
	arena_init(&arena, 0, 1 << 20);
	assert_true(report_string(SLICE("\"a\\\"b\\\\\";x=1"), &arena, &value));
	assert_slice(value, "a\"b\\");
	assert_true(report_string(SLICE("\"\""), &arena, &value));
	assert_slice(value, "");
	assert_false(report_string(SLICE("token"), &arena, &value));
	assert_false(report_string(SLICE(""), &arena, &value));
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_strings),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
