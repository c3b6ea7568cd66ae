/* Filter lists: what each form of a line matches, what is refused, which rule wins. */
#include "tests/support/slice_assert.h"

#include "rules/filter/filter.h"
#include "tests/support/filter_naive.h"

static struct arena arena;
static struct pattern_scratch *scratch;
static struct filter_counts counts;

static struct filter *compiled(const char *list, const struct filter_options *options)
{
	static const struct filter_options none;
	struct filter *f = filter_compile(slice_str(list), SLICE("list.txt"), options ? options : &none, NULL, &counts);

	assert_non_null(f);
	assert_int_equal(counts.lines, counts.comments + counts.elements + counts.blocks + counts.exceptions +
					       counts.left_out + counts.bad + counts.unsupported);
	return f;
}

static struct filter_result asked(const struct filter *f, const char *text, unsigned types, const char *page_host)
{
	struct filter_request request;
	struct filter_page page;
	struct web_url url;

	assert_true(web_url_parse(slice_str(text), NULL, &arena, &url));
	assert_int_equal(url.kind, WEB_URL_NETWORK);
	filter_page_init(&page, slice_str(page_host));
	assert_true(filter_request_init(&request, &url, types, &page, &arena));
	return filter_match(f, &request, scratch);
}

static bool blocks(const char *line, const char *text, unsigned types, const char *page)
{
	struct filter *f = compiled(line, NULL);
	bool blocked = asked(f, text, types, page).verdict == FILTER_BLOCKED;

	filter_free(f);
	return blocked;
}

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 0, 1 << 24);
	scratch = pattern_scratch_new();
	return scratch ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	pattern_scratch_free(scratch);
	arena_free(&arena);
	return 0;
}

