#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <time.h>

#include "proxy/tls/internal.h"

/* A site's context for each of its certificates that differ in name; certificates that differ in kind share one. */
struct tls_server_site {
	const struct config_site *config;
	SSL_CTX **ctx;
	size_t n_ctx;
	struct tls_ticket_site *tickets;
};

struct tls_server {
	const struct config *config;
	struct tls_server_site *sites;	  /* as many as config->n_sites, in its order; those without TLS have no ctx */
	struct tls_server_site *fallback; /* for visitors without SNI, or with one that no site has */
	struct tls_ticket_crypto crypto;
};

static int site_index(void)
{
	static int idx = -1;

	if (idx < 0)
		idx = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return idx;
}

static struct tls_server_site *site_of(const SSL *ssl)
{
	return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), site_index());
}

struct tls_ticket_site *tls_ticket_site_of(SSL *ssl)
{
	return site_of(ssl)->tickets;
}

const struct config_site *tls_site(const SSL *ssl)
{
	return SSL_is_init_finished(ssl) ? site_of(ssl)->config : NULL;
}

/* -- choosing the site ------------------------------------------------------------------------------------------- */

/*
 * The host of server_name (RFC 6066 3): a list length, then entries of type, length, name; only type 0 is defined.
 * False if there is none that makes sense.
 */
static bool parse_sni(const unsigned char *p, size_t n, char host[256], size_t *size)
{
	size_t len;

	if (n < 5 || p[2] != 0)
		return false;
	len = (size_t)p[3] << 8 | p[4];
	if (len == 0 || len > 255 || len > n - 5)
		return false;
	if (p[5 + len - 1] == '.')
		len--;
	for (size_t i = 0; i < len; i++)
		host[i] = ascii_lower((char)p[5 + i]);
	*size = len;
	return len > 0;
}

static SSL_CTX *best_context(const struct tls_server_site *site, struct slice host)
{
	for (size_t i = 0; site->n_ctx > 1 && i < site->n_ctx; i++)
		if (certs_covers(SSL_CTX_get0_certificate(site->ctx[i]), host))
			return site->ctx[i];
	return site->ctx[0];
}

static SSL_CTX *choose(const struct tls_server *t, struct slice host)
{
	const struct config_site *found = config_site_find(t->config, host);
	const struct tls_server_site *site = found ? &t->sites[found - t->config->sites] : t->fallback;

	return best_context(site->n_ctx ? site : t->fallback, host);
}

/* Before anything else is read of the hello, so that a ticket is opened with the keys of the site it was made for. */
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
	const unsigned char *p;
	char host[256];
	size_t n;

	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &n) || !parse_sni(p, n, host, &n))
		return SSL_CLIENT_HELLO_SUCCESS;
	if (SSL_set_SSL_CTX(ssl, choose(arg, slice_of(host, n))))
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_INTERNAL_ERROR;
	return SSL_CLIENT_HELLO_ERROR;
}

/* RFC 7301 3.2: a visitor that offers protocols, but none of ours, is refused. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in, unsigned in_n,
		   void *arg)
{
	static const unsigned char ours[] = "\x02h2\x08http/1.1";
	const struct tls_server *t = arg;
	unsigned without = t->config->h2 ? 0 : 3;

	(void)ssl;
	if (SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_n, ours + without,
				  (unsigned)sizeof ours - 1 - without, in, in_n) == OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_OK;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* -- contexts ---------------------------------------------------------------------------------------------------- */

/* A session is bound to its site by this and, when it comes in a ticket, by the ticket's keys. */
static bool bind_sessions(SSL_CTX *ctx, const struct tls_server_site *site)
{
	unsigned char id[SSL_MAX_SSL_SESSION_ID_LENGTH];
	struct slice name = site->config->names[0];
	unsigned n = 0;

	return EVP_Digest(name.p, name.n, id, &n, EVP_sha256(), NULL) == 1 &&
	       SSL_CTX_set_session_id_context(ctx, id, n) == 1;
}

/*
 * Sessions are in tickets alone: nothing looks them up by their id, and no visitor sees it. OpenSSL would draw a random
 * one for each ticket.
 */
