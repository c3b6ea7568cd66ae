/* The format of test files: what is read, and where and what is complained about. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rules/harness/parse.h"
#include "rules/harness/test_file.h"
#include "tests/support/alloc_fault.h"

struct parsed {
	struct test_file file;
	struct diagnostics d;
	bool ok;
};

static void parse(struct parsed *p, const char *text)
{
	diagnostics_init(&p->d);
	p->ok = test_file_parse(SLICE("dir/x.test"), slice_str(text), &p->file, &p->d);
}

static void parsed_free(struct parsed *p)
{
	test_file_free(&p->file);
	diagnostics_free(&p->d);
}

static void assert_slice(struct slice got, const char *want)
{
	if (!slice_eq(got, slice_str(want)))
		fail_msg("got \"%.*s\", want \"%s\"", SLICE_ARG(got), want);
}

/* The shortest case without an error, for what is wrong elsewhere. */
#define REQUEST "request GET https://www.example.com/\n"
#define CASE	"test \"t\"\n" REQUEST
#define EXPECT	"expect visitor-sees\n  status 200\n"

static const char whole[] = "\xEF\xBB\xBF# a comment\r\n"
			    "rules ../the.rules\r\n"
			    "given region US\n"
			    "\n"
			    "test \"an \\\"odd\\\" name \\x41\\\\\"\n"
			    "given consent analytics preferences\n"
			    "given time 2026-03-01T01:02:03Z\n"
			    "visitor optout=1; a={\"b\"}\n"
			    "request POST http://www.Example.com:8080/p?q=1#f\n"
			    "  # not a field\n"
			    "  Cookie: PHPSESSID=1; _ga=GA1.2.3\n"
			    "\tX-Empty:\n"
			    "  <<BODY\n"
			    "# part of the body\n"
			    "  BODYx\n"
			    "BODY\n"
			    "origin 103 Early\n"
			    "  Link: </a>\n"
			    "origin 404 Not Here\n"
			    "  Set-Cookie: _fbp=fb.1; Path=/\n"
			    "expect origin-sees\n"
			    "  Cookie: PHPSESSID=1; optout=1\n"
			    "expect visitor-sees\n"
			    "  no Set-Cookie: _fbp\n"
			    "  body \"<p>hi\"\n";

static void test_whole_case(void **state)
{
	struct parsed p;
	struct test_case *c;

	(void)state;
	parse(&p, whole);
	assert_true(p.ok);
	assert_int_equal(p.file.n_cases, 1);
	c = p.file.first;
	assert_slice(c->name, "an \"odd\" name A\\");
	assert_int_equal(c->at.line, 5);
	assert_slice(c->rules, "the.rules");
	assert_slice(c->given.region, "US");
	assert_int_equal(c->given.time, 1772326923);
	assert_int_equal(c->given.consent, GIVEN_VALID);
	assert_slice(c->given.granted.first->name, "analytics");
	assert_slice(c->given.granted.first->next->name, "preferences");
	assert_slice(c->visitor, "optout=1; a={\"b\"}");
	assert_slice(c->request.method, "POST");
	assert_false(c->request.secure);
	assert_slice(c->request.target, "/p?q=1");
	assert_slice(c->request.host, "www.example.com");
	assert_int_equal(c->request.port, 8080);
	assert_int_equal(c->request.fields.n, 2);
	assert_slice(c->request.fields.v[0].value, "PHPSESSID=1; _ga=GA1.2.3");
	assert_slice(c->request.fields.v[1].value, "");
	assert_slice(c->request_body, "# part of the body\n  BODYx\n");
	assert_true(c->has_hints);
	assert_int_equal(c->hints.status, 103);
	assert_slice(c->hints.reason, "Early");
	assert_slice(c->hints.fields.v[0].value, "</a>");
	assert_int_equal(c->origin.status, 404);
	assert_slice(c->origin.reason, "Not Here");
	assert_int_equal(c->origin.fields.n, 1);
	assert_null(c->origin_body.p);
	parsed_free(&p);
}

