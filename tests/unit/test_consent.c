/* Consent resolved from a request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/decide_fixture.h"

#define PURPOSES                             \
	"purpose preferences \"Remember\"\n" \
	"purpose analytics \"Count\"\n"      \
	"purpose advertising \"Ads\"\n"

static const char rules_text[] = PURPOSES "policy 3 {\n"
					  "    undecided grants preferences\n"
					  "    undecided grants preferences analytics in US-CA\n"
					  "    undecided grants in US\n"
					  "}\n"
					  "opt-out cookie optout=1 denies analytics advertising\n"
					  "opt-out cookie noads=yes denies advertising\n"
					  "signal gpc denies advertising\n"
					  "signal dnt ignored\n";

static struct consent resolve(struct fixture *f, const char *region)
{
	const struct consent_query q = {.rules = f->rules,
					.mac = f->env.mac,
					.site = f->env.site,
					.region = slice_str(region),
					.secure = f->request.secure,
					.now = FIXTURE_NOW};

	return consent_resolve(&q, &f->request.fields);
}

static const struct {
	const char *fields;
	const char *cookie; /* purposes of a good signed cookie; NULL: none */
	const char *region;
	const char *granted; /* besides necessary */
	const char *opt_out, *signal;
	bool decided;
	unsigned by; /* line of the rule: opt-out, else signal, else undecided */
} resolutions[] = {
	{"", NULL, "", "preferences", "", "", false, 4},
	{"", "", "", "", "", "", true, 0},
	{"", "analytics", "", "analytics", "", "", true, 0},
	{"", "analytics advertising", "US", "analytics advertising", "", "", true, 0},
	/* Regions: the most specific that covers. */
	{"", NULL, "US", "preferences analytics advertising", "", "", false, 7},
	{"", NULL, "US-CA", "preferences analytics", "", "", false, 6},
	{"", NULL, "US-NV", "preferences analytics advertising", "", "", false, 7},
	{"", NULL, "USA", "preferences", "", "", false, 4},
	{"", NULL, "DE", "preferences", "", "", false, 4},
	/* The opt-out, whatever else is sent. */
	{"Cookie: optout=1\n", NULL, "", "preferences", "analytics advertising", "", false, 9},
	{"Cookie: optout=1\n", "analytics preferences", "", "preferences", "analytics advertising", "", true, 9},
	{"Cookie: optout=0; a=b; optout=1; optout=0\n", NULL, "US", "preferences", "analytics advertising", "", false,
	 9},
	{"Cookie: optout=0\nCookie: x; optout=1\n", NULL, "US", "preferences", "analytics advertising", "", false, 9},
	{"Cookie: optout=\"1\"\n", NULL, "US", "preferences", "analytics advertising", "", false, 9},
	{"Cookie: noads=yes\n", NULL, "US", "preferences analytics", "advertising", "", false, 10},
	{"Cookie: noads=yes;optout=1\n", NULL, "US", "preferences", "analytics advertising", "", false, 10},
	/* What is no opt-out. */
	{"Cookie: optout=0\n", NULL, "US", "preferences analytics advertising", "", "", false, 7},
	{"Cookie: optout=11; optout; optout=; =optout=1\n", NULL, "US", "preferences analytics advertising", "", "",
	 false, 7},
	{"Cookie: OptOut=1; xoptout=1; optout =2; a=optout=1\n", NULL, "US", "preferences analytics advertising", "",
	 "", false, 7},
	{"X-Cookie: optout=1\n", NULL, "US", "preferences analytics advertising", "", "", false, 7},
	/* Signals. */
	{"Sec-GPC: 1\n", NULL, "US", "preferences analytics", "", "advertising", false, 11},
	{"Sec-GPC: 1\n", "advertising analytics", "", "analytics", "", "advertising", true, 11},
	{"Sec-GPC: 0\nSec-GPC: 1\n", NULL, "US", "preferences analytics", "", "advertising", false, 11},
	{"Sec-GPC: 1;x\n", NULL, "US", "preferences analytics advertising", "", "", false, 7},
	{"Sec-GPC: \"1\"\n", NULL, "US", "preferences analytics advertising", "", "", false, 7},
	{"Sec-GPC: 11\n", NULL, "US", "preferences analytics advertising", "", "", false, 7},
	{"Sec-GPC: 1, 1\n", NULL, "US", "preferences analytics advertising", "", "", false, 7},
	{"Sec-GPC: true\n", NULL, "US", "preferences analytics advertising", "", "", false, 7},
	{"DNT: 1\n", NULL, "US", "preferences analytics advertising", "", "", false, 7},
	{"Sec-GPC: 1\nCookie: optout=1\n", NULL, "US", "preferences", "analytics advertising", "advertising", false, 9},
};

