/* Key files of the signed consent cookie, and the keyed hash made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "proxy/tls/tls.h"
#include "rules/consent/consent.h"
#include "rules/consent/sealed.h"
#include "tests/support/files.h"

#define K0 "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
#define K1 "AAaaAAaaAAaaAAaaAAaaAAaaAAaaAAaaAAaaAAaaAAaaAAaaAAaaAAaaAAaaAAaa"

static struct tls_consent_keys *load(const char *text, struct diagnostics *d)
{
	struct files files;
	struct tls_consent_keys *k;

	files_init(&files);
	if (text)
		files_put(&files, "consent.keys", slice_str(text));
	k = tls_consent_keys_load(&files.loader, SLICE("consent.keys"), NULL, d);
	files_free(&files);
	return k;
}

static void good_files_give_their_keys(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} table[] = {
		{K0, 1},
		{K0 "\n", 1},
		{"# newest first\n\n  " K0 "  # today\r\n" K1 "\n\n", 2},
		{K0 "\n" K1 "\n" K0 "\n" K1 "\n", 4},
	};
	unsigned char out[CONSENT_MAC_SIZE];

	(void)state;
	for (size_t i = 0; i < CG_COUNT(table); i++) {
		struct diagnostics d;
		struct tls_consent_keys *k;
		const struct consent_mac *mac;

		diagnostics_init(&d);
		k = load(table[i].text, &d);
		assert_non_null(k);
		assert_int_equal(d.n, 0);
		mac = tls_consent_mac(k);
		for (size_t j = 0; j < table[i].n + 2; j++)
			assert_int_equal(mac->mac(mac->arg, j, SLICE("x"), out), j < table[i].n);
		tls_consent_keys_free(k);
		diagnostics_free(&d);
	}
}

static void wrong_files_are_told_apart(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
		const char *message;
	} table[] = {
		{NULL, 0, 0, "consent.keys: "},
		{"", 0, 0, "there is no consent key in this file"},
		{"# nothing\n", 0, 0, "there is no consent key in this file"},
		{K0 "\nabc\n", 2, 1, "a consent key has 64 hexadecimal digits, this has 3"},
		{K0 "0\n", 1, 1, "a consent key has 64 hexadecimal digits, this has 65"},
		{"\nxyz\n", 2, 1, "a consent key has hexadecimal digits only"},
		{"0a:0b\n", 1, 3, "a consent key has hexadecimal digits only"},
		{K0 "\n" K0 "\n" K0 "\n" K0 "\n" K0 "\n", 5, 1, "there are more than 4 consent keys"},
	};

	(void)state;
	for (size_t i = 0; i < CG_COUNT(table); i++) {
		struct diagnostics d;

		diagnostics_init(&d);
		assert_null(load(table[i].text, &d));
		assert_int_equal(d.n, 1);
		assert_int_equal(d.v[0].at.line, table[i].line);
		if (table[i].line)
			assert_int_equal(d.v[0].at.column, table[i].column);
		if (!slice_starts_with(d.v[0].message, slice_str(table[i].message)))
			fail_msg("%s: %.*s", table[i].message, SLICE_ARG(d.v[0].message));
		assert_int_equal(d.v[0].at.source.n, 0); /* a key is not shown */
		diagnostics_free(&d);
	}
}

static void the_hash_is_hmac_sha256(void **state)
{
	/* RFC 4231 wants keys of 20 octets; this vector of 32 octets of 0x0b was made with the openssl command. */
	static const char expected[] = "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7";
	struct diagnostics d;
	struct tls_consent_keys *k;
	const struct consent_mac *mac;
	unsigned char out[CONSENT_MAC_SIZE];
	char text[2 * CONSENT_MAC_SIZE + 1];

	(void)state;
	diagnostics_init(&d);
	k = load(K1 "\n" K0, &d);
	assert_non_null(k);
	mac = tls_consent_mac(k);
	for (int round = 0; round < 3; round++) { /* the context starts anew each time */
		assert_true(mac->mac(mac->arg, 0, SLICE("something else"), out));
		assert_true(mac->mac(mac->arg, 1, SLICE("Hi There"), out));
		for (size_t i = 0; i < sizeof out; i++)
			snprintf(text + 2 * i, 3, "%02x", out[i]);
		assert_string_equal(text, expected);
	}
	assert_true(mac->mac(mac->arg, 1, slice_of(NULL, 0), out));
	tls_consent_keys_free(k);
	diagnostics_free(&d);
}

