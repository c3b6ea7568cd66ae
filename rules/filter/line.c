#include "rules/filter/internal.h"

#include "rules/http/host.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct slice trim(struct slice s)
{
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	while (s.n && is_blank(s.p[0]))
		s = slice_from(s, 1);
	return s;
}

static void unsupported(struct filter_line *out, const char *problem)
{
	out->kind = LINE_UNSUPPORTED;
	out->problem = problem;
}

/* "[Adblock Plus 2.0]"; "#" alone or before a blank is a comment in hosts files. */
static bool is_comment(struct slice s)
{
	if (s.n == 0 || s.p[0] == '!')
		return true;
	if (s.p[0] == '[')
		return s.p[s.n - 1] == ']';
	return s.p[0] == '#' && (s.n == 1 || is_blank(s.p[1]));
}

/* "DOMAINS##SELECTOR", with marks between the two '#': "@", "?", "$", "%" in some combination. */
static bool hides_elements(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		size_t j = i + 1;

		if (memchr("/|@\"!", s.p[i], 5))
			return false;
		if (s.p[i] != '#')
			continue;
		while (j < s.n && j < i + 4 && memchr("@?$%", s.p[j], 4))
			j++;
		if (j < s.n && s.p[j] == '#')
			return true;
	}
	return false;
}

/* "localhost" and such are no host of the network. */
static void take_name(struct slice name, struct filter_line *out)
{
	struct slice host;
	uint16_t port;

	out->pattern = name;
	out->types = FILTER_ANY;
	out->flags = RULE_HOST;
	if (slice_find_char(name, '.') == name.n || slice_eq(name, SLICE("0.0.0.0")))
		out->kind = LINE_COMMENT;
	else if (!authority_split(name, &host, &port) || host.n != name.n)
		unsupported(out, "this is no line of a hosts file with one name");
	else
		out->kind = LINE_HOSTS;
}

/* The line of a hosts file. */
static bool take_hosts(struct slice s, struct filter_line *out)
{
	static const struct slice nowhere[] = {SLICE_INIT("0.0.0.0"), SLICE_INIT("127.0.0.1"), SLICE_INIT("::1"),
					       SLICE_INIT("::")};
	size_t end = 0;

	while (end < s.n && !is_blank(s.p[end]))
		end++;
	for (size_t i = 0; i < CG_COUNT(nowhere); i++) {
		if (end == s.n || !slice_eq(slice_head(s, end), nowhere[i]))
			continue;
		take_name(trim(slice_from(slice_head(s, slice_find_char(s, '#')), end)), out);
		return true;
	}
	return false;
}

static bool is_word(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '_' || c == '-';
}

/* ~?NAME(=VALUE)?(,...)* to the very end. */
static bool looks_like_options(struct slice s)
{
	do {
		struct slice option;
		size_t n = 0;

		slice_cut(s, ',', &option, &s);
		if (option.n && option.p[0] == '~')
			option = slice_from(option, 1);
		while (n < option.n && is_word(option.p[n]))
			n++;
		if (n == 0 || (n < option.n && option.p[n] != '='))
			return false;
	} while (s.p);
	return true;
}

/* Offset of the '$' that options stand behind, or s.n: the first that only options follow. */
static size_t find_options(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '$' && looks_like_options(slice_from(s, i + 1)))
			return i;
	return s.n;
}

/* Everything that a pattern says but its text: anchors, stars, regular expressions. */
static void parse_pattern(struct slice s, struct filter_line *out)
{
	bool leading = false, trailing = false;

	if (s.n > 2 && s.p[0] == '/' && s.p[s.n - 1] == '/') {
		out->flags |= RULE_REGEX;
		out->pattern = slice_of(s.p + 1, s.n - 2);
		return;
	}
	if (slice_starts_with(s, SLICE("||"))) {
		out->flags |= RULE_HOST;
		s = slice_from(s, 2);
	} else if (s.n && s.p[0] == '|') {
		out->flags |= RULE_START;
		s = slice_from(s, 1);
	}
	if (s.n && s.p[s.n - 1] == '|') {
		out->flags |= RULE_END;
		s.n--;
	}
	for (; s.n && s.p[s.n - 1] == '*'; s.n--)
		trailing = true;
	/* Behind "||" a star still says: not in the scheme. */
	for (; s.n && s.p[0] == '*' && !(out->flags & RULE_HOST); s = slice_from(s, 1))
		leading = true;
	if (trailing)
		out->flags &= ~(unsigned)RULE_END;
	if (leading)
		out->flags &= ~(unsigned)RULE_START;
	if (slice_find_char(s, '*') < s.n)
		out->flags |= RULE_STAR;
	out->pattern = s;
}

/* Blanks and controls belong to no URL; names beyond ASCII are matched as A-labels and percent-encoded. */
static const char *bad_octets(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((uint8_t)s.p[i] <= ' ' || s.p[i] == 0x7F)
			return "blanks and control characters stand in no URL";
		if ((uint8_t)s.p[i] >= 0x80)
			return "characters beyond ASCII stand in no URL: write \"xn--\" labels, and percent-escapes";
	}
	return NULL;
}

static void parse_rule(struct slice s, struct filter_line *out)
{
	const char *problem = bad_octets(s);
	size_t options;

	out->kind = LINE_RULE;
	if (problem) {
		unsupported(out, problem);
		return;
	}
	if (slice_starts_with(s, SLICE("@@"))) {
		out->flags |= RULE_EXCEPTION;
		s = slice_from(s, 2);
	}
	options = find_options(s);
	out->types = FILTER_ANY;
	if ((options < s.n && !filter_options_parse(slice_from(s, options + 1), out)) || out->kind == LINE_ELEMENT)
		return;
	parse_pattern(slice_head(s, options), out);
	if (out->pattern.n == 0 && options == s.n)
		unsupported(out, "this matches everything; name a host or a part of a URL");
	else if ((out->flags & (RULE_EXCEPTION | RULE_IMPORTANT)) == (RULE_EXCEPTION | RULE_IMPORTANT))
		unsupported(out, "an exception cannot be important");
}

void filter_line_parse(struct slice line, struct filter_line *out)
{
	*out = (struct filter_line){.kind = LINE_COMMENT};
	if (line.n > FILTER_LINE_MAX) {
		unsupported(out, "the line is too long");
		return;
	}
	line = out->source = trim(line);
	if (slice_starts_with(line, SLICE("!#include")))
		unsupported(out, "lists are not included from lists; name the other one in the rules");
	else if (is_comment(line))
		return;
	else if (hides_elements(line))
		out->kind = LINE_ELEMENT;
	else if (!take_hosts(line, out))
		parse_rule(line, out);
}
