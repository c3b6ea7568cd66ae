/* ruleset_load(): the steps from files to the immutable ruleset, and what all statements use to complain. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/language/ruleset_internal.h"

#define REMEMBER_DEFAULT    (180 * 86400) /* seconds */
#define HINT_MAX	    300
#define PAGE_TAG_DEFAULT    (1024 * 1024)
#define PAGE_SCRIPT_DEFAULT (256 * 1024)

static const struct keyword keywords[] = {
	{"policy", NULL, rules_policy, true, false},	{"purpose", declare_purpose, NULL, true, false},
	{"opt-out", NULL, rules_opt_out, false, false}, {"signal", NULL, rules_signal, false, false},
	{"cookie", NULL, rules_cookie, false, false},	{"inject", NULL, rules_inject, true, true},
	{"param", NULL, rules_param, false, false},	{"path", NULL, rules_path, false, false},
	{"beacon", NULL, rules_beacon, false, true},	{"list", NULL, rules_list, false, true},
	{"pages", NULL, rules_pages, true, false},	{"mode", NULL, rules_mode, false, false},
	{"accept", NULL, rules_accept, true, false},	{"consent", NULL, rules_consent_cookie, false, false},
	{"banner", NULL, rules_banner, true, false},
};

/* First words that belong in the other kind of file. */
static const char *const configuration_words[] = {"listen", "site", "upstream", "certificate", "rules"};

const char *build_hint(struct builder *b, const char *fmt, ...)
{
	char *p = arena_alloc(&b->tree, HINT_MAX);
	va_list ap;

	if (!p)
		return "";
	va_start(ap, fmt);
	(void)vsnprintf(p, HINT_MAX, fmt, ap);
	va_end(ap);
	return p;
}

const char *build_suggest(struct builder *b, struct slice word, const char *const *candidates, size_t n,
			  const char *otherwise)
{
	const char *near = suggest(word, candidates, n);

	return near ? build_hint(b, "did you mean \"%s\"?", near) : otherwise;
}

const char *build_place(struct builder *b, const struct statement *s)
{
	return build_hint(b, "%.*s:%u", SLICE_ARG(s->source->path), s->words[0].line);
}

struct slice word_plain(const struct word *w)
{
	return w->kind == WORD_REGEX ? w->raw : w->text;
}

bool build_no_more_words(struct builder *b, const struct statement *s, size_t from)
{
	if (from >= s->n_words)
		return true;
	build_error(b, s, &s->words[from], "end the line before it", "unexpected \"%.*s\"",
		    SLICE_ARG(s->words[from].raw));
	return false;
}

bool build_first_of_kind(struct builder *b, const struct item *item, const struct item **first)
{
	if (*first) {
		build_error(b, item->s, &item->s->words[0],
			    build_hint(b, "the first one is at %s", build_place(b, (*first)->s)),
			    "a second \"%s\" statement", item->keyword->word);
		return false;
	}
	*first = item;
	return true;
}

bool build_one_value(struct builder *b, const struct statement *s, const char *example)
{
	if (s->n_words < 2) {
		build_missing(b, s, example, "a value is missing behind \"%.*s\"", SLICE_ARG(s->words[0].text));
		return false;
	}
	return build_no_more_words(b, s, 2);
}

void build_no_memory(struct builder *b)
{
	b->rs->arena.failed = true;
}

/* The statement's words on its first line, as written. */
static struct slice statement_text(const struct statement *s)
{
	const struct word *first = &s->words[0], *last = first;

	for (size_t i = 1; i < s->n_words && s->words[i].line == first->line; i++)
		last = &s->words[i];
	return slice_of(first->raw.p, (size_t)(last->raw.p + last->raw.n - first->raw.p));
}

struct rule build_rule(struct builder *b, const struct file *file, const struct statement *s)
{
	return (struct rule){
		.file = file->path,
		.line = s->words[0].line,
		.text = arena_copy(&b->rs->arena, statement_text(s)),
		.shipped = file->shipped,
	};
}

void build_add_rule(struct builder *b, const struct rule *rule)
{
	b->rs->rules[b->rs->n_rules++] = rule;
}

/* ---- The steps. ---- */

static void unknown_statement(struct builder *b, const struct item *item)
{
	const struct word *w = &item->s->words[0];
	const char *words[CG_COUNT(keywords) + 1] = {"include"};
	const char *hint = "statements are: include policy purpose opt-out signal accept consent cookie inject "
			   "param path beacon list pages banner mode";

	for (size_t i = 0; i < CG_COUNT(keywords); i++)
		words[i + 1] = keywords[i].word;
	hint = build_suggest(b, w->text, words, CG_COUNT(words), hint);
	for (size_t i = 0; i < CG_COUNT(configuration_words); i++) {
		if (word_is(w, configuration_words[i]))
			hint = "this belongs in crumbgate.conf, not in a rules file";
	}
	build_error(b, item->s, w, hint, "unknown statement \"%.*s\"", SLICE_ARG(w->raw));
}

