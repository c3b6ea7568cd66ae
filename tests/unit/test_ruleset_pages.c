/* What the statements of pages are compiled to, and that the first match in file order wins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/rules_text.h"

#define PURPOSES    "purpose preferences\npurpose analytics\npurpose advertising\n"
#define PREFERENCES 2U
#define ANALYTICS   4U
#define ADVERTISING 8U

static struct pattern_scratch *scratch;
static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 0, 1024 * 1024);
	scratch = pattern_scratch_new();
	return scratch ? 0 : 1;
}

static int tear_down(void **state)
{
	(void)state;
	pattern_scratch_free(scratch);
	arena_free(&arena);
	return 0;
}

static struct ruleset *load(const char *text)
{
	struct text_file files[] = {
		{"site.rules", text},
		{"lists/one.txt",
		 "||one.example^\n||both.example^\n@@||both.example/ok\n@@||one.example/^$domain=x.example\n"},
		{"two.txt",
		 "! second\n||both.example^\n/pixel.gif?\n||strong.example^$important\n@@||strong.example^\n"},
		{NULL, NULL}};
	struct diagnostics d;
	struct ruleset *rs;

	diagnostics_init(&d);
	rs = text_ruleset(files, &d);
	if (!rs || d.n) {
		struct buffer out;

		buffer_init(&out, 65536);
		diagnostics_render(&d, false, &out);
		fprintf(stderr, "%.*s", SLICE_ARG(buffer_slice(&out)));
		buffer_free(&out);
	}
	assert_non_null(rs);
	assert_int_equal(d.n, 0);
	diagnostics_free(&d);
	return rs;
}

#define assert_slice(s, text) assert_true(slice_eq((s), slice_str(text)))

static struct beacon_match match_as(const struct ruleset *rs, const char *text, unsigned types)
{
	struct filter_request r;
	struct filter_page page;
	struct web_url url;

	filter_page_init(&page, SLICE("www.shop.example"));
	assert_true(web_url_parse(slice_str(text), NULL, &arena, &url));
	assert_true(filter_request_init(&r, &url, types, &page, &arena));
	return ruleset_beacon_url(rs, scratch, &r);
}

static struct beacon_match match(const struct ruleset *rs, const char *text)
{
	return match_as(rs, text, FILTER_SCRIPT);
}

/* The line of the statement that decides; 0 if none does. */
static unsigned line_of(const struct ruleset *rs, const char *text)
{
	struct beacon_match m = match(rs, text);

	assert_false(m.limit);
	return m.rule ? m.rule->rule.line : 0;
}

static void test_nothing(void **state)
{
	struct ruleset *rs = load(PURPOSES);
	struct beacon_match m = match(rs, "https://a.example/");
	size_t n;

	(void)state;
	(void)ruleset_beacons(rs, &n);
	assert_int_equal(n, 0);
	(void)ruleset_inject_html(rs, &n);
	assert_int_equal(n, 0);
	assert_int_equal(ruleset_beacon_purposes(rs), 0);
	assert_null(ruleset_selectors(rs));
	assert_null(ruleset_literals(rs));
	assert_null(m.rule);
	assert_false(m.limit);
	ruleset_free(rs);
}

static void test_defaults_of_pages(void **state)
{
	struct ruleset *rs = load("");
	const struct pages_rule *p = ruleset_pages(rs);

	(void)state;
	assert_int_equal(p->rule.line, 0);
	assert_true(p->guard);
	assert_false(p->csp_narrow || p->unreadable_passes || p->oversized_passes);
	assert_int_equal(p->tag_max, 1024 * 1024);
	assert_int_equal(p->script_max, 256 * 1024);
	ruleset_free(rs);
}

static void test_pages(void **state)
{
	struct ruleset *rs = load("\npages {\n guard off\n csp narrow\n unreadable passed\n oversized passed\n tag 4k\n"
				  " script 16m\n}\n");
	const struct pages_rule *p = ruleset_pages(rs);

	(void)state;
	assert_int_equal(p->rule.line, 2);
	assert_false(p->guard);
	assert_true(p->csp_narrow && p->unreadable_passes && p->oversized_passes);
	assert_int_equal(p->tag_max, 4096);
	assert_int_equal(p->script_max, 16 * 1024 * 1024);
	ruleset_free(rs);
}

