#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "certs/certs.h"

/* What every step needs to complain. */
struct loading {
	const struct certs_source *source;
	const struct position *at;
	struct diagnostics *d;
};

#define FAIL(l, hint, ...) (diagnostics_add((l)->d, SEVERITY_ERROR, (l)->at, hint, __VA_ARGS__), false)

static bool complain_memory(const struct loading *l)
{
	l->d->failed = true;
	return FAIL(l, NULL, "memory ran out while reading %.*s", SLICE_ARG(l->source->chain_file));
}

static bool complain_no_certificate(const struct loading *l, const struct certs_pem *pem)
{
	struct slice file = l->source->chain_file;

	if (pem->is_der)
		return FAIL(l, "convert it: openssl x509 -inform DER -in FILE -out FILE.pem (PKCS #12: openssl pkcs12)",
			    "%.*s is not PEM, it looks like DER", SLICE_ARG(file));
	if (l->source->chain.n == 0)
		return FAIL(l, NULL, "%.*s is empty", SLICE_ARG(file));
	if (pem->key || pem->encrypted_key)
		return FAIL(l, "write the chain first: certificate CHAIN.pem key KEY.pem",
			    "%.*s holds a private key but no certificate", SLICE_ARG(file));
	return FAIL(l, "it must hold blocks that begin with -----BEGIN CERTIFICATE-----", "%.*s holds no certificate",
		    SLICE_ARG(file));
}

static bool check_blocks(const struct loading *l, const struct certs_pem *pem, struct slice file)
{
	if (pem->damaged_line)
		return FAIL(l, "copy the file again, it may have been cut or edited",
			    "the PEM block at line %u of %.*s is damaged", pem->damaged_line, SLICE_ARG(file));
	if (pem->too_many)
		return FAIL(l, "only the site's own certificate and its issuers belong into it",
			    "%.*s holds more than %d certificates", SLICE_ARG(file), CERTS_CHAIN_MAX);
	return true;
}

static bool complain_no_key(const struct loading *l, const struct certs_pem *pem)
{
	bool apart = l->source->key_file.n > 0;
	struct slice file = apart ? l->source->key_file : l->source->chain_file;

	if (pem->encrypted_key)
		return FAIL(l, "store it without one, readable by root only: openssl pkey -in FILE -out FILE.key",
			    "the private key in %.*s is protected by a passphrase, which nobody can type at a reload",
			    SLICE_ARG(file));
	if (apart)
		return FAIL(l, "it must hold a block that begins with -----BEGIN PRIVATE KEY-----",
			    "%.*s holds no private key", SLICE_ARG(file));
	return FAIL(l, "name the key's file: certificate CHAIN.pem key KEY.pem (or put the key into the same file)",
		    "%.*s holds no private key", SLICE_ARG(file));
}

static bool key_fits(X509 *x, const EVP_PKEY *key)
{
	EVP_PKEY *public = X509_get0_pubkey(x);
	bool fits = public && EVP_PKEY_eq(public, key) == 1;

	ERR_clear_error();
	return fits;
}

static struct slice names_of(const X509 *x, struct buffer *b)
{
	buffer_clear(b);
	certs_names(x, b);
	return buffer_slice(b);
}

static struct slice subject_of(const X509 *x, struct buffer *b)
{
	buffer_clear(b);
	certs_subject(x, b);
	return buffer_slice(b);
}

/* The first certificate must be the key's. If another one of the file is, the order is wrong, not the key. */
static bool check_key(const struct loading *l, STACK_OF(X509) * all, const EVP_PKEY *key, struct buffer *text)
{
	struct slice file = l->source->chain_file, names;
	struct slice key_file = l->source->key_file.n ? l->source->key_file : file;

	if (key_fits(sk_X509_value(all, 0), key))
		return true;
	for (int i = 1; i < sk_X509_num(all); i++) {
		if (!key_fits(sk_X509_value(all, i), key))
			continue;
		names = names_of(sk_X509_value(all, i), text);
		return FAIL(l, "put the site's own certificate first, then the one that issued it, and so on",
			    "%.*s is in the wrong order: the certificate for %.*s is number %d and must come first",
			    SLICE_ARG(file), SLICE_ARG(names), i + 1);
	}
	names = names_of(sk_X509_value(all, 0), text);
	return FAIL(l, "use the key that the certificate was requested with, or have a new certificate issued",
		    "the private key in %.*s does not belong to the certificate for %.*s", SLICE_ARG(key_file),
		    SLICE_ARG(names));
}

