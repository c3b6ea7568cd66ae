/* What a response may set at the visitor, what is expired there, and what caches are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/http/set_cookie.h"
#include "tests/support/decide_fixture.h"

#define RULES                                                                         \
	"purpose analytics\n"                                                         \
	"purpose advertising\n"                                                       \
	"opt-out cookie optout=1 denies analytics advertising\n"                      \
	"cookie SID is necessary\n"                                                   \
	"cookie _ga is analytics\n"                                                   \
	"cookie _fbp is advertising max-age 90d secure samesite lax\n"                \
	"cookie __Host-t __Secure-t __Http-t __Host-Http-t __hOST-u is advertising\n" \
	"cookie hard is necessary httponly\n"

static const char rules_text[] = RULES;

/* What of the origin's Set-Cookie reaches the visitor. NULL: nothing; the very same if `out` is "=". */
static const struct {
	const char *granted;
	const char *in;
	const char *out;
} set_cookies[] = {
	{"", "SID=1; Path=/; HttpOnly", "="},
	{"", "SID={\"a\":1} ,~|:; path=/;;HTTPONLY ; Odd=x", "="},
	{"", "SID=", "="},
	{"", "SID", NULL}, /* nameless */
	{"", "_ga=GA1.2; Domain=.example.com", NULL},
	{"analytics", "_ga=GA1.2; Domain=.example.com", "="},
	{"", " _ga = 1", NULL},
	{"", "_GA=1", NULL}, /* no rule names it */
	{"analytics advertising", "_GA=1", "="},
	{"analytics advertising", "=1", "="},
	{"", "=1", NULL},
	{"", "", NULL},
	/* A nameless cookie comes back under the name that its value begins with. */
	{"", "=_ga=1", NULL},
	{"analytics", "=_fbp=1", NULL},
	{"", "=SID=1", "="},
	{"", "=crumb-consent=1", NULL},
	/* crumbgate's own cookie is no business of the origin's; the opt-out is the site's. */
	{"analytics advertising", "crumb-consent=1", NULL},
	{"analytics advertising", "__Host-crumb-consent=1; Path=/; Secure", NULL},
	{"analytics advertising", "__HOST-CRUMB-CONSENT=; Max-Age=0", NULL},
	{"", "optout=1; Max-Age=34560000", "="},
	{"", "optout=; Max-Age=0", "="},
	/* Limits. */
	{"advertising", "_fbp=1; Max-Age=7776000; Secure; SameSite=Lax", "="},
	{"advertising", "_fbp=1; Max-Age=7776001", "_fbp=1; Max-Age=7776000; Secure; SameSite=Lax"},
	{"", "hard=1", "hard=1; HttpOnly"},
	/* A deletion only removes, so it passes, but with nothing in it. */
	{"", "_ga=; Max-Age=0; Domain=example.com", "="},
	{"", "_ga=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "="},
	{"", "_ga=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0; path=/",
	 "_ga=; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0; path=/"},
	{"", "_ga =user42; Max-Age=-1", "_ga=; Max-Age=-1"},
	{"analytics", "_ga=deleted; Max-Age=0", "="},
	{"", "_ga=; Max-Age=1", NULL},
	{"", "_ga=; Max-Age=0; Max-Age=100", NULL},
	{"", "_ga=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=100", NULL},
	{"", "_ga=; Expires=Fri, 01 Jan 2100 00:00:00 GMT", NULL},
	{"", "_ga=; Max-Age=x", NULL},
	{"", "=user42; Max-Age=0", NULL},
};

static void test_set_cookies(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, rules_text);
	for (size_t i = 0; i < CG_COUNT(set_cookies); i++) {
		const char *in = set_cookies[i].in, *out = set_cookies[i].out;
		struct slice value;

		fixture_request(&f, "/", "");
		fixture_grant(&f, set_cookies[i].granted);
		fixture_decide_request(&f);
		fixture_response(&f, 200, "Content-Type: text/html\n");
		assert_true(fields_add_id(&f.response.fields, FIELD_SET_COOKIE, slice_str(in)));
		fixture_decide_response(&f);
		if (f.response.fields.n != (out ? 2 : 1))
			fail_msg("case %zu: %s", i, in);
		if (!out)
			continue;
		value = f.response.fields.v[1].value;
		assert_true(slice_eq(value, slice_str(strcmp(out, "=") == 0 ? in : out)));
		if (strcmp(out, "=") == 0)
			assert_ptr_equal(value.p, in); /* not even copied */
	}
	fixture_close(&f);
}