static void patterns(void **state)
{
	static const struct {
		const char *line, *url;
		bool match;
	} t[] = {
		{"||tracker.com^", "https://tracker.com/", true},
		{"||tracker.com^", "https://www.a.tracker.com/x?y", true},
		{"||tracker.com^", "http://tracker.com:8080/", true},
		{"||tracker.com^", "https://TRACKER.com./", true},
		{"||TRACKER.com^", "https://tracker.com/", true},
		{"||tracker.com^", "https://nottracker.com/", false},
		{"||tracker.com^", "https://tracker.com.evil.org/", false},
		{"||tracker.com^", "https://tracker.community/", false},
		{"||tracker.com^", "https://a.com/tracker.com/", false},
		{"||tracker.com^", "https://a.com/?u=https://tracker.com/", false},
		{"||tracker.com^", "https://u:p@tracker.com/", true},
		{"||tracker.com^", "https://tracker.com@a.com/", false},
		{"||tracker.com", "https://tracker.com.evil.org/", true},
		{"||tracker.com", "https://tracker.community/", true},
		{"||tracker.", "https://a.tracker.org/", true},
		{"||racker.com^", "https://tracker.com/", false},
		{"||com^", "https://tracker.com/", true},
		{"||tracker.com/ads/", "https://tracker.com/ads/x", true},
		{"||tracker.com/ads/", "https://tracker.com/bads/x", false},
		{"||tracker.com^ads", "https://tracker.com/ads", true},
		{"||tracker.com:8080^", "https://tracker.com:8080/", true},
		{"||tracker.com:8080^", "https://tracker.com/", false},
		{"||tracker.com^*/pixel", "https://tracker.com/a/b/pixel.gif", true},
		{"||tracker.com*pixel", "https://tracker.com/pixel.gif", true},
		{"||tracker.com|", "https://tracker.com/", false},
		{"||tracker.com^|", "https://tracker.com/", true},
		{"||tracker.com/x.js|", "https://tracker.com/x.js", true},
		{"||tracker.com/x.js|", "https://tracker.com/x.js?", false},
		{"||*tracker.com^", "https://x-tracker.com/", true},
		{"||*http*x", "http://http.a/x", true},
		{"||*http:", "http://a.b/", false},
		{"||a.b^", "https://c+a.b/", false},
		{"||a.b^", "https://a.b!c.d/", true},
		{"||[::1]^", "http://[::1]/", true},
		{"||127.0.0.1^", "http://0x7f.1/", true},
		{"||0.0.1^", "http://127.0.0.1/", true},
		{"|http://", "http://a.b/", true},
		{"|http://", "https://a.b/", false},
		{"|https://a.b/|", "https://a.b/", true},
		{"|https://a.b/|", "https://a.b/c", false},
		{"|https://a", "https://b/?https://a", false},
		{".gif|", "https://a.b/c.gif", true},
		{".gif|", "https://a.b/c.gif?x", false},
		{".gif|", "https://a.gif/c.gif", true},
		{"/ads/banner", "https://a.b/x/ads/banner.png", true},
		{"/ADS/Banner", "https://a.b/x/ads/bANNER.png", true},
		{"/Ads/$match-case", "https://a.b/Ads/", true},
		{"/Ads/$match-case", "https://a.b/ads/", false},
		{"a^b", "https://x/a/b", true},
		{"a^b", "https://x/a?b", true},
		{"a^b", "https://x/a-b", false},
		{"a^b", "https://x/a%b", false},
		{"a^b", "https://x/a.b", false},
		{"a^b", "https://x/a_b", false},
		{"a^b", "https://x/?a^b", true},
		{"collect^", "https://x/collect", true},
		{"collect^", "https://x/collect?", true},
		{"collect^", "https://x/collector", false},
		{"collect^^", "https://x/collect", true},
		{"collect^|", "https://x/collect", true},
		{"collect^|", "https://x/collect/", true},
		{"collect^|", "https://x/collect//", false},
		{"collect^*^", "https://x/collect", true},
		{"ad^*x", "https://a.b/ad/", false},
		{"a*b*c", "https://x/a1b2c3", true},
		{"a*b*c", "https://x/1c2b3a", false},
		{"ab*bc", "https://x/abc", false},
		{"ab*bc", "https://x/abbc", true},
		{"x*.js|", "https://a.b/x.js.js", true},
		{"x*.js|", "https://a.b/x.js.jsp", false},
		{"*track*", "https://a.b/tracked", true},
		{"|*track", "https://a.b/track", true},
		{"track*|", "https://a.b/tracks", true},
		{"a**b", "https://x/azb", true},
		{"px", "https://x/px", true},
		{"?", "https://x/?", true},
		{"?", "https://x/", false},
		{"$", "https://x/$", true},
		{"/x$y/z", "https://x/x$y/z", true},
		{"/^https:\\/\\/[a-z]{3}\\.com\\//", "https://abc.com/", true},
		{"/^https:\\/\\/[a-z]{3}\\.com\\//", "https://abcd.com/", false},
		{"/ABC$/", "https://x/abc", true},
		{"/ABC$/$match-case", "https://x/abc", false},
		{"/a$/$script", "https://x/a", true},
		{"0.0.0.0 tracker.com", "https://www.tracker.com/", true},
		{"127.0.0.1\tTracker.com # x", "https://tracker.com/", true},
		{"0.0.0.0 tracker.com", "https://tracker.community/", false},
		{"\xEF\xBB\xBF||tracker.com^\r", "https://tracker.com/", true},
		{"  ||tracker.com^\t", "https://tracker.com/", true},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(t); i++)
		if (blocks(t[i].line, t[i].url, FILTER_SCRIPT, "page.example") != t[i].match)
			fail_msg("%s and %s", t[i].line, t[i].url);
}

