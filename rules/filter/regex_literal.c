#include "rules/filter/internal.h"

static bool is_quantifier(char c)
{
	return c == '?' || c == '*' || c == '+' || c == '{';
}

/* Octets of a bracket class at the front of s, to its ']'. */
static size_t class_length(struct slice s)
{
	size_t i = 1;

	if (i < s.n && s.p[i] == '^')
		i++;
	if (i < s.n && s.p[i] == ']')
		i++; /* first in the class, it stands for itself */
	for (; i < s.n && s.p[i] != ']'; i++)
		i += s.p[i] == '\\';
	return i < s.n ? i + 1 : s.n;
}

/* Octets of the group at the front of s, to its ')'. */
static size_t group_length(struct slice s)
{
	size_t depth = 0, i = 0;

	while (i < s.n) {
		char c = s.p[i];

		if (c == '[') {
			i += class_length(slice_from(s, i));
			continue;
		}
		i += c == '\\' ? 2 : 1;
		depth += c == '(';
		if (c == ')' && --depth == 0)
			break;
	}
	return i < s.n ? i : s.n;
}

/* Octets of the item at the front of s; *literal: its octet if it stands for itself, else NUL. */
static size_t item_length(struct slice s, char *literal)
{
	*literal = '\0';
	switch (s.p[0]) {
	case '[':
		return class_length(s);
	case '(':
		return group_length(s);
	case '\\':
		if (s.n > 1 && !ascii_is_alpha(s.p[1]))
			*literal = s.p[1];
		return s.n > 1 ? 2 : 1;
	case '{': /* a quantifier, to its end */
		return slice_find_char(s, '}') < s.n ? slice_find_char(s, '}') + 1 : s.n;
	case '.':
	case '^':
	case '$':
	case '?':
	case '*':
	case '+':
		return 1;
	default:
		*literal = s.p[0];
		return 1;
	}
}

/* "{3}", "{3,}", "{3,5}", "{,5}": nothing else in braces is understood here. */
static bool is_count(struct slice s)
{
	for (size_t i = 1; i < s.n; i++)
		if (!ascii_is_digit(s.p[i]) && s.p[i] != ',')
			return s.p[i] == '}';
	return false;
}

/* What is behind a backslash or "(" is something whose length is known here. */
static bool is_known(char c, struct slice next)
{
	if (c == '\\')
		return !ascii_is_digit(next.p[0]) && (!ascii_is_alpha(next.p[0]) || memchr("dwsDWSbB", next.p[0], 8));
	if (c == '(' && next.p[0] == '?')
		return next.n > 1 && memchr(":=!", next.p[1], 3);
	return c != '(' || next.p[0] != '*';
}

bool regex_is_plain(struct slice s)
{
	for (size_t i = 0; i + 1 < s.n; i++) {
		if (!is_known(s.p[i], slice_from(s, i + 1)))
			return false;
		i += s.p[i] == '\\';
	}
	while (s.n) {
		char literal;
		size_t n = item_length(s, &literal);

		if (s.p[0] == '|' || (s.p[0] == '{' && !is_count(s)))
			return false;
		if (s.p[0] == '[' && slice_find_char(slice_of(s.p + 1, n - 1), '[') < n - 1)
			return false; /* perhaps [:alpha:] */
		s = slice_from(s, n);
	}
	return true;
}

bool regex_literal(struct slice *text, char part[REGEX_PART_MAX], size_t *n)
{
	struct slice s = *text;

	*n = 0;
	while (s.n) {
		char literal;
		size_t length = item_length(s, &literal);
		bool loose = length < s.n && is_quantifier(s.p[length]);

		s = slice_from(s, length);
		if (literal && !loose && *n < REGEX_PART_MAX)
			part[(*n)++] = literal;
		else if (*n)
			break;
	}
	*text = s;
	return *n > 0;
}
