/* The signed cookie: made, read, altered, expired. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/decide_fixture.h"

static const char rules_text[] = "policy 2026-03 {\nremember 180d\n}\n"
				 "purpose preferences \"P\"\n"
				 "purpose analytics \"A\"\n"
				 "purpose advertising \"X\"\n";

static const unsigned char id[16] = {0xFF, 0xEE, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};

struct tokens {
	struct arena arena;
	struct ruleset *rules;
	struct consent_query q;
};

static void tokens_open(struct tokens *t, const char *rules)
{
	arena_init(&t->arena, 0, 1 << 16);
	t->rules = fixture_rules(rules);
	t->q = (struct consent_query){
		.rules = t->rules, .mac = &fixture_mac, .site = SLICE("www.example.com"), .now = FIXTURE_NOW};
}

static void tokens_close(struct tokens *t)
{
	ruleset_free(t->rules);
	arena_free(&t->arena);
}

static struct slice make(struct tokens *t, purposes granted)
{
	struct slice token = consent_token_make(&t->q, granted, id, &t->arena);

	assert_true(token.n > 0 && token.n <= 200);
	return token;
}

static enum consent_token_state state_of(const struct tokens *t, struct slice token)
{
	purposes granted = 0xABCD;
	int64_t at = -1;
	enum consent_token_state s = consent_token_read(&t->q, token, &granted, &at);

	/* What is not good tells nothing. */
	assert_int_equal(granted == 0xABCD, s != CONSENT_TOKEN_GOOD);
	assert_int_equal(at == -1, s != CONSENT_TOKEN_GOOD);
	return s;
}

/* Tokens are on visitors' devices for months: this one must be good for ever. Only the hash is the test's own. */
static void test_known_token(void **state)
{
	struct tokens t;
	struct slice token;

	(void)state;
	tokens_open(&t, rules_text);
	token = make(&t, 5);
	assert_true(slice_starts_with(token, SLICE("1.dvOnUL4vWhA.5.hnuy2._-4BAgMEBQYHCAkKCwwNDg.")));
	tokens_close(&t);
}

static void test_round_trip(void **state)
{
	struct tokens t;

	(void)state;
	tokens_open(&t, rules_text);
	for (purposes set = 0; set < 16; set++) {
		purposes granted = 0;
		int64_t at = 0;

		assert_int_equal(consent_token_read(&t.q, make(&t, set), &granted, &at), CONSENT_TOKEN_GOOD);
		assert_int_equal(granted, set | PURPOSE_NECESSARY);
		assert_int_equal(at, FIXTURE_NOW / 60 * 60);
	}
	tokens_close(&t);
}

static void test_every_octet_counts(void **state)
{
	struct tokens t;
	struct slice token;
	char text[200];

	(void)state;
	tokens_open(&t, rules_text);
	token = make(&t, 7);
	for (size_t i = 0; i < token.n; i++)
		for (int octet = 0; octet < 256; octet++) {
			memcpy(text, token.p, token.n);
			text[i] = (char)octet;
			if (text[i] != token.p[i])
				assert_int_not_equal(state_of(&t, slice_of(text, token.n)), CONSENT_TOKEN_GOOD);
		}
	for (size_t n = 0; n < token.n; n++) {
		char *piece = test_malloc(n + 1); /* exactly as long, so that a sanitizer sees an over-read */

		memcpy(piece, token.p, n);
		assert_int_not_equal(state_of(&t, slice_of(piece, n)), CONSENT_TOKEN_GOOD);
		test_free(piece);
	}
	tokens_close(&t);
}

static const char *const malformed[] = {
	"",
	"1",
	".....",
	"1.AAAAAAAAAAA.1.a.AAAAAAAAAAAAAAAAAAAAAA",
	"2.AAAAAAAAAAA.1.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"01.AAAAAAAAAAA.1.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAA.1.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAA=.1.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA..a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA.g.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA.F.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA.01.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA.100000000.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA.1-.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA.1-0.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA.1-02.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA.-2.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA.1-2-2.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA.1..AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA.1.-1.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA.1.zzzzzzzz.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA.1.a.AAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA.1.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA.1.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAA",
	"1.AAAAAAAAAAA.1.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAA.",
	"1.AAAAAAAAAAA.1.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAA+/",
	" 1.AAAAAAAAAAA.1.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
	"\"1.AAAAAAAAAAA.1.a.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA\"",
};

static void test_malformed(void **state)
{
	struct tokens t;

	(void)state;
	tokens_open(&t, rules_text);
	for (size_t i = 0; i < CG_COUNT(malformed); i++)
		if (state_of(&t, slice_str(malformed[i])) != CONSENT_TOKEN_MALFORMED)
			fail_msg("%s", malformed[i]);
	assert_int_equal(
		state_of(&t, SLICE("1.AAAAAAAAAAA.ffffffff.zzzzzzz.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA")),
		CONSENT_TOKEN_FORGED);
	tokens_close(&t);
}

static bool second_key_only(void *arg, size_t key, struct slice data, unsigned char out[CONSENT_MAC_SIZE])
{
	(void)arg;
	return fixture_mac.mac(NULL, key ? 0 : 1, data, out) && key <= 1;
}

