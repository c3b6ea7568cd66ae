#include "rules/html/entity.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "rules/html/entity_table.h"

/* Without the semicolon. */
#define NAME_LONGEST 31
#define BARE_LONGEST 6

/* Numbers 0x80 to 0x9f mean windows-1252 (13.2.5.80). */
static const uint16_t windows_1252[32] = {
	0x20ac, 0x81,	0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
	0x2039, 0x0152, 0x8d,	0x017d, 0x8f,	0x90,	0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,	0x017e, 0x0178,
};

static bool is_alphanumeric(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c);
}

static void add_point(struct buffer *out, uint32_t c)
{
	char b[4];
	size_t n = 0;

	if (c < 0x80) {
		b[n++] = (char)c;
	} else if (c < 0x800) {
		b[n++] = (char)(0xc0 | c >> 6);
	} else if (c < 0x10000) {
		b[n++] = (char)(0xe0 | c >> 12);
		b[n++] = (char)(0x80 | (c >> 6 & 0x3f));
	} else {
		b[n++] = (char)(0xf0 | c >> 18);
		b[n++] = (char)(0x80 | (c >> 12 & 0x3f));
		b[n++] = (char)(0x80 | (c >> 6 & 0x3f));
	}
	if (c >= 0x80)
		b[n++] = (char)(0x80 | (c & 0x3f));
	buffer_add(out, slice_of(b, n));
}

static const struct entity *find(struct slice name)
{
	size_t from = 0, to = CG_COUNT(entities);

	while (from < to) {
		const struct entity *e = &entities[(from + to) / 2];
		size_t n = e->length < name.n ? e->length : name.n;
		int order = memcmp(entity_names + e->at, name.p, n);

		if (order == 0 && e->length == name.n)
			return e;
		if (order < 0 || (order == 0 && e->length < name.n))
			from = (size_t)(e - entities) + 1;
		else
			to = (size_t)(e - entities);
	}
	return NULL;
}

/* s begins with '&': how many octets the reference has that was added to out; 0 if there is none. */
static size_t named(struct slice s, bool attribute, struct buffer *out)
{
	const struct entity *e = NULL;
	size_t run = 0;

	while (run < NAME_LONGEST + 1 && run + 1 < s.n && is_alphanumeric(s.p[run + 1]))
		run++;
	if (run && run + 1 < s.n && s.p[run + 1] == ';' && (e = find(slice_of(s.p + 1, run)))) {
		run++;
	} else if (attribute) {
		if (run > BARE_LONGEST || run == 0 || (run + 1 < s.n && s.p[run + 1] == '='))
			return 0;
		e = find(slice_of(s.p + 1, run));
	} else {
		for (run = run < BARE_LONGEST ? run : BARE_LONGEST; run; run--) {
			e = find(slice_of(s.p + 1, run));
			if (e && e->bare)
				break;
		}
	}
	if (!e || !run || (s.p[run] != ';' && !e->bare))
		return 0;
	add_point(out, e->first);
	if (e->second)
		add_point(out, e->second);
	return run + 1;
}

static uint32_t repaired(uint32_t c)
{
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0xfffd;
	return c >= 0x80 && c < 0xa0 ? windows_1252[c - 0x80] : c;
}

static size_t numeric(struct slice s, struct buffer *out)
{
	bool hex = s.n > 2 && (s.p[2] | 0x20) == 'x';
	size_t from = hex ? 3 : 2, i = from;
	uint32_t c = 0;

	for (; i < s.n; i++) {
		int digit = ascii_hex_value(s.p[i]);

		if (digit < 0 || (!hex && digit > 9))
			break;
		if (c <= 0x10ffff)
			c = c * (hex ? 16 : 10) + (uint32_t)digit;
	}
	if (i == from)
		return 0;
	add_point(out, repaired(c));
	return i < s.n && s.p[i] == ';' ? i + 1 : i;
}

static size_t reference(struct slice s, bool attribute, struct buffer *out)
{
	return s.n > 1 && s.p[1] == '#' ? numeric(s, out) : named(s, attribute, out);
}

