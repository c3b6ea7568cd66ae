/* Compares what a case expects with what came out. */
#ifndef CG_RULES_HARNESS_CHECK_H
#define CG_RULES_HARNESS_CHECK_H

#include "rules/harness/exchange.h"

/* One line of a comparison side by side. */
struct diff_row {
	bool same;
	struct slice expected; /* p NULL: nothing on this side */
	struct slice actual;
	struct slice why; /* the rule that decided, for people; may be empty */
	struct diff_row *next;
};

struct failure {
	const struct expectation *expectation;
	struct diff_row *rows;
	struct failure *next;
};

/* The failed expectations, in the order of the file, in *first. False if memory ran out. */
bool outcome_check(const struct prepared *x, const struct outcome *o, struct arena *arena, struct failure **first);

/* "dropped by marketing.rules:12: cookie _ga is analytics" */
struct slice verdict_why(const struct verdict *v, struct arena *arena);

/* The rule's text with its blanks squeezed. */
struct slice rule_text(const struct rule *rule, struct arena *arena);

/* The names of a set of purposes, necessary left out; "none" if that leaves none. */
struct slice purposes_text(const struct ruleset *rs, purposes set, struct arena *arena);

#endif
