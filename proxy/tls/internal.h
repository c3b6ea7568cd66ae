/* Shared by the files of proxy/tls; nobody else includes it. */
#ifndef CG_PROXY_TLS_INTERNAL_H
#define CG_PROXY_TLS_INTERNAL_H

#include <openssl/ssl.h>

#include "certs/certs.h"
#include "proxy/tls/tls.h"
#include "rules/consent/consent.h"
#include "rules/consent/sealed.h"

/* -- error.c: the only reader of OpenSSL's error queue -- */

/* Remembers the text for tls_error(); the first one of a connection stays. Clears the queue. */
void tls_note(SSL *ssl, const char *fmt, ...) CG_PRINTF(2, 3);
/* Remembers what the queue says, or the system's error `saved_errno` if it is empty. Clears the queue. */
void tls_note_queue(SSL *ssl, int saved_errno);
bool tls_has_failed(const SSL *ssl);
/* The newest entry of the queue as text, for diagnostics at load; valid until the next call. Clears the queue. */
const char *tls_queue_text(void);

/* -- ticket.c -- */

struct tls_ticket_site; /* one site's keys, derived from those all sites share */

struct tls_ticket_crypto {
	EVP_CIPHER *cipher;
	EVP_KDF *kdf;
};
CG_WARN_UNUSED bool tls_ticket_crypto_init(struct tls_ticket_crypto *c);
void tls_ticket_crypto_free(struct tls_ticket_crypto *c);
CG_WARN_UNUSED struct tls_ticket_site *tls_ticket_site_new(const struct tls_ticket_crypto *crypto, struct slice name);
void tls_ticket_site_free(struct tls_ticket_site *s);
/* False if a key could not be derived: the site then has no keys and hands out no tickets. */
bool tls_ticket_site_set(struct tls_ticket_site *s, const struct tls_ticket_keys *keys);
/* Encrypts or decrypts with the keys of the site that the connection belongs to. */
int tls_ticket_callback(SSL *ssl, unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac,
			int encrypt);

/* -- server.c -- */

struct tls_ticket_site *tls_ticket_site_of(SSL *ssl);

/* -- seal_keys.c -- */

struct seal_keys {
	size_t n;
	struct seal_key {
		unsigned char id[SEAL_ID];
		EVP_CIPHER_CTX *seals, *opens;
	} key[CONSENT_KEYS_MAX]; /* newest first */
};
/* Adds the keys made of a secret, at most CONSENT_KEYS_MAX. False if memory ran out; free all the same. */
bool seal_keys_add(struct seal_keys *k, const unsigned char *secret, size_t n);
void seal_keys_free(struct seal_keys *k);
struct seal_ops seal_keys_ops(struct seal_keys *k);

/* -- bio.c -- */

/* The connection reads and writes that socket, which stays the caller's. False if memory ran out. */
CG_WARN_UNUSED bool tls_set_socket(SSL *ssl, int fd);
/* The socket may be read again, though the last read emptied it. */
void tls_begin_turn(SSL *ssl);

/* -- context.c: what contexts toward visitors and origins have in common -- */

CG_WARN_UNUSED SSL_CTX *tls_context_new(const SSL_METHOD *method, bool tls12);
/* Adds a diagnostic for what the loader said; true if it was LOAD_OK. */
bool tls_load_file(const struct loader *loader, struct slice path, const struct position *at, struct diagnostics *d,
		   struct slice *content);

#endif
