/* Playing cases, comparing, and reporting: each kind of expectation must be able to fail, and to say why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rules/harness/harness.h"
#include "rules/harness/report.h"
#include "tests/support/alloc_fault.h"

static const char site_rules_text[] = "policy 2 {\n"
				      "    undecided grants preferences in US\n"
				      "}\n"
				      "purpose preferences \"Settings\"\n"
				      "purpose analytics   \"Count visits\"\n"
				      "opt-out cookie optout=1 denies analytics\n"
				      "signal gpc denies analytics\n"
				      "cookie sid  is  necessary\n"
				      "cookie _ga  is  analytics\n"
				      "path /collect is analytics\n"
				      "param gclid is analytics\n";

/* Files by name; the test file is whatever the test says. */
struct disk {
	const char *test;
	unsigned loads;
};

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	struct disk *d = arg;

	d->loads++;
	if (slice_ends_with(path, SLICE("site.rules")))
		*content = slice_str(site_rules_text);
	else if (slice_ends_with(path, SLICE("observe.rules")))
		*content = SLICE("mode observe\npurpose analytics \"A\"\ncookie _ga is analytics\n");
	else if (slice_ends_with(path, SLICE("other.rules"))) /* the included file counts once */
		*content = SLICE("include site.rules\ncookie other is analytics\n");
	else if (slice_ends_with(path, SLICE("broken.rules")))
		*content = SLICE("cokie x\n");
	else if (slice_ends_with(path, SLICE(".test")))
		*content = slice_str(d->test);
	else
		return LOAD_MISSING;
	return LOAD_OK;
}

struct ran {
	struct disk disk;
	struct loader loader;
	struct harness_options options;
	struct diagnostics d;
	struct harness harness;
	struct harness_counts n;
	struct buffer text, tap, json, junit;
	size_t number;
	bool added;
};

static void on_case(void *arg, const struct case_result *r)
{
	struct ran *x = arg;

	report_text_case(&x->text, false, r);
	report_text_case(&x->text, true, r);
	report_tap_case(&x->tap, ++x->number, r);
	report_json_case(&x->json, r);
	report_junit_case(&x->junit, r);
}

static void begin(struct ran *x, const char *test)
{
	*x = (struct ran){.disk = {.test = test}};
	x->loader = (struct loader){.arg = &x->disk, .load = load};
	x->options.loader = &x->loader;
	diagnostics_init(&x->d);
	buffer_init(&x->text, 1 << 20);
	buffer_init(&x->tap, 1 << 20);
	buffer_init(&x->json, 1 << 20);
	buffer_init(&x->junit, 1 << 20);
}

static void finish(struct ran *x)
{
	x->added = harness_init(&x->harness, &x->options, &x->d) && harness_add(&x->harness, SLICE("d/x.test"));
	if (x->added)
		x->n = harness_run(&x->harness, on_case, x);
}

static void run(struct ran *x, const char *test)
{
	begin(x, test);
	finish(x);
}

static void ran_free(struct ran *x)
{
	harness_free(&x->harness);
	diagnostics_free(&x->d);
	buffer_free(&x->text);
	buffer_free(&x->tap);
	buffer_free(&x->json);
	buffer_free(&x->junit);
}

static void assert_holds(const struct buffer *b, const char *text)
{
	struct slice s = buffer_slice(b);

	if (slice_find(s, slice_str(text)) == s.n)
		fail_msg("\"%s\" is not in:\n%.*s", text, SLICE_ARG(s));
}

#define HEAD "rules site.rules\ntest \"t\"\n"
#define EXCHANGE                                                                                                 \
	HEAD "visitor sid=1; _ga=2\nrequest GET https://www.example.com/p?gclid=1&a=2\n  X-A: one\n  X-A: two\n" \
	     "origin 404\n  Set-Cookie: sid=9; Path=/\n  Set-Cookie: _ga=8\n  <<B\nhello\nB\n"

