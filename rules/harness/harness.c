#include "rules/harness/harness.h"

#include <stdlib.h>

#include "rules/decide/guard.h"
#include "rules/harness/classes.h"
#include "rules/harness/leak.h"

#define EXCHANGE_MEM (64 * 1024 * 1024)

struct harness_rules {
	struct slice path; /* owned by the file that named it first, or the options */
	struct ruleset *rs;
	struct harness_rules *next;
};

/* What pages need of a ruleset, made when a case first asks for it. */
struct harness_pages {
	const struct ruleset *rs;
	struct guard *guard;
	struct page_plan *plan;
	struct harness_pages *next;
};

struct harness_file {
	struct test_file file;
	struct harness_file *next;
};

bool harness_init(struct harness *h, const struct harness_options *options, struct diagnostics *d)
{
	*h = (struct harness){.options = *options, .d = d};
	h->files_end = &h->files;
	if (!h->options.mac)
		h->options.mac = &harness_mac;
	if (!h->options.seal)
		h->options.seal = &harness_seal;
	if (!h->options.now)
		h->options.now = HARNESS_NOW;
	arena_init(&h->exchange, 65536, EXCHANGE_MEM);
	h->scratch = pattern_scratch_new();
	return h->scratch != NULL;
}

void harness_free(struct harness *h)
{
	while (h->pages) {
		struct harness_pages *next = h->pages->next;

		guard_free(h->pages->guard);
		page_plan_free(h->pages->plan);
		free(h->pages);
		h->pages = next;
	}
	while (h->rules) {
		struct harness_rules *next = h->rules->next;

		ruleset_free(h->rules->rs);
		free(h->rules);
		h->rules = next;
	}
	while (h->files) {
		struct harness_file *next = h->files->next;

		test_file_free(&h->files->file);
		free(h->files);
		h->files = next;
	}
	pattern_scratch_free(h->scratch);
	h->scratch = NULL;
	place_set_free(&h->covered);
	arena_free(&h->exchange);
}

static void no_memory(struct harness *h, struct slice path)
{
	struct position at = {.file = path};

	diagnostics_add(h->d, SEVERITY_ERROR, &at, NULL, "memory ran out");
}

/* -- rules --------------------------------------------------------------------------------------------------------- */

/* Each file is loaded once, and its errors are told once. */
static struct harness_rules *load_rules(struct harness *h, struct slice path)
{
	struct harness_rules *r;

	for (r = h->rules; r; r = r->next)
		if (slice_eq(r->path, path))
			return r;
	r = calloc(1, sizeof *r);
	if (!r) {
		no_memory(h, path);
		return NULL;
	}
	r->path = path;
	r->rs = ruleset_load(h->options.loader, path, h->d);
	r->next = h->rules;
	h->rules = r;
	return r;
}

static const struct ruleset *loaded(const struct harness *h, struct slice path)
{
	for (const struct harness_rules *r = h->rules; r; r = r->next)
		if (slice_eq(r->path, path))
			return r->rs;
	return NULL;
}

static struct slice rules_path(const struct harness *h, const struct test_case *c)
{
	return h->options.rules.n ? h->options.rules : c->rules;
}

static struct slice site_of(const struct test_case *c)
{
	return c->given.site.n ? c->given.site : c->request.host;
}

/* The rules of a case, with the site's name where it is known. */
static const struct ruleset *rules_of(const struct harness *h, const struct test_case *c, struct slice *site)
{
	struct slice path = rules_path(h, c), named = {0};
	const struct ruleset *rs = NULL;

	*site = site_of(c);
	if (h->options.site_rules && (h->options.transport || !path.n))
		rs = h->options.site_rules(h->options.site_rules_arg, c->request.host, &named);
	if (rs && !c->given.site.n)
		*site = named;
	return rs ? rs : loaded(h, path);
}

static bool bind_case(struct harness *h, struct test_case *c)
{
	struct slice path = rules_path(h, c), site;
	const struct ruleset *rs;

	if (path.n && !load_rules(h, path))
		return false;
	rs = rules_of(h, c, &site);
	if (rs)
		return test_case_bind(c, rs, h->d);
	if (!path.n)
		diagnostics_add(h->d, SEVERITY_ERROR, &c->at,
				"write \"rules FILE\" at the top of the file, or name the rules with -r",
				h->options.site_rules
					? "no site of the configuration serves this host, and no rules are named"
					: "the test has no rules");
	return false;
}

/* -- files --------------------------------------------------------------------------------------------------------- */

static bool bind_file(struct harness *h, struct test_file *f)
{
	size_t errors = h->d->errors;

	for (struct test_case *c = f->first; c; c = c->next)
		if (c->request.host.n)
			(void)bind_case(h, c);
	return h->d->errors == errors;
}

