/* Selectors at their limits: many, deep, large, and without memory. */
#include "rules/html/selectors.h"

#include "tests/support/alloc_fault.h"
#include "tests/support/selector_run.h"
#include "tests/support/slice_assert.h"

#define ARENA_CAP (64u << 20)

static struct arena arena;
static struct buffer text, out;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 0, ARENA_CAP);
	buffer_init(&text, 64 << 20);
	buffer_init(&out, 64 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	buffer_free(&text);
	buffer_free(&out);
	return 0;
}

static void add(struct selectors *s, const char *selector)
{
	struct selector_error error;

	if (!selectors_add(s, slice_str(selector), &error))
		fail_msg("%s: %s", selector, error.message);
}

static struct selectors *only(const char *selector)
{
	struct selectors *s = selectors_new(&arena);

	assert_non_null(s);
	add(s, selector);
	assert_true(selectors_finish(s));
	return s;
}

/* What is in `text` is the page. */
static void assert_page(struct selectors *s, const char *expected)
{
	struct selector_run r = {.set = s};

	assert_false(text.failed);
	buffer_clear(&out);
	assert_true(selector_run(&r, buffer_slice(&text), &out));
	assert_slice(buffer_slice(&out), expected);
	buffer_clear(&text);
}

static void refused(struct selectors *s, const char *message)
{
	struct selector_error error;
	size_t count = selectors_count(s);

	assert_false(selectors_add(s, buffer_slice(&text), &error));
	if (!strstr(error.message, message))
		fail_msg("%s", error.message);
	assert_int_equal(selectors_count(s), count);
	buffer_clear(&text);
}

/* The lowest ids, whatever each selector is found by. */
static void hits(void **state)
{
	static const char *const of[] = {"*", "i", ".a", "#b", "[c]", "[c*=defg]", "i:not(.x)", "b"};
	struct selectors *s = selectors_new(&arena);
	struct buffer expected;

	(void)state;
	assert_non_null(s);
	buffer_init(&expected, 4096);
	buffer_add_str(&expected, "i");
	for (size_t i = 0, n = 0; i < 300; i++) {
		add(s, of[i * 7 % CG_COUNT(of)]);
		if (of[i * 7 % CG_COUNT(of)][0] != 'b' && n++ < SELECTOR_HITS_MAX)
			buffer_printf(&expected, " %zu", i);
	}
	assert_true(selectors_finish(s));
	buffer_add_str(&expected, "\n");
	buffer_add_char(&expected, '\0');
	buffer_add_str(&text, "<i class='a a a' id=b c=defgdefgdefg>");
	assert_page(s, expected.p);
	buffer_free(&expected);
}

static void many(void **state)
{
	struct selectors *s = selectors_new(&arena);
	struct buffer expected;

	(void)state;
	assert_non_null(s);
	buffer_init(&expected, 1 << 20);
	for (unsigned i = 0; i < 1000; i++) {
		char selector[100];

		snprintf(selector, sizeof selector, "script[src*='//host%u.example/'], div.slot%u > img", i, i);
		add(s, selector);
		buffer_printf(&text, "<script src=https://host%u.example/x></script><div class='slot%u'><img></div>",
			      999 - i, i);
		buffer_printf(&expected, "script %u\nimg %u\n", 999 - i, i);
	}
	assert_true(selectors_finish(s));
	buffer_add_char(&expected, '\0');
	assert_page(s, expected.p);
	buffer_free(&expected);
}