/* Each line holds or not; the other one, with "no", the other way round where that is possible. */
static const struct {
	const char *block, *line;
	bool holds;
	const char *why; /* in the text of the failure */
} expectations[] = {
	{"origin-sees", "method GET", true, NULL},
	{"origin-sees", "method POST", false, "method GET"},
	{"origin-sees", "target /p?a=2", true, NULL},
	{"origin-sees", "target /p?gclid=1&a=2", false, "gclid dropped by d/site.rules:11: param gclid is analytics"},
	{"origin-sees", "target contains \"a=2\"", true, NULL},
	{"origin-sees", "target matches /^\\/p\\?a=\\d$/", true, NULL},
	{"origin-sees", "Host: www.example.com", true, NULL},
	{"origin-sees", "Host: example.com", false, "www.example.com"},
	{"origin-sees", "Cookie: sid=1", true, NULL},
	{"origin-sees", "Cookie: sid=1; _ga=2", false, "dropped by d/site.rules:9: cookie _ga is analytics"},
	{"origin-sees", "Cookie: sid=2", false, "sid=1"},
	{"origin-sees", "Cookie:", false, "kept by d/site.rules:8"},
	{"origin-sees", "has Cookie: sid", true, NULL},
	{"origin-sees", "has Cookie: sid=1", true, NULL},
	{"origin-sees", "has Cookie: sid=2", false, "(no such cookie)"},
	{"origin-sees", "has Cookie: _ga", false, "dropped by d/site.rules:9"},
	{"origin-sees", "no Cookie: sid", false, "kept by d/site.rules:8"},
	{"origin-sees", "no Cookie", false, "Cookie: sid=1"},
	{"origin-sees", "Cookie contains \"sid\"", true, NULL},
	{"origin-sees", "Cookie contains \"_ga\"", false, "Cookie: sid=1"},
	{"origin-sees", "X-A: one", true, NULL},
	{"origin-sees", "x-a: two", true, NULL},
	{"origin-sees", "X-A: three", false, "X-A: two"},
	{"origin-sees", "X-B: one", false, "(no X-B)"},
	{"origin-sees", "has X-A", true, NULL},
	{"origin-sees", "no X-A: three", true, NULL},
	{"origin-sees", "no X-A: two", false, "X-A: two"},
	{"origin-sees", "X-A matches /^t/", true, NULL},
	{"origin-sees", "X-A matches /^z/", false, "X-A: one"},
	{"origin-sees", "no X-A matches /^t/", false, "X-A: two"},
	{"origin-sees", "body empty", true, NULL},
	{"origin-sees", "body \"x\"", false, "(no body)"},
	{"visitor-sees", "status 404", true, NULL},
	{"visitor-sees", "status 200", false, "status 404"},
	{"visitor-sees", "no status 404", false, "status 404"},
	{"visitor-sees", "Set-Cookie: sid=9; Path=/", true, NULL},
	{"visitor-sees", "Set-Cookie: sid=9", false, "Set-Cookie: sid=9; Path=/"},
	{"visitor-sees", "has Set-Cookie: sid", true, NULL},
	{"visitor-sees", "has Set-Cookie: sid=9", true, NULL},
	{"visitor-sees", "has Set-Cookie: sid=9; Path=/", true, NULL},
	{"visitor-sees", "has Set-Cookie: sid=9; Path=/x", false, "sid=9; Path=/"},
	{"visitor-sees", "has Set-Cookie: sid=8", false, "sid=9; Path=/"},
	{"visitor-sees", "no Set-Cookie: _ga", true, NULL}, /* its deletion does not count */
	{"visitor-sees", "no Set-Cookie: sid", false, "kept by d/site.rules:8"},
	{"visitor-sees", "expires _ga", true, NULL},
	{"visitor-sees", "no expires _ga", false, "expired by d/site.rules:9"},
	{"visitor-sees", "expires sid", false, "sid=; Max-Age=0; Domain=example.com; Path=/; Secure; Partitioned"},
	{"visitor-sees", "no expires sid", true, NULL},
	{"visitor-sees", "body unchanged", true, NULL},
	{"visitor-sees", "body \"ell\"", true, NULL},
	{"visitor-sees", "body \"bye\"", false, "hello\\n"},
	{"visitor-sees", "body is \"hello\\n\"", true, NULL},
	{"visitor-sees", "body is \"hello\"", false, "hello\\n"},
	{"visitor-sees", "body <<X\nhello\nX", true, NULL},
	{"visitor-sees", "body empty", false, "hello\\n"},
	{"visitor-sees", "body /^h/", true, NULL},
	{"verdict", "drop _ga", true, NULL},
	{"verdict", "drop cookie _ga by analytics at line 9", true, NULL},
	{"verdict", "drop set-cookie _ga by analytics at site.rules:9", true, NULL},
	{"verdict", "drop cookie _ga by analytics at te.rules:9", false, "drop _ga by analytics"},
	{"verdict", "drop cookie _ga by preferences", false, "drop _ga by analytics"},
	{"verdict", "drop cookie _ga at line 10", false, "cookie _ga is analytics"},
	{"verdict", "keep _ga", false, "drop _ga by analytics"},
	{"verdict", "keep nothing", false, "no verdict on it"},
	{"verdict", "expire _ga", true, NULL},
	{"verdict", "drop param gclid", true, NULL},
	{"verdict", "no drop param gclid", false, "drop gclid by analytics"},
	{"consent", "undecided", true, NULL},
	{"consent", "decided", false, "undecided"},
	{"consent", "granted none", true, NULL},
	{"consent", "granted analytics", false, "granted none"},
	{"consent", "no granted none", false, "granted none"},
	{"consent", "cookie absent", true, NULL},
	{"consent", "cookie good", false, "consent cookie"},
	{"consent", "opt-out denies none", true, NULL},
	{"consent", "opt-out denies analytics", false, "opt-out denies none"},
	{"consent", "signal denies analytics", false, "signal denies none"},
};

