/*
 * Inside proxy/coding: the allocator given to libbrotli and libzstd. It holds to a budget, and keeps what they free for
 * the next body: libbrotli has no reset and asks for the same sizes each time, and fresh pages cost more than coding.
 */
#ifndef CG_PROXY_CODING_MEMORY_H
#define CG_PROXY_CODING_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

struct coder_memory {
	size_t held;  /* octets got from malloc, idle ones included */
	size_t limit; /* most octets held */
	struct coder_block *idle;
};

/* The signatures that both libraries ask for; memory is a struct coder_memory. */
void *coder_memory_take(void *memory, size_t n);
/* p may be NULL. */
void coder_memory_give(void *memory, void *p);
/* Gives idle blocks back to malloc. */
void coder_memory_trim(struct coder_memory *memory);

#endif