static void test_first_match(void **state)
{
	struct ruleset *rs = load(PURPOSES "beacon ||cdn.a.example^ /ok.js is necessary\n"
					   "beacon ||a.example^ ||b.example/x is analytics advertising\n"
					   "beacon ||b.example^ *.gif^ https://c.example/ is preferences\n"
					   "beacon /\\/Track\\.[a-z]+$/ is analytics\n"
					   "beacon /\\/log\\.[a-z]+$/i is analytics\n");

	(void)state;
	assert_int_equal(line_of(rs, "https://cdn.a.example/x"), 4);
	assert_int_equal(line_of(rs, "https://x.a.example/x"), 5);
	assert_int_equal(line_of(rs, "https://x.a.example/ok.js"), 4);
	assert_int_equal(line_of(rs, "https://b.example/xy"), 5);
	assert_int_equal(line_of(rs, "https://b.example/y"), 6);
	assert_int_equal(line_of(rs, "https://d.example/y.gif"), 6);
	assert_int_equal(line_of(rs, "https://c.example/y"), 6);
	assert_int_equal(line_of(rs, "https://d.example/Track.js"), 7);
	assert_int_equal(line_of(rs, "https://d.example/track.js"), 0);
	assert_int_equal(line_of(rs, "https://d.example/LOG.js"), 8);
	assert_int_equal(match(rs, "https://a.example/").rule->mask, ANALYTICS | ADVERTISING);
	assert_slice(match(rs, "https://b.example/x").pattern, "||b.example/x");
	assert_slice(match(rs, "https://d.example/Track.js").pattern, "\\/Track\\.[a-z]+$");
	assert_int_equal(ruleset_beacon_purposes(rs), PURPOSE_NECESSARY | PREFERENCES | ANALYTICS | ADVERTISING);
	ruleset_free(rs);
}

static void test_options(void **state)
{
	struct ruleset *rs = load(PURPOSES "beacon ||a.example^$image is analytics\n"
					   "beacon ||shop.example^$third-party ||b.example^$3p is analytics\n");

	(void)state;
	assert_null(match_as(rs, "https://a.example/", FILTER_SCRIPT).rule);
	assert_non_null(match_as(rs, "https://a.example/", FILTER_IMAGE).rule);
	assert_null(match(rs, "https://t.shop.example/").rule);
	assert_non_null(match(rs, "https://b.example/").rule);
	ruleset_free(rs);
}

/* The order of the statements decides, whether they hold patterns or name a list. */
static void test_lists(void **state)
{
	struct ruleset *rs = load(PURPOSES "beacon ||both.example/first is necessary\n"
					   "list lists/one.txt is advertising\n"
					   "beacon ||both.example^ is analytics\n"
					   "list two.txt is preferences removed\n");
	const struct beacon_rule *rules;
	struct beacon_match m;
	size_t n;

	(void)state;
	assert_int_equal(line_of(rs, "https://both.example/first"), 4);
	assert_int_equal(line_of(rs, "https://both.example/x"), 5);
	assert_int_equal(line_of(rs, "https://both.example/ok"), 6); /* the list lets it go, the next statement not */
	assert_int_equal(line_of(rs, "https://one.example/x"), 5);
	assert_int_equal(line_of(rs, "https://strong.example/x"), 7);
	m = match(rs, "https://d.example/pixel.gif?x");
	assert_int_equal(m.rule->rule.line, 7);
	assert_int_equal(m.list_line, 3);
	assert_slice(m.pattern, "/pixel.gif?");
	rules = ruleset_beacons(rs, &n);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(rules[i].order, i);
		assert_true(rules[i].list == (i % 2 == 1));
	}
	assert_int_equal(rules[3].action, BEACON_REMOVED);
	ruleset_free(rs);
}

static unsigned line_on_page(const struct ruleset *rs, const char *text, struct slice host)
{
	struct filter_request r;
	struct filter_page page;
	struct web_url url;
	struct beacon_match m;

	filter_page_init(&page, host);
	assert_true(web_url_parse(slice_str(text), NULL, &arena, &url));
	assert_true(filter_request_init(&r, &url, FILTER_SCRIPT, &page, &arena));
	m = ruleset_beacon_url(rs, scratch, &r);
	return m.rule ? m.rule->rule.line : 0;
}

