/* What a request may carry to the origin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/decide_fixture.h"

#define RULES                                                    \
	"purpose preferences\n"                                  \
	"purpose analytics\n"                                    \
	"purpose advertising\n"                                  \
	"opt-out cookie optout=1 denies analytics advertising\n" \
	"signal gpc denies advertising\n"                        \
	"cookie PHPSESSID is necessary\n"                        \
	"cookie /^_ga(_|$)/ is analytics\n"                      \
	"cookie _fbp is advertising\n"                           \
	"cookie both is analytics advertising\n"                 \
	"path /collect is analytics\n"                           \
	"path /lang is preferences\n"                            \
	"param gclid fbclid is advertising\n"                    \
	"param lang is preferences\n"

static const char rules_text[] = RULES;

/* Cookies, as the visitor sends them, after those granted; the expected is without Crumbgate-Consent. */
static const struct {
	const char *granted;
	const char *sent;
	const char *seen;
} cookies[] = {
	{"", "", ""},
	{"", "Cookie: PHPSESSID=1; _ga=GA1.2.3\n", "Cookie: PHPSESSID=1\n"},
	{"", "Cookie: _ga=GA1.2.3; PHPSESSID=1; _ga_X=2\n", "Cookie: PHPSESSID=1\n"},
	{"", "Cookie: _ga=GA1.2.3\n", ""},
	{"", "Cookie: _ga=GA1.2.3\nAccept: */*\nCookie: PHPSESSID=1\n", "Accept: */*\nCookie: PHPSESSID=1\n"},
	{"analytics", "Cookie: _ga=GA1.2.3; _fbp=1; _ga_X=2\n", "Cookie: _ga=GA1.2.3; _ga_X=2\n"},
	{"analytics advertising", "Cookie: _ga=1; _fbp=1;both=2\n", "Cookie: _ga=1; _fbp=1;both=2\n"},
	{"analytics", "Cookie: both=2; PHPSESSID=3\n", "Cookie: PHPSESSID=3\n"},
	/* Names are exact. */
	{"", "Cookie: phpsessid=1; PHPSESSID2=1; XPHPSESSID=1; PHPSESSID=1\n", "Cookie: PHPSESSID=1\n"},
	/* What no rule names needs all that there is; so does a nameless cookie. */
	{"", "Cookie: odd=1; =x; y; PHPSESSID=1\n", "Cookie: PHPSESSID=1\n"},
	{"preferences analytics", "Cookie: odd=1; =x; y; PHPSESSID=1\n", "Cookie: PHPSESSID=1\n"},
	{"preferences analytics advertising", "Cookie: odd=1; =x; y\n", "Cookie: odd=1; =x; y\n"},
	/* Kept bytes stay, whatever they are. */
	{"", "Cookie: PHPSESSID={\"a\":[1,2]}|~: x ;_ga=1;PHPSESSID=\"q=1\"\n",
	 "Cookie: PHPSESSID={\"a\":[1,2]}|~: x; PHPSESSID=\"q=1\"\n"},
	{"", "Cookie: PHPSESSID=;;;_ga=1\n", "Cookie: PHPSESSID=\n"},
	/* The opt-out cookie is necessary, with any value; it denies with its own alone. */
	{"analytics", "Cookie: optout=1; _ga=2; PHPSESSID=1\n", "Cookie: optout=1; PHPSESSID=1\n"},
	{"analytics", "Cookie: optout=0; _ga=2\n", "Cookie: optout=0; _ga=2\n"},
	/* crumbgate's own cookie, in any spelling and under either name. */
	{"", "Cookie: crumb-consent=1; PHPSESSID=2; __HOST-crumb-consent=3\n", "Cookie: PHPSESSID=2\n"},
	/* Signals: GPC stays on the request, DNT means nothing here. */
	{"advertising", "Sec-GPC: 1\nCookie: _fbp=1\n", "Sec-GPC: 1\n"},
	{"advertising", "Sec-GPC: 0\nCookie: _fbp=1\n", "Sec-GPC: 0\nCookie: _fbp=1\n"},
	{"advertising", "DNT: 1\nCookie: _fbp=1\n", "DNT: 1\nCookie: _fbp=1\n"},
};

static void test_cookies(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, rules_text);
	for (size_t i = 0; i < CG_COUNT(cookies); i++) {
		fixture_request(&f, "/", cookies[i].sent);
		fixture_grant(&f, cookies[i].granted);
		fixture_decide_request(&f);
		assert_int_equal(fields_remove(&f.request.fields, FIELD_CRUMBGATE_CONSENT), 1);
		assert_string_equal(fixture_text(&f, &f.request.fields), cookies[i].seen);
	}
	fixture_close(&f);
}

