#include "certs/development.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#define PEM_MAX	    65536
#define DAY	    86400
#define SERIAL_SIZE 16
#define CLOCK_SKEW  3600 /* machines that try it out may be a little behind */

struct authority {
	X509 *certificate;
	EVP_PKEY *key;
};

void certs_dev_init(struct certs_dev *dev)
{
	buffer_init(&dev->ca, PEM_MAX);
	buffer_init(&dev->ca_key, PEM_MAX);
	buffer_init(&dev->chain, PEM_MAX);
	buffer_init(&dev->key, PEM_MAX);
}

static void wipe(struct buffer *b)
{
	if (b->p)
		OPENSSL_cleanse(b->p, b->cap);
	buffer_free(b);
}

void certs_dev_free(struct certs_dev *dev)
{
	buffer_free(&dev->ca);
	wipe(&dev->ca_key);
	buffer_free(&dev->chain);
	wipe(&dev->key);
}

/* -- names ------------------------------------------------------------------------------------------------------- */

static bool is_address(struct slice name)
{
	unsigned char ip[16];
	char text[INET6_ADDRSTRLEN];

	if (name.n >= sizeof text || name.n == 0)
		return false;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	return inet_pton(AF_INET, text, ip) == 1 || inet_pton(AF_INET6, text, ip) == 1;
}

bool certs_dev_name_ok(struct slice name)
{
	size_t label = 0;

	if (is_address(name))
		return true;
	if (slice_starts_with(name, SLICE("*.")))
		name = slice_from(name, 2);
	if (name.n == 0 || name.n > 253)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		label = c == '.' ? 0 : label + 1;
		if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '-' && c != '_' && c != '.')
			return false;
		if (label > 63 || (c == '.' && (i == 0 || name.p[i - 1] == '.')))
			return false;
	}
	return name.p[name.n - 1] != '.';
}

/* "DNS:a,IP:192.0.2.1" in the language of OpenSSL's configuration; the names were checked to hold no comma. */
static bool alt_name_text(struct buffer *out, const struct slice *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buffer_printf(out, "%s%s:%.*s", i ? "," : "", is_address(names[i]) ? "IP" : "DNS", SLICE_ARG(names[i]));
	return buffer_add_char(out, '\0');
}

/* -- building a certificate -------------------------------------------------------------------------------------- */

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	bool good;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	good = e && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return good;
}

static bool set_serial(X509 *x)
{
	unsigned char octets[SERIAL_SIZE];
	BIGNUM *n = NULL;
	bool good;

	if (RAND_bytes(octets, sizeof octets) != 1)
		return false;
	octets[0] &= 0x7F; /* positive, in as many octets (RFC 5280 4.1.2.2) */
	n = BN_bin2bn(octets, sizeof octets, NULL);
	good = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return good;
}

static bool set_subject(X509 *x, const char *common_name)
{
	X509_NAME *name = X509_get_subject_name(x);

	return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"crumbgate development", -1,
					  -1, 0) == 1 &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0) ==
		       1;
}

/* Everything that an authority and a leaf have in common; unsigned. */
static X509 *begin(EVP_PKEY *key, const char *common_name, int64_t from, int64_t to)
{
	X509 *x = X509_new();

	if (x && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) && set_subject(x, common_name) &&
	    ASN1_TIME_set(X509_getm_notBefore(x), (time_t)from) && ASN1_TIME_set(X509_getm_notAfter(x), (time_t)to) &&
	    X509_set_pubkey(x, key) == 1)
		return x;
	X509_free(x);
	return NULL;
}

static X509 *make_authority(EVP_PKEY *key, int64_t from, int64_t to)
{
	unsigned char tag[3];
	char name[64];
	X509 *x;

	if (RAND_bytes(tag, sizeof tag) != 1)
		return NULL;
	snprintf(name, sizeof name, "crumbgate development CA %02x%02x%02x", tag[0], tag[1], tag[2]);
	x = begin(key, name, from, to);
	if (x && X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
	    add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	    add_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	    add_extension(x, x, NID_subject_key_identifier, "hash") && X509_sign(x, key, EVP_sha256()) > 0)
		return x;
	X509_free(x);
	return NULL;
}