static void test_each_expectation(void **state)
{
	char test[1000];

	(void)state;
	for (size_t i = 0; i < CG_COUNT(expectations); i++) {
		struct ran x;

		snprintf(test, sizeof test, EXCHANGE "expect %s\n  %s\n", expectations[i].block, expectations[i].line);
		run(&x, test);
		assert_true(x.added);
		if ((x.n.passed == 1) != expectations[i].holds || x.n.passed + x.n.failed != 1)
			fail_msg("%s: %.*s", expectations[i].line, SLICE_ARG(buffer_slice(&x.text)));
		if (expectations[i].why) {
			assert_holds(&x.text, expectations[i].why);
			assert_holds(&x.text, "expected");
			assert_holds(&x.tap, "not ok 1 - t\n# d/x.test:");
		} else {
			assert_holds(&x.tap, "ok 1 - t\n");
		}
		ran_free(&x);
	}
}

static const char blocked[] = HEAD "request POST https://www.example.com/collect?x\n"
				   "expect origin not-called\n"
				   "expect visitor-sees\n  status 204\n  Cache-Control: no-store\n  body empty\n";

static void test_blocked(void **state)
{
	struct ran x;

	(void)state;
	run(&x, blocked);
	assert_int_equal(x.n.passed, 1);
	ran_free(&x);
	run(&x, HEAD "request POST https://www.example.com/collect?x\n"
		     "expect origin-sees\n  method POST\n  target /x\n");
	assert_int_equal(x.n.failed, 1);
	assert_holds(&x.text, "it is not called");
	assert_holds(&x.text, "blocked by d/site.rules:10: path /collect is analytics");
	ran_free(&x);
	run(&x, HEAD "request GET https://www.example.com/\nexpect origin not-called\n");
	assert_int_equal(x.n.failed, 1);
	assert_holds(&x.text, "expect origin not-called");
	assert_holds(&x.text, "it is called");
	ran_free(&x);
}

static void test_hints(void **state)
{
	static const struct {
		const char *rest;
		const char *why; /* NULL: it passes */
	} cases[] = {
		{"origin 103\n  Link: </a>; rel=preload\nexpect hints\n  Link: </a>; rel=preload\n", NULL},
		{"origin 103\n  Link: </a>; rel=preload\nexpect hints\n  Link: </b>\n", "Link: </a>; rel=preload"},
		{"origin 103\n  Link: </a>; rel=preload\nexpect no hints\n", "it gets some"},
		{"expect no hints\n", NULL},
		{"expect hints\n  no Link: </b>\n", "expect hints"},
		{"expect hints\n  Link: </b>\n", "it gets none"},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		char test[400];
		struct ran x;

		snprintf(test, sizeof test, HEAD "request GET https://www.example.com/\n%s", cases[i].rest);
		run(&x, test);
		assert_int_equal(x.n.passed, !cases[i].why);
		assert_int_equal(x.n.failed, cases[i].why != NULL);
		if (cases[i].why)
			assert_holds(&x.text, cases[i].why);
		ran_free(&x);
	}
}

