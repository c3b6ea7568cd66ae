/*
 * Rulesets from text, for unit tests: files that live in a table, and what a load says about them.
 * Included by one test program each.
 */
#ifndef CG_TESTS_SUPPORT_RULES_TEXT_H
#define CG_TESTS_SUPPORT_RULES_TEXT_H

#include "rules/language/ruleset.h"

/* A file by its path; the table ends with a NULL path. */
struct text_file {
	const char *path;
	const char *text;
};

static inline enum load_result text_load(void *arg, struct slice path, struct slice *content)
{
	for (const struct text_file *f = arg; f->path; f++) {
		if (slice_eq(path, slice_str(f->path))) {
			*content = slice_str(f->text);
			return LOAD_OK;
		}
	}
	return LOAD_MISSING;
}

/* Loads the first file of the table. */
static inline struct ruleset *text_ruleset(const struct text_file *files, struct diagnostics *d)
{
	struct loader loader = {(void *)(uintptr_t)files, text_load};

	return ruleset_load(&loader, slice_str(files[0].path), d);
}

#endif
