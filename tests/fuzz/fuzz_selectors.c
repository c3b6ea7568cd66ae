/*
 * Selectors: arbitrary text is refused with a place within it, or taken; over any page the ids ascend, are the same
 * however the page is split and whatever other tags are shown, and each selector says the same alone as among others.
 * Input: an octet, selectors, one a line, an empty line, the page.
 */
#include <stdint.h>
#include <stdlib.h>

#include "tests/support/selector_run.h"

#define LINES 24

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Adds a copy that ends where memory does. True if it was taken. */
static bool add(struct selectors *s, struct slice text)
{
	struct selector_error error;
	size_t count = selectors_count(s);
	char *copy = malloc(text.n ? text.n : 1);
	bool taken;

	CG_CHECK(copy);
	memcpy(copy, text.n ? text.p : "", text.n);
	taken = selectors_add(s, slice_of(copy, text.n), &error);
	free(copy);
	CG_CHECK(selectors_count(s) == count + taken);
	CG_CHECK(taken || (error.message[0] && error.offset <= text.n));
	return taken;
}

static void run(struct selector_run r, struct slice page, struct buffer *out)
{
	buffer_clear(out);
	CG_CHECK(selector_run(&r, page, out));
}

static void check_same(const struct selector_run *like, size_t step, size_t cut, bool every, struct slice page,
		       struct slice expected)
{
	struct selector_run r = *like;
	struct buffer out;

	buffer_init(&out, 64 << 20);
	r.step = step;
	r.cut = cut < page.n ? cut : 0;
	r.every = every;
	run(r, page, &out);
	CG_CHECK(slice_eq(buffer_slice(&out), expected));
	buffer_free(&out);
}

static bool has_id(struct slice line, size_t id)
{
	struct slice word;
	uint64_t value;

	slice_cut(line, ' ', &word, &line);
	while (line.n) {
		slice_cut(line, ' ', &word, &line);
		if (slice_to_u64(word, SELECTORS_MAX, &value) && value == id)
			return true;
	}
	return false;
}

/* How many tags does the selector of that id match? */
static size_t count_id(struct slice lines, size_t id)
{
	struct slice line;
	size_t n = 0;

	while (lines.n) {
		slice_cut(lines, '\n', &line, &lines);
		n += has_id(line, id);
	}
	return n;
}

/* "* > *" makes both sets see all tags. */
static void check_alone(const struct selector_run *like, struct slice selector, size_t id, struct slice page,
			struct slice all)
{
	struct selector_run r = *like;
	struct arena arena;
	struct buffer out;

	arena_init(&arena, 0, 64 << 20);
	buffer_init(&out, 64 << 20);
	r.set = selectors_new(&arena);
	CG_CHECK(r.set && add(r.set, selector) && add(r.set, SLICE("*>*")) && selectors_finish(r.set));
	run(r, page, &out);
	CG_CHECK(count_id(buffer_slice(&out), 0) == count_id(all, id));
	buffer_free(&out);
	arena_free(&arena);
}

static size_t add_all(struct selectors *s, struct slice text, struct slice taken[LINES])
{
	struct slice line;
	size_t n = 0;

	while (text.n && n < LINES) {
		slice_cut(text, '\n', &line, &text);
		if (add(s, line))
			taken[n++] = line;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text, page, lines[LINES];
	struct selector_run r = {.max_tag = HTML_TAG_MIN, .unlabelled = true};
	struct arena arena;
	struct buffer out;
	size_t n, at;

	if (size < 2 || size > 10000)
		return 0;
	text = slice_of((const char *)data + 1, size - 1);
	at = slice_find(text, SLICE("\n\n"));
	page = slice_from(text, at + 2);
	arena_init(&arena, 0, 64 << 20);
	buffer_init(&out, 64 << 20);
	r.set = selectors_new(&arena);
	CG_CHECK(r.set);
	n = add_all(r.set, slice_head(text, at), lines);
	if (data[0] & 1)
		CG_CHECK(add(r.set, SLICE("*>*")));
	CG_CHECK(selectors_finish(r.set));
	r.scratch = data[0] & 2 ? 16 : 0;
	run(r, page, &out);
	check_same(&r, 1, 0, false, page, buffer_slice(&out));
	check_same(&r, data[0] / 4u + 2, 0, true, page, buffer_slice(&out));
	check_same(&r, 0, data[0], false, page, buffer_slice(&out));
	for (size_t i = 0; i < n && (data[0] & 3) == 1; i++)
		check_alone(&r, lines[i], i, page, buffer_slice(&out));
	buffer_free(&out);
	arena_free(&arena);
	return 0;
}
