#include "rules/base/json.h"

#include "rules/base/utf8.h"

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
