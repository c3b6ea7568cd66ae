/*
 * Reads lines "HEX(input) [HEX(base)]" and prints what web_url_parse() makes of each: the normalised text, "!" if it
 * is invalid, or the scheme with ':' if it is not of the network. For the comparison with other URL parsers.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rules/http/web_url.h"

#define LINE_MAX_OCTETS (1 << 16)

static struct slice unhex(struct slice s)
{
	char *p = (char *)(uintptr_t)s.p; /* in place: the line is ours */
	size_t n = 0;

	for (size_t i = 0; i + 1 < s.n; i += 2)
		p[n++] = (char)(ascii_hex_value(s.p[i]) << 4 | ascii_hex_value(s.p[i + 1]));
	return slice_of(p, n);
}

static void answer(struct slice line)
{
	struct slice input, base_text;
	struct web_url base, url;
	struct arena arena;
	bool has_base = slice_cut(line, ' ', &input, &base_text);

	arena_init(&arena, 0, 1 << 20);
	if (!web_url_parse(unhex(base_text), NULL, &arena, &base) ||
	    !web_url_parse(unhex(input), has_base ? &base : NULL, &arena, &url))
		exit(1);
	if (url.kind == WEB_URL_NETWORK)
		printf("%.*s\n", SLICE_ARG(url.text));
	else if (url.kind == WEB_URL_OTHER)
		printf("%.*s:\n", SLICE_ARG(url.scheme));
	else
		puts("!");
	arena_free(&arena);
}

int main(void)
{
	static char line[LINE_MAX_OCTETS];

	while (fgets(line, sizeof line, stdin)) {
		size_t n = strlen(line);

		if (n && line[n - 1] == '\n')
			n--;
		answer(slice_of(line, n));
	}
	return 0;
}
