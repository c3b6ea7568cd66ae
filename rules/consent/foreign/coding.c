#include "rules/consent/foreign/internal.h"

static bool is_control(unsigned char c)
{
	return (c < 0x20 && c != '\t') || c == 0x7F;
}

static bool has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_control((unsigned char)s.p[i]))
			return true;
	return false;
}

/* The octet of the escape at i, or -1. */
static int escape_at(struct slice s, size_t i)
{
	int high, low;

	if (s.p[i] != '%' || s.n - i < 3)
		return -1;
	high = ascii_hex_value(s.p[i + 1]);
	low = ascii_hex_value(s.p[i + 2]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool foreign_unescape(struct foreign_findings *f, struct slice s, struct slice *out)
{
	char *text;
	size_t n = 0;

	*out = s;
	if (slice_find_char(s, '%') == s.n)
		return !has_control(s);
	text = arena_alloc(f->arena, s.n);
	if (!text) {
		f->overflow = true;
		return false;
	}
	for (size_t i = 0; i < s.n; i++) {
		int octet = escape_at(s, i);

		text[n++] = octet < 0 ? s.p[i] : (char)octet;
		i += octet < 0 ? 0 : 2;
	}
	*out = slice_of(text, n);
	return !has_control(*out);
}

bool foreign_unescape_all(struct foreign_findings *f, struct slice s, struct slice *out)
{
	*out = s;
	for (unsigned pass = 0; pass < 3; pass++) {
		size_t before = out->n;

		if (!foreign_unescape(f, *out, out))
			return false;
		if (out->n == before)
			break;
	}
	return true;
}

static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (ascii_is_digit(c))
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

bool foreign_base64(struct foreign_findings *f, struct slice s, struct slice *out)
{
	unsigned bits = 0, have = 0;
	char *text;
	size_t n = 0;

	for (unsigned padding = 0; padding < 2 && s.n && s.p[s.n - 1] == '='; padding++)
		s.n--;
	text = arena_alloc(f->arena, s.n);
	if (!text) {
		f->overflow = true;
		return false;
	}
	for (size_t i = 0; i < s.n; i++) {
		int value = digit_value(s.p[i]);

		if (value < 0)
			return false;
		bits = (bits << 6 | (unsigned)value) & 0xFFFF;
		have += 6;
		if (have >= 8) {
			have -= 8;
			text[n++] = (char)(bits >> have & 0xFF);
		}
	}
	*out = slice_of(text, n);
	return s.n % 4 != 1;
}

bool bits_at(const struct bits *b, size_t at)
{
	int value = at / 6 < b->text.n ? digit_value(b->text.p[at / 6]) : -1;

	return value >= 0 && (value >> (5 - at % 6) & 1);
}

uint64_t bits_read(struct bits *b, unsigned n)
{
	uint64_t value = 0;

	if (b->failed || bits_left(b) < n) {
		b->failed = true;
		return 0;
	}
	for (unsigned i = 0; i < n; i++, b->at++) {
		int digit = digit_value(b->text.p[b->at / 6]);

		if (digit < 0) {
			b->failed = true;
			return 0;
		}
		value = value << 1 | (uint64_t)(digit >> (5 - b->at % 6) & 1);
	}
	return value;
}

void bits_skip(struct bits *b, size_t n)
{
	if (b->failed || bits_left(b) < n)
		b->failed = true;
	else
		b->at += n;
}
