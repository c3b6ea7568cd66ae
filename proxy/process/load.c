#include "proxy/process/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proxy/config/bundle.h"
#include "proxy/config/disk_loader.h"

/* Names in the bundle that no file can have: paths there are resolved and hold no colon in front. */
#define CONFIG_PATH_BLOB "config"
#define OWN_CONSENT_KEY	 ":consent-key"

void load_make_consent_key(char out[CONSENT_KEY_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char key[32];

	tls_random(NULL, key, sizeof key);
	for (size_t i = 0; i < sizeof key; i++) {
		out[2 * i] = digits[key[i] >> 4];
		out[2 * i + 1] = digits[key[i] & 15];
	}
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

static bool has_tls_origins(const struct config *config)
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
	struct position at;
	struct slice keys;

	if (!c)
		return false;
	at = config_position(c, c->consent_keys_line);
	keys = c->consent_key_file.n ? c->consent_key_file : SLICE(OWN_CONSENT_KEY);
	if (config_listens_tls(c))
		out->tls = tls_server_new(c, loader, d);
	if (has_tls_origins(c))
		out->tls_client = tls_client_new(c, loader, d);
	out->consent_keys = tls_consent_keys_load(loader, keys, &at, d);
	return diagnostics_ok(d) && out->consent_keys && (out->tls || !config_listens_tls(c)) &&
	       (out->tls_client || !has_tls_origins(c));
}

static void free_contexts(struct loaded *l)
{
	tls_server_free(l->tls);
	tls_client_free(l->tls_client);
	tls_consent_keys_free(l->consent_keys);
	l->tls = NULL;
	l->tls_client = NULL;
	l->consent_keys = NULL;
}

void loaded_free(struct loaded *l)
{
	free_contexts(l);
	config_free(l->config);
	disk_loader_free(l->disk);
	bundle_free(l->record);
	regions_free(l->regions);
	if (l->bundle >= 0)
		close(l->bundle);
	if (l->regions_fd >= 0)
		close(l->regions_fd);
	*l = (struct loaded){.bundle = -1, .regions_fd = -1};
}

/* -- in the parent ------------------------------------------------------------------------------------------------- */

/* Nobody, not even a worker, can change what was checked. -1 with errno. */
static int seal_bundle(const struct bundle *b)
{
	int fd = memfd_create("crumbgate", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int saved;

	if (fd >= 0 && bundle_write(b, fd) &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0)
		return fd;
	saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

static bool record_extras(struct bundle *b, struct slice path, const char consent_key[CONSENT_KEY_TEXT])
{
	return bundle_put(b, BUNDLE_BLOB, SLICE(CONFIG_PATH_BLOB), path) &&
	       bundle_put(b, BUNDLE_FILE, SLICE(OWN_CONSENT_KEY), slice_of(consent_key, CONSENT_KEY_TEXT));
}

static bool make_bundle(struct loaded *l, struct diagnostics *d)
{
	struct position at = {.file = l->config->path};

	l->bundle = seal_bundle(l->disk->bundle);
	if (l->bundle >= 0)
		return true;
	diagnostics_add(d, SEVERITY_ERROR, &at, NULL, "the configuration cannot be handed to the workers: %s",
			strerror(errno));
	return false;
}

static bool complain_of_regions(const struct config *c, const char *why, struct diagnostics *d)
{
	struct position at = config_position(c, c->regions_line);

	diagnostics_add(d, SEVERITY_ERROR, &at, "\"regions\" names a file in MMDB format",
			"%.*s: the database of networks cannot be used: %s", SLICE_ARG(c->regions_file), why);
	return false;
}

/* A memfd with the file, which was tried; -1 if none is named. False after an error. */
static bool take_regions(const struct config *c, int *fd, struct diagnostics *d)
{
	const char *why = "memory ran out";
	struct regions *tried;
	struct arena arena;
	char *path;

	*fd = -1;
	if (!c->regions_file.n)
		return true;
	arena_init(&arena, 0, 64 * 1024);
	path = arena_cstr(&arena, c->regions_file);
	if (path)
		*fd = regions_copy(path, &why);
	arena_free(&arena);
	tried = *fd >= 0 ? regions_open(*fd, &why) : NULL;
	regions_free(tried);
	return tried || complain_of_regions(c, why, d);
}

bool load_check_regions(const struct config *config, struct diagnostics *d)
{
	int fd;
	bool ok = take_regions(config, &fd, d);

	if (fd >= 0)
		close(fd);
	return ok;
}

static void warn_of_own_key(const struct config *c, struct diagnostics *d)
{
	struct position at = {.file = c->path};

	if (!c->consent_key_file.n)
		diagnostics_add(
			d, SEVERITY_WARNING, &at,
			"write: consent-keys FILE, with a file made by: crumbgate certs keys FILE",
			"there is no consent-keys statement: no decision of visitors can be signed, so none counts");
}

bool load_from_disk(struct slice path, const char consent_key[CONSENT_KEY_TEXT], struct loaded *out,
		    struct diagnostics *d)
{
	bool ok;

	*out = (struct loaded){.bundle = -1, .regions_fd = -1, .disk = disk_loader_new()};
	if (!out->disk || !record_extras(out->disk->bundle, path, consent_key)) {
		d->failed = true;
		loaded_free(out);
		return false;
	}
	ok = load_all(&out->disk->loader, &out->disk->resolver, path, out, d) && make_bundle(out, d) &&
	     take_regions(out->config, &out->regions_fd, d);
	if (ok) {
		warn_of_own_key(out->config, d);
		free_contexts(out);
	} else {
		loaded_free(out);
	}
	return ok;
}

/* -- in a worker --------------------------------------------------------------------------------------------------- */

static bool map_regions(struct loaded *l, int fd, struct diagnostics *d)
{
	const char *why;

	if (fd < 0)
		return true;
	l->regions = regions_open(fd, &why);
	return l->regions || complain_of_regions(l->config, why, d);
}

bool load_from_bundle(int fd, int regions_fd, struct loaded *out, struct diagnostics *d)
{
	struct position at = {.file = SLICE("bundle")};
	struct config_resolver resolver;
	struct loader loader;
	struct slice path;
	const char *why = "it does not name the configuration";

	*out = (struct loaded){.bundle = -1, .regions_fd = -1, .record = bundle_read(fd, &why)};
	if (!out->record || !bundle_find(out->record, BUNDLE_BLOB, SLICE(CONFIG_PATH_BLOB), &path)) {
		diagnostics_add(d, SEVERITY_ERROR, &at, NULL, "unreadable: %s", why);
		loaded_free(out);
		return false;
	}
	loader = bundle_loader(out->record);
	resolver = bundle_resolver(out->record);
	if (load_all(&loader, &resolver, path, out, d) && map_regions(out, regions_fd, d))
		return true;
	loaded_free(out);
	return false;
}