static void test_resolution(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(resolutions); i++) {
		struct fixture f;
		struct consent c;
		const struct rule *by;

		fixture_open(&f, rules_text);
		fixture_request(&f, "/", resolutions[i].fields);
		if (resolutions[i].cookie)
			fixture_grant(&f, resolutions[i].cookie);
		c = resolve(&f, resolutions[i].region);
		by = c.opt_out_rule ? c.opt_out_rule : c.signal_rule ? c.signal_rule : c.undecided_rule;
		if (c.granted != (fixture_purposes(f.rules, resolutions[i].granted) | PURPOSE_NECESSARY))
			fail_msg("case %zu: granted %x", i, c.granted);
		if ((by ? by->line : 0) != resolutions[i].by)
			fail_msg("case %zu: by line %u", i, by ? by->line : 0);
		assert_int_equal(c.denied_by_opt_out, fixture_purposes(f.rules, resolutions[i].opt_out));
		assert_int_equal(c.denied_by_signal, fixture_purposes(f.rules, resolutions[i].signal));
		assert_int_equal(c.decided, resolutions[i].decided);
		assert_int_equal(c.source, c.decided ? CONSENT_SIGNED : CONSENT_UNDECIDED);
		assert_int_equal(c.token, c.decided ? CONSENT_TOKEN_GOOD : CONSENT_TOKEN_ABSENT);
		if (c.decided)
			assert_true(c.decided_at <= FIXTURE_NOW - 3600 && c.decided_at > FIXTURE_NOW - 3660);
		fixture_close(&f);
	}
}

static void test_dnt_where_asked_for(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, PURPOSES "policy 1 {\nundecided grants\n}\nsignal dnt denies analytics\n");
	fixture_request(&f, "/", "DNT: 1\nSec-GPC: 1\n");
	assert_int_equal(resolve(&f, "").granted,
			 fixture_purposes(f.rules, "preferences advertising") | PURPOSE_NECESSARY);
	fixture_request(&f, "/", "DNT: 0\n");
	assert_int_equal(resolve(&f, "").granted, ruleset_all_purposes(f.rules));
	fixture_close(&f);
}

static void test_without_policy(void **state)
{
	struct fixture f;
	struct consent c;

	(void)state;
	fixture_open(&f, PURPOSES);
	fixture_request(&f, "/", "Cookie: a=1\n");
	c = resolve(&f, "US");
	assert_int_equal(c.granted, PURPOSE_NECESSARY);
	assert_null(c.undecided_rule);
	fixture_close(&f);
}

