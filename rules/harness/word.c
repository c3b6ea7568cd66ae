/* Words, strings and regular expressions within a line of a test file. */
#include <stdarg.h>
#include <stdio.h>

#include "rules/harness/parse.h"

struct position parse_position(const struct parser *p, struct slice where)
{
	return line_position(p->file->path, p->line, where);
}

void parse_error(struct parser *p, struct slice where, const char *hint, const char *fmt, ...)
{
	struct position at = parse_position(p, where);
	char text[400];
	va_list ap;

	if (p->repeat && !p->line->varied)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	diagnostics_add(p->d, SEVERITY_ERROR, &at, hint, "%s", text);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice skip_blanks(struct slice s)
{
	size_t i = 0;

	while (i < s.n && is_blank(s.p[i]))
		i++;
	return slice_from(s, i);
}

struct slice peek_word(struct slice rest)
{
	size_t n = 0;

	rest = skip_blanks(rest);
	while (n < rest.n && !is_blank(rest.p[n]))
		n++;
	return slice_head(rest, n);
}

bool next_word(struct slice *rest, struct slice *word)
{
	*rest = skip_blanks(*rest);
	*word = peek_word(*rest);
	*rest = skip_blanks(slice_from(*rest, word->n));
	return word->n > 0;
}

bool expect_end(struct parser *p, struct slice rest)
{
	rest = slice_trim(rest);
	if (rest.n == 0)
		return true;
	parse_error(p, rest, rest.p[0] == '#' ? "put the comment on a line of its own" : NULL,
		    "\"%.*s\" is too much here", SLICE_ARG(slice_head(rest, 60)));
	return false;
}

/* The octet of an escape at s, which begins behind the backslash; *used of s were read. -1 if there is none such. */
static int escape_value(struct slice s, size_t *used)
{
	static const char from[] = "\"\\nt", to[] = "\"\\\n\t";
	const char *at;
	int high, low;

	*used = 1;
	if (s.n == 0)
		return -1;
	at = s.p[0] ? strchr(from, s.p[0]) : NULL;
	if (at)
		return to[at - from];
	if (s.p[0] != 'x' || s.n < 3)
		return -1;
	*used = 3;
	high = ascii_hex_value(s.p[1]);
	low = ascii_hex_value(s.p[2]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool next_string(struct parser *p, struct slice *rest, struct slice *text)
{
	struct slice s = skip_blanks(*rest);
	size_t i = 1, n = 0, used;
	char *out;
	int c;

	if (s.n == 0 || s.p[0] != '"') {
		parse_error(p, s.n ? peek_word(s) : slice_of(NULL, 0), "put the text between quotes: \"text\"",
			    "a quoted text is missing");
		return false;
	}
	out = arena_alloc(p->arena, s.n);
	if (!out)
		return false;
	while (i < s.n && s.p[i] != '"') {
		if (s.p[i] != '\\') {
			out[n++] = s.p[i++];
			continue;
		}
		c = escape_value(slice_from(s, i + 1), &used);
		if (c < 0) {
			parse_error(p, slice_of(s.p + i, 1), "write \\\" \\\\ \\n \\t or \\xHH", "unknown escape");
			return false;
		}
		out[n++] = (char)c;
		i += 1 + used;
	}
	if (i >= s.n) {
		parse_error(p, s, "close it with \"", "the quoted text does not end");
		return false;
	}
	*text = slice_of(out, n);
	*rest = skip_blanks(slice_from(s, i + 1));
	return true;
}

/* Length of "/pattern/" at s, or 0: the closing slash is the first that no backslash precedes. */
static size_t regex_length(struct slice s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '/')
			return i + 1;
	}
	return 0;
}

bool next_regex(struct parser *p, struct slice *rest, struct expectation *e)
{
	struct slice s = skip_blanks(*rest), flags;
	struct pattern_error error = {0};
	size_t n;

	n = s.n && s.p[0] == '/' ? regex_length(s) : 0;
	if (!n) {
		parse_error(p, s.n ? s : slice_of(NULL, 0), "write it as /pattern/ or /pattern/i",
			    "a regular expression is missing");
		return false;
	}
	flags = peek_word(slice_from(s, n));
	e->pattern = pattern_compile(slice_of(s.p + 1, n - 2), flags, &error);
	if (!e->pattern) {
		parse_error(p, slice_from(slice_head(s, n), error.offset < n - 2 ? error.offset + 1 : 1), NULL,
			    "the regular expression is wrong: %s", error.message);
		return false;
	}
	*rest = skip_blanks(slice_from(s, n + flags.n));
	return true;
}

static bool add_purpose(struct parser *p, struct slice word, struct named ***end)
{
	struct named *x = arena_calloc(p->arena, 1, sizeof *x);

	if (!x)
		return false;
	x->name = word;
	x->at = parse_position(p, word);
	**end = x;
	*end = &x->next;
	return true;
}

bool next_purposes(struct parser *p, struct slice *rest, struct purpose_list *out)
{
	struct named **end = &out->first;
	struct slice word = peek_word(*rest);
	bool none = slice_eq(word, SLICE("none"));

	*out = (struct purpose_list){.mask = PURPOSE_NECESSARY, .all = slice_eq(word, SLICE("all"))};
	if (word.n == 0) {
		parse_error(p, slice_of(NULL, 0), "name purposes, or write all or none", "a purpose is missing");
		return false;
	}
	if (none || out->all) {
		(void)next_word(rest, &word);
		return true;
	}
	for (; word.n && !slice_eq(word, SLICE("at")); word = peek_word(*rest)) {
		(void)next_word(rest, &word);
		if (!add_purpose(p, word, &end))
			return false;
	}
	return true;
}