/* Every status, and interim responses: these get nothing added. */
static void test_statuses(void **state)
{
	static const unsigned statuses[] = {100, 103, 101, 200, 204, 301, 304, 404, 500};
	struct fixture f;

	(void)state;
	fixture_open(&f, RULES "inject cookie vid=1 is necessary\n");
	for (size_t i = 0; i < CG_COUNT(statuses); i++) {
		bool interim = statuses[i] < 200 && statuses[i] != 101;
		size_t n;

		fixture_request(&f, "/", "Cookie: _ga=1\n");
		fixture_decide_request(&f);
		fixture_response(&f, statuses[i],
				 "Set-Cookie: _ga=1\nSet-Cookie: SID=1\nSet-Cookie: _fbp=2\nLink: <x>\n");
		assert_int_equal(decide_response(&f.env, &f.response, interim, &f.arena, &f.decision), DECIDE_OK);
		n = fields_count(&f.response.fields, FIELD_SET_COOKIE);
		assert_int_equal(n, interim ? 1 : 1 + 1 + 6);
		assert_non_null(fields_find_name(&f.response.fields, SLICE("Link")));
		assert_int_equal(fields_count(&f.response.fields, FIELD_CACHE_CONTROL), interim ? 0 : 1);
	}
	fixture_close(&f);
}

static void test_verdicts(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, rules_text);
	fixture_request(&f, "/", "Cookie: _fbp=0\n");
	fixture_decide_request(&f);
	fixture_response(&f, 200,
			 "Set-Cookie: SID=1\nSet-Cookie: _ga=1\nSet-Cookie: _ga=x; Max-Age=0\nSet-Cookie: hard=1\n");
	fixture_decide_response(&f);
	assert_string_equal(fixture_log(&f), "keep cookie to the visitor SID 4\n"
					     "drop cookie to the visitor _ga 5\n"
					     "rewrite cookie to the visitor _ga 5\n"
					     "rewrite cookie to the visitor hard 8\n"
					     "expire cookie to the visitor _fbp 6\n");
	assert_int_equal(f.decision.counts[VERDICT_REWRITE], 2);
	assert_int_equal(f.decision.counts[VERDICT_EXPIRE], 1);
	fixture_close(&f);
}