static int on_session_id(SSL *ssl, unsigned char *id, unsigned *n)
{
	static uint64_t last;

	(void)ssl;
	last++;
	memcpy(id, &last, sizeof last);
	*n = sizeof last;
	return 1;
}

static SSL_CTX *context_new(struct tls_server *t, struct tls_server_site *site)
{
	SSL_CTX *ctx = tls_context_new(TLS_server_method(), t->config->tls12);

	if (!ctx)
		return NULL;
	SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
					 (t->config->tickets ? 0 : SSL_OP_NO_TICKET));
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_client_hello_cb(ctx, on_client_hello, t);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, t);
	if (!SSL_CTX_set_ex_data(ctx, site_index(), site) || !bind_sessions(ctx, site) ||
	    !SSL_CTX_set_num_tickets(ctx, t->config->tickets) || !SSL_CTX_set_generate_session_id(ctx, on_session_id) ||
	    !SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, tls_ticket_callback)) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

/* A context of the site for the same names that has no certificate of this kind of key yet, or NULL. */
static SSL_CTX *shared_context(const struct tls_server_site *site, const struct certs *c)
{
	struct buffer ours, theirs;
	SSL_CTX *found = NULL;

	buffer_init(&ours, CERTS_NAMES_TEXT_MAX);
	buffer_init(&theirs, CERTS_NAMES_TEXT_MAX);
	certs_names(c->leaf, &ours);
	for (size_t i = 0; i < site->n_ctx && !found; i++) {
		const X509 *other = SSL_CTX_get0_certificate(site->ctx[i]);

		buffer_clear(&theirs);
		certs_names(other, &theirs);
		if (EVP_PKEY_get_base_id(X509_get0_pubkey(other)) != EVP_PKEY_get_base_id(c->key) &&
		    slice_eq(buffer_slice(&ours), buffer_slice(&theirs)))
			found = site->ctx[i];
	}
	buffer_free(&ours);
	buffer_free(&theirs);
	return found;
}

static bool use_certificate(struct tls_server *t, struct tls_server_site *site, struct certs *c,
			    const struct config_certificate *from, const struct position *at, struct diagnostics *d)
{
	SSL_CTX *ctx = shared_context(site, c);

	if (!ctx) {
		ctx = context_new(t, site);
		if (!ctx) {
			diagnostics_add(d, SEVERITY_ERROR, at, NULL, "cannot prepare TLS: %s", tls_queue_text());
			return false;
		}
		site->ctx[site->n_ctx++] = ctx;
	}
	/* The first certificate stays the context's current one, which names and kinds are compared with. */
	if (SSL_CTX_use_cert_and_key(ctx, c->leaf, c->key, c->chain, 0) == 1 &&
	    SSL_CTX_set_current_cert(ctx, SSL_CERT_SET_FIRST) == 1)
		return true;
	diagnostics_add(d, SEVERITY_ERROR, at,
			"use ECDSA P-256, or RSA with at least 2048 bits, signed with SHA-256 or better",
			"%.*s cannot be used: %s", SLICE_ARG(from->chain_file), tls_queue_text());
	return false;
}

static bool load_certificate(struct tls_server *t, struct tls_server_site *site, const struct config_certificate *from,
			     const struct loader *loader, struct diagnostics *d)
{
	const struct position at = {.file = site->config->file, .line = from->line, .column = 1};
	struct certs_source source = {.chain_file = from->chain_file, .key_file = from->key_file};
	struct certs *c;
	bool good = tls_load_file(loader, from->chain_file, &at, d, &source.chain);

	if (from->key_file.n)
		good &= tls_load_file(loader, from->key_file, &at, d, &source.key);
	if (!good)
		return false;
	c = certs_load(&source, &at, d);
	if (!c)
		return false;
	certs_check(c, from->chain_file, (int64_t)time(NULL), &at, d);
	good = use_certificate(t, site, c, from, &at, d);
	certs_free(c);
	return good;
}

static bool any_covers(const struct tls_server_site *site, struct slice name)
{
	for (size_t i = 0; i < site->n_ctx; i++)
		if (certs_covers(SSL_CTX_get0_certificate(site->ctx[i]), name))
			return true;
	return slice_eq(name, SLICE("*"));
}

