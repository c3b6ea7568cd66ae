/*
 * What the guard's text is made of. The first octet chooses flags, the first line is a regular expression, the rest is
 * what it is matched with.
 *
 * The expression as JavaScript gets it, read by PCRE2 again, must match what the original matches. Written as a string,
 * both parts must be ASCII without '<' and the end of the string, and mean what they meant.
 */
#include <stdint.h>
#include <stdlib.h>

#include "rules/base/pattern.h"
#include "rules/base/utf8.h"
#include "rules/decide/guard_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned hex(struct slice s, size_t digits)
{
	unsigned v = 0;

	CG_CHECK(s.n >= digits);
	for (size_t i = 0; i < digits; i++) {
		CG_CHECK(ascii_hex_value(s.p[i]) >= 0);
		v = v << 4 | (unsigned)ascii_hex_value(s.p[i]);
	}
	return v;
}

/* Takes one UTF-16 unit off the front of a string of JavaScript. */
static unsigned take_unit(struct slice *s)
{
	char c;
	size_t n = 1;
	unsigned unit;

	CG_CHECK(s->n > 0);
	c = s->p[0];
	unit = (unsigned char)c;
	CG_CHECK(c >= ' ' && c < 0x7F && c != '<' && c != '>' && c != '"');
	if (c == '\\') {
		CG_CHECK(s->n > 1);
		c = s->p[1];
		CG_CHECK(c == 'x' || c == 'u' || c == '\\' || c == '"');
		unit = c == 'x' ? hex(slice_from(*s, 2), 2) : c == 'u' ? hex(slice_from(*s, 2), 4) : (unsigned char)c;
		n = c == 'x' ? 4 : c == 'u' ? 6 : 2;
	}
	*s = slice_from(*s, n);
	return unit;
}

/* The next character of s as a code point; octets that are no UTF-8 stand for themselves. */
static unsigned take_char(struct slice *s)
{
	size_t n = utf8_length(*s);
	unsigned c = (unsigned char)s->p[0];

	if (n == 2)
		c &= 0x1F;
	else if (n > 2)
		c &= n == 3 ? 0x0F : 0x07;
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s->p[i] & 0x3F);
	*s = slice_from(*s, n ? n : 1);
	return c;
}

static void check_string(struct slice s)
{
	struct buffer b;
	struct slice js;

	buffer_init(&b, s.n * 6 + 2);
	CG_CHECK(guard_string_write(s, &b));
	js = buffer_slice(&b);
	CG_CHECK(js.n >= 2 && js.p[0] == '"' && js.p[js.n - 1] == '"');
	js = slice_of(js.p + 1, js.n - 2);
	while (s.n) {
		unsigned c = take_char(&s), unit = take_unit(&js);

		if (unit >= 0xD800 && unit < 0xDC00)
			unit = 0x10000 + ((unit - 0xD800) << 10) + (take_unit(&js) - 0xDC00);
		CG_CHECK(c == unit);
	}
	CG_CHECK(js.n == 0);
	buffer_free(&b);
}

static void check_match(struct slice text, struct slice flags, struct slice js, struct slice js_flags,
			struct slice subject)
{
	struct pattern_error error;
	struct pattern *a = pattern_compile(text, flags, &error), *b = NULL;
	struct pattern_scratch *scratch = pattern_scratch_new();

	if (a && scratch) {
		enum pattern_result r = pattern_match(a, scratch, subject), s;

		b = pattern_compile(js.n ? js : SLICE("(?:)"), js_flags, &error);
		CG_CHECK(b != NULL);
		s = pattern_match(b, scratch, subject);
		CG_CHECK(r == s || r == PATTERN_LIMIT || s == PATTERN_LIMIT);
	}
	pattern_free(a);
	pattern_free(b);
	pattern_scratch_free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char all[] = "imsx";
	char flags[4], js_flags[4];
	size_t n = 0;
	struct slice text, subject;
	struct buffer out;

	if (size == 0 || size > 4096)
		return 0;
	for (size_t i = 0; i < 4; i++)
		if (data[0] >> i & 1)
			flags[n++] = all[i];
	slice_cut(slice_of((const char *)data + 1, size - 1), '\n', &text, &subject);
	check_string(text);
	check_string(subject);
	buffer_init(&out, 4 * text.n + 16);
	if (guard_regex_write(text, slice_of(flags, n), &out, js_flags))
		check_match(text, slice_of(flags, n), buffer_slice(&out), slice_str(js_flags), subject);
	CG_CHECK(!out.failed);
	buffer_free(&out);
	return 0;
}