static void test_verdicts(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, rules_text);
	fixture_request(&f, "/?gclid=1&q=2", "Cookie: PHPSESSID=1; _ga=1; odd=1; optout=1; crumb-consent=x\n");
	fixture_decide_request(&f);
	assert_string_equal(fixture_log(&f), "keep cookie to the origin PHPSESSID 6\n"
					     "drop cookie to the origin _ga 7\n"
					     "drop cookie to the origin odd 0\n"
					     "keep cookie to the origin optout 4\n"
					     "drop cookie to the origin crumb-consent 0\n"
					     "drop parameter gclid 12\n"
					     "keep parameter q 0\n");
	assert_int_equal(f.decision.counts[VERDICT_KEEP], 3);
	assert_int_equal(f.decision.counts[VERDICT_DROP], 4);
	fixture_close(&f);
}

static const struct {
	const char *granted;
	const char *target;
	const char *seen; /* NULL: blocked */
} targets[] = {
	{"", "/", "/"},
	{"", "*", "*"},
	{"", "/a?gclid=1", "/a"},
	{"", "/a?q=%20&gclid=1&lang=de&r", "/a?q=%20&r"},
	{"preferences", "/a?q=1&gclid=1&lang=de&r", "/a?q=1&lang=de&r"},
	{"preferences advertising", "/a?q=1&&gclid=1&lang=de&r", "/a?q=1&&gclid=1&lang=de&r"},
	{"", "/a?%67clid=1&fbclid", "/a"},
	{"", "/a?GCLID=1&xgclid=2", "/a?GCLID=1&xgclid=2"},
	{"", "/collect", NULL},
	{"", "/collect?v=1", NULL},
	{"", "/collect/x", NULL},
	{"", "/x/..//%63ollect", NULL},
	{"", "/collector", "/collector"},
	{"", "/Collect", "/Collect"},
	{"analytics", "/collect?v=1", "/collect?v=1"},
	{"preferences", "/collect", NULL},
	{"preferences", "/lang", "/lang"},
};

static void test_targets(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, rules_text);
	for (size_t i = 0; i < CG_COUNT(targets); i++) {
		fixture_request(&f, targets[i].target, "");
		fixture_grant(&f, targets[i].granted);
		fixture_decide_request(&f);
		assert_int_equal(f.decision.action, targets[i].seen ? DECIDE_PASS : DECIDE_BLOCK);
		assert_int_equal(f.decision.counts[VERDICT_BLOCK], targets[i].seen ? 0 : 1);
		if (targets[i].seen)
			assert_string_equal(arena_cstr(&f.arena, f.request.target), targets[i].seen);
	}
	fixture_close(&f);
}

/* A visitor's own claim never reaches the origin, nor what a gateway would take for it. */
static void test_consent_field(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, rules_text);
	fixture_request(&f, "/",
			"Crumbgate-Consent: granted=(x)\nA: b\ncrumbgate_consent: y\nCRUMBGATE-CONSENT: z\n"
			"Crumbgate.Consent: q\nCrumbgate-Consent2: stays\n");
	fixture_grant(&f, "analytics");
	fixture_decide_request(&f);
	assert_string_equal(fixture_text(&f, &f.request.fields),
			    "A: b\nCrumbgate-Consent2: stays\n"
			    "Crumbgate-Consent: granted=(analytics), decided, source=cookie\n");
	fixture_close(&f);
}

static void test_observe(void **state)
{
	static const char sent[] = "Cookie: _ga=1; crumb-consent=2\nCrumbgate-Consent: mine\nCookie: =x\n";
	static const char answer[] = "Set-Cookie: _fbp=1\nSet-Cookie: __Host-crumb-consent=2\nCache-Control: public\n";
	struct fixture f;

	(void)state;
	fixture_open(&f, RULES "mode observe\ninject cookie vid={uuid} is necessary\n");
	fixture_request(&f, "/collect?gclid=1", sent);
	fixture_decide_request(&f);
	assert_int_equal(f.decision.action, DECIDE_PASS);
	assert_string_equal(fixture_text(&f, &f.request.fields), sent);
	assert_string_equal(arena_cstr(&f.arena, f.request.target), "/collect?gclid=1");
	assert_string_equal(fixture_log(&f), "block path /collect 10\n"
					     "drop cookie to the origin _ga 7\n"
					     "drop cookie to the origin crumb-consent 0\n"
					     "drop cookie to the origin  0\n"
					     "inject cookie to the origin vid 15\n"
					     "drop parameter gclid 12\n");
	fixture_response(&f, 200, answer);
	fixture_decide_response(&f);
	assert_string_equal(fixture_text(&f, &f.response.fields), answer);
	assert_string_equal(fixture_log(&f), "drop cookie to the visitor _fbp 8\n"
					     "drop cookie to the visitor __Host-crumb-consent 0\n"
					     "inject cookie to the visitor vid 15\n"
					     "expire cookie to the visitor _ga 7\n"
					     "expire cookie to the visitor  0\n");
	fixture_close(&f);
}