/* One line of a block, and what becomes of it. */
static const struct {
	const char *block, *line;
	enum expect_what what;
	enum expect_how how;
	bool negative;
	const char *name, *value;
} lines[] = {
	{"origin-sees", "Cookie: a=1; b=2", EXPECT_FIELD, HOW_IS, false, "Cookie", "a=1; b=2"},
	{"origin-sees", "no Cookie", EXPECT_FIELD, HOW_HAS, true, "Cookie", ""},
	{"origin-sees", "no Cookie: _ga", EXPECT_FIELD, HOW_HAS, true, "Cookie", "_ga"},
	{"origin-sees", "has Cookie: a=1", EXPECT_FIELD, HOW_HAS, false, "Cookie", "a=1"},
	{"origin-sees", "has X-Y", EXPECT_FIELD, HOW_HAS, false, "X-Y", ""},
	{"origin-sees", "has: 1", EXPECT_FIELD, HOW_IS, false, "has", "1"},
	{"origin-sees", "no: 1", EXPECT_FIELD, HOW_IS, false, "no", "1"},
	{"origin-sees", "X-Y contains \"z\\t\"", EXPECT_FIELD, HOW_CONTAINS, false, "X-Y", "z\t"},
	{"origin-sees", "X-Y: contains \"z\"", EXPECT_FIELD, HOW_CONTAINS, false, "X-Y", "z"},
	{"origin-sees", "no X-Y contains \"z\"", EXPECT_FIELD, HOW_CONTAINS, true, "X-Y", "z"},
	{"origin-sees", "X-Y matches /^z+$/i", EXPECT_FIELD, HOW_MATCHES, false, "X-Y", ""},
	{"origin-sees", "X-Y is \"\"", EXPECT_FIELD, HOW_IS, false, "X-Y", ""},
	{"origin-sees", "X-Y: contains z", EXPECT_FIELD, HOW_IS, false, "X-Y", "contains z"},
	{"origin-sees", "Location: /new/", EXPECT_FIELD, HOW_IS, false, "Location", "/new/"},
	{"origin-sees", "X-Y:", EXPECT_FIELD, HOW_IS, false, "X-Y", ""},
	{"origin-sees", "method GET", EXPECT_METHOD, HOW_IS, false, "", "GET"},
	{"origin-sees", "target /p?x=a b", EXPECT_TARGET, HOW_IS, false, "", "/p?x=a b"},
	{"origin-sees", "no target contains \"gclid\"", EXPECT_TARGET, HOW_CONTAINS, true, "", "gclid"},
	{"origin-sees", "target: /x", EXPECT_FIELD, HOW_IS, false, "target", "/x"},
	{"origin-sees", "body empty", EXPECT_BODY, HOW_IS, false, "", ""},
	{"visitor-sees", "body unchanged", EXPECT_BODY, HOW_UNCHANGED, false, "", ""},
	{"visitor-sees", "body is \"x\\n\"", EXPECT_BODY, HOW_IS, false, "", "x\n"},
	{"visitor-sees", "body <<E\nx\n y\nE", EXPECT_BODY, HOW_IS, false, "", "x\n y\n"},
	{"visitor-sees", "no body <<E\nE", EXPECT_BODY, HOW_IS, true, "", ""},
	{"visitor-sees", "body /x y/", EXPECT_BODY, HOW_MATCHES, false, "", ""},
	{"visitor-sees", "expires _ga", EXPECT_EXPIRES, HOW_IS, false, "_ga", ""},
	{"visitor-sees", "no expires _ga", EXPECT_EXPIRES, HOW_IS, true, "_ga", ""},
	{"visitor-sees", "Set-Cookie: a=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", EXPECT_FIELD, HOW_IS, false,
	 "Set-Cookie", "a=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"},
	{"hints", "no Link contains \"x\"", EXPECT_FIELD, HOW_CONTAINS, true, "Link", "x"},
	{"consent", "undecided", EXPECT_DECIDED, HOW_IS, true, "", ""},
	{"consent", "no undecided", EXPECT_DECIDED, HOW_IS, false, "", ""},
	{"consent", "granted none", EXPECT_GRANTED, HOW_IS, false, "", ""},
	{"consent", "cookie old-policy", EXPECT_TOKEN, HOW_IS, false, "", ""},
	{"consent", "opt-out denies a b", EXPECT_OPT_OUT_DENIES, HOW_IS, false, "", ""},
	{"consent", "signal denies none", EXPECT_SIGNAL_DENIES, HOW_IS, false, "", ""},
	{"verdict", "drop _ga", EXPECT_DECISION, HOW_IS, false, "_ga", ""},
	{"verdict", "drop cookie", EXPECT_DECISION, HOW_IS, false, "cookie", ""},
	{"verdict", "drop cookie by x", EXPECT_DECISION, HOW_IS, false, "cookie", ""},
	{"verdict", "no keep param gclid by a b at line 7", EXPECT_DECISION, HOW_IS, true, "gclid", ""},
	{"verdict", "block path /collect at x/m.rules:7", EXPECT_DECISION, HOW_IS, false, "/collect", ""},
};