static void test_exceptions_of_lists(void **state)
{
	struct ruleset *all = load("list lists/one.txt is necessary\n");
	struct ruleset *none = load("list lists/one.txt is necessary without exceptions\n");
	struct ruleset *few = load("list lists/one.txt without domain exceptions is necessary\n");

	(void)state;
	assert_int_equal(line_of(all, "https://both.example/ok"), 0);
	assert_int_equal(line_of(none, "https://both.example/ok"), 1);
	assert_int_equal(line_of(few, "https://both.example/ok"), 0);
	assert_int_equal(line_on_page(all, "https://one.example/", SLICE("x.example")), 0);
	assert_int_equal(line_on_page(few, "https://one.example/", SLICE("x.example")), 1);
	ruleset_free(all);
	ruleset_free(none);
	ruleset_free(few);
}

/* An expression that gives up must not let anything pass. */
static void test_limit(void **state)
{
	struct ruleset *rs = load(PURPOSES "beacon ||a.example^ is analytics\n"
					   "beacon /(a+)+$/ is necessary\n"
					   "beacon ||b.example^ is analytics\n");
	char url[4096] = "https://b.example/";
	struct beacon_match m;

	(void)state;
	memset(url + strlen(url), 'a', 3000);
	url[strlen(url)] = '!';
	m = match(rs, url);
	assert_true(m.limit);
	assert_null(m.rule);
	assert_slice(m.pattern, "(a+)+$");
	memcpy(url, "https://a.example/", 18);
	m = match(rs, url);
	assert_false(m.limit);
	assert_int_equal(m.rule->rule.line, 4);
	ruleset_free(rs);
}

static void test_actions(void **state)
{
	static const struct {
		enum beacon_action action;
		const char *replacement;
	} expected[] = {{BEACON_DEFAULT, ""},	  {BEACON_INERT, ""},
			{BEACON_REMOVED, ""},	  {BEACON_REPLACED, ""},
			{BEACON_REPLACED, "<p>"}, {BEACON_REPLACED, "<p>Held back {nonce}</p>\n"}};
	struct ruleset *rs = load(PURPOSES "beacon div is analytics\nbeacon div inert is analytics\n"
					   "beacon div is analytics removed\n"
					   "beacon div is analytics replaced by placeholder\n"
					   "beacon div replaced by \"<p>\" is analytics\n"
					   "beacon div is analytics replaced by <<X\n<p>Held back {nonce}</p>\nX\n");
	const struct beacon_rule *rules;
	size_t n;

	(void)state;
	rules = ruleset_beacons(rs, &n);
	assert_int_equal(n, CG_COUNT(expected));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(rules[i].action, expected[i].action);
		assert_slice(rules[i].replacement, expected[i].replacement);
		assert_int_equal(rules[i].mask, ANALYTICS);
	}
	assert_slice(rules[5].rule.text, "beacon div is analytics replaced by <<X");
	ruleset_free(rs);
}

static void test_selectors(void **state)
{
	struct ruleset *rs =
		load(PURPOSES "beacon ||a.example^ img[width=\"1\"][alt=\"a b\"],   p > \\\n\t a#x is analytics\n"
			      "beacon script containing \"fbq(\" is advertising\n"
			      "beacon script[src], script.x is advertising containing /fbq\\(/i\n"
			      "beacon \"div p\" is analytics\n"
			      "inject html before \"footer > p\" is necessary <<X\n<b>\nX\n"
			      "beacon script containing \"ttq\" is advertising\n");
	const struct beacon_selector *s;

	(void)state;
	assert_non_null(ruleset_selectors(rs));
	assert_int_equal(selectors_count(ruleset_selectors(rs)), 5);
	s = ruleset_selector(rs, 0);
	assert_slice(s->text, "img[width=\"1\"][alt=\"a b\"],   p > a#x");
	assert_int_equal(s->rule->rule.line, 4);
	assert_true(s->containing.n == 0 && !s->containing_regex);
	s = ruleset_selector(rs, 1);
	assert_slice(s->containing, "fbq(");
	assert_null(s->containing_regex);
	assert_int_equal(s->id, 1);
	assert_slice(s->next->containing, "ttq"); /* the same selector, written again */
	assert_int_equal(s->next->id, 1);
	assert_null(s->next->next);
	s = ruleset_selector(rs, 2);
	assert_int_equal(s->containing.n, 0);
	assert_int_equal(pattern_match(s->containing_regex, scratch, SLICE("x;FBQ(1)")), PATTERN_MATCH);
	assert_slice(ruleset_selector(rs, 3)->text, "div p");
	s = ruleset_selector(rs, 4);
	assert_slice(s->text, "footer > p");
	assert_null(s->rule);
	ruleset_free(rs);
}

