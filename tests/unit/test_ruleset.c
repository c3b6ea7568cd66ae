/* What a good rules file is compiled to, and that the first match in file order wins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/rules_text.h"

#define PURPOSES    "purpose preferences \"Remember\"\npurpose analytics \"Count visits\"\npurpose advertising\n"
#define PREFERENCES 2U
#define ANALYTICS   4U
#define ADVERTISING 8U

static struct pattern_scratch *scratch;

static int set_up(void **state)
{
	(void)state;
	scratch = pattern_scratch_new();
	return scratch ? 0 : 1;
}

static int tear_down(void **state)
{
	(void)state;
	pattern_scratch_free(scratch);
	return 0;
}

static struct ruleset *load_files(const struct text_file *files)
{
	struct diagnostics d;
	struct ruleset *rs;

	diagnostics_init(&d);
	rs = text_ruleset(files, &d);
	if (!rs) {
		struct buffer out;

		buffer_init(&out, 65536);
		diagnostics_render(&d, false, &out);
		fprintf(stderr, "%.*s", SLICE_ARG(buffer_slice(&out)));
		buffer_free(&out);
	}
	assert_non_null(rs);
	diagnostics_free(&d);
	return rs;
}

static struct ruleset *load(const char *text)
{
	struct text_file files[] = {{"site.rules", text}, {NULL, NULL}};

	return load_files(files);
}

#define assert_slice(s, text) assert_true(slice_eq((s), slice_str(text)))

/* The mask of a cookie's rule; 0 if none names it. */
static purposes cookie_mask(const struct ruleset *rs, const char *name)
{
	bool limit = true;
	const struct cookie_rule *r = ruleset_cookie(rs, scratch, slice_str(name), &limit);

	assert_false(limit);
	return r ? r->mask : 0;
}

static unsigned cookie_line(const struct ruleset *rs, const char *name)
{
	bool limit;
	const struct cookie_rule *r = ruleset_cookie(rs, scratch, slice_str(name), &limit);

	return r ? r->rule.line : 0;
}

static void test_purposes(void **state)
{
	struct ruleset *rs = load("cookie x is analytics\n" PURPOSES);

	(void)state;
	assert_int_equal(ruleset_purpose_count(rs), 4);
	assert_slice(ruleset_purpose(rs, 0)->name, "necessary");
	assert_slice(ruleset_purpose(rs, 2)->name, "analytics");
	assert_slice(ruleset_purpose(rs, 2)->title, "Count visits");
	assert_slice(ruleset_purpose(rs, 3)->title, "advertising");
	assert_int_equal(ruleset_purpose(rs, 3)->rule.line, 4);
	assert_null(ruleset_purpose(rs, 4));
	assert_int_equal(ruleset_purpose_find(rs, SLICE("advertising")), 3);
	assert_int_equal(ruleset_purpose_find(rs, SLICE("Advertising")), -1);
	assert_int_equal(ruleset_all_purposes(rs), 15);
	assert_int_equal(cookie_mask(rs, "x"), ANALYTICS);
	ruleset_free(rs);
}

static void test_all_31_purposes(void **state)
{
	char text[1024];
	size_t n = 0;
	struct ruleset *rs;

	(void)state;
	for (unsigned i = 1; i < PURPOSES_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "purpose p%u\n", i);
	snprintf(text + n, sizeof text - n, "cookie x is p31\n");
	rs = load(text);
	assert_true(ruleset_all_purposes(rs) == UINT32_MAX);
	assert_true(cookie_mask(rs, "x") == UINT32_C(0x80000000));
	assert_true(ruleset_unnamed_cookie(rs)->mask == (UINT32_MAX & ~PURPOSE_NECESSARY));
	ruleset_free(rs);
}