/* Another site, another key, no key; a rotated key is still good. */
static void test_bound_to_site_and_key(void **state)
{
	static uint64_t another = 99;
	static const struct consent_mac rotated = {.mac = second_key_only};
	const struct consent_mac other = {.arg = &another, .mac = fixture_mac.mac};
	struct tokens t;
	struct slice token;

	(void)state;
	tokens_open(&t, rules_text);
	token = make(&t, 3);
	t.q.site = SLICE("shop.example.com");
	assert_int_equal(state_of(&t, token), CONSENT_TOKEN_FORGED);
	t.q.site = SLICE("www.example.com");
	t.q.mac = &other;
	assert_int_equal(state_of(&t, token), CONSENT_TOKEN_FORGED);
	t.q.mac = NULL;
	assert_int_equal(state_of(&t, token), CONSENT_TOKEN_FORGED);
	t.q.mac = &rotated;
	assert_int_equal(state_of(&t, token), CONSENT_TOKEN_GOOD);
	tokens_close(&t);
}

static void test_another_policy(void **state)
{
	static const char *const others[] = {
		"policy 2026-04 {\n}\npurpose preferences\npurpose analytics\npurpose advertising\n",
		"policy 2026-03 {\n}\npurpose preferences\npurpose advertising\npurpose analytics\n",
		"policy 2026-03 {\n}\npurpose preferences\npurpose analytics\n",
		"policy 2026-03 {\n}\npurpose preferences\npurpose analytics\npurpose advertising\npurpose more\n",
		"policy 2026-03 {\n}\npurpose preferencesa\npurpose nalytics\npurpose advertising\n",
	};
	/* Titles may be bettered without asking anew. */
	static const char same[] =
		"purpose preferences \"Other\"\npurpose analytics\npolicy 2026-03 {\n}\npurpose advertising\n";
	struct tokens t, o;
	struct slice token;

	(void)state;
	tokens_open(&t, rules_text);
	token = make(&t, 3);
	for (size_t i = 0; i < CG_COUNT(others); i++) {
		tokens_open(&o, others[i]);
		assert_int_equal(state_of(&o, token), CONSENT_TOKEN_OLD_POLICY);
		tokens_close(&o);
	}
	tokens_open(&o, same);
	assert_int_equal(state_of(&o, token), CONSENT_TOKEN_GOOD);
	tokens_close(&o);
	tokens_close(&t);
}

static void test_age(void **state)
{
	const int64_t made = FIXTURE_NOW / 60 * 60, remember = 180 * 86400;
	const struct {
		int64_t now;
		enum consent_token_state state;
	} cases[] = {
		{made, CONSENT_TOKEN_GOOD},
		{made + remember - 1, CONSENT_TOKEN_GOOD},
		{made + remember, CONSENT_TOKEN_GOOD},
		{made + remember + 1, CONSENT_TOKEN_EXPIRED},
		{made - 60, CONSENT_TOKEN_GOOD}, /* another server's clock */
		{made - 61, CONSENT_TOKEN_EXPIRED},
		{0, CONSENT_TOKEN_EXPIRED},
		{INT64_C(1) << 60, CONSENT_TOKEN_EXPIRED},
	};
	struct tokens t;
	struct slice token;

	(void)state;
	tokens_open(&t, rules_text);
	token = make(&t, 3);
	for (size_t i = 0; i < CG_COUNT(cases); i++) {
		t.q.now = cases[i].now;
		assert_int_equal(state_of(&t, token), cases[i].state);
	}
	tokens_close(&t);
}

/* The longest there can be is within the bound; what cannot be made is empty. */
static void test_bounds(void **state)
{
	struct tokens t;
	struct slice rules = SLICE("");
	struct arena arena;
	char site[256];

	(void)state;
	arena_init(&arena, 0, 1 << 16);
	for (int i = 1; i < PURPOSES_MAX; i++)
		rules = arena_printf(&arena, "%.*spurpose p%d\n", SLICE_ARG(rules), i);
	tokens_open(&t, arena_cstr(&arena, rules));
	t.q.now = INT64_C(36) * 36 * 36 * 36 * 36 * 36 * 36 * 60 - 1;
	assert_int_equal(state_of(&t, make(&t, 0xFFFFFFFF)), CONSENT_TOKEN_GOOD);
	assert_int_equal(make(&t, 0xFFFFFFFF).n, 1 + 1 + 11 + 1 + 8 + 1 + 7 + 1 + 22 + 1 + 22);

	memset(site, 'a', sizeof site);
	t.q.site = slice_of(site, 255);
	assert_int_equal(state_of(&t, make(&t, 1)), CONSENT_TOKEN_GOOD);
	t.q.site = slice_of(site, 256);
	assert_int_equal(consent_token_make(&t.q, 1, id, &t.arena).n, 0);
	t.q.site = SLICE("a");
	t.q.mac = NULL;
	assert_int_equal(consent_token_make(&t.q, 1, id, &t.arena).n, 0);
	t.q.mac = &fixture_mac;
	t.arena.failed = true;
	assert_int_equal(consent_token_make(&t.q, 1, id, &t.arena).n, 0);
	tokens_close(&t);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_token),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_every_octet_counts),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_bound_to_site_and_key),
		cmocka_unit_test(test_another_policy),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests_name("consent_token", tests, NULL, NULL);
}
