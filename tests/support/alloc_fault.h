/*
 * Makes the n-th allocation fail, in programs linked with ALLOC_FAULT_LINK.
 *
 *   for (size_t n = 1; alloc_fault_begin(n); n++) { run the scenario; it must cope; alloc_fault_end(); }
 *
 * alloc_fault_begin() returns false once the previous run asked for fewer than n allocations, so the loop has failed
 * each of them once.
 */
#ifndef CG_TESTS_SUPPORT_ALLOC_FAULT_H
#define CG_TESTS_SUPPORT_ALLOC_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the n-th (1 is the next) call of malloc, calloc or realloc fails, once. */
bool alloc_fault_begin(size_t n);
/* No more failures. Returns true if one was made since alloc_fault_begin(). */
bool alloc_fault_end(void);
/* How many failures were made so far in this program. */
size_t alloc_fault_total(void);

#endif
