/* Consent classes: the sets of purposes that a visitor may have granted. */
#ifndef CG_RULES_HARNESS_CLASSES_H
#define CG_RULES_HARNESS_CLASSES_H

#include "rules/base/arena.h"
#include "rules/language/ruleset.h"

/* With at most CLASSES_ALL optional purposes every set of them; with more: none, all, each alone, each missing. */
#define CLASSES_ALL 6
#define CLASSES_MAX 64

struct class_list {
	purposes v[CLASSES_MAX]; /* what is granted, necessary included */
	size_t n;		 /* 0: the rules have no optional purpose */
};

void classes_of(const struct ruleset *rs, struct class_list *out);

/* "analytics denied", "all granted", "only analytics granted" */
struct slice class_label(const struct ruleset *rs, purposes granted, struct arena *arena);

#endif
