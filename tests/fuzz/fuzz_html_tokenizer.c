/*
 * The HTML tokenizer: the raw octets of its tokens are the input, and the tokens are the same however the input is
 * split and, for what is wanted, whatever else is wanted. The first octets choose options; the rest is the page.
 */
#include <stdint.h>
#include <stdlib.h>

#include "tests/support/html_events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(struct html_events *e, struct slice page, struct slice expected)
{
	struct buffer out;

	buffer_init(&out, 64 << 20);
	CG_CHECK(html_events(e, page, &out));
	CG_CHECK(slice_eq(buffer_slice(&out), expected));
	buffer_free(&out);
}

/* The lines that begin so, of all lines. */
static void lines_of(struct slice all, struct slice begin, struct buffer *out)
{
	struct slice line;

	while (all.n) {
		slice_cut(all, '\n', &line, &all);
		if (slice_starts_with(line, begin) && (line.n == begin.n || line.p[begin.n] == ' '))
			buffer_printf(out, "%.*s\n", SLICE_ARG(line));
	}
}

static void check_wanted_alone(struct html_events *e, struct slice page, struct slice begin, unsigned wanted,
			       struct slice expected)
{
	struct html_options options = e->options;
	struct html_names names;
	struct buffer out, mine, theirs;

	buffer_init(&out, 64 << 20);
	buffer_init(&mine, 64 << 20);
	buffer_init(&theirs, 64 << 20);
	html_names_init(&names);
	CG_CHECK(html_names_add(&names, SLICE("img"), HTML_WANT_START));
	CG_CHECK(html_names_add(&names, SLICE("script"), HTML_WANT_START | HTML_WANT_END));
	e->options.names = &names;
	e->options.wanted = wanted;
	CG_CHECK(html_events(e, page, &out));
	lines_of(buffer_slice(&out), begin, &mine);
	lines_of(expected, begin, &theirs);
	CG_CHECK(slice_eq(buffer_slice(&mine), buffer_slice(&theirs)));
	e->options = options;
	buffer_free(&out);
	buffer_free(&mine);
	buffer_free(&theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct html_names names;
	struct html_events e = {.options = {.names = &names, .max_tag = HTML_TAG_MIN}};
	struct slice page, expected;
	struct buffer out;

	if (size < 3 || size > 20000)
		return 0;
	page = slice_of((const char *)data + 3, size - 3);
	html_names_init(&names);
	if (data[0] & 16)
		html_names_want_carriers(&names);
	if (data[0] & 1)
		html_names_want_all(&names, HTML_WANT_START | HTML_WANT_END);
	CG_CHECK(html_names_add(&names, SLICE("img"), HTML_WANT_START));
	CG_CHECK(html_names_add(&names, SLICE("script"), HTML_WANT_START | HTML_WANT_END));
	e.options.wanted = data[1] * 17u;
	e.options.scripting = data[0] & 2;
	e.options.isolated = data[0] & 4;
	e.options.xml = data[0] & 32;
	e.options.max_attributes = data[0] & 8 ? 3 : 0;
	buffer_init(&out, 64 << 20);
	CG_CHECK(html_events(&e, page, &out));
	expected = buffer_slice(&out);
	e.step = 1;
	check_same(&e, page, expected);
	e.step = data[2] % 64u + 2;
	check_same(&e, page, expected);
	e.cut = data[2];
	e.step = 0;
	check_same(&e, page, expected);
	check_wanted_alone(&e, page, SLICE("start img"), 0, expected);
	check_wanted_alone(&e, page, SLICE("start script"), HTML_WANT_COMMENT, expected);
	check_wanted_alone(&e, page, SLICE("end script"), HTML_WANT_TEXT(HTML_DATA), expected);
	check_wanted_alone(&e, page, SLICE("oversized img"), 0, expected);
	buffer_free(&out);
	return 0;
}