/* A pattern that needs more than its limits allow must not let anything pass, nor delete what it does not know. */
static void test_pattern_limit(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "purpose analytics\npolicy 1 {\nundecided grants\n}\n"
			 "cookie /^(a|aa|aaa)+$/ is analytics\ncookie * is necessary\n"
			 "param /^(a|aa|aaa)+$/ is analytics\npath /^\\/(a|aa|aaa)+$/ is analytics\n");
	fixture_request(&f, "/?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!=1&b=2",
			"Cookie: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!=1; ok=2; aaa=3\n");
	fixture_decide_request(&f);
	assert_string_equal(fixture_values(&f, &f.request.fields, FIELD_COOKIE), "ok=2; aaa=3\n");
	assert_string_equal(arena_cstr(&f.arena, f.request.target), "/?b=2");
	fixture_response(&f, 200,
			 "Set-Cookie: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!=1\n"
			 "Set-Cookie: ok=1\nContent-Type: text/plain\n");
	fixture_decide_response(&f);
	assert_string_equal(fixture_text(&f, &f.response.fields), "Set-Cookie: ok=1\nContent-Type: text/plain\n");
	fixture_request(&f, "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "");
	fixture_decide_request(&f);
	assert_int_equal(f.decision.action, DECIDE_BLOCK);
	fixture_close(&f);
}

static const char inject_rules[] = "purpose analytics\n"
				   "purpose advertising\n"
				   "cookie clash is advertising\n"
				   "inject cookie vid={uuid} for 180d is analytics\n"
				   "inject cookie t={time}.{{x}}.{host}-{consent} path /shop domain example.com "
				   "httponly samesite strict is necessary\n"
				   "inject cookie clash=1 is analytics\n"
				   "inject cookie other=1 domain shop.example.com is necessary\n";

static const struct {
	const char *granted, *target, *fields;
	const char *cookie, *set_cookie;
} injections[] = {
	{"", "/", "", "", ""},
	{"analytics", "/", "Cookie: clash=0\n", "vid=00112233-4455-4677-8899-aabbccddeeff\n",
	 "vid=00112233-4455-4677-8899-aabbccddeeff; Max-Age=15552000; Path=/; Secure; SameSite=Lax\n"},
	/* Already there; no navigation. */
	{"analytics", "/", "Cookie: vid=1\n", "vid=1\n", ""},
	{"analytics", "/", "Sec-Fetch-Dest: image\n", "", ""},
	{"analytics", "/", "Sec-Fetch-Dest: empty\n", "", ""},
	{"analytics", "/", "Cookie: vid=1\nSec-Fetch-Dest: document\n", "vid=1\n", ""},
	{"", "/shop/x?y", "Sec-Fetch-Dest: iframe\n", "t=1780000000.{x}.www.example.com-none\n",
	 "t=1780000000.{x}.www.example.com-none; Domain=example.com; Path=/shop; Secure; HttpOnly; SameSite=Strict\n"},
	{"", "/shopping", "", "", ""},
	/* "clash" needs what its own rule says as well. */
	{"analytics advertising", "/", "Cookie: vid=1\n", "vid=1; clash=1\n",
	 "clash=1; Path=/; Secure; SameSite=Lax\n"},
	{"analytics advertising", "/shop", "Cookie: vid=1; clash=2\n",
	 "vid=1; clash=2; t=1780000000.{x}.www.example.com-analytics+advertising\n",
	 "t=1780000000.{x}.www.example.com-analytics+advertising; Domain=example.com; Path=/shop; Secure; HttpOnly; "
	 "SameSite=Strict\n"},
};

