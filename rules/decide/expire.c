#include "rules/decide/internal.h"

#include "rules/http/host.h"

/*
 * A request tells a cookie's name, not its scope. So each is deleted in every scope that reaches this request: the
 * likely ones first, and for all cookies the first scope before the second, so that the bounds cut off the unlikely.
 *
 * Nothing is deleted that the same response sets: both directions judge a name alike (judge.c), so the Set-Cookie of a
 * leftover's name was dropped, and a name that the request carries is not injected.
 */
#define DOMAINS_MAX 8
#define PATHS_MAX   12
/* A user agent ignores longer attributes (RFC 6265bis 5.6). */
#define PATH_OCTETS_MAX COOKIE_ATTRIBUTE_MAX

struct leftover {
	struct leftover *next;
	struct slice name;
	struct judgement why;
	enum cookie_prefix prefix;
	bool told;  /* the verdict was emitted */
	bool known; /* the request did not have it */
};

static struct leftover *add(const struct deciding *x, struct slice name, const struct judgement *j)
{
	struct leftover **end = &x->d->leftovers;
	size_t n = 0;

	/* Who withdraws on our own pages asks for it. */
	if (ruleset_policy(x->env->rules)->keep_leftovers && x->d->own == OWN_NONE)
		return NULL;
	for (; *end; end = &(*end)->next)
		if (slice_eq((*end)->name, name) || ++n == EXPIRE_LINES_MAX)
			return NULL;
	*end = arena_calloc(x->arena, 1, sizeof **end);
	if (*end)
		**end = (struct leftover){.name = name, .why = *j, .prefix = cookie_prefix_of(name)};
	return *end;
}

void leftover_add(const struct deciding *x, struct slice name, const struct judgement *j)
{
	(void)add(x, name, j);
}

static void add_known(void *arg, struct slice text, bool regex, struct slice flags, purposes mask)
{
	const struct deciding *x = arg;
	struct judgement j;
	struct leftover *l;

	(void)flags;
	if (regex || slice_find_char(text, '*') < text.n || is_granted(x, mask))
		return;
	j = judge_cookie(x, text);
	l = !j.pass && j.rule ? add(x, text, &j) : NULL;
	if (l)
		l->known = true;
}

void leftovers_add_known(const struct deciding *x)
{
	ruleset_each_cookie_name(x->env->rules, add_known, (void *)(uintptr_t)x);
}

struct scopes {
	struct slice domains[DOMAINS_MAX]; /* empty: host-only */
	size_t n_domains;
	struct slice paths[PATHS_MAX];
	size_t n_paths;
};

static void add_domain(struct scopes *s, struct slice domain)
{
	if (s->n_domains < DOMAINS_MAX)
		s->domains[s->n_domains++] = domain;
}

/* The registrable domain, where trackers put theirs, the host alone, the host with all below it, then those between. */
static void list_domains(struct scopes *s, struct slice host)
{
	struct slice site = host_registrable(host), parent, label;

	if (site.n)
		add_domain(s, site);
	add_domain(s, slice_of(NULL, 0));
	if (site.n && site.n < host.n) {
		add_domain(s, host);
		for (slice_cut(host, '.', &label, &parent); parent.n > site.n; slice_cut(parent, '.', &label, &parent))
			add_domain(s, parent);
	}
}

static void add_path(struct scopes *s, struct slice path)
{
	bool writable = path.n <= PATH_OCTETS_MAX && slice_find_char(path, ';') == path.n;

	if (writable && s->n_paths < PATHS_MAX)
		s->paths[s->n_paths++] = path;
}

/* "/", the folders from the innermost out, each with and without its slash, and the path itself. */
static void list_paths(struct scopes *s, struct slice path)
{
	add_path(s, SLICE("/"));
	for (size_t i = path.n; i-- > 1;) {
		if (path.p[i] != '/')
			continue;
		if (path.p[i - 1] != '/')
			add_path(s, slice_head(path, i));
		add_path(s, slice_head(path, i + 1));
	}
	if (path.n > 1 && path.p[path.n - 1] != '/')
		add_path(s, path);
}

struct scope {
	struct slice domain;
	struct slice path;
	bool partitioned;
};