bool harness_add(struct harness *h, struct slice path)
{
	struct position at = {.file = path};
	struct harness_file *f;
	struct slice text;
	enum load_result r = h->options.loader->load(h->options.loader->arg, path, &text);
	bool ok;

	if (r != LOAD_OK) {
		diagnostics_add(h->d, SEVERITY_ERROR, &at, NULL, "%s", load_result_text(r));
		return false;
	}
	f = calloc(1, sizeof *f);
	if (!f) {
		no_memory(h, path);
		return false;
	}
	*h->files_end = f;
	h->files_end = &f->next;
	ok = test_file_parse(path, text, &f->file, h->d);
	h->n_cases += f->file.n_cases;
	return bind_file(h, &f->file) && ok;
}

static bool selected(const struct harness *h, const struct test_case *c)
{
	struct slice filter = h->options.filter;

	return filter.n == 0 || slice_find(c->name, filter) < c->name.n;
}

/* How many classes a case is played in. */
static size_t count_classes(const struct harness *h, const struct test_case *c)
{
	struct class_list classes;
	const struct ruleset *rs;
	struct slice site;

	rs = h->options.all_classes ? rules_of(h, c, &site) : NULL;
	if (!rs)
		return 0;
	classes_of(rs, &classes);
	return ruleset_mode(rs) == MODE_OBSERVE && classes.n ? 1 : classes.n;
}

size_t harness_count(const struct harness *h)
{
	size_t n = 0;

	for (const struct harness_file *f = h->files; f; f = f->next)
		for (const struct test_case *c = f->file.first; c; c = c->next)
			if (selected(h, c))
				n += 1 + count_classes(h, c);
	return n;
}

/* -- running ------------------------------------------------------------------------------------------------------- */

static enum case_status broken(struct case_result *r, struct slice why)
{
	r->why = why;
	return CASE_BROKEN;
}

/* Carries the exchange elsewhere; CASE_PASSED if that worked. */
static enum case_status transport(struct harness *h, const struct prepared *x, struct outcome *o, struct case_result *r)
{
	const struct transport *t = h->options.transport;

	if (!t)
		return CASE_PASSED;
	if (x->test->given.has_time || x->test->given.region.n) {
		r->why = SLICE("time and region cannot be given to a running crumbgate");
		return CASE_SKIPPED;
	}
	if (x->test->own_rules) {
		r->why = SLICE("the case names rules of its own; a running crumbgate has those of its site");
		return CASE_SKIPPED;
	}
	switch (t->play(t->arg, x, &h->exchange, o, &r->why)) {
	case TRANSPORT_OK:
		return CASE_PASSED;
	case TRANSPORT_SKIPPED:
		return CASE_SKIPPED;
	case TRANSPORT_FAILED:
		break;
	}
	return CASE_BROKEN;
}

/* A page must come out the same however it is delivered. */
static bool vary(struct harness *h, const struct test_case *c, const struct outcome *o, struct case_result *r)
{
	struct failure **end = &r->failures;

	if (!o->page || h->options.transport)
		return true;
	while (*end)
		end = &(*end)->next;
	return page_play_vary(o->page, h->options.codec, &c->at, &h->exchange, end);
}

static struct harness_pages *pages_of(struct harness *h, const struct ruleset *rs)
{
	struct harness_pages *p;

	for (p = h->pages; p && p->rs != rs; p = p->next)
		;
	if (p)
		return p;
	p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	*p = (struct harness_pages){.rs = rs, .next = h->pages};
	h->pages = p;
	p->plan = page_plan_new(rs);
	p->guard = guard_new(rs, h->options.sha256);
	return p;
}

/* False if memory ran out. */
static bool take_pages(struct harness *h, struct prepared *x)
{
	const struct harness_pages *p = pages_of(h, x->rules);

	if (!p || !p->plan || !p->guard)
		return false;
	x->plan = p->plan;
	x->guard = ruleset_pages(x->rules)->guard ? p->guard : NULL;
	return true;
}

/* Plays the exchange; CASE_PASSED if it could be played. */
static enum case_status exchange(struct harness *h, const struct test_case *c, struct prepared *x, struct outcome *o,
				 struct case_result *r)
{
	*x = (struct prepared){.test = c,
			       .mac = h->options.mac,
			       .seal = h->options.seal,
			       .scratch = h->scratch,
			       .sha256 = h->options.sha256};
	x->rules = rules_of(h, c, &x->site);
	x->now = c->given.has_time ? c->given.time : h->options.now;
	if (!x->rules)
		return broken(r, SLICE("it has no rules"));
	if (!take_pages(h, x) || !exchange_prepare(x, &h->exchange) || !exchange_play(x, &h->exchange, o))
		return broken(r, SLICE("memory ran out"));
	return transport(h, x, o, r);
}

static enum case_status play(struct harness *h, struct test_case *c, struct case_result *r)
{
	enum case_status status;
	struct outcome o = {0};
	struct prepared x;
	struct slice site;
	const struct ruleset *rs = rules_of(h, c, &site);