static bool finish_leaf(X509 *x, const struct authority *ca, const char *alt_names)
{
	return X509_set_issuer_name(x, X509_get_subject_name(ca->certificate)) == 1 &&
	       add_extension(x, ca->certificate, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(x, ca->certificate, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(x, ca->certificate, NID_ext_key_usage, "serverAuth") &&
	       add_extension(x, ca->certificate, NID_subject_key_identifier, "hash") &&
	       add_extension(x, ca->certificate, NID_authority_key_identifier, "keyid") &&
	       add_extension(x, ca->certificate, NID_subject_alt_name, alt_names) &&
	       X509_sign(x, ca->key, EVP_sha256()) > 0;
}

static X509 *make_leaf(EVP_PKEY *key, const struct authority *ca, const struct slice *names, size_t n, int64_t from,
		       int64_t to)
{
	char common_name[65]; /* the most that X.520 allows; browsers read subjectAltName alone */
	struct buffer alt;
	X509 *x = NULL;

	snprintf(common_name, sizeof common_name, "%.*s", SLICE_ARG(slice_head(names[0], 64)));
	buffer_init(&alt, CERTS_DEV_NAMES_MAX * 260);
	if (alt_name_text(&alt, names, n))
		x = begin(key, common_name, from, to);
	if (x && !finish_leaf(x, ca, alt.p)) {
		X509_free(x);
		x = NULL;
	}
	buffer_free(&alt);
	return x;
}

/* -- PEM --------------------------------------------------------------------------------------------------------- */

static bool take_text(BIO *bio, struct buffer *out)
{
	char *p;
	long n = BIO_get_mem_data(bio, &p);

	return n > 0 && buffer_add(out, slice_of(p, (size_t)n));
}

static bool write_certificate(struct buffer *out, const X509 *x)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool good = bio && PEM_write_bio_X509(bio, x) == 1 && take_text(bio, out);

	BIO_free(bio);
	return good;
}

static bool write_key(struct buffer *out, const EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	bool good = bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1 && take_text(bio, out);

	BIO_free(bio);
	return good;
}

/* -- the two steps ----------------------------------------------------------------------------------------------- */

static const char no_memory[] = "memory ran out";

static const char *new_authority(struct certs_dev *dev, struct authority *ca, int64_t from)
{
	ca->key = EVP_EC_gen("P-256");
	if (ca->key)
		ca->certificate = make_authority(ca->key, from, from + (int64_t)CERTS_DEV_CA_DAYS * DAY);
	if (!ca->certificate || !write_certificate(&dev->ca, ca->certificate) || !write_key(&dev->ca_key, ca->key))
		return no_memory;
	return NULL;
}

static const char *read_authority(const struct certs_dev *dev, struct authority *ca, int64_t now)
{
	struct certs_pem certificate, key = {0};
	const char *why = NULL;

	if (!certs_pem_read(&certificate, buffer_slice(&dev->ca)) || !certs_pem_read(&key, buffer_slice(&dev->ca_key)))
		why = no_memory;
	else if (sk_X509_num(certificate.certificates) != 1 || !key.key)
		why = "the authority's files do not hold a certificate and its key";
	else if (X509_check_private_key(sk_X509_value(certificate.certificates, 0), key.key) != 1)
		why = "the authority's key does not belong to its certificate";
	else if (X509_check_ca(sk_X509_value(certificate.certificates, 0)) == 0)
		why = "the authority's certificate is not one that may issue others";
	else if (certs_not_after(sk_X509_value(certificate.certificates, 0)) < now)
		why = "the authority's certificate has expired";
	if (!why) {
		ca->certificate = sk_X509_shift(certificate.certificates);
		ca->key = key.key;
		key.key = NULL;
	}
	certs_pem_free(&certificate);
	certs_pem_free(&key);
	return why;
}

static const char *new_leaf(struct certs_dev *dev, const struct authority *ca, const struct slice *names, size_t n,
			    int64_t from, int64_t to)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *leaf = key ? make_leaf(key, ca, names, n, from, to) : NULL;
	bool good = leaf && write_certificate(&dev->chain, leaf) && write_key(&dev->key, key);

	X509_free(leaf);
	EVP_PKEY_free(key);
	return good ? NULL : no_memory;
}

const char *certs_dev_make_between(struct certs_dev *dev, const struct slice *names, size_t n, int64_t from, int64_t to)
{
	struct authority ca = {0};
	const char *why;

	if (n == 0 || n > CERTS_DEV_NAMES_MAX)
		return "a certificate needs at least one name, and at most 64";
	for (size_t i = 0; i < n; i++)
		if (!certs_dev_name_ok(names[i]))
			return "a name is neither a host name nor an IP address";
	buffer_clear(&dev->chain);
	buffer_clear(&dev->key);
	why = dev->ca.n == 0 && dev->ca_key.n == 0 ? new_authority(dev, &ca, from) : read_authority(dev, &ca, from);
	if (!why)
		why = new_leaf(dev, &ca, names, n, from, to);
	X509_free(ca.certificate);
	EVP_PKEY_free(ca.key);
	ERR_clear_error();
	return why;
}

const char *certs_dev_make(struct certs_dev *dev, const struct slice *names, size_t n, int64_t now)
{
	return certs_dev_make_between(dev, names, n, now - CLOCK_SKEW, now + (int64_t)CERTS_DEV_LEAF_DAYS * DAY);
}