static void test_empty(void **state)
{
	struct ruleset *rs = load("");
	bool limit;
	size_t n;

	(void)state;
	assert_int_equal(ruleset_purpose_count(rs), 1);
	assert_int_equal(ruleset_all_purposes(rs), PURPOSE_NECESSARY);
	assert_slice(ruleset_policy(rs)->version, "1");
	assert_int_equal(ruleset_policy(rs)->remember, 180 * 86400);
	assert_int_equal(ruleset_policy(rs)->undecided_grants, 0);
	assert_int_equal(ruleset_policy(rs)->rule.line, 0);
	assert_int_equal(ruleset_mode(rs), MODE_ENFORCE);
	assert_int_equal(ruleset_signal(rs, SIGNAL_GPC)->rule.line, 0);
	assert_int_equal(ruleset_signal(rs, SIGNAL_GPC)->denies, 0);
	(void)ruleset_opt_outs(rs, &n);
	assert_int_equal(n, 0);
	(void)ruleset_inject_cookies(rs, &n);
	assert_int_equal(n, 0);
	assert_false(ruleset_has_params(rs) || ruleset_has_paths(rs));
	assert_null(ruleset_cookie(rs, NULL, SLICE("x"), &limit));
	assert_null(ruleset_cookie(rs, NULL, SLICE(""), &limit));
	assert_null(ruleset_param(rs, NULL, SLICE("x"), &limit));
	assert_null(ruleset_path(rs, NULL, SLICE("/x"), &limit));
	assert_int_equal(ruleset_unnamed_cookie(rs)->mask, PURPOSE_NECESSARY);
	ruleset_free(rs);
}

static void test_unnamed(void **state)
{
	struct ruleset *rs = load(PURPOSES);
	const struct cookie_rule *r = ruleset_unnamed_cookie(rs);

	(void)state;
	assert_int_equal(r->mask, PREFERENCES | ANALYTICS | ADVERTISING);
	assert_int_equal(r->rule.line, 0);
	assert_int_equal(r->limits.max_age_cap, -1);
	assert_int_equal(r->limits.same_site, SAME_SITE_UNSET);
	ruleset_free(rs);
}

static void test_cookie_names(void **state)
{
	static const struct {
		const char *name;
		unsigned line;
	} cases[] = {
		{"sid", 4},    {"SID", 14},  {"csrf", 4},    {"si", 14},  {"sidx", 14},	  {"_ga", 5},
		{"_ga_X", 5},  {"_gat", 14}, {"_hjX", 6},    {"_hj", 6},  {"_h", 14},	  {"a-1-z", 7},
		{"a--z", 7},   {"a-z", 14},  {"a-1-zz", 14}, {"x y", 8},  {"*", 9},	  {"UPPER", 10},
		{"upper", 10}, {"", 11},     {"is", 12},     {"two", 13}, {"{x}|~:", 14}, {"secure", 12},
	};
	struct ruleset *rs = load(PURPOSES "cookie sid csrf is necessary\n"
					   "cookie /^_ga(_|$)/ is analytics\n"
					   "cookie _hj* is analytics\n"
					   "cookie a-*-z is analytics\n"
					   "cookie \"x y\" is analytics\n"
					   "cookie \"*\" is analytics\n"
					   "cookie /^upper$/i is analytics\n"
					   "cookie \"\" is analytics\n"
					   "cookie \"is\" \"secure\" is analytics\n"
					   "cookie two is analytics advertising\n"
					   "cookie * is advertising\n");

	(void)state;
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		unsigned line = cookie_line(rs, cases[i].name);

		if (line != cases[i].line)
			fail_msg("\"%s\": line %u instead of %u", cases[i].name, line, cases[i].line);
	}
	assert_int_equal(cookie_mask(rs, "two"), ANALYTICS | ADVERTISING);
	ruleset_free(rs);
}

/* Exact, prefix, glob and regex in every order: always the first in the file. */
static void test_first_match(void **state)
{
	static const char *const forms[] = {"abc", "ab*", "a*c", "/^abc$/", "*"};
	enum { FORMS = CG_COUNT(forms) };

	(void)state;
	for (size_t i = 0; i < FORMS; i++) {
		for (size_t k = 0; k < FORMS; k++) {
			char text[256];
			struct ruleset *rs;

			snprintf(text, sizeof text,
				 PURPOSES "cookie x y* is necessary\ncookie %s is analytics\n"
					  "cookie %s is advertising\n",
				 forms[i], forms[k]);
			rs = load(text);
			if (cookie_line(rs, "abc") != 5)
				fail_msg("%s in front of %s", forms[i], forms[k]);
			ruleset_free(rs);
		}
	}
}