static void test_expectations(void **state)
{
	char text[400];

	(void)state;
	for (size_t i = 0; i < CG_COUNT(lines); i++) {
		struct parsed p;
		struct expectation *e;

		snprintf(text, sizeof text, CASE "expect %s\n  %s\n", lines[i].block, lines[i].line);
		parse(&p, text);
		if (!p.ok)
			fail_msg("%s: %.*s", lines[i].line, SLICE_ARG(p.d.v[0].message));
		e = p.file.first->first;
		if (e->what == EXPECT_CALLED || e->what == EXPECT_HINTED)
			e = e->next;
		assert_int_equal(e->what, lines[i].what);
		assert_int_equal(e->how, lines[i].how);
		if (e->negative != lines[i].negative)
			fail_msg("%s: negative", lines[i].line);
		assert_slice(e->name, lines[i].name);
		assert_slice(e->value, lines[i].value);
		assert_int_equal(e->pattern != NULL, e->how == HOW_MATCHES);
		assert_null(e->next);
		parsed_free(&p);
	}
}

static void test_verdict_details(void **state)
{
	struct parsed p;
	struct expected_verdict *v;

	(void)state;
	parse(&p, CASE "expect verdict\n  no keep param gclid by a b at line 7\n  block path /c at x/m.rules:8\n");
	assert_true(p.ok);
	v = &p.file.first->first->verdict;
	assert_int_equal(v->kind, VERDICT_KEEP);
	assert_false(v->any_subject);
	assert_int_equal(v->subject, SUBJECT_PARAM);
	assert_slice(v->of.first->next->name, "b");
	assert_null(v->of.first->next->next);
	assert_int_equal(v->line, 7);
	v = &p.file.first->first->next->verdict;
	assert_int_equal(v->kind, VERDICT_BLOCK);
	assert_true(v->any_purpose);
	assert_slice(v->file, "x/m.rules");
	assert_int_equal(v->line, 8);
	parsed_free(&p);
}

static void test_verdicts_of_pages(void **state)
{
	static const struct {
		const char *line, *name;
		enum verdict_kind kind;
		enum verdict_subject subject;
	} verdicts[] = {
		{"inert beacon https://t.example/x.js", "https://t.example/x.js", VERDICT_INERT, SUBJECT_BEACON},
		{"replace beacon \"iframe[src]\" by a", "iframe[src]", VERDICT_REPLACE, SUBJECT_BEACON},
		{"drop header https://t.example/", "https://t.example/", VERDICT_DROP, SUBJECT_HEADER},
		{"inject html \"before \\\"p > a\\\"\" at line 3", "before \"p > a\"", VERDICT_INJECT, SUBJECT_HTML},
		{"block page https://www.example.com/", "https://www.example.com/", VERDICT_BLOCK, SUBJECT_PAGE},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(verdicts); i++) {
		const struct expectation *e;
		struct parsed p;
		char text[512];

		snprintf(text, sizeof text, CASE "expect verdict\n  %s\n", verdicts[i].line);
		parse(&p, text);
		assert_true(p.ok);
		e = p.file.first->first;
		assert_slice(e->name, verdicts[i].name);
		assert_int_equal(e->verdict.kind, verdicts[i].kind);
		assert_int_equal(e->verdict.subject, verdicts[i].subject);
		parsed_free(&p);
	}
}

