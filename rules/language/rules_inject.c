/* inject, and inject cookie: cookies that crumbgate makes. */
#include "rules/http/field.h"
#include "rules/language/ruleset_internal.h"

#define INJECT_CLAUSES (CLAUSE_IS | CLAUSE_FOR | CLAUSE_PATH | CLAUSE_DOMAIN | CLAUSE_HTTPONLY | CLAUSE_SAMESITE)

/* Octets that a cookie may have beside what its variables become; leaves room for those (COOKIE_PAIR_MAX). */
#define TEMPLATE_MAX 3072

static const char *const variables[] = {"uuid", "time", "host", "consent"};

static bool known_variable(struct slice name)
{
	for (size_t i = 0; i < CG_COUNT(variables); i++) {
		if (slice_eq(name, slice_str(variables[i])))
			return true;
	}
	return false;
}

/* text begins at a '{' that is not doubled. The length of the variable with its braces; 0 after an error. */
static size_t check_variable(struct builder *b, const struct statement *s, const struct word *w, struct slice text)
{
	size_t end = slice_find_char(text, '}');
	struct slice name;

	if (end == text.n) {
		build_error(b, s, w, "close it with '}', or write {{ for a brace", "'{' is not closed");
		return 0;
	}
	name = slice_from(slice_head(text, end), 1);
	if (known_variable(name))
		return end + 1;
	build_error(b, s, w,
		    build_suggest(b, name, variables, CG_COUNT(variables),
				  "variables are {uuid} {time} {host} {consent}; write {{ and }} for braces"),
		    "unknown variable \"{%.*s}\"", SLICE_ARG(name));
	return 0;
}

static bool check_template(struct builder *b, const struct statement *s, const struct word *w, struct slice value)
{
	size_t i = 0, length;

	if (value.n > TEMPLATE_MAX) {
		build_error(b, s, w, NULL, "the value is longer than %d octets", TEMPLATE_MAX);
		return false;
	}
	while (i < value.n) {
		struct slice rest = slice_from(value, i);

		length = 1;
		if (slice_starts_with(rest, SLICE("{{")) || slice_starts_with(rest, SLICE("}}"))) {
			length = 2;
		} else if (rest.p[0] == '{') {
			length = check_variable(b, s, w, rest);
			if (length == 0)
				return false;
		} else if (rest.p[0] == '}') {
			build_error(b, s, w, "write }} for a brace", "'}' without its '{'");
			return false;
		} else if (!cookie_octets(slice_head(rest, 1))) {
			build_error(b, s, w,
				    "use visible ASCII without blanks, quotes, commas, semicolons and backslashes",
				    "the value holds what a cookie must not (RFC 6265 4.1.1)");
			return false;
		}
		i += length;
	}
	return true;
}

/* What the name's prefix demands (RFC 6265bis 4.1.3); browsers would ignore the cookie. */
static bool check_prefix(struct builder *b, const struct statement *s, struct slice name, const struct clauses *c)
{
	enum cookie_prefix prefix = cookie_prefix_of(name);
	bool host = prefix == COOKIE_PREFIX_HOST || prefix == COOKIE_PREFIX_HOST_HTTP;
	bool http = prefix == COOKIE_PREFIX_HTTP || prefix == COOKIE_PREFIX_HOST_HTTP;
	bool ok = true;

	if (host && c->domain_word) {
		build_error(b, s, c->domain_word, "leave out the domain, or the prefix",
			    "browsers ignore a __Host- cookie that has a domain");
		ok = false;
	}
	if (host && c->path_word && c->path.n != 1) {
		build_error(b, s, c->path_word, "leave out the path, or the prefix",
			    "browsers ignore a __Host- cookie whose path is not \"/\"");
		ok = false;
	}
	if (http && !(c->seen & CLAUSE_HTTPONLY)) {
		build_error(b, s, &s->words[2], "add httponly", "browsers ignore an __Http- cookie without HttpOnly");
		ok = false;
	}
	return ok;
}

static void add_inject(struct builder *b, struct item *item, struct slice name, struct slice value,
		       const struct clauses *c)
{
	struct ruleset *rs = b->rs;
	struct inject_cookie_rule *rule = &rs->injects[rs->n_injects++];

	*rule = (struct inject_cookie_rule){
		.rule = build_rule(b, item->file, item->s),
		.mask = c->is,
		.name = arena_copy(&rs->arena, name),
		.value = arena_copy(&rs->arena, value),
		.max_age = c->seconds,
		.path = c->path_word ? arena_copy(&rs->arena, c->path) : SLICE("/"),
		.domain = c->domain_word ? arena_copy(&rs->arena, c->domain) : slice_of(NULL, 0),
		.http_only = (c->seen & CLAUSE_HTTPONLY) != 0,
		.same_site = c->same_site == SAME_SITE_UNSET ? SAME_SITE_LAX : c->same_site,
	};
	item->injects = rule;
	build_add_rule(b, &rule->rule);
}

