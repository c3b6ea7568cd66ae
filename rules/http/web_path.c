#include "rules/http/web_path.h"

#include "rules/base/attributes.h"
#include "rules/base/utf8.h"

enum { IN_PATH = 1, IN_QUERY = 2 };

/*
 * What needs no encoding: everything printable but the path percent-encode set (space " # < > ? ^ ` { }) and the
 * separators, or the special-query percent-encode set (space " # ' < >). WHATWG URL 1.3.
 */
static const uint8_t plain[128] = {
	['!'] = 3, ['$'] = 3, ['%'] = 3, ['&'] = 3, ['('] = 3, [')'] = 3, ['*'] = 3, ['+'] = 3, [','] = 3,  ['-'] = 3,
	['.'] = 3, ['/'] = 3, ['0'] = 3, ['1'] = 3, ['2'] = 3, ['3'] = 3, ['4'] = 3, ['5'] = 3, ['6'] = 3,  ['7'] = 3,
	['8'] = 3, ['9'] = 3, [':'] = 3, [';'] = 3, ['='] = 3, ['@'] = 3, ['A'] = 3, ['B'] = 3, ['C'] = 3,  ['D'] = 3,
	['E'] = 3, ['F'] = 3, ['G'] = 3, ['H'] = 3, ['I'] = 3, ['J'] = 3, ['K'] = 3, ['L'] = 3, ['M'] = 3,  ['N'] = 3,
	['O'] = 3, ['P'] = 3, ['Q'] = 3, ['R'] = 3, ['S'] = 3, ['T'] = 3, ['U'] = 3, ['V'] = 3, ['W'] = 3,  ['X'] = 3,
	['Y'] = 3, ['Z'] = 3, ['['] = 3, [']'] = 3, ['_'] = 3, ['a'] = 3, ['b'] = 3, ['c'] = 3, ['d'] = 3,  ['e'] = 3,
	['f'] = 3, ['g'] = 3, ['h'] = 3, ['i'] = 3, ['j'] = 3, ['k'] = 3, ['l'] = 3, ['m'] = 3, ['n'] = 3,  ['o'] = 3,
	['p'] = 3, ['q'] = 3, ['r'] = 3, ['s'] = 3, ['t'] = 3, ['u'] = 3, ['v'] = 3, ['w'] = 3, ['x'] = 3,  ['y'] = 3,
	['z'] = 3, ['|'] = 3, ['~'] = 3, ['?'] = 2, ['^'] = 2, ['`'] = 2, ['{'] = 2, ['}'] = 2, ['\\'] = 2, ['\''] = 1,
};

static bool is_plain(char c, unsigned where)
{
	return (uint8_t)c < 128 && (plain[(uint8_t)c] & where);
}

bool web_path_octet(char c)
{
	return is_plain(c, IN_PATH);
}

bool web_query_octet(char c)
{
	return is_plain(c, IN_QUERY);
}

void web_text_add(struct web_text *t, struct slice s)
{
	CG_CHECK(s.n <= t->cap - t->n);
	if (s.n)
		memcpy(t->p + t->n, s.p, s.n);
	t->n += s.n;
}

/* An octet that is not UTF-8 becomes U+FFFD, which takes nine. */
size_t web_text_size(struct slice s)
{
	size_t n = 2;

	for (size_t i = 0; i < s.n; i++)
		n += (uint8_t)s.p[i] >= 0x80 ? 9 : is_plain(s.p[i], IN_PATH) && is_plain(s.p[i], IN_QUERY) ? 1 : 3;
	return n;
}

static void add_escaped(struct web_text *t, char c)
{
	static const char hex[] = "0123456789ABCDEF";
	const char escape[3] = {'%', hex[(uint8_t)c >> 4], hex[(uint8_t)c & 15]};

	web_text_add(t, slice_of(escape, 3));
}

/* How many octets of ill-formed UTF-8 one U+FFFD stands for: the longest front of a well-formed sequence, at least 1
 * (Unicode 3.9, U+FFFD substitution of maximal subparts). */
static size_t bad_length(struct slice s)
{
	uint8_t c = (uint8_t)s.p[0], d = s.n > 1 ? (uint8_t)s.p[1] : 0;
	size_t want = c >= 0xF0 ? 3 : 2, n = 1;
	uint8_t low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
	uint8_t high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;

	if (c < 0xE0 || c > 0xF4 || d < low || d > high)
		return 1;
	while (n < want && n < s.n && ((uint8_t)s.p[n] & 0xC0) == 0x80)
		n++;
	return n;
}

static size_t add_encoded(struct web_text *t, struct slice s)
{
	size_t n = (uint8_t)s.p[0] < 0x80 ? 1 : utf8_length(s);

	if (n == 0) {
		web_text_add(t, SLICE("%EF%BF%BD"));
		return bad_length(s);
	}
	for (size_t i = 0; i < n; i++)
		add_escaped(t, s.p[i]);
	return n;
}

static void add_text(struct web_text *t, struct slice s, unsigned where)
{
	for (size_t i = 0; i < s.n;) {
		size_t from = i;

		while (i < s.n && is_plain(s.p[i], where))
			i++;
		web_text_add(t, slice_of(s.p + from, i - from));
		if (i < s.n)
			i += add_encoded(t, slice_from(s, i));
	}
}

/* How many dots a segment consists of, "%2e" being one; 0 if of anything else, or of more than two. */
static int dots(struct slice s)
{
	int n = 0;

	while (s.n) {
		size_t length = s.p[0] == '.' ? 1 : slice_istarts_with(s, SLICE("%2e")) ? 3 : 0;

		if (length == 0 || ++n > 2)
			return 0;
		s = slice_from(s, length);
	}
	return n;
}

void web_path_shorten(struct web_text *t, size_t root)
{
	while (t->n > root && t->p[--t->n] != '/')
		;
}

void web_path_add(struct web_text *t, size_t root, struct slice s)
{
	bool last;

	do {
		size_t end = 0;
		int n;

		while (end < s.n && s.p[end] != '/' && s.p[end] != '\\')
			end++;
		last = end == s.n;
		n = dots(slice_head(s, end));
		if (n == 2)
			web_path_shorten(t, root);
		if (n == 0 || last)
			web_text_add(t, SLICE("/"));
		if (n == 0)
			add_text(t, slice_head(s, end), IN_PATH);
		s = slice_from(s, end + 1);
	} while (!last);
}

void web_query_add(struct web_text *t, struct slice s)
{
	web_text_add(t, SLICE("?"));
	add_text(t, s, IN_QUERY);
}
