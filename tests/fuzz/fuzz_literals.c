/*
 * "LITERAL\nLITERAL\n\nTEXT", a literal that begins with '|' being a host: what is found must be what a naive search
 * finds, in the order of the beginnings.
 */
#include <stdint.h>

#include "tests/support/literals_naive.h"

#define LITERALS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct found {
	const struct slice *literals;
	size_t counts[LITERALS]; /* of each literal */
	size_t ends[LITERALS];	 /* of the last */
	size_t begin, n, limit;
};

static bool found(void *arg, size_t id, size_t end)
{
	struct found *x = arg;
	size_t begin = end - x->literals[id].n;

	CG_CHECK(begin >= x->begin && end > x->ends[id]);
	x->begin = begin;
	x->ends[id] = end;
	x->counts[id]++;
	return ++x->n < x->limit;
}

static size_t count(struct slice text, struct slice literal, enum literal_kind kind)
{
	size_t n = 0;

	for (size_t at = 0; at < text.n; at++)
		n += literal_naive(text, at, literal, kind);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size), line, literals[LITERALS];
	enum literal_kind kinds[LITERALS];
	struct found all = {.literals = literals, .limit = SIZE_MAX}, some = {.literals = literals, .limit = 3};
	size_t n = 0, sum = 0;
	struct literals *l;
	struct arena arena;

	arena_init(&arena, 0, 1 << 22);
	l = literals_new(&arena);
	CG_CHECK(l);
	while (slice_cut(text, '\n', &line, &text) && line.n) {
		enum literal_kind kind = line.p[0] == '|' ? LITERAL_HOST : LITERAL_TEXT;

		line = slice_from(line, kind == LITERAL_HOST);
		if (n == LITERALS || !literals_add(l, line, kind))
			continue;
		kinds[n] = kind;
		literals[n++] = line;
	}
	CG_CHECK(literals_finish(l) && literals_count(l) == n);
	CG_CHECK(literals_find(l, text, found, &all));
	for (size_t id = 0; id < n; sum += all.counts[id++])
		CG_CHECK(all.counts[id] == count(text, literals[id], kinds[id]));
	CG_CHECK(sum == all.n);
	CG_CHECK(literals_find(l, text, found, &some) == (sum < some.limit));
	arena_free(&arena);
	return 0;
}
