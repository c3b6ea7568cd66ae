#include "proxy/process/load.h"

static void hex(const unsigned char *in, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[in[i] >> 4];
		out[2 * i + 1] = digits[in[i] & 15];
	}
}

void load_make_consent_key(char out[CONSENT_KEY_TEXT])
{
	unsigned char key[32];

	tls_random(NULL, key, sizeof key);
	hex(key, sizeof key, out);
	out[CONSENT_KEY_TEXT - 1] = '\n';
	explicit_bzero(key, sizeof key);
}

bool config_listens_tls(const struct config *config)
{
	for (size_t i = 0; i < config->n_listens; i++)
		if (config->listens[i].tls)
			return true;
	return false;
}

static bool config_has_tls_origins(const struct config *config)
{
	for (size_t s = 0; s < config->n_sites; s++)
		for (size_t o = 0; o < config->sites[s].n_origins; o++)
			if (config->sites[s].origins[o].tls)
				return true;
	return false;
}

/* What both sides do, each with its own loader. */
static bool load_all(const struct loader *loader, const struct config_resolver *resolver, struct slice path,
		     struct loaded *out, struct diagnostics *d)
{
	const struct config *c = out->config = config_load(loader, resolver, path, d);

	if (!c)
		return false;
	if (config_listens_tls(c))
		out->tls = tls_server_new(c, loader, d);
	if (config_has_tls_origins(c))
		out->tls_client = tls_client_new(c, loader, d);
	out->consent_keys = tls_consent_keys_load(loader, c->consent_key_file, d);
	return diagnostics_ok(d) && out->consent_keys;
}
