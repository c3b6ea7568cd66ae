/*
 * Patterns over visitors' bytes: PCRE2 with JIT and match, depth and heap limits. The only module that knows pcre2.h.
 */
#ifndef CG_RULES_BASE_PATTERN_H
#define CG_RULES_BASE_PATTERN_H

#include <stddef.h>

#include "rules/base/attributes.h"
#include "rules/base/slice.h"

struct pattern; /* immutable once compiled */

struct pattern_error {
	size_t offset; /* into the pattern */
	char message[120];
};

/* Compiles; flags of the language: i m s x. Octets, not UTF. NULL with *error set; free with pattern_free(). */
CG_WARN_UNUSED struct pattern *pattern_compile(struct slice text, struct slice flags, struct pattern_error *error);
void pattern_free(struct pattern *p); /* NULL is fine */

/* Working memory for matching; one per thread of control, shared by all patterns. NULL if memory ran out. */
struct pattern_scratch;
CG_WARN_UNUSED struct pattern_scratch *pattern_scratch_new(void);
void pattern_scratch_free(struct pattern_scratch *s); /* NULL is fine */

enum pattern_result {
	PATTERN_NO_MATCH,
	PATTERN_MATCH,
	PATTERN_LIMIT, /* a limit was hit, or memory ran out: the caller must take the strict side */
};

enum pattern_result pattern_match(const struct pattern *p, struct pattern_scratch *scratch, struct slice subject);

#endif