/* Regular expressions are looked at only for URLs that hold what they demand; that must change no result. */
static void regular_expressions(void **state)
{
	static const char *const expressions[] = {
		"track",	 "tr[ab]ck",	  "tra?cker",	   "track(er|ing)",
		"ads|track",	 "(ads|track)er", "ab{2,3}cdef",   "^https:\\/\\/a\\.com",
		"trackx?",	 "tracke{0}",	  "x{a|track}",	   "[[:alpha:]]track",
		"[]x]track",	 "[^]]track",	  "[\\]]track",	   "a(?i)TRACK",
		"\\x61track",	 "\\Qa.com\\E",	  "(?:ads)?track", "(?=track)tr",
		"(?!ads)track",	 "\\/track\\b",	  "TRACKER",	   "track$",
		"a.com\\/track", "(track)\\1",	  "\\d\\dtrack",   "track+er",
		"track.*er",	 "(a(b)c)track",  "([)])track",	   "track{",
		"{track}",	 "x*track",	  "a\\-track",	   "(\\))?track",
	};
	static const char *const urls[] = {
		"https://a.com/track",	 "https://a.com/tracker", "https://a.com/adser", "https://a.com/tracktrack",
		"https://a.com/abbcdef", "https://a.com/b",	  "https://b/?xtrack}",	 "https://b/?x{atrack",
		"https://b/]track",	 "https://b/)track",	  "https://b/abctrack",	 "https://b/12track",
		"https://b/trcker",	 "https://b/trackkkker",  "https://b/a-track",	 "https://b/?track{",
		"https://b/?{track}",	 "https://b/tracing",	  "https://b/trbck",
	};
	struct pattern_error error;
	unsigned hits = 0;

	(void)state;
	for (size_t i = 0; i < CG_COUNT(expressions); i++) {
		struct pattern *p = pattern_compile(slice_str(expressions[i]), SLICE("i"), &error);
		struct slice line = arena_printf(&arena, "/%s/", expressions[i]);

		assert_non_null(p);
		for (size_t j = 0; j < CG_COUNT(urls); j++) {
			bool hit = pattern_match(p, scratch, slice_str(urls[j])) == PATTERN_MATCH;

			hits += hit;
			if (blocks(arena_cstr(&arena, line), urls[j], FILTER_SCRIPT, "p.q") != hit)
				fail_msg("/%s/ and %s: not %d", expressions[i], urls[j], hit);
		}
		pattern_free(p);
	}
	assert_in_range(hits, 100, 500);
}

static void option_lines(void **state)
{
	static const struct {
		const char *line;
		unsigned types;
		const char *page;
		bool match; /* https://cdn.tracker.co.uk/x.js */
	} t[] = {
		{"x.js", FILTER_SCRIPT, "a.b", true},
		{"x.js", FILTER_DOCUMENT, "a.b", false},
		{"x.js", FILTER_POPUP, "a.b", false},
		{"x.js", FILTER_ANY, "a.b", true},
		{"x.js$script", FILTER_SCRIPT, "a.b", true},
		{"x.js$script", FILTER_IMAGE, "a.b", false},
		{"x.js$script", FILTER_ANY, "a.b", true},
		{"x.js$script,image", FILTER_IMAGE, "a.b", true},
		{"x.js$~script", FILTER_SCRIPT, "a.b", false},
		{"x.js$~script", FILTER_IMAGE, "a.b", true},
		{"x.js$~script", FILTER_DOCUMENT, "a.b", false},
		{"x.js$document", FILTER_DOCUMENT, "a.b", true},
		{"x.js$document", FILTER_SCRIPT, "a.b", false},
		{"x.js$all", FILTER_DOCUMENT, "a.b", true},
		{"x.js$SCRIPT", FILTER_SCRIPT, "a.b", true},
		{"x.js$css", FILTER_STYLESHEET, "a.b", true},
		{"x.js$frame", FILTER_SUBDOCUMENT, "a.b", true},
		{"x.js$xhr", FILTER_XMLHTTPREQUEST, "a.b", true},
		{"x.js$beacon", FILTER_PING, "a.b", true},
		{"x.js$doc", FILTER_DOCUMENT, "a.b", true},
		{"x.js$_,script,___", FILTER_SCRIPT, "a.b", true},
		{"x.js$third-party", FILTER_SCRIPT, "a.co.uk", true},
		{"x.js$third-party", FILTER_SCRIPT, "www.tracker.co.uk", false},
		{"x.js$~third-party", FILTER_SCRIPT, "www.tracker.co.uk", true},
		{"x.js$~third-party", FILTER_SCRIPT, "a.co.uk", false},
		{"x.js$first-party", FILTER_SCRIPT, "tracker.co.uk", true},
		{"x.js$1p", FILTER_SCRIPT, "a.co.uk", false},
		{"x.js$3p", FILTER_SCRIPT, "co.uk", true},
		{"x.js$~1p", FILTER_SCRIPT, "127.0.0.1", true},
		{"x.js$domain=a.b", FILTER_SCRIPT, "a.b", true},
		{"x.js$domain=A.B", FILTER_SCRIPT, "a.b", true},
		{"x.js$from=a.b", FILTER_SCRIPT, "c.a.b", true},
		{"x.js$domain=a.b", FILTER_SCRIPT, "xa.b", false},
		{"x.js$domain=a.b", FILTER_SCRIPT, "b", false},
		{"x.js$domain=a.b|c.d", FILTER_SCRIPT, "c.d", true},
		{"x.js$domain=~a.b", FILTER_SCRIPT, "a.b", false},
		{"x.js$domain=~a.b", FILTER_SCRIPT, "c.d", true},
		{"x.js$domain=a.b|~c.a.b", FILTER_SCRIPT, "a.b", true},
		{"x.js$domain=a.b|~c.a.b", FILTER_SCRIPT, "d.c.a.b", false},
		{"x.js$domain=~a.b|c.a.b", FILTER_SCRIPT, "c.a.b", true},
		{"x.js$domain=~a.b|c.a.b", FILTER_SCRIPT, "e.a.b", false},
		{"x.js$domain=~a.b|c.a.b", FILTER_SCRIPT, "f.g", false},
		{"x.js$domain=a.b|~a.b", FILTER_SCRIPT, "a.b", false},
		{"x.js$domain=[::1]", FILTER_SCRIPT, "::1", true},
		{"x.js$domain=q.p.o.n.m.l.k.j.i.h.g.f.e.d.c.b", FILTER_SCRIPT, "a.q.p.o.n.m.l.k.j.i.h.g.f.e.d.c.b",
		 true},
		{"$script,third-party", FILTER_SCRIPT, "a.b", true},
		{"*$image", FILTER_SCRIPT, "a.b", false},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(t); i++)
		if (blocks(t[i].line, "https://cdn.tracker.co.uk/x.js", t[i].types, t[i].page) != t[i].match)
			fail_msg("%s for %x on %s", t[i].line, t[i].types, t[i].page);
}

