#include "rules/base/text.h"

#define FIRST_CAP 256

static bool grow(struct text *t, size_t n)
{
	size_t cap = t->cap ? t->cap * 2 : FIRST_CAP;
	char *p;

	if (cap - t->n < n)
		cap = t->n + n;
	p = arena_alloc(t->arena, cap);
	if (!p)
		return false;
	if (t->n)
		memcpy(p, t->p, t->n);
	t->p = p;
	t->cap = cap;
	return true;
}

void text_add(struct text *t, struct slice s)
{
	if (s.n > t->cap - t->n && !grow(t, s.n))
		return;
	if (s.n)
		memcpy(t->p + t->n, s.p, s.n);
	t->n += s.n;
}
