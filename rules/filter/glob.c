#include "rules/filter/internal.h"

#define NOT_THERE SIZE_MAX

bool filter_is_separator(char c)
{
	return !(ascii_is_alpha(c) || ascii_is_digit(c) || c == '_' || c == '-' || c == '.' || c == '%' ||
		 (uint8_t)c >= 0x80);
}

/* Where the piece ends if it stands at `at`. "^" fits the end of the URL as often as it is asked for. */
static size_t piece_at(struct slice piece, struct slice url, size_t at)
{
	for (size_t i = 0; i < piece.n; i++) {
		char c = piece.p[i];

		if (at == url.n) {
			if (c != '^')
				return NOT_THERE;
			continue;
		}
		if (c == '^' ? !filter_is_separator(url.p[at]) : c != url.p[at])
			return NOT_THERE;
		at++;
	}
	return at;
}

/* Where the first occurrence from `from` on ends; with to_end the first that ends with the URL. */
static size_t find_piece(struct slice piece, bool to_end, struct slice url, size_t from)
{
	for (size_t at = from; at <= url.n; at++) {
		size_t end = piece_at(piece, url, at);

		if (end != NOT_THERE && (!to_end || end == url.n))
			return end;
	}
	return NOT_THERE;
}

/* Pieces have a fixed length, so taking each at its first occurrence leaves the most room for the next. */
bool glob_anywhere(struct slice pattern, bool to_end, struct slice url, size_t from)
{
	struct slice piece;
	bool more;

	do {
		more = slice_cut(pattern, '*', &piece, &pattern);
		from = find_piece(piece, to_end && !more, url, from);
	} while (from != NOT_THERE && more);
	return from != NOT_THERE;
}

bool glob_at(struct slice pattern, bool to_end, struct slice url, size_t at)
{
	struct slice piece;
	bool more = slice_cut(pattern, '*', &piece, &pattern);
	size_t end = piece_at(piece, url, at);

	if (end == NOT_THERE)
		return false;
	if (!more)
		return !to_end || end == url.n;
	return glob_anywhere(pattern, to_end, url, end);
}