static const struct {
	const char *text;
	unsigned line, column;
	const char *message;
} errors[] = {
	{"", 0, 0, "the file holds no test"},
	{"# nothing\n", 0, 0, "the file holds no test"},
	{"test t\n" REQUEST EXPECT, 1, 6, "a quoted text is missing"},
	{"test \"t\n" REQUEST EXPECT, 1, 6, "does not end"},
	{"test \"\"\n" REQUEST EXPECT, 1, 1, "no name"},
	{"test \"a\\q\"\n" REQUEST EXPECT, 1, 8, "unknown escape"},
	{"test \"a\" b\n" REQUEST EXPECT, 1, 10, "\"b\" is too much"},
	{"test \"a\" # b\n" REQUEST EXPECT, 1, 10, "is too much"},
	{"visitor a=1\n" CASE EXPECT, 1, 1, "visitor before the first test"},
	{"table\n" CASE EXPECT, 1, 1, "table before the first test"},
	{"  a\n" CASE EXPECT, 1, 3, "belongs to nothing"},
	{"rules\n" CASE EXPECT, 1, 1, "rules file is missing"},
	{"rules a\nrules b\n" CASE EXPECT, 2, 1, "rules are named twice"},
	{"test \"t\"\n" EXPECT, 1, 1, "no request"},
	{CASE, 1, 1, "expects nothing"},
	{CASE "requst GET /\n" EXPECT, 3, 1, "did you mean \"request\"?"},
	{CASE REQUEST EXPECT, 3, 1, "a second request"},
	{CASE "visitor a=1\nvisitor b=1\n" EXPECT, 4, 1, "a second visitor"},
	{CASE "visitor\n" EXPECT, 3, 1, "carries nothing"},
	{CASE "origin 200\norigin 200\n" EXPECT, 4, 1, "a second origin"},
	{CASE "origin 103\norigin 103\n" EXPECT, 4, 1, "a second origin 103"},
	{CASE "origin 103\n  <<B\nB\n" EXPECT, 4, 3, "hints have no body"},
	{CASE "origin 102\n" EXPECT, 3, 8, "none (103, or 200 to 599)"},
	{CASE "expect hints\n  status 103\n", 4, 3, "belongs to \"expect visitor-sees\""},
	{CASE "expect hints\n  target /\n", 4, 3, "belongs to \"expect origin-sees\""},
	{CASE "expect no hint\n", 3, 11, "cannot be expected to be missing"},
	{CASE "expect no hints x\n", 3, 17, "is too much"},
	{CASE "origin not-called\n" EXPECT, 3, 8, "status is missing"},
	{CASE "origin 600\n" EXPECT, 3, 8, "status is missing"},
	{CASE "origin 100\n" EXPECT, 3, 8, "status is missing"},
	{"test \"t\"\nrequest GET\n" EXPECT, 2, 1, "a method and an address"},
	{"test \"t\"\nrequest GET /x\n" EXPECT, 2, 13, "not the address of a web page"},
	{"test \"t\"\nrequest G(T https://a.example/\n" EXPECT, 2, 9, "not a method"},
	{"test \"t\"\nrequest GET https://a.example/ x\n" EXPECT, 2, 32, "\"x\" is too much"},
	{CASE "  Host: x\n" EXPECT, 3, 3, "the host is that of"},
	{CASE "  content-length: 3\n" EXPECT, 3, 3, "framing is made by"},
	{CASE "  a b: 3\n" EXPECT, 3, 3, "this is not a field"},
	{CASE "  <<A\nA\n  <<B\nB\n" EXPECT, 5, 3, "a second body"},
	{CASE "  <<A\n" EXPECT, 3, 3, "not closed: no line is \"A\""},
	{CASE "given\n" EXPECT, 3, 1, "nothing is given"},
	{CASE "given regin US\n" EXPECT, 3, 7, "did you mean \"region\"?"},
	{CASE "given region us\n" EXPECT, 3, 14, "region is missing or is none"},
	{CASE "given region US-\n" EXPECT, 3, 14, "region is missing or is none"},
	{CASE "given time 2026-02-29\n" EXPECT, 3, 12, "time is missing or is none"},
	{CASE "given time\n" EXPECT, 3, 1, "time is missing or is none"},
	{CASE "given site\n" EXPECT, 3, 1, "site is missing"},
	{CASE "given consent\n" EXPECT, 3, 1, "a purpose is missing"},
	{CASE "given consent undecided x\n" EXPECT, 3, 25, "\"x\" is too much"},
	{CASE "given consent none x\n" EXPECT, 3, 20, "\"x\" is too much"},
	{CASE "given consent a\ngiven consent b\n" EXPECT, 4, 1, "consent is given twice"},
	{CASE "expect\n", 3, 1, "cannot be expected"},
	{CASE "expect origin-see\n", 3, 8, "did you mean \"origin-sees\"?"},
	{CASE "expect origin called\n", 3, 15, "cannot be expected of the origin"},
	{CASE "expect visitor-sees x\n", 3, 21, "\"x\" is too much"},
	{CASE "expect origin-sees\n  target\n", 4, 3, "the value is missing"},
	{CASE "expect origin-sees\n  target \"/\"\n", 4, 10, "a target begins with a slash"},
	{CASE "expect origin-sees\n  no target gclid\n", 4, 13, "a target begins with a slash"},
	{CASE "expect visitor-sees\n  status\n", 4, 3, "status is missing"},
	{CASE "expect visitor-sees\n  status 99\n", 4, 10, "status is missing or is none"},
	{CASE "expect visitor-sees\n  target /\n", 4, 3, "target belongs to \"expect origin-sees\""},
	{CASE "expect origin-sees\n  status 200\n", 4, 3, "status belongs to \"expect visitor-sees\""},
	{CASE "expect origin-sees\n  target\n", 4, 3, "value is missing"},
	{CASE "expect origin-sees\n  Cookie\n", 4, 3, "it is not said what must be"},
	{CASE "expect origin-sees\n  Cookie a=1\n", 4, 10, "does not fit behind the name"},
	{CASE "expect origin-sees\n  no Cookie a=1\n", 4, 13, "does not fit behind the name"},
	{CASE "expect origin-sees\n  X matches /(/\n", 4, 14, "regular expression is wrong"},
	{CASE "expect origin-sees\n  X matches /a\n", 4, 13, "regular expression is missing"},
	{CASE "expect origin-sees\n  X contains \"a\n", 4, 14, "does not end"},
	{CASE "expect visitor-sees\n  expires\n", 4, 3, "cookie is missing"},
	{CASE "expect visitor-sees\n  body x\n", 4, 8, "a quoted text is missing"},
	{CASE "expect verdict\n  dropped _ga\n", 4, 3, "is not a verdict"},
	{CASE "expect verdict\n  drop\n", 4, 3, "name is missing"},
	{CASE "expect verdict\n  drop _ga at line x\n", 4, 20, "line is missing or is none"},
	{CASE "expect verdict\n  drop _ga because\n", 4, 12, "does not fit here"},
	{CASE "expect verdict\n  inret beacon x\n", 4, 3, "did you mean \"inert\"?"},
	{CASE "expect verdict\n  inert becon https://t.example/x.js\n", 4, 9, "did you mean \"beacon\"?"},
	{CASE "expect verdict\n  inject html \"before\n", 4, 15, "does not end"},
	{CASE "expect consent\n  given a\n", 4, 3, "nothing that consent has"},
	{CASE "expect consent\n  cookie fine\n", 4, 10, "state of the consent cookie"},
	{CASE "expect consent\n  opt-out\n", 4, 3, "\"denies\" is missing"},
	{CASE EXPECT "table\n", 5, 1, "the table has no rows"},
	{CASE EXPECT "table\n  a\n", 5, 1, "the table has no rows"},
	{CASE EXPECT "table x\n  a\n  b\n", 5, 7, "\"x\" is too much"},
	{CASE EXPECT "table\n  a | a\n  b | c\n", 6, 3, "two columns are named \"a\""},
	{CASE EXPECT "table\n  a | \n  b | c\n", 6, 3, "column 2 has no name"},
	{CASE EXPECT "table\n  a\n  b | c\n", 7, 3, "the row has 2 cells, the table 1 column"},
	{CASE EXPECT "table\n  a\n  b\ntable\n  a\n  b\n", 8, 1, "a second table"},
	{"test \"{a}\"\n" REQUEST EXPECT "table\n  a\n  b\ntable\n", 8, 1, "a second table"},
	{CASE "\x01" EXPECT, 3, 1, "control octet (01"},
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(errors); i++) {
		struct parsed p;
		const struct diagnostic *x;
		struct slice want = slice_str(errors[i].message);

		parse(&p, errors[i].text);
		assert_false(p.ok);
		x = &p.d.v[0];
		if (p.d.errors == 0 || x->at.line != errors[i].line || x->at.column != errors[i].column ||
		    slice_find(x->message, want) == x->message.n)
			fail_msg("%s\nwant %u:%u: %s\ngot  %u:%u: %.*s", errors[i].text, errors[i].line,
				 errors[i].column, errors[i].message, x->at.line, x->at.column, SLICE_ARG(x->message));
		parsed_free(&p);
	}
}

