/*
 * What selectors match, for test_selectors_chromium.py. Each line of standard input is a case: two words in
 * hexadecimal, the selectors, one a line, and a page. For each the lines of selector_run.h are printed, then "done".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/selector_run.h"

static struct slice from_hex(const char *hex, char *octets)
{
	size_t n = 0;

	for (; ascii_hex_value(hex[0]) >= 0 && ascii_hex_value(hex[1]) >= 0; hex += 2)
		octets[n++] = (char)(ascii_hex_value(hex[0]) << 4 | ascii_hex_value(hex[1]));
	return slice_of(octets, n);
}

static struct selectors *compile(struct arena *arena, struct slice lines)
{
	struct selectors *s = selectors_new(arena);
	struct selector_error error;
	struct slice line;

	CG_CHECK(s);
	while (lines.n) {
		slice_cut(lines, '\n', &line, &lines);
		if (!selectors_add(s, line, &error)) {
			fprintf(stderr, "%.*s: %s\n", SLICE_ARG(line), error.message);
			exit(2);
		}
	}
	CG_CHECK(selectors_finish(s));
	return s;
}

int main(void)
{
	static char line[1 << 17], selectors[1 << 16], page[1 << 16];

	while (fgets(line, sizeof line, stdin)) {
		char *second = strchr(line, ' ');
		struct selector_run r = {0};
		struct arena arena;
		struct buffer out;

		if (!second)
			return 2;
		arena_init(&arena, 0, 1 << 24);
		buffer_init(&out, 1 << 20);
		r.set = compile(&arena, from_hex(line, selectors));
		CG_CHECK(selector_run(&r, from_hex(second + 1, page), &out));
		fwrite(out.p ? out.p : "", 1, out.n, stdout);
		puts("done");
		buffer_free(&out);
		arena_free(&arena);
	}
	return 0;
}
