#include "tests/support/filter_naive.h"

#include "rules/http/host.h"

#define STATES 4096

/* A line as this file understands it. */
struct naive {
	bool rule, exception, important, match_case, bad, third, first, host, start, end;
	unsigned types;
	struct slice pattern, domains;
};

static bool separator(char c)
{
	return strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.%", c) == NULL &&
	       (unsigned char)c < 128;
}

static char fold(char c, bool match_case)
{
	return match_case ? c : ascii_lower(c);
}

/*
 * All positions of the pattern that may be reached, as a set. Each octet of the URL moves the set on; stars let states
 * stay. At the end of the URL "^" may be passed without an octet.
 */
static void spread(bool *set, struct slice pattern, bool at_end)
{
	for (size_t i = 0; i < pattern.n; i++)
		if (set[i] && (pattern.p[i] == '*' || (at_end && pattern.p[i] == '^')))
			set[i + 1] = true;
}

static bool may_begin(const struct naive *l, const struct web_url *u, size_t at)
{
	size_t host = u->scheme.n + 3;

	if (l->host)
		return at == host || (at > host && at <= u->origin.n && u->text.p[at - 1] == '.');
	return !l->start || at == 0;
}

static bool fits(const struct naive *l, const struct web_url *u)
{
	static bool now[STATES + 1], next[STATES + 1];
	size_t n = l->pattern.n;

	if (n > STATES)
		return false;
	memset(now, 0, sizeof now);
	for (size_t at = 0; at <= u->text.n; at++) {
		now[0] |= may_begin(l, u, at);
		spread(now, l->pattern, at == u->text.n);
		if (now[n] && (!l->end || at == u->text.n))
			return true;
		if (at == u->text.n)
			return false;
		memset(next, 0, n + 1);
		for (size_t i = 0; i < n; i++) {
			char p = l->pattern.p[i], c = u->text.p[at];

			if (!now[i])
				continue;
			if (p == '*')
				next[i] = true;
			else if (p == '^' ? separator(c) : fold(p, l->match_case) == fold(c, l->match_case))
				next[i + 1] = true;
		}
		memcpy(now, next, n + 1);
	}
	return false;
}

/* The longest domain that fits the page says whether; a tie is an exclusion. */
static bool page_fits(struct slice domains, struct slice page)
{
	size_t longest = 0;
	bool included = true, said = false;

	for (struct slice rest = domains, d; rest.n; slice_cut(rest, '|', &d, &rest))
		if (rest.p[0] != '~')
			included = false;
	for (struct slice rest = domains, d; rest.n;) {
		bool out;

		slice_cut(rest, '|', &d, &rest);
		out = d.p[0] == '~';
		d = slice_from(d, out);
		if (!(slice_ieq(page, d) || (page.n > d.n && page.p[page.n - d.n - 1] == '.' &&
					     slice_ieq(slice_from(page, page.n - d.n), d))))
			continue;
		if (!said || d.n > longest || (d.n == longest && out))
			included = !out;
		longest = d.n > longest ? d.n : longest;
		said = true;
	}
	return included;
}

static bool third_party(struct slice a, struct slice b)
{
	struct slice x = host_registrable(a), y = host_registrable(b);

	return !slice_eq(a, b) && (x.n == 0 || !slice_eq(x, y));
}

static unsigned type_of(struct slice name)
{
	static const struct {
		const char *name;
		unsigned type;
	} t[] = {{"script", FILTER_SCRIPT},
		 {"image", FILTER_IMAGE},
		 {"stylesheet", FILTER_STYLESHEET},
		 {"css", FILTER_STYLESHEET},
		 {"object", FILTER_OBJECT},
		 {"subdocument", FILTER_SUBDOCUMENT},
		 {"frame", FILTER_SUBDOCUMENT},
		 {"xmlhttprequest", FILTER_XMLHTTPREQUEST},
		 {"xhr", FILTER_XMLHTTPREQUEST},
		 {"media", FILTER_MEDIA},
		 {"font", FILTER_FONT},
		 {"ping", FILTER_PING},
		 {"beacon", FILTER_PING},
		 {"websocket", FILTER_WEBSOCKET},
		 {"other", FILTER_OTHER},
		 {"popup", FILTER_POPUP},
		 {"document", FILTER_DOCUMENT},
		 {"doc", FILTER_DOCUMENT},
		 {"all", FILTER_ALL}};

	for (size_t i = 0; i < CG_COUNT(t); i++)
		if (slice_ieq(name, slice_str(t[i].name)))
			return t[i].type;
	return 0;
}

