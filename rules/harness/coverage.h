/* Which rules some case exercised. A rule is told by its file and line. */
#ifndef CG_RULES_HARNESS_COVERAGE_H
#define CG_RULES_HARNESS_COVERAGE_H

#include <stdbool.h>

#include "rules/harness/exchange.h"

/* A set of places. Zeroed is empty. */
struct place_set {
	uint64_t *v; /* owned; a hash table, 0 is free */
	size_t n, cap;
	bool failed; /* memory ran out: it is incomplete */
};

void place_set_free(struct place_set *s);
/* True if it was not in there. */
bool place_set_add(struct place_set *s, const struct rule *rule);
bool place_set_has(const struct place_set *s, const struct rule *rule);

/* Every rule that decided something in the exchange. */
void coverage_note(struct place_set *s, const struct ruleset *rs, const struct outcome *o);

#endif
