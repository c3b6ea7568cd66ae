/* Memory that runs out: no crash, no leak, and never a half-edited message called good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rules/decide/guard.h"
#include "tests/support/alloc_fault.h"
#include "tests/support/decide_fixture.h"

static const char rules_text[] = "purpose analytics\n"
				 "purpose advertising\n"
				 "policy 1 {\nundecided grants analytics\ntk D\n}\n"
				 "cookie SID is necessary httponly\n"
				 "cookie _ga is analytics\n"
				 "cookie * is advertising\n"
				 "param gclid is advertising\n"
				 "path /collect is advertising\n"
				 "inject cookie vid={uuid}{time} for 1d is analytics\n"
				 "inject cookie t={host} is necessary\n"
				 "beacon ||t.example^ is advertising\n"
				 "inject html at head-end is analytics <<X\n<script>{uuid}{nonce}</script>\nX\n"
				 "inject consent-mode\n"
				 "opt-out cookie y=5 denies advertising announced as gpc\n"
				 "pages {\ncsp narrow\n}\n";

static void sum(struct slice data, unsigned char out[32])
{
	memset(out, 0, 32);
	memcpy(out, &data.n, sizeof data.n);
}

struct outcome {
	bool ok;
	char request[2000], response[8000];
};

static void write_out(char *text, size_t size, const struct fields *fields)
{
	size_t n = 0;

	for (size_t i = 0; i < fields->n; i++)
		n += (size_t)snprintf(text + n, size - n, "%.*s: %.*s\n", SLICE_ARG(fields->v[i].name),
				      SLICE_ARG(fields->v[i].value));
	text[n] = '\0';
}

/* The lists are filled by hand, as the fixture's functions want every allocation to succeed. */
static bool fill(struct fields *fields, struct arena *arena, const struct field *v, size_t n)
{
	fields_init(fields, arena);
	for (size_t i = 0; i < n; i++)
		if (!fields_add(fields, v[i].name, v[i].value))
			return false;
	return true;
}

static struct outcome run(const struct decide_env *env, struct arena *arena)
{
	static const struct field request[] = {
		{SLICE_INIT("Cookie"), SLICE_INIT("SID=1; _ga=2;fb=3; x=4"), FIELD_COOKIE},
		{SLICE_INIT("Crumbgate-Consent"), SLICE_INIT("all"), FIELD_CRUMBGATE_CONSENT},
		{SLICE_INIT("Cookie"), SLICE_INIT("y=5;SID=6"), FIELD_COOKIE},
		{SLICE_INIT("If-None-Match"), SLICE_INIT("W/\"a;cg-s0123456789\", *"), FIELD_IF_NONE_MATCH},
	};
	static const struct field response[] = {
		{SLICE_INIT("Set-Cookie"), SLICE_INIT("SID=1; Max-Age=5"), FIELD_SET_COOKIE},
		{SLICE_INIT("Set-Cookie"), SLICE_INIT("fb=1; Max-Age=5"), FIELD_SET_COOKIE},
		{SLICE_INIT("Set-Cookie"), SLICE_INIT("fb=1; Max-Age=0"), FIELD_SET_COOKIE},
		{SLICE_INIT("Cache-Control"), SLICE_INIT("public, max-age=5"), FIELD_CACHE_CONTROL},
		{SLICE_INIT("Content-Type"), SLICE_INIT("text/html"), FIELD_CONTENT_TYPE},
		{SLICE_INIT("ETag"), SLICE_INIT("\"a\""), FIELD_ETAG},
		{SLICE_INIT("Vary"), SLICE_INIT("Accept"), FIELD_VARY},
		{SLICE_INIT("Link"), SLICE_INIT("<//t.example>; rel=preload, </x>; rel=preload"), FIELD_LINK},
		{SLICE_INIT("NEL"), SLICE_INIT("{\"report_to\":\"g\"}"), FIELD_NEL},
		{SLICE_INIT("Report-To"), SLICE_INIT("{\"group\":\"g\", \"url\":\"\\/\\/t.example\"}, {}"),
		 FIELD_REPORT_TO},
		{SLICE_INIT("Content-Security-Policy"), SLICE_INIT("default-src x t.example, script-src 'nonce-x'"),
		 FIELD_CSP},
	};
	struct request req = {
		.target = SLICE("/%41/b?gclid=1&%41=2"), .host = SLICE("www.example.com"), .secure = true};
	struct response resp = {.status = 200};
	struct decision d;
	struct outcome o = {.ok = false};