static void test_injection(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, inject_rules);
	for (size_t i = 0; i < CG_COUNT(injections); i++) {
		fixture_request(&f, injections[i].target, "");
		fixture_grant(&f, injections[i].granted);
		{
			struct fields more;

			fixture_parse(&f.arena, &more, injections[i].fields);
			for (size_t k = 0; k < more.n; k++)
				assert_true(fields_add(&f.request.fields, more.v[k].name, more.v[k].value));
		}
		fixture_decide_request(&f);
		assert_string_equal(fixture_values(&f, &f.request.fields, FIELD_COOKIE), injections[i].cookie);
		f.decision.leftovers = NULL;
		fixture_response(&f, 200, "");
		fixture_decide_response(&f);
		assert_string_equal(fixture_values(&f, &f.response.fields, FIELD_SET_COOKIE), injections[i].set_cookie);
	}
	fixture_close(&f);
}

#define HOST_7 "{host}{host}{host}{host}{host}{host}{host}"

/* A value that would not fit into a cookie is not made. */
static void test_injection_too_long(void **state)
{
	struct fixture f;
	char host[254];

	(void)state;
	fixture_open(&f, "purpose a\ninject cookie v=" HOST_7 HOST_7 HOST_7 " is necessary\n");
	memset(host, 'a', sizeof host);
	for (size_t n = 194; n <= 196; n++) {
		fixture_request(&f, "/", "");
		f.request.host = slice_of(host, n);
		fixture_decide_request(&f);
		/* 21 hosts and the name within 4096 octets: 195 * 21 + 1 = 4096 */
		assert_int_equal(f.decision.counts[VERDICT_INJECT], n <= 195 ? 1 : 0);
		assert_int_equal(fields_count(&f.request.fields, FIELD_COOKIE), n <= 195 ? 1 : 0);
		fixture_response(&f, 200, "");
		fixture_decide_response(&f);
		assert_int_equal(fields_count(&f.response.fields, FIELD_SET_COOKIE), n <= 195 ? 1 : 0);
	}
	fixture_close(&f);
}

/* Of two rules for one name the first that applies to the request. */
static void test_two_injections_of_a_name(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "purpose a\ninject cookie v=1 path /x is necessary\ninject cookie v=2 is necessary\n");
	fixture_request(&f, "/x", "");
	fixture_decide_request(&f);
	fixture_response(&f, 200, "");
	fixture_decide_response(&f);
	assert_string_equal(fixture_values(&f, &f.request.fields, FIELD_COOKIE), "v=1\n");
	assert_string_equal(fixture_values(&f, &f.response.fields, FIELD_SET_COOKIE),
			    "v=1; Path=/x; Secure; SameSite=Lax\n");
	fixture_request(&f, "/", "");
	fixture_decide_request(&f);
	assert_string_equal(fixture_values(&f, &f.request.fields, FIELD_COOKIE), "v=2\n");
	fixture_close(&f);
}

/* Without TLS: no Secure, no prefix, no SameSite=None. */
static void test_injection_without_tls(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "purpose a\ninject cookie v=1 samesite none is necessary\n"
			 "inject cookie __Host-w=1 is necessary\n");
	fixture_request(&f, "/", "");
	f.request.secure = false;
	fixture_decide_request(&f);
	fixture_response(&f, 200, "");
	fixture_decide_response(&f);
	assert_string_equal(fixture_text(&f, &f.response.fields), "Set-Cookie: v=1; Path=/\nCache-Control: private\n");
	fixture_close(&f);
}

/* Thousands of cookies: linear, and what is remembered of them is bounded. */
static void test_many_cookies(void **state)
{
	struct fixture f;
	struct slice value;
	char *text;
	size_t n = 0;

	(void)state;
	fixture_open(&f, rules_text);
	text = test_malloc(5000 * 16);
	for (int i = 0; i < 5000; i++)
		n += (size_t)snprintf(text + n, 16, "%s%d=x; ", i % 2 ? "PHPSESSID=1; _" : "n", i % 2 ? 0 : i);
	fixture_request(&f, "/", "");
	value = slice_of(text, n);
	assert_true(fields_add_id(&f.request.fields, FIELD_COOKIE, value));
	fixture_decide_request(&f);
	assert_int_equal(f.decision.counts[VERDICT_KEEP], 2500);
	fixture_response(&f, 200, "");
	fixture_decide_response(&f);
	assert_true(fields_count(&f.response.fields, FIELD_SET_COOKIE) <= EXPIRE_LINES_MAX);
	test_free(text);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_consent_field),
		cmocka_unit_test(test_observe),
		cmocka_unit_test(test_pattern_limit),
		cmocka_unit_test(test_injection),
		cmocka_unit_test(test_injection_too_long),
		cmocka_unit_test(test_two_injections_of_a_name),
		cmocka_unit_test(test_injection_without_tls),
		cmocka_unit_test(test_many_cookies),
	};

	return cmocka_run_group_tests_name("decide_request", tests, NULL, NULL);
}
