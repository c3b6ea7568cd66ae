/*
 * Tokens of many inputs, for test_html5lib.py and test_chromium.py. Each line of standard input is a case: STATE NAME
 * HEX, where STATE is data, rcdata, rawtext, script, plaintext, cdata, or page (data, where tags have their effect on
 * what follows; scripting is off), NAME that of the last start tag or '-', HEX the octets of the input or '-'. For each
 * the lines of html_events.h are printed, decoded, then "same N" if the same tokens came of N ways to split the input
 * (each octet, and one octet at a time), or "different K" where the input split at K did not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/html_events.h"

static struct html_names all;

static void set_state(struct html_events *e, const char *state)
{
	static const char *const texts[] = {"data", "rcdata", "rawtext", "script", "plaintext"};

	e->options.isolated = strcmp(state, "page") != 0;
	e->in_cdata = strcmp(state, "cdata") == 0;
	for (size_t i = 0; i < CG_COUNT(texts); i++) {
		if (strcmp(state, texts[i]) == 0)
			e->text = (enum html_text)i;
	}
}

static struct slice from_hex(const char *hex, char *octets)
{
	size_t n = 0;

	for (; ascii_hex_value(hex[0]) >= 0 && ascii_hex_value(hex[1]) >= 0; hex += 2)
		octets[n++] = (char)(ascii_hex_value(hex[0]) << 4 | ascii_hex_value(hex[1]));
	return slice_of(octets, n);
}

static bool same(struct html_events *e, struct slice input, struct slice expected)
{
	struct buffer out;
	bool is;

	buffer_init(&out, 1 << 20);
	is = html_events(e, input, &out) && slice_eq(buffer_slice(&out), expected);
	buffer_free(&out);
	return is;
}

static void run(struct html_events *e, struct slice input)
{
	struct buffer out;
	size_t cut = 1;

	buffer_init(&out, 1 << 20);
	if (!html_events(e, input, &out))
		puts("wrong octets");
	fwrite(out.p ? out.p : "", 1, out.n, stdout);
	while (cut < input.n) {
		e->cut = cut;
		if (!same(e, input, buffer_slice(&out)))
			break;
		cut++;
	}
	e->cut = 0;
	e->step = 1;
	if (cut < input.n || !same(e, input, buffer_slice(&out)))
		printf("different %zu\n", cut);
	else
		printf("same %zu\n", cut);
	buffer_free(&out);
}

int main(void)
{
	static char line[1 << 17], octets[1 << 16];

	html_names_init(&all);
	html_names_want_all(&all, HTML_WANT_START | HTML_WANT_END);
	while (fgets(line, sizeof line, stdin)) {
		char *state = line, *name = strchr(line, ' '), *hex = name ? strchr(name + 1, ' ') : NULL;
		struct html_events e = {.options = {.names = &all, .wanted = HTML_WANT_ALL}, .decode = true};

		if (!hex)
			return 2;
		*name++ = '\0';
		*hex++ = '\0';
		set_state(&e, state);
		if (strcmp(name, "-") != 0)
			e.name = slice_str(name);
		run(&e, from_hex(hex, octets));
	}
	return 0;
}
