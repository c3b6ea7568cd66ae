#include "rules/html/script_urls.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Whether a slash may end at i with another one behind it: '/' or the end of \x2F. */
static bool is_anchor(struct slice s, size_t i)
{
	if (i + 1 >= s.n)
		return false;
	if (s.p[i] == '/')
		return s.p[i + 1] == '/' || s.p[i + 1] == '\\';
	return s.p[i] == '2' && (s.p[i + 1] | 0x20) == 'f';
}

/* The next anchor from i on, or s.n. */
static size_t next_anchor(struct slice s, size_t i)
{
#ifdef __SSE2__
	const __m128i slash = _mm_set1_epi8('/'), backslash = _mm_set1_epi8('\\'), two = _mm_set1_epi8('2'),
		      f = _mm_set1_epi8('f'), fold = _mm_set1_epi8(0x20);

	for (; i + 17 <= s.n; i += 16) {
		__m128i a = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
		__m128i b = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i + 1));
		__m128i plain = _mm_and_si128(_mm_cmpeq_epi8(a, slash),
					      _mm_or_si128(_mm_cmpeq_epi8(b, slash), _mm_cmpeq_epi8(b, backslash)));
		__m128i hex = _mm_and_si128(_mm_cmpeq_epi8(a, two), _mm_cmpeq_epi8(_mm_or_si128(b, fold), f));
		unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(plain, hex));

		if (mask)
			return i + (unsigned)__builtin_ctz(mask);
	}
#endif
	while (i < s.n && !is_anchor(s, i))
		i++;
	return i;
}

/* The octet that the escape at the front of s stands for, and its length; 0 if it is none that counts. */
static size_t escape(struct slice s, char *c)
{
	size_t digits;
	int high, low;

	if (s.n < 2 || s.p[0] != '\\')
		return 0;
	*c = s.p[1];
	if (s.p[1] == '/')
		return 2;
	digits = s.p[1] == 'x' ? 2 : slice_starts_with(s, SLICE("\\u00")) ? 4 : 0;
	if (!digits || s.n < digits + 2)
		return 0;
	high = ascii_hex_value(s.p[digits]);
	low = ascii_hex_value(s.p[digits + 1]);
	if (high < 0 || low < 0)
		return 0;
	*c = (char)(high * 16 + low);
	return digits + 2;
}

/* The length of a slash, however written, at i; 0 if there is none. */
static size_t slash_at(struct slice s, size_t i)
{
	char c = 0;
	size_t n;

	if (i < s.n && s.p[i] == '/')
		return 1;
	n = escape(slice_from(s, i), &c);
	return c == '/' ? n : 0;
}

static bool ends_with_any(struct slice s, const char *const *suffixes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct slice suffix = slice_str(suffixes[i]);

		if (s.n >= suffix.n && slice_ieq(slice_from(s, s.n - suffix.n), suffix))
			return true;
	}
	return false;
}

static bool ends_with_quote(struct slice s)
{
	static const char *const written[] = {"\\x22",	"\\x27",  "\\x60", "\\u0022", "\\u0027", "\\u0060",
					      "&quot;", "&apos;", "&#34;", "&#39;",   "&#x22;",	 "&#x27;"};
	char last = s.n ? s.p[s.n - 1] : ' ';

	if (last == '"' || last == '\'' || last == '`' || last == '=' || last == '(')
		return true;
	return (ascii_is_digit(last) || last == ';') && ends_with_any(s, written, CG_COUNT(written));
}

/* The octets of the scheme and colon at the end of s; 0 if there are none. */
static size_t scheme_before(struct slice s)
{
	static const char *const schemes[] = {"https", "http", "wss", "ws", "ftp"};
	static const char *const colons[] = {":", "\\x3a", "\\u003a"};
	char last = s.n ? s.p[s.n - 1] : ' ';
	size_t colon = 0;

	if (last != ':' && (last | 0x20) != 'a')
		return 0;
	for (size_t i = 0; i < CG_COUNT(colons) && !colon; i++)
		if (ends_with_any(s, &colons[i], 1))
			colon = strlen(colons[i]);
	for (size_t i = 0; i < CG_COUNT(schemes) && colon; i++)
		if (ends_with_any(slice_head(s, s.n - colon), &schemes[i], 1))
			return strlen(schemes[i]) + colon;
	return 0;
}

/* Whether an octet ends a candidate, a backslash aside. */
static bool is_end(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7F || c == '"' || c == '\'' || c == '`' || c == '<' || c == '>';
}

static bool may_begin_host(struct slice s)
{
	char c = s.n ? s.p[0] : ' ';

	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '[' || c == '_' || c == '%' || (unsigned char)c > 0x7F;
}

