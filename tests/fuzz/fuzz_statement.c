/*
 * Any octets as a source. What parses without an error must format, the result must parse to the same words and blocks,
 * and formatting it again must change nothing.
 */
#include <stdint.h>
#include <stdlib.h>

#include "rules/language/statement.h"

#define INPUT_MAX (64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct source *parse(struct slice text, struct arena *arena, bool *good)
{
	struct diagnostics d;
	struct buffer shown;
	struct source *src;

	diagnostics_init(&d);
	src = source_parse(SLICE("fuzz.rules"), text, arena, &d);
	*good = src && diagnostics_ok(&d);
	buffer_init(&shown, 1024 * 1024);
	(void)diagnostics_render(&d, true, &shown);
	buffer_free(&shown);
	diagnostics_free(&d);
	return src;
}

static void compare(const struct statement *a, const struct statement *b)
{
	for (; a && b; a = a->next, b = b->next) {
		CG_CHECK(a->n_words == b->n_words && a->has_block == b->has_block);
		CG_CHECK(slice_eq(a->comment, b->comment));
		for (size_t i = 0; i < a->n_words; i++) {
			CG_CHECK(a->words[i].kind == b->words[i].kind);
			CG_CHECK(slice_eq(a->words[i].raw, b->words[i].raw));
			CG_CHECK(slice_eq(a->words[i].text, b->words[i].text));
			CG_CHECK(slice_eq(a->words[i].flags, b->words[i].flags));
		}
		compare(a->children, b->children);
	}
	CG_CHECK(!a && !b);
}

static void check_format(const struct source *src, struct arena *arena)
{
	struct buffer once, twice;
	struct source *again;
	bool good;

	buffer_init(&once, 16 * 1024 * 1024);
	buffer_init(&twice, 16 * 1024 * 1024);
	if (source_format(src, &once)) {
		again = parse(buffer_slice(&once), arena, &good);
		CG_CHECK(good);
		compare(src->first, again->first);
		CG_CHECK(source_format(again, &twice));
		CG_CHECK(slice_eq(buffer_slice(&once), buffer_slice(&twice)));
	}
	buffer_free(&once);
	buffer_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct source *src;
	bool good;

	if (size > INPUT_MAX)
		return 0;
	arena_init(&arena, 0, 64 * 1024 * 1024);
	src = parse(slice_of((const char *)data, size), &arena, &good);
	if (good)
		check_format(src, &arena);
	arena_free(&arena);
	return 0;
}
