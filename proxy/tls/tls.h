/*
 * TLS by OpenSSL 3: contexts made once, SNI, tickets shared by all workers, and the one place where OpenSSL's error
 * queue is cleared and read. Streams (proxy/io) call tls_read() and its kin and never see OpenSSL's conventions.
 */
#ifndef CG_PROXY_TLS_TLS_H
#define CG_PROXY_TLS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proxy/config/config.h"
#include "rules/base/attributes.h"
#include "rules/base/diagnostic.h"
#include "rules/language/loader.h"

typedef struct ssl_st SSL; /* OpenSSL's own name; io/ holds it as an opaque pointer */

/* -- keys shared by all workers ------------------------------------------------------------------------------------ */

/* Ticket keys, newest first: made by the parent, rotated by it, the same in all workers. Each site derives its own. */
#define TLS_TICKET_KEYS_MAX 3
struct tls_ticket_keys {
	size_t n;
	unsigned char secret[TLS_TICKET_KEYS_MAX][48];
};

/* -- serving ------------------------------------------------------------------------------------------------------- */

struct tls_server;

/*
 * Contexts of all sites of the config: certificates and keys read through the loader, matched, checked; every problem
 * is a diagnostic that names file and cause; what a site can be served with all the same (expired, a name that is not
 * covered) is a warning. NULL after errors. The config must outlive the result. TLS 1.3 and (config) 1.2, ECDHE with
 * AEAD only; ALPN h2 and http/1.1; no renegotiation, no compression, no early data; sessions of a site do not resume on
 * another. Of several certificates of a site the first that covers the visitor's SNI is shown, else its first; two for
 * the same names with keys of different kinds are offered together. Without SNI, or with one that no site has, the
 * first site that has a certificate answers. Ticket keys are random until tls_server_set_ticket_keys().
 */
CG_WARN_UNUSED struct tls_server *tls_server_new(const struct config *config, const struct loader *loader,
						 struct diagnostics *d);
void tls_server_free(struct tls_server *t); /* NULL is fine */
/* New connections use these keys from now on; copied. */
void tls_server_set_ticket_keys(struct tls_server *t, const struct tls_ticket_keys *keys);
/*
 * A connection on an accepted socket; NULL if memory ran out. The fd stays the caller's. Free with tls_free(), all of
 * them before tls_server_free().
 */
CG_WARN_UNUSED SSL *tls_server_accept(struct tls_server *t, int fd);
/*
 * The site that the visitor's SNI (or its absence) chose the certificate of; NULL before the handshake. A request for a
 * site with another certificate on the same connection must be answered with 421.
 */
const struct config_site *tls_site(const SSL *ssl);

/* -- towards origins ----------------------------------------------------------------------------------------------- */

struct tls_client;

/*
 * Contexts of all TLS origins of the config, trust stores loaded: the origin's ca_file, else the system's bundle, read
 * through the loader too, so that a worker needs no file. NULL after errors. The config must outlive the result.
 */
CG_WARN_UNUSED struct tls_client *tls_client_new(const struct config *config, const struct loader *loader,
						 struct diagnostics *d);
void tls_client_free(struct tls_client *t); /* NULL is fine */
/*
 * A connection to that origin (one of the config's) with SNI, host name verification and session reuse. NULL if memory
 * ran out. The fd stays the caller's. Free with tls_free(), all of them before tls_client_free().
 */
CG_WARN_UNUSED SSL *tls_client_connect(struct tls_client *t, const struct config_origin *origin, int fd);

/* -- I/O ----------------------------------------------------------------------------------------------------------- */

enum tls_result {
	TLS_OK,
	TLS_WANT_READ,	/* call again when the socket is readable */
	TLS_WANT_WRITE, /* call again, with the same bytes if it was tls_write(), when the socket is writable */
	TLS_CLOSED,	/* the peer ended the stream; *clean in tls_read() tells whether by close_notify */
	TLS_FAILED,	/* fatal; tls_error() says why; neither tls_shutdown() nor more I/O is allowed */
};

/*
 * TLS_OK: the handshake is complete. Our side's tickets of TLS 1.3 may be kept back then, to leave with what is written
 * next: who has nothing to write calls tls_send_held().
 */
enum tls_result tls_handshake(SSL *ssl);
void tls_send_held(SSL *ssl);
/*
 * TLS_OK: *n > 0 octets were read, of as many records as were at hand and had room. size > 0. After TLS_CLOSED writing
 * is still allowed, whether the end was clean or not; without close_notify the stream may have been cut by anybody, so
 * what has no length of its own must not be taken as complete.
 */
enum tls_result tls_read(SSL *ssl, void *buf, size_t size, size_t *n, bool *clean);
/*
 * TLS_OK: *n > 0 octets were taken (perhaps fewer than size, at most one record of 16 KiB each call). size > 0.
 * TLS_CLOSED: the socket takes no more; what the peer said before can still be read.
 */
enum tls_result tls_write(SSL *ssl, const void *buf, size_t size, size_t *n);
/* What tls_write() gives to the kernel from now on is followed by more at once, so that it may wait for that. */
void tls_more(SSL *ssl, bool more);
/*
 * Octets or the end may be waiting inside the SSL object although the socket is silent: read once more before waiting
 * for it. It may be no more than the beginning of a record, so do not loop on this: TLS_WANT_READ ends the turn.
 */
bool tls_has_pending(const SSL *ssl);
/* Sends close_notify once, without waiting for the peer's. */
void tls_shutdown(SSL *ssl);
void tls_free(SSL *ssl); /* NULL is fine; the socket stays open */

/* Text of the last failure of this connection: "certificate verify failed: ..."; never NULL, valid until tls_free(). */
const char *tls_error(const SSL *ssl);
/* True if the handshake failed as the peer began with a request of HTTP without TLS. */
bool tls_met_http(const SSL *ssl);
const char *tls_version(const SSL *ssl); /* "TLSv1.3"; NULL before the handshake */
bool tls_resumed(const SSL *ssl);
/* True once the visitor and we have agreed on HTTP/2. */
bool tls_is_h2(const SSL *ssl);

/* -- keys for consent and sealed cookies
 * ---------------------------------------------------------------------------------------- */

struct consent_mac;
struct seal_ops;
/*
 * HMAC-SHA-256 keys for the signed consent cookie, from the text of a key file: one key a line, newest first, 64
 * hexadecimal digits each, '#' comments. At most CONSENT_KEYS_MAX. An empty path gives one random key. Keyed contexts
 * are made once and reused. at: where the file is named; NULL: not in a file. NULL after errors. tls_consent_mac()
 * gives the interface for rules/; it lives as long.
 */
struct tls_consent_keys;
CG_WARN_UNUSED struct tls_consent_keys *tls_consent_keys_load(const struct loader *loader, struct slice path,
							      const struct position *at, struct diagnostics *d);
void tls_consent_keys_free(struct tls_consent_keys *k); /* NULL is fine */
const struct consent_mac *tls_consent_mac(struct tls_consent_keys *k);
/*
 * AES-256-GCM for sealed cookies (rules/consent/sealed.h). Its keys are made of the consent keys by HKDF (RFC 5869), so
 * that an operator keeps and rotates one file. Lives as long.
 */
const struct seal_ops *tls_seal_ops(struct tls_consent_keys *k);

/* Allocates nothing and cannot fail. */
void tls_sha256(struct slice data, unsigned char out[32]);

/* Random octets from the operating system's generator through OpenSSL; ends the process if there are none. */
void tls_random(void *arg, unsigned char *out, size_t n);

#endif