/* given ..., what is resolved from it */
static const struct {
	const char *given, *consent;
} givens[] = {
	{"consent analytics", "decided\n  granted analytics\n  cookie good"},
	{"consent preferences analytics", "decided\n  granted all"},
	{"consent all", "decided\n  granted preferences analytics"},
	{"consent none", "decided\n  granted none\n  cookie good"},
	{"consent undecided", "undecided\n  cookie absent"},
	{"consent forged", "undecided\n  cookie forged"},
	{"consent forged analytics", "undecided\n  cookie forged"},
	{"consent expired", "undecided\n  cookie expired"},
	{"consent old-policy", "undecided\n  cookie old-policy"},
	{"consent other-site", "undecided\n  cookie forged"},
	{"consent malformed", "undecided\n  cookie malformed"},
	{"region US", "undecided\n  granted preferences"},
	{"region DE", "undecided\n  granted none"},
	{"consent analytics\ngiven site another.example", "decided\n  granted analytics"},
	{"consent analytics\nvisitor optout=1", "granted none\n  opt-out denies analytics"},
};

static void test_givens(void **state)
{
	char test[400];

	(void)state;
	for (size_t i = 0; i < CG_COUNT(givens); i++)
		for (int secure = 0; secure < 2; secure++) {
			struct ran x;

			snprintf(test, sizeof test,
				 HEAD "given %s\nrequest GET http%s://www.example.com/\nexpect consent\n  %s\n",
				 givens[i].given, secure ? "s" : "", givens[i].consent);
			run(&x, test);
			if (x.n.passed != 1)
				fail_msg("%s: %.*s", givens[i].given, SLICE_ARG(buffer_slice(&x.text)));
			ran_free(&x);
		}
}

/* Later givens of a case replace those of the file. */
static void test_defaults(void **state)
{
	struct ran x;

	(void)state;
	run(&x, "rules site.rules\ngiven consent analytics\ngiven region US\n"
		"test \"a\"\nrequest GET https://a.example/\nexpect consent\n  granted analytics\n"
		"test \"b\"\ngiven consent undecided\nrequest GET https://a.example/\nexpect consent\n  granted "
		"preferences\n"
		"test \"c\"\ngiven region DE\nrequest GET https://a.example/\nexpect consent\n  granted analytics\n");
	assert_int_equal(x.n.passed, 3);
	assert_int_equal(x.disk.loads, 2); /* the rules once */
	ran_free(&x);
}

static const struct {
	const char *test;
	unsigned line, column;
	const char *message;
} errors[] = {
	{"test \"t\"\nrequest GET https://a.example/\nexpect consent\n  granted none\n", 1, 1, "the test has no rules"},
	{"rules none.rules\n" HEAD "request GET https://a.example/\nexpect consent\n  decided\n", 2, 1, "named twice"},
	{"rules none.rules\ntest \"t\"\nrequest GET https://a.example/\nexpect consent\n  decided\n", 0, 0,
	 "does not exist"},
	{"rules broken.rules\ntest \"t\"\nrequest GET https://a.example/\nexpect consent\n  decided\n", 1, 1, "cokie"},
	{HEAD "given consent analytic\nrequest GET https://a.example/\nexpect consent\n  decided\n", 3, 15,
	 "unknown purpose \"analytic\""},
	{HEAD "request GET https://a.example/\nexpect verdict\n  drop x by a\n", 5, 13, "unknown purpose \"a\""},
	{HEAD "request GET https://a.example/\nexpect consent\n  granted a\n", 5, 11, "unknown purpose \"a\""},
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(errors); i++) {
		struct ran x;
		const struct diagnostic *d;

		run(&x, errors[i].test);
		assert_false(x.added);
		assert_true(x.d.n > 0);
		d = &x.d.v[0];
		if (d->at.line != errors[i].line || d->at.column != errors[i].column ||
		    slice_find(d->message, slice_str(errors[i].message)) == d->message.n)
			fail_msg("want %u:%u %s, got %u:%u %.*s", errors[i].line, errors[i].column, errors[i].message,
				 d->at.line, d->at.column, SLICE_ARG(d->message));
		ran_free(&x);
	}
}

static void test_rules_option_and_filter(void **state)
{
	struct ran x;

	(void)state;
	begin(&x, "rules none.rules\ntest \"one\"\nrequest GET https://a.example/\nexpect consent\n  undecided\n"
		  "test \"two\"\nrequest GET https://a.example/\nexpect consent\n  decided\n");
	x.options.rules = SLICE("site.rules");
	x.options.filter = SLICE("on");
	finish(&x);
	assert_int_equal(harness_count(&x.harness), 1);
	assert_int_equal(x.n.passed, 1);
	assert_int_equal(x.n.failed, 0);
	ran_free(&x);
}

