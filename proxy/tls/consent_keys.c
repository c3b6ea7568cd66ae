#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

#include "proxy/tls/internal.h"
#include "rules/consent/consent.h"

#define KEY_SIZE 32

struct tls_consent_keys {
	struct consent_mac mac;
	struct seal_ops seal;
	struct seal_keys seal_keys;
	size_t n;
	EVP_MAC_CTX *keyed[CONSENT_KEYS_MAX]; /* newest first */
};

/* With a NULL key the context starts anew with the one it has: a fifth of the cost of HMAC(). */
static bool keyed_mac(void *arg, size_t key, struct slice data, unsigned char out[CONSENT_MAC_SIZE])
{
	struct tls_consent_keys *k = arg;
	size_t n = 0;

	if (key >= k->n)
		return false;
	if (EVP_MAC_init(k->keyed[key], NULL, 0, NULL) == 1 &&
	    EVP_MAC_update(k->keyed[key], (const unsigned char *)(data.n ? data.p : ""), data.n) == 1 &&
	    EVP_MAC_final(k->keyed[key], out, &n, CONSENT_MAC_SIZE) == 1 && n == CONSENT_MAC_SIZE)
		return true;
	ERR_clear_error();
	return false;
}

static bool add_key(struct tls_consent_keys *k, EVP_MAC *hmac, const unsigned char key[KEY_SIZE])
{
	static char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(hmac);

	if (!ctx || EVP_MAC_init(ctx, key, KEY_SIZE, params) != 1) {
		EVP_MAC_CTX_free(ctx);
		return false;
	}
	k->keyed[k->n++] = ctx;
	return seal_keys_add(&k->seal_keys, key, KEY_SIZE);
}

#define HINT_NEW "make one with: crumbgate certs keys FILE"

static bool parse_key(struct slice text, unsigned char key[KEY_SIZE], const struct position *at, struct diagnostics *d)
{
	for (size_t i = 0; i < text.n; i++) {
		struct position here = *at;

		if (ascii_hex_value(text.p[i]) >= 0)
			continue;
		here.column = (unsigned)i + 1;
		diagnostics_add(d, SEVERITY_ERROR, &here, HINT_NEW, "a consent key has hexadecimal digits only");
		return false;
	}
	if (text.n != 2 * KEY_SIZE) {
		diagnostics_add(d, SEVERITY_ERROR, at, HINT_NEW,
				"a consent key has %d hexadecimal digits, this has %zu", 2 * KEY_SIZE, text.n);
		return false;
	}
	for (size_t i = 0; i < KEY_SIZE; i++)
		key[i] = (unsigned char)(ascii_hex_value(text.p[2 * i]) << 4 | ascii_hex_value(text.p[2 * i + 1]));
	return true;
}

/* One line; blank ones and comments give no key. The line itself is secret and never part of a message. */
static bool take_line(struct tls_consent_keys *k, EVP_MAC *hmac, struct slice line, const struct position *at,
		      struct diagnostics *d)
{
	unsigned char key[KEY_SIZE];
	bool good;

	line = slice_trim(slice_head(line, slice_find_char(line, '#')));
	if (line.n && line.p[line.n - 1] == '\r')
		line = slice_trim(slice_head(line, line.n - 1));
	if (line.n == 0)
		return true;
	if (k->n == CONSENT_KEYS_MAX) {
		diagnostics_add(d, SEVERITY_ERROR, at, "remove the oldest ones, which are the last",
				"there are more than %d consent keys", CONSENT_KEYS_MAX);
		return false;
	}
	if (!parse_key(line, key, at, d))
		return false;
	good = add_key(k, hmac, key);
	OPENSSL_cleanse(key, sizeof key);
	d->failed |= !good;
	return good;
}

static bool take_text(struct tls_consent_keys *k, EVP_MAC *hmac, struct slice text, struct slice path,
		      struct diagnostics *d)
{
	struct position at = {.file = path, .line = 1, .column = 1};
	bool good = true;

	for (; text.n && good; at.line++) {
		struct slice line;

		slice_cut(text, '\n', &line, &text);
		good = take_line(k, hmac, line, &at, d);
	}
	if (good && k->n == 0) {
		at.line = 0;
		diagnostics_add(d, SEVERITY_ERROR, &at, HINT_NEW, "there is no consent key in this file");
	}
	return good && k->n > 0;
}

static bool take_random(struct tls_consent_keys *k, EVP_MAC *hmac)
{
	unsigned char key[KEY_SIZE];
	bool good;

	tls_random(NULL, key, sizeof key);
	good = add_key(k, hmac, key);
	OPENSSL_cleanse(key, sizeof key);
	return good;
}

struct tls_consent_keys *tls_consent_keys_load(const struct loader *loader, struct slice path,
					       const struct position *at, struct diagnostics *d)
{
	const struct position itself = {.file = path};
	struct tls_consent_keys *k = calloc(1, sizeof *k);
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	struct slice text = {0};
	bool good = k && hmac;

	d->failed |= !good;
	if (good) {
		k->mac = (struct consent_mac){k, keyed_mac};
		k->seal = seal_keys_ops(&k->seal_keys);
		if (path.n == 0)
			good = take_random(k, hmac);
		else
			good = tls_load_file(loader, path, at ? at : &itself, d, &text) &&
			       take_text(k, hmac, text, path, d);
	}
	EVP_MAC_free(hmac); /* the keyed contexts hold it */
	ERR_clear_error();
	if (good)
		return k;
	tls_consent_keys_free(k);
	return NULL;
}

void tls_consent_keys_free(struct tls_consent_keys *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->n; i++)
		EVP_MAC_CTX_free(k->keyed[i]);
	seal_keys_free(&k->seal_keys);
	free(k);
}

const struct consent_mac *tls_consent_mac(struct tls_consent_keys *k)
{
	return &k->mac;
}

const struct seal_ops *tls_seal_ops(struct tls_consent_keys *k)
{
	return &k->seal;
}

void tls_random(void *arg, unsigned char *out, size_t n)
{
	(void)arg;
	while (n) {
		int part = n > 65536 ? 65536 : (int)n;

		if (RAND_bytes(out, part) != 1) {
			fputs("crumbgate: there is no randomness to be had\n", stderr);
			abort();
		}
		out += part;
		n -= (size_t)part;
	}
}
