#include <openssl/err.h>
#ifdef __aarch64__
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "proxy/tls/internal.h"

#define TLS13_AES    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"
#define TLS13_CHACHA "TLS_CHACHA20_POLY1305_SHA256"
#define TLS12_AES    "ECDHE+AESGCM+AES128:ECDHE+AESGCM+AES256"
#define TLS12_CHACHA "ECDHE+CHACHA20"

static bool cpu_has_aes(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
#elif defined(__aarch64__)
	return (getauxval(AT_HWCAP) & HWCAP_AES) != 0;
#else
	return false;
#endif
}

static bool set_ciphers(SSL_CTX *ctx)
{
	bool aes = cpu_has_aes();

	return SSL_CTX_set_ciphersuites(ctx, aes ? TLS13_AES ":" TLS13_CHACHA : TLS13_CHACHA ":" TLS13_AES) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, aes ? TLS12_AES ":" TLS12_CHACHA : TLS12_CHACHA ":" TLS12_AES) == 1 &&
	       SSL_CTX_set1_groups_list(ctx, "X25519:P-256") == 1;
}

/*
 * Buffers are given back while nothing passes, reads take what the socket has in one call, writes may take a part and
 * be repeated from another address. An EOF without close_notify is no error here: tls_read() tells the two apart.
 */
SSL_CTX *tls_context_new(const SSL_METHOD *method, bool tls12)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (!ctx)
		return NULL;
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_read_ahead(ctx, 1);
	if (SSL_CTX_set_min_proto_version(ctx, tls12 ? TLS1_2_VERSION : TLS1_3_VERSION) != 1 || !set_ciphers(ctx)) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

bool tls_load_file(const struct loader *loader, struct slice path, const struct position *at, struct diagnostics *d,
		   struct slice *content)
{
	enum load_result r = loader->load(loader->arg, path, content);

	if (r != LOAD_OK)
		diagnostics_add(d, SEVERITY_ERROR, at,
				r == LOAD_DENIED ? "crumbgate reads it before it gives up its privileges: "
						   "let root, or the user that starts it, read the file"
						 : NULL,
				"%.*s: %s", SLICE_ARG(path), load_result_text(r));
	return r == LOAD_OK;
}
