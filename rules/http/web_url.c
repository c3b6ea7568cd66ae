#include "rules/http/web_url.h"

#include "rules/http/web_host.h"
#include "rules/http/web_path.h"

/* WHATWG URL 3.1, special schemes without file: a page from the network cannot load from file. */
static const struct {
	struct slice name;
	uint16_t port;
} schemes[] = {
	{SLICE_INIT("https"), 443}, {SLICE_INIT("http"), 80}, {SLICE_INIT("wss"), 443},
	{SLICE_INIT("ws"), 80},	    {SLICE_INIT("ftp"), 21},
};

/* One URL being resolved. */
struct resolution {
	const struct web_url *base; /* NULL if there is none to be relative to */
	struct arena *arena;
	struct web_text text;
	size_t origin; /* length of the text at which the path begins */
	bool beyond_ascii;
};

static bool is_slash(char c)
{
	return c == '/' || c == '\\';
}

/* Removed wherever they stand (WHATWG URL 4.4). */
static bool is_removed(char c)
{
	return c == '\t' || c == '\n' || c == '\r';
}

static struct slice trim(struct slice s)
{
	while (s.n && (uint8_t)s.p[s.n - 1] <= ' ')
		s.n--;
	while (s.n && (uint8_t)s.p[0] <= ' ')
		s = slice_from(s, 1);
	return s;
}

static bool remove_breaks(struct slice *s, struct arena *arena)
{
	size_t i = 0, n;
	char *p;

	while (i < s->n && !is_removed(s->p[i]))
		i++;
	if (i == s->n)
		return true;
	p = arena_alloc(arena, s->n);
	if (!p)
		return false;
	memcpy(p, s->p, i);
	for (n = i; i < s->n; i++)
		if (!is_removed(s->p[i]))
			p[n++] = s->p[i];
	*s = slice_of(p, n);
	return true;
}

static bool lower(struct slice *s, struct arena *arena)
{
	char *p;
	size_t i = 0;

	while (i < s->n && !(s->p[i] >= 'A' && s->p[i] <= 'Z'))
		i++;
	if (i == s->n)
		return true;
	p = arena_alloc(arena, s->n);
	if (!p)
		return false;
	for (i = 0; i < s->n; i++)
		p[i] = ascii_lower(s->p[i]);
	*s = slice_of(p, s->n);
	return true;
}

/* The scheme at the front, if s has one: octets before its ':', breaks included; else s.n. */
static size_t scheme_length(struct slice s)
{
	bool any = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (is_removed(c))
			continue;
		if (c == ':' && any)
			return i;
		if (!ascii_is_alpha(c) && !(any && (ascii_is_digit(c) || c == '+' || c == '-' || c == '.')))
			break;
		any = true;
	}
	return s.n;
}

/* Index into schemes, or -1. scheme may hold breaks and capitals. */
static int find_scheme(struct slice scheme)
{
	char name[8];
	size_t n = 0;

	for (size_t i = 0; i < scheme.n; i++) {
		if (is_removed(scheme.p[i]))
			continue;
		if (n == sizeof name)
			return -1;
		name[n++] = ascii_lower(scheme.p[i]);
	}
	for (size_t k = 0; k < sizeof schemes / sizeof *schemes; k++)
		if (slice_eq(slice_of(name, n), schemes[k].name))
			return (int)k;
	return -1;
}

/* The parts of a normalised text. */
static void split(struct slice text, size_t origin, struct web_url *out)
{
	struct slice rest, authority;
	size_t host_at, colon;
	uint64_t port;
	int k;

	*out = (struct web_url){.kind = WEB_URL_NETWORK, .text = text, .origin = slice_head(text, origin)};
	out->scheme = slice_head(text, slice_find_char(text, ':'));
	k = find_scheme(out->scheme);
	out->port = schemes[k].port;
	host_at = out->scheme.n + 3;
	authority = slice_of(text.p + host_at, origin - host_at);
	colon = authority.p[0] == '[' ? slice_find_char(authority, ']') + 1 : slice_find_char(authority, ':');
	out->host = slice_head(authority, colon);
	if (colon < authority.n && slice_to_u64(slice_from(authority, colon + 1), UINT16_MAX, &port))
		out->port = (uint16_t)port;
	if (authority.p[0] == '[')
		out->host = slice_of(authority.p + 1, colon - 2);
	rest = slice_from(text, origin);
	out->has_query = slice_cut(rest, '?', &out->path, &out->query);
}

