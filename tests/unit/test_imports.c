/* Consent that others stored, mapped to a site's purposes and weighed against the other sources. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rules/consent/imports.h"
#include "tests/support/alloc_fault.h"
#include "tests/support/decide_fixture.h"

#define PURPOSES                             \
	"purpose preferences \"Remember\"\n" \
	"purpose analytics \"Count\"\n"      \
	"purpose advertising \"Ads\"\n"

static const char rules_text[] =
	PURPOSES "policy 3 {\n"
		 "    undecided denies\n"
		 "    undecided grants in US\n"
		 "}\n"
		 "opt-out cookie optout=1 denies analytics\n"
		 "signal gpc denies advertising\n"
		 "accept consent from onetrust cookiebot osano\n"
		 "consent cookie choice matches /stats=yes/ grants analytics\n"
		 "consent cookie choice matches none denies preferences analytics advertising\n";

static struct consent_query query(const struct fixture *f, const char *region)
{
	return (struct consent_query){.rules = f->rules,
				      .mac = f->env.mac,
				      .site = f->env.site,
				      .region = slice_str(region),
				      .secure = f->request.secure,
				      .now = FIXTURE_NOW,
				      .scratch = f->env.scratch};
}

static struct consent resolve(struct fixture *f, const char *region)
{
	const struct consent_query q = query(f, region);

	return consent_resolve(&q, &f->request.fields);
}

#define ONE(groups, rest) "OptanonConsent=groups=" groups rest

static const struct {
	const char *cookies;
	const char *signed_for; /* NULL: no signed cookie */
	const char *region;
	const char *granted;
	const char *field;
} resolutions[] = {
	/* A yes of a visitor who acted. */
	{ONE("C0002%3A1%2CC0004%3A0", "&interactionCount=1"), NULL, "", "analytics",
	 "granted=(analytics), decided, source=foreign, managers=(onetrust)"},
	/* A yes that is a default counts for nothing, a no does. */
	{ONE("C0002%3A1%2CC0004%3A0", "&interactionCount=0"), NULL, "", "",
	 "granted=(), decided=?0, source=foreign, managers=(onetrust)"},
	{ONE("C0002%3A1%2CC0004%3A0", "&interactionCount=0"), NULL, "US", "preferences analytics",
	 "granted=(preferences analytics), decided=?0, source=foreign, managers=(onetrust)"},
	{ONE("C0002%3A1", "&interactionCount=0"), NULL, "", "", "granted=(), decided=?0, source=default"},
	{ONE("C0002%3A1", "&interactionCount=0") "; OptanonAlertBoxClosed=2024-01-01", NULL, "", "analytics",
	 "granted=(analytics), decided, source=foreign, managers=(onetrust)"},
	/* What is left open is undecided. */
	{ONE("C0004%3A0", "&interactionCount=1"), NULL, "US", "preferences analytics",
	 "granted=(preferences analytics), decided, source=foreign, managers=(onetrust)"},
	/* Denied beats granted: over copies, over managers, and over cookies of the site's own. */
	{ONE("C0002%3A1", "") "; " ONE("C0002%3A0", ""), NULL, "US", "preferences advertising",
	 "granted=(preferences advertising), decided, source=foreign, managers=(onetrust)"},
	{ONE("C0002%3A1", "") "; CookieConsent={statistics:false,marketing:true}", NULL, "", "advertising",
	 "granted=(advertising), decided, source=foreign, managers=(onetrust cookiebot)"},
	{"choice=stats=yes; CookieConsent={statistics:false}", NULL, "", "",
	 "granted=(), decided, source=foreign, managers=(cookiebot \"choice\")"},
	{"choice=a&stats=yes", NULL, "", "analytics",
	 "granted=(analytics), decided, source=foreign, managers=(\"choice\")"},
	{"choice=none; choice=stats=yes", NULL, "US", "", "granted=(), decided, source=foreign, managers=(\"choice\")"},
	{"choice=nonesuch", NULL, "", "", "granted=(), decided=?0, source=default"},
	/* Everything at once. */
	{"cookieconsent_status=allow", NULL, "", "preferences analytics advertising",
	 "granted=(preferences analytics advertising), decided, source=foreign, managers=(osano)"},
	{"cookieconsent_status=dismiss", NULL, "", "", "granted=(), decided=?0, source=default"},
	{"cookieconsent_status=deny", NULL, "US", "", "granted=(), decided, source=foreign, managers=(osano)"},
	/* Nothing that can be read. */
	{"OptanonConsent=; CookieConsent=1.0; cookieconsent_status=perhaps", NULL, "US",
	 "preferences analytics advertising",
	 "granted=(preferences analytics advertising), decided=?0, source=default"},
	/* Of those who are not accepted. */
	{"cookieyes-consent=action:yes,analytics:yes", NULL, "", "", "granted=(), decided=?0, source=default"},
	/*
	 * The signed cookie decides before all of them, but for what the visitor refused since (the fixture's was made
	 * when nothing was); a "no" that is a default is none. Opt-outs and signals deny whatever is said.
	 */
	{"cookieconsent_status=deny", "analytics", "", "", "granted=(), decided, source=cookie"},
	{ONE("C0002%3A0", "&interactionCount=1"), "analytics advertising", "", "advertising",
	 "granted=(advertising), decided, source=cookie"},
	{ONE("C0002%3A0", "&interactionCount=0"), "analytics", "", "analytics",
	 "granted=(analytics), decided, source=cookie"},
	{"cookieconsent_status=allow", "", "", "", "granted=(), decided, source=cookie"},
	{"cookieconsent_status=allow; __Host-crumb-consent=forged", NULL, "", "preferences analytics advertising",
	 "granted=(preferences analytics advertising), decided, source=foreign, managers=(osano)"},
	{"cookieconsent_status=allow; optout=1", NULL, "", "preferences advertising",
	 "granted=(preferences advertising), decided, source=foreign, managers=(osano)"},
};

