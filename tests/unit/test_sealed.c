/* Sealed cookies: what is sealed opens, and nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rules/consent/sealed.h"
#include "rules/harness/exchange.h"
#include "rules/http/set_cookie.h"
#include "tests/support/alloc_fault.h"
#include "tests/support/decide_fixture.h"

static struct sealing usual(void)
{
	return (struct sealing){
		.ops = &harness_seal, .site = SLICE("www.example.com"), .name = SLICE("sid"), .now = FIXTURE_NOW};
}

static struct arena arena;

static int start(void **state)
{
	(void)state;
	arena_init(&arena, 0, 1 << 20);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static struct slice made(const struct sealing *s, const char *value, int64_t life)
{
	struct slice sealed = sealed_make(s, slice_str(value), life, &arena);

	assert_int_equal(sealed.n, SEALED_SIZE(slice_str(value).n));
	return sealed;
}

static enum sealed_state state_of(const struct sealing *s, struct slice sealed, int64_t max_age)
{
	static const struct slice untouched = SLICE_INIT("untouched");
	struct slice value = untouched;
	enum sealed_state state = sealed_open(s, sealed, max_age, &arena, &value);

	assert_int_equal(value.p == untouched.p, state != SEALED_OPENED);
	return state;
}

/* -- base64url ----------------------------------------------------------------------------------------------------- */

static void test_base64url(void **state)
{
	static const struct {
		const char *octets, *text;
	} rows[] = {{"", ""},
		    {"f", "Zg"},
		    {"fo", "Zm8"},
		    {"foo", "Zm9v"},
		    {"foob", "Zm9vYg"},
		    {"fooba", "Zm9vYmE"},
		    {"foobar", "Zm9vYmFy"},
		    {"\xFB\xEF\xBE", "----"},
		    {"\xFF\xFF\xFF", "____"}};
	static const char *const bad[] = {"Z",	  "Zh",	  "Zm9",   "Zg=",  "Zg==",   "Zm9v\n",
					  "+m9v", "/m9v", "Zm9vY", " Zm9", "Zm8\xC3"};
	unsigned char out[16];
	char text[16];

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct slice octets = slice_str(rows[i].octets), want = slice_str(rows[i].text);

		assert_int_equal(BASE64URL_TEXT(octets.n), want.n);
		assert_int_equal(BASE64URL_OCTETS(want.n), octets.n);
		base64url_encode((const unsigned char *)octets.p, octets.n, text);
		assert_memory_equal(text, want.p, want.n);
		assert_true(base64url_decode(want, out));
		assert_memory_equal(out, octets.p, octets.n);
	}
	for (size_t i = 0; i < CG_COUNT(bad); i++)
		assert_false(base64url_decode(slice_str(bad[i]), out));
}

/* -- sealing and opening ------------------------------------------------------------------------------------------- */

static void test_opens(void **state)
{
	static const char *const values[] = {"", "1", "4711", "\"quoted, with blanks\"", "a=b=c", "\xC3\xA4{}"};
	struct sealing s = usual();

	(void)state;
	for (size_t i = 0; i < CG_COUNT(values); i++) {
		struct slice sealed = made(&s, values[i], 0), value;

		assert_int_equal(sealed_open(&s, sealed, -1, &arena, &value), SEALED_OPENED);
		assert_true(slice_eq(value, slice_str(values[i])));
		if (slice_str(values[i]).n > 3)
			assert_int_equal(slice_find(sealed, slice_str(values[i])), sealed.n);
	}
}

/* Sealed cookies are on visitors' devices for months: this one must open for ever. Only the cipher is the test's own.
 */
static void test_known(void **state)
{
	static const char known[] = "1.dGVzdIhGn8s5WklVhbbqNCOkH2g2laJxHAW8wCbIMhlma03qDL2H8rAROiP5nZrgfA";
	struct sealing s = usual();
	struct slice value;

	(void)state;
	assert_true(slice_eq(made(&s, "4711", 3600), slice_str(known)));
	assert_int_equal(sealed_open(&s, slice_str(known), -1, &arena, &value), SEALED_OPENED);
	assert_true(slice_eq(value, SLICE("4711")));
}

/* Each character, each length. */
static void test_every_change(void **state)
{
	struct sealing s = usual();
	struct slice sealed = made(&s, "4711", 0);
	char *text = arena_cstr(&arena, sealed);

	(void)state;
	for (size_t i = 0; i < sealed.n; i++) {
		static const char others[] = "AZaz09-_.;= \"\x00";
		char was = text[i];

		for (size_t k = 0; k < sizeof others; k++) {
			text[i] = others[k];
			assert_true(text[i] == was || state_of(&s, slice_of(text, sealed.n), -1) != SEALED_OPENED);
		}
		text[i] = was;
		assert_int_not_equal(state_of(&s, slice_of(text, i), -1), SEALED_OPENED);
	}
	assert_int_not_equal(state_of(&s, arena_printf(&arena, "%sA", text), -1), SEALED_OPENED);
	assert_int_not_equal(state_of(&s, arena_printf(&arena, "\"%s\"", text), -1), SEALED_OPENED);
	assert_int_equal(state_of(&s, sealed, -1), SEALED_OPENED);
}

