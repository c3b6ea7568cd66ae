/* What the parts of the comparison share; internal to rules/harness. */
#ifndef CG_RULES_HARNESS_CHECKER_H
#define CG_RULES_HARNESS_CHECKER_H

#include "rules/harness/check.h"

/* The comparison of one expectation. */
struct checker {
	const struct prepared *x;
	const struct outcome *o;
	const struct expectation *e;
	struct arena *arena;
	bool failed;
	struct diff_row *first;
	struct diff_row **end;
};

/* Adds a row that differs; a NULL p leaves that side empty. */
void differs(struct checker *c, struct slice expected, struct slice actual, struct slice why);
void agrees(struct checker *c, struct slice both);

/* Does the text meet the expectation's how and value? (HOW_HAS as HOW_IS.) */
bool text_meets(const struct checker *c, struct slice text);

/* Why a thing is as it is; empty if no verdict speaks of it. */
struct slice why_of(const struct checker *c, enum verdict_subject subject, struct slice name);
/* Of all verdicts on that subject that are not "keep", one after the other. */
struct slice why_all(const struct checker *c, enum verdict_subject subject);

void check_field(struct checker *c);
void check_expires(struct checker *c);
void check_sealed(struct checker *c); /* seal.c */

#endif