#ifdef __SSE2__
/* How many octets at the front, a multiple of 16, hold none that may change. */
static size_t unchanged_blocks(struct slice s)
{
	const __m128i amp = _mm_set1_epi8('&'), cr = _mm_set1_epi8('\r'), nul = _mm_setzero_si128();
	size_t i = 0;

	for (; i + 16 <= s.n; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
		__m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, amp),
					   _mm_or_si128(_mm_cmpeq_epi8(v, cr), _mm_cmpeq_epi8(v, nul)));

		if (_mm_movemask_epi8(hit))
			break;
	}
	return i;
}
#else
static size_t unchanged_blocks(struct slice s)
{
	(void)s;
	return 0;
}
#endif

/* Offset of the first octet that may change. */
static size_t unchanged(struct slice s, bool attribute)
{
	size_t i = unchanged_blocks(s);

	while (i < s.n && s.p[i] != '&' && s.p[i] != '\r' && (s.p[i] || !attribute))
		i++;
	return i;
}

static void add_decoded(struct slice rest, bool attribute, struct buffer *out)
{
	size_t n, used;

	for (; rest.n; rest = slice_from(rest, used)) {
		n = used = unchanged(rest, attribute);
		buffer_add(out, slice_head(rest, n));
		if (n == rest.n)
			break;
		used++;
		if (rest.p[n] == '\r') {
			buffer_add_char(out, '\n');
			used += n + 1 < rest.n && rest.p[n + 1] == '\n';
		} else if (rest.p[n] == '\0') {
			add_point(out, 0xfffd);
		} else {
			size_t length = reference(slice_from(rest, n), attribute, out);

			if (length)
				used = n + length;
			else
				buffer_add_char(out, '&');
		}
	}
}

static bool decode(struct slice raw, bool attribute, struct buffer *out, struct slice *value)
{
	*value = raw;
	if (unchanged(raw, attribute) == raw.n)
		return true;
	buffer_clear(out);
	add_decoded(raw, attribute, out);
	if (out->failed)
		return false;
	*value = buffer_slice(out);
	return true;
}

bool html_decode_attribute(struct slice raw, struct buffer *scratch, struct slice *value)
{
	return decode(raw, true, scratch, value);
}

bool html_decode_text(struct slice raw, struct buffer *scratch, struct slice *value)
{
	return decode(raw, false, scratch, value);
}

/* Offset of the first '<' that begins more than text (13.2.5.6). */
static size_t text_length(struct slice s)
{
	for (size_t i = slice_find_char(s, '<'); i + 1 < s.n; i += 1 + slice_find_char(slice_from(s, i + 1), '<')) {
		char c = s.p[i + 1];

		if (ascii_is_alpha(c) || c == '!' || c == '/' || c == '?')
			return i;
	}
	return s.n;
}

/* Cuts off the CDATA section or comment at the front of *rest; text: what it says. False: it is neither, or has no end.
 */
static bool take_section(struct slice *rest, struct slice *text)
{
	static const struct slice cdata = SLICE_INIT("<![CDATA["), comment = SLICE_INIT("<!--");
	bool is_cdata = slice_starts_with(*rest, cdata);
	struct slice end = is_cdata ? SLICE("]]>") : SLICE("-->");
	struct slice content = slice_from(*rest, is_cdata ? cdata.n : comment.n);
	size_t n = slice_find(content, end);

	if (n == content.n || (!is_cdata && !slice_starts_with(*rest, comment)))
		return false;
	*rest = slice_from(content, n + end.n);
	*text = slice_head(content, is_cdata ? n : 0);
	content = slice_head(content, n);
	/* Comments that end otherwise in HTML (13.2.5.43 to 13.2.5.52). */
	return is_cdata || (!slice_starts_with(content, SLICE(">")) && !slice_starts_with(content, SLICE("->")) &&
			    slice_find(content, SLICE("--!>")) == content.n);
}

bool html_child_text(struct slice raw, struct buffer *scratch, struct slice *value, bool *markup)
{
	struct slice rest = raw, text;
	size_t n = text_length(raw);

	*markup = false;
	if (n == raw.n)
		return html_decode_text(raw, scratch, value);
	*value = raw;
	for (buffer_clear(scratch);; n = text_length(rest)) {
		add_decoded(slice_head(rest, n), false, scratch);
		rest = slice_from(rest, n);
		if (rest.n == 0)
			break;
		if (!take_section(&rest, &text)) {
			*markup = true;
			return true;
		}
		buffer_add(scratch, text);
	}
	if (scratch->failed)
		return false;
	*value = buffer_slice(scratch);
	return true;
}
