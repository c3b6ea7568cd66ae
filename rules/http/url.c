#include "rules/http/url.h"

#include "rules/http/host.h"

void target_split(struct slice target, struct slice *path, struct slice *query, bool *has_query)
{
	*has_query = slice_cut(target, '?', path, query);
}

/* The octet of an escape "%XY" at offset i, or -1 if there is none. */
static int escape_at(struct slice s, size_t i)
{
	int high, low;

	if (s.n - i < 3 || s.p[i] != '%')
		return -1;
	high = ascii_hex_value(s.p[i + 1]);
	low = ascii_hex_value(s.p[i + 2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* RFC 3986 2.3 */
static bool is_unreserved(int c)
{
	return c < 0x80 &&
	       (ascii_is_alpha((char)c) || ascii_is_digit((char)c) || c == '-' || c == '.' || c == '_' || c == '~');
}

static char hex_digit(int v)
{
	return "0123456789ABCDEF"[v & 15];
}

static bool needs_normalising(struct slice path)
{
	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];

		if (c == '%' || c == '\\')
			return true;
		if ((c == '/' || c == '.') && (i == 0 ? c == '.' : path.p[i - 1] == '/'))
			return true;
	}
	return false;
}

/*
 * Writes the path with its escapes normalised and '\' as '/'. A decoded octet must not complete an escape that begins
 * with a stray '%' ("%%41" to "%A"...): then the next pass would read another path. So it is left encoded there.
 */
static size_t decode_unreserved(struct slice s, char *w)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		int octet = escape_at(s, i);
		bool stray = (n >= 1 && w[n - 1] == '%') || (n >= 2 && w[n - 2] == '%');

		if (octet < 0) {
			w[n++] = s.p[i] == '\\' ? '/' : s.p[i];
			continue;
		}
		if (is_unreserved(octet) && !stray) {
			w[n++] = (char)octet;
		} else {
			w[n++] = '%';
			w[n++] = hex_digit(octet >> 4);
			w[n++] = hex_digit(octet);
		}
		i += 2;
	}
	return n;
}

/* Removes empty, "." and ".." segments in place (RFC 3986 5.2.4); returns the new length. */
static size_t remove_dots(char *p, size_t n)
{
	size_t base = n && p[0] == '/', w = base;
	struct slice rest = slice_of(p + base, n - base), segment;

	while (rest.n) {
		bool more = slice_cut(rest, '/', &segment, &rest);

		if (slice_eq(segment, SLICE(".")) || segment.n == 0)
			continue;
		if (slice_eq(segment, SLICE(".."))) {
			w -= w > base; /* the '/' that ends the segment to remove */
			while (w > base && p[w - 1] != '/')
				w--;
			continue;
		}
		memmove(p + w, segment.p, segment.n);
		w += segment.n;
		if (more)
			p[w++] = '/';
	}
	return w;
}

bool path_normalise(struct slice path, struct arena *arena, struct slice *out)
{
	char *p;
	size_t n;

	*out = path;
	if (!needs_normalising(path))
		return true;
	p = arena_alloc(arena, path.n);
	if (!p)
		return false;
	n = remove_dots(p, decode_unreserved(path, p));
	if (!slice_eq(slice_of(p, n), path))
		*out = slice_of(p, n);
	return true;
}

/* Decodes escapes, and '+' to a space if plus; false for a malformed escape. w has room for s.n octets. */
static bool decode(struct slice s, bool plus, char *w, size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < s.n; i++) {
		int octet = escape_at(s, i);

		if (octet < 0 && s.p[i] == '%')
			return false;
		if (octet >= 0)
			i += 2;
		else
			octet = plus && s.p[i] == '+' ? ' ' : s.p[i];
		w[(*n)++] = (char)octet;
	}
	return true;
}

bool percent_decode(struct slice s, struct arena *arena, struct slice *out)
{
	char *p;
	size_t n;

	*out = s;
	if (slice_find_char(s, '%') == s.n)
		return true;
	p = arena_alloc(arena, s.n);
	if (!p || !decode(s, false, p, &n))
		return false;
	*out = slice_of(p, n);
	return true;
}