static void sets(void **state)
{
	struct selectors *s = selectors_new(&arena);

	(void)state;
	assert_non_null(s);
	buffer_add_str(&text, "a");
	for (unsigned i = 1; i < 4000; i++)
		buffer_add_str(&text, ",a");
	add(s, "b");
	assert_true(buffer_add_char(&text, '\0'));
	add(s, text.p);
	text.n--;
	refused(s, "more than 4096 selectors");
	for (unsigned i = 0; i < 95; i++)
		add(s, "c");
	buffer_add_str(&text, "d");
	refused(s, "more than 4096 selectors");
	buffer_printf(&text, "[a=\"%5000s\"]", "x");
	s = selectors_new(&arena);
	assert_non_null(s);
	refused(s, "longer than 4096");
	for (unsigned i = 0; i < 65; i++)
		buffer_add_str(&text, ".a");
	refused(s, "more than 64");
	for (unsigned i = 0; i < 1200; i++)
		buffer_printf(&text, "%s[a%u]", i ? "," : "", i);
	refused(s, "more than 1024 different attributes");
	for (unsigned i = 0; i < 400; i++)
		buffer_printf(&text, "%sa b c d e f g h i j k l", i ? "," : "");
	refused(s, "more than 4096 combinators");
	buffer_printf(&text, "a%.*s", HTML_NAME_MAX,
		      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	refused(s, "no element can have the name");
	buffer_add(&text, SLICE("a\0b"));
	refused(s, "not of a selector");
}

static void add_alternating(unsigned n, const char *end)
{
	for (unsigned i = 0; i < n; i++)
		buffer_printf(&text, "<%s%s>", end, i % 2 ? "section" : "article");
}

/* Elements too deep to be remembered have ancestors; they are none, and what ends them is known. */
static void depth(void **state)
{
	(void)state;
	buffer_add_str(&text, "<div class=a>");
	add_alternating(1000, "");
	buffer_add_str(&text, "<div><img n=1></div>");
	add_alternating(1001, "/");
	buffer_add_str(&text, "<img n=2></div><img n=3>");
	assert_page(only("div.a img, section.x img, article.x img, div > p"), "1 0\n2 0\n");

	add_alternating(SELECTOR_DEPTH - 10, "");
	buffer_add_str(&text, "<b class=a><img n=1></b>");
	add_alternating(100, "");
	buffer_add_str(&text, "<b class=a><img n=2></b><p><p><p class=a><img n=3>");
	add_alternating(100, "/");
	buffer_add_str(&text, "<b class=a><img n=4>");
	assert_page(only(".a > img"), "1 0\n4 0\n");
}

/* The same elements one in the other are one entry, however many. */
static void same_elements(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2000000; i++)
		buffer_add_str(&text, "<div>");
	buffer_add_str(&text, "<img n=1><i><img n=2></i>");
	for (unsigned i = 0; i < 1999999; i++)
		buffer_add_str(&text, "</div>");
	buffer_add_str(&text, "<img n=3></div><img n=4>");
	assert_page(only("div > img"), "1 0\n3 0\n");
}

static void large_values(void **state)
{
	(void)state;
	buffer_add_str(&text, "<i n=1 class='");
	for (unsigned i = 0; i < 5000; i++)
		buffer_add_str(&text, "aaaa ");
	buffer_add_str(&text, "b'><i n=2 class='&#98;'><i n=3 class='a a a a a a a a&#98;cde' x=abcd&#101;f>");
	assert_page(only("i.b, i[class$=bcde], i[x=abcdef]"), "1 0\n2 0\n3 0\n");

	struct selector_run r = {.set = only("[x=bc], [x*=qrstuv], [x='&#98;ccccccccccccccccccccccccccccccccc']"),
				 .scratch = 8};

	buffer_clear(&out);
	assert_true(selector_run(
		&r, SLICE("<i n=1 x=&#98;c><i n=2 x='&#98;ccccccccccccccccccccccccccccccccc'><i n=3 x='qrstuv&amp;'>"),
		&out));
	assert_slice(buffer_slice(&out), "1 0\n2 0\n3 0\n");
}

static void oversized(void **state)
{
	struct selector_run r = {.set = only("i[a], i[b], div.x p, div.x > i[a]"), .max_tag = HTML_TAG_MIN};

	(void)state;
	buffer_add_str(&text, "<div class=x><i n=1 a=b c='");
	for (unsigned i = 0; i < 100; i++)
		buffer_add_str(&text, "long ");
	buffer_add_str(&text, "' b></i><p></p></div>");
	assert_true(selector_run(&r, buffer_slice(&text), &out));
	assert_slice(buffer_slice(&out), "1 0\np 0\n");
}

