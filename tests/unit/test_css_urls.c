/* Rows of what is loaded and what is not were compared with Chromium 156. */
#include "rules/html/css_urls.h"

#include "tests/support/alloc_fault.h"
#include "tests/support/slice_assert.h"

static const struct {
	const char *text, *urls; /* "KIND URL RAW\n...", kinds: i f o */
} rows[] = {
	{"", ""},
	{"a{color:red}", ""},
	{"a{background:url(/a)}", "o /a url(/a)\n"},
	{"a{background:url( \"/a\" )}", "o /a url( \"/a\" )\n"},
	{"a{background:URL('/a')}", "o /a URL('/a')\n"},
	{"background:url(\n/a\n)", "o /a url(\n/a\n)\n"},
	{"a{background:url('/a'/**/)}", "o /a url('/a'/**/)\n"},
	{"a{background:url('/a' crossorigin(anonymous) ')')}", "o /a url('/a' crossorigin(anonymous) ')')\n"},
	{"a{background:url('/a' url('/b') url(/c)),url(/d)}", "o /a url('/a' url('/b') url(/c))\no /d url(/d)\n"},
	{"a{background:url(/**/'/a')} b{background:url(/b)}", "o /b url(/b)\n"},
	{"a{background:url(/a b) url(/c)}", "o /c url(/c)\n"},
	{"a{background:url(/a\"b) url(/c)}", "o /c url(/c)\n"},
	{"a{background:url(/a(b) url(/c)}", "o /c url(/c)\n"},
	{"a{background:url(/a b\\) url(/c) url(/d)}", "o /d url(/d)\n"},
	{"a{background:url(/a /**/)}", ""},
	{"a{background:url(/a\x01)}", ""},
	{"a{background:url(/a\x7f)}", ""},
	{"a{background:url()}", "o  url()\n"},
	/* the end closes everything */
	{"a{background:url(/a", "o /a url(/a\n"},
	{"a{background:url( /a ", "o /a url( /a \n"},
	{"a{background:url('/a", "o /a url('/a\n"},
	{"a{background:url('/a'", "o /a url('/a'\n"},
	{"a{background:url('/a'/*", "o /a url('/a'/*\n"},
	{"a{background:url(", "o  url(\n"},
	{"a{background:url(/a\\", "o /a\xef\xbf\xbd url(/a\\\n"},
	{"a{background:url('/a\\", "o /a url('/a\\\n"},
	{"a{background:image-set('/a' 1x", "o /a '/a'\n"},
	/* escapes */
	{"a{background:u\\72l(/a)}", "o /a u\\72l(/a)\n"},
	{"a{background:\\75\r\nrl(/a)}", "o /a \\75\r\nrl(/a)\n"},
	{"a{background:\\000055 RL(/a)}", "o /a \\000055 RL(/a)\n"},
	{"a{background:\\u\\r\\l(/a)}", "o /a \\u\\r\\l(/a)\n"},
	{"a{background:url(/\\35 x\\)\\(y)}", "o /5x)(y url(/\\35 x\\)\\(y)\n"},
	{"a{background:url(/\\1f600\\0\\d800\\110000)}",
	 "o /\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd url(/\\1f600\\0\\d800\\110000)\n"},
	{"a{background:url(/\\e9\\20ac)}", "o /\xc3\xa9\xe2\x82\xac url(/\\e9\\20ac)\n"},
	{"a{background:url(/a\\\nb)} b{c:url(/d)}", "o /d url(/d)\n"},
	{"a{background:url(\"/a\\\nb\\\r\nc\\\"d\")}", "o /abc\"d url(\"/a\\\nb\\\r\nc\\\"d\")\n"},
	{"a{background:url('/a\\27\nb')}", "o /a'b url('/a\\27\nb')\n"},
	{"a{background:url(\xc3\xa9)}", "o \xc3\xa9 url(\xc3\xa9)\n"},
	{"a{background:url(\"\\\xc3\xa9\")}", "o \xc3\xa9 url(\"\\\xc3\xa9\")\n"},
	{"a{b:ur\\\nl(/a)}", ""},
	/* bad strings */
	{"a{background:url('/a\n')} b{background:url(/b)}", ""},
	{"a{content:'x\n} b{background:url(/b)}", "o /b url(/b)\n"},
	{"@import '/a\n;@import '/b';", "i /b '/b'\n"},
	{"@import '/a\n'/b';", ""},
	{"a{b:image-set('/a\n 1x)", ""},
	/* what is no url() */
	{"a{background:10url(/a),xurl(/b),-url(/c),url (/d),url2(/e)}", ""},
	{"#url(/a){} @url(/b); #\\75rl(/c)", ""},
	{"a{b:+url(/a).url(/b)1.url(/c)}", "o /a url(/a)\no /b url(/b)\no /c url(/c)\n"},
	{"a{content:'url(/a)'} /* url(/b) */ b{c:url(/d)}", "o /d url(/d)\n"},
	{"/* url(/a)", ""},
	{"/*/ url(/a) */ b{c:url(/d)}", "o /d url(/d)\n"},
	{"<!--url(/a)--> a{b:url(/c)}", "o /a url(/a)\no /c url(/c)\n"},
	{"a{background:src('/a'),image('/b')}", ""},
	{"a[href='/x']{content:'/y'}", ""},
	/* rules */
	{"@import '/a';", "i /a '/a'\n"},
	{"@import\"/a\";", "i /a \"/a\"\n"},
	{"@IMPORT/**/url( /a ) screen;", "i /a url( /a )\n"},
	{"@\\69mport '/a';", "i /a '/a'\n"},
	{"@import '/a' supports(background:url(/b)) '/c';", "i /a '/a'\no /b url(/b)\n"},
	{"@import x '/a';", ""},
	{"@import;'/a'", ""},
	{"@charset '/a';", ""},
	{"@namespace '/a'; @namespace x url(/b); a{c:url(/d)}", "o /d url(/d)\n"},
	{"@namespace url(/a) {} b{c:url(/d)}", "o /d url(/d)\n"},
	{"@font-face{font-family:x;src:url(/a) format('woff2'),local('b')} a{b:url(/c)}",
	 "f /a url(/a)\no /c url(/c)\n"},
	{"@media print{@font-face{src:url(/a)}a{b:url(/c)}}", "f /a url(/a)\no /c url(/c)\n"},
	{"@font-face;a{b:url(/c)}", "o /c url(/c)\n"},
	{"}}@font-face{src:url(/a)}", "f /a url(/a)\n"},
	/* strings that are URLs */
	{"a{background:image-set('/a' 1x,url(/b) 2x,\"/c\" type('image/avif') 3x)}",
	 "o /a '/a'\no /b url(/b)\no /c \"/c\"\n"},
	{"a{background:-webkit-image-set(url(/a) 1x, '/b' 2x)}", "o /a url(/a)\no /b '/b'\n"},
	{"a{background:image-set(linear-gradient(red,blue) 1x,'/a' 2x) '/b'}", "o /a '/a'\n"},
	{"a{background:Image-\\53 et('/a')}", "o /a '/a'\n"},
	{"a{--u:'/a';content:'/b'}", "o /a '/a'\n"},
	{"a{--u :/**/f('/a') url(/b);c:'/d'}", "o /a '/a'\no /b url(/b)\n"},
	{"a{background:image-set(var(--u,'/a') 1x)}", "o /a '/a'\n"},
	{"@property --u{initial-value:'/a'}b{content:'/b'}", "o /a '/a'\n"},
	{"@function --f(--x){@media print{}result:'/a'}b{content:'/b'}", "o /a '/a'\n"},
	{"a{--u '/a'}", ""},
	{"a--b:c{d:'/a'}", ""},
};