static bool no_key_id(void *arg, size_t key, unsigned char id[SEAL_ID])
{
	(void)arg;
	(void)key;
	(void)id;
	return false;
}

static void test_bound(void **state)
{
	const struct seal_ops none = {.key_id = no_key_id, .seal = harness_seal.seal, .open = harness_seal.open};
	struct sealing s = usual(), other;
	struct slice sealed = made(&s, "4711", 0);
	char long_name[SEALED_NAME_MAX + 1];

	(void)state;
	other = s;
	other.site = SLICE("example.com");
	assert_int_equal(state_of(&other, sealed, -1), SEALED_OTHER_SITE);
	other = s;
	other.name = SLICE("Sid");
	assert_int_equal(state_of(&other, sealed, -1), SEALED_ALTERED);
	other = s;
	other.ops = NULL;
	assert_int_equal(state_of(&other, sealed, -1), SEALED_UNKNOWN_KEY);
	assert_int_equal(sealed_make(&other, SLICE("1"), 0, &arena).n, 0);
	other.ops = &none;
	assert_int_equal(state_of(&other, sealed, -1), SEALED_UNKNOWN_KEY);
	assert_int_equal(sealed_make(&other, SLICE("1"), 0, &arena).n, 0);
	other = s;
	memset(long_name, 'n', sizeof long_name);
	other.name = slice_of(long_name, sizeof long_name);
	assert_int_equal(sealed_make(&other, SLICE("1"), 0, &arena).n, 0);
	assert_int_equal(state_of(&other, sealed, -1), SEALED_UNKNOWN_KEY);
	other.name = slice_of(NULL, 0);
	assert_int_equal(sealed_make(&other, SLICE("1"), 0, &arena).n, 0);
}

static void test_time(void **state)
{
	static const struct {
		int64_t life, max_age, age;
		bool opens;
	} rows[] = {
		{0, -1, 0, true},
		{0, -1, SEALED_LIFE, true},
		{0, -1, SEALED_LIFE + 1, false},
		{3600, -1, 3600, true},
		{3600, -1, 3601, false},
		{3600, 60, 60, true},
		{3600, 60, 61, false},
		{60, 3600, 61, false},
		{0, 60, 60, true},
		{0, 60, 61, false},
		{0, 34560000, 34560000, true},
		{34560000, -1, 34560000, true},
		{34560000, -1, 34560001, false},
		{0, -1, -60, true},
		{0, -1, -61, false},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(rows); i++) {
		struct sealing s = usual();
		struct slice sealed = made(&s, "1", rows[i].life);

		s.now += rows[i].age;
		assert_int_equal(state_of(&s, sealed, rows[i].max_age), rows[i].opens ? SEALED_OPENED : SEALED_TOO_OLD);
	}
}

static void test_texts(void **state)
{
	(void)state;
	for (int i = 0; i < SEALED_STATES; i++) {
		assert_int_equal(sealed_state_reason((enum sealed_state)i) == NULL, i == SEALED_OPENED);
		assert_non_null(sealed_state_text((enum sealed_state)i));
	}
	assert_string_equal(sealed_state_text(SEALED_STATES), "?");
	assert_string_equal(sealed_state_reason(SEALED_STATES), "?");
}

static void test_arena_refuses(void **state)
{
	struct sealing s = usual();
	struct slice sealed = made(&s, "4711", 0), value = SLICE("untouched");
	bool opened = false, sealed_again = false;

	(void)state;
	for (size_t cap = 0; cap < 1024 && !(opened && sealed_again); cap += 16) {
		struct arena small;

		arena_init(&small, 0, cap);
		opened = sealed_open(&s, sealed, -1, &small, &value) == SEALED_OPENED;
		assert_true(opened || slice_eq(value, SLICE("untouched")) || arena_failed(&small));
		arena_free(&small);
		arena_init(&small, 0, cap);
		sealed_again = sealed_make(&s, SLICE("4711"), 0, &small).n > 0;
		assert_true(sealed_again != arena_failed(&small));
		arena_free(&small);
	}
	assert_true(opened && sealed_again);
}

/* -- in an exchange ------------------------------------------------------------------------------------------------ */

static const char rules[] = "purpose analytics\n"
			    "cookie sid is necessary sealed\n"
			    "cookie short is necessary sealed max-age 1h\n";

static struct slice cookie_of(struct fixture *f, const char *name, const char *value, int64_t age)
{
	struct sealing s = usual();

	s.name = slice_str(name);
	s.now -= age;
	return arena_printf(&f->arena, "%s=%.*s", name, SLICE_ARG(sealed_make(&s, slice_str(value), 0, &f->arena)));
}

