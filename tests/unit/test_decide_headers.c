/* Beacons in fields of responses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/decide_fixture.h"

#define RULES                                        \
	"purpose analytics\npurpose advertising\n"   \
	"beacon ||ok.t.example^ is necessary\n"      \
	"beacon ||t.example^ is analytics\n"         \
	"beacon ||img.example^$image is analytics\n" \
	"beacon ||third.example^$third-party is analytics\n"

static const char rules[] = RULES, narrow[] = RULES "pages {\ncsp narrow\n}\n";

/* Nothing is granted. out NULL: the same, and the response may be shared. */
static const struct {
	const char *in;
	const char *out;
} edits[] = {
	{"Link: <https://x.example/>; rel=preload\n", NULL},
	{"Link: <https://t.example/a,b.js>; rel=preload; as=script\n", ""},
	{"Link: </a>; rel=preload;as=style ,  <//T.example/x>; rel=preconnect, <b>; rel=next\n",
	 "Link: </a>; rel=preload;as=style, <b>; rel=next\n"},
	{"Link: <https://t.example/>; rel=canonical\n", NULL},
	{"Link: <https://ok.t.example/>; rel=preconnect\n", NULL},
	{"Link: <https:\\\\t.example\\x>; rel=\"next prefetch\"\n", ""},
	{"Link: </i>; rel=preload; as=image; imagesrcset=\"/i 1x, https://t.example/i 2x\"\n", ""},
	{"Link: <https://img.example/i>; rel=preload; as=image\n", ""},
	{"Link: <https://img.example/i>; rel=preload; as=script\n", NULL},
	{"Link: <https://third.example/>; rel=stylesheet\n", ""},
	{"Refresh: 5; url=https://t.example/\n", ""},
	{"Refresh: 5;URL='https://t.example/'\n", ""},
	{"Refresh: 5; url=/next\n", NULL},
	{"Refresh: 5\n", NULL},
	{"Report-To: {\"group\":\"g\",\"endpoints\":[{\"url\":\"https://t.example/r\"}]}, "
	 "{\"endpoints\":[{\"url\":\"https://x.example/r\"}]}\n",
	 "Report-To: {\"endpoints\":[{\"url\":\"https://x.example/r\"}]}\n"},
	{"NEL: {\"report_to\":\"g\",\"max_age\":1}\n", NULL},
	{"NEL: {\"report_to\":\"g\",\"max_age\":1}\n"
	 "Report-To: {\"group\":\"g\",\"endpoints\":[{\"url\":\"https:\\/\\/t.example\\/r\"}]}\n",
	 ""},
	{"NEL: {\"report_to\":\"h\",\"max_age\":1}\n"
	 "Report-To: {\"group\":\"g\",\"endpoints\":[{\"url\":\"https://t.example/r\"}]}\n",
	 "NEL: {\"report_to\":\"h\",\"max_age\":1}\n"},
	{"Reporting-Endpoints: a=\"https://t.example/\", b=\"/b\";x=1\n"
	 "Content-Security-Policy: default-src 'self'; report-to a\n"
	 "Content-Security-Policy: img-src *; report-to b\n",
	 "Reporting-Endpoints: b=\"/b\";x=1\n"
	 "Content-Security-Policy: default-src 'self';\n"
	 "Content-Security-Policy: img-src *; report-to b\n"},
	{"Content-Security-Policy: report-uri https://t.example/r\n", ""},
	{"Content-Security-Policy-Report-Only: img-src x; report-uri https://t.example/r /r\n",
	 "Content-Security-Policy-Report-Only: img-src x; report-uri /r\n"},
	{"Content-Security-Policy: script-src https://t.example\n", NULL},
	{"Speculation-Rules: \"/a\", \"https://t.example/s\"\n", "Speculation-Rules: \"/a\"\n"},
	{"X-Link: <https://t.example/>; rel=preload\n", NULL},
};

#define SHARED "Vary: Cookie\nCache-Control: private\n"

static void play(struct fixture *f, const char *granted, const char *in)
{
	fixture_request(f, "/", "");
	fixture_grant(f, granted);
	fixture_decide_request(f);
	fixture_response(f, 200, in);
	fixture_decide_response(f);
}

static const char *join(struct fixture *f, const char *a, const char *b)
{
	return arena_cstr(&f->arena, arena_printf(&f->arena, "%s%s", a, b));
}

