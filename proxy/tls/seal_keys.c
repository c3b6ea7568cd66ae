/* AES-256-GCM for sealed cookies, with keys made of the consent keys (RFC 5869). */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "proxy/tls/internal.h"

#define SEAL_KEY 32

/* They are on visitors' devices, in a way: these must never change. */
static char key_label[] = "crumbgate sealed cookies 1: key";
static char id_label[] = "crumbgate sealed cookies 1: id";

static bool derive(const unsigned char *secret, size_t n, char *label, unsigned char *out, size_t size)
{
	static char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret, n),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, label, slice_str(label).n),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	bool good = ctx && EVP_KDF_derive(ctx, out, size, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return good;
}

bool seal_keys_add(struct seal_keys *k, const unsigned char *secret, size_t n)
{
	struct seal_key *key = &k->key[k->n];
	unsigned char bytes[SEAL_KEY];
	EVP_CIPHER *gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	bool good;

	key->seals = EVP_CIPHER_CTX_new();
	key->opens = EVP_CIPHER_CTX_new();
	good = gcm && key->seals && key->opens && derive(secret, n, key_label, bytes, sizeof bytes) &&
	       derive(secret, n, id_label, key->id, sizeof key->id) &&
	       EVP_EncryptInit_ex2(key->seals, gcm, bytes, NULL, NULL) == 1 &&
	       EVP_DecryptInit_ex2(key->opens, gcm, bytes, NULL, NULL) == 1;
	OPENSSL_cleanse(bytes, sizeof bytes);
	EVP_CIPHER_free(gcm); /* the contexts hold it */
	k->n++;		      /* seal_keys_free() frees what there is */
	return good;
}

void seal_keys_free(struct seal_keys *k)
{
	for (size_t i = 0; i < k->n; i++) {
		EVP_CIPHER_CTX_free(k->key[i].seals);
		EVP_CIPHER_CTX_free(k->key[i].opens);
	}
	k->n = 0;
}

static bool key_id(void *arg, size_t key, unsigned char id[SEAL_ID])
{
	const struct seal_keys *k = arg;

	if (key >= k->n)
		return false;
	memcpy(id, k->key[key].id, SEAL_ID);
	return true;
}

static bool fits(size_t n)
{
	return n <= INT32_MAX;
}

/*
 * The context keeps its key; only the nonce is new. Random ones are good for 2^32 cookies a key (NIST SP 800-38D 8.3):
 * a thousand a second for 49 days. So keys are to be rotated, which the manual says.
 */
static bool gcm_seal(void *arg, struct slice bound, struct slice text, unsigned char nonce[SEAL_NONCE],
		     unsigned char *out)
{
	const struct seal_keys *k = arg;
	EVP_CIPHER_CTX *ctx = k->n ? k->key[0].seals : NULL;
	int n;

	tls_random(NULL, nonce, SEAL_NONCE);
	if (ctx && fits(bound.n) && fits(text.n) && EVP_EncryptInit_ex2(ctx, NULL, NULL, nonce, NULL) == 1 &&
	    EVP_EncryptUpdate(ctx, NULL, &n, (const unsigned char *)bound.p, (int)bound.n) == 1 &&
	    EVP_EncryptUpdate(ctx, out, &n, (const unsigned char *)text.p, (int)text.n) == 1 && (size_t)n == text.n &&
	    EVP_EncryptFinal_ex(ctx, out + n, &n) == 1 && n == 0 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG, out + text.n) == 1)
		return true;
	ERR_clear_error();
	return false;
}

static bool gcm_open(void *arg, size_t key, const unsigned char nonce[SEAL_NONCE], struct slice bound,
		     struct slice sealed, unsigned char *out)
{
	const struct seal_keys *k = arg;
	EVP_CIPHER_CTX *ctx = key < k->n ? k->key[key].opens : NULL;
	unsigned char tag[SEAL_TAG];
	int n;

	if (!ctx || !fits(bound.n) || !fits(sealed.n) || sealed.n < SEAL_TAG)
		return false;
	sealed.n -= SEAL_TAG;
	memcpy(tag, sealed.p + sealed.n, SEAL_TAG);
	if (EVP_DecryptInit_ex2(ctx, NULL, NULL, nonce, NULL) == 1 &&
	    EVP_DecryptUpdate(ctx, NULL, &n, (const unsigned char *)bound.p, (int)bound.n) == 1 &&
	    EVP_DecryptUpdate(ctx, out, &n, (const unsigned char *)sealed.p, (int)sealed.n) == 1 &&
	    (size_t)n == sealed.n && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG, tag) == 1 &&
	    EVP_DecryptFinal_ex(ctx, out + n, &n) == 1)
		return true;
	ERR_clear_error();
	return false;
}

struct seal_ops seal_keys_ops(struct seal_keys *k)
{
	return (struct seal_ops){.arg = k, .key_id = key_id, .seal = gcm_seal, .open = gcm_open};
}