	/* Masks belong to a ruleset, and a case could be bound to another since. */
	if (rs && !test_case_bind(c, rs, h->d))
		return broken(r, SLICE("it has no rules"));
	status = exchange(h, c, &x, &o, r);
	if (status != CASE_PASSED)
		return status;
	if (h->options.coverage)
		coverage_note(&h->covered, x.rules, &o);
	if (!outcome_check(&x, &o, &h->exchange, &r->failures) || !vary(h, c, &o, r))
		return broken(r, SLICE("memory ran out"));
	return r->failures ? CASE_FAILED : CASE_PASSED;
}

/* -- consent classes ----------------------------------------------------------------------------------------------- */

/* The case once more, for a visitor who granted just that. */
static enum case_status play_class(struct harness *h, const struct test_case *c, struct case_result *r)
{
	enum case_status status;
	struct outcome o = {0};
	struct prepared x;

	status = exchange(h, c, &x, &o, r);
	if (status != CASE_PASSED)
		return status;
	if (!leaks_find(&x, &o, &h->exchange, &r->failures))
		return broken(r, SLICE("memory ran out"));
	return r->failures ? CASE_FAILED : CASE_PASSED;
}

static void count(struct harness_counts *n, enum case_status status)
{
	n->passed += status == CASE_PASSED;
	n->failed += status == CASE_FAILED;
	n->skipped += status == CASE_SKIPPED;
	n->broken += status == CASE_BROKEN;
}

/* Where results go. */
struct results {
	struct harness_counts n;
	case_sink sink;
	void *arg;
};

static void give(struct results *to, const struct case_result *r)
{
	count(&to->n, r->status);
	to->sink(to->arg, r);
}

static void run_class(struct harness *h, const struct test_file *f, const struct test_case *c, const struct ruleset *rs,
		      purposes granted, struct results *to)
{
	struct test_case variant = *c;
	struct case_result r = {.file = f, .test = &variant};
	struct slice label;

	arena_reset(&h->exchange);
	label = class_label(rs, granted, &h->exchange);
	variant.name = arena_printf(&h->exchange, "%.*s [%.*s]", SLICE_ARG(c->name), SLICE_ARG(label));
	variant.given.consent = GIVEN_VALID;
	variant.given.granted = (struct purpose_list){.mask = granted};
	r.status = play_class(h, &variant, &r);
	give(to, &r);
}

static void run_classes(struct harness *h, const struct test_file *f, const struct test_case *c, struct results *to)
{
	struct class_list classes;
	struct slice site;
	const struct ruleset *rs = rules_of(h, c, &site);

	if (!rs)
		return;
	classes_of(rs, &classes);
	if (ruleset_mode(rs) == MODE_OBSERVE && classes.n) {
		struct test_case variant = *c;
		struct case_result r = {.file = f,
					.test = &variant,
					.status = CASE_SKIPPED,
					.why = SLICE("mode observe: nothing is held back")};

		arena_reset(&h->exchange);
		variant.name = arena_printf(&h->exchange, "%.*s [all classes]", SLICE_ARG(c->name));
		give(to, &r);
		return;
	}
	for (size_t i = 0; i < classes.n; i++)
		run_class(h, f, c, rs, classes.v[i], to);
}

struct harness_counts harness_run(struct harness *h, case_sink sink, void *arg)
{
	struct results to = {.sink = sink, .arg = arg};

	for (struct harness_file *f = h->files; f; f = f->next)
		for (struct test_case *c = f->file.first; c; c = c->next) {
			struct case_result r = {.file = &f->file, .test = c};

			if (!selected(h, c))
				continue;
			arena_reset(&h->exchange);
			r.status = play(h, c, &r);
			give(&to, &r);
			if (h->options.all_classes)
				run_classes(h, &f->file, c, &to);
		}
	return to.n;
}

/* -- coverage ------------------------------------------------------------------------------------------------------ */

struct covering {
	const struct harness *h;
	struct coverage *out;
	struct place_set counted; /* several rulesets may hold the same file */
	rule_sink f;
	void *arg;
};

static void cover_rule(void *arg, const struct rule *rule)
{
	struct covering *k = arg;

	if (rule->shipped || !rule->line || !place_set_add(&k->counted, rule))
		return;
	k->out->all++;
	if (place_set_has(&k->h->covered, rule))
		k->out->exercised++;
	else
		k->f(k->arg, rule);
}

bool harness_coverage(const struct harness *h, struct coverage *out, rule_sink f, void *arg)
{
	struct covering k = {.h = h, .out = out, .f = f, .arg = arg};
	struct slice site;
	bool ok;

	*out = (struct coverage){0};
	for (const struct harness_file *file = h->files; file; file = file->next)
		for (const struct test_case *c = file->file.first; c; c = c->next) {
			const struct ruleset *rs = selected(h, c) ? rules_of(h, c, &site) : NULL;

			if (rs)
				ruleset_each_rule(rs, cover_rule, &k);
		}
	ok = !k.counted.failed && !h->covered.failed;
	place_set_free(&k.counted);
	return ok;
}