/* One pass tells them all. */
static void test_all_errors_at_once(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "rles x\ntest \"a\"\nrequest GET nowhere\norigin 20\nexpect visitor-sees\n  status x\ntest b\n");
	assert_int_equal(p.d.errors, 7);
	assert_int_equal(p.d.v[0].at.line, 1);
	assert_int_equal(p.d.v[1].at.line, 3);
	assert_int_equal(p.d.v[2].at.line, 4);
	assert_int_equal(p.d.v[3].at.line, 6);
	assert_int_equal(p.d.v[4].at.line, 7);
	parsed_free(&p);
}

static void test_table(void **state)
{
	struct parsed p;
	struct test_case *c;

	(void)state;
	parse(&p, "test \"{cookie} goes\"\nvisitor {cookie}={value}; {other}=1\n" REQUEST "  <<B\n{value}\nB\n" EXPECT
		  "table\n  | cookie | value |\n  | _ga | 1 |\n  | odd | a\\|{b} |\n  | | |\n");
	assert_true(p.ok);
	assert_int_equal(p.file.n_cases, 3);
	c = p.file.first;
	assert_slice(c->name, "_ga goes");
	assert_slice(c->visitor, "_ga=1; {other}=1");
	assert_slice(c->request_body, "1\n");
	c = c->next;
	assert_slice(c->name, "odd goes");
	assert_slice(c->visitor, "odd=a|{b}; {other}=1");
	c = c->next;
	assert_slice(c->name, " goes");
	assert_slice(c->visitor, "=; {other}=1");
	parsed_free(&p);
}