static void kinds_of_lines(void **state)
{
	static const struct {
		const char *line;
		struct filter_counts counts;
	} t[] = {
		{"", {0}},
		{"\n", {.comments = 1}},
		{"! comment", {.comments = 1}},
		{"[Adblock Plus 2.0]", {.comments = 1}},
		{"# hosts", {.comments = 1}},
		{"#", {.comments = 1}},
		{"127.0.0.1 localhost", {.comments = 1}},
		{"0.0.0.0 0.0.0.0", {.comments = 1}},
		{"##.ad", {.elements = 1}},
		{"a.b,c.d##.ad", {.elements = 1}},
		{"a.b#@#.ad", {.elements = 1}},
		{"a.b#?#.ad:has(x)", {.elements = 1}},
		{"a.b#$#x", {.elements = 1}},
		{"a.b#@$#x", {.elements = 1}},
		{"a.b##+js(x, y)", {.elements = 1}},
		{"@@||a.b^$elemhide", {.elements = 1}},
		{"@@||a.b^$generichide,elemhide", {.elements = 1}},
		{"@@||a.b^$document,elemhide", {.exceptions = 1}},
		{"||a.b/#x", {.blocks = 1}},
		{"||a.b/##x", {.blocks = 1}},
		{"||a.b^", {.blocks = 1}},
		{"@@||a.b^", {.exceptions = 1}},
		{"||a.b^$badfilter", {.bad = 1}},
		{"||a.b^\n||a.b^$badfilter", {.bad = 2}},
		{"!#if x\n||a.b^\n!c\n!#else\n||c.d^\n!#if y\n!#endif\nq##r\n!#endif\n||e.f^",
		 {.unsupported = 2, .comments = 6, .elements = 1, .blocks = 1}},
		{"!#include x", {.unsupported = 1}},
		{"*", {.unsupported = 1}},
		{"||", {.unsupported = 1}},
		{"|", {.unsupported = 1}},
		{"||a.b^$unknown", {.unsupported = 1}},
		{"||a.b^$csp=x", {.unsupported = 1}},
		{"||a.b^$redirect=x", {.unsupported = 1}},
		{"||a.b^$removeparam=x", {.unsupported = 1}},
		{"||a.b^$script,unknown", {.unsupported = 1}},
		{"||a.b^$~important", {.unsupported = 1}},
		{"||a.b^$script=x", {.unsupported = 1}},
		{"||a.b^$domain", {.unsupported = 1}},
		{"||a.b^$domain=", {.unsupported = 1}},
		{"||a.b^$domain=a.*", {.unsupported = 1}},
		{"||a.b^$domain=a.b|", {.unsupported = 1}},
		{"||a.b^$domain=|", {.unsupported = 1}},
		{"||a.b^$domain=~", {.unsupported = 1}},
		{"||a.b^$domain=a,domain=b", {.unsupported = 1}},
		{"||a.b^$domain=a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p", {.blocks = 1}},
		{"||a.b^$domain=a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q", {.unsupported = 1}},
		{"||a.b^$third-party,~third-party", {.unsupported = 1}},
		{"||a.b^$script,~script", {.unsupported = 1}},
		{"@@||a.b^$important", {.unsupported = 1}},
		{"a b", {.unsupported = 1}},
		{"a\x7f", {.unsupported = 1}},
		{"||\xC3\xBC.b^", {.unsupported = 1}},
		{"/(/", {.unsupported = 1}},
		{"/[/$script", {.unsupported = 1}},
		{"0.0.0.0 a.b c.d", {.unsupported = 1}},
		{"0.0.0.0 a*.b", {.unsupported = 1}},
		{"0.0.0.0 a.b:80", {.unsupported = 1}},
		{"//", {.blocks = 1}},
		{"@@", {.unsupported = 1}},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(t); i++) {
		struct filter_counts want = t[i].counts;

		filter_free(compiled(t[i].line, NULL));
		want.lines = counts.lines;
		if (memcmp(&counts, &want, sizeof counts) != 0)
			fail_msg("%s: %zu comments, %zu elements, %zu blocks, %zu exceptions, %zu bad, %zu unsupported",
				 t[i].line, counts.comments, counts.elements, counts.blocks, counts.exceptions,
				 counts.bad, counts.unsupported);
	}
}