static const struct keyword *find_keyword(const struct word *w)
{
	for (size_t i = 0; i < CG_COUNT(keywords); i++) {
		if (word_is(w, keywords[i].word))
			return &keywords[i];
	}
	return NULL;
}

static bool takes_heredoc(const struct item *item)
{
	bool cookie =
		item->keyword->handle == rules_inject && item->s->n_words > 1 && word_is(&item->s->words[1], "cookie");

	return item->keyword->heredoc && !cookie;
}

/* Of what can be injected only the consent mode has one. */
static bool takes_block(const struct item *item)
{
	const struct statement *s = item->s;

	if (word_is(&s->words[0], "inject"))
		return s->n_words > 1 && word_is(&s->words[1], "consent-mode");
	return item->keyword->block;
}

/* What is wrong whatever the statement is. */
static bool well_formed(struct builder *b, const struct item *item)
{
	const struct statement *s = item->s;
	const struct word *last = &s->words[s->n_words - 1];

	if (s->has_block && !takes_block(item)) {
		build_error(b, s, last, "remove the braces", "\"%s\" has no block", item->keyword->word);
		return false;
	}
	if (last->kind == WORD_HEREDOC && !takes_heredoc(item)) {
		build_error(b, s, last, NULL, "\"%s\" takes no here-document", item->keyword->word);
		return false;
	}
	return true;
}

/* How many of each rule there can be at most, so that the arrays never move and rules may be pointed at. */
struct counts {
	size_t opt_outs, injects, cookies, params, paths, regions, rules;
	size_t cookie_names, param_names, path_names;
	size_t beacons, lists, html, urls;
	size_t accepts, consent_cookies;
};

static struct counts count(const struct builder *b)
{
	struct counts c = {0};

	for (const struct item *i = b->items; i; i = i->next) {
		const struct word *w = &i->s->words[0];

		c.rules++;
		c.opt_outs += word_is(w, "opt-out");
		c.injects += word_is(w, "inject");
		c.cookies += word_is(w, "cookie");
		c.params += word_is(w, "param");
		c.paths += word_is(w, "path");
		c.cookie_names += word_is(w, "cookie") ? i->s->n_words : 0;
		c.param_names += word_is(w, "param") ? i->s->n_words : 0;
		c.path_names += word_is(w, "path") ? i->s->n_words : 0;
		c.accepts += word_is(w, "accept") ? i->s->n_words : 0;
		c.consent_cookies += word_is(w, "consent");
		c.beacons += word_is(w, "beacon");
		c.lists += word_is(w, "list");
		c.html += word_is(w, "inject") && i->s->n_words > 1 && !word_is(&i->s->words[1], "cookie");
		c.urls += word_is(w, "beacon") ? i->s->n_words : 0;
		if (!word_is(w, "policy"))
			continue;
		for (const struct statement *s = i->s->children; s; s = s->next) {
			c.regions += s->n_words;
			c.rules++;
		}
	}
	c.rules += c.accepts;
	c.cookies += c.injects; /* the implied ones */
	c.cookie_names += c.injects;
	return c;
}

static void allocate_pages(struct ruleset *rs, const struct counts *c)
{
	struct arena *a = &rs->arena;
	struct beacons *beacons = &rs->beacons;

	beacons->rules = arena_calloc(a, c->beacons + c->lists, sizeof *beacons->rules);
	beacons->patterns = arena_calloc(a, c->urls, sizeof *beacons->patterns);
	beacons->lists = arena_calloc(a, c->lists, sizeof *beacons->lists);
	beacons->statements = arena_calloc(a, c->beacons + c->html, sizeof *beacons->statements);
	beacons->by_selector = arena_calloc(a, c->beacons + c->html, sizeof(struct beacon_selector *));
	beacons->by_literal = arena_calloc(a, c->urls + c->beacons, sizeof *beacons->by_literal);
	beacons->regexes = arena_calloc(a, c->beacons, sizeof *beacons->regexes);
	rs->html = arena_calloc(a, c->html, sizeof *rs->html);
	rs->html_paths = arena_calloc(a, c->html, sizeof *rs->html_paths);
}

