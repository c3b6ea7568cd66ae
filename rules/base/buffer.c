#include "rules/base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUFFER_FIRST 256

void buffer_init(struct buffer *b, size_t max)
{
	CG_CHECK(max > 0);
	*b = (struct buffer){.max = max};
}

void buffer_free(struct buffer *b)
{
	free(b->p);
	b->p = NULL;
	b->n = b->cap = 0;
	b->failed = false;
}

void buffer_clear(struct buffer *b)
{
	b->n = 0;
	b->failed = false;
}

static size_t grown(const struct buffer *b, size_t need)
{
	size_t cap = b->cap ? b->cap : BUFFER_FIRST;

	while (cap < need)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	return cap < b->max ? cap : b->max;
}

char *buffer_grow(struct buffer *b, size_t n)
{
	size_t cap;
	char *p;

	if (b->failed || n > b->max - b->n)
		goto fail;
	cap = grown(b, b->n + n);
	p = realloc(b->p, cap);
	if (!p)
		goto fail;
	b->p = p;
	b->cap = cap;
	return p + b->n;
fail:
	b->failed = true;
	return NULL;
}

bool buffer_add(struct buffer *b, struct slice s)
{
	char *w = buffer_reserve(b, s.n);

	if (!w)
		return false;
	if (s.n)
		memcpy(w, s.p, s.n);
	b->n += s.n;
	return true;
}

bool buffer_add_char(struct buffer *b, char c)
{
	return buffer_add(b, slice_of(&c, 1));
}

bool buffer_add_str(struct buffer *b, const char *s)
{
	return buffer_add(b, slice_str(s));
}

bool buffer_printf(struct buffer *b, const char *fmt, ...)
{
	va_list ap;
	int n;
	char *w;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	w = n < 0 ? NULL : buffer_reserve(b, (size_t)n + 1); /* one more for the NUL, not committed */
	if (!w)
		return false;
	va_start(ap, fmt);
	(void)vsnprintf(w, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
	return true;
}

void buffer_consume(struct buffer *b, size_t n)
{
	CG_CHECK(n <= b->n);
	b->n -= n;
	if (b->n)
		memmove(b->p, b->p + n, b->n);
}
