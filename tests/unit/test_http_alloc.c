/* Every function of rules/base and rules/http that allocates survives the failure of each of its allocations. */
#include "tests/support/slice_assert.h"

#include "rules/base/buffer.h"
#include "rules/base/diagnostic.h"
#include "rules/base/json.h"
#include "rules/http/cookie.h"
#include "rules/http/host.h"
#include "rules/http/set_cookie.h"
#include "rules/http/url.h"
#include "tests/support/alloc_fault.h"

#define ARENA_CAP (1 << 20)

/* A scenario tells whether it succeeded; it checks its own results when it did, and what must hold when it did not. */
typedef bool (*scenario)(struct arena *arena);

/* Runs it with each allocation failing once; a chunk size of 1 makes every arena allocation a malloc. */
static void sweep(scenario run)
{
	struct arena arena;
	size_t n, failures = 0;

	for (n = 1; alloc_fault_begin(n); n++) {
		bool ok, failed;

		arena_init(&arena, 1, ARENA_CAP);
		ok = run(&arena);
		failed = alloc_fault_end();
		failures += failed;
		if (ok == failed)
			fail_msg("allocation %zu: failed %d, but told %d", n, failed, ok);
		arena_free(&arena);
	}
	assert_int_not_equal(failures, 0);
}

static bool arena_scenario(struct arena *arena)
{
	const struct slice parts[] = {SLICE("a"), SLICE("b")};

	(void)!arena_alloc(arena, 10);
	(void)!arena_calloc(arena, 10, 10);
	arena_copy(arena, SLICE("abc"));
	arena_printf(arena, "%d", 1);
	arena_concat(arena, parts, 2);
	(void)!arena_cstr(arena, SLICE("abc"));
	return !arena_failed(arena);
}

static bool buffer_scenario(struct arena *arena)
{
	struct buffer b;
	bool ok;

	(void)arena;
	buffer_init(&b, 100000);
	for (int i = 0; i < 500; i++) {
		buffer_add_str(&b, "abc");
		buffer_add_char(&b, 'd');
		buffer_printf(&b, "%d", i);
		json_add_string(&b, SLICE("x\"\n\xC3\xA4\xFF"));
	}
	ok = !b.failed;
	if (b.n)
		assert_true(slice_starts_with(buffer_slice(&b), SLICE("abcd0\"x\\\"\\n")));
	buffer_free(&b);
	return ok;
}

static bool diagnostics_scenario(struct arena *arena)
{
	const struct position at = {SLICE("f"), SLICE("source"), 1, 2, 3};
	struct diagnostics d;
	struct buffer b;
	bool ok;

	(void)arena;
	diagnostics_init(&d);
	buffer_init(&b, 100000);
	for (int i = 0; i < 120; i++)
		diagnostics_add(&d, SEVERITY_WARNING, &at, "hint", "message %d", i);
	ok = diagnostics_ok(&d);
	ok &= diagnostics_render(&d, true, &b);
	if (d.n)
		ok &= diagnostic_render_json(&d.v[0], &b);
	buffer_free(&b);
	diagnostics_free(&d);
	return ok;
}

static bool fields_scenario(struct arena *arena)
{
	struct fields f;
	bool ok = true;

	fields_init(&f, arena);
	for (int i = 0; i < 40; i++)
		ok &= fields_add(&f, SLICE("Vary"), SLICE("x"));
	ok &= fields_add_id(&f, FIELD_VIA, SLICE("v"));
	ok &= fields_set(&f, FIELD_AGE, SLICE("1"));
	ok &= fields_set(&f, FIELD_AGE, SLICE("2"));
	for (size_t i = 0; i < f.n; i++)
		assert_int_equal(f.v[i].id, field_id_of(f.v[i].name));
	return ok;
}

static enum cookie_edit judge(void *arg, const struct cookie *c, struct slice *replacement)
{
	(void)arg;
	if (slice_eq(c->name, SLICE("r")))
		*replacement = SLICE("r=a much longer value than the field had room for before, so it must be widened");
	return slice_eq(c->name, SLICE("r"))   ? COOKIE_REPLACE
	       : slice_eq(c->name, SLICE("d")) ? COOKIE_DROP
					       : COOKIE_KEEP;
}

static bool cookies_scenario(struct arena *arena)
{
	struct fields f;
	bool ok;

	fields_init(&f, arena);
	if (!fields_add_id(&f, FIELD_COOKIE, SLICE("a;b;d=1")) || !fields_add_id(&f, FIELD_COOKIE, SLICE("d=2")) ||
	    !fields_add_id(&f, FIELD_COOKIE, SLICE("r=1;b")))
		return false;
	ok = cookies_edit(&f, judge, NULL);
	assert_int_equal(f.n, ok ? 2 : 3);
	assert_slice(f.v[0].value, ok ? "a; b" : "a;b;d=1");
	if (!ok)
		assert_slice(f.v[2].value, "r=1;b");
	if (!cookies_append(&f, SLICE("x"), SLICE("y"))) {
		assert_false(slice_ends_with(f.v[f.n - 1].value, SLICE("x=y")));
		return false;
	}
	fields_remove(&f, FIELD_COOKIE);
	return cookies_append(&f, SLICE("x"), SLICE("y")) && ok;
}

static bool set_cookie_scenario(struct arena *arena)
{
	const struct cookie_limits limits = {60, true, true, SAME_SITE_STRICT};
	struct slice in = SLICE("a=1; Max-Age=61; Expires=Fri, 01-Jan-2038 00:00:00 GMT; SameSite=Lax"), out;

	if (!set_cookie_limit(in, &limits, 0, arena, &out))
		return false;
	assert_slice(out, "a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:01:00 GMT; SameSite=Strict; Secure; HttpOnly");
	return true;
}

static bool host_scenario(struct arena *arena)
{
	struct slice host;
	uint16_t port;

	if (!authority_parse(SLICE("WWW.Example.com.:80"), arena, &host, &port))
		return false;
	assert_slice(host, "www.example.com");
	assert_slice(host_registrable(host), "example.com");
	return true;
}

static bool refuse_x(void *arg, const struct query_param *p)
{
	(void)arg;
	return !slice_eq(p->name, SLICE("x"));
}

static bool url_scenario(struct arena *arena)
{
	struct slice path, target, text;
	struct url url;

	if (!path_normalise(SLICE("/a/../%41"), arena, &path) ||
	    !target_remove_params(SLICE("/?%61=1&%78=2"), refuse_x, NULL, arena, &target) ||
	    !percent_decode(SLICE("%41"), arena, &text) || !url_parse(SLICE("http://a?q"), &url) ||
	    url_target(&url, arena).n == 0)
		return false;
	assert_slice(path, "/A");
	assert_slice(target, "/?%61=1");
	assert_slice(text, "A");
	return true;
}

static void all_survive(void **state)
{
	static const scenario all[] = {
		arena_scenario,	  buffer_scenario,     diagnostics_scenario, fields_scenario,
		cookies_scenario, set_cookie_scenario, host_scenario,	     url_scenario,
	};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		sweep(all[i]);
	assert_in_range(alloc_fault_total(), 30, 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_survive),
	};

	return cmocka_run_group_tests_name("http_alloc", tests, NULL, NULL);
}