/* The octets at the front of s that make one character of a candidate, which *c gets; 0 if the candidate ends. */
static size_t part(struct slice s, bool parenthesis, char *c)
{
	size_t n = 1;

	if (s.n == 0)
		return 0;
	*c = s.p[0];
	if (*c == '\\') {
		n = escape(s, c);
		return n && !is_end(*c) && (unsigned char)*c < 0x7F && *c != '\\' ? n : 0;
	}
	if (is_end(*c) || (*c == ')' && parenthesis) || (*c == ',' && slice_istarts_with(s, SLICE(",http"))))
		return 0;
	return n;
}

static void unescape(struct buffer *scratch, struct script_url *found)
{
	size_t n = 0;
	char *out;

	buffer_clear(scratch);
	out = buffer_reserve(scratch, found->raw.n);
	if (!out)
		return;
	for (struct slice rest = found->raw; rest.n;) {
		size_t length = escape(rest, &out[n]);

		if (!length)
			out[n] = rest.p[0];
		n++;
		rest = slice_from(rest, length ? length : 1);
	}
	buffer_commit(scratch, n);
	found->url = buffer_slice(scratch);
}

/* Reads on from the first slash at `slash`; the candidate begins at `begin`. */
static void read_url(struct slice *rest, size_t begin, size_t slash, struct buffer *scratch, struct script_url *found)
{
	bool parenthesis = begin && rest->p[begin - 1] == '(';
	size_t end = slash, n;
	char c;

	while ((n = part(slice_from(*rest, end), parenthesis, &c)))
		end += n;
	found->url = found->raw = slice_of(rest->p + begin, end - begin);
	*rest = slice_from(*rest, end);
	if (slice_find_char(found->raw, '\\') < found->raw.n)
		unescape(scratch, found);
}

/* Where the slash that ends at an anchor begins; more than the anchor if there is none. */
static size_t slash_begin(struct slice s, size_t anchor)
{
	if (s.p[anchor] == '/')
		return anchor && s.p[anchor - 1] == '\\' ? anchor - 1 : anchor;
	if (anchor >= 2 && slash_at(s, anchor - 2) == strlen("\\x2f"))
		return anchor - 2;
	if (anchor >= 4 && slash_at(s, anchor - 4) == strlen("\\u002f"))
		return anchor - 4;
	return anchor + 1;
}

bool script_urls_next(struct slice *rest, struct buffer *scratch, struct script_url *found)
{
	for (size_t i = 0; (i = next_anchor(*rest, i)) < rest->n;) {
		size_t slash = slash_begin(*rest, i), scheme = 0, n, end;
		bool good;

		if (slash > i++)
			continue;
		end = slash + slash_at(*rest, slash);
		if (!slash_at(*rest, end))
			continue;
		while ((n = slash_at(*rest, end)))
			end += n;
		i = end;
		scheme = scheme_before(slice_head(*rest, slash));
		good = scheme || ends_with_quote(slice_head(*rest, slash));
		if (good && may_begin_host(slice_from(*rest, end))) {
			read_url(rest, slash - scheme, slash, scratch, found);
			return true;
		}
	}
	*rest = slice_from(*rest, rest->n);
	return false;
}

/* ---- imports ---- */

static struct slice skip_blanks(struct slice s)
{
	while (s.n && (unsigned char)s.p[0] <= ' ')
		s = slice_from(s, 1);
	return s;
}

/* Behind a keyword that s begins behind: its string, if it has one. */
static bool import_string(struct slice s, bool call, struct slice *name)
{
	size_t n = 1;

	s = skip_blanks(s);
	if (call && s.n && s.p[0] == '(')
		s = skip_blanks(slice_from(s, 1));
	if (!s.n || (s.p[0] != '"' && s.p[0] != '\'' && s.p[0] != '`'))
		return false;
	while (n < s.n && s.p[n] != s.p[0])
		n += s.p[n] == '\\' ? 2 : 1;
	*name = slice_of(s.p + 1, (n < s.n ? n : s.n) - 1);
	return true;
}

bool script_imports_next(struct slice *rest, struct slice *name)
{
	while (rest->n) {
		size_t m = slice_find_char(*rest, 'm'), n;
		struct slice before = slice_head(*rest, m), after = slice_from(*rest, m + 1);

		*rest = after;
		n = slice_starts_with(after, SLICE("port")) && before.n && before.p[before.n - 1] == 'i'
			    ? strlen("port")
			    : 0;
		if (!n && !(before.n >= 3 && memcmp(before.p + before.n - 3, "fro", 3) == 0))
			continue;
		*rest = slice_from(after, n);
		if (import_string(*rest, n > 0, name)) {
			*rest = slice_from(*rest, (size_t)(name->p + name->n - rest->p));
			return true;
		}
	}
	return false;
}
