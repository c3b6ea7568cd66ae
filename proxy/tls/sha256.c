/*
 * SHA-256 for pages: nobody can go on without it, so it must not fail for want of memory. OpenSSL's other interfaces,
 * SHA256() among them, allocate at each use; this one, which it would rather see unused, does not.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/sha.h>

#include "proxy/tls/tls.h"

void tls_sha256(struct slice data, unsigned char out[32])
{
	SHA256_CTX ctx;

	CG_CHECK(SHA256_Init(&ctx) == 1 && SHA256_Update(&ctx, data.n ? data.p : "", data.n) == 1 &&
		 SHA256_Final(out, &ctx) == 1);
}