static const struct ruleset *of_site(void *arg, struct slice host, struct slice *site)
{
	if (!slice_eq(host, SLICE("a.example")))
		return NULL;
	*site = SLICE("the-site");
	return arg;
}

static void test_rules_of_a_site(void **state)
{
	struct ran x;
	struct disk disk = {0};
	struct loader loader = {.arg = &disk, .load = load};
	struct diagnostics d;
	struct ruleset *rs;

	(void)state;
	diagnostics_init(&d);
	rs = ruleset_load(&loader, SLICE("site.rules"), &d);
	assert_non_null(rs);
	begin(&x, "test \"t\"\ngiven consent analytics\nrequest GET https://a.example/\nexpect consent\n  granted "
		  "analytics\n");
	x.options.site_rules = of_site;
	x.options.site_rules_arg = rs;
	finish(&x);
	assert_int_equal(x.n.passed, 1);
	ran_free(&x);
	begin(&x, "test \"t\"\nrequest GET https://b.example/\nexpect consent\n  undecided\n");
	x.options.site_rules = of_site;
	x.options.site_rules_arg = rs;
	finish(&x);
	assert_false(x.added);
	ran_free(&x);
	ruleset_free(rs);
	diagnostics_free(&d);
}

/* -- transports ---------------------------------------------------------------------------------------------------- */

static enum transport_result other_status(void *arg, const struct prepared *x, struct arena *arena, struct outcome *out,
					  struct slice *why)
{
	enum transport_result *result = arg;

	(void)x;
	(void)arena;
	out->visitor_saw.status = 418;
	*why = SLICE("because");
	return *result;
}

static void test_transport(void **state)
{
	enum transport_result result = TRANSPORT_OK;
	const struct transport transport = {.arg = &result, .play = other_status};
	static const char test[] = "rules site.rules\n"
				   "test \"a\"\nrequest GET https://a.example/\nexpect visitor-sees\n  status 418\n"
				   "test \"b\"\ngiven time 2026-01-01\nrequest GET https://a.example/\n"
				   "expect visitor-sees\n  status 418\n"
				   "test \"c\"\nrules site.rules\nrequest GET https://a.example/\n"
				   "expect visitor-sees\n  status 418\n";
	struct ran x;

	(void)state;
	for (result = TRANSPORT_OK; result <= TRANSPORT_FAILED; result++) {
		begin(&x, test);
		x.options.transport = &transport;
		finish(&x);
		assert_int_equal(x.n.passed, result == TRANSPORT_OK);
		assert_int_equal(x.n.broken, result == TRANSPORT_FAILED);
		assert_int_equal(x.n.skipped, result == TRANSPORT_SKIPPED ? 3 : 2);
		if (result == TRANSPORT_SKIPPED)
			assert_holds(&x.tap, "ok 1 - a # SKIP because\n");
		if (result == TRANSPORT_FAILED)
			assert_holds(&x.junit, "<error message=\"because\"/>");
		ran_free(&x);
	}
}

/* -- consent classes ----------------------------------------------------------------------------------------------- */

/* A crumbgate that lets a cookie pass whatever was granted. */
static enum transport_result leaks(void *arg, const struct prepared *x, struct arena *arena, struct outcome *out,
				   struct slice *why)
{
	(void)arg;
	(void)x;
	(void)arena;
	(void)why;
	return fields_add_id(&out->visitor_saw.fields, FIELD_SET_COOKIE, SLICE("_ga=1")) ? TRANSPORT_OK
											 : TRANSPORT_FAILED;
}