static void test_table_names_and_columns(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, CASE EXPECT "table\n  status | unused\n  200 | x\n  404 | y\n");
	assert_true(p.ok);
	assert_slice(p.file.first->name, "t [200 | x]");
	assert_slice(p.file.first->next->name, "t [404 | y]");
	assert_int_equal(p.d.warnings, 2);
	parsed_free(&p);
}

/* What is wrong in every row is told once, what is wrong in one row by that row's text. */
static void test_table_errors(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, CASE "bogus\nexpect visitor-sees\n  status {s}\ntable\n  s\n  200\n  abc\n  404\n  x\n");
	assert_int_equal(p.d.errors, 3);
	assert_int_equal(p.d.v[0].at.line, 3);
	assert_int_equal(p.d.v[1].at.line, 5);
	assert_slice(p.d.v[1].at.source, "  status abc");
	assert_slice(p.d.v[2].at.source, "  status x");
	parsed_free(&p);
}

static const struct {
	const char *text;
	int64_t time; /* -1: none */
} times[] = {
	{"1970-01-01", 0},
	{"2026-01-01", 1767225600},
	{"2024-02-29T23:59", 1709251140},
	{"2026-03-01T12:00:01Z", 1772366401},
	{"9999-12-31T23:59:59", 253402300799},
	{"1969-12-31", -1},
	{"2026-13-01", -1},
	{"2026-00-01", -1},
	{"2026-01-00", -1},
	{"2026-04-31", -1},
	{"2100-02-29", -1},
	{"2026-1-1", -1},
	{"2026-01-01T", -1},
	{"2026-01-01T24:00", -1},
	{"2026-01-01T00:60", -1},
	{"2026-01-01T00:00:", -1},
	{"2026-01-01Z", -1},
	{"2026-01-01T00:00Zx", -1},
	{"", -1},
};

