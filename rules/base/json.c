#include "rules/base/json.h"

/* Length of the UTF-8 sequence at the front of s (Unicode 15, table 3-7), 0 if it is not well formed. */
static size_t utf8_length(struct slice s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	unsigned char low = 0x80, high = 0xBF;
	size_t n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xC2 || p[0] > 0xF4)
		return 0;
	n = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
	if (s.n < n)
		return 0;
	if (p[0] == 0xE0)
		low = 0xA0;
	else if (p[0] == 0xED)
		high = 0x9F;
	else if (p[0] == 0xF0)
		low = 0x90;
	else if (p[0] == 0xF4)
		high = 0x8F;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return n;
}

static bool add_escaped(struct buffer *out, char c)
{
	switch (c) {
	case '"':
		return buffer_add_str(out, "\\\"");
	case '\\':
		return buffer_add_str(out, "\\\\");
	case '\n':
		return buffer_add_str(out, "\\n");
	case '\r':
		return buffer_add_str(out, "\\r");
	case '\t':
		return buffer_add_str(out, "\\t");
	default:
		return buffer_printf(out, "\\u%04x", (unsigned char)c);
	}
}

static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7F && c != '"' && c != '\\';
}

bool json_add_string(struct buffer *out, struct slice s)
{
	buffer_add_char(out, '"');
	while (s.n) {
		size_t run = 0;

		while (run < s.n && is_plain(s.p[run]))
			run++;
		buffer_add(out, slice_head(s, run));
		s = slice_from(s, run);
		if (!s.n)
			break;
		run = utf8_length(s);
		if (run == 0)
			buffer_add_str(out, "\xEF\xBF\xBD");
		else if (run == 1)
			add_escaped(out, s.p[0]);
		else
			buffer_add(out, slice_head(s, run));
		s = slice_from(s, run ? run : 1);
	}
	return buffer_add_char(out, '"');
}