struct expected_literal {
	const char *text;
	unsigned line;
	bool host;
	const char *selector; /* NULL: none */
};

static void check_literal(const struct ruleset *rs, size_t id, const struct expected_literal *e)
{
	const struct beacon_literal *l = ruleset_literal(rs, id);

	assert_int_equal(l->rule->rule.line, e->line);
	assert_true(l->host == e->host);
	assert_slice(l->text, e->text);
	assert_true((l->selector != NULL) == (e->selector != NULL));
	if (e->selector)
		assert_slice(l->selector->text, e->selector);
}

static void test_literals(void **state)
{
	static const struct expected_literal expected[] = {
		{"a.example", 1, true, NULL},
		{"b.example", 1, true, NULL},
		{"c.example", 1, true, NULL},
		{"fbq(", 2, false, "script"},
	};
	struct ruleset *rs = load("beacon ||A.example^ ||b.example^$third-party ||c.example/ is necessary\n"
				  "beacon script containing \"fbq(\" is necessary\n"
				  "beacon ||d.example/x ||e.example ||*.f.example^ ||g.example^$script /h.example^ "
				  "||tracker^ ||i.example^$domain=x.example ||j.example:8080^ /a\\.b^/ is necessary\n");

	(void)state;
	assert_int_equal(literals_count(ruleset_literals(rs)), CG_COUNT(expected));
	for (size_t i = 0; i < CG_COUNT(expected); i++)
		check_literal(rs, i, &expected[i]);
	ruleset_free(rs);
}

static bool stop_at(void *arg, size_t id, size_t end)
{
	(void)end;
	*(size_t *)arg = id;
	return false;
}

static void test_literals_are_found(void **state)
{
	struct ruleset *rs = load("beacon ||A.example^ is necessary\nbeacon script containing \"fbq(\" is necessary\n");
	size_t id = SIZE_MAX;

	(void)state;
	assert_false(literals_find(ruleset_literals(rs), SLICE("x='//t.a.Example/'"), stop_at, &id));
	assert_int_equal(id, 0);
	assert_false(literals_find(ruleset_literals(rs), SLICE("fbq(1)"), stop_at, &id));
	assert_int_equal(id, 1);
	assert_true(literals_find(ruleset_literals(rs), SLICE("FBQ(1)"), stop_at, &id));
	ruleset_free(rs);
}

static void test_inject_html(void **state)
{
	static const enum inject_place places[] = {INJECT_HEAD_START, INJECT_HEAD_END, INJECT_BODY_START,
						   INJECT_BODY_END,   INJECT_BEFORE,   INJECT_AFTER,
						   INJECT_BODY_END};
	struct ruleset *rs =
		load(PURPOSES "inject html at head-start is necessary <<X\n{a {{nonce}} }\nX\n"
			      "inject html at head-end is analytics preferences <<X\nb\nX\n"
			      "inject html at body-start status 404 is necessary <<X\nc\nX\n"
			      "inject html at body-end path /a /b* /^\\/c$/ status 200-404 is necessary <<X\nd\nX\n"
			      "inject html before p is necessary <<X\ne\nX\n"
			      "inject html is necessary after \"ul li\" <<X\nf\nX\n"
			      "inject html at body-end \"<b id=\\\"g\\\">\" is necessary\n");
	const struct inject_html_rule *r;
	size_t n;

	(void)state;
	r = ruleset_inject_html(rs, &n);
	assert_int_equal(n, 7);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(r[i].place, places[i]);
	assert_slice(r[0].html, "{a {{nonce}} }\n");
	assert_slice(r[6].html, "<b id=\"g\">");
	assert_int_equal(r[1].mask, ANALYTICS | PREFERENCES);
	assert_slice(ruleset_selector(rs, r[4].selector)->text, "p");
	assert_slice(ruleset_selector(rs, r[5].selector)->text, "ul li");
	assert_true(inject_html_applies(&r[0], scratch, SLICE("/x"), 204));
	assert_false(inject_html_applies(&r[0], scratch, SLICE("/x"), 404));
	assert_true(inject_html_applies(&r[2], scratch, SLICE("/x"), 404));
	assert_false(inject_html_applies(&r[2], scratch, SLICE("/x"), 200));
	assert_true(inject_html_applies(&r[3], scratch, SLICE("/a/x"), 404));
	assert_true(inject_html_applies(&r[3], scratch, SLICE("/bx"), 200));
	assert_true(inject_html_applies(&r[3], scratch, SLICE("/c"), 200));
	assert_false(inject_html_applies(&r[3], scratch, SLICE("/c/d"), 200));
	assert_false(inject_html_applies(&r[3], scratch, SLICE("/a"), 405));
	ruleset_free(rs);
}

