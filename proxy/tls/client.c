#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "proxy/tls/internal.h"
#include "rules/base/buffer.h"

/* One origin of the config: its context, and the session that the next connection may resume. */
struct tls_origin {
	const struct config_origin *config;
	SSL_CTX *ctx;
	SSL_SESSION *session; /* the newest one that the origin gave, or NULL */
	char *host;	      /* for SNI; NULL if the origin is an address */
};

struct tls_client {
	struct tls_origin *origins;
	size_t n;
};

static int origin_index(void)
{
	static int idx = -1;

	if (idx < 0)
		idx = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return idx;
}

/* Returning 1 keeps the reference. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_origin *o = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), origin_index());

	SSL_SESSION_free(o->session);
	o->session = session;
	return 1;
}

/* Here the origin's certificate is at hand, so this is where a good text can be made. */
static int on_verify(int good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	int e = X509_STORE_CTX_get_error(store);
	const X509 *x = X509_STORE_CTX_get_current_cert(store);
	char time[CERTS_TIME_SIZE];
	struct buffer names;

	if (good)
		return 1;
	buffer_init(&names, CERTS_NAMES_TEXT_MAX + 8);
	if (x)
		certs_names(x, &names);
	if (e == X509_V_ERR_HOSTNAME_MISMATCH || e == X509_V_ERR_IP_ADDRESS_MISMATCH)
		tls_note(ssl, "certificate verify failed: the origin's certificate is for %.*s",
			 SLICE_ARG(buffer_slice(&names)));
	else if (e == X509_V_ERR_CERT_HAS_EXPIRED && x)
		tls_note(ssl, "certificate verify failed: the certificate for %.*s expired on %s",
			 SLICE_ARG(buffer_slice(&names)), certs_time_text(certs_not_after(x), time));
	else
		tls_note(ssl, "certificate verify failed: %s (certificate for %.*s)", X509_verify_cert_error_string(e),
			 SLICE_ARG(buffer_slice(&names)));
	buffer_free(&names);
	return 0;
}

/* -- trust ------------------------------------------------------------------------------------------------------- */

static bool add_trust(X509_STORE *store, struct slice file, struct slice text, const struct position *at,
		      struct diagnostics *d)
{
	struct certs_pem pem;
	bool good = certs_pem_read_all(&pem, text);

	d->failed |= !good;
	if (good && pem.damaged_line) {
		diagnostics_add(d, SEVERITY_ERROR, at, "copy the file again, it may have been cut or edited",
				"the PEM block at line %u of %.*s is damaged", pem.damaged_line, SLICE_ARG(file));
		good = false;
	}
	if (good && sk_X509_num(pem.certificates) == 0) {
		diagnostics_add(d, SEVERITY_ERROR, at, "it must hold the certificates to trust, in PEM",
				"%.*s holds no certificate", SLICE_ARG(file));
		good = false;
	}
	for (int i = 0; good && i < sk_X509_num(pem.certificates); i++)
		d->failed |= X509_STORE_add_cert(store, sk_X509_value(pem.certificates, i)) != 1;
	certs_pem_free(&pem);
	ERR_clear_error();
	return good && !d->failed;
}

/* Where the common systems keep the authorities they trust. */
static const struct slice system_bundles[] = {
	SLICE_INIT("/etc/ssl/certs/ca-certificates.crt"),
	SLICE_INIT("/etc/pki/tls/certs/ca-bundle.crt"),
	SLICE_INIT("/etc/ssl/cert.pem"),
};

static bool load_system(const struct loader *loader, const struct position *at, struct diagnostics *d,
			struct slice *file, struct slice *text)
{
	for (size_t i = 0; i < CG_COUNT(system_bundles); i++) {
		*file = system_bundles[i];
		if (loader->load(loader->arg, *file, text) == LOAD_OK)
			return true;
	}
	diagnostics_add(d, SEVERITY_ERROR, at,
			"install ca-certificates, or name the authority: upstream https://... ca FILE.pem",
			"this system has no list of trusted authorities at %.*s", SLICE_ARG(system_bundles[0]));
	return false;
}

/* Reading a bundle takes tens of milliseconds, so origins with the same one share the store. */
static X509_STORE *shared_store(const struct tls_client *t, struct slice ca_file)
{
	for (size_t i = 0; i < t->n; i++) {
		X509_STORE *store = t->origins[i].ctx ? SSL_CTX_get_cert_store(t->origins[i].ctx) : NULL;

		if (store && t->origins[i].config->verify && slice_eq(t->origins[i].config->ca_file, ca_file))
			return X509_STORE_up_ref(store) ? store : NULL;
	}
	return NULL;
}

