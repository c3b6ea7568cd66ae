/*
 * Memory for one exchange (or one compilation): allocate many, free all at once, never more than a hard cap.
 *
 * Overflow is sticky: once an allocation was refused, by the cap or by malloc, every later one is refused too, so a
 * caller may do several steps and ask arena_failed() once. Reset clears it.
 *
 * With CG_ARENA_EMULATE (sanitizer builds) each allocation is a malloc of its own, so that the sanitizer sees an
 * overrun of one object into the next; the cap is accounted the same way.
 */
#ifndef CG_RULES_BASE_ARENA_H
#define CG_RULES_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/base/attributes.h"
#include "rules/base/slice.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *head; /* the chunk in use; full ones and those of large requests behind it */
	size_t used;		  /* octets handed out or lost to alignment, over all chunks */
	size_t cap;		  /* hard limit for `used` */
	size_t chunk_size;	  /* of a fresh chunk; larger requests get one of their own */
	bool failed;
};

/* Prepares an empty arena; allocates nothing. chunk_size 0 means 4096. */
CG_NONNULL void arena_init(struct arena *a, size_t chunk_size, size_t cap);

/* n octets aligned for any type, uninitialised; NULL if refused. n == 0 gives a valid pointer. */
CG_WARN_UNUSED void *arena_alloc(struct arena *a, size_t n);
/* count * size octets, zeroed; NULL if refused or if the product overflows. */
CG_WARN_UNUSED void *arena_calloc(struct arena *a, size_t count, size_t size);
/* A copy in the arena; the empty slice (p NULL, n 0) if refused, so ask arena_failed() when that matters. */
struct slice arena_copy(struct arena *a, struct slice s);
/* printf into the arena; the empty slice if refused. */
struct slice arena_printf(struct arena *a, const char *fmt, ...) CG_PRINTF(2, 3);
/* Concatenation of count slices. */
struct slice arena_concat(struct arena *a, const struct slice *parts, size_t count);
/* NUL-terminated copy, for the few C interfaces that need one; NULL if refused. */
CG_WARN_UNUSED char *arena_cstr(struct arena *a, struct slice s);

static inline bool arena_failed(const struct arena *a)
{
	return a->failed;
}

/* Forgets everything allocated; keeps one ordinary chunk for reuse. Pointers into the arena die. */
CG_NONNULL void arena_reset(struct arena *a);
/* Gives all memory back; the arena is empty and usable again. */
CG_NONNULL void arena_free(struct arena *a);

#endif