static void test_times(void **state)
{
	(void)state;
	for (size_t i = 0; i < CG_COUNT(times); i++) {
		int64_t t = -1;
		bool ok = time_parse(slice_str(times[i].text), &t);

		if (ok != (times[i].time >= 0) || (ok && t != times[i].time))
			fail_msg("%s: %lld", times[i].text, (long long)t);
	}
}

static void test_too_large(void **state)
{
	static char text[TEST_FILE_MAX + 1];
	struct parsed p;

	(void)state;
	memset(text, '\n', sizeof text);
	diagnostics_init(&p.d);
	assert_false(test_file_parse(SLICE("x"), slice_of(text, sizeof text), &p.file, &p.d));
	assert_slice(p.d.v[0].message, "the file is larger than 4 MB");
	parsed_free(&p);
	diagnostics_init(&p.d);
	assert_false(test_file_parse(SLICE("x"), slice_of(text, sizeof text - 1), &p.file, &p.d));
	assert_slice(p.d.v[0].message, "the file holds no test");
	parsed_free(&p);
}

/* A table times a long case must end, with a message, within the memory it may have. */
static void test_table_explosion(void **state)
{
	const size_t n = 20000;
	struct buffer text;
	struct parsed p;

	(void)state;
	buffer_init(&text, TEST_FILE_MAX);
	buffer_add_str(&text, CASE "expect origin-sees\n");
	for (size_t i = 0; i < n; i++)
		buffer_add_str(&text, "  no Cookie: {a}\n");
	buffer_add_str(&text, "table\n  a\n");
	for (size_t i = 0; i < n; i++)
		buffer_add_str(&text, "  x\n");
	diagnostics_init(&p.d);
	assert_false(test_file_parse(SLICE("x"), buffer_slice(&text), &p.file, &p.d));
	assert_int_equal(p.d.errors, 1);
	parsed_free(&p);
	buffer_free(&text);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct parsed p;

		parse(&p, whole);
		alloc_fault_end();
		if (p.ok)
			assert_int_equal(p.file.n_cases, 1);
		parsed_free(&p);
	}
	assert_true(alloc_fault_total() > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_case),	cmocka_unit_test(test_expectations),
		cmocka_unit_test(test_verdict_details), cmocka_unit_test(test_verdicts_of_pages),
		cmocka_unit_test(test_errors),		cmocka_unit_test(test_all_errors_at_once),
		cmocka_unit_test(test_table),		cmocka_unit_test(test_table_names_and_columns),
		cmocka_unit_test(test_table_errors),	cmocka_unit_test(test_times),
		cmocka_unit_test(test_too_large),	cmocka_unit_test(test_table_explosion),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
