/*
 * The tokenizer of CSS Syntax 3, section 4.3, as far as URLs need it: numbers are read as names (a unit "url" behind a
 * number is no url()), what is neither name, string, bracket nor comment is skipped octet by octet.
 */
#include "rules/html/css_urls.h"

/* What octets are: N in names, B blank, M what every URL has in it or in front of it, 0 nothing of that. */
enum { N = 1, B, M };
/* clang-format off */
static const unsigned char classes[256] = {
	N, 0, 0, 0, 0, 0, 0, 0, 0, B, B, 0, B, B, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	B, 0, M, 0, 0, 0, 0, M, M, 0, 0, 0, 0, N, 0, 0, N, N, N, N, N, N, N, N, N, N, 0, 0, 0, 0, 0, 0,
	M, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, 0, M, 0, 0, N,
	0, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, 0, 0, 0, 0, 0,
	N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
	N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
	N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
	N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
};
/* clang-format on */

static bool is_newline(char c)
{
	return c == '\n' || c == '\r' || c == '\f';
}

static bool is_blank(char c)
{
	return classes[(unsigned char)c] == B;
}

static bool is_name(char c)
{
	return classes[(unsigned char)c] == N;
}

static char octet(struct slice s, size_t i)
{
	return i < s.n ? s.p[i] : ' ';
}

/* ---- escapes ---- */

/* The octets of the escape whose backslash stands at i; 0 if it is none. At the end of the text it is one. */
static size_t escape_length(struct slice s, size_t i)
{
	size_t n = 1;

	if (i + 1 >= s.n)
		return 1;
	if (is_newline(s.p[i + 1]))
		return 0;
	while (n <= 6 && i + n < s.n && ascii_hex_value(s.p[i + n]) >= 0)
		n++;
	if (n == 1)
		return 2;
	if (i + n + 1 < s.n && s.p[i + n] == '\r' && s.p[i + n + 1] == '\n')
		return n + 2;
	return i + n < s.n && is_blank(s.p[i + n]) ? n + 1 : n;
}

