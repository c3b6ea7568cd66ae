#include <limits.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "certs/certs.h"

static unsigned line_of(struct slice text, size_t offset)
{
	size_t begin = offset + slice_find(slice_from(text, offset), SLICE("-----BEGIN"));
	unsigned line = 1;

	for (size_t i = 0; i < begin && i < text.n; i++)
		line += text.p[i] == '\n';
	return line;
}

/* False: the block's content is not what its label says. */
static bool take_certificate(struct certs_pem *pem, const unsigned char *der, long n, bool *memory)
{
	X509 *x;

	if (sk_X509_num(pem->certificates) >= pem->max) {
		pem->too_many = true;
		return true;
	}
	x = d2i_X509(NULL, &der, n);
	if (!x)
		return false;
	if (!sk_X509_push(pem->certificates, x)) {
		X509_free(x);
		*memory = false;
	}
	return true;
}

static bool take_key(struct certs_pem *pem, const unsigned char *der, long n, bool encrypted)
{
	if (encrypted) {
		pem->encrypted_key = true;
		return true;
	}
	if (pem->key)
		return true;
	pem->key = d2i_AutoPrivateKey(NULL, &der, n);
	return pem->key != NULL;
}

static bool take_block(struct certs_pem *pem, const char *label, const char *header, const unsigned char *der, long n,
		       bool *memory)
{
	struct slice s = slice_str(label);

	if (slice_eq(s, SLICE(PEM_STRING_X509)) || slice_eq(s, SLICE(PEM_STRING_X509_OLD)))
		return take_certificate(pem, der, n, memory);
	if (slice_ends_with(s, SLICE("PRIVATE KEY")))
		return take_key(pem, der, n, slice_starts_with(s, SLICE("ENCRYPTED")) || strstr(header, "ENCRYPTED"));
	return true;
}

/* False at the end of the text. */
static bool read_block(struct certs_pem *pem, BIO *bio, struct slice text, bool *memory)
{
	size_t offset = text.n - BIO_ctrl_pending(bio);
	char *label = NULL, *header = NULL;
	unsigned char *der = NULL;
	long n = 0;
	bool good;

	if (PEM_read_bio(bio, &label, &header, &der, &n)) {
		good = take_block(pem, label, header, der, n, memory);
		OPENSSL_free(label);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)n);
	} else {
		good = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
		if (good || text.n - BIO_ctrl_pending(bio) == offset) {
			ERR_clear_error();
			return false;
		}
	}
	ERR_clear_error();
	if (!good && !pem->damaged_line)
		pem->damaged_line = line_of(text, offset);
	return *memory;
}

static bool read_blocks(struct certs_pem *pem, struct slice text, int max)
{
	bool memory = true;
	BIO *bio;

	*pem = (struct certs_pem){.certificates = sk_X509_new_null(), .max = max};
	if (!pem->certificates)
		return false;
	if (text.n == 0 || text.n > INT_MAX)
		return true;
	bio = BIO_new_mem_buf(text.p, (int)text.n);
	if (!bio)
		return false;
	while (read_block(pem, bio, text, &memory))
		;
	BIO_free(bio);
	pem->is_der = text.p[0] == 0x30 && slice_find(text, SLICE("-----BEGIN")) == text.n;
	return memory;
}

bool certs_pem_read(struct certs_pem *pem, struct slice text)
{
	return read_blocks(pem, text, CERTS_CHAIN_MAX);
}

bool certs_pem_read_all(struct certs_pem *pem, struct slice text)
{
	return read_blocks(pem, text, CERTS_TRUST_MAX);
}

void certs_pem_free(struct certs_pem *pem)
{
	sk_X509_pop_free(pem->certificates, X509_free);
	EVP_PKEY_free(pem->key);
	*pem = (struct certs_pem){0};
}