static void test_resolution(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(resolutions); i++) {
		struct fixture f;
		struct consent c;
		struct slice field;

		fixture_open(&f, rules_text);
		fixture_request(&f, "/", "");
		assert_true(fields_add_id(&f.request.fields, FIELD_COOKIE, slice_str(resolutions[i].cookies)));
		if (resolutions[i].signed_for)
			fixture_grant(&f, resolutions[i].signed_for);
		c = resolve(&f, resolutions[i].region);
		field = consent_field_value(f.rules, &c, &f.arena);
		if (c.granted != (fixture_purposes(f.rules, resolutions[i].granted) | PURPOSE_NECESSARY) ||
		    !slice_eq(field, slice_str(resolutions[i].field)))
			fail_msg("%s [%s]\n  got      %x %.*s\n  expected %s", resolutions[i].cookies,
				 resolutions[i].region, c.granted, SLICE_ARG(field), resolutions[i].field);
		assert_int_equal(c.granted_by_foreign & c.denied_by_foreign, 0);
		fixture_close(&f);
	}
}

/* What was refused elsewhere when the signed cookie was made does not count again; what is refused later does. */
static void test_refused_since(void **state)
{
	static const char denies[] = "Cookie: cookieconsent_status=deny\n",
			  allows[] = "Cookie: cookieconsent_status=allow\n";
	static const struct {
		const char *at_decision, *now, *granted;
	} rows[] = {
		{denies, denies, "analytics"},
		{denies, allows, "analytics"},
		{allows, denies, ""},
		{"", denies, ""},
		{allows, "", "analytics"},
		{"", "Cookie: choice=none\n", ""},
		{"Cookie: choice=none\n", denies, "analytics"},
	};
	static const unsigned char id[16] = {1};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct consent_query q;
		struct slice parts[2] = {SLICE("__Host-crumb-consent=")};
		struct fixture f;

		fixture_open(&f, rules_text);
		fixture_request(&f, "/", rows[i].at_decision);
		q = query(&f, "");
		q.refused_elsewhere = resolve(&f, "").refused_elsewhere;
		parts[1] = consent_token_make(&q, fixture_purposes(f.rules, "analytics"), id, &f.arena);
		assert_true(parts[1].n > 0);
		fixture_request(&f, "/", rows[i].now);
		assert_true(fields_add_id(&f.request.fields, FIELD_COOKIE, arena_concat(&f.arena, parts, 2)));
		if (resolve(&f, "").granted != (fixture_purposes(f.rules, rows[i].granted) | PURPOSE_NECESSARY))
			fail_msg("%s then %s", rows[i].at_decision, rows[i].now);
		fixture_close(&f);
	}
}

