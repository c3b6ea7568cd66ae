#include "proxy/coding/memory.h"

#include <stdlib.h>

#include "rules/base/attributes.h"

/* Before each block; its size keeps the alignment that malloc gives. */
struct coder_block {
	_Alignas(max_align_t) struct coder_block *next;
	size_t n; /* with this head; a multiple of the alignment */
};

/* The smallest idle block that is large enough, and not more than twice that. */
static struct coder_block *take_idle(struct coder_memory *m, size_t n)
{
	struct coder_block **best = NULL, *b;

	for (struct coder_block **at = &m->idle; *at; at = &(*at)->next) {
		if ((*at)->n >= n && (*at)->n / 2 <= n && (!best || (*at)->n < (*best)->n))
			best = at;
	}
	if (!best)
		return NULL;
	b = *best;
	*best = b->next;
	return b;
}

static struct coder_block *take_fresh(struct coder_memory *m, size_t n)
{
	struct coder_block *b;

	if (n > m->limit - m->held)
		coder_memory_trim(m);
	if (n > m->limit - m->held)
		return NULL;
	b = malloc(n);
	if (b)
		m->held += n;
	return b;
}

void *coder_memory_take(void *memory, size_t n)
{
	struct coder_memory *m = memory;
	struct coder_block *b;

	if (n > m->limit || sizeof *b + _Alignof(max_align_t) > m->limit - n)
		return NULL;
	n = (n + sizeof *b + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);
	b = take_idle(m, n);
	if (b)
		return b + 1;
	b = take_fresh(m, n);
	if (!b)
		return NULL;
	b->n = n;
	return b + 1;
}

void coder_memory_give(void *memory, void *p)
{
	struct coder_memory *m = memory;
	struct coder_block *b = p;

	if (!p)
		return;
	b--;
	b->next = m->idle;
	m->idle = b;
}

void coder_memory_trim(struct coder_memory *m)
{
	while (m->idle) {
		struct coder_block *b = m->idle;

		m->idle = b->next;
		m->held -= b->n;
		free(b);
	}
}
