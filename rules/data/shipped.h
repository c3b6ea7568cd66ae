/*
 * The knowledge that ships inside crumbgate, embedded when it is built: base.rules and those of the folder vendors,
 * with the filter lists that they name.
 */
#ifndef CG_RULES_DATA_SHIPPED_H
#define CG_RULES_DATA_SHIPPED_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/base/slice.h"

struct shipped_file {
	struct slice path; /* "base.rules", "vendors/google.rules" */
	const char *name;  /* the same, NUL-terminated */
	struct slice text;
};

/* How many there are, and the i-th of them, ordered by path. Static: they live for ever. */
size_t shipped_count(void);
const struct shipped_file *shipped_at(size_t i);

/* The text of one; false if there is none of that path. */
bool shipped_find(struct slice path, struct slice *text);

#endif
