#include "rules/decide/rewriter_internal.h"

void edit_add(struct edits *e, size_t at, size_t removed, struct slice inserted)
{
	size_t i = e->n;

	if (e->n == EDITS_MAX) {
		e->full = true;
		return;
	}
	for (; i > 0 && e->v[i - 1].at > at; i--)
		e->v[i] = e->v[i - 1];
	e->v[i] = (struct edit){(uint32_t)at, (uint32_t)removed, inserted};
	e->n++;
}

bool edits_put(struct rewriter *r, const struct edits *e, struct slice raw, uint64_t offset, const struct verdict *v)
{
	size_t from = 0;

	for (size_t i = 0; i < e->n; i++) {
		const struct edit *x = &e->v[i];

		if (!rewriter_put(r, slice_of(raw.p + from, x->at - from)) || !rewriter_put(r, x->inserted))
			return false;
		rewriter_report(r, offset + x->at, slice_of(raw.p + x->at, x->removed), x->inserted, v);
		from = x->at + x->removed;
	}
	return rewriter_put(r, slice_from(raw, from));
}

static struct slice escape_of(char c)
{
	switch (c) {
	case '&':
		return SLICE("&amp;");
	case '"':
		return SLICE("&quot;");
	case '<':
		return SLICE("&lt;");
	case '>':
		return SLICE("&gt;");
	default:
		return slice_of(NULL, 0);
	}
}

struct slice edit_escape(struct rewriter *r, struct slice value)
{
	char *out = arena_alloc(&r->arena, value.n * 6);
	size_t n = 0;

	if (!out)
		return slice_of(NULL, 0);
	for (size_t i = 0; i < value.n; i++) {
		struct slice escape = escape_of(value.p[i]);

		if (escape.n) {
			memcpy(out + n, escape.p, escape.n);
			n += escape.n;
		} else {
			out[n++] = value.p[i];
		}
	}
	return slice_of(out, n);
}
