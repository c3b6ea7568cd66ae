#include "rules/html/selectors.h"

#include "tests/support/selector_run.h"
#include "tests/support/slice_assert.h"

#define ARENA_CAP (64u << 20)

/* ---- Errors. ---- */

static void errors(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
		const char *message, *hint; /* parts of them; hint NULL: it is empty */
	} rows[] = {
		{"", 0, "missing at the end", NULL},
		{"  ", 2, "missing at the end", NULL},
		{"a,", 2, "missing at the end", NULL},
		{"a,,b", 2, "missing before \",\"", NULL},
		{", a", 0, "missing before \",\"", NULL},
		{"> a", 0, "missing before \">\"", NULL},
		{"a >", 2, "missing after \">\"", NULL},
		{"a > > b", 4, "missing before \">\"", NULL},
		{"a >> b", 2, "\">>\" is not a combinator", "write >"},
		{"a + b", 2, "sibling combinators", "div.ads > img"},
		{"a~b", 1, "sibling combinators", "div.ads > img"},
		{"div:first-child", 3, "pseudo-class \":first-child\" is not supported", "only :not(...)"},
		{"div:contains(x)", 3, "pseudo-class \":contains\"", "containing \"text\""},
		{"div:is(a, b)", 3, "pseudo-class \":is\"", "write a list"},
		{"p::before", 1, "pseudo-element \"::before\"", "has no tag"},
		{"p:before", 1, "pseudo-class \":before\"", "has no tag"},
		{"a:", 2, "missing before \"the end\"", NULL},
		{"svg|a", 3, "namespaces", "leave out the namespace"},
		{"*|a", 1, "namespaces", "leave out"},
		{"|a", 0, "namespaces", NULL},
		{"[xlink|href]", 6, "namespaces", "[xlink:href]"},
		{"[*|href]", 1, "namespaces", "[xlink:href]"},
		{"[href", 0, "] is missing", NULL},
		{"[href=", 6, "a value is missing", "name=\"value\""},
		{"[href=]", 6, "a value is missing before \"]\"", "name=\"value\""},
		{"[href=x", 0, "] is missing", NULL},
		{"[href=\"x]", 6, "string is not closed", NULL},
		{"[href=a b]", 8, "\"b\" where ] is due", "need quotes"},
		{"[href=\"a\" q]", 10, "\"q\" where ] is due", "only i or s"},
		{"[href=\"a\" i s]", 12, "\"s\" where ] is due", "only i or s"},
		{"[href=a\"b\"]", 7, "quote within a value", "quotes"},
		{"[href!=a]", 5, "\"!=\" is not an operator", ":not("},
		{"[href?=a]", 5, "\"?\" cannot follow", "operators are"},
		{"[href ^ =a]", 6, "\"^\" cannot follow", "operators are"},
		{"[]", 1, "name of an attribute is missing before \"]\"", "[name]"},
		{"[1a]", 1, "cannot begin with a digit", "[name]"},
		{".1a", 1, "a class cannot begin with a digit", "[class~="},
		{"#", 1, "an id is missing", "[id="},
		{"##.ads", 0, "of filter lists", "leave out the ##"},
		{". a", 1, "a class is missing before \" \"", "[class~="},
		{".a b..c", 5, "a class is missing before \".\"", "[class~="},
		{"[a]div", 3, "type in the middle", "type first"},
		{".a*", 2, "\"*\" in the middle", "leave it out"},
		{"1a", 0, "begins with a digit", NULL},
		{"_a", 0, "no element can have the name \"_a\"", NULL},
		{"\xC3\xA4", 0, "no element can have the name \"\xC3\xA4\"", NULL},
		{"a]", 1, "\"]\" closes nothing", NULL},
		{"a\"b\"", 1, "string can stand only in", NULL},
		{"a!b", 1, "\"!\" is not of a selector", "looks like"},
		{"a &b", 2, "nested", NULL},
		{":not()", 5, ":not() is empty", NULL},
		{":not(a", 5, ") is missing", NULL},
		{":not(a, b)", 6, "list in :not(...)", ":not(a):not(b)"},
		{":not(a b)", 7, "\"b\" in :not(...), which takes no combinators", NULL},
		{":not(a>b)", 6, "takes no combinators", NULL},
		{":not(:not(a))", 5, "types, ids, classes and attributes only", NULL},
		{"a\\", 1, "\"\\\" is not of a selector", "looks like"},
		{"a b c d e f g h i j k l m n o p q", 32, "more than 16 parts", NULL},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct selector_error error;
		struct selectors *s;
		struct arena arena;

		arena_init(&arena, 0, ARENA_CAP);
		s = selectors_new(&arena);
		assert_non_null(s);
		if (selectors_add(s, slice_str(rows[i].text), &error))
			fail_msg("%s: no error", rows[i].text);
		if (error.offset != rows[i].offset || !strstr(error.message, rows[i].message) ||
		    (rows[i].hint ? !strstr(error.hint, rows[i].hint) : error.hint[0]))
			fail_msg("%s: %zu: %s (%s)", rows[i].text, error.offset, error.message, error.hint);
		assert_int_equal(selectors_count(s), 0);
		assert_true(selectors_add(s, SLICE("a"), &error));
		assert_true(selectors_finish(s));
		assert_int_equal(selectors_count(s), 1);
		arena_free(&arena);
	}
}

