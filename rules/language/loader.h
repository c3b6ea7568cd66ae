/*
 * Where sources come from. rules/ opens no file: whoever loads hands in this interface. The parent process reads the
 * disk and records what it read; a worker is given the record; tests give tables.
 */
#ifndef CG_RULES_LANGUAGE_LOADER_H
#define CG_RULES_LANGUAGE_LOADER_H

#include <stdbool.h>

#include "rules/base/arena.h"
#include "rules/base/slice.h"

enum load_result {
	LOAD_OK,
	LOAD_MISSING,	/* no such file */
	LOAD_DENIED,	/* not readable */
	LOAD_TOO_LARGE, /* above the loader's limit */
	LOAD_FAILED,	/* another error */
};

struct loader {
	void *arg;
	/*
	 * Reads the file at path whole. *content lives as long as the loader. path is what loader_resolve() made.
	 */
	enum load_result (*load)(void *arg, struct slice path, struct slice *content);
};

/* "file does not exist" and the like, for a diagnostic. */
const char *load_result_text(enum load_result r);

/*
 * A path written in the file `from`: absolute ones stay, relative ones are relative to the folder of `from`; "." and
 * ".." are resolved by text. The empty slice if the arena refused.
 */
struct slice loader_resolve(struct arena *arena, struct slice from, struct slice path);

#endif
