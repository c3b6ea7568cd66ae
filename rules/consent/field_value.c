#include "rules/consent/consent.h"

static size_t put(char *w, size_t at, struct slice s)
{
	if (w && s.n)
		memcpy(w + at, s.p, s.n);
	return at + s.n;
}

/* Writes to w, or only measures if w is NULL. Names of purposes are tokens of RFC 9651 by the language. */
static size_t write_value(char *w, const struct ruleset *rs, const struct consent *c)
{
	size_t n = put(w, 0, SLICE("granted=("));
	bool first = true;

	for (size_t bit = 1; bit < ruleset_purpose_count(rs); bit++) {
		if (!(c->granted >> bit & 1))
			continue;
		if (!first)
			n = put(w, n, SLICE(" "));
		n = put(w, n, ruleset_purpose(rs, bit)->name);
		first = false;
	}
	return put(w, n, c->decided ? SLICE("), decided, source=cookie") : SLICE("), decided=?0, source=default"));
}

struct slice consent_field_value(const struct ruleset *rs, const struct consent *c, struct arena *arena)
{
	size_t n = write_value(NULL, rs, c);
	char *text = arena_alloc(arena, n);

	if (!text)
		return slice_of(NULL, 0);
	(void)write_value(text, rs, c);
	return slice_of(text, n);
}
