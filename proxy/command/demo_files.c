#include "proxy/command/demo_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "certs/development.h"
#include "proxy/command/demo_site.h"
#include "proxy/config/disk_loader.h"
#include "proxy/process/load.h"

#define RENEW_SECONDS (300 * 86400) /* before the certificate's 397 days are over */
#define FILE_MAX      (64 * 1024)

static bool fail(const char *path, const char *why)
{
	fprintf(stderr, "crumbgate demo: %s: %s\n  name another folder with --dir DIR\n", path, why);
	return false;
}

/* -- paths --------------------------------------------------------------------------------------------------------- */

static bool join(char out[DEMO_PATH_MAX], const char *a, const char *b)
{
	int n = snprintf(out, DEMO_PATH_MAX, "%s/%s", a, b);

	return n > 0 && n < DEMO_PATH_MAX;
}

bool demo_path(const char *folder, const char *name, char out[DEMO_PATH_MAX])
{
	return join(out, folder, name) || fail(folder, "the path is too long");
}

bool demo_default_folder(char out[DEMO_PATH_MAX])
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (data && data[0] == '/')
		return join(out, data, "crumbgate/demo");
	if (home && home[0] == '/' && access(home, W_OK) == 0)
		return join(out, home, ".local/share/crumbgate/demo");
	return join(out, ".", "crumbgate-demo");
}

bool demo_make_folder(const char *folder)
{
	char path[DEMO_PATH_MAX];
	size_t n = strlen(folder);

	if (n == 0 || n >= sizeof path)
		return fail(folder, "the path is empty or too long");
	memcpy(path, folder, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		path[i] = '\0';
		if (mkdir(path, 0755) != 0 && errno != EEXIST)
			return fail(path, strerror(errno));
		path[i] = i < n ? '/' : '\0';
	}
	return true;
}

int demo_lock_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	(void)fail(folder, errno == EWOULDBLOCK ? "another demo runs in this folder" : strerror(errno));
	if (fd != -1)
		close(fd);
	return -1;
}

static bool exists(const char *folder, const char *name)
{
	char path[DEMO_PATH_MAX];

	return join(path, folder, name) && access(path, F_OK) == 0;
}

static bool write_file(const char *folder, const char *name, struct slice content, unsigned mode)
{
	char path[DEMO_PATH_MAX];
	const char *why;

	if (!demo_path(folder, name, path))
		return false;
	why = certs_write_file(path, content, mode, true);
	return !why || fail(path, why);
}

/* -- certificates -------------------------------------------------------------------------------------------------- */

static bool fresh(const char *folder, const char *name)
{
	char path[DEMO_PATH_MAX];
	struct stat st;

	return join(path, folder, name) && stat(path, &st) == 0 && time(NULL) - st.st_mtime < RENEW_SECONDS;
}

/* The authority stays the same, so that a browser that trusts it goes on doing so. */
static bool read_authority(const char *folder, struct certs_dev *dev)
{
	struct disk_loader *disk = disk_loader_new();
	char ca[DEMO_PATH_MAX], key[DEMO_PATH_MAX];
	struct slice text;
	bool ok = disk && demo_path(folder, "ca.pem", ca) && demo_path(folder, "ca.key", key);

	if (ok && access(ca, F_OK) == 0 && access(key, F_OK) == 0)
		ok = disk->loader.load(disk->loader.arg, slice_str(ca), &text) == LOAD_OK &&
		     buffer_add(&dev->ca, text) &&
		     disk->loader.load(disk->loader.arg, slice_str(key), &text) == LOAD_OK &&
		     buffer_add(&dev->ca_key, text);
	disk_loader_free(disk);
	return ok || fail(folder, "the authority in ca.pem and ca.key cannot be read");
}

static bool write_certificates(const char *folder)
{
	const struct slice names[] = {SLICE("localhost"), SLICE("127.0.0.1"), SLICE("::1")};
	struct certs_dev dev;
	const char *why;
	bool ok;

	if (fresh(folder, "localhost.pem") && exists(folder, "localhost.key"))
		return true;
	certs_dev_init(&dev);
	ok = read_authority(folder, &dev);
	why = ok ? certs_dev_make(&dev, names, CG_COUNT(names), (int64_t)time(NULL)) : NULL;
	if (why)
		ok = fail(folder, why);
	ok = ok && write_file(folder, "ca.key", buffer_slice(&dev.ca_key), 0600) &&
	     write_file(folder, "ca.pem", buffer_slice(&dev.ca), 0644) &&
	     write_file(folder, "localhost.key", buffer_slice(&dev.key), 0600) &&
	     write_file(folder, "localhost.pem", buffer_slice(&dev.chain), 0644);
	certs_dev_free(&dev);
	return ok;
}

/* -- the rest ------------------------------------------------------------------------------------------------------ */

static bool write_key(const char *folder)
{
	char text[CONSENT_KEY_TEXT];
	bool ok;

	if (exists(folder, "consent.keys"))
		return true;
	load_make_consent_key(text);
	ok = write_file(folder, "consent.keys", slice_of(text, sizeof text), 0600);
	explicit_bzero(text, sizeof text);
	return ok;
}

static bool write_config(const struct demo_setup *s)
{
	struct arena arena;
	bool ok;

	arena_init(&arena, 0, FILE_MAX);
	const struct demo_variable vars[] = {
		{SLICE("address"), slice_str(s->address)},
		{SLICE("port"), arena_printf(&arena, "%u", (unsigned)s->port)},
		{SLICE("http-port"), arena_printf(&arena, "%u", (unsigned)s->http_port)},
		{SLICE("origin"), arena_printf(&arena, "%u", (unsigned)s->origin_port)},
	};
	ok = write_file(s->folder, "crumbgate.conf",
			demo_expand(&arena, demo_site_file("crumbgate.conf"), vars, CG_COUNT(vars)), 0644);
	arena_free(&arena);
	return ok;
}

bool demo_write_files(const struct demo_setup *s)
{
	return write_certificates(s->folder) && write_key(s->folder) && write_config(s) &&
	       (exists(s->folder, "demo.rules") ||
		write_file(s->folder, "demo.rules", demo_site_file("demo.rules"), 0644));
}