static void the_strictest_rule_wins(void **state)
{
	struct filter *f = compiled("! lines\n"
				    "@@||a.b/x\n"
				    "/x.js\n"
				    "||a.b^\n"
				    "||a.b^$script\n"
				    "@@||a.b^$domain=ok.example\n"
				    "||c.d^$important\n"
				    "@@||c.d^\n"
				    "||e.f^\n",
				    NULL);
	struct filter_result r;

	(void)state;
	r = asked(f, "https://a.b/x.js", FILTER_SCRIPT, "p.q");
	assert_int_equal(r.verdict, FILTER_EXCEPTED);
	assert_int_equal(r.rule.line, 3);
	assert_slice(r.rule.text, "/x.js");
	assert_int_equal(r.exception.line, 2);
	assert_slice(r.exception.text, "@@||a.b/x");
	r = asked(f, "https://a.b/y.js", FILTER_SCRIPT, "p.q");
	assert_int_equal(r.verdict, FILTER_BLOCKED);
	assert_int_equal(r.rule.line, 4);
	assert_int_equal(r.exception.line, 0);
	r = asked(f, "https://a.b/y.js", FILTER_SCRIPT, "www.ok.example");
	assert_int_equal(r.verdict, FILTER_EXCEPTED);
	assert_int_equal(r.exception.line, 6);
	r = asked(f, "https://c.d/x.js", FILTER_SCRIPT, "p.q");
	assert_int_equal(r.verdict, FILTER_BLOCKED);
	assert_int_equal(r.rule.line, 7);
	r = asked(f, "https://g.h/", FILTER_SCRIPT, "p.q");
	assert_int_equal(r.verdict, FILTER_NONE);
	assert_int_equal(r.rule.line, 0);
	assert_in_range(filter_memory(f), 100, 100000);
	filter_free(f);
}

static void leniency_left_out(void **state)
{
	static const char list[] = "||a.b^\n@@||a.b/x\n@@||a.b^$domain=ok.example\n@@||a.b/y$domain=~no.example";
	struct filter_options options = {.no_domain_exceptions = true};
	struct filter *f = compiled(list, &options);

	(void)state;
	assert_int_equal(counts.left_out, 1);
	assert_int_equal(asked(f, "https://a.b/z", FILTER_SCRIPT, "ok.example").verdict, FILTER_BLOCKED);
	assert_int_equal(asked(f, "https://a.b/y", FILTER_SCRIPT, "ok.example").verdict, FILTER_EXCEPTED);
	filter_free(f);
	options = (struct filter_options){.no_exceptions = true};
	f = compiled(list, &options);
	assert_int_equal(counts.left_out, 3);
	assert_int_equal(asked(f, "https://a.b/x", FILTER_SCRIPT, "p.q").verdict, FILTER_BLOCKED);
	filter_free(f);
}

