#include "rules/http/idna.h"

#include <idn2.h>

#include "rules/base/utf8.h"

/* Far above the 253 octets of a name, since mapping removes characters; a bound for what follows. */
#define NAME_MAX_OCTETS 2048

/* RFC 3492 5: the parameters of Punycode. */
enum { BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, INITIAL_BIAS = 72, INITIAL_N = 128 };

static uint32_t adapt(uint32_t delta, uint32_t count, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / count;
	for (; delta > ((BASE - TMIN) * TMAX) / 2; k += BASE)
		delta /= BASE - TMIN;
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static char digit(uint32_t d)
{
	return (char)(d < 26 ? 'a' + d : '0' + (d - 26));
}

/* One delta as a variable-length integer (RFC 3492 3.3). At most seven digits. */
static size_t put_delta(char *p, uint32_t delta, uint32_t bias)
{
	size_t n = 0;

	for (uint32_t k = BASE;; k += BASE) {
		uint32_t t = k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;

		if (delta < t) {
			p[n++] = digit(delta);
			return n;
		}
		p[n++] = digit(t + (delta - t) % (BASE - t));
		delta = (delta - t) / (BASE - t);
	}
}

static uint32_t next_above(const uint32_t *points, size_t n, uint32_t least)
{
	uint32_t m = UINT32_MAX;

	for (size_t i = 0; i < n; i++)
		if (points[i] >= least && points[i] < m)
			m = points[i];
	return m;
}

/* RFC 3492 6.3. p has room for 7 octets a point. With at most 2048 points below 0x110000, delta cannot overflow. */
static size_t punycode(const uint32_t *points, size_t n, char *p)
{
	uint32_t least = INITIAL_N, delta = 0, bias = INITIAL_BIAS, done = 0;
	uint32_t basic;
	size_t out = 0;

	for (size_t i = 0; i < n; i++)
		if (points[i] < INITIAL_N)
			p[out++] = ascii_lower((char)points[i]);
	basic = done = (uint32_t)out;
	if (basic)
		p[out++] = '-';
	while (done < n) {
		uint32_t m = next_above(points, n, least);

		delta += (m - least) * (done + 1);
		for (size_t i = 0; i < n; i++) {
			delta += points[i] < m;
			if (points[i] != m)
				continue;
			out += put_delta(p + out, delta, bias);
			bias = adapt(delta, done + 1, done == basic);
			delta = 0;
			done++;
		}
		delta++;
		least = m + 1;
	}
	return out;
}

/* The code point at the front of well-formed UTF-8 of n octets. */
static uint32_t code_point(const char *p, size_t n)
{
	static const uint8_t lead[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	uint32_t c = (uint8_t)p[0] & lead[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((uint8_t)p[i] & 0x3F);
	return c;
}

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((uint8_t)s.p[i] >= 0x80)
			return false;
	return true;
}

/* Calls libidn2; *out stays empty if it refuses. s must hold no NUL. */
static bool ask_libidn2(struct slice s, struct arena *arena, struct slice *out)
{
	char *text = arena_cstr(arena, s);
	uint8_t *found = NULL;
	int status;

	*out = slice_of(NULL, 0);
	if (!text)
		return false;
	status = idn2_lookup_u8((const uint8_t *)text, &found,
				IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT | IDN2_NO_ALABEL_ROUNDTRIP);
	if (status == IDN2_MALLOC)
		return false;
	if (status != IDN2_OK)
		return true;
	*out = arena_copy(arena, slice_str((const char *)found));
	idn2_free(found);
	return !arena_failed(arena);
}

static bool encode_label(struct slice label, struct arena *arena, struct slice *out)
{
	uint32_t *points = arena_calloc(arena, label.n, sizeof *points);
	char *p = arena_alloc(arena, 4 + 7 * label.n + 1);
	size_t n = 0;

	if (!points || !p)
		return false;
	while (label.n) {
		size_t length = utf8_length(label);

		if (length == 0)
			return true;
		points[n++] = code_point(label.p, length);
		label = slice_from(label, length);
	}
	memcpy(p, "xn--", 4);
	*out = slice_of(p, 4 + punycode(points, n, p + 4));
	return true;
}

static bool label_to_ascii(struct slice label, struct arena *arena, struct slice *out)
{
	*out = label;
	if (is_ascii(label))
		return true;
	return ask_libidn2(label, arena, out) && (out->n || encode_label(label, arena, out));
}

/* Octets of the full stop at the front of s in any of its forms (RFC 3490 3.1), or 0. */
static size_t dot_length(struct slice s)
{
	if (s.p[0] == '.')
		return 1;
	if (slice_starts_with(s, SLICE("\xE3\x80\x82")) || slice_starts_with(s, SLICE("\xEF\xBC\x8E")) ||
	    slice_starts_with(s, SLICE("\xEF\xBD\xA1")))
		return 3;
	return 0;
}

static bool each_label(struct slice s, struct arena *arena, struct slice *out)
{
	struct slice *parts = arena_calloc(arena, 2 * (s.n + 1), sizeof *parts);
	size_t count = 0;

	if (!parts)
		return false;
	for (;;) {
		size_t end = 0, dot = 0;

		while (end < s.n && !(dot = dot_length(slice_from(s, end))))
			end++;
		if (!label_to_ascii(slice_head(s, end), arena, &parts[count++]))
			return false;
		if (end == s.n)
			break;
		parts[count++] = SLICE(".");
		s = slice_from(s, end + dot);
	}
	*out = arena_concat(arena, parts, count);
	return !arena_failed(arena);
}

bool idna_to_ascii(struct slice s, struct arena *arena, struct slice *out)
{
	*out = slice_of(NULL, 0);
	if (s.n > NAME_MAX_OCTETS)
		return true;
	return ask_libidn2(s, arena, out) && (out->n || each_label(s, arena, out));
}
