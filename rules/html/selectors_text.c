/* Characters, identifiers and strings (CSS Syntax Level 3, 4.3). */
#include "rules/html/selectors_text.h"

#include <stdarg.h>
#include <stdio.h>

bool selector_fail(struct selector_parse *p, size_t offset, const char *hint, const char *fmt, ...)
{
	va_list args;

	p->error->offset = offset;
	va_start(args, fmt);
	vsnprintf(p->error->message, sizeof p->error->message, fmt, args);
	va_end(args);
	snprintf(p->error->hint, sizeof p->error->hint, "%s", hint);
	return false;
}

struct slice selector_here(const struct selector_parse *p)
{
	size_t n = 1;

	while (p->at + n < p->text.n && ((unsigned char)p->text.p[p->at + n] & 0xc0) == 0x80 && n < 4)
		n++;
	return at_end(p) ? SLICE("the end") : slice_of(p->text.p + p->at, n);
}

static size_t add_point(char *out, uint32_t c)
{
	size_t n = 0;

	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = 0xfffd;
	if (c < 0x80) {
		out[n++] = (char)c;
		return n;
	}
	if (c < 0x800) {
		out[n++] = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			out[n++] = (char)(0xe0 | c >> 12);
		} else {
			out[n++] = (char)(0xf0 | c >> 18);
			out[n++] = (char)(0x80 | (c >> 12 & 63));
		}
		out[n++] = (char)(0x80 | (c >> 6 & 63));
	}
	out[n++] = (char)(0x80 | (c & 63));
	return n;
}

/* After a backslash, which is not the last octet (CSS Syntax Level 3, 4.3.7). */
static size_t read_escape(struct selector_parse *p, char *out)
{
	uint32_t c = 0;
	unsigned digits = 0;

	for (; digits < 6 && !at_end(p) && ascii_hex_value(peek(p, 0)) >= 0; digits++)
		c = c << 4 | (uint32_t)ascii_hex_value(p->text.p[p->at++]);
	if (digits == 0) {
		*out = p->text.p[p->at++];
		return 1;
	}
	if (peek(p, 0) == '\r' && peek(p, 1) == '\n')
		p->at++;
	if (!at_end(p) && selector_space(p->text.p[p->at]))
		p->at++;
	return add_point(out, c);
}

/* Room for what the rest of the text can mean at most: an escape "\0" is two octets and means three. */
static char *room(struct selector_parse *p, size_t n)
{
	return arena_alloc(p->set->arena, n + n / 2 + 4);
}

size_t selector_name_extent(const struct selector_parse *p, bool colon)
{
	size_t i = p->at;

	while (i < p->text.n) {
		char c = p->text.p[i];

		if (c == '\\' && i + 1 < p->text.n && p->text.p[i + 1] != '\n')
			i += 2;
		else if (is_name_char(c) || (colon && c == ':'))
			i++;
		else
			break;
		if (c == '\\') { /* the white space that ends an escape of digits is taken with it */
			size_t k = i - 1;

			while (k < p->text.n && k < i + 5 && ascii_hex_value(p->text.p[k]) >= 0)
				k++;
			if (k >= i) {
				i = k;
				if (i + 1 < p->text.n && p->text.p[i] == '\r' && p->text.p[i + 1] == '\n')
					i++;
				if (i < p->text.n && selector_space(p->text.p[i]))
					i++;
			}
		}
	}
	return i - p->at;
}

bool selector_read_name(struct selector_parse *p, const char *what, const char *hint, bool colon, struct slice *name)
{
	size_t from = p->at, extent = selector_name_extent(p, colon), end = from + extent, n = 0;
	char *out;

	if (extent == 0)
		return selector_fail(p, from, hint, "%s is missing before \"%.*s\"", what, SLICE_ARG(selector_here(p)));
	if (ascii_is_digit(peek(p, 0)) || (peek(p, 0) == '-' && ascii_is_digit(peek(p, 1))))
		return selector_fail(p, from, hint, "%s cannot begin with a digit", what);
	out = room(p, extent);
	if (!out)
		return no_memory(p);
	while (p->at < end) {
		char c = p->text.p[p->at++];

		if (c == '\\')
			n += read_escape(p, out + n);
		else
			out[n++] = c;
	}
	*name = slice_of(out, n);
	return true;
}

bool selector_read_string(struct selector_parse *p, struct slice *value)
{
	size_t from = p->at, n = 0;
	char quote = p->text.p[p->at++], *out = room(p, p->text.n - from);

	if (!out)
		return no_memory(p);
	while (!at_end(p) && peek(p, 0) != quote) {
		char c = p->text.p[p->at++];

		if (c != '\\')
			out[n++] = c;
		else if (peek(p, 0) == '\n' && !at_end(p))
			p->at++;
		else if (!at_end(p))
			n += read_escape(p, out + n);
	}
	if (at_end(p))
		return selector_fail(p, from, "", "the string is not closed: %c is missing", quote);
	p->at++;
	*value = slice_of(out, n);
	return true;
}

bool selector_read_bare_value(struct selector_parse *p, struct slice *value)
{
	size_t from = p->at, n = 0;
	char *out = room(p, p->text.n - from);

	if (!out)
		return no_memory(p);
	while (!at_end(p) && !selector_space(peek(p, 0)) && !is_of(peek(p, 0), "]\"'")) {
		char c = p->text.p[p->at++];

		if (c == '\\' && !at_end(p))
			n += read_escape(p, out + n);
		else
			out[n++] = c;
	}
	if (n == 0)
		return selector_fail(p, from, "write [name=\"value\"]", "a value is missing before \"%.*s\"",
				     SLICE_ARG(selector_here(p)));
	if (!at_end(p) && is_of(peek(p, 0), "\"'"))
		return selector_fail(p, p->at, "put the whole value in quotes", "a quote within a value");
	*value = slice_of(out, n);
	return true;
}