static X509_STORE *trust(const struct tls_client *t, const struct config_origin *origin, const struct loader *loader,
			 const struct position *at, struct diagnostics *d)
{
	X509_STORE *store = shared_store(t, origin->ca_file);
	struct slice file = origin->ca_file, text;
	bool found;

	if (store)
		return store;
	found = file.n ? tls_load_file(loader, file, at, d, &text) : load_system(loader, at, d, &file, &text);
	if (!found)
		return NULL;
	store = X509_STORE_new();
	if (store && add_trust(store, file, text, at, d))
		return store;
	d->failed |= !store;
	X509_STORE_free(store);
	return NULL;
}

/* -- contexts ---------------------------------------------------------------------------------------------------- */

static struct slice without_brackets(struct slice host)
{
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		return slice_of(host.p + 1, host.n - 2);
	return host;
}

/* The name to verify is set on the context: connections inherit it. An address is compared with addresses (RFC 6125).
 */
static bool expect_name(struct tls_origin *o)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(o->ctx);
	struct slice host = without_brackets(o->config->host);
	char *text = strndup(host.p, host.n);

	if (!text)
		return false;
	if (X509_VERIFY_PARAM_set1_ip_asc(param, text) == 1) {
		free(text);
		return true;
	}
	ERR_clear_error();
	o->host = text;
	X509_VERIFY_PARAM_set_hostflags(param,
					X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return X509_VERIFY_PARAM_set1_host(param, text, host.n) == 1;
}

static bool set_up(struct tls_origin *o)
{
	static const unsigned char protocols[] = "\x08http/1.1";

	SSL_CTX_set_session_cache_mode(o->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(o->ctx, on_session);
	SSL_CTX_set_verify(o->ctx, o->config->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
			   o->config->verify ? on_verify : NULL);
	return SSL_CTX_set_ex_data(o->ctx, origin_index(), o) == 1 && expect_name(o) &&
	       SSL_CTX_set_alpn_protos(o->ctx, protocols, sizeof protocols - 1) == 0;
}

static bool load_origin(struct tls_client *t, const struct config_origin *origin, const struct loader *loader,
			const struct position *at, struct diagnostics *d)
{
	struct tls_origin *o = &t->origins[t->n];
	X509_STORE *store = NULL;

	if (origin->verify && !(store = trust(t, origin, loader, at, d)))
		return false;
	*o = (struct tls_origin){.config = origin, .ctx = tls_context_new(TLS_client_method(), true)};
	t->n++;
	if (o->ctx && store)
		SSL_CTX_set_cert_store(o->ctx, store);
	else
		X509_STORE_free(store);
	if (o->ctx && set_up(o))
		return true;
	diagnostics_add(d, SEVERITY_ERROR, at, NULL, "cannot prepare TLS for origin %.*s: %s",
			SLICE_ARG(origin->authority), tls_queue_text());
	return false;
}

static size_t count_origins(const struct config *config)
{
	size_t n = 0;

	for (size_t i = 0; i < config->n_sites; i++)
		n += config->sites[i].n_origins;
	return n;
}

static bool load_origins(struct tls_client *t, const struct config *config, const struct loader *loader,
			 struct diagnostics *d)
{
	bool good = true;

	for (size_t i = 0; i < config->n_sites; i++) {
		const struct config_site *s = &config->sites[i];
		const struct position at = {.file = s->file, .line = s->line, .column = 1};

		for (size_t k = 0; k < s->n_origins; k++)
			if (s->origins[k].tls)
				good &= load_origin(t, &s->origins[k], loader, &at, d);
	}
	return good;
}

struct tls_client *tls_client_new(const struct config *config, const struct loader *loader, struct diagnostics *d)
{
	struct tls_client *t = calloc(1, sizeof *t);
	size_t n = count_origins(config);

	if (t)
		t->origins = calloc(n ? n : 1, sizeof *t->origins);
	if (!t || !t->origins || origin_index() < 0)
		d->failed = true;
	else if (load_origins(t, config, loader, d))
		return t;
	tls_client_free(t);
	return NULL;
}

void tls_client_free(struct tls_client *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++) {
		SSL_SESSION_free(t->origins[i].session);
		SSL_CTX_free(t->origins[i].ctx);
		free(t->origins[i].host);
	}
	free(t->origins);
	free(t);
	ERR_clear_error();
}

static struct tls_origin *find(struct tls_client *t, const struct config_origin *origin)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->origins[i].config == origin)
			return &t->origins[i];
	return NULL;
}

SSL *tls_client_connect(struct tls_client *t, const struct config_origin *origin, int fd)
{
	struct tls_origin *o = find(t, origin);
	SSL *ssl = o ? SSL_new(o->ctx) : NULL;

	if (ssl && tls_set_socket(ssl, fd) && (!o->host || SSL_set_tlsext_host_name(ssl, o->host) == 1)) {
		if (o->session && SSL_SESSION_is_resumable(o->session))
			(void)SSL_set_session(ssl, o->session);
		SSL_set_connect_state(ssl);
		return ssl;
	}
	SSL_free(ssl);
	ERR_clear_error();
	return NULL;
}
