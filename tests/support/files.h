/* A loader over a table in memory, and certificates made for the occasion. For tests and benchmarks. */
#ifndef CG_TESTS_SUPPORT_FILES_H
#define CG_TESTS_SUPPORT_FILES_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "certs/development.h"
#include "rules/language/loader.h"

#define FILES_MAX 32

struct files {
	struct loader loader;
	struct certs_dev dev; /* its authority signs all */
	size_t n;
	struct {
		char path[64];
		struct buffer content;
	} v[FILES_MAX];
};

void files_init(struct files *f);
void files_free(struct files *f);
/* Adds or replaces. */
void files_put(struct files *f, const char *path, struct slice content);
struct slice files_get(struct files *f, const char *path);
/* NAME.pem and NAME.key for the space-separated names, by the authority whose certificate is ca.pem. */
void files_make(struct files *f, const char *name, const char *names);
void files_make_between(struct files *f, const char *name, const char *names, int64_t from, int64_t to);
/* Forgets the authority: the next files_make() makes another, and another ca.pem. */
void files_new_authority(struct files *f);

#endif