static void test_include_order(void **state)
{
	const struct text_file files[] = {
		{"conf/site.rules", "cookie a is analytics\ninclude sub/one.rules\ncookie b c is analytics\n"
				    "include sub/one.rules\n" PURPOSES},
		{"conf/sub/one.rules", "cookie a b is advertising\ninclude two.rules\n"},
		{"conf/sub/two.rules", "cookie c d is preferences\n"},
		{NULL, NULL},
	};
	struct ruleset *rs = load_files(files);
	bool limit;

	(void)state;
	assert_int_equal(cookie_mask(rs, "a"), ANALYTICS);
	assert_int_equal(cookie_mask(rs, "b"), ADVERTISING);
	assert_int_equal(cookie_mask(rs, "c"), PREFERENCES);
	assert_slice(ruleset_cookie(rs, scratch, SLICE("c"), &limit)->rule.file, "conf/sub/two.rules");
	assert_false(ruleset_cookie(rs, scratch, SLICE("c"), &limit)->rule.shipped);
	ruleset_free(rs);
}

/* A file of the operator under vendors/ goes before the shipped one of that name. */
static void test_own_vendors(void **state)
{
	const struct text_file own[] = {
		{"site.rules", "include vendors/meta.rules\n" PURPOSES},
		{"vendors/meta.rules", "cookie _fbp is preferences\n"},
		{NULL, NULL},
	};
	struct ruleset *rs = load_files(own);
	bool limit;

	(void)state;
	assert_int_equal(cookie_mask(rs, "_fbp"), PREFERENCES);
	ruleset_free(rs);
	rs = load(PURPOSES "cookie _fbc is necessary\ninclude vendors/meta.rules base.rules\n");
	assert_int_equal(cookie_mask(rs, "_fbp"), ADVERTISING);
	assert_int_equal(cookie_mask(rs, "_fbc"), PURPOSE_NECESSARY);
	assert_true(ruleset_cookie(rs, scratch, SLICE("_fbp"), &limit)->rule.shipped);
	assert_slice(ruleset_cookie(rs, scratch, SLICE("_fbp"), &limit)->rule.file, "vendors/meta.rules");
	ruleset_free(rs);
}

static void test_cookie_attributes(void **state)
{
	struct ruleset *rs = load(PURPOSES "cookie a is analytics max-age 90d secure samesite lax # why\n"
					   "cookie b httponly is analytics samesite none\n"
					   "cookie c is analytics max-age 400d\n");
	bool limit;
	const struct cookie_rule *a = ruleset_cookie(rs, NULL, SLICE("a"), &limit);
	const struct cookie_rule *b = ruleset_cookie(rs, NULL, SLICE("b"), &limit);
	const struct cookie_rule *c = ruleset_cookie(rs, NULL, SLICE("c"), &limit);

	(void)state;
	assert_int_equal(a->limits.max_age_cap, 90 * 86400);
	assert_true(a->limits.add_secure && !a->limits.add_http_only);
	assert_int_equal(a->limits.same_site, SAME_SITE_LAX);
	assert_int_equal(b->limits.max_age_cap, -1);
	assert_true(!b->limits.add_secure && b->limits.add_http_only);
	assert_int_equal(b->limits.same_site, SAME_SITE_NONE);
	assert_int_equal(c->limits.max_age_cap, COOKIE_AGE_MAX);
	assert_true(a->order < b->order && b->order < c->order);
	assert_slice(a->rule.text, "cookie a is analytics max-age 90d secure samesite lax");
	assert_slice(a->rule.file, "site.rules");
	ruleset_free(rs);
}