/* A query being edited. Nothing is allocated until a parameter is refused. */
struct query_edit {
	struct arena *arena;
	struct slice target;
	size_t path;   /* octets before the '?' */
	char *scratch; /* for decoded names; as long as the query; NULL until needed */
	char *text;    /* the new target; NULL: nothing removed yet */
	size_t n;
};

static bool param_read(struct query_edit *e, struct slice raw, struct query_param *p)
{
	size_t n;

	p->raw = raw;
	slice_cut(raw, '=', &p->name, &p->value);
	if (slice_find_char(p->name, '%') == p->name.n && slice_find_char(p->name, '+') == p->name.n)
		return true;
	if (!e->scratch)
		e->scratch = arena_alloc(e->arena, e->target.n);
	if (!e->scratch)
		return false;
	if (decode(p->name, true, e->scratch, &n)) {
		p->name = slice_of(e->scratch, n);
		e->scratch += n; /* names stay valid for the judge's own notes */
	}
	return true;
}

static void put(struct query_edit *e, struct slice raw)
{
	if (raw.n == 0)
		return;
	e->text[e->n] = e->n == e->path ? '?' : '&';
	memcpy(e->text + e->n + 1, raw.p, raw.n);
	e->n += raw.n + 1;
}

/* Starts the new target with what was kept before the parameter that is the first to go. */
static bool begin(struct query_edit *e, const char *until)
{
	struct slice rest = slice_from(e->target, e->path + 1), raw;

	e->text = arena_alloc(e->arena, e->target.n);
	if (!e->text)
		return false;
	if (e->path)
		memcpy(e->text, e->target.p, e->path);
	e->n = e->path;
	while (slice_cut(rest, '&', &raw, &rest), raw.p != until)
		put(e, raw);
	return true;
}

bool target_remove_params(struct slice target, param_judge judge, void *arg, struct arena *arena, struct slice *out)
{
	struct query_edit e = {.arena = arena, .target = target, .path = slice_find_char(target, '?')};
	struct slice rest = slice_from(target, e.path + 1), raw;

	*out = target;
	while (rest.n) {
		struct query_param p;
		bool keep;

		slice_cut(rest, '&', &raw, &rest);
		if (raw.n == 0)
			continue;
		if (!param_read(&e, raw, &p))
			return false;
		keep = judge(arg, &p);
		if (!keep && !e.text && !begin(&e, raw.p))
			return false;
		if (keep && e.text)
			put(&e, raw);
	}
	if (e.text)
		*out = slice_of(e.text, e.n);
	return true;
}

/* Visible ASCII but for what ends or forges a URL elsewhere; browsers do send { } | ^ ` unescaped. */
static bool is_url_octet(char c)
{
	return c > 0x20 && c < 0x7F && c != '"' && c != '<' && c != '>' && c != '\\';
}

static bool take_scheme(struct slice *s, bool *secure)
{
	*secure = slice_istarts_with(*s, SLICE("https://"));
	if (!*secure && !slice_istarts_with(*s, SLICE("http://")))
		return false;
	*s = slice_from(*s, *secure ? 8 : 7);
	return true;
}

static size_t authority_length(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '/' && s.p[n] != '?' && s.p[n] != '#')
		n++;
	return n;
}

bool url_parse(struct slice s, struct url *out)
{
	size_t n;

	for (size_t i = 0; i < s.n; i++)
		if (!is_url_octet(s.p[i]))
			return false;
	if (!take_scheme(&s, &out->secure))
		return false;
	n = authority_length(s);
	out->authority = slice_head(s, n);
	if (!authority_split(out->authority, &out->host, &out->port))
		return false;
	out->has_port = out->port != 0;
	if (!out->has_port)
		out->port = out->secure ? 443 : 80;
	s = slice_from(s, n);
	out->target = slice_head(s, slice_find_char(s, '#'));
	if (out->target.n == 0)
		out->target = SLICE("/");
	return true;
}

struct slice url_target(const struct url *u, struct arena *arena)
{
	const struct slice parts[] = {SLICE("/"), u->target};

	return u->target.p[0] == '/' ? u->target : arena_concat(arena, parts, CG_COUNT(parts));
}