struct told {
	char text[512];
};

static void tell(void *arg, struct slice text, bool regex, struct slice flags, purposes mask)
{
	struct told *t = arg;
	size_t n = strlen(t->text);

	snprintf(t->text + n, sizeof t->text - n, "%s%.*s%s%.*s %u\n", regex ? "/" : "", SLICE_ARG(text),
		 regex ? "/" : "", SLICE_ARG(flags), (unsigned)mask);
}

static void test_for_the_guard(void **state)
{
	struct ruleset *rs = load(PURPOSES "list two.txt is analytics\n"
					   "beacon ||a.example^$script /x\\/y/i is analytics\n"
					   "beacon div *.gif^ is necessary\n"
					   "cookie sid _g* /^x/i \"a*.b\" is preferences\n"
					   "inject cookie vid={uuid} is analytics\n"
					   "opt-out cookie optout=1 denies analytics\n"
					   "cookie *z* * is advertising\n");
	struct told patterns = {""}, names = {""};

	(void)state;
	ruleset_each_beacon_pattern(rs, tell, &patterns);
	assert_string_equal(patterns.text, "||a.example^$script 4\n/x\\/y/i 4\n*.gif^ 1\n");
	ruleset_each_cookie_name(rs, tell, &names);
	assert_string_equal(names.text, "optout 1\nvid 4\nsid 2\n_g* 2\n/^x/i 2\n/^a\\*\\.b$/ 2\n*z* 8\n* 8\n");
	ruleset_free(rs);
}

static void count(void *arg, const struct rule *r)
{
	assert_true(r->line > 0 && r->text.n > 0);
	(*(size_t *)arg)++;
}

static void test_each_rule(void **state)
{
	struct ruleset *rs = load("beacon ||a.example^ is necessary\nlist two.txt is necessary\n"
				  "inject html at head-end is necessary <<X\n<b>\nX\npages {\n}\n");
	size_t n = 0;

	(void)state;
	ruleset_each_rule(rs, count, &n);
	assert_int_equal(n, 3);
	ruleset_free(rs);
}

static void test_many_patterns(void **state)
{
	static const size_t many = 20000;
	struct buffer text;
	struct ruleset *rs;
	char url[64];

	(void)state;
	buffer_init(&text, 4 * 1024 * 1024);
	for (size_t i = 0; i < many; i++)
		buffer_printf(&text, "beacon ||h%zu.example^ is necessary\n", i);
	buffer_add_char(&text, '\0');
	rs = load(text.p);
	for (size_t i = 0; i < many; i += many / 7) {
		snprintf(url, sizeof url, "https://h%zu.example/", i);
		assert_int_equal(line_of(rs, url), i + 1);
	}
	ruleset_free(rs);
	buffer_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_defaults_of_pages),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_first_match),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_exceptions_of_lists),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_selectors),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_literals_are_found),
		cmocka_unit_test(test_inject_html),
		cmocka_unit_test(test_for_the_guard),
		cmocka_unit_test(test_each_rule),
		cmocka_unit_test(test_many_patterns),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