static void test_policy(void **state)
{
	struct ruleset *rs =
		load("policy 2026-03 { # now\n notice https://www.example.com/privacy\n"
		     " contact privacy@example.com\n remember 90d\n"
		     " undecided grants preferences\n undecided grants in US CA\n"
		     " undecided grants analytics in US-CA\n undecided denies in DE\n leftovers kept\n}\n" PURPOSES);
	const struct policy *p = ruleset_policy(rs);

	(void)state;
	assert_slice(p->version, "2026-03");
	assert_slice(own_text_find(&p->notice, 0, SLICE("de")), "https://www.example.com/privacy");
	assert_slice(p->contact, "privacy@example.com");
	assert_int_equal(p->remember, 90 * 86400);
	assert_int_equal(p->undecided_grants, PREFERENCES);
	assert_true(p->keep_leftovers);
	assert_slice(p->rule.text, "policy 2026-03");
	assert_int_equal(p->n_regions, 4);
	assert_slice(p->regions[0].region, "US");
	assert_int_equal(p->regions[0].grants, PREFERENCES | ANALYTICS | ADVERTISING);
	assert_slice(p->regions[1].region, "CA");
	assert_slice(p->regions[2].region, "US-CA");
	assert_int_equal(p->regions[2].grants, ANALYTICS);
	assert_int_equal(p->regions[2].rule.line, 7);
	assert_int_equal(p->regions[3].grants, 0);
	ruleset_free(rs);
	rs = load("policy 1 {\n notice /privacy/\n leftovers expired\n undecided denies\n}\n");
	assert_slice(own_text_find(&ruleset_policy(rs)->notice, 0, SLICE("de")), "/privacy/");
	assert_false(ruleset_policy(rs)->keep_leftovers);
	ruleset_free(rs);
}

static void test_opt_outs_and_signals(void **state)
{
	struct ruleset *rs = load(PURPOSES "opt-out cookie optout=1 for 100d denies analytics advertising\n"
					   "opt-out cookie no=a=b denies analytics\n"
					   "signal gpc denies advertising\nsignal dnt ignored\nmode observe\n");
	const struct opt_out_rule *o;
	size_t n;

	(void)state;
	o = ruleset_opt_outs(rs, &n);
	assert_int_equal(n, 2);
	assert_slice(o[0].name, "optout");
	assert_slice(o[0].value, "1");
	assert_int_equal(o[0].max_age, 100 * 86400);
	assert_int_equal(o[0].denies, ANALYTICS | ADVERTISING);
	assert_slice(o[1].name, "no");
	assert_slice(o[1].value, "a=b");
	assert_int_equal(o[1].max_age, COOKIE_AGE_MAX);
	assert_int_equal(ruleset_signal(rs, SIGNAL_GPC)->denies, ADVERTISING);
	assert_int_equal(ruleset_signal(rs, SIGNAL_GPC)->rule.line, 6);
	assert_int_equal(ruleset_signal(rs, SIGNAL_DNT)->denies, 0);
	assert_int_equal(ruleset_signal(rs, SIGNAL_DNT)->rule.line, 7);
	assert_int_equal(ruleset_mode(rs), MODE_OBSERVE);
	ruleset_free(rs);
}

static void test_inject(void **state)
{
	struct ruleset *rs = load(
		PURPOSES
		"inject cookie vid={uuid} for 180d is analytics\n"
		"inject cookie \"c={{x}}{consent}-{time}-{host}\" is necessary path /a domain .Example.com httponly "
		"samesite strict\n"
		"inject cookie __Host-a=1 path / is analytics\n"
		"inject cookie e= is necessary\n");
	const struct inject_cookie_rule *r;
	size_t n;

	(void)state;
	r = ruleset_inject_cookies(rs, &n);
	assert_int_equal(n, 4);
	assert_slice(r[0].name, "vid");
	assert_slice(r[0].value, "{uuid}");
	assert_int_equal(r[0].max_age, 180 * 86400);
	assert_int_equal(r[0].mask, ANALYTICS);
	assert_slice(r[0].path, "/");
	assert_int_equal(r[0].domain.n, 0);
	assert_false(r[0].http_only);
	assert_int_equal(r[0].same_site, SAME_SITE_LAX);
	assert_slice(r[1].value, "{{x}}{consent}-{time}-{host}");
	assert_int_equal(r[1].max_age, 0);
	assert_slice(r[1].path, "/a");
	assert_slice(r[1].domain, "example.com");
	assert_true(r[1].http_only);
	assert_int_equal(r[1].same_site, SAME_SITE_STRICT);
	assert_slice(r[2].path, "/");
	assert_int_equal(r[3].value.n, 0);
	ruleset_free(rs);
}