static void without_a_file_each_start_has_its_own_key(void **state)
{
	const struct loader none = {0};
	unsigned char out[2][CONSENT_MAC_SIZE];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct diagnostics d;
		struct tls_consent_keys *k;
		const struct consent_mac *mac;

		diagnostics_init(&d);
		k = tls_consent_keys_load(&none, slice_of(NULL, 0), NULL, &d);
		assert_non_null(k);
		mac = tls_consent_mac(k);
		assert_true(mac->mac(mac->arg, 0, SLICE("x"), out[i]));
		assert_false(mac->mac(mac->arg, 1, SLICE("x"), out[i]));
		tls_consent_keys_free(k);
		diagnostics_free(&d);
	}
	assert_memory_not_equal(out[0], out[1], CONSENT_MAC_SIZE);
}

static void random_fills_any_length(void **state)
{
	static unsigned char big[200000], zero[64];
	unsigned char small[3] = {1, 2, 3};

	(void)state;
	tls_random(NULL, big, sizeof big);
	assert_memory_not_equal(big, zero, sizeof zero);
	assert_memory_not_equal(big + sizeof big - sizeof zero, zero, sizeof zero);
	tls_random(NULL, small, 0);
	assert_memory_equal(small, "\1\2\3", 3);
}

/* Keys by RFC 5869, AES-256-GCM; made with Python's cryptography of the consent key K0. */
static void sealed_values_are_aes_256_gcm(void **state)
{
	static const struct slice known =
		SLICE_INIT("1.V8_XNIhGn8sAAQIDBAUGBwgJCguJLnLa9Z3wLBHsfft4ilYrpgXM3OdpgGllUv8Qxg");
	struct sealing s = {.site = SLICE("www.example.com"), .name = SLICE("sid"), .now = 1780000000};
	struct tls_consent_keys *k;
	struct slice value = {0}, bad;
	struct diagnostics d;
	struct arena arena;

	(void)state;
	diagnostics_init(&d);
	arena_init(&arena, 0, 1 << 16);
	k = load(K1 "\n" K0, &d);
	assert_non_null(k);
	s.ops = tls_seal_ops(k);
	for (int round = 0; round < 3; round++) {
		bad = arena_copy(&arena, known);
		((char *)(uintptr_t)bad.p)[bad.n - 1] ^= 1;
		assert_int_not_equal(sealed_open(&s, bad, -1, &arena, &value), SEALED_OPENED);
		assert_int_equal(sealed_open(&s, known, -1, &arena, &value), SEALED_OPENED);
		assert_true(slice_eq(value, SLICE("4711")));
	}
	tls_consent_keys_free(k);
	arena_free(&arena);
	diagnostics_free(&d);
}

static void keys_rotate(void **state)
{
	static const char *const rings[] = {K0, K1 "\n" K0, K1};
	static const enum sealed_state becomes[] = {SEALED_OPENED, SEALED_OPENED, SEALED_UNKNOWN_KEY};
	struct sealing s = {.site = SLICE("www.example.com"), .name = SLICE("sid"), .now = 1780000000};
	struct slice sealed = {0}, again, value;
	struct arena arena;

	(void)state;
	arena_init(&arena, 0, 1 << 16);
	for (size_t i = 0; i < CG_COUNT(rings); i++) {
		struct tls_consent_keys *k;
		struct diagnostics d;

		diagnostics_init(&d);
		k = load(rings[i], &d);
		assert_non_null(k);
		s.ops = tls_seal_ops(k);
		if (i == 0)
			sealed = sealed_make(&s, SLICE("a session"), 0, &arena);
		again = sealed_make(&s, SLICE("a session"), 0, &arena);
		assert_true(again.n > 0 && !slice_eq(again, sealed)); /* nonces differ */
		assert_int_equal(sealed_open(&s, again, -1, &arena, &value), SEALED_OPENED);
		assert_int_equal(sealed_open(&s, sealed, -1, &arena, &value), becomes[i]);
		tls_consent_keys_free(k);
		diagnostics_free(&d);
	}
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_files_give_their_keys),
		cmocka_unit_test(wrong_files_are_told_apart),
		cmocka_unit_test(the_hash_is_hmac_sha256),
		cmocka_unit_test(without_a_file_each_start_has_its_own_key),
		cmocka_unit_test(random_fills_any_length),
		cmocka_unit_test(sealed_values_are_aes_256_gcm),
		cmocka_unit_test(keys_rotate),
	};

	return cmocka_run_group_tests_name("consent keys", tests, NULL, NULL);
}