/* Octets of the front of s that are a host in normal form, judged without looking anything up; 0 if unsure. */
static size_t plain_host(struct slice s)
{
	size_t i = 0, label = 0;

	for (; i < s.n && s.p[i] != '/'; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !ascii_is_digit(c) && c != '-' && c != '_' && c != '.')
			return 0;
		if (c == '.')
			label = i + 1;
	}
	/* A last label that begins with a digit may be part of an address; an empty one is a trailing dot. */
	return i < s.n && label < i && !ascii_is_digit(s.p[label]) ? i : 0;
}

/*
 * Octets of s from i on that are a path and query in normal form: up to the end or a fragment, where breaks are of no
 * interest. Errs on the side of "no".
 */
static bool is_normal_target(struct slice s, size_t i, size_t *end)
{
	for (; i < s.n && web_path_octet(s.p[i]); i++)
		if (s.p[i] == '/' && i + 1 < s.n && (s.p[i + 1] == '.' || s.p[i + 1] == '%'))
			return false;
	if (i < s.n && s.p[i] == '?')
		while (i < s.n && web_query_octet(s.p[i]))
			i++;
	*end = i;
	return i == s.n || s.p[i] == '#';
}

/*
 * The usual case: s is in normal form as it stands. *origin and *end (before the fragment) are set then. Errs on the
 * side of "no".
 */
static bool is_normal(struct slice s, size_t *origin, size_t *end)
{
	size_t i = slice_starts_with(s, SLICE("https://")) ? 8 : slice_starts_with(s, SLICE("http://")) ? 7 : 0;
	size_t host = i ? plain_host(slice_from(s, i)) : 0;

	if (host == 0)
		return false;
	*origin = i + host;
	return is_normal_target(s, *origin, end);
}

/* The next usual case: path and query in normal form, at base's origin. False if it is another, or without memory. */
static bool at_origin(struct slice s, const struct web_url *base, struct arena *arena, struct web_url *out)
{
	struct slice text, rest;
	size_t end;

	if (s.n == 0 || s.p[0] != '/' || (s.n > 1 && is_slash(s.p[1])) || !is_normal_target(s, 0, &end))
		return false;
	text = arena_concat(arena, (struct slice[]){base->origin, slice_head(s, end)}, 2);
	if (text.n == 0)
		return false;
	*out = *base;
	out->text = text;
	out->origin = slice_head(text, base->origin.n);
	out->scheme = slice_head(text, base->scheme.n);
	out->host = slice_of(text.p + (base->host.p - base->text.p), base->host.n);
	rest = slice_from(text, base->origin.n);
	out->has_query = slice_cut(rest, '?', &out->path, &out->query);
	return true;
}

/* Likewise host, path and query in normal form, by base's scheme. */
static bool at_scheme(struct slice s, const struct web_url *base, struct arena *arena, struct web_url *out)
{
	size_t host = slice_starts_with(s, SLICE("//")) ? plain_host(slice_from(s, 2)) : 0, end;
	struct slice text;

	if (host == 0 || !is_normal_target(s, 2 + host, &end))
		return false;
	text = arena_concat(arena, (struct slice[]){base->scheme, SLICE(":"), slice_head(s, end)}, 3);
	if (text.n == 0)
		return false;
	split(text, base->scheme.n + 3 + host, out);
	return true;
}

static bool begin_text(struct resolution *r, size_t size)
{
	r->text = (struct web_text){arena_alloc(r->arena, size), 0, size};
	return r->text.p != NULL;
}

/* s: path and query behind the authority; begins with a slash, '?', or is empty. */
static void add_target(struct resolution *r, struct slice s)
{
	struct slice path, query;
	bool has_query = slice_cut(s, '?', &path, &query);

	if (path.n && is_slash(path.p[0]))
		path = slice_from(path, 1);
	web_path_add(&r->text, r->origin, path);
	if (has_query)
		web_query_add(&r->text, query);
}

/* False for what is no port (WHATWG URL 4.4, "port state"). *port 0 for none, or the scheme's own. */
static bool parse_port(struct slice s, int scheme, unsigned *port)
{
	uint64_t v = 0;

	*port = 0;
	while (s.n > 1 && s.p[0] == '0')
		s = slice_from(s, 1);
	if (s.n && !slice_to_u64(s, UINT16_MAX, &v))
		return false;
	*port = s.n && v != schemes[scheme].port ? (unsigned)v + 1 : 0;
	return true;
}