static bool allocate(struct builder *b)
{
	struct counts c = count(b);
	struct ruleset *rs = b->rs;
	struct arena *a = &rs->arena;

	rs->opt_outs = arena_calloc(a, c.opt_outs, sizeof *rs->opt_outs);
	rs->injects = arena_calloc(a, c.injects, sizeof *rs->injects);
	rs->accepts = arena_calloc(a, c.accepts, sizeof *rs->accepts);
	rs->consent_cookies = arena_calloc(a, c.consent_cookies, sizeof *rs->consent_cookies);
	rs->cookies = arena_calloc(a, c.cookies, sizeof *rs->cookies);
	rs->params = arena_calloc(a, c.params, sizeof *rs->params);
	rs->paths = arena_calloc(a, c.paths, sizeof *rs->paths);
	rs->policy.regions = arena_calloc(a, c.regions, sizeof *rs->policy.regions);
	rs->rules = arena_calloc(a, c.rules, sizeof(const struct rule *));
	allocate_pages(rs, &c);
	return names_allocate(&rs->cookie_names, c.cookie_names, a) &&
	       names_allocate(&rs->param_names, c.param_names, a) && names_allocate(&rs->path_names, c.path_names, a) &&
	       !arena_failed(a);
}

/* Declarations first, since their order must not matter. */
static void handle_statements(struct builder *b)
{
	for (struct item *i = b->items; i; i = i->next) {
		i->keyword = find_keyword(&i->s->words[0]);
		if (i->keyword && i->keyword->early)
			i->keyword->early(b, i);
	}
	for (struct item *i = b->items; i; i = i->next) {
		if (!i->keyword)
			unknown_statement(b, i);
		else if (well_formed(b, i) && i->keyword->handle)
			i->keyword->handle(b, i);
	}
}

static void set_unnamed(struct ruleset *rs)
{
	purposes optional = ruleset_all_purposes(rs) & ~PURPOSE_NECESSARY;

	rs->unnamed = (struct cookie_rule){
		.rule.text = SLICE("cookies that no rule names"),
		.mask = optional ? optional : PURPOSE_NECESSARY,
		.order = SIZE_MAX,
		.limits.max_age_cap = -1,
	};
}

static void finish(struct builder *b)
{
	struct ruleset *rs = b->rs;

	rules_inject_finish(b);
	rules_beacon_finish(b);
	covered_check_urls(b);
	set_unnamed(rs);
	if (names_index(&rs->cookie_names, &rs->arena) && names_index(&rs->param_names, &rs->arena) &&
	    names_index(&rs->path_names, &rs->arena))
		covered_check(b);
}

/* The trees die with the load: nothing may point at them from what stays. */
static void forget_trees(struct ruleset *rs)
{
	names_forget_trees(&rs->cookie_names);
	names_forget_trees(&rs->param_names);
	names_forget_trees(&rs->path_names);
	url_forget_trees(&rs->beacons);
	for (size_t i = 0; i < rs->n_html; i++)
		names_forget_trees(&rs->html_paths[i]);
}

static void init(struct ruleset *rs)
{
	arena_init(&rs->arena, 16 * 1024, RULESET_MEMORY);
	rs->n_purposes = 1;
	rs->purposes[0] = (struct purpose){.name = SLICE("necessary"), .title = SLICE("Necessary")};
	rs->policy.version = SLICE("1");
	rs->policy.remember = REMEMBER_DEFAULT;
	rs->policy.own_path = SLICE("/.crumbgate");
	rs->pages = (struct pages_rule){.guard = true, .tag_max = PAGE_TAG_DEFAULT, .script_max = PAGE_SCRIPT_DEFAULT};
}

static void build(struct builder *b, struct slice path)
{
	struct ruleset *rs = b->rs;

	compile_files(b, path);
	if (allocate(b)) {
		handle_statements(b);
		finish(b);
	}
	if (arena_failed(&rs->arena) || arena_failed(&b->tree)) {
		struct position at = {.file = path};

		diagnostics_add(b->d, SEVERITY_ERROR, &at, NULL, "memory ran out while loading the rules");
	}
	forget_trees(rs);
}

struct ruleset *ruleset_load(const struct loader *loader, struct slice path, struct diagnostics *d)
{
	struct builder b = {.rs = calloc(1, sizeof(struct ruleset)), .loader = loader, .d = d};
	size_t errors = d->errors;

	if (!b.rs) {
		struct position at = {.file = path};

		diagnostics_add(d, SEVERITY_ERROR, &at, NULL, "memory ran out while loading the rules");
		return NULL;
	}
	b.last_file = &b.files;
	b.last_item = &b.items;
	arena_init(&b.tree, 16 * 1024, RULESET_MEMORY);
	buffer_init(&b.filter_text, FILTER_TEXT_MAX);
	init(b.rs);
	build(&b, path);
	buffer_free(&b.filter_text);
	arena_free(&b.tree);
	if (d->errors > errors || d->failed) {
		ruleset_free(b.rs);
		return NULL;
	}
	return b.rs;
}
