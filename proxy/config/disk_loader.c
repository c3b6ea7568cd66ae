#include "proxy/config/disk_loader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_STEP 65536

bool disk_read_fd(int fd, struct buffer *out)
{
	for (;;) {
		size_t room = out->max - out->n < READ_STEP ? out->max - out->n : READ_STEP;
		char spare = '\0', *p = room ? buffer_reserve(out, room) : &spare;
		ssize_t n;

		if (!p) {
			errno = ENOMEM;
			return false;
		}
		n = read(fd, p, room ? room : 1);
		if (n == 0)
			return true;
		if (n == -1 && errno != EINTR)
			return false;
		if (n > 0 && !room) {
			errno = EFBIG;
			return false;
		}
		if (n > 0)
			buffer_commit(out, (size_t)n);
	}
}

static enum load_result result_of(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return LOAD_MISSING;
	case EACCES:
	case EPERM:
		return LOAD_DENIED;
	case EFBIG:
		return LOAD_TOO_LARGE;
	default:
		return LOAD_FAILED;
	}
}

static enum load_result read_file(const char *name, struct buffer *out)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum load_result r = LOAD_OK;

	if (fd == -1)
		return result_of(errno);
	if (!disk_read_fd(fd, out))
		r = result_of(errno);
	close(fd);
	return r;
}

static bool path_name(struct slice path, char *out, size_t size)
{
	if (path.n >= size || slice_find_char(path, '\0') < path.n)
		return false;
	memcpy(out, path.p, path.n);
	out[path.n] = '\0';
	return path.n > 0;
}

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	struct disk_loader *d = arg;
	struct buffer text;
	enum load_result r;
	char name[PATH_MAX];

	if (bundle_find(d->bundle, BUNDLE_FILE, path, content))
		return LOAD_OK;
	if (!path_name(path, name, sizeof name))
		return LOAD_MISSING;
	buffer_init(&text, DISK_FILE_MAX);
	r = read_file(name, &text);
	if (r == LOAD_OK && (!bundle_put(d->bundle, BUNDLE_FILE, path, buffer_slice(&text)) ||
			     !bundle_find(d->bundle, BUNDLE_FILE, path, content)))
		r = LOAD_FAILED;
	if (text.n)
		explicit_bzero(text.p, text.n); /* it may be a private key */
	buffer_free(&text);
	return r;
}

static bool resolve(void *arg, const char *host, uint16_t port, struct arena *arena, struct config_address **addresses,
		    size_t *n, const char **why)
{
	struct disk_loader *d = arg;

	if (!config_resolver_system.resolve(NULL, host, port, arena, addresses, n, why))
		return false;
	*why = "memory ran out";
	return bundle_put_addresses(d->bundle, host, port, *addresses, *n);
}

struct disk_loader *disk_loader_new(void)
{
	struct disk_loader *d = calloc(1, sizeof *d);

	if (!d)
		return NULL;
	d->bundle = bundle_new();
	if (!d->bundle) {
		free(d);
		return NULL;
	}
	d->loader = (struct loader){.arg = d, .load = load};
	d->resolver = (struct config_resolver){.arg = d, .resolve = resolve};
	return d;
}

void disk_loader_free(struct disk_loader *d)
{
	if (!d)
		return;
	bundle_free(d->bundle);
	free(d);
}

const char *disk_config_path(void)
{
	static const char here[] = "crumbgate.conf", there[] = "/etc/crumbgate/crumbgate.conf";

	return access(here, F_OK) == 0 || access(there, F_OK) != 0 ? here : there;
}