static void ask(struct fixture *f, struct slice cookies)
{
	f->env.seal = &harness_seal;
	fixture_request(f, "/", "");
	assert_true(fields_add_id(&f->request.fields, FIELD_COOKIE, cookies));
	fixture_decide_request(f);
}

static void test_request(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, rules);
	ask(&f, arena_printf(&f.arena, "sid=x; %.*s; %.*s; %.*s; sid", SLICE_ARG(cookie_of(&f, "sid", "alice", 0)),
			     SLICE_ARG(cookie_of(&f, "sid", "bob", 0)), SLICE_ARG(cookie_of(&f, "short", "c", 3601))));
	assert_string_equal(fixture_values(&f, &f.request.fields, FIELD_COOKIE), "sid=alice\n");
	assert_int_equal(f.decision.sealed[SEALED_OPENED], 1);
	assert_int_equal(f.decision.sealed[SEALED_FOREIGN], 1);
	assert_int_equal(f.decision.sealed[SEALED_COPY], 1);
	assert_int_equal(f.decision.sealed[SEALED_TOO_OLD], 1);
	assert_int_equal(f.decision.counts[VERDICT_OPEN], 1);
	fixture_close(&f);
}

static void test_observe(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, "mode observe\ncookie sid is necessary sealed\n");
	ask(&f, arena_printf(&f.arena, "sid=x; %.*s; sid=y", SLICE_ARG(cookie_of(&f, "sid", "alice", 0))));
	assert_string_equal(fixture_values(&f, &f.request.fields, FIELD_COOKIE), "sid=x; sid=alice; sid=y\n");
	fixture_response(&f, 200, "Set-Cookie: sid=1; Path=/\n");
	fixture_decide_response(&f);
	assert_string_equal(fixture_values(&f, &f.response.fields, FIELD_SET_COOKIE), "sid=1; Path=/\n");
	assert_int_equal(f.decision.counts[VERDICT_SEAL], 1);
	fixture_close(&f);
}

static void test_no_key(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f, rules);
	fixture_request(&f, "/", "Cookie: sid=1\n");
	fixture_decide_request(&f);
	assert_string_equal(fixture_values(&f, &f.request.fields, FIELD_COOKIE), "");
	fixture_response(&f, 200, "Set-Cookie: sid=1\n");
	fixture_decide_response(&f);
	assert_string_equal(fixture_values(&f, &f.response.fields, FIELD_SET_COOKIE), "");
	fixture_close(&f);
}

/* The longest that fits in what browsers take, and one octet more. */
static void test_size(void **state)
{
	size_t most = 0;

	(void)state;
	while (3 + SEALED_SIZE(most + 1) <= COOKIE_PAIR_MAX)
		most++;
	assert_true(most > 3000);
	for (size_t n = most; n <= most + 1; n++) {
		char text[COOKIE_PAIR_MAX + 64];
		struct fixture f;

		fixture_open(&f, rules);
		f.env.seal = &harness_seal;
		fixture_request(&f, "/", "");
		fixture_decide_request(&f);
		(void)snprintf(text, sizeof text, "Set-Cookie: sid=%0*d\n", (int)n, 7);
		fixture_response(&f, 200, text);
		fixture_decide_response(&f);
		assert_int_equal(f.response.fields.n, n == most);
		assert_int_equal(f.decision.counts[n == most ? VERDICT_SEAL : VERDICT_DROP], 1);
		fixture_close(&f);
	}
}

static void test_every_allocation(void **state)
{
	struct fixture f;
	struct slice good;

	(void)state;
	fixture_open(&f, rules);
	f.env.seal = &harness_seal;
	f.env.sink = NULL;
	good = cookie_of(&f, "sid", "alice", 0);
	for (size_t n = 1; alloc_fault_begin(n); n++) {
		struct request req = {.target = SLICE("/"), .host = SLICE("www.example.com"), .secure = true};
		struct response resp = {.status = 200};
		struct decision d;
		struct arena a;
		bool ok;

		arena_init(&a, 64, 1 << 20);
		fields_init(&req.fields, &a);
		fields_init(&resp.fields, &a);
		ok = fields_add(&req.fields, SLICE("Cookie"), good) &&
		     decide_request(&f.env, &req, slice_of(NULL, 0), FIXTURE_NOW, &a, &d) == DECIDE_OK &&
		     fields_add(&resp.fields, SLICE("Set-Cookie"), SLICE("sid=bob; Path=/")) &&
		     decide_response(&f.env, &resp, false, &a, &d) == DECIDE_OK;
		(void)alloc_fault_end();
		if (ok) {
			assert_true(slice_eq(fields_find(&req.fields, FIELD_COOKIE)->value, SLICE("sid=alice")));
			assert_true(
				slice_starts_with(fields_find(&resp.fields, FIELD_SET_COOKIE)->value, SLICE("sid=1.")));
		}
		arena_free(&a);
	}
	assert_true(alloc_fault_total() > 10);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64url),
		cmocka_unit_test(test_opens),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_every_change),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_arena_refuses),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_observe),
		cmocka_unit_test(test_no_key),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_every_allocation),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
