#include "proxy/command/disk.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#define FILE_MAX (16 * 1024 * 1024)
#define DISK_MAX (256 * 1024 * 1024)

static enum load_result read_open(FILE *f, struct arena *arena, struct slice *content)
{
	struct stat st;
	size_t size;
	char *p;

	if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode))
		return LOAD_FAILED;
	if (st.st_size > FILE_MAX)
		return LOAD_TOO_LARGE;
	size = (size_t)st.st_size;
	p = arena_alloc(arena, size + 1);
	if (!p)
		return LOAD_TOO_LARGE;
	*content = slice_of(p, fread(p, 1, size, f));
	return ferror(f) ? LOAD_FAILED : LOAD_OK;
}

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	struct disk *d = arg;
	char *name = arena_cstr(&d->arena, path);
	enum load_result r;
	FILE *f;

	if (!name)
		return LOAD_FAILED;
	f = fopen(name, "rbe");
	if (!f)
		return errno == ENOENT || errno == ENOTDIR ? LOAD_MISSING : errno == EACCES ? LOAD_DENIED : LOAD_FAILED;
	r = read_open(f, &d->arena, content);
	(void)fclose(f);
	return r;
}

void disk_init(struct disk *d)
{
	d->loader = (struct loader){.arg = d, .load = load};
	arena_init(&d->arena, 65536, DISK_MAX);
}

void disk_free(struct disk *d)
{
	arena_free(&d->arena);
}
