/* Sealed cookies in test cases: those that a visitor carries, and those that he gets. Internal to rules/harness. */
#ifndef CG_RULES_HARNESS_SEAL_H
#define CG_RULES_HARNESS_SEAL_H

#include "rules/harness/exchange.h"
#include "rules/harness/parse.h"

/* Complains about what the case's visitor carries as sealed and cannot be. */
void check_visitor_cookies(struct parser *p);

/* The case's cookies with those sealed that are to be; the very same slice if there are none. */
struct slice visitor_cookies(const struct prepared *x, struct arena *arena);

#endif