static void add(char *all, size_t size, const struct css_url *found)
{
	size_t n = strlen(all);

	snprintf(all + n, size - n, "%c %.*s %.*s\n", "ifo"[found->kind], SLICE_ARG(found->url), SLICE_ARG(found->raw));
}

static void table(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct buffer scratch;
		struct css_urls it;
		struct css_url found;
		char all[512] = "";

		buffer_init(&scratch, 256);
		css_urls_init(&it, slice_str(rows[i].text));
		while (css_urls_next(&it, &scratch, &found))
			add(all, sizeof all, &found);
		if (strcmp(all, rows[i].urls) != 0)
			print_error("%s\n", rows[i].text);
		assert_string_equal(all, rows[i].urls);
		buffer_free(&scratch);
	}
}

static void nul(void **state)
{
	struct buffer scratch;
	struct css_urls it;
	struct css_url found;

	(void)state;
	buffer_init(&scratch, 256);
	css_urls_init(&it, SLICE("a{b:url(/\0a) url(\"/\\\0\")u\0rl(/c)"));
	assert_true(css_urls_next(&it, &scratch, &found));
	assert_slice(found.url, "/\xef\xbf\xbd"
				"a");
	assert_true(css_urls_next(&it, &scratch, &found));
	assert_slice(found.url, "/\xef\xbf\xbd");
	assert_false(css_urls_next(&it, &scratch, &found));
	buffer_free(&scratch);
}

static void unchanged_is_not_copied(void **state)
{
	struct slice text = SLICE("a{b:url(/a)url(/\\62 )}");
	struct buffer scratch;
	struct css_urls it;
	struct css_url found;

	(void)state;
	buffer_init(&scratch, 1);
	css_urls_init(&it, text);
	assert_true(css_urls_next(&it, &scratch, &found));
	assert_ptr_equal(found.url.p, text.p + 8);
	assert_null(scratch.p);
	assert_true(css_urls_next(&it, &scratch, &found)); /* does not fit into scratch */
	assert_true(scratch.failed);
	assert_slice(found.url, "/\\62 ");
	buffer_free(&scratch);
}

/* What calls itself or looks ahead must do so a bounded number of times. */
static void deep(void **state)
{
	static const char *const pieces[] = {"url('a' ", "image-set(", "url('", "(", "/*", "url(a ", "'\\\n", "{--a:"};
	size_t size = 1 << 20;
	char *text = malloc(size);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < CG_COUNT(pieces); i++) {
		size_t length = strlen(pieces[i]), n = 0;
		struct buffer scratch;
		struct css_urls it;
		struct css_url found;

		for (; n + length <= size; n += length)
			memcpy(text + n, pieces[i], length);
		buffer_init(&scratch, 2 * size);
		css_urls_init(&it, slice_of(text, n));
		while (css_urls_next(&it, &scratch, &found))
			assert_true(found.raw.n > 0);
		buffer_free(&scratch);
	}
	free(text);
}

static void memory(void **state)
{
	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct buffer scratch;
		struct css_urls it;
		struct css_url found;

		buffer_init(&scratch, 100);
		css_urls_init(&it, SLICE("a{b:url(/\\62 )}"));
		assert_true(css_urls_next(&it, &scratch, &found));
		assert_int_equal(scratch.failed, alloc_fault_end());
		assert_slice(found.url, scratch.failed ? "/\\62 " : "/b");
		buffer_free(&scratch);
	}
	assert_true(alloc_fault_total() > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table), cmocka_unit_test(nul),	   cmocka_unit_test(unchanged_is_not_copied),
		cmocka_unit_test(deep),	 cmocka_unit_test(memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