/* The states of the signed cookie(s), by what stands in front of and behind a good one. */
static void test_copies(void **state)
{
	static const struct {
		const char *before;
		enum consent_token_state state;
	} cases[] = {
		{"a=1", CONSENT_TOKEN_GOOD},
		{"__Host-crumb-consent=x", CONSENT_TOKEN_GOOD},
		{"__Host-crumb-consent=; __Host-crumb-consent=2; __Host-crumb-consent", CONSENT_TOKEN_GOOD},
		{"crumb-consent=x; __host-crumb-consent=x", CONSENT_TOKEN_GOOD},
		/* Five copies: the good one stands behind the bound. */
		{"__Host-crumb-consent=1; __Host-crumb-consent=2; __Host-crumb-consent=3; __Host-crumb-consent=4",
		 CONSENT_TOKEN_MALFORMED},
		{"__Host-crumb-consent=1; __Host-crumb-consent=2; __Host-crumb-consent=3; __Host-crumb-consent=4; "
		 "__Host-crumb-consent=5; __Host-crumb-consent=6",
		 CONSENT_TOKEN_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		struct fixture f;
		struct consent c;

		fixture_open(&f, rules_text);
		fixture_request(&f, "/", "");
		assert_true(fields_add_id(&f.request.fields, FIELD_COOKIE, slice_str(cases[i].before)));
		fixture_grant(&f, "analytics");
		assert_true(fields_add_id(&f.request.fields, FIELD_COOKIE, SLICE("__Host-crumb-consent=y")));
		c = resolve(&f, "");
		assert_int_equal(c.token, cases[i].state);
		assert_int_equal(c.decided, cases[i].state == CONSENT_TOKEN_GOOD);
		fixture_close(&f);
	}
}

/* The plain name is good without TLS only: over TLS a neighbour could plant it. */
static void test_names(void **state)
{
	static const struct {
		const char *name;
		bool own;
	} names[] = {
		{"__Host-crumb-consent", true},
		{"crumb-consent", true},
		{"__host-Crumb-Consent", true},
		{"crumb-consent2", false},
		{"crumb-consen", false},
		{"", false},
		{"__Host-", false},
		{"x-crumb-consent", false},
	};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < CG_COUNT(names); i++)
		assert_int_equal(consent_cookie_is(slice_str(names[i].name)), names[i].own);
	assert_true(slice_eq(consent_cookie_name(true), SLICE("__Host-crumb-consent")));
	assert_true(slice_eq(consent_cookie_name(false), SLICE("crumb-consent")));

	fixture_open(&f, rules_text);
	fixture_request(&f, "/", "");
	f.request.secure = false;
	fixture_grant(&f, "analytics"); /* under the plain name */
	assert_true(resolve(&f, "").decided);
	f.request.secure = true;
	assert_false(resolve(&f, "").decided);
	assert_int_equal(resolve(&f, "").token, CONSENT_TOKEN_ABSENT);
	fixture_close(&f);
}

static void test_field_value(void **state)
{
	static const struct {
		const char *granted;
		bool decided;
		const char *value;
	} cases[] = {
		{"", false, "granted=(), decided=?0, source=default"},
		{"", true, "granted=(), decided, source=cookie"},
		{"analytics", true, "granted=(analytics), decided, source=cookie"},
		{"advertising preferences", true, "granted=(preferences advertising), decided, source=cookie"},
		{"preferences", false, "granted=(preferences), decided=?0, source=default"},
	};
	struct fixture f;

	(void)state;
	fixture_open(&f, rules_text);
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		const struct consent c = {.granted = fixture_purposes(f.rules, cases[i].granted) | PURPOSE_NECESSARY,
					  .decided = cases[i].decided};
		struct slice value = consent_field_value(f.rules, &c, &f.arena);

		assert_true(slice_eq(value, slice_str(cases[i].value)));
	}
	fixture_close(&f);
}

static void test_texts(void **state)
{
	(void)state;
	assert_string_equal(consent_source_text(CONSENT_UNDECIDED), "undecided");
	assert_string_equal(consent_source_text(CONSENT_SIGNED), "signed cookie");
	for (int s = CONSENT_TOKEN_ABSENT; s <= CONSENT_TOKEN_OLD_POLICY; s++)
		assert_string_not_equal(consent_token_state_text((enum consent_token_state)s), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolution),     cmocka_unit_test(test_dnt_where_asked_for),
		cmocka_unit_test(test_without_policy), cmocka_unit_test(test_copies),
		cmocka_unit_test(test_names),	       cmocka_unit_test(test_field_value),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests_name("consent", tests, NULL, NULL);
}