/* A user agent obeys a deletion only if its attributes satisfy the prefix (RFC 6265bis 4.1.3). */
static bool scope_fits(const struct deciding *x, const struct leftover *l, const struct scope *s)
{
	bool host = l->prefix == COOKIE_PREFIX_HOST || l->prefix == COOKIE_PREFIX_HOST_HTTP;

	if (l->prefix != COOKIE_PREFIX_NONE && !x->d->secure)
		return false;
	return !host || (s->domain.n == 0 && s->path.n == 1);
}

struct expiry {
	const struct deciding *x;
	struct fields *response;
	size_t lines;
	size_t octets;
};

static void add_line(struct expiry *e, const struct leftover *l, const struct scope *s)
{
	bool http = l->prefix == COOKIE_PREFIX_HTTP || l->prefix == COOKIE_PREFIX_HOST_HTTP;
	const struct slice parts[] = {
		l->name,
		/* A nameless cookie needs a value, or there is nothing that could be deleted (RFC 6265bis 5.7). */
		l->name.n ? SLICE("=; Max-Age=0") : SLICE("=0; Max-Age=0"),
		s->domain.n ? SLICE("; Domain=") : SLICE(""),
		s->domain,
		SLICE("; Path="),
		s->path,
		s->partitioned || l->prefix != COOKIE_PREFIX_NONE ? SLICE("; Secure") : SLICE(""),
		http ? SLICE("; HttpOnly") : SLICE(""),
		s->partitioned ? SLICE("; Partitioned") : SLICE(""),
	};
	size_t octets = sizeof "Set-Cookie: \r\n" - 1;

	for (size_t i = 0; i < CG_COUNT(parts); i++)
		octets += parts[i].n;
	if (octets > EXPIRE_OCTETS_MAX - e->octets)
		return;
	e->octets += octets;
	e->lines++;
	(void)fields_add_id(e->response, FIELD_SET_COOKIE, arena_concat(e->x->arena, parts, CG_COUNT(parts)));
}

static void tell(const struct deciding *x, struct leftover *l)
{
	const struct verdict v = {.kind = VERDICT_EXPIRE,
				  .subject = SUBJECT_RESPONSE_COOKIE,
				  .name = l->name,
				  .rule = l->why.rule,
				  .mask = l->why.mask};

	if (!l->told)
		verdict_emit(x, &v);
	l->told = true;
}

static void expire_in(struct expiry *e, const struct scope *s, bool known)
{
	for (struct leftover *l = e->x->d->leftovers; l && e->lines < EXPIRE_LINES_MAX; l = l->next) {
		size_t before = e->lines;

		if (l->known != known || !scope_fits(e->x, l, s))
			continue;
		add_line(e, l, s);
		if (e->lines > before)
			tell(e->x, l);
	}
}

static void expire_all(struct expiry *e, const struct scopes *s, bool known)
{
	for (size_t p = 0; p < s->n_paths; p++)
		for (int partitioned = 0; partitioned <= (e->x->d->secure ? 1 : 0); partitioned++)
			for (size_t d = 0; d < s->n_domains; d++)
				expire_in(e, &(struct scope){s->domains[d], s->paths[p], partitioned != 0}, known);
}

void cookie_expire(const struct deciding *x, struct slice name, struct fields *response)
{
	struct leftover one = {.name = name, .prefix = cookie_prefix_of(name), .told = true};
	struct leftover *others = x->d->leftovers;
	struct expiry e = {.x = x, .response = response};
	struct scopes s = {.n_paths = 0};

	list_domains(&s, x->d->host);
	add_path(&s, SLICE("/"));
	x->d->leftovers = &one;
	expire_all(&e, &s, false);
	x->d->leftovers = others;
}

bool leftovers_expire(const struct deciding *x, struct fields *response)
{
	struct expiry e = {.x = x, .response = response};
	struct scopes s = {.n_paths = 0};

	if (!x->d->leftovers)
		return false;
	if (x->d->observe) {
		for (struct leftover *l = x->d->leftovers; l; l = l->next)
			tell(x, l);
		return false;
	}
	list_domains(&s, x->d->host);
	list_paths(&s, x->d->path);
	if (x->d->own != OWN_NONE) /* the path is that of the page where the form was */
		add_path(&s, ruleset_policy(x->env->rules)->own_path);
	expire_all(&e, &s, false);
	expire_all(&e, &s, true);
	return e.lines > 0;
}
