/*
 * Text of unknown length that grows in an arena. Failure is the arena's: what is added after it is lost, and whoever
 * uses the text asks arena_failed(). Nothing is freed before the arena: a text leaves about its own length behind.
 */
#ifndef CG_RULES_BASE_TEXT_H
#define CG_RULES_BASE_TEXT_H

#include "rules/base/arena.h"

/* Empty: {.arena = arena}. */
struct text {
	struct arena *arena;
	char *p;
	size_t n;
	size_t cap;
};

CG_NONNULL void text_add(struct text *t, struct slice s);

/* As it now is; valid until something is added. */
static inline struct slice text_slice(const struct text *t)
{
	return slice_of(t->p, t->n);
}

#endif
