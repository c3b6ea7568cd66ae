#include "rules/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define ARENA_ALIGN _Alignof(max_align_t)
#define ARENA_CHUNK 4096

struct arena_chunk {
	struct arena_chunk *next;
	size_t size; /* of data */
	size_t used;
	_Alignas(max_align_t) char data[];
};

#ifdef CG_ARENA_EMULATE
static const bool emulate = true;
#else
static const bool emulate = false;
#endif

void arena_init(struct arena *a, size_t chunk_size, size_t cap)
{
	*a = (struct arena){.cap = cap, .chunk_size = chunk_size ? chunk_size : ARENA_CHUNK};
}

static struct arena_chunk *chunk_make(size_t size)
{
	struct arena_chunk *c = malloc(sizeof *c + size);

	if (c)
		*c = (struct arena_chunk){.size = size};
	return c;
}

/*
 * A chunk with room for n octets (already rounded up). One made for a single large request goes behind the head: what
 * is left of the head stays in use, and is kept by a reset.
 */
static struct arena_chunk *chunk_for(struct arena *a, size_t n)
{
	bool ordinary = !emulate && n <= a->chunk_size;
	struct arena_chunk *c;

	if (!emulate && a->head && a->head->size - a->head->used >= n)
		return a->head;
	c = chunk_make(ordinary ? a->chunk_size : n);
	if (!c)
		return NULL;
	if (ordinary || !a->head) {
		c->next = a->head;
		a->head = c;
	} else {
		c->next = a->head->next;
		a->head->next = c;
	}
	return c;
}

void *arena_alloc(struct arena *a, size_t n)
{
	size_t rounded = emulate ? (n ? n : 1) : (n + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	struct arena_chunk *c;
	void *p;

	if (a->failed || n > SIZE_MAX - ARENA_ALIGN || rounded > a->cap - a->used) {
		a->failed = true;
		return NULL;
	}
	c = chunk_for(a, rounded);
	if (!c) {
		a->failed = true;
		return NULL;
	}
	p = c->data + c->used;
	c->used += rounded;
	a->used += rounded;
	return p;
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
	void *p;

	if (size && count > SIZE_MAX / size) {
		a->failed = true;
		return NULL;
	}
	p = arena_alloc(a, count * size);
	if (p)
		memset(p, 0, count * size);
	return p;
}

struct slice arena_copy(struct arena *a, struct slice s)
{
	char *p = arena_alloc(a, s.n);

	if (!p)
		return slice_of(NULL, 0);
	if (s.n)
		memcpy(p, s.p, s.n);
	return slice_of(p, s.n);
}

char *arena_cstr(struct arena *a, struct slice s)
{
	char *p = s.n < SIZE_MAX ? arena_alloc(a, s.n + 1) : NULL;

	if (!p)
		return NULL;
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

struct slice arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	int n;
	char *p;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = n >= 0 ? arena_alloc(a, (size_t)n + 1) : NULL;
	if (!p)
		return slice_of(NULL, 0);
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return slice_of(p, (size_t)n);
}

struct slice arena_concat(struct arena *a, const struct slice *parts, size_t count)
{
	size_t total = 0;
	char *p, *w;

	for (size_t i = 0; i < count; i++)
		total += parts[i].n;
	p = w = arena_alloc(a, total);
	if (!p)
		return slice_of(NULL, 0);
	for (size_t i = 0; i < count; i++) {
		if (parts[i].n)
			memcpy(w, parts[i].p, parts[i].n);
		w += parts[i].n;
	}
	return slice_of(p, total);
}

static void free_chunks(struct arena_chunk *c)
{
	while (c) {
		struct arena_chunk *next = c->next;

		free(c);
		c = next;
	}
}

/* Takes the first ordinary chunk out of the list; NULL if there is none. */
static struct arena_chunk *take_ordinary(struct arena *a)
{
	for (struct arena_chunk **at = &a->head; *at && !emulate; at = &(*at)->next)
		if ((*at)->size == a->chunk_size) {
			struct arena_chunk *c = *at;

			*at = c->next;
			return c;
		}
	return NULL;
}

void arena_reset(struct arena *a)
{
	struct arena_chunk *keep = take_ordinary(a);

	free_chunks(a->head);
	a->head = keep;
	if (keep) {
		keep->next = NULL;
		keep->used = 0;
	}
	a->used = 0;
	a->failed = false;
}

void arena_free(struct arena *a)
{
	free_chunks(a->head);
	a->head = NULL;
	a->used = 0;
	a->failed = false;
}