/* ---- Matching. ---- */

static struct selectors *compile(struct arena *arena, const char *lines)
{
	struct slice line, rest = slice_str(lines);
	struct selector_error error;
	struct selectors *s;

	arena_init(arena, 0, ARENA_CAP);
	s = selectors_new(arena);
	assert_non_null(s);
	while (rest.n) {
		slice_cut(rest, '\n', &line, &rest);
		if (!selectors_add(s, line, &error))
			fail_msg("%.*s: %zu: %s", SLICE_ARG(line), error.offset, error.message);
	}
	assert_true(selectors_finish(s));
	return s;
}

static void assert_run(const struct selector_run *r, struct slice page, const char *expected)
{
	struct buffer out;

	buffer_init(&out, 1 << 20);
	assert_true(selector_run(r, page, &out));
	for (size_t i = 0; i < out.n; i++) { /* rows have them on one line */
		if (out.p[i] == '\n')
			out.p[i] = i + 1 == out.n ? '.' : ',';
	}
	if (!slice_eq(slice_head(buffer_slice(&out), out.n ? out.n - 1 : 0), slice_str(expected)))
		fail_msg("%.*s\n  expected %s\n  actual   %.*s", SLICE_ARG(page), expected,
			 SLICE_ARG(buffer_slice(&out)));
	buffer_free(&out);
}

struct row {
	const char *selectors; /* one a line */
	const char *page;
	const char *expected; /* tags and ids, see selector_run.h, with commas */
};

static void assert_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct slice page = slice_str(rows[i].page);
		struct arena arena;
		struct selector_run r = {.set = compile(&arena, rows[i].selectors)};

		assert_run(&r, page, rows[i].expected);
		r.every = true;
		assert_run(&r, page, rows[i].expected);
		r.step = 1;
		assert_run(&r, page, rows[i].expected);
		r.every = false;
		assert_run(&r, page, rows[i].expected);
		arena_free(&arena);
	}
}