/* Writes scheme://host[:port]; an invalid authority leaves the text empty. */
static bool add_origin(struct resolution *r, int scheme, struct slice authority, size_t room)
{
	size_t at = authority.n, colon;
	struct slice host, digits;
	char port_text[8];
	unsigned port;

	while (at > 0 && authority.p[at - 1] != '@')
		at--;
	authority = slice_from(authority, at); /* userinfo ends at the last '@' */
	colon = authority.n && authority.p[0] == '[' ? slice_find_char(authority, ']') : 0;
	colon += slice_find_char(slice_from(authority, colon), ':');
	if (!parse_port(slice_from(authority, colon + 1), scheme, &port))
		return true;
	if (!web_host_parse(slice_head(authority, colon), r->arena, &host))
		return false;
	if (host.n == 0)
		return true;
	if (!begin_text(r, schemes[scheme].name.n + 3 + host.n + sizeof port_text + room))
		return false;
	web_text_add(&r->text, schemes[scheme].name);
	web_text_add(&r->text, SLICE("://"));
	web_text_add(&r->text, host);
	if (port) {
		digits = arena_printf(r->arena, ":%u", port - 1);
		web_text_add(&r->text, digits);
	}
	r->origin = r->text.n;
	return !arena_failed(r->arena);
}

/* s stands behind "scheme:" and names an authority after any number of slashes. */
static bool resolve_authority(struct resolution *r, int scheme, struct slice s)
{
	size_t end = 0;

	while (s.n && is_slash(s.p[0]))
		s = slice_from(s, 1);
	for (; end < s.n && !is_slash(s.p[end]) && s.p[end] != '?'; end++)
		r->beyond_ascii |= (unsigned char)s.p[end] >= 0x80;
	if (!add_origin(r, scheme, slice_head(s, end), web_text_size(slice_from(s, end))))
		return false;
	if (r->text.n)
		add_target(r, slice_from(s, end));
	return true;
}

/* WHATWG URL 4.4, "relative state", without fragment. */
static bool resolve_relative(struct resolution *r, struct slice s)
{
	const struct web_url *base = r->base;

	if (!begin_text(r, base->text.n + web_text_size(s)))
		return false;
	r->beyond_ascii = base->beyond_ascii;
	r->origin = base->origin.n;
	if (s.n && is_slash(s.p[0])) {
		web_text_add(&r->text, base->origin);
		add_target(r, s);
		return true;
	}
	web_text_add(&r->text, base->origin);
	web_text_add(&r->text, base->path);
	if (s.n == 0) {
		if (base->has_query)
			web_query_add(&r->text, base->query);
	} else if (s.p[0] == '?') {
		web_query_add(&r->text, slice_from(s, 1));
	} else {
		web_path_shorten(&r->text, r->origin);
		add_target(r, s);
	}
	return true;
}

/* scheme: index, or -1 if s has none. s is what stands behind the scheme's ':', without breaks and fragment. */
static bool resolve(struct resolution *r, int scheme, struct slice s)
{
	bool authority = s.n > 1 && is_slash(s.p[0]) && is_slash(s.p[1]);
	int inherited = r->base ? find_scheme(r->base->scheme) : -1;

	if (scheme < 0 && inherited < 0)
		return true;
	if (!authority && (scheme < 0 || scheme == inherited))
		return resolve_relative(r, s);
	return resolve_authority(r, scheme < 0 ? inherited : scheme, s);
}

static bool other_scheme(struct slice scheme, struct arena *arena, struct web_url *out)
{
	if (!remove_breaks(&scheme, arena) || !lower(&scheme, arena))
		return false;
	out->kind = WEB_URL_OTHER;
	out->scheme = scheme;
	return true;
}

bool web_url_parse(struct slice s, const struct web_url *base, struct arena *arena, struct web_url *out)
{
	struct resolution r = {.base = base && base->kind == WEB_URL_NETWORK ? base : NULL, .arena = arena};
	size_t origin, end;
	int scheme = -1;

	*out = (struct web_url){.kind = WEB_URL_INVALID};
	s = trim(s);
	if (is_normal(s, &origin, &end)) {
		split(slice_head(s, end), origin, out);
		return true;
	}
	if (r.base && (at_origin(s, base, arena, out) || at_scheme(s, base, arena, out)))
		return true;
	end = scheme_length(s);
	if (end < s.n) {
		scheme = find_scheme(slice_head(s, end));
		if (scheme < 0)
			return other_scheme(slice_head(s, end), arena, out);
		s = slice_from(s, end + 1);
	}
	s = slice_head(s, slice_find_char(s, '#'));
	if (!remove_breaks(&s, arena) || !resolve(&r, scheme, s))
		return false;
	if (r.text.n)
		split(slice_of(r.text.p, r.text.n), r.origin, out);
	out->beyond_ascii = r.beyond_ascii;
	return true;
}