static void test_classes(void **state)
{
	const struct transport transport = {.play = leaks};
	static const char test[] = HEAD "visitor sid=1; _ga=2\nrequest GET https://www.example.com/p?gclid=1\nexpect "
					"visitor-sees\n  status 200\n";
	struct ran x;

	(void)state;
	begin(&x, test);
	x.options.all_classes = true;
	finish(&x);
	assert_int_equal(harness_count(&x.harness), 5);
	assert_int_equal(x.n.passed, 5);
	assert_holds(&x.tap, "ok 1 - t\nok 2 - t [all denied]\nok 3 - t [analytics denied]\n"
			     "ok 4 - t [preferences denied]\nok 5 - t [all granted]\n");
	ran_free(&x);
	begin(&x, test);
	x.options.all_classes = true;
	x.options.transport = &transport;
	finish(&x);
	assert_int_equal(x.n.passed, 3); /* the case itself, and where analytics is granted */
	assert_int_equal(x.n.failed, 2);
	assert_holds(&x.text, "failed  t [analytics denied]  (d/x.test:2)\n"
			      "        d/x.test:2: expect visitor-sees: nothing that needs analytics passes\n");
	assert_holds(&x.text, "needs analytics, by d/site.rules:9: cookie _ga is analytics");
	assert_holds(&x.tap,
		     "not ok 2 - t [all denied]\n# d/x.test:2: nothing that needs preferences analytics passes\n");
	assert_holds(&x.junit, "<testcase name=\"t [analytics denied]\"");
	ran_free(&x);
}

static void test_classes_observed(void **state)
{
	struct ran x;

	(void)state;
	begin(&x,
	      "rules observe.rules\ntest \"t\"\nrequest GET https://a.example/\nexpect visitor-sees\n  status 200\n");
	x.options.all_classes = true;
	finish(&x);
	assert_int_equal(harness_count(&x.harness), 2);
	assert_int_equal(x.n.skipped, 1);
	assert_holds(&x.tap, "ok 2 - t [all classes] # SKIP mode observe: nothing is held back\n");
	ran_free(&x);
}

/* -- coverage ------------------------------------------------------------------------------------------------------ */

static void on_uncovered(void *arg, const struct rule *rule)
{
	struct buffer *out = arg;

	report_uncovered(out, false, false, out->n == 0, rule);
	report_json_rule(out, true, rule);
}

static void test_coverage(void **state)
{
	struct coverage c;
	struct ran x;

	(void)state;
	begin(&x, "rules site.rules\n"
		  "test \"a\"\nvisitor sid=1; optout=1\nrequest GET https://a.example/?gclid=1\nexpect visitor-sees\n  "
		  "status 200\n"
		  "test \"b\"\ngiven region US\nrequest GET https://a.example/\n  Sec-GPC: 1\nexpect visitor-sees\n  "
		  "status 200\n"
		  "test \"c\"\nrules other.rules\nrequest GET https://a.example/\nexpect visitor-sees\n  status 200\n");
	x.options.coverage = true;
	x.options.all_classes = true; /* does not count */
	finish(&x);
	assert_true(x.added);
	buffer_clear(&x.text);
	assert_true(harness_coverage(&x.harness, &c, on_uncovered, &x.text));
	report_coverage(&x.text, true, &c);
	assert_holds(&x.text, "\nno case exercised:\n  d/site.rules:9: cookie _ga is analytics\n");
	assert_holds(&x.text, "{\"file\":\"d/site.rules\",\"line\":10,\"rule\":\"path /collect is analytics\"}");
	assert_holds(&x.text, "d/other.rules:2");
	assert_int_equal(c.all - c.exercised, 3);
	ran_free(&x);
}

/* -- reports ------------------------------------------------------------------------------------------------------- */

static const char failing[] =
	"rules site.rules\ntest \"<odd> & \\\"name\\\" #1 \\x01\\xFF\"\nvisitor sid=1; _ga=<2>; x=3\n"
	"request GET https://www.example.com/\n"
	"expect origin-sees\n  Cookie: sid=1; x=3\n  no Cookie: sid\n"
	"test \"fine\"\nrequest GET https://www.example.com/\nexpect origin-sees\n";