static void test_edits(void **state)
{
	static const char type[] = "Content-Type: image/png\n";
	struct fixture f;

	(void)state;
	fixture_open(&f, rules);
	for (size_t i = 0; i < CG_COUNT(edits); i++) {
		const char *in = edits[i].in, *out = edits[i].out;

		play(&f, "", join(&f, type, in));
		out = out ? join(&f, out, SHARED) : in;
		assert_string_equal(fixture_text(&f, &f.response.fields), join(&f, type, out));
		/* Where it is granted nothing changes, but caches may still not share what differs. */
		play(&f, "analytics", join(&f, type, in));
		out = edits[i].out ? join(&f, in, SHARED) : in;
		assert_string_equal(fixture_text(&f, &f.response.fields), join(&f, type, out));
	}
	fixture_close(&f);
}

static void test_verdicts(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, rules);
	play(&f, "", "Content-Type: text/css\nLink: <//t.example/x>; rel=preload, <//ok.t.example>; rel=preload\n");
	assert_string_equal(fixture_log(&f), "drop beacon in a header field https://t.example/x 4\n"
					     "keep beacon in a header field https://ok.t.example/ 3\n");
	play(&f, "analytics", "Content-Type: text/css\nLink: <//t.example/x>; rel=preload\n");
	assert_string_equal(fixture_log(&f), "keep beacon in a header field https://t.example/x 4\n");
	fixture_close(&f);
}

static void test_interim(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, rules);
	fixture_request(&f, "/", "");
	fixture_decide_request(&f);
	fixture_response(&f, 103, "Link: <https://t.example/x>; rel=preload\nLink: </y>; rel=preload\n");
	assert_int_equal(decide_response(&f.env, &f.response, true, &f.arena, &f.decision), DECIDE_OK);
	assert_string_equal(fixture_text(&f, &f.response.fields), "Link: </y>; rel=preload\n");
	fixture_close(&f);
}

/* Hints that lost all their links are not sent on; neither those that had none, nor another status, depend on it. */
static void test_hints_lost(void **state)
{
	static const struct {
		unsigned status;
		const char *fields, *granted;
		bool lost;
	} cases[] = {
		{103, "Link: <https://t.example>; rel=preconnect\n", "", true},
		{103, "Link: <//t.example/a>; rel=preload, <//t.example>; rel=dns-prefetch\nA: b\n", "", true},
		{103, "Link: <//t.example/a>; rel=preload, </b>; rel=preload\n", "", false},
		{103, "Link: <https://t.example>; rel=preconnect\n", "analytics", false},
		{103, "A: b\n", "", false},
		{102, "Link: <https://t.example>; rel=preconnect\n", "", false},
	};
	struct fixture f;

	(void)state;
	fixture_open(&f, rules);
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		play(&f, cases[i].granted, "");
		fixture_response(&f, cases[i].status, cases[i].fields);
		assert_int_equal(decide_response(&f.env, &f.response, true, &f.arena, &f.decision), DECIDE_OK);
		assert_int_equal(f.decision.hints_lost, cases[i].lost);
	}
	fixture_close(&f);
}

/* Of pages, and of what is enforced. */
static const struct {
	const char *granted;
	const char *fields;
	const char *policies;
} narrowed[] = {
	{"", "Content-Type: text/html\nContent-Security-Policy: script-src 'self' *.t.example; img-src t.example\n",
	 "script-src 'self'; img-src 'none'\n"},
	{"analytics", "Content-Type: text/html\nContent-Security-Policy: script-src t.example\n",
	 "script-src t.example\n"},
	{"", "Content-Type: text/html\nContent-Security-Policy: img-src img.example; script-src img.example\n",
	 "img-src 'none'; script-src img.example\n"},
	{"", "Content-Type: text/css\nContent-Security-Policy: script-src t.example\n", "script-src t.example\n"},
};

static void test_narrow(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, narrow);
	for (size_t i = 0; i < CG_COUNT(narrowed); i++) {
		play(&f, narrowed[i].granted, narrowed[i].fields);
		assert_string_equal(fixture_values(&f, &f.response.fields, FIELD_CSP), narrowed[i].policies);
	}
	play(&f, "", "Content-Type: text/html\nContent-Security-Policy-Report-Only: script-src t.example\n");
	assert_string_equal(fixture_values(&f, &f.response.fields, FIELD_CSP_REPORT_ONLY), "script-src t.example\n");
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edits),	   cmocka_unit_test(test_verdicts), cmocka_unit_test(test_interim),
		cmocka_unit_test(test_hints_lost), cmocka_unit_test(test_narrow),
	};

	return cmocka_run_group_tests_name("decide_headers", tests, NULL, NULL);
}
