/*
 * Cookie fields: the first octet chooses the judgement, the rest is the fields, one a line. What is kept must come out
 * byte for byte and in order, and be understood again as the same cookies.
 */
#include <stdint.h>
#include <stdlib.h>

#include "rules/http/cookie.h"

#define ARENA_CAP (1 << 24)
#define MANY	  4096 /* cookies compared; the rest is only edited */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_fields(struct fields *f, struct slice input)
{
	struct slice line;

	CG_CHECK(fields_add(f, SLICE("X-Before"), SLICE("a=1; b=2")));
	while (slice_cut(input, '\n', &line, &input), true) {
		CG_CHECK(fields_add(f, SLICE("cookie"), line));
		if (!input.p)
			break;
	}
	CG_CHECK(fields_add(f, SLICE("X-After"), SLICE("a=1; b=2")));
}

static const struct slice replaced = SLICE_INIT("r = {\"a\", |~:}");

/* The same judgement for the same text, so that it can be foretold. */
static enum cookie_edit judgement(uint8_t choice, const struct cookie *c)
{
	uint64_t h = slice_hash(c->raw);

	if (choice == 0)
		return COOKIE_KEEP;
	if (choice & 1 && h % 5 == 0)
		return COOKIE_REPLACE;
	return h % (choice / 2 + 2u) == 0 ? COOKIE_DROP : COOKIE_KEEP;
}

static enum cookie_edit judge(void *arg, const struct cookie *c, struct slice *replacement)
{
	*replacement = replaced;
	return judgement(*(const uint8_t *)arg, c);
}

/* The pairs that must come out, in order. */
static size_t foretell(const struct fields *f, uint8_t choice, struct slice *pairs, bool *changes)
{
	struct cookie_walk w = {.fields = f};
	struct cookie c;
	size_t n = 0;

	*changes = false;
	while (cookie_walk_next(&w, &c)) {
		enum cookie_edit word = judgement(choice, &c);

		*changes |= word != COOKIE_KEEP;
		CG_CHECK(c.raw.n > 0 && slice_eq(c.raw, slice_trim(c.raw)));
		CG_CHECK(slice_find_char(c.raw, ';') == c.raw.n);
		CG_CHECK(slice_find_char(c.name, '=') == c.name.n);
		if (word != COOKIE_DROP && n < MANY)
			pairs[n++] = word == COOKIE_KEEP ? c.raw : replaced;
	}
	return n;
}

static void compare(const struct fields *f, const struct slice *pairs, size_t n)
{
	struct cookie_walk w = {.fields = f};
	struct cookie c;
	size_t i;

	for (i = 0; i < MANY && cookie_walk_next(&w, &c); i++)
		CG_CHECK(i < n && slice_eq(c.raw, pairs[i]));
	CG_CHECK(i == n);
}

static void unchanged(const struct fields *f, const struct fields *before)
{
	CG_CHECK(f->n == before->n);
	for (size_t i = 0; i < f->n; i++)
		CG_CHECK(f->v[i].value.p == before->v[i].value.p && f->v[i].value.n == before->v[i].value.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct slice pairs[MANY];
	uint8_t choice = size ? data[0] : 0;
	struct fields f, before;
	struct arena arena;
	bool changes;
	size_t n, used;

	arena_init(&arena, 0, ARENA_CAP);
	fields_init(&f, &arena);
	fields_init(&before, &arena);
	add_fields(&f, slice_from(slice_of((const char *)data, size), 1));
	add_fields(&before, slice_from(slice_of((const char *)data, size), 1));
	n = foretell(&f, choice, pairs, &changes);
	used = arena.used;
	CG_CHECK(cookies_edit(&f, judge, &choice));
	if (!changes) {
		unchanged(&f, &before);
		CG_CHECK(arena.used == used);
	}
	compare(&f, pairs, n);
	CG_CHECK(fields_count(&f, FIELD_OTHER) == 2);
	CG_CHECK(cookies_append(&f, SLICE("last"), SLICE("1")));
	if (n < MANY) {
		pairs[n++] = SLICE("last=1");
		compare(&f, pairs, n);
	}
	arena_free(&arena);
	return 0;
}
