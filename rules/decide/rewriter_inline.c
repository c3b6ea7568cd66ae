/* URLs that hold what they load: data: (Fetch 6, "data: URL processor") and javascript: (HTML 7.4.2.3.2). */
#include "rules/decide/rewriter_internal.h"

#include "rules/base/attributes.h"
#include "rules/filter/filter.h"

static bool is_dropped(char c)
{
	return c == '\t' || c == '\n' || c == '\r'; /* anywhere in a URL: URL 4.4 */
}

static bool after_scheme(struct slice url, struct slice scheme, struct slice *rest)
{
	size_t i = 0, k = 0;

	while (i < url.n && (unsigned char)url.p[i] <= ' ')
		i++;
	for (; i < url.n && k < scheme.n; i++) {
		if (is_dropped(url.p[i]))
			continue;
		if (ascii_lower(url.p[i]) != scheme.p[k])
			return false;
		k++;
	}
	*rest = slice_from(url, i);
	return k == scheme.n;
}

/* Without what URLs drop, in the arena. Empty if that refused, which is seen later. */
static struct slice without_dropped(struct rewriter *r, struct slice s)
{
	char *p = arena_alloc(&r->arena, s.n);
	size_t n = 0;

	for (size_t i = 0; p && i < s.n; i++) {
		if (!is_dropped(s.p[i]))
			p[n++] = s.p[i];
	}
	return slice_of(p, n);
}

/* In place of encoded octets the octet, malformed escapes as they stand; s is in the arena, and changed. */
static struct slice percent_decoded(struct slice s)
{
	char *p = (char *)(uintptr_t)s.p;
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		int high = s.p[i] == '%' && i + 2 < s.n ? ascii_hex_value(s.p[i + 1]) : -1;
		int low = high >= 0 ? ascii_hex_value(s.p[i + 2]) : -1;

		if (low < 0) {
			p[n++] = s.p[i];
			continue;
		}
		p[n++] = (char)(high << 4 | low);
		i += 2;
	}
	return slice_of(s.p, n);
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Forgiving (Infra 8), and up to what is none; s is in the arena, and changed. */
static struct slice base64_decoded(struct slice s)
{
	char *p = (char *)(uintptr_t)s.p;
	unsigned bits = 0, held = 0;
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		int value = base64_value(s.p[i]);

		if (s.p[i] == ' ' || s.p[i] == '\f' || is_dropped(s.p[i]))
			continue;
		if (value < 0)
			break;
		bits = (bits << 6 | (unsigned)value) & 0xffffff;
		held += 6;
		if (held >= 8) {
			held -= 8;
			p[n++] = (char)(bits >> held & 0xff);
		}
	}
	return slice_of(s.p, n);
}

static bool is_base64(struct slice header)
{
	size_t at = header.n;

	while (at > 0 && header.p[at - 1] != ';')
		at--;
	return at > 0 && slice_ieq(slice_trim(slice_from(header, at)), SLICE("base64"));
}

static bool is_document(struct slice type)
{
	return slice_ieq(type, SLICE("text/html")) || slice_ieq(type, SLICE("text/xml")) ||
	       slice_ieq(type, SLICE("application/xml")) ||
	       (type.n > 4 && slice_ieq(slice_from(type, type.n - 4), SLICE("+xml")));
}

static enum inline_kind kind_of(struct slice header, unsigned types)
{
	struct slice type = slice_trim(slice_head(header, slice_find_char(header, ';')));

	if (is_document(type) && !(types & (FILTER_SUBDOCUMENT | FILTER_OBJECT | FILTER_DOCUMENT)))
		return INLINE_NONE;
	if (is_document(type))
		return slice_ieq(type, SLICE("text/html")) ? INLINE_DOCUMENT : INLINE_XML;
	if (types == FILTER_STYLESHEET) /* in quirks mode of any type */
		return INLINE_STYLE;
	if (slice_ieq(type, SLICE("text/css")))
		return types & FILTER_STYLESHEET ? INLINE_STYLE : INLINE_NONE;
	if (slice_istarts_with(type, SLICE("image/")) || slice_istarts_with(type, SLICE("font/")))
		return INLINE_NONE;
	return types & FILTER_SCRIPT ? INLINE_SCRIPT : INLINE_NONE;
}

enum inline_kind inline_content(struct rewriter *r, struct slice url, unsigned types, struct slice *content)
{
	enum inline_kind kind;
	struct slice rest;
	size_t comma;

	if (types & (FILTER_SUBDOCUMENT | FILTER_OBJECT | FILTER_DOCUMENT) &&
	    after_scheme(url, SLICE("javascript:"), &rest)) {
		*content = percent_decoded(without_dropped(r, rest));
		return INLINE_SCRIPT;
	}
	if (!after_scheme(url, SLICE("data:"), &rest))
		return INLINE_NONE;
	comma = slice_find_char(rest, ',');
	kind = kind_of(without_dropped(r, slice_head(rest, comma)), types);
	if (kind == INLINE_NONE || comma == rest.n)
		return INLINE_NONE;
	*content = percent_decoded(without_dropped(r, slice_from(rest, comma + 1)));
	if (is_base64(without_dropped(r, slice_head(rest, comma))))
		*content = base64_decoded(*content);
	return kind;
}