static void types(void **state)
{
	static const struct {
		const char *selector, *type;
	} rows[] = {
		{"IMG", "img"},
		{"div img[x], .a > img", "img"},
		{"img, a", ""},
		{"img, .a", ""},
		{"*", ""},
		{"script:not(a)", "script"},
		{"a script, script#b", "script"},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		assert_slice(selector_type(only(rows[i].selector), 0), rows[i].type);
	assert_slice(selector_type(only("a"), 1), "");
}

static void tags_of(const struct selectors *s, struct slice page)
{
	struct html_names names;
	struct html_options options = {.names = &names};
	struct html_tokenizer t;
	struct html_token token;

	html_names_init(&names);
	assert_true(selectors_want(s, &names));
	html_tokenizer_init(&t, &options);
	html_tokenizer_feed(&t, page);
	buffer_clear(&out);
	while (html_tokenizer_next(&t, &token)) {
		if (token.type == HTML_START_TAG || token.type == HTML_END_TAG)
			buffer_printf(&out, "%s%.*s ", token.end_tag ? "/" : "", SLICE_ARG(token.name_raw));
	}
	html_tokenizer_free(&t);
}

static void wanted(void **state)
{
	static const struct {
		const char *selector, *tags;
	} rows[] = {
		{"script", "script "},
		{"div.ads img", "div img /div image "},
		{"div section p[x]", "p div /div "},
		{"img, x-y", "img x-y image "},
		{".a", "p div img x-y image script "},
		{"div .a", "p div img /div x-y image script "},
		{"p img", "p div img /div x-y /x-y image script /script /p "},
		{"div > img", "p div img /div x-y /x-y image script /script /p "},
		{".a img", "p div img /div x-y /x-y image script /script /p "},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		tags_of(only(rows[i].selector), SLICE("<p><div><img></div><x-y></x-y><image><script></script></p>"));
		assert_slice(buffer_slice(&out), rows[i].tags);
	}
}

/* More names than a set of names can take. */
static void many_names(void **state)
{
	struct selectors *s = selectors_new(&arena);

	(void)state;
	assert_non_null(s);
	for (unsigned i = 0; i < 400; i++) {
		char name[20];

		snprintf(name, sizeof name, "x%u%s", i, i % 2 ? " i" : "");
		add(s, name);
	}
	assert_true(selectors_finish(s));
	buffer_add_str(&text, "<x1 n=1></x1><i n=2></i><x398 n=3><x399><i n=4>");
	assert_page(s, "3 398\n4 399\n");
}

static void again(void **state)
{
	struct selectors *s = only("div.a i");
	struct selector_matcher *m = selector_matcher_new(s);
	struct html_token div = {.type = HTML_START_TAG, .raw = SLICE("<div class=a>"), .name_raw = SLICE("div")};
	struct html_token i = {.type = HTML_START_TAG, .raw = SLICE("<i>"), .name_raw = SLICE("i")};
	struct html_attribute class = {5, 5, 11, 1, HTML_UNQUOTED};
	size_t ids[SELECTOR_HITS_MAX];

	(void)state;
	assert_non_null(m);
	div.name = html_name(div.name_raw);
	i.name = html_name(i.name_raw);
	div.attributes = &class;
	div.attribute_count = 1;
	assert_int_equal(selector_matcher_start(m, &div, &text, ids), 0);
	assert_int_equal(selector_matcher_start(m, &i, &text, ids), 1);
	selector_matcher_reset(m);
	assert_int_equal(selector_matcher_start(m, &i, &text, ids), 0);
	selector_matcher_free(m);
	selector_matcher_free(NULL);
}

/* True if all went as it does with enough memory. */
static bool compile_and_match(void)
{
	static const char *const lines[] = {"div.a > img[src*='example.com'], #b", ".c:not(d[e]) f", "[g='h\\69 ']"};
	struct selectors *s = selectors_new(&arena);
	struct selector_run r = {.set = s};
	struct selector_error error;

	if (!s)
		return false;
	for (size_t i = 0; i < CG_COUNT(lines); i++) {
		if (!selectors_add(s, slice_str(lines[i]), &error)) {
			assert_string_equal(error.message, "");
			return false;
		}
	}
	buffer_clear(&out);
	if (!selectors_finish(s) ||
	    !selector_run(&r, SLICE("<div class=a><img src='//example.com/?a&amp;b'><b id=b g=h&#105;>"), &out))
		return false;
	return slice_eq(buffer_slice(&out), SLICE("img 0\nb 0 2\n"));
}

static void without_memory(void **state)
{
	size_t n;

	(void)state;
	for (n = 1; alloc_fault_begin(n); n++) {
		bool ok, failed;

		arena_init(&arena, 1, ARENA_CAP);
		ok = compile_and_match();
		failed = alloc_fault_end();
		arena_free(&arena);
		assert_true(ok || failed);
	}
	assert_in_range(n, 20, 1000);
	for (size_t cap = 0; cap < 40000; cap += 97) {
		arena_init(&arena, 64, cap);
		if (!compile_and_match())
			assert_true(arena_failed(&arena));
		arena_free(&arena);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hits),	 TEST(many),  TEST(sets),   TEST(depth),      TEST(same_elements), TEST(large_values),
		TEST(oversized), TEST(types), TEST(wanted), TEST(many_names), TEST(again),	   TEST(without_memory),
	};

	return cmocka_run_group_tests_name("selectors_limits", tests, NULL, NULL);
}