static void check_names(const struct tls_server_site *site, struct diagnostics *d)
{
	const struct config_site *s = site->config;
	const struct position at = {.file = s->file, .line = s->line, .column = 1};

	for (size_t i = 0; i < s->n_names; i++)
		if (!any_covers(site, s->names[i]))
			certs_warn_name(SSL_CTX_get0_certificate(site->ctx[0]), s->certificates[0].chain_file,
					s->names[i], &at, d);
}

static bool load_site(struct tls_server *t, struct tls_server_site *site, const struct loader *loader,
		      struct diagnostics *d)
{
	const struct config_site *s = site->config;
	bool good = true;

	if (s->n_certificates == 0)
		return true;
	site->ctx = calloc(s->n_certificates, sizeof(SSL_CTX *));
	site->tickets = tls_ticket_site_new(&t->crypto, s->names[0]);
	if (!site->ctx || !site->tickets) {
		d->failed = true;
		return false;
	}
	for (size_t i = 0; i < s->n_certificates; i++)
		good &= load_certificate(t, site, &s->certificates[i], loader, d);
	if (good) {
		check_names(site, d);
		if (!t->fallback)
			t->fallback = site;
	}
	return good;
}

static bool load_sites(struct tls_server *t, const struct loader *loader, struct diagnostics *d)
{
	const struct position at = {.file = t->config->path};
	bool good = true;

	for (size_t i = 0; i < t->config->n_sites; i++) {
		t->sites[i].config = &t->config->sites[i];
		good &= load_site(t, &t->sites[i], loader, d);
	}
	if (good && !t->fallback)
		diagnostics_add(d, SEVERITY_ERROR, &at, "write in the site's braces: certificate FILE.pem",
				"no site has a certificate, so there is nothing to serve with TLS");
	return good && t->fallback;
}

/* Until the parent sends keys that all workers share, this process uses some of its own. */
static void set_random_keys(struct tls_server *t)
{
	struct tls_ticket_keys keys = {.n = 1};

	tls_random(NULL, keys.secret[0], sizeof keys.secret[0]);
	tls_server_set_ticket_keys(t, &keys);
	OPENSSL_cleanse(&keys, sizeof keys);
}

struct tls_server *tls_server_new(const struct config *config, const struct loader *loader, struct diagnostics *d)
{
	struct tls_server *t = calloc(1, sizeof *t);

	if (!t) {
		d->failed = true;
		return NULL;
	}
	t->config = config;
	t->sites = calloc(config->n_sites ? config->n_sites : 1, sizeof *t->sites);
	if (!t->sites || site_index() < 0 || !tls_ticket_crypto_init(&t->crypto)) {
		d->failed = true;
	} else if (load_sites(t, loader, d)) {
		set_random_keys(t);
		return t;
	}
	tls_server_free(t);
	return NULL;
}

void tls_server_free(struct tls_server *t)
{
	if (!t)
		return;
	for (size_t i = 0; t->sites && i < t->config->n_sites; i++) {
		for (size_t k = 0; k < t->sites[i].n_ctx; k++)
			SSL_CTX_free(t->sites[i].ctx[k]);
		free(t->sites[i].ctx);
		tls_ticket_site_free(t->sites[i].tickets);
	}
	free(t->sites);
	tls_ticket_crypto_free(&t->crypto);
	free(t);
	ERR_clear_error();
}

void tls_server_set_ticket_keys(struct tls_server *t, const struct tls_ticket_keys *keys)
{
	for (size_t i = 0; i < t->config->n_sites; i++)
		if (t->sites[i].tickets)
			(void)tls_ticket_site_set(t->sites[i].tickets, keys);
}

bool tls_is_h2(const SSL *ssl)
{
	const unsigned char *name;
	unsigned n;

	SSL_get0_alpn_selected(ssl, &name, &n);
	return n == 2 && memcmp(name, "h2", 2) == 0;
}

SSL *tls_server_accept(struct tls_server *t, int fd)
{
	SSL *ssl = SSL_new(t->fallback->ctx[0]);

	if (ssl && tls_set_socket(ssl, fd)) {
		SSL_set_accept_state(ssl);
		return ssl;
	}
	SSL_free(ssl);
	ERR_clear_error();
	return NULL;
}