/* An injected cookie is named by its inject statement, unless an exact name says otherwise. */
static void test_inject_names_its_cookie(void **state)
{
	struct ruleset *rs = load(PURPOSES "cookie v* is preferences\ncookie * is advertising\n"
					   "inject cookie vid={uuid} is analytics\n");
	bool limit;

	(void)state;
	assert_int_equal(cookie_mask(rs, "vid"), ANALYTICS);
	assert_int_equal(ruleset_cookie(rs, scratch, SLICE("vid"), &limit)->rule.line, 6);
	assert_int_equal(cookie_mask(rs, "vix"), PREFERENCES);
	ruleset_free(rs);
	rs = load(PURPOSES "cookie vid is preferences\ninject cookie vid={uuid} is analytics\n");
	assert_int_equal(cookie_mask(rs, "vid"), PREFERENCES);
	ruleset_free(rs);
}

static void test_params(void **state)
{
	static const char *const named[] = {"gclid", "utm_source", "utm_", "a b", "x9"};
	static const char *const unnamed[] = {"Gclid", "utm", "", "x"};
	struct ruleset *rs = load(PURPOSES "param gclid utm_* \"a b\" /^x\\d$/ is advertising\n");
	bool limit;

	(void)state;
	assert_true(ruleset_has_params(rs));
	assert_false(ruleset_has_paths(rs));
	for (size_t i = 0; i < CG_COUNT(named); i++)
		assert_int_equal(ruleset_param(rs, scratch, slice_str(named[i]), &limit)->mask, ADVERTISING);
	for (size_t i = 0; i < CG_COUNT(unnamed); i++)
		assert_null(ruleset_param(rs, scratch, slice_str(unnamed[i]), &limit));
	ruleset_free(rs);
}

static void test_paths(void **state)
{
	static const struct {
		const char *path;
		unsigned line; /* 0: none */
	} cases[] = {
		{"/collect", 4},
		{"/collect/", 4},
		{"/collect/a/b", 4},
		{"/collector", 0},
		{"/", 0},
		{"/Collect", 0},
		{"/only/", 5},
		{"/only/x", 5},
		{"/only", 0},
		{"/api/1/track", 6},
		{"/api/1/2/track/x", 6},
		{"/api/track", 0},
		{"/api/1/tracker", 0},
		{"/px1.gif", 7},
		{"/px.png", 0},
		{"/deep/a", 8},
		{"/deep/a/b", 8},
		{"/deep/b", 9},
		{"/x.gif", 10},
		{"/a/x.gif/b", 10},
		{"/t*", 11},
		{"/t*/x", 11},
		{"/tx", 0},
		{"", 0},
		{"*", 0},
		{"/img-1", 12},
		{"/img-", 12},
		{"/img", 0},
		{"/~x", 13},
		{"/~x/y", 13},
	};
	struct ruleset *rs = load(PURPOSES "path /collect is analytics\n"
					   "path \"/only/\" is analytics\n"
					   "path /api/*/track is analytics\n"
					   "path /^\\/px\\d\\.gif$/ is analytics\n"
					   "path /deep/a/../a is analytics # same as /deep/a\n"
					   "path /deep is analytics\n"
					   "path *.gif is analytics\n"
					   "path \"/t*\" is analytics\n"
					   "path /img-* is analytics\n"
					   "path /%7ex is analytics\n");

	(void)state;
	assert_true(ruleset_has_paths(rs));
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		bool limit;
		const struct path_rule *r = ruleset_path(rs, scratch, slice_str(cases[i].path), &limit);
		unsigned line = r ? r->rule.line : 0;

		if (line != cases[i].line || limit)
			fail_msg("%s: line %u instead of %u", cases[i].path, line, cases[i].line);
	}
	ruleset_free(rs);
}

