/*
 * Certificates: chains and private keys from PEM octets, checked so that a server can use them as they are, and every
 * problem told as an operator would want to read it. No file is opened here: the caller hands in what it read.
 *
 * `at` is where diagnostics point to: the line of the configuration that names the files, or a file as a whole. The
 * messages name the certificate's file themselves.
 */
#ifndef CG_CERTS_CERTS_H
#define CG_CERTS_CERTS_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/attributes.h"
#include "rules/base/buffer.h"
#include "rules/base/diagnostic.h"
#include "rules/base/slice.h"

#define CERTS_CHAIN_MAX	     16	  /* certificates of one chain */
#define CERTS_TRUST_MAX	     2048 /* certificates of one bundle of authorities */
#define CERTS_NAMES_TEXT_MAX 1024 /* octets of a list of names in a message; what is longer ends in "..." */

/* What one PEM file holds, before anything is matched. */
struct certs_pem {
	STACK_OF(X509) * certificates; /* in the file's order; never NULL after certs_pem_read() */
	EVP_PKEY *key;		       /* the first private key, or NULL */
	int max;		       /* certificates at most */
	bool encrypted_key;	       /* there is a key under a passphrase */
	bool is_der;		       /* no PEM block, but it looks like DER or PKCS #12 */
	bool too_many;		       /* more certificates than allowed: the rest was not read */
	unsigned damaged_line;	       /* line of the first block that cannot be read, 0 if none */
};

/* False if memory ran out. Free with certs_pem_free() in any case. Blocks of other kinds are skipped. */
CG_WARN_UNUSED bool certs_pem_read(struct certs_pem *pem, struct slice text);
/* The same for a bundle of authorities to trust, of which there may be hundreds. */
CG_WARN_UNUSED bool certs_pem_read_all(struct certs_pem *pem, struct slice text);
void certs_pem_free(struct certs_pem *pem);

/* The files as the operator named them, for messages, and what is in them. */
struct certs_source {
	struct slice chain_file;
	struct slice chain;
	struct slice key_file; /* empty: the key is in chain_file too */
	struct slice key;
};

/* A chain with its key. */
struct certs {
	X509 *leaf;
	STACK_OF(X509) * chain; /* what is sent after the leaf, in order; may be empty, never NULL */
	EVP_PKEY *key;
};

/*
 * Reads and matches. Errors: no certificate or key, an encrypted key, damaged PEM, a key of another certificate, a
 * chain in the wrong order. NULL after errors. Free with certs_free().
 */
CG_WARN_UNUSED struct certs *certs_load(const struct certs_source *source, const struct position *at,
					struct diagnostics *d);
void certs_free(struct certs *c); /* NULL is fine */

/* Where no key is at hand: blocks and order alone. False after errors. */
bool certs_check_chain(const struct certs_pem *pem, struct slice file, const struct position *at,
		       struct diagnostics *d);

/*
 * Warnings, since a site that is up must not go down by a reload: expired, not yet valid, about to expire.
 * now: Unix time.
 */
void certs_check(const struct certs *c, struct slice file, int64_t now, const struct position *at,
		 struct diagnostics *d);
void certs_check_validity(const X509 *x, struct slice file, int64_t now, const struct position *at,
			  struct diagnostics *d);
/* The warning for a name of the site that no certificate covers; leaf: the one that will be shown for it. */
void certs_warn_name(const X509 *leaf, struct slice file, struct slice name, const struct position *at,
		     struct diagnostics *d);

/* True if the leaf is good for that name: a host, "*.host", or an IP address with or without brackets. */
bool certs_covers(const X509 *leaf, struct slice name);
/* "www.example.com, example.com, 192.0.2.1": the names of subjectAltName, or the subject if there are none. */
void certs_names(const X509 *leaf, struct buffer *out);
/* The subject (or issuer) as one line: "CN=R11, O=Let's Encrypt, C=US". */
void certs_subject(const X509 *x, struct buffer *out);
void certs_issuer(const X509 *x, struct buffer *out);
/* True if no subjectAltName gives a DNS name or an address: browsers accept it for no host at all. */
bool certs_is_nameless(const X509 *leaf);

/* Unix time of the ends of validity; 0 if the certificate's time cannot be understood. */
int64_t certs_not_before(const X509 *x);
int64_t certs_not_after(const X509 *x);
/* "2026-11-23 20:15 UTC". */
#define CERTS_TIME_SIZE 32
const char *certs_time_text(int64_t t, char out[CERTS_TIME_SIZE]);

#endif
