#include "rules/http/web_host.h"

#include <stdio.h>

#include "rules/base/utf8.h"
#include "rules/http/idna.h"

/* WHATWG URL 3.5, "forbidden domain code point", the printable ones; controls and DEL are forbidden too. */
static bool is_forbidden(char c)
{
	return (uint8_t)c <= ' ' || c == 0x7F || memchr("#/:<>?@[\\]^|%", c, 13) != NULL;
}

/* A number of an IPv4 address (WHATWG URL 3.5, "IPv4 number parser"); saturates far above any that is valid. */
static bool ipv4_number(struct slice s, uint64_t *value)
{
	int radix = 10;

	if (s.n == 0)
		return false;
	if (s.n > 1 && s.p[0] == '0') {
		radix = ascii_lower(s.p[1]) == 'x' ? 16 : 8;
		s = slice_from(s, radix == 16 ? 2 : 1);
	}
	*value = 0;
	for (size_t i = 0; i < s.n; i++) {
		int v = ascii_hex_value(s.p[i]);

		if (v < 0 || v >= radix)
			return false;
		if (*value <= UINT32_MAX)
			*value = *value * (uint64_t)radix + (uint64_t)v;
	}
	return true;
}

static bool all_digits(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_digit(s.p[i]))
			return false;
	return s.n > 0;
}

/* WHATWG URL 3.5, "ends in a number checker"; host is without trailing dot. */
static bool ends_in_number(struct slice host)
{
	size_t at = host.n;
	uint64_t v;

	while (at > 0 && host.p[at - 1] != '.')
		at--;
	return all_digits(slice_from(host, at)) || ipv4_number(slice_from(host, at), &v);
}

/* WHATWG URL 3.5, "IPv4 parser". */
static bool ipv4_parse(struct slice host, uint32_t *address)
{
	uint64_t v, sum = 0;
	struct slice part;
	int left = 4;

	do {
		bool more = slice_cut(host, '.', &part, &host);

		if (left == 0 || !ipv4_number(part, &v))
			return false;
		if (more) {
			if (v > 255)
				return false;
			sum |= v << (8 * --left);
		} else if (v >> (8 * left)) {
			return false;
		}
	} while (host.p);
	*address = (uint32_t)(sum | v);
	return true;
}

/* Four decimal numbers without leading zeros, as the tail of an IPv6 address. */
static bool embedded_ipv4(struct slice s, uint16_t *pieces)
{
	struct slice part;
	uint64_t v[4];
	int count = 0;

	do {
		slice_cut(s, '.', &part, &s);
		if (count == 4 || part.n == 0 || part.n > 3 || (part.n > 1 && part.p[0] == '0') ||
		    !slice_to_u64(part, 255, &v[count]))
			return false;
		count++;
	} while (s.p);
	pieces[0] = (uint16_t)(v[0] << 8 | v[1]);
	pieces[1] = (uint16_t)(v[2] << 8 | v[3]);
	return count == 4;
}

struct ipv6 {
	uint16_t pieces[8];
	int n;	 /* pieces so far */
	int gap; /* index at which "::" stands, or -1 */
};

/* One piece, or the embedded IPv4 address, off the front of s. */
static bool ipv6_piece(struct slice *s, struct ipv6 *a)
{
	unsigned value = 0;
	size_t i = 0;

	for (; i < s->n && i < 4 && ascii_hex_value(s->p[i]) >= 0; i++)
		value = value << 4 | (unsigned)ascii_hex_value(s->p[i]);
	if (i < s->n && s->p[i] == '.') {
		if (i == 0 || a->n > 6 || !embedded_ipv4(*s, a->pieces + a->n))
			return false;
		a->n += 2;
		*s = slice_from(*s, s->n);
		return true;
	}
	if (i == 0 || a->n == 8)
		return false;
	a->pieces[a->n++] = (uint16_t)value;
	*s = slice_from(*s, i);
	return true;
}

/* WHATWG URL 3.5, "IPv6 parser"; s is what stands between the brackets. */
static bool ipv6_parse(struct slice s, struct ipv6 *a)
{
	*a = (struct ipv6){.gap = -1};
	if (slice_starts_with(s, SLICE("::"))) {
		a->gap = 0;
		s = slice_from(s, 2);
	} else if (s.n == 0) {
		return false;
	}
	while (s.n) {
		if (!ipv6_piece(&s, a))
			return false;
		if (s.n == 0)
			break;
		if (s.p[0] != ':' || s.n == 1)
			return false;
		s = slice_from(s, 1);
		if (s.p[0] != ':')
			continue;
		if (a->gap >= 0)
			return false;
		a->gap = a->n;
		s = slice_from(s, 1);
	}
	return a->gap >= 0 ? a->n < 8 : a->n == 8;
}