static void test_reports(void **state)
{
	struct harness_counts n;
	struct ran x;

	(void)state;
	run(&x, failing);
	assert_int_equal(x.n.failed, 1);
	assert_holds(&x.text, "failed  <odd> & \"name\" #1 \\x01\xFF  (d/x.test:2)\n"
			      "        d/x.test:6: expect origin-sees\n"
			      "            expected | actual\n"
			      "            sid=1    | sid=1\n"
			      "          > x=3      | \n"
			      "                     |   dropped: no rule names it\n"
			      "        d/x.test:7: expect origin-sees: no Cookie: sid\n");
	assert_holds(&x.text, "ok      fine\n");
	assert_holds(&x.tap, "not ok 1 - <odd> & \"name\" \\#1 \\x01\xFF\n"
			     "# d/x.test:6: Cookie: sid=1; x=3\n"
			     "#   expected: x=3\n"
			     "#   actual:   (nothing)\n"
			     "#   dropped: no rule names it\n");
	assert_holds(&x.tap, "ok 2 - fine\n");
	assert_holds(&x.json,
		     "{\"file\":\"d/x.test\",\"line\":2,\"name\":\"<odd> & \\\"name\\\" #1 \\u0001\xEF\xBF\xBD\","
		     "\"status\":\"failed\",\"failures\":[{\"expectation\":\"Cookie: sid=1; x=3\",\"line\":6,"
		     "\"differences\":[{\"expected\":\"x=3\",\"actual\":null,\"why\":\"dropped: no rule names it\"}]}");
	assert_holds(&x.junit,
		     "<testcase name=\"&lt;odd&gt; &amp; &quot;name&quot; #1 &#xFFFD;&#xFFFD;\" "
		     "classname=\"d/x.test\" file=\"d/x.test\" line=\"2\">\n"
		     "    <failure message=\"Cookie: sid=1; x=3\">line 6\nexpected: x=3\nactual:   (nothing)\n");
	assert_holds(&x.junit, "<testcase name=\"fine\" classname=\"d/x.test\" file=\"d/x.test\" line=\"8\"/>\n");
	n = x.n;
	buffer_clear(&x.text);
	report_text_summary(&x.text, false, &n);
	report_json_counts(&x.text, &n);
	report_junit_suite(&x.text, SLICE("a\"b"), &n, SLICE("cases\n"));
	report_tap_head(&x.text, 2);
	assert_holds(&x.text, "2 cases: 1 ok, 1 failed\n\"passed\":1,\"failed\":1,\"skipped\":0,\"broken\":0"
			      "<testsuite name=\"a&quot;b\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\">\n"
			      "cases\n</testsuite>\n1..2\n");
	ran_free(&x);
}

/* What is too long for two columns stands one below the other. */
static void test_long_values(void **state)
{
	struct ran x;

	(void)state;
	run(&x, HEAD "visitor sid=0123456789012345678901234567890123456789012345678901234567890123456789\n"
		     "request GET https://www.example.com/\nexpect origin-sees\n"
		     "  Cookie: sid=x123456789012345678901234567890123456789012345678901234567890123456789\n");
	assert_int_equal(x.n.failed, 1);
	assert_holds(&x.text, "            expected  sid=x1234");
	assert_holds(&x.text, "            actual    (nothing)\n");
	assert_holds(&x.text, "            actual    sid=01234");
	ran_free(&x);
}

/* Order and copies count in a list of cookies. */
static const struct {
	const char *visitor, *expected;
	bool holds;
} lists[] = {
	{"sid=1; sid=2", "sid=1; sid=2", true},	 {"sid=1; sid=2", "sid=2; sid=1", false},
	{"sid=1; sid=1", "sid=1", false},	 {"sid=1", "sid=1; sid=1", false},
	{"sid=1; sid=2", "sid=1;sid=2;", true},	 {"sid=a b", "sid=a b", true},
	{"sid=1; sid=2; sid=3", "sid=3", false}, {"sid=\"a;sid=b\"", "sid=\"a; sid=b\"", true},
};

static void test_cookie_lists(void **state)
{
	char test[400];

	(void)state;
	for (size_t i = 0; i < CG_COUNT(lists); i++) {
		struct ran x;

		snprintf(test, sizeof test,
			 HEAD "visitor %s\nrequest GET https://a.example/\nexpect origin-sees\n  Cookie: %s\n",
			 lists[i].visitor, lists[i].expected);
		run(&x, test);
		if ((x.n.passed == 1) != lists[i].holds)
			fail_msg("%s", test);
		ran_free(&x);
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct ran x;

		run(&x, failing);
		alloc_fault_end();
		assert_int_equal(x.n.passed + x.n.failed + x.n.broken, x.added ? 2 : 0);
		if (!x.added)
			assert_false(diagnostics_ok(&x.d) && x.harness.scratch);
		ran_free(&x);
	}
	assert_true(alloc_fault_total() > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_expectation),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_givens),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_rules_option_and_filter),
		cmocka_unit_test(test_rules_of_a_site),
		cmocka_unit_test(test_transport),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_classes_observed),
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_long_values),
		cmocka_unit_test(test_cookie_lists),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