static void test_pattern_limit(void **state)
{
	struct ruleset *rs = load(PURPOSES "cookie first is analytics\ncookie /^(a+)+$/ is analytics\n"
					   "cookie aaa is advertising\ncookie * is advertising\n"
					   "param /(a+)+$/ is analytics\npath /^\\/(a+)+$/ is analytics\n");
	char name[4096];
	bool limit = false;

	(void)state;
	memset(name, 'a', sizeof name);
	name[0] = '/';
	name[sizeof name - 1] = '!';
	assert_null(ruleset_cookie(rs, scratch, slice_of(name + 1, sizeof name - 1), &limit));
	assert_true(limit);
	assert_null(ruleset_param(rs, scratch, slice_of(name, sizeof name), &limit));
	assert_true(limit);
	assert_null(ruleset_path(rs, scratch, slice_of(name, sizeof name), &limit));
	assert_true(limit);
	assert_int_equal(ruleset_cookie(rs, scratch, SLICE("first"), &limit)->rule.line, 4);
	assert_false(limit);
	assert_int_equal(ruleset_cookie(rs, scratch, SLICE("aaa"), &limit)->rule.line, 5);
	assert_false(limit);
	/* Without scratch no pattern can be tried: the strict side. */
	assert_null(ruleset_cookie(rs, NULL, SLICE("aaa"), &limit));
	assert_true(limit);
	ruleset_free(rs);
}

static void collect(void *arg, const struct rule *r)
{
	struct buffer *out = arg;

	buffer_printf(out, "%u ", r->line);
}

static void test_each_rule(void **state)
{
	struct ruleset *rs =
		load("signal gpc denies a\npurpose a\npolicy 1 {\n undecided grants\n undecided grants in US DE\n}\n"
		     "cookie x y is a\nopt-out cookie o=1 denies a\ninject cookie i=1 is a\nparam p is a\n"
		     "mode enforce\npath /p is a\ncookie * is a\n");
	struct buffer lines;

	(void)state;
	buffer_init(&lines, 1024);
	ruleset_each_rule(rs, collect, &lines);
	assert_slice(buffer_slice(&lines), "1 3 5 7 8 9 10 12 13 ");
	buffer_free(&lines);
	ruleset_free(rs);
	ruleset_free(NULL);
}

/* A thousand names of each kind: every one still finds its own line. */
static void test_many_names(void **state)
{
	struct buffer text;
	struct ruleset *rs;

	(void)state;
	buffer_init(&text, 1 << 20);
	buffer_add_str(&text, "purpose a\n");
	for (unsigned i = 0; i < 1000; i++)
		buffer_printf(&text, "cookie exact%u prefix%u_* a*glob%u is a\n", i, i, i);
	buffer_add_char(&text, '\0');
	rs = load(text.p);
	for (unsigned i = 0; i < 1000; i++) {
		char name[3][32];

		snprintf(name[0], sizeof name[0], "exact%u", i);
		snprintf(name[1], sizeof name[1], "prefix%u_x", i);
		snprintf(name[2], sizeof name[2], "a-glob%u", i);
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(cookie_line(rs, name[k]), i + 2);
	}
	assert_int_equal(cookie_line(rs, "exact1000"), 0);
	ruleset_free(rs);
	buffer_free(&text);
}

/* The sources may go away after the load. */
static void test_sources_go_away(void **state)
{
	static const char good[] = PURPOSES "cookie sid _h* /^_g/ is analytics\npath /a is analytics\n";
	char *text = malloc(sizeof good);
	struct ruleset *rs;
	bool limit;

	(void)state;
	assert_non_null(text);
	memcpy(text, good, sizeof good);
	rs = load(text);
	memset(text, 'X', sizeof good);
	free(text);
	assert_int_equal(cookie_line(rs, "sid"), 4);
	assert_int_equal(cookie_line(rs, "_h1"), 4);
	assert_int_equal(cookie_line(rs, "_g1"), 4);
	assert_slice(ruleset_path(rs, NULL, SLICE("/a/b"), &limit)->rule.text, "path /a is analytics");
	assert_slice(ruleset_purpose(rs, 2)->title, "Count visits");
	ruleset_free(rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_purposes),
		cmocka_unit_test(test_all_31_purposes),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_unnamed),
		cmocka_unit_test(test_cookie_names),
		cmocka_unit_test(test_first_match),
		cmocka_unit_test(test_include_order),
		cmocka_unit_test(test_own_vendors),
		cmocka_unit_test(test_cookie_attributes),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_opt_outs_and_signals),
		cmocka_unit_test(test_inject),
		cmocka_unit_test(test_inject_names_its_cookie),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_pattern_limit),
		cmocka_unit_test(test_each_rule),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_sources_go_away),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