static void test_gpc_beats_foreign(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, rules_text);
	fixture_request(&f, "/", "Cookie: cookieconsent_status=allow\nSec-GPC: 1\n");
	assert_int_equal(resolve(&f, "").granted,
			 fixture_purposes(f.rules, "preferences analytics") | PURPOSE_NECESSARY);
	fixture_close(&f);
}

/* What one manager says under rules of its own. */
static const struct {
	const char *rules;
	const char *cookies;
	const char *granted, *denied;
} mappings[] = {
	/* The block replaces what the defaults say of its categories and purposes, and no more. */
	{"accept consent from onetrust {\nC0002 grants advertising\n}\n",
	 ONE("C0001%3A1%2CC0002%3A1%2CC0003%3A1%2CC0004%3A0", ""), "preferences advertising", ""},
	{"accept consent from onetrust {\nC0003 ignored\n}\n", ONE("C0003%3A1%2CC0002%3A1", ""), "analytics", ""},
	{"accept consent from onetrust {\ns00 grants analytics\nm* grants advertising\n}\n",
	 ONE("s00%3A1%2Cm00%3A1%2Cm01%3A0%2Ct00%3A0", ""), "analytics", "advertising"},
	/* Several categories: all are needed. */
	{"accept consent from onetrust {\nC0002 C0003 grants analytics\n}\n", ONE("C0002%3A1%2CC0003%3A1", ""),
	 "analytics", ""},
	{"accept consent from onetrust {\nC0002 C0003 grants analytics\n}\n", ONE("C0002%3A1", ""), "", ""},
	{"accept consent from onetrust {\nC0002 C0003 grants analytics\n}\n", ONE("C0002%3A0", ""), "", "analytics"},
	/* Case of categories does not matter, and several purposes may come of one. */
	{"accept consent from onetrust {\nc0002 grants analytics preferences\n}\n", ONE("C0002%3A1", ""),
	 "analytics preferences", ""},
	/* What a manager says of everything is about what the block maps, too. */
	{"accept consent from osano {\nall grants chat\n}\n", "cookieconsent_status=allow",
	 "preferences analytics advertising chat", ""},
	{"accept consent from osano\n", "cookieconsent_status=allow", "preferences analytics advertising", ""},
	{"accept consent from tealium {\nc7 grants chat\n}\n", "CONSENTMGR=c7:1|c1:0|consent:true", "chat",
	 "analytics"},
	{"accept consent from tealium {\nc7 grants chat\n}\n", "CONSENTMGR=c7:1|consent:false", "",
	 "preferences analytics advertising chat"},
	/* A category that is called like a purpose. */
	{"accept consent from klaro\n", "klaro={\"chat\":true,\"hotjar\":true,\"other\":true}", "analytics chat", ""},
	/* A block about a purpose takes usual words off it. */
	{"accept consent from klaro {\nmine grants analytics\n}\n", "klaro={\"hotjar\":false,\"mine\":true}",
	 "analytics", ""},
	{"accept consent from klaro {\nhotjar ignored\n}\n", "klaro={\"hotjar\":false,\"matomo\":true}", "analytics",
	 ""},
	/* Names of its own for cookies. */
	{"accept consent from klaro {\ncookie mine\n}\n", "mine={\"matomo\":true}; klaro={\"youtube\":false}",
	 "analytics", "preferences"},
	{"accept consent from trustarc {\ncookie shop_gdpr as notice_gdpr_prefs\n}\n",
	 "shop_gdpr=0,1:", "preferences analytics", "advertising"},
	{"accept consent from trustarc {\n2 grants analytics\n3 grants advertising\n}\n",
	 "notice_preferences=2:", "preferences analytics", "advertising"},
	/* TCF: purposes and vendors. The string has purposes 1 to 10 and vendor 755 alone. */
	{"accept consent from tcf {\n1 8 vendor-755 grants analytics\n}\n",
	 "euconsent-v2=CPnHJ0HPnHJ0HFCABAENC3CsAP_AAH_AAAwIF5wAQF5gXnABAXmAAAAA", "preferences analytics advertising",
	 ""},
	{"accept consent from tcf {\n1 8 vendor-2 grants analytics\n}\n",
	 "euconsent-v2=CPnHJ0HPnHJ0HFCABAENC3CsAP_AAH_AAAwIF5wAQF5gXnABAXmAAAAA", "preferences advertising",
	 "analytics"},
	/* What is absent from a list of what was granted was denied. */
	{"accept consent from drupal {\nvideos grants chat\n}\n", "cookie-agreed-categories=[\"analytics\"]",
	 "analytics", "preferences advertising chat"},
};

