#include "rules/language/statement.h"

#define SUGGEST_LENGTH_MAX 48

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap of neighbours) between a and b, ASCII case ignored; both of bounded length. */
static unsigned distance(struct slice a, struct slice b)
{
	unsigned rows[3][SUGGEST_LENGTH_MAX + 1];

	for (unsigned j = 0; j <= b.n; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a.n; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

		row[0] = i;
		for (unsigned j = 1; j <= b.n; j++) {
			char x = ascii_lower(a.p[i - 1]), y = ascii_lower(b.p[j - 1]);

			row[j] = least(above[j - 1] + (x != y), least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && x == ascii_lower(b.p[j - 2]) && y == ascii_lower(a.p[i - 2]))
				row[j] = least(row[j], above2[j - 2] + 1);
		}
	}
	return rows[a.n % 3][b.n];
}

const char *suggest(struct slice word, const char *const *candidates, size_t n)
{
	unsigned best = word.n < 4 ? 2 : 3; /* two edits turn any short word into another */
	const char *found = NULL;

	if (word.n == 0 || word.n > SUGGEST_LENGTH_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct slice candidate = slice_str(candidates[i]);
		unsigned edits;

		if (candidate.n > SUGGEST_LENGTH_MAX)
			continue;
		edits = distance(word, candidate);
		if (edits < best && edits < word.n) {
			best = edits;
			found = candidates[i];
		}
	}
	return found;
}