/* Deletions, for a request's cookie, host and target. */
static const struct {
	const char *host, *target, *cookie;
	bool secure;
	const char *lines;
} expiries[] = {
	{"www.example.com", "/", "_ga=1", true,
	 "_ga=; Max-Age=0; Domain=example.com; Path=/\n"
	 "_ga=; Max-Age=0; Path=/\n"
	 "_ga=; Max-Age=0; Domain=www.example.com; Path=/\n"
	 "_ga=; Max-Age=0; Domain=example.com; Path=/; Secure; Partitioned\n"
	 "_ga=; Max-Age=0; Path=/; Secure; Partitioned\n"
	 "_ga=; Max-Age=0; Domain=www.example.com; Path=/; Secure; Partitioned\n"},
	{"www.example.com", "/", "_ga=1", false,
	 "_ga=; Max-Age=0; Domain=example.com; Path=/\n"
	 "_ga=; Max-Age=0; Path=/\n"
	 "_ga=; Max-Age=0; Domain=www.example.com; Path=/\n"},
	{"example.com", "/?/x/", "_ga=1", false,
	 "_ga=; Max-Age=0; Domain=example.com; Path=/\n"
	 "_ga=; Max-Age=0; Path=/\n"},
	/* No parent below the public suffix, none of an address. */
	{"a.b.example.co.uk", "/", "_ga=1", false,
	 "_ga=; Max-Age=0; Domain=example.co.uk; Path=/\n"
	 "_ga=; Max-Age=0; Path=/\n"
	 "_ga=; Max-Age=0; Domain=a.b.example.co.uk; Path=/\n"
	 "_ga=; Max-Age=0; Domain=b.example.co.uk; Path=/\n"},
	{"co.uk", "/", "_ga=1", false, "_ga=; Max-Age=0; Path=/\n"},
	{"localhost", "/", "_ga=1", false, "_ga=; Max-Age=0; Path=/\n"},
	{"192.0.2.1", "/", "_ga=1", false, "_ga=; Max-Age=0; Path=/\n"},
	{"2001:db8::1", "/", "_ga=1", false, "_ga=; Max-Age=0; Path=/\n"},
	/* Paths: what a cookie may have that came with this request. */
	{"localhost", "/a/b/c.html?q=/z/", "_ga=1", false,
	 "_ga=; Max-Age=0; Path=/\n"
	 "_ga=; Max-Age=0; Path=/a/b\n"
	 "_ga=; Max-Age=0; Path=/a/b/\n"
	 "_ga=; Max-Age=0; Path=/a\n"
	 "_ga=; Max-Age=0; Path=/a/\n"
	 "_ga=; Max-Age=0; Path=/a/b/c.html\n"},
	{"localhost", "/a/", "_ga=1", false,
	 "_ga=; Max-Age=0; Path=/\n"
	 "_ga=; Max-Age=0; Path=/a\n"
	 "_ga=; Max-Age=0; Path=/a/\n"},
	{"localhost", "/a", "_ga=1", false,
	 "_ga=; Max-Age=0; Path=/\n"
	 "_ga=; Max-Age=0; Path=/a\n"},
	{"localhost", "//a", "_ga=1", false,
	 "_ga=; Max-Age=0; Path=/\n"
	 "_ga=; Max-Age=0; Path=//\n"
	 "_ga=; Max-Age=0; Path=//a\n"},
	/* What cannot be written in an attribute. */
	{"localhost", "/a;b/c;d", "_ga=1", false, "_ga=; Max-Age=0; Path=/\n"},
	{"localhost", "*", "_ga=1", false, "_ga=; Max-Age=0; Path=/\n"},
	/* Several cookies: the likely scope of all first; each name once. */
	{"localhost", "/a", "_ga=1; odd=1; SID=2; _ga=2", false,
	 "_ga=; Max-Age=0; Path=/\n"
	 "odd=; Max-Age=0; Path=/\n"
	 "_ga=; Max-Age=0; Path=/a\n"
	 "odd=; Max-Age=0; Path=/a\n"},
	{"localhost", "/", "=x", false, "=0; Max-Age=0; Path=/\n"},
	/* Nothing to expire. */
	{"localhost", "/", "SID=1; optout=1; crumb-consent=2", true, ""},
	/* Prefixes. */
	{"www.example.com", "/a/b", "__Host-t=1", true,
	 "__Host-t=; Max-Age=0; Path=/; Secure\n"
	 "__Host-t=; Max-Age=0; Path=/; Secure; Partitioned\n"},
	{"www.example.com", "/a/b", "__hOST-u=1", true,
	 "__hOST-u=; Max-Age=0; Path=/; Secure\n"
	 "__hOST-u=; Max-Age=0; Path=/; Secure; Partitioned\n"},
	{"www.example.com", "/a/b", "__Host-Http-t=1", true,
	 "__Host-Http-t=; Max-Age=0; Path=/; Secure; HttpOnly\n"
	 "__Host-Http-t=; Max-Age=0; Path=/; Secure; HttpOnly; Partitioned\n"},
	{"localhost", "/a", "__Secure-t=1", true,
	 "__Secure-t=; Max-Age=0; Path=/; Secure\n"
	 "__Secure-t=; Max-Age=0; Path=/; Secure; Partitioned\n"
	 "__Secure-t=; Max-Age=0; Path=/a; Secure\n"
	 "__Secure-t=; Max-Age=0; Path=/a; Secure; Partitioned\n"},
	{"localhost", "/", "__Http-t=1", true,
	 "__Http-t=; Max-Age=0; Path=/; Secure; HttpOnly\n"
	 "__Http-t=; Max-Age=0; Path=/; Secure; HttpOnly; Partitioned\n"},
	{"localhost", "/", "__Http-t=1; __Secure-t=2; __Host-t=3", false, ""},
};

/* What a user agent ignores would leave the cookie where it is. */
static void check_deletion(const struct fixture *f, struct slice value)
{
	struct set_cookie c;

	assert_true(set_cookie_parse(value, &c));
	assert_true(set_cookie_prefix_ok(&c));
	assert_true(set_cookie_deletes(&c, FIXTURE_NOW));
	assert_true(!c.partitioned || (c.secure && f->request.secure));
	assert_true(f->request.secure || !c.secure);
}

static void test_expiry(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, rules_text);
	for (size_t i = 0; i < CG_COUNT(expiries); i++) {
		fixture_request(&f, expiries[i].target, "");
		assert_true(fields_add_id(&f.request.fields, FIELD_COOKIE, slice_str(expiries[i].cookie)));
		f.request.host = slice_str(expiries[i].host);
		f.request.secure = expiries[i].secure;
		fixture_decide_request(&f);
		fixture_response(&f, 200, "");
		fixture_decide_response(&f);
		assert_string_equal(fixture_values(&f, &f.response.fields, FIELD_SET_COOKIE), expiries[i].lines);
		for (size_t k = 0; k < f.response.fields.n; k++)
			if (f.response.fields.v[k].id == FIELD_SET_COOKIE)
				check_deletion(&f, f.response.fields.v[k].value);
	}
	fixture_close(&f);
}