static void test_mappings(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(mappings); i++) {
		char text[1024];
		struct fixture f;
		struct imports imports;

		(void)snprintf(text, sizeof text, PURPOSES "purpose chat \"Chat\"\n%s", mappings[i].rules);
		fixture_open(&f, text);
		fixture_request(&f, "/", "");
		assert_true(fields_add_id(&f.request.fields, FIELD_COOKIE, slice_str(mappings[i].cookies)));
		imports_read(f.rules, f.env.scratch, &f.request.fields, &f.arena, &imports);
		if (imports.granted != fixture_purposes(f.rules, mappings[i].granted) ||
		    imports.denied != fixture_purposes(f.rules, mappings[i].denied))
			fail_msg("%s%s: granted %x, denied %x", mappings[i].rules, mappings[i].cookies, imports.granted,
				 imports.denied);
		fixture_close(&f);
	}
}

/* Sites that call their purposes otherwise. */
static void test_other_purposes(void **state)
{
	struct fixture f;
	struct imports imports;

	(void)state;
	fixture_open(&f, "purpose functional\npurpose statistics\npurpose marketing\npurpose performance\n"
			 "accept consent from cookieyes onetrust\n");
	fixture_request(&f, "/",
			"Cookie: cookieyes-consent=action:yes,functional:yes,analytics:yes,performance:no,"
			"advertisement:yes\n");
	imports_read(f.rules, f.env.scratch, &f.request.fields, &f.arena, &imports);
	assert_int_equal(imports.granted, fixture_purposes(f.rules, "functional statistics marketing"));
	assert_int_equal(imports.denied, fixture_purposes(f.rules, "performance"));
	fixture_close(&f);
}

static void test_cookies_pass(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, PURPOSES "accept consent from onetrust complianz\n"
				  "consent cookie choice matches x grants analytics\n"
				  "cookie cmplz_marketing is advertising\n"
				  "cookie Optanon* is advertising\n"
				  "cookie * is advertising\n");
	fixture_request(&f, "/",
			"Cookie: OptanonConsent=a; cmplz_marketing=deny; cmplz_statistics=allow; choice=y; "
			"CookieConsent=1; OptanonX=1\n");
	fixture_decide_request(&f);
	assert_string_equal(fixture_values(&f, &f.request.fields, FIELD_COOKIE),
			    "OptanonConsent=a; cmplz_statistics=allow; choice=y\n");
	fixture_response(&f, 200, "Set-Cookie: OptanonConsent=b; Path=/\nSet-Cookie: _x=1\nSet-Cookie: choice=x\n");
	fixture_decide_response(&f);
	assert_non_null(strstr(fixture_text(&f, &f.response.fields), "Set-Cookie: OptanonConsent=b; Path=/\n"));
	assert_non_null(strstr(fixture_text(&f, &f.response.fields), "Set-Cookie: choice=x\n"));
	assert_null(strstr(fixture_text(&f, &f.response.fields), "_x=1"));
	fixture_close(&f);
}

/* Without working memory nothing is granted but what is necessary. */
static void test_no_memory(void **state)
{
	struct fixture f;
	struct consent c;

	(void)state;
	fixture_open(&f, rules_text);
	fixture_request(&f, "/", "");
	assert_true(fields_add_id(&f.request.fields, FIELD_COOKIE,
				  SLICE("cookieconsent_status=allow; OptanonConsent=groups=C0002%3A1")));
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		c = resolve(&f, "US");
		if (!alloc_fault_end())
			break;
		assert_int_equal(c.granted, PURPOSE_NECESSARY);
		assert_false(c.decided);
	}
	assert_true(alloc_fault_total() > 0);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolution),	  cmocka_unit_test(test_refused_since),
		cmocka_unit_test(test_gpc_beats_foreign), cmocka_unit_test(test_mappings),
		cmocka_unit_test(test_other_purposes),	  cmocka_unit_test(test_cookies_pass),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
