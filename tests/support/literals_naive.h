/* What literals_find() must find, by trying each literal at each octet. */
#ifndef CG_TESTS_SUPPORT_LITERALS_NAIVE_H
#define CG_TESTS_SUPPORT_LITERALS_NAIVE_H

#include "rules/html/literals.h"

static inline bool naive_is_name(struct slice text, size_t at)
{
	static const char names[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	return at < text.n && memchr(names, text.p[at], sizeof names - 1);
}

/* Whether the literal stands at that offset. */
static inline bool literal_naive(struct slice text, size_t at, struct slice literal, enum literal_kind kind)
{
	static const char *const slashes[] = {"%2f", "\\x2f", "\\u002f"};
	struct slice rest = slice_from(text, at);
	bool free = at == 0 || !naive_is_name(text, at - 1);

	if (kind == LITERAL_TEXT)
		return slice_starts_with(rest, literal);
	for (size_t i = 0; i < CG_COUNT(slashes); i++) {
		size_t n = strlen(slashes[i]);

		free |= at >= n && slice_istarts_with(slice_from(text, at - n), slice_str(slashes[i]));
	}
	at += literal.n;
	return free && slice_istarts_with(rest, literal) && !naive_is_name(text, at) &&
	       !(at < text.n && text.p[at] == '.' && naive_is_name(text, at + 1));
}

#endif