static void bad_filters(void **state)
{
	struct filter *f = compiled("||a.b^$script\n"
				    "||a.b^$image,badfilter\n"
				    "||c.d^$domain=x.y|~z.x.y,script\n"
				    "||c.d^$script,badfilter,domain=~z.x.y|x.y\n"
				    "@@||a.b^$script\n"
				    "@@||a.b^$badfilter,script\n"
				    "/e[f]/\n"
				    "/e[f]/$badfilter\n"
				    "/g[h]/\n",
				    NULL);

	(void)state;
	assert_int_equal(counts.bad, 7);
	assert_int_equal(asked(f, "https://a.b/", FILTER_SCRIPT, "p.q").verdict, FILTER_BLOCKED);
	assert_int_equal(asked(f, "https://c.d/", FILTER_SCRIPT, "x.y").verdict, FILTER_NONE);
	assert_int_equal(asked(f, "https://x/ef", FILTER_SCRIPT, "x.y").verdict, FILTER_NONE);
	assert_int_equal(asked(f, "https://x/gh", FILTER_SCRIPT, "x.y").verdict, FILTER_BLOCKED);
	filter_free(f);
}

/* A regular expression that gives up is a match for a rule, none for an exception. */
static void limits_of_regular_expressions(void **state)
{
	static const char url[] = "https://x/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";

	(void)state;
	assert_true(blocks("/(a+)+$/", url, FILTER_SCRIPT, "p.q"));
	assert_true(blocks("||x^\n@@/(a+)+$/", url, FILTER_SCRIPT, "p.q"));
}

static void long_lines(void **state)
{
	static char line[FILTER_LINE_MAX + 2];

	(void)state;
	memset(line, 'a', sizeof line - 1);
	filter_free(compiled(line, NULL));
	assert_int_equal(counts.unsupported, 1);
	line[FILTER_LINE_MAX] = '\0';
	filter_free(compiled(line, NULL));
	assert_int_equal(counts.blocks, 1);
}

static void what_is_told(void **state)
{
	static const struct filter_options none;
	static char list[1000];
	struct diagnostics d;
	struct buffer text;
	struct filter *f;

	(void)state;
	diagnostics_init(&d);
	buffer_init(&text, 10000);
	f = filter_compile(SLICE("||a.b^\n ||c.d^$script,sneeze\n/(/\n*\n"), SLICE("dir/list.txt"), &none, &d, &counts);
	assert_non_null(f);
	filter_free(f);
	assert_int_equal(d.warnings, 3);
	assert_slice(d.v[0].message, "option \"sneeze\" is not supported; the line is left out");
	assert_int_equal(d.v[0].at.line, 2);
	assert_slice(d.v[0].at.file, "dir/list.txt");
	assert_slice(d.v[0].at.source, "||c.d^$script,sneeze");
	assert_slice(d.v[2].message, "this matches everything; name a host or a part of a URL; the line is left out");
	diagnostics_free(&d);
	diagnostics_init(&d);
	assert_null(filter_compile(slice_of(list, FILTER_TEXT_MAX + 1), SLICE("x"), &none, &d, &counts));
	assert_int_equal(d.errors, 1);
	diagnostics_free(&d);
	buffer_free(&text);
}

/* Deterministic. */
static unsigned random_below(unsigned n)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (unsigned)(x % n);
}

#define PICK(table) ((table)[random_below((unsigned)CG_COUNT(table))])

static void add_random_rule(struct buffer *out)
{
	static const char *const front[] = {"", "", "", "@@", "@@"};
	static const char *const anchor[] = {"||", "||", "||", "", "", "|", "|https://", "||*"};
	static const char *const part[] = {"a.com", "tracker.", "a",	"b",	 "ads",	 "/x/", "^",
					   "*",	    "x.js",	"?id=", ".gif",	 "-ad-", "co",	"net",
					   "www.",  "px",	"/Ad/", "track", "^^",	 ":81"};
	static const char *const last[] = {"", "", "", "", "|", "^", "^|", "*", "*|"};
	static const char *const option[] = {"",
					     "",
					     "$script",
					     "$~script",
					     "$image,script",
					     "$third-party",
					     "$~third-party",
					     "$1p",
					     "$domain=p.com",
					     "$domain=~p.com",
					     "$important",
					     "$match-case",
					     "$all",
					     "$domain=p.com|~q.p.com",
					     "$popup",
					     "$unknown"};

	size_t begin;

	buffer_add_str(out, PICK(front));
	begin = out->n;
	buffer_add_str(out, PICK(anchor));
	for (unsigned n = random_below(4) + 1; n; n--)
		buffer_add_str(out, PICK(part));
	buffer_add_str(out, PICK(last));
	if (out->p[begin] == '/' && out->p[out->n - 1] == '/')
		buffer_add_char(out, 'x'); /* no regular expression, the naive matcher has none */
	buffer_add_str(out, PICK(option));
	buffer_add_char(out, '\n');
}