static void compounds(void **state)
{
	static const struct row rows[] = {
		{"img\nIMG\ndiv", "<img><IMG><div><p>", "img 0 1,IMG 0 1,div 2"},
		{"*", "<a><b></a>", "a 0,b 0"},
		{"x-ad\naveryveryverylongname-1", "<x-ad><averyveryveryLONGname-1><averyveryverylongname-2>",
		 "x-ad 0,averyveryveryLONGname-1 1"},
		{"#a\ndiv#a\np#a\n#A", "<div id=a><p id='a'><i id=A><b id='a '><b id='&#97;'>",
		 "div 0 1,p 0 2,i 3,b 0"},
		{".a\n.b.a\n.A\ni.b", "<p class='a'><p class='x\tb\na '><i class=b><i class='ab'><i class='&#98; A'>",
		 "p 0,p 0 1,i 3,i 2 3"},
		{"[src]\nimg[src]\n[SRC]\n[hidden]", "<img SRC><a src=''><img hidden=x>", "img 0 1 2,a 0 2,img 3"},
		{"[a=b]\n[a='b']\n[a=\"b\"]\n[ a = b ]\n[a=B i]\n[a=\"B\"i]\n[a=B]", "<p a=b><p a=B><p a=bb><p a>",
		 "p 0 1 2 3 4 5,p 4 5 6"},
		{"[a=\"\"]\n[a^=\"\"]\n[a*=\"\"]\n[a$='']\n[a~='']\n[a|='']\n[a~='b c']",
		 "<p a><p a=''><p a='-x'><p a='b c'>", "p 0 5,p 0 5,p 5"},
		{"[a~=bc]\n[a|=bc]\n[a^=bc]\n[a$=bc]\n[a*=bc]",
		 "<p a=bc><p a='x bc'><p a='bc-x'><p a=bcx><p a=xbc><p a=xbcx><p a='x bc y'>",
		 "p 0 1 2 3 4,p 0 3 4,p 1 2 4,p 2 4,p 3 4,p 4,p 0 4"},
		{"[a*=abcdef]\n[a*=ABCDEF i]\n[a^=abcdef]\n[a$=abcdef]\n[a~=abcdef]",
		 "<p a=xabcdefx><p a=abcdef><p a=aBcdef><p a='abcdefabcdefabcdef'><p a=abcde>",
		 "p 0 1,p 0 1 2 3 4,p 1,p 0 1 2 3"},
		{"script[type=MODULE]\nscript[type='MODULE' s]\n[rel~=PRELOAD]\n[data-x=A]",
		 "<script type=module></script><link rel='x preload'><p data-x=a><svg><a type=module>",
		 "script 0,link 2"},
		{"[type=text]\n[media=PRINT]", "<svg><a type=TEXT media=print></a></svg><a type=TEXT media=print>",
		 "a 0 1"},
		{"iframe[src*=youtube.com]\niframe[src*=//www.youtube.com/]\niframe[src^=https://www.y]",
		 "<iframe src='https://www.youtube.com/embed/1'></iframe><iframe src=https://youtube.com></iframe>",
		 "iframe 0 1 2,iframe 0"},
		{"img[width=\"1\"][height=\"1\"]", "<img width=1 height=1><img width=1><img height=1 width=01>",
		 "img 0"},
		{"[src*='a&b']\n[src*='a&amp;b']", "<img src='x?a&amp;b'><img src='x?a&b'><img src='a&amp;amp;b'>",
		 "img 0,img 0,img 1"},
		{"[a='x\\a y']", "<p a='x\r\ny'><p a='x\ry'><p a='x\ny'><p a='x y'>", "p 0,p 0,p 0"},
		{"[a=b]", "<p a=c a=b><p a=b a=c><p A=b a=c>", "p 0,p 0"},
		{"a:not(.b)\n:not(a)\na:not([href]):not(#c)\n*:not(*)",
		 "<a n=1><a class=b n=2><a href n=3><a id=c n=4><p n=5>", "1 0 2,2 2,3 0,4 0,5 1"},
	};

	(void)state;
	assert_rows(rows, CG_COUNT(rows));
}

static void lists(void **state)
{
	static const struct row rows[] = {
		{"a , b,c\nb\nb,b.x,b", "<a><b class=x><c><d>", "a 0,b 0 1 2,c 0"},
		{".\\31 a\n#a\\.b\n.a\\:b\n[data-\\61 b]\n.\\1F600\n.a\\000062 c\n.a\\62\r\nd",
		 "<p class=1a><p id=a.b><p class=a:b><p data-ab><p class='\xF0\x9F\x98\x80'><p class=abc><p class=ab>",
		 "p 0,p 1,p 2,p 3,p 4,p 5,p 6"},
		{".\xC3\xA4\xC3\xB6\n.\\e4 \xC3\xB6", "<p class=\xC3\xA4\xC3\xB6>", "p 0 1"},
		{"[a=\"\\\"\"]\n[a='\\27']", "<p a='\"'><p a=\"'\">", "p 0,p 1"},
		{"[xlink:href*=x]\n[xlink\\:href]", "<svg><image xlink:href=x>", "image 0 1"},
		{"img\nimage\nsvg image", "<image><svg><image><img></svg><image>", "image 0,image 1 2,img 0,image 0"},
		{"foreignobject", "<svg><foreignObject>", "foreignObject 0"},
	};

	(void)state;
	assert_rows(rows, CG_COUNT(rows));
}