static bool is_inject_cookie(struct builder *b, const struct statement *s)
{
	static const char *const kinds[] = {"cookie", "html", "consent-mode"};
	const struct word *w = &s->words[s->n_words > 1];

	if (s->n_words < 2)
		build_missing(b, s, "write, e.g.: inject cookie vid={uuid} for 180d is analytics",
			      "what to inject is missing");
	else if (!word_is(w, "cookie"))
		build_error(b, s, w,
			    build_suggest(b, w->text, kinds, CG_COUNT(kinds), "write inject cookie or inject html"),
			    "\"%.*s\" cannot be injected", SLICE_ARG(w->raw));
	else if (s->n_words < 3)
		build_missing(b, s, "write, e.g.: inject cookie vid={uuid} for 180d is analytics",
			      "the cookie is missing");
	else
		return true;
	return false;
}

void rules_inject(struct builder *b, struct item *item)
{
	const struct statement *s = item->s;
	struct slice name, value;
	struct clauses c;
	bool ok;

	if (s->n_words > 1 && word_is(&s->words[1], "html")) {
		rules_inject_html(b, item);
		return;
	}
	if (s->n_words > 1 && word_is(&s->words[1], "consent-mode")) {
		rules_consent_mode(b, item);
		return;
	}
	if (!is_inject_cookie(b, s))
		return;
	ok = cookie_word(b, s, &s->words[2], &name, &value) && check_template(b, s, &s->words[2], value);
	c = clauses_read(b, item, 3, INJECT_CLAUSES);
	if (!(c.seen & CLAUSE_IS))
		build_missing(b, s, "write, e.g.: is analytics", "\"is\" and a purpose are missing");
	else if (ok && c.ok && check_prefix(b, s, name, &c))
		add_inject(b, item, name, value, &c);
}

/* ---- After all statements. ---- */

static void check_opt_out(struct builder *b, const struct item *item)
{
	for (size_t i = 0; i < b->rs->n_opt_outs; i++) {
		const struct opt_out_rule *o = &b->rs->opt_outs[i];

		if (slice_eq(o->name, item->injects->name))
			build_error(b, item->s, &item->s->words[2], "choose another name",
				    "\"%.*s\" is the opt-out cookie of %.*s:%u", SLICE_ARG(o->name),
				    SLICE_ARG(o->rule.file), o->rule.line);
	}
}

static void check_twice(struct builder *b, const struct item *item)
{
	for (const struct inject_cookie_rule *r = b->rs->injects; r < item->injects; r++) {
		if (slice_eq(r->name, item->injects->name) && slice_eq(r->path, item->injects->path) &&
		    slice_eq(r->domain, item->injects->domain)) {
			build_error(b, item->s, &item->s->words[2],
				    build_hint(b, "see %.*s:%u", SLICE_ARG(r->rule.file), r->rule.line),
				    "the cookie \"%.*s\" is injected twice", SLICE_ARG(r->name));
			return;
		}
	}
}

/* Crumbgate makes it anew for each visitor, so there is nothing in it to hide; and it would come back unsealed. */
static void check_sealed(struct builder *b, const struct item *item)
{
	const struct names *names = &b->rs->cookie_names;

	for (size_t i = 0; i < names->n; i++) {
		const struct cookie_rule *r = (const struct cookie_rule *)names->all[i].rule;

		if (names->all[i].kind != NAME_EXACT || !slice_eq(names->all[i].text, item->injects->name))
			continue;
		if (r->sealed)
			build_error(
				b, item->s, &item->s->words[2],
				build_hint(b, "leave out \"sealed\" in %.*s:%u", SLICE_ARG(r->rule.file), r->rule.line),
				"the cookie \"%.*s\" is sealed: it cannot be injected", SLICE_ARG(item->injects->name));
		return;
	}
}

/*
 * A visitor sends an injected cookie back. It is then of the purpose it was injected for, even behind a "cookie *",
 * unless a statement names it: else it would be made and expired in turns.
 */
static void imply_cookie(struct builder *b, const struct inject_cookie_rule *inject)
{
	struct ruleset *rs = b->rs;
	struct cookie_rule *rule = &rs->cookies[rs->n_cookies];

	*rule = (struct cookie_rule){
		.rule = inject->rule,
		.mask = inject->mask,
		.order = rs->n_cookies++,
		.limits.max_age_cap = -1,
	};
	names_add_implied(b, &rs->cookie_names, inject->name, &rule->rule);
}

void rules_inject_finish(struct builder *b)
{
	for (const struct item *i = b->items; i; i = i->next) {
		if (!i->injects)
			continue;
		check_opt_out(b, i);
		check_twice(b, i);
		check_sealed(b, i);
		imply_cookie(b, i->injects);
	}
}
