#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "proxy/tls/internal.h"

/* What OpenSSL expects of the callback. */
enum { TICKET_ERROR = -1, TICKET_UNKNOWN = 0, TICKET_GOOD = 1, TICKET_RENEW = 2 };

/* RFC 5077 4: a name by which the key is found again, one key to encrypt, one to authenticate. */
struct ticket_key {
	unsigned char name[16];
	unsigned char aes[32];
	unsigned char hmac[32];
};

struct tls_ticket_site {
	const struct tls_ticket_crypto *crypto;
	struct slice site;
	size_t n;
	struct ticket_key keys[TLS_TICKET_KEYS_MAX]; /* newest first */
};

bool tls_ticket_crypto_init(struct tls_ticket_crypto *c)
{
	c->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	c->kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	return c->cipher && c->kdf;
}

void tls_ticket_crypto_free(struct tls_ticket_crypto *c)
{
	EVP_CIPHER_free(c->cipher);
	EVP_KDF_free(c->kdf);
	*c = (struct tls_ticket_crypto){0};
}

struct tls_ticket_site *tls_ticket_site_new(const struct tls_ticket_crypto *crypto, struct slice name)
{
	struct tls_ticket_site *s = calloc(1, sizeof *s);

	if (s) {
		s->crypto = crypto;
		s->site = name;
	}
	return s;
}

void tls_ticket_site_free(struct tls_ticket_site *s)
{
	if (!s)
		return;
	OPENSSL_cleanse(s, sizeof *s);
	free(s);
}

static OSSL_PARAM octets(const char *key, const void *p, size_t n)
{
	return OSSL_PARAM_construct_octet_string(key, (void *)(uintptr_t)p, n);
}

static OSSL_PARAM sha256(void)
{
	static char digest[] = "SHA256";

	return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
}

/* HKDF (RFC 5869) over the shared secret; the site's name in the info makes each site's keys its own. */
static bool derive(const struct tls_ticket_site *s, const unsigned char secret[48], struct ticket_key *out)
{
	static const char label[] = "crumbgate session ticket";
	int mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(s->crypto->kdf);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		sha256(),
		octets(OSSL_KDF_PARAM_KEY, secret, 48),
		octets(OSSL_KDF_PARAM_SALT, label, sizeof label),
		octets(OSSL_KDF_PARAM_INFO, s->site.n ? s->site.p : "", s->site.n),
		OSSL_PARAM_construct_end(),
	};
	bool good = ctx && EVP_KDF_derive(ctx, (unsigned char *)out, sizeof *out, params) == 1;

	EVP_KDF_CTX_free(ctx);
	ERR_clear_error();
	return good;
}

bool tls_ticket_site_set(struct tls_ticket_site *s, const struct tls_ticket_keys *keys)
{
	size_t n = keys->n < TLS_TICKET_KEYS_MAX ? keys->n : TLS_TICKET_KEYS_MAX;

	s->n = 0;
	for (size_t i = 0; i < n; i++)
		if (!derive(s, keys->secret[i], &s->keys[i]))
			return false;
	s->n = n;
	return true;
}

static bool set_mac(EVP_MAC_CTX *mac, const struct ticket_key *key)
{
	const OSSL_PARAM params[] = {
		octets(OSSL_MAC_PARAM_KEY, key->hmac, sizeof key->hmac),
		sha256(),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/*
 * Random octets that may be public. Each draw from OpenSSL's generator is a system call, by which it looks whether the
 * process has forked; workers do not, so one draw is for many tickets.
 */
static bool draw_iv(unsigned char *iv, size_t n)
{
	static unsigned char drawn[1024];
	static size_t used = sizeof drawn;

	if (n > sizeof drawn - used) {
		if (RAND_bytes(drawn, sizeof drawn) != 1)
			return false;
		used = 0;
	}
	memcpy(iv, drawn + used, n);
	used += n;
	return true;
}

static int encrypt_with(const struct tls_ticket_site *s, unsigned char name[16], unsigned char *iv,
			EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	const struct ticket_key *key = &s->keys[0];

	if (s->n == 0)
		return TICKET_UNKNOWN; /* none is handed out, and that is no failure */
	memcpy(name, key->name, sizeof key->name);
	if (!draw_iv(iv, (size_t)EVP_CIPHER_get_iv_length(s->crypto->cipher)) ||
	    EVP_EncryptInit_ex2(cipher, s->crypto->cipher, key->aes, iv, NULL) != 1 || !set_mac(mac, key))
		return TICKET_ERROR;
	return TICKET_GOOD;
}

/* Clients use a ticket of TLS 1.3 once (RFC 8446 C.4), so there each use brings a new one. */
static int decrypt_with(const SSL *ssl, const struct tls_ticket_site *s, const unsigned char name[16],
			const unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct ticket_key *key = &s->keys[i];

		if (memcmp(name, key->name, sizeof key->name) != 0)
			continue;
		if (EVP_DecryptInit_ex2(cipher, s->crypto->cipher, key->aes, iv, NULL) != 1 || !set_mac(mac, key))
			return TICKET_ERROR;
		return i == 0 && SSL_version(ssl) != TLS1_3_VERSION ? TICKET_GOOD : TICKET_RENEW;
	}
	return TICKET_UNKNOWN; /* of another site or too old: a full handshake follows */
}

int tls_ticket_callback(SSL *ssl, unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
			int encrypt)
{
	const struct tls_ticket_site *s = tls_ticket_site_of(ssl);

	return encrypt ? encrypt_with(s, name, iv, cipher, mac) : decrypt_with(ssl, s, name, iv, cipher, mac);
}