static void combinators(void **state)
{
	static const struct row rows[] = {
		/* only the names that matter are seen */
		{"div.ads img", "<img n=0><div class=ads><p><img n=1></p><div></div><img n=2></div><img n=3>",
		 "1 0,2 0"},
		{"div.ads img", "<div><div class=ads></div><img n=1></div><div class=ads><div><img n=2></div><img n=3>",
		 "2 0,3 0"},
		{"div section a", "<section><div><a n=1></a><section><p><a n=2></a></section><a n=3></a></div>", "2 0"},
		{"div section a", "<div><section><div></section><a n=1>", ""},
		{"div section a", "<section><div></section><section><a n=1>", ""},
		{"div div div", "<div><div><div n=1></div><div n=2><div n=3></div></div></div><div n=4></div></div>",
		 "1 0,2 0,3 0"},
		{"a.x b", "<a class=x><a><b n=1></b></a>", ""},
		{"button.x b", "<button class=x><button><b n=1></b>", ""},
		{"form.x b", "<form class=x><form><b n=1></b></form><b n=2></b>", "1 0"},
		{"svg a\nsvg b", "<svg/><a n=1></a><svg><a n=2 /></svg><a n=3></a>", "2 0"},
		{"svg circle", "<div><svg><g><circle n=1></g></svg><circle n=2>", "1 0"},
		{"span.x i", "<span class=x><div></span><i n=1></div><i n=2></i></span><i n=3>", ""},
		/* children */
		{"div > img", "<div><img n=1><p><img n=2></p><img n=3></div><img n=4>", "1 0,3 0"},
		{"div>p>img", "<div><p><img n=1><b><img n=2></b></p><section><p><img n=3>", "1 0"},
		{".a > .b .c", "<i class=a><i class=b><i><i class=c n=1></i></i></i><i class=c n=2>", "1 0"},
		{".a .b > .c", "<i class=a><b><s class=b><i class=c n=1></i><u><i class=c n=2></i></u></s></b></i>",
		 "1 0"},
		{"div > div", "<div n=1><div n=2><p><div n=3></div></p></div><b><div n=4></div></b></div>", "2 0,3 0"},
		/* void elements hold nothing */
		{".a i", "<img class=a><i n=1></i><br class=a><i n=2></i><input class=a><i n=3></i>", ""},
		{"svg .a i", "<svg><g class=a /><i n=1>", ""},
		/* what ends without a tag */
		{"p.a i", "<p class=a><i n=1></i><p><i n=2></i>", "1 0"},
		{"p.a i", "<p class=a><i n=1></i><div><i n=2></i></div>", "1 0"},
		{"p.a i", "<div><p class=a></div><i n=1>", ""},
		{"p.a i", "<p class=a><span><i n=1></i><ul><i n=2>", "1 0"},
		{"p.a i", "<p class=a><button><p></p><i n=1></i></button><i n=2></i>", "1 0,2 0"},
		{"li.a i", "<ul><li class=a><i n=1></i><li><i n=2></i></ul><i n=3>", "1 0"},
		{"li.a i", "<ul><li class=a><ul><li><i n=1></i></ul><i n=2></i><div><li><i n=3>", "1 0,2 0"},
		{"li.a i", "<ul><li class=a></ul><i n=1>", ""},
		{"dt.a i\ndd.b i", "<dl><dt class=a><i n=1></i><dd class=b><i n=2></i><dt><i n=3></i></dl>", "1 0,2 1"},
		{"option.a i", "<select><option class=a><i n=1></i><option><i n=2></i></select>", "1 0"},
		{"optgroup.a option",
		 "<select><optgroup class=a><option n=1><option n=2><optgroup><option n=3></select>", "1 0,2 0"},
		{"tr.a i\ntd.b i",
		 "<table><tr class=a><td class=b><i n=1></i><td><i n=2></i><tr><td><i n=3></i></table><i n=4>",
		 "1 0 1,2 0"},
		{"td.a i", "<table><td class=a><table><td><i n=1></i></table><i n=2></i></table><i n=3>", "1 0,2 0"},
		{"td.a i", "<table><td class=a><div><b><i n=1></i></tr><i n=2>", "1 0"},
		{"th i\ntbody i\ncaption i",
		 "<table><caption><i n=1></i><th><i n=2></i><tbody><td><i n=3></i></tbody></table><i n=4>",
		 "1 2,2 0 1,3 1"},
		{"table > tr\ntbody > tr\ntable > tbody", "<table><tr n=1><td></td></tr></table>", "1 1"},
		{"table.a img", "<table class=a><img n=1><tr><img n=2><td><img n=3></table><img n=4>", "1 0,2 0,3 0"},
		{"h1.a i", "<h1 class=a><i n=1></i></h2><i n=2>", "1 0"},
		{"h1.a i", "<h1 class=a><h2><i n=2>", ""},
		{"rt.a i", "<ruby><rt class=a><i n=1></i><rp><i n=2></i></ruby>", "1 0"},
		{"section .a i", "<section><div class=a><p></section><i n=1>", ""},
		{".a i", "<b class=a><div><i n=1></i></b><i n=2></i></div><i n=3>", "1 0"},
		{"span.x > i", "<span class=x><div></span></div><i n=1></i>", "1 0"},
		/* what is there without a tag */
		{"body img\nhtml img\nhead img", "<img n=1>", "1 0 1"},
		{"head > script\nbody > script",
		 "<script n=1></script><p><script n=2></script></p><script n=3></script>", "1 0,3 1"},
		{"head > script\nbody > script\nbody.x > script",
		 "<!doctype html><html><head><script n=1></script></head><body class=x><script n=2></script></body>"
		 "<script n=3></script></html><script n=4>",
		 "1 0,2 1 2,3 1 2,4 1 2"},
		{"body.x img", "<body class=x><img n=1><body class=y></body></html><img n=2>", "1 0,2 0"},
		{"html.x > body > img", "<html class=x><img n=1>", "1 0"},
		{"head.x *", "<head class=x><meta n=1><div n=2>", "1 0"},
		{"head > script\nbody > script\nnoscript img\nnoscript > img",
		 "<head><noscript><p><img n=1></noscript><script n=2></script><body><noscript><div><img "
		 "n=3></noscript><script n=4>",
		 "1 2,2 0,3 2,4 1"},
		/* svg and math */
		{"svg > .a i", "<svg><g class=a><i n=1>", ""},
		{"svg p\ndiv p", "<div><svg><g><p n=1>", "1 1"},
		{"svg > g", "<svg><g n=1 /><g n=2><g n=3></g></g><g n=4></svg><g n=5>", "1 0,2 0,4 0"},
		{"svg p\ng p", "<svg><g><foreignObject><p n=1></p></foreignObject></g></svg><p n=2>", "1 0 1"},
		{"svg.a > x", "<svg class=a><foreignObject><div></svg><x n=1></x></div></foreignObject><x n=2>", "2 0"},
		{"div.a x", "<div class=a><svg><g></div><x n=1>", ""},
		{"template.a i", "<template class=a><div></template><i n=1>", ""},
	};

	(void)state;
	assert_rows(rows, CG_COUNT(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors),
		cmocka_unit_test(compounds),
		cmocka_unit_test(lists),
		cmocka_unit_test(combinators),
	};

	return cmocka_run_group_tests_name("selectors", tests, NULL, NULL);
}
