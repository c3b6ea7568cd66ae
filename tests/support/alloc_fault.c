#include "tests/support/alloc_fault.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);

static size_t countdown; /* 0: off */
static bool made = true;
static size_t total;

static bool fails(void)
{
	if (countdown == 0 || --countdown)
		return false;
	made = true;
	total++;
	return true;
}

bool alloc_fault_begin(size_t n)
{
	if (n > 1 && !made)
		return false;
	made = false;
	countdown = n;
	return true;
}

bool alloc_fault_end(void)
{
	countdown = 0;
	return made;
}

size_t alloc_fault_total(void)
{
	return total;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
	return fails() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}