static int issuer_of(STACK_OF(X509) * all, int i)
{
	for (int k = 0; k < sk_X509_num(all); k++)
		if (k != i && X509_check_issued(sk_X509_value(all, k), sk_X509_value(all, i)) == X509_V_OK)
			return k;
	return -1;
}

static void warn_unrelated(const struct loading *l, STACK_OF(X509) * all, int i, struct buffer *text)
{
	struct slice name = subject_of(sk_X509_value(all, i + 1), text);

	diagnostics_add(l->d, SEVERITY_WARNING, l->at, "remove it, or add the certificate that is missing before it",
			"certificate %d of %.*s (%.*s) did not issue the one before it", i + 2,
			SLICE_ARG(l->source->chain_file), SLICE_ARG(name));
}

/* Each certificate is issued by the next (RFC 8446 4.4.2 is lenient, TLS 1.2 in RFC 5246 7.4.2 is not). */
static bool check_order(const struct loading *l, STACK_OF(X509) * all, struct buffer *text)
{
	for (int i = 0; i + 1 < sk_X509_num(all); i++) {
		int k = issuer_of(all, i);
		struct slice name;

		if (X509_check_issued(sk_X509_value(all, i + 1), sk_X509_value(all, i)) == X509_V_OK)
			continue;
		if (k < 0) {
			warn_unrelated(l, all, i, text);
			continue;
		}
		name = subject_of(sk_X509_value(all, k), text);
		return FAIL(
			l, "put each certificate before the one that issued it, the site's own first",
			"%.*s is in the wrong order: after certificate %d must come number %d (%.*s), which issued it",
			SLICE_ARG(l->source->chain_file), i + 1, k + 1, SLICE_ARG(name));
	}
	return true;
}

bool certs_check_chain(const struct certs_pem *pem, struct slice file, const struct position *at, struct diagnostics *d)
{
	const struct certs_source source = {.chain_file = file};
	const struct loading l = {&source, at, d};
	struct buffer text;
	bool good;

	buffer_init(&text, 2 * CERTS_NAMES_TEXT_MAX);
	good = check_blocks(&l, pem, file) && check_order(&l, pem->certificates, &text);
	buffer_free(&text);
	ERR_clear_error();
	return good;
}

static struct certs *assemble(struct certs_pem *chain, EVP_PKEY **key)
{
	struct certs *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->chain = chain->certificates;
	c->leaf = sk_X509_shift(c->chain);
	c->key = *key;
	chain->certificates = NULL;
	*key = NULL;
	return c;
}

/* The chain is read; the key is in `chain` or in `apart`. */
static struct certs *match(const struct loading *l, struct certs_pem *chain, struct certs_pem *apart)
{
	struct certs_pem *keys = l->source->key_file.n ? apart : chain;
	struct certs *c = NULL;
	struct buffer text;

	if (sk_X509_num(chain->certificates) == 0)
		return complain_no_certificate(l, chain), NULL;
	if (!keys->key)
		return complain_no_key(l, keys), NULL;
	buffer_init(&text, 2 * CERTS_NAMES_TEXT_MAX);
	if (check_key(l, chain->certificates, keys->key, &text) && check_order(l, chain->certificates, &text)) {
		c = assemble(chain, &keys->key);
		if (!c)
			complain_memory(l);
	}
	buffer_free(&text);
	return c;
}

struct certs *certs_load(const struct certs_source *source, const struct position *at, struct diagnostics *d)
{
	const struct loading l = {source, at, d};
	struct certs_pem chain, key = {0};
	struct certs *c = NULL;
	bool apart = source->key_file.n > 0;

	if (!certs_pem_read(&chain, source->chain) || (apart && !certs_pem_read(&key, source->key)))
		complain_memory(&l);
	else if (check_blocks(&l, &chain, source->chain_file) && (!apart || check_blocks(&l, &key, source->key_file)))
		c = match(&l, &chain, &key);
	certs_pem_free(&chain);
	certs_pem_free(&key);
	ERR_clear_error();
	return c;
}

void certs_free(struct certs *c)
{
	if (!c)
		return;
	X509_free(c->leaf);
	sk_X509_pop_free(c->chain, X509_free);
	EVP_PKEY_free(c->key);
	free(c);
}
