#include "rules/consent/consent.h"
#include "rules/consent/imports.h"

static size_t put(char *w, size_t at, struct slice s)
{
	if (w && s.n)
		memcpy(w + at, s.p, s.n);
	return at + s.n;
}

/* Several statements may be about one cookie. */
static bool named_before(const struct ruleset *rs, uint64_t sources, size_t at)
{
	bool is_cookie, other;
	struct slice name = import_name(rs, at, &is_cookie);

	for (size_t i = 0; i < at; i++)
		if ((sources >> i & 1) && slice_eq(import_name(rs, i, &other), name) && other == is_cookie)
			return true;
	return false;
}

/* Names of managers are tokens of RFC 9651; those of cookies need not be, and hold neither quotes nor backslashes. */
static size_t put_managers(char *w, size_t n, const struct ruleset *rs, const struct consent *c)
{
	bool first = true, is_cookie;

	for (size_t i = 0; i < CONSENT_SOURCES_MAX; i++) {
		struct slice name = import_name(rs, i, &is_cookie);

		if (!(c->foreign_sources >> i & 1) || named_before(rs, c->foreign_sources, i))
			continue;
		if (!first)
			n = put(w, n, SLICE(" "));
		n = put(w, n, is_cookie ? SLICE("\"") : SLICE(""));
		n = put(w, n, name);
		n = put(w, n, is_cookie ? SLICE("\"") : SLICE(""));
		first = false;
	}
	return put(w, n, SLICE(")"));
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
	n = put(w, n, c->decided ? SLICE("), decided, source=") : SLICE("), decided=?0, source="));
	if (c->source == CONSENT_FOREIGN)
		return put_managers(w, put(w, n, SLICE("foreign, managers=(")), rs, c);
	return put(w, n, c->decided ? SLICE("cookie") : SLICE("default"));
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
