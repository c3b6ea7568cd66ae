#include "rules/http/report.h"

/* The octets of a string from behind its first quote up to the last, which is skipped in *rest. */
static struct slice string_body(struct slice *rest)
{
	struct slice s = slice_from(*rest, 1);
	size_t n = 0;

	while (n < s.n && s.p[n] != '"')
		n += s.p[n] == '\\' ? 2 : 1;
	if (n > s.n)
		n = s.n;
	*rest = slice_from(s, n + 1);
	return slice_head(s, n);
}

bool report_json_next(struct slice *rest, struct slice *raw)
{
	while (rest->n) {
		struct slice s = *rest;
		int depth = 0;

		while (s.n && (s.p[0] != ',' || depth > 0)) {
			if (s.p[0] == '"') {
				(void)string_body(&s);
				continue;
			}
			depth += (s.p[0] == '{' || s.p[0] == '[') - (s.p[0] == '}' || s.p[0] == ']');
			s = slice_from(s, 1);
		}
		*raw = slice_trim(slice_head(*rest, rest->n - s.n));
		*rest = slice_from(s, 1);
		if (raw->n)
			return true;
	}
	return false;
}

static size_t put_utf8(char *to, unsigned c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xC0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	to[0] = (char)(0xE0 | c >> 12);
	to[1] = (char)(0x80 | (c >> 6 & 0x3F));
	to[2] = (char)(0x80 | (c & 0x3F));
	return 3;
}

/* What \uXXXX says, four digits at p; what is none becomes U+FFFD. */
static unsigned hex4(struct slice s)
{
	unsigned c = 0;

	if (s.n < 4)
		return 0xFFFD;
	for (size_t i = 0; i < 4; i++) {
		int v = ascii_hex_value(s.p[i]);

		if (v < 0)
			return 0xFFFD;
		c = c << 4 | (unsigned)v;
	}
	return c;
}

static char simple_escape(char c)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *at = memchr(from, c, sizeof from - 1);

	return at ? to[at - from] : c;
}

/* A surrogate alone comes out as it stands. An escape is no shorter than what it means, but for a "\\u" cut short. */
static struct slice unescape(struct slice s, bool json, struct arena *arena)
{
	size_t n = 0;
	char *p;

	if (slice_find_char(s, '\\') == s.n)
		return s;
	p = arena_alloc(arena, s.n + 3);
	for (size_t i = 0; p && i < s.n; i++) {
		if (s.p[i] != '\\' || i + 1 == s.n) {
			p[n++] = s.p[i];
		} else if (json && s.p[++i] == 'u') {
			n += put_utf8(p + n, hex4(slice_from(s, i + 1)));
			i = i + 4 < s.n ? i + 4 : s.n - 1;
		} else {
			i += json ? 0 : 1;
			p[n++] = json ? simple_escape(s.p[i]) : s.p[i];
		}
	}
	return slice_of(p, n);
}

static struct slice skip_blanks(struct slice s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\r' || s.p[0] == '\n'))
		s = slice_from(s, 1);
	return s;
}

bool report_member_next(struct slice *rest, struct slice name, struct arena *arena, struct slice *value)
{
	while (!arena_failed(arena)) {
		struct slice key, after;

		*rest = slice_from(*rest, slice_find_char(*rest, '"'));
		if (!rest->n)
			return false;
		key = unescape(string_body(rest), true, arena);
		after = skip_blanks(*rest);
		if (!after.n || after.p[0] != ':' || !slice_eq(key, name))
			continue;
		after = skip_blanks(slice_from(after, 1));
		if (!after.n || after.p[0] != '"')
			continue;
		*rest = after;
		*value = unescape(string_body(rest), true, arena);
		return !arena_failed(arena);
	}
	return false;
}

bool report_text_next(struct slice *rest, struct arena *arena, struct slice *value)
{
	*rest = slice_from(*rest, slice_find_char(*rest, '"'));
	if (!rest->n)
		return false;
	*value = unescape(string_body(rest), true, arena);
	return !arena_failed(arena);
}

bool report_string(struct slice s, struct arena *arena, struct slice *value)
{
	if (!s.n || s.p[0] != '"')
		return false;
	*value = unescape(string_body(&s), false, arena);
	return !arena_failed(arena);
}