static void test_leftovers_kept(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, RULES "policy 1 {\nleftovers kept\n}\n");
	fixture_request(&f, "/", "Cookie: _ga=1\n");
	fixture_decide_request(&f);
	fixture_response(&f, 200, "");
	fixture_decide_response(&f);
	assert_int_equal(f.response.fields.n, 0);
	fixture_close(&f);
}

static void expire_many(struct fixture *f, size_t cookies, size_t name_length)
{
	struct buffer value;
	char name[5000];

	memset(name, 'x', sizeof name);
	buffer_init(&value, 1 << 16);
	for (size_t i = 0; i < cookies; i++)
		buffer_printf(&value, "%.*s%03zu=1; ", (int)(name_length - 3), name, i);
	assert_false(value.failed);
	arena_reset(&f->arena);
	fixture_request(f, "/a/b/c/d/e/f/g/h/i/j/k/l/m/n", "");
	assert_true(fields_add_id(&f->request.fields, FIELD_COOKIE, buffer_slice(&value)));
	fixture_decide_request(f);
	fixture_response(f, 200, "");
	fixture_decide_response(f);
	buffer_free(&value);
}

static size_t octets_added(const struct fixture *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->response.fields.n; i++)
		if (f->response.fields.v[i].id == FIELD_SET_COOKIE)
			n += sizeof "Set-Cookie: \r\n" - 1 + f->response.fields.v[i].value.n;
	return n;
}

static void test_bounds_of_expiry(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, rules_text);
	for (size_t n = 1; n < 200; n += n < 70 ? 1 : 50) {
		expire_many(&f, n, 4);
		assert_true(fields_count(&f.response.fields, FIELD_SET_COOKIE) <= EXPIRE_LINES_MAX);
		assert_true(octets_added(&f) <= EXPIRE_OCTETS_MAX);
		assert_true(octets_added(&f) > EXPIRE_OCTETS_MAX / 2);
	}
	/* In the likeliest scope, 55 octets with the field's name: 64 of them are below the bound. */
	assert_int_equal(f.decision.counts[VERDICT_EXPIRE], EXPIRE_LINES_MAX);
	expire_many(&f, 3, 4000); /* fits once, and not with a domain */
	assert_int_equal(fields_count(&f.response.fields, FIELD_SET_COOKIE), 1);
	expire_many(&f, 1, 4096);
	assert_int_equal(f.response.fields.n, 0);
	fixture_close(&f);
}

static const struct {
	const char *before, *after; /* of the fields but Set-Cookie */
} caching[] = {
	{"", "Cache-Control: private\n"},
	{"Cache-Control: private\n", "Cache-Control: private\n"},
	{"Cache-Control: max-age=5,Private\n", "Cache-Control: max-age=5,Private\n"},
	{"Cache-Control: no-store\n", "Cache-Control: private, no-store\n"},
	{"Cache-Control: public, max-age=60\n", "Cache-Control: private, max-age=60\n"},
	{"Cache-Control: PUBLIC\nA: b\nCache-Control: s-maxage=5,, must-revalidate\n",
	 "Cache-Control: private, must-revalidate\nA: b\n"},
	{"Cache-Control: private, public\n", "Cache-Control: private\n"},
	{"Cache-Control: private=\"Set-Cookie, x\", no-cache=\"y, z\"\n",
	 "Cache-Control: private, no-cache=\"y, z\"\n"},
	{"Cache-Control: publicity=1, s-maxage = 3, xprivate\n", "Cache-Control: private, publicity=1, xprivate\n"},
	{"CDN-Cache-Control: max-age=9\nSurrogate-Control: x\nCache-Control: private\n", "Cache-Control: private\n"},
};

static void test_caching(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, rules_text);
	for (size_t i = 0; i < CG_COUNT(caching); i++) {
		fixture_request(&f, "/", "Cookie: _ga=1\n");
		fixture_decide_request(&f);
		fixture_response(&f, 200, caching[i].before);
		fixture_decide_response(&f);
		assert_true(fields_remove(&f.response.fields, FIELD_SET_COOKIE) > 0);
		assert_string_equal(fixture_text(&f, &f.response.fields), caching[i].after);
		/* Where nothing is added, caching is the origin's business. */
		fixture_request(&f, "/", "Cookie: SID=1\n");
		fixture_decide_request(&f);
		fixture_response(&f, 200, caching[i].before);
		fixture_decide_response(&f);
		assert_string_equal(fixture_text(&f, &f.response.fields), caching[i].before);
	}
	fixture_close(&f);
}

