#include "proxy/coding/memory.h"

#include <stdint.h>
#include <stdlib.h>

/* Before each block; its size keeps the alignment that malloc gives. */
struct coder_block {
	_Alignas(max_align_t) struct coder_block *next;
	size_t n; /* with this head */
};

static struct coder_block *take_idle(struct coder_memory *m, size_t n)
{
	for (struct coder_block **at = &m->idle; *at; at = &(*at)->next) {
		struct coder_block *b = *at;

		if (b->n == n) {
			*at = b->next;
			return b;
		}
	}
	return NULL;
}

void *coder_memory_take(void *memory, size_t n)
{
	struct coder_memory *m = memory;
	struct coder_block *b;

	if (n > m->limit || sizeof *b > m->limit - n)
		return NULL;
	n += sizeof *b;
	b = take_idle(m, n);
	if (b)
		return b + 1;
	if (n > m->limit - m->held)
		coder_memory_trim(m);
	if (n > m->limit - m->held)
		return NULL;
	b = malloc(n);
	if (!b)
		return NULL;
	b->n = n;
	m->held += n;
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
