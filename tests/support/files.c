#include "tests/support/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	struct files *f = arg;

	for (size_t i = 0; i < f->n; i++) {
		if (!slice_eq(path, slice_str(f->v[i].path)))
			continue;
		*content = buffer_slice(&f->v[i].content);
		return LOAD_OK;
	}
	return slice_ends_with(path, SLICE("denied")) ? LOAD_DENIED : LOAD_MISSING;
}

void files_init(struct files *f)
{
	*f = (struct files){.loader = {f, load}};
	certs_dev_init(&f->dev);
}

void files_free(struct files *f)
{
	for (size_t i = 0; i < f->n; i++)
		buffer_free(&f->v[i].content);
	certs_dev_free(&f->dev);
	f->n = 0;
}

void files_put(struct files *f, const char *path, struct slice content)
{
	size_t i = 0;

	while (i < f->n && strcmp(f->v[i].path, path) != 0)
		i++;
	if (i == FILES_MAX)
		abort();
	if (i == f->n) {
		buffer_init(&f->v[i].content, 4 * 1024 * 1024);
		snprintf(f->v[i].path, sizeof f->v[i].path, "%s", path);
		f->n++;
	}
	buffer_clear(&f->v[i].content);
	if (!buffer_add(&f->v[i].content, content))
		abort();
}

struct slice files_get(struct files *f, const char *path)
{
	struct slice s = {0};

	if (load(f, slice_str(path), &s) != LOAD_OK)
		abort();
	return s;
}

void files_make_between(struct files *f, const char *name, const char *names, int64_t from, int64_t to)
{
	struct slice rest = slice_str(names), list[CERTS_DEV_NAMES_MAX];
	const char *why;
	char path[64];
	size_t n = 0;

	while (rest.n)
		slice_cut(rest, ' ', &list[n++], &rest);
	why = certs_dev_make_between(&f->dev, list, n, from, to);
	if (why) {
		fprintf(stderr, "%s: %s\n", name, why);
		abort();
	}
	snprintf(path, sizeof path, "%s.pem", name);
	files_put(f, path, buffer_slice(&f->dev.chain));
	snprintf(path, sizeof path, "%s.key", name);
	files_put(f, path, buffer_slice(&f->dev.key));
	files_put(f, "ca.pem", buffer_slice(&f->dev.ca));
}

void files_make(struct files *f, const char *name, const char *names)
{
	int64_t now = (int64_t)time(NULL);

	files_make_between(f, name, names, now - 3600, now + 90 * 86400);
}

void files_new_authority(struct files *f)
{
	buffer_clear(&f->dev.ca);
	buffer_clear(&f->dev.ca_key);
}