static void close_gap(struct ipv6 *a)
{
	int after = a->n - a->gap;

	if (a->gap < 0)
		return;
	for (int i = 1; i <= after; i++) {
		a->pieces[8 - i] = a->pieces[a->n - i];
		if (8 - i != a->n - i)
			a->pieces[a->n - i] = 0;
	}
}

/* The first longest run of two or more zero pieces; its length in *run, 0 if there is none. */
static int longest_zeros(const uint16_t *pieces, int *run)
{
	int at = 0;

	*run = 1;
	for (int i = 0, n = 0; i < 8; i++) {
		n = pieces[i] == 0 ? n + 1 : 0;
		if (n > *run) {
			*run = n;
			at = i + 1 - n;
		}
	}
	if (*run == 1)
		*run = 0;
	return at;
}

/* WHATWG URL 3.5, "IPv6 serializer". */
static struct slice ipv6_print(const uint16_t *pieces, struct arena *arena)
{
	char text[48];
	int run, n = 1, zeros = longest_zeros(pieces, &run);

	text[0] = '[';
	for (int i = 0; i < 8; i++) {
		if (run && i == zeros) {
			n += snprintf(text + n, sizeof text - (size_t)n, i == 0 ? "::" : ":");
			i += run - 1;
			continue;
		}
		n += snprintf(text + n, sizeof text - (size_t)n, i < 7 ? "%x:" : "%x", pieces[i]);
	}
	text[n++] = ']';
	return arena_copy(arena, slice_of(text, (size_t)n));
}

static bool parse_brackets(struct slice raw, struct arena *arena, struct slice *host)
{
	struct ipv6 a;

	if (raw.p[raw.n - 1] != ']' || !ipv6_parse(slice_of(raw.p + 1, raw.n - 2), &a))
		return true;
	close_gap(&a);
	*host = ipv6_print(a.pieces, arena);
	return !arena_failed(arena);
}

/* Percent-decodes into the arena, ASCII in lower case. A malformed escape stays, and is refused later. */
static bool decode(struct slice raw, struct arena *arena, struct slice *out, bool *ascii)
{
	char *p = arena_alloc(arena, raw.n);
	size_t n = 0;

	*ascii = true;
	if (!p)
		return false;
	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i];

		if (c == '%' && raw.n - i > 2 && ascii_hex_value(raw.p[i + 1]) >= 0 &&
		    ascii_hex_value(raw.p[i + 2]) >= 0) {
			c = (char)(ascii_hex_value(raw.p[i + 1]) << 4 | ascii_hex_value(raw.p[i + 2]));
			i += 2;
		}
		*ascii &= (uint8_t)c < 0x80;
		p[n++] = ascii_lower(c);
	}
	*out = slice_of(p, n);
	return true;
}

static bool is_utf8_without_controls(struct slice s)
{
	while (s.n) {
		size_t n = utf8_length(s);

		if (n == 0 || (n == 1 && (uint8_t)s.p[0] <= ' '))
			return false;
		s = slice_from(s, n);
	}
	return true;
}

/* The last steps of the host parser: s is ASCII in lower case. */
static bool finish(struct slice s, struct arena *arena, struct slice *host)
{
	uint32_t a;

	for (size_t i = 0; i < s.n; i++)
		if (is_forbidden(s.p[i]))
			return true;
	if (s.n > 1 && s.p[s.n - 1] == '.')
		s.n--;
	if (!ends_in_number(s)) {
		*host = s;
		return true;
	}
	if (!ipv4_parse(s, &a))
		return true;
	*host = arena_printf(arena, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
	return !arena_failed(arena);
}

bool web_host_parse(struct slice raw, struct arena *arena, struct slice *host)
{
	struct slice s;
	bool ascii;

	*host = slice_of(NULL, 0);
	if (raw.n == 0)
		return true;
	if (raw.p[0] == '[')
		return parse_brackets(raw, arena, host);
	if (!decode(raw, arena, &s, &ascii))
		return false;
	if (!ascii) {
		if (!is_utf8_without_controls(s))
			return true;
		if (!idna_to_ascii(s, arena, &s))
			return false;
	}
	return finish(s, arena, host);
}
