/*
 * A growable byte buffer with a mandatory maximum.
 *
 * Failure is sticky: an append that would pass `max`, or that malloc refuses, changes nothing, returns false and sets
 * `failed`; later appends fail too. So a sequence of appends may be checked once at its end.
 */
#ifndef CG_RULES_BASE_BUFFER_H
#define CG_RULES_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/base/attributes.h"
#include "rules/base/slice.h"

struct buffer {
	char *p; /* owned; NULL while nothing was ever stored */
	size_t n;
	size_t cap;
	size_t max;
	bool failed;
};

/* Allocates nothing. max is the most octets it will ever hold; it must be above 0. */
CG_NONNULL void buffer_init(struct buffer *b, size_t max);
CG_NONNULL void buffer_free(struct buffer *b);
/* Empties it and clears the failure; keeps the memory. */
CG_NONNULL void buffer_clear(struct buffer *b);

bool buffer_add(struct buffer *b, struct slice s);
bool buffer_add_char(struct buffer *b, char c);
bool buffer_add_str(struct buffer *b, const char *s);
bool buffer_printf(struct buffer *b, const char *fmt, ...) CG_PRINTF(2, 3);
/* The rare part of buffer_reserve(): allocates, or fails. */
CG_WARN_UNUSED char *buffer_grow(struct buffer *b, size_t n);
/* Room for n more octets; a pointer to write them at, or NULL. Follow with buffer_commit(). */
CG_WARN_UNUSED static inline char *buffer_reserve(struct buffer *b, size_t n)
{
	return b->p && !b->failed && n <= b->cap - b->n ? b->p + b->n : buffer_grow(b, n);
}
/* Declares that n octets were written at the pointer that buffer_reserve() gave. */
static inline void buffer_commit(struct buffer *b, size_t n)
{
	CG_CHECK(n <= b->cap - b->n);
	b->n += n;
}
/* Removes n octets from the front (n <= b->n). */
void buffer_consume(struct buffer *b, size_t n);

static inline struct slice buffer_slice(const struct buffer *b)
{
	return slice_of(b->p, b->n);
}

#endif