/* Writes a character in UTF-8, at most four octets; returns how many. */
static size_t put(uint32_t c, char *out)
{
	if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
		c = 0xFFFD;
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xC0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xE0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3F));
	out[2] = (char)(0x80 | (c >> 6 & 0x3F));
	out[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

/* The character that stands at i without an escape, or behind a backslash: one octet of it, U+FFFD for NUL. */
static size_t put_octet(char c, char *out)
{
	if (c == 0)
		return put(0, out);
	out[0] = c;
	return 1;
}

/* What one escape, or one octet that is none, means; at most four octets. Returns the octets read. */
static size_t decode_one(struct slice s, size_t i, char *out, size_t *written)
{
	size_t n = s.p[i] == '\\' ? escape_length(s, i) : 1;
	uint32_t c = 0;

	if (n == 0) { /* a line that goes on, in a string */
		*written = 0;
		return s.p[i + 1] == '\r' && octet(s, i + 2) == '\n' ? 3 : 2;
	}
	if (n == 1) {
		*written = put_octet(s.p[i] == '\\' ? 0 : s.p[i], out);
		return n;
	}
	if (ascii_hex_value(s.p[i + 1]) < 0) {
		*written = put_octet(s.p[i + 1], out);
		return n;
	}
	for (size_t k = i + 1; k < i + n && ascii_hex_value(s.p[k]) >= 0; k++)
		c = c * 16 + (uint32_t)ascii_hex_value(s.p[k]);
	*written = put(c, out);
	return n;
}

/* What raw means: raw itself if it holds no escapes. */
static struct slice decode(struct slice raw, struct buffer *scratch)
{
	size_t i = 0;

	if (!memchr(raw.p, '\\', raw.n) && !memchr(raw.p, 0, raw.n))
		return raw;
	buffer_clear(scratch);
	while (i < raw.n) {
		char out[4];
		size_t n;

		i += decode_one(raw, i, out, &n);
		if (!buffer_add(scratch, slice_of(out, n)))
			return raw;
	}
	return buffer_slice(scratch);
}

/* Whether the name that raw writes begins with a text in lower case; *whole: and is no longer. */
static bool name_begins(struct slice raw, const char *text, bool *whole)
{
	size_t i = 0;

	for (; *text && i < raw.n; text++) {
		char out[4];
		size_t n;

		i += decode_one(raw, i, out, &n);
		if (n != 1 || ascii_lower(out[0]) != *text)
			return false;
	}
	*whole = i == raw.n;
	return !*text;
}

static bool name_is(struct slice raw, const char *name)
{
	bool whole;

	return name_begins(raw, name, &whole) && whole;
}

/* ---- where tokens end ---- */

static size_t name_end(struct slice s, size_t i)
{
	while (i < s.n) {
		size_t n = is_name(s.p[i]) ? 1 : s.p[i] == '\\' ? escape_length(s, i) : 0;

		if (!n)
			break;
		i += n;
	}
	return i;
}

/* Behind the comment at i, or i if there is none. */
static size_t comment_end(struct slice s, size_t i)
{
	struct slice rest;
	size_t n;

	if (octet(s, i) != '/' || octet(s, i + 1) != '*')
		return i;
	rest = slice_from(s, i + 2);
	n = slice_find(rest, SLICE("*/"));
	return n == rest.n ? s.n : i + 2 + n + 2;
}

static size_t blanks_end(struct slice s, size_t i)
{
	while (i < s.n && is_blank(s.p[i]))
		i++;
	return i;
}

/* What lies between the quote at i and its other one. *end: behind that, or of what there is of a bad string. */
static bool read_string(struct slice s, size_t i, struct slice *content, size_t *end)
{
	size_t begin = i + 1, at = begin;

	while (at < s.n && s.p[at] != s.p[i]) {
		char out[4];
		size_t n;

		if (is_newline(s.p[at])) {
			*end = at;
			return false;
		}
		if (s.p[at] == '\\' && at + 1 == s.n)
			break;
		at += s.p[at] == '\\' ? decode_one(s, at, out, &n) : 1;
	}
	*content = slice_of(s.p + begin, at - begin);
	*end = at < s.n && s.p[at] == s.p[i] ? at + 1 : s.n;
	return true;
}

static bool ends_unquoted(char c)
{
	return c == '"' || c == '\'' || c == '(' || (c > 0 && c < ' ') || c == 0x7F;
}

/* The same for what stands in url( ... ) without quotes, from i on. */
static bool read_unquoted(struct slice s, size_t i, struct slice *content, size_t *end)
{
	size_t begin = blanks_end(s, i), at = begin;

	while (at < s.n && s.p[at] != ')' && !is_blank(s.p[at]) && !ends_unquoted(s.p[at])) {
		size_t n = s.p[at] == '\\' ? escape_length(s, at) : 1;

		if (!n)
			break;
		at += n;
	}
	*content = slice_of(s.p + begin, at - begin);
	*end = blanks_end(s, at);
	if (*end == s.n)
		return true;
	if (s.p[*end] == ')') {
		++*end;
		return true;
	}
	for (at = *end; at < s.n && s.p[at] != ')';) {
		size_t n = s.p[at] == '\\' ? escape_length(s, at) : 0;

		at += n ? n : 1;
	}
	*end = at < s.n ? at + 1 : at;
	return false;
}

/* ---- the text ---- */

/* Whether the mark at i may be that of a URL; strings are those of custom properties only if there are any. */
static bool is_mark(struct slice s, size_t i, bool has_custom)
{
	switch (s.p[i]) {
	case '(': /* of url( or image-set( */
		return i > 2 &&
		       ((s.p[i - 1] | 0x20) == 'l' || ((s.p[i - 1] | 0x20) == 't' && (s.p[i - 2] | 0x20) == 'e'));
	case '@':
		return (octet(s, i + 1) | 0x20) == 'i';
	case '\\':
		return true;
	default:
		return has_custom;
	}
}

/* Much quicker than to read a text that holds none, as most <style> do. */
static bool may_hold_urls(struct slice s)
{
	bool has_custom = slice_find(s, SLICE("--")) < s.n;

	for (size_t i = 0; i < s.n; i++)
		if (classes[(unsigned char)s.p[i]] == M && is_mark(s, i, has_custom))
			return true;
	return false;
}

void css_urls_init(struct css_urls *it, struct slice text)
{
	*it = (struct css_urls){.text = text, .at = may_hold_urls(text) ? 0 : text.n};
}

/* Gives a URL, if it stands where one is loaded. */
static bool give(struct css_urls *it, size_t begin, size_t end, struct slice content, struct buffer *scratch,
		 struct css_url *found)
{
	if (it->rule == CSS_RULE_NAMESPACE || it->skimming)
		return false;
	found->kind = it->rule == CSS_RULE_IMPORT ? CSS_URL_IMPORT : it->font_face ? CSS_URL_FONT : CSS_URL_OTHER;
	found->raw = slice_of(it->text.p + begin, end - begin);
	found->url = decode(content, scratch);
	if (it->rule == CSS_RULE_IMPORT)
		it->rule = CSS_RULE_NONE;
	return true;
}

/* Takes blanks, and names that mean nothing, off the front quickly. */
static void skip_plain(struct css_urls *it)
{
	const char *p = it->text.p;
	size_t i = it->at, n = it->text.n;

	while (i < n) {
		size_t begin = i = blanks_end(it->text, i);

		while (i < n && is_name(p[i]))
			i++;
		if (i == begin || p[begin] == '-' || (i < n && (p[i] == '(' || p[i] == '\\'))) {
			i = begin;
			break;
		}
		if (it->rule == CSS_RULE_IMPORT)
			it->rule = CSS_RULE_NONE;
	}
	it->at = i;
}

static bool step(struct css_urls *it, struct buffer *scratch, struct css_url *found);

/* Behind the parenthesis that closes the function whose arguments go on at `at`. */
static size_t function_end(struct slice text, size_t at, struct buffer *scratch)
{
	struct css_urls inner = {.text = text, .at = at, .parens = 1, .skimming = true};
	struct css_url none;

	while (inner.parens) {
		skip_plain(&inner);
		if (inner.at == text.n)
			break;
		(void)step(&inner, scratch, &none);
	}
	return inner.at;
}

/* url(, whose name begins at begin, and the quote behind it. */
static bool quoted_url(struct css_urls *it, size_t begin, size_t quote, struct buffer *scratch, struct css_url *found)
{
	struct slice content;
	bool good = read_string(it->text, quote, &content, &it->at);

	if (!good || it->skimming) {
		it->parens++;
		return false;
	}
	it->at = function_end(it->text, it->at, scratch);
	return give(it, begin, it->at, content, scratch, found);
}

static bool url_function(struct css_urls *it, size_t begin, size_t arguments, struct buffer *scratch,
			 struct css_url *found)
{
	size_t first = blanks_end(it->text, arguments);
	struct slice content;
	bool good;

	if (octet(it->text, first) == '"' || octet(it->text, first) == '\'')
		return quoted_url(it, begin, first, scratch, found);
	good = read_unquoted(it->text, arguments, &content, &it->at);
	return good && give(it, begin, it->at, content, scratch, found);
}

static bool read_name(struct css_urls *it, size_t begin, struct buffer *scratch, struct css_url *found)
{
	size_t end = name_end(it->text, begin);
	struct slice name = slice_of(it->text.p + begin, end - begin);
	bool whole;

	it->at = end;
	if (octet(it->text, end) == '(') {
		it->at++;
		if (name_is(name, "url"))
			return url_function(it, begin, it->at, scratch, found);
		it->parens++;
		if (name_is(name, "image-set") || name_is(name, "-webkit-image-set"))
			it->set = it->parens;
	} else if (it->property != CSS_PROPERTY_CUSTOM && name_begins(name, "--", &whole)) {
		it->property = CSS_PROPERTY_NAMED;
	}
	if (it->rule == CSS_RULE_IMPORT)
		it->rule = CSS_RULE_NONE;
	return false;
}

static void read_at_keyword(struct css_urls *it)
{
	size_t begin = it->at;
	struct slice name;

	it->at = name_end(it->text, begin);
	name = slice_of(it->text.p + begin, it->at - begin);
	it->rule = name_is(name, "import")	? CSS_RULE_IMPORT
		   : name_is(name, "namespace") ? CSS_RULE_NAMESPACE
		   : name_is(name, "font-face") ? CSS_RULE_FONT_FACE
		   : name_is(name, "property")	? CSS_RULE_VALUES
		   : name_is(name, "function")	? CSS_RULE_VALUES
						: CSS_RULE_NONE;
}

/* Whether the string at `begin` is in type(), within image-set(). */
static bool is_type(struct slice text, size_t begin)
{
	static const struct slice type = SLICE_INIT("type(");

	while (begin && is_blank(text.p[begin - 1]))
		begin--;
	return begin >= type.n && slice_ieq(slice_of(text.p + begin - type.n, type.n), type);
}

static bool read_text_string(struct css_urls *it, size_t begin, struct buffer *scratch, struct css_url *found)
{
	struct slice content;
	bool loads = it->rule == CSS_RULE_IMPORT || it->property == CSS_PROPERTY_CUSTOM || it->values ||
		     (it->set && it->parens >= it->set && !is_type(it->text, begin));

	if (read_string(it->text, begin, &content, &it->at) && loads)
		return give(it, begin, it->at, content, scratch, found);
	if (it->rule == CSS_RULE_IMPORT)
		it->rule = CSS_RULE_NONE;
	return false;
}

/* Brackets, and what ends declarations and the front of rules. */
static void read_delimiter(struct css_urls *it, char c)
{
	enum css_urls_property property = it->property == CSS_PROPERTY_CUSTOM ? CSS_PROPERTY_CUSTOM : CSS_PROPERTY_NONE;
	bool ends = false;

	switch (c) {
	case '(':
		it->parens++;
		break;
	case ')':
		if (it->set == it->parens)
			it->set = 0;
		it->parens -= it->parens > 0;
		break;
	case '{':
		it->braces++;
		if (it->rule == CSS_RULE_FONT_FACE)
			it->font_face = it->braces;
		if (it->rule == CSS_RULE_VALUES)
			it->values = it->braces;
		ends = true;
		break;
	case '}':
		if (it->font_face == it->braces)
			it->font_face = 0;
		if (it->values == it->braces)
			it->values = 0;
		it->braces -= it->braces > 0;
		ends = true;
		break;
	case ':':
		if (it->property == CSS_PROPERTY_NAMED)
			property = CSS_PROPERTY_CUSTOM;
		break;
	case ';':
		ends = true;
	}
	it->property = ends ? CSS_PROPERTY_NONE : property;
	if (ends || it->rule == CSS_RULE_IMPORT)
		it->rule = CSS_RULE_NONE;
}

/* Reads a token that is no blank; true if it gave a URL. Calls itself once at most, to skim. */
static bool step(struct css_urls *it, struct buffer *scratch, struct css_url *found)
{
	struct slice s = it->text;
	size_t i = it->at++;
	char c = s.p[i];

	switch (c) {
	case '"':
	case '\'':
		return read_text_string(it, i, scratch, found);
	case '@':
		read_at_keyword(it);
		return false;
	case '/':
		it->at = comment_end(s, i);
		if (it->at > i)
			return false;
		it->at++;
		break;
	case '#':
		it->at = name_end(s, i + 1);
		break;
	case '<':
		if (slice_starts_with(slice_from(s, i), SLICE("<!--")))
			it->at = i + 4;
		break;
	default:
		if (is_name(c) || (c == '\\' && escape_length(s, i)))
			return read_name(it, i, scratch, found);
	}
	read_delimiter(it, c);
	return false;
}

bool css_urls_next(struct css_urls *it, struct buffer *scratch, struct css_url *found)
{
	for (skip_plain(it); it->at < it->text.n; skip_plain(it))
		if (step(it, scratch, found))
			return true;
	return false;
}