/* An injected cookie yields to the origin's own. */
static void test_injected(void **state)
{
	static const char made[] = "vid=1; Max-Age=86400; Path=/; Secure; HttpOnly; SameSite=Lax\n";
	static const struct {
		const char *origin, *visitor;
	} cases[] = {
		{"", made},
		{"Set-Cookie: vid=2\n", "vid=2\n"},
		{"Set-Cookie: vid=; Max-Age=0\n", "vid=; Max-Age=0\n"},
		{"Set-Cookie: =vid=3\n", "=vid=3\n"},
		{"Set-Cookie: _ga=2\n", made},
	};
	struct fixture f;

	(void)state;
	fixture_open(&f, RULES "inject cookie vid=1 for 1d httponly is necessary\n");
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		fixture_request(&f, "/", "");
		fixture_decide_request(&f);
		fixture_response(&f, 103, cases[i].origin);
		/* An interim response may already be the one that sets it. */
		assert_int_equal(decide_response(&f.env, &f.response, true, &f.arena, &f.decision), DECIDE_OK);
		fixture_response(&f, 200, cases[i].origin);
		fixture_decide_response(&f);
		assert_string_equal(fixture_values(&f, &f.response.fields, FIELD_SET_COOKIE), cases[i].visitor);
	}
	fixture_close(&f);
}

static void test_explanations(void **state)
{
	static const struct rule rule = {.file = SLICE_INIT("a.rules"), .line = 7, .text = SLICE_INIT("cookie x is y")};
	static const struct rule none = {.line = 0};
	const struct {
		struct verdict v;
		purposes granted;
		const char *text;
	} cases[] = {
		{{.kind = VERDICT_DROP,
		  .subject = SUBJECT_REQUEST_COOKIE,
		  .name = SLICE("_ga"),
		  .mask = 2,
		  .rule = &rule},
		 1,
		 "cookie to the origin _ga: dropped, as analytics is not granted; decided by a.rules:7: cookie x is y"},
		{{.kind = VERDICT_DROP,
		  .subject = SUBJECT_RESPONSE_COOKIE,
		  .name = SLICE("a\x1b[b\xff"),
		  .mask = 6,
		  .rule = &none},
		 1,
		 "cookie to the visitor a?[b?: dropped, as analytics and advertising are not granted; no rule names "
		 "it"},
		{{.kind = VERDICT_KEEP, .subject = SUBJECT_PATH, .name = SLICE("/x"), .mask = 1, .rule = &rule},
		 1,
		 "path /x: kept, being necessary; decided by a.rules:7: cookie x is y"},
		{{.kind = VERDICT_DROP,
		  .subject = SUBJECT_PARAM,
		  .name = SLICE("q"),
		  .mask = 7,
		  .reason = "a pattern hit its limits"},
		 1,
		 "parameter q: dropped, as a pattern hit its limits"},
		{{.kind = VERDICT_EXPIRE,
		  .subject = SUBJECT_RESPONSE_COOKIE,
		  .name = SLICE(""),
		  .mask = 7,
		  .rule = &none},
		 1 | 2,
		 "cookie to the visitor without a name: expired, as advertising is not granted; no rule names it"},
	};
	struct fixture f;

	(void)state;
	fixture_open(&f, rules_text);
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		buffer_clear(&f.log);
		assert_true(verdict_explain(f.rules, &cases[i].v, cases[i].granted, &f.log));
		assert_string_equal(fixture_log(&f), cases[i].text);
	}
	for (int k = 0; k < VERDICT_KINDS; k++)
		assert_string_not_equal(verdict_kind_text((enum verdict_kind)k), "?");
	for (int s = 0; s < SUBJECT_KINDS; s++)
		assert_string_not_equal(verdict_subject_text((enum verdict_subject)s), "?");
	assert_string_equal(verdict_kind_text(VERDICT_KINDS), "?");
	assert_string_equal(verdict_subject_text(SUBJECT_KINDS), "?");
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_cookies),    cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_verdicts),       cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_leftovers_kept), cmocka_unit_test(test_bounds_of_expiry),
		cmocka_unit_test(test_caching),	       cmocka_unit_test(test_injected),
		cmocka_unit_test(test_explanations),
	};

	return cmocka_run_group_tests_name("decide_response", tests, NULL, NULL);
}