	if (!fill(&req.fields, arena, request, CG_COUNT(request)) ||
	    decide_request(env, &req, slice_of(NULL, 0), FIXTURE_NOW, arena, &d) != DECIDE_OK)
		return o;
	write_out(o.request, sizeof o.request, &req.fields);
	if (!fill(&resp.fields, arena, response, CG_COUNT(response)) ||
	    decide_response(env, &resp, false, arena, &d) != DECIDE_OK)
		return o;
	write_out(o.response, sizeof o.response, &resp.fields);
	o.ok = true;
	return o;
}

static void check(const struct outcome *got, const struct outcome *want)
{
	if (got->ok) {
		assert_string_equal(got->request, want->request);
		assert_string_equal(got->response, want->response);
	}
}

static void test_every_allocation(void **state)
{
	struct outcome want, got;
	struct fixture f;
	struct guard *guard;
	size_t n;

	(void)state;
	fixture_open(&f, rules_text);
	f.env.sink = NULL;
	f.env.sha256 = sum;
	f.env.guard = guard = guard_new(f.rules, sum);
	want = run(&f.env, &f.arena);
	assert_true(want.ok);
	for (n = 1; alloc_fault_begin(n); n++) {
		struct arena small;
		bool failed;

		arena_init(&small, 16, 1 << 20); /* nearly every request is an allocation of its own */
		got = run(&f.env, &small);
		failed = alloc_fault_end();
		assert_int_equal(got.ok, !failed);
		check(&got, &want);
		arena_free(&small);
	}
	assert_true(n > 20);
	guard_free(guard);
	fixture_close(&f);
}

static void test_every_cap(void **state)
{
	struct outcome want, got;
	struct fixture f;
	struct guard *guard;
	size_t cap, good = 0;

	(void)state;
	fixture_open(&f, rules_text);
	f.env.sink = NULL;
	f.env.sha256 = sum;
	f.env.guard = guard = guard_new(f.rules, sum);
	want = run(&f.env, &f.arena);
	for (cap = 0; good < 100; cap += 8) {
		struct arena capped;

		arena_init(&capped, 0, cap);
		got = run(&f.env, &capped);
		check(&got, &want);
		assert_true(got.ok || good == 0);
		good += got.ok;
		assert_true(cap < 1 << 20);
		arena_free(&capped);
	}
	guard_free(guard);
	fixture_close(&f);
}

/* A request with nothing to decide takes nothing but the Crumbgate-Consent field. */
static void test_nothing_to_do(void **state)
{
	struct fixture f;
	size_t before;

	(void)state;
	fixture_open(&f, "purpose a\ncookie SID is necessary\n");
	f.env.sink = NULL;
	fixture_request(&f, "/x?y=1", "Accept: */*\nCookie: SID=1; SID=2\n");
	fixture_response(&f, 200, "Set-Cookie: SID=1; Path=/\nCache-Control: public\n");
	before = f.arena.used;
	fixture_decide_request(&f);
	assert_true(f.arena.used - before <= 64);
	before = f.arena.used;
	fixture_decide_response(&f);
	assert_int_equal(f.arena.used, before);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_allocation),
		cmocka_unit_test(test_every_cap),
		cmocka_unit_test(test_nothing_to_do),
	};

	return cmocka_run_group_tests_name("decide_alloc", tests, NULL, NULL);
}
