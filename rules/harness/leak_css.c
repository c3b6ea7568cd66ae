/* The styles of leak.h. What holds escapes is not read. */
#include "rules/harness/leak.h"

/* The length of the string at s, with its quotes; without an end it reaches to the line's (CSS Syntax 4.3.5). */
static size_t css_string(struct slice s)
{
	size_t i = 1;

	for (; i < s.n && s.p[i] != s.p[0] && s.p[i] != '\n' && s.p[i] != '\r' && s.p[i] != '\f'; i++)
		if (s.p[i] == '\\')
			i++;
	return i < s.n ? i + 1 : s.n;
}

static bool ends_well(struct slice string)
{
	return string.n > 1 && string.p[string.n - 1] == string.p[0];
}

static struct slice skip_css_blanks(struct slice s)
{
	while (s.n && leak_space(s.p[0]))
		s = slice_from(s, 1);
	return s;
}

/* What an url( without quotes holds; empty where a browser takes it for nothing (CSS Syntax 4.3.6). */
static struct slice css_bare_url(struct slice s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] != ')' && s.p[i] != '"' && s.p[i] != '\'' && s.p[i] != '(' && !leak_space(s.p[i]) &&
	       (unsigned char)s.p[i] > ' ' && s.p[i] != 0x7f)
		i++;
	s = skip_css_blanks(slice_from(s, i)).n == 0 || skip_css_blanks(slice_from(s, i)).p[0] == ')'
		    ? slice_head(s, i)
		    : slice_of(s.p, 0);
	return s;
}

/* The length of what is left of a function whose parenthesis is open at s, with its end. */
static size_t css_arguments(struct slice s)
{
	size_t i = 0, open = 1;

	while (i < s.n && open > 0) {
		char c = s.p[i];

		if (c == '(')
			open++;
		else if (c == ')')
			open--;
		i += c == '"' || c == '\'' ? css_string(slice_from(s, i)) : c == '\\' ? 2 : 1;
	}
	return i < s.n ? i : s.n;
}

/* url( at s: its address, or nothing; *n: octets to go on behind. */
static struct slice css_url(struct slice s, size_t *n)
{
	struct slice inside = skip_css_blanks(slice_from(s, 4)), string;

	*n = 4;
	if (!inside.n || (inside.p[0] != '"' && inside.p[0] != '\'')) {
		while (*n < s.n && s.p[*n] != ')')
			*n += s.p[*n] == '\\' ? 2 : 1;
		*n = *n < s.n ? *n : s.n;
		return css_bare_url(inside);
	}
	string = slice_head(inside, css_string(inside));
	*n = (size_t)(inside.p - s.p) + string.n;
	inside = skip_css_blanks(slice_from(s, *n));
	if (inside.n && inside.p[0] != ')') { /* what else is in it makes it none, up to its end */
		*n += css_arguments(slice_from(s, *n));
		return slice_of(string.p, 0);
	}
	return ends_well(string) ? slice_of(string.p + 1, string.n - 2) : slice_of(string.p, 0);
}

/* The string behind @import; empty if there is none. */
static struct slice css_import(struct slice s)
{
	struct slice string = skip_css_blanks(slice_from(s, 7));

	if (!string.n || (string.p[0] != '"' && string.p[0] != '\''))
		return slice_of(s.p, 0);
	string = slice_head(string, css_string(string));
	return ends_well(string) ? slice_of(string.p + 1, string.n - 2) : slice_of(s.p, 0);
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       (unsigned char)c >= 0x80 || c == '\\';
}

/* The length of the escape at s (CSS Syntax 4.3.7). */
static size_t css_escape(struct slice s)
{
	size_t i = 1;

	while (i < s.n && i < 7 && ascii_hex_value(s.p[i]) >= 0)
		i++;
	i += i == 1 || (i < s.n && leak_space(s.p[i]));
	return i < s.n ? i : s.n;
}

/* What is left of a name from an escape on, and what follows in parentheses: that may be an url( like any other. */
static size_t css_escaped_name(struct slice s)
{
	size_t i = 0;

	while (i < s.n && is_name_char(s.p[i]))
		i += s.p[i] == '\\' ? css_escape(slice_from(s, i)) : 1;
	return i < s.n && s.p[i] == '(' ? i + slice_find_char(slice_from(s, i), ')') : i;
}

/* Behind it "url(" would be part of another name, of a colour or a rule perhaps. */
static bool goes_on(char c)
{
	return is_name_char(c) || c == '#' || c == '@';
}

void leaks_css(struct leaks *l, const struct web_url *base, struct slice text, struct slice what)
{
	bool in_name = false;
	size_t n;

	for (; text.n > 4; in_name = n == 1 && goes_on(text.p[0]), text = slice_from(text, n)) {
		struct slice found = {0};

		n = 1;
		if (slice_starts_with(text, SLICE("/*"))) {
			n = slice_find(slice_from(text, 2), SLICE("*/")) + 2;
			n = n < text.n ? n : text.n;
		} else if (text.p[0] == '"' || text.p[0] == '\'') {
			n = css_string(text);
		} else if (text.p[0] == '\\') {
			n = css_escaped_name(text);
		} else if (!in_name && slice_istarts_with(text, SLICE("url("))) {
			found = css_url(text, &n);
		} else if (slice_istarts_with(text, SLICE("@import"))) {
			found = css_import(text);
		}
		if (found.n && slice_find_char(found, '\\') == found.n)
			leaks_url(l, base, found, FILTER_ANY, what);
	}
}