static void random_url(struct buffer *out)
{
	static const char *const host[] = {"a.com", "www.a.com", "tracker.net", "b.tracker.co", "ads.a.com:81",
					   "co",    "x!a.com",	 "[::1]",	"a.com!b.net",	"px.www.p.com"};
	static const char *const part[] = {"/x/", "/ads", "/Ad/",  "x.js", "?id=", ".gif",     "-ad-", "a",
					   "b",	  "/px",  "track", "&",	   "^",	   "tracker.", "%2f",  "*"};

	buffer_clear(out);
	buffer_add_str(out, random_below(3) ? "https://" : "http://");
	buffer_add_str(out, PICK(host));
	buffer_add_str(out, "/");
	for (unsigned n = random_below(7); n; n--)
		buffer_add_str(out, PICK(part));
}

static void compare(const struct filter *f, struct slice list, struct slice text, const char *page_host, unsigned types)
{
	struct filter_result a, b;
	struct filter_request request;
	struct filter_page page;
	struct web_url url;

	arena_reset(&arena);
	assert_true(web_url_parse(text, NULL, &arena, &url));
	filter_page_init(&page, slice_str(page_host));
	assert_true(filter_request_init(&request, &url, types, &page, &arena));
	a = filter_match(f, &request, scratch);
	b = filter_naive(list, &url, types, slice_str(page_host));
	if (a.verdict != b.verdict || a.rule.line != b.rule.line || a.exception.line != b.exception.line ||
	    !slice_eq(a.rule.text, b.rule.text))
		fail_msg("%.*s: %d %u %u, not %d %u %u\n%.*s", SLICE_ARG(text), (int)a.verdict, a.rule.line,
			 a.exception.line, (int)b.verdict, b.rule.line, b.exception.line, SLICE_ARG(list));
}

/* Random lists against the slow and obvious matcher. */
static void agrees_with_the_naive_matcher(void **state)
{
	static const char *const pages[] = {"p.com", "q.p.com", "a.com", "www.a.com", "tracker.net"};
	static const unsigned types[] = {FILTER_SCRIPT, FILTER_IMAGE, FILTER_POPUP, FILTER_ANY};
	struct buffer list, url;
	unsigned hits = 0;

	(void)state;
	buffer_init(&list, 1 << 20);
	buffer_init(&url, 1 << 16);
	for (unsigned i = 0; i < 400; i++) {
		struct filter *f;

		buffer_clear(&list);
		for (unsigned n = 1 + random_below(i % 2 ? 6 : 60); n; n--)
			add_random_rule(&list);
		buffer_add_char(&list, '\0');
		list.n--;
		f = compiled(list.p, NULL);
		for (unsigned n = 0; n < 50; n++) {
			random_url(&url);
			compare(f, buffer_slice(&list), buffer_slice(&url), PICK(pages), PICK(types));
			hits += 1;
		}
		filter_free(f);
	}
	assert_int_equal(hits, 20000);
	buffer_free(&list);
	buffer_free(&url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns),
		cmocka_unit_test(regular_expressions),
		cmocka_unit_test(option_lines),
		cmocka_unit_test(kinds_of_lines),
		cmocka_unit_test(the_strictest_rule_wins),
		cmocka_unit_test(leniency_left_out),
		cmocka_unit_test(bad_filters),
		cmocka_unit_test(limits_of_regular_expressions),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(what_is_told),
		cmocka_unit_test(agrees_with_the_naive_matcher),
	};

	return cmocka_run_group_tests_name("filter", tests, set_up, tear_down);
}
