/* The scripts of leak.h: what looks like a URL, or in quotes like a host, is taken for one. */
#include "rules/base/attributes.h"
#include "rules/filter/filter.h"
#include "rules/harness/leak.h"

static bool is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_';
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'' || c == '`';
}

static bool ends_url(char c)
{
	return (unsigned char)c <= ' ' || is_quote(c) || c == '<' || c == '>' || c == ')' || c == '\\' || c == ';' ||
	       c == ',' || c == '|';
}

/* Octets of an escape at s that stands for '/': \/ \x2f / ; 0 if there is none. */
static size_t slash_escape(struct slice s)
{
	static const char *const escapes[] = {"\\/", "\\x2f", "\\u002f"};

	for (size_t i = 0; i < CG_COUNT(escapes); i++)
		if (slice_istarts_with(s, slice_str(escapes[i])))
			return slice_str(escapes[i]).n;
	return 0;
}

/* Without escapes of slashes, as in JSON. */
static struct slice unescaped(struct slice text, struct arena *arena)
{
	char *out;
	size_t n = 0, skip;

	if (slice_find_char(text, '\\') == text.n)
		return text;
	out = arena_alloc(arena, text.n);
	if (!out)
		return text;
	for (size_t i = 0; i < text.n; i += skip ? skip : 1) {
		skip = slash_escape(slice_from(text, i));
		out[n++] = skip ? '/' : text.p[i];
	}
	return slice_of(out, n);
}

/* Where the scheme in front of "://" begins; at itself if none does. */
static size_t scheme_begin(struct slice text, size_t at)
{
	size_t from = at;

	while (from > 0 && ((text.p[from - 1] >= 'a' && text.p[from - 1] <= 'z') ||
			    (text.p[from - 1] >= 'A' && text.p[from - 1] <= 'Z')))
		from--;
	return from;
}

/* text.p[at] is the first of two slashes. */
static void url_at(struct leaks *l, const struct web_url *base, struct slice text, size_t at, struct slice what)
{
	size_t from = at, to = at + 2;

	if (at > 0 && text.p[at - 1] == ':')
		from = scheme_begin(text, at - 1);
	if (at == 0 || (!is_quote(text.p[at - 1]) && from + 1 >= at))
		return; /* a comment, or the middle of something */
	if (to >= text.n || !is_host_char(text.p[to]))
		return;
	while (to < text.n && !ends_url(text.p[to]))
		to++;
	leaks_url(l, base, slice_of(text.p + from, to - from), FILTER_ANY, what);
}

/* 'www.example.com', with a path perhaps: which host it is counts alone, as it may be anything. */
static void quoted_host_at(struct leaks *l, const struct web_url *base, struct slice text, size_t at, struct slice what)
{
	size_t to = at + 1, dots = 0;

	if (to < text.n && text.p[to] == '.') /* "./a" */
		return;
	while (to < text.n && is_host_char(text.p[to]))
		dots += text.p[to++] == '.';
	if (!dots || to >= text.n || (text.p[to] != text.p[at] && text.p[to] != '/'))
		return;
	leaks_url(l, base, arena_printf(l->arena, "https://%.*s/", SLICE_ARG(slice_of(text.p + at + 1, to - at - 1))),
		  FILTER_ANY, what);
}

void leaks_script(struct leaks *l, const struct web_url *base, struct slice text, struct slice what)
{
	text = unescaped(text, l->arena);
	for (size_t i = 0; i + 2 < text.n; i++) {
		if (text.p[i] == '/' && text.p[i + 1] == '/')
			url_at(l, base, text, i, what);
		else if (is_quote(text.p[i]))
			quoted_host_at(l, base, text, i, what);
	}
}