static bool is(struct slice s, const char *a, const char *b)
{
	return slice_ieq(s, slice_str(a)) || slice_ieq(s, slice_str(b));
}

/* False for an option that is not known. */
static bool option(struct slice o, struct naive *l, unsigned *positive, unsigned *negative)
{
	bool not = o.n && o.p[0] == '~';
	struct slice name = slice_from(o, not );
	unsigned type = type_of(name);

	if (type)
		*(not ? negative : positive) |= type;
	else if (is(name, "third-party", "3p"))
		*(not ? &l->first : &l->third) = true;
	else if (is(name, "first-party", "1p"))
		*(not ? &l->third : &l->first) = true;
	else if (not )
		return false;
	else if (is(name, "important", "important"))
		l->important = true;
	else if (is(name, "match-case", "match-case"))
		l->match_case = true;
	else if (is(name, "badfilter", "badfilter"))
		l->bad = true;
	else if (slice_istarts_with(name, SLICE("domain=")) && l->domains.n == 0)
		l->domains = slice_from(name, 7);
	else
		return false;
	return true;
}

static bool options(struct slice text, struct naive *l)
{
	unsigned positive = 0, negative = 0;

	for (;;) {
		struct slice o;
		bool more = slice_cut(text, ',', &o, &text);

		if (!option(o, l, &positive, &negative))
			return false;
		if (!more)
			break;
	}
	l->types = (positive ? positive : FILTER_ANY) & ~negative;
	return !(l->third && l->first);
}

static struct slice bare(struct slice s)
{
	while (s.n && strchr(" \t\r", s.p[s.n - 1]))
		s.n--;
	while (s.n && strchr(" \t\r", s.p[0]))
		s = slice_from(s, 1);
	return s;
}

static void anchors(struct slice s, struct naive *l)
{
	l->host = slice_starts_with(s, SLICE("||"));
	l->start = !l->host && slice_starts_with(s, SLICE("|"));
	s = slice_from(s, l->host ? 2 : l->start);
	l->end = slice_ends_with(s, SLICE("|"));
	l->pattern = slice_head(s, s.n - l->end);
}

static size_t stars(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] == '*')
		n++;
	return n;
}

/* Lines in the forms that tests write: rules with one '$' at most, comments, and nothing that only looks like one. */
static struct naive understand(struct slice line)
{
	struct naive l = {.types = FILTER_ANY};
	struct slice pattern, rest;
	bool has_options;

	line = bare(line);
	if (line.n == 0 || line.p[0] == '!' || line.p[0] == '[' || slice_find(line, SLICE("##")) < line.n)
		return l;
	l.exception = slice_starts_with(line, SLICE("@@"));
	line = slice_from(line, l.exception ? 2 : 0);
	has_options = slice_cut(line, '$', &pattern, &rest);
	if (has_options && !options(rest, &l))
		return l;
	if (pattern.n > 2 && pattern.p[0] == '/' && pattern.p[pattern.n - 1] == '/')
		return l;
	anchors(pattern, &l);
	l.rule = !l.bad && !(l.exception && l.important) && l.types &&
		 (has_options || stars(l.pattern) < l.pattern.n); /* what matches everything is refused */
	return l;
}

static bool holds(const struct naive *l, const struct web_url *url, unsigned types, struct slice page)
{
	bool third = third_party(url->host, page);

	return l->rule && l->types & types && !(l->third && !third) && !(l->first && third) &&
	       page_fits(l->domains, page) && fits(l, url);
}

struct filter_result filter_naive(struct slice list, const struct web_url *url, unsigned types, struct slice page)
{
	struct filter_match normal = {0}, important = {0}, exception = {0};
	struct filter_result result = {0};
	unsigned number = 0;

	while (list.n) {
		struct slice text;
		struct naive l;
		struct filter_match *m;

		slice_cut(list, '\n', &text, &list);
		number++;
		l = understand(text);
		m = l.exception ? &exception : l.important ? &important : &normal;
		if (m->line == 0 && holds(&l, url, types, page))
			*m = (struct filter_match){number, bare(text)};
	}
	if (!normal.line && !important.line)
		return result;
	result.rule = important.line ? important : normal;
	result.verdict = exception.line && !important.line ? FILTER_EXCEPTED : FILTER_BLOCKED;
	if (result.verdict == FILTER_EXCEPTED)
		result.exception = exception;
	return result;
}
