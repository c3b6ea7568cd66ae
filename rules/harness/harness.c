#include "rules/harness/harness.h"

#include <stdlib.h>

#define EXCHANGE_MEM (64 * 1024 * 1024)

struct harness_rules {
	struct slice path; /* owned by the file that named it first, or the options */
	struct ruleset *rs;
	struct harness_rules *next;
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
	if (!h->options.now)
		h->options.now = HARNESS_NOW;
	arena_init(&h->exchange, 65536, EXCHANGE_MEM);
	h->scratch = pattern_scratch_new();
	return h->scratch != NULL;
}

void harness_free(struct harness *h)
{
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

size_t harness_count(const struct harness *h)
{
	size_t n = 0;

	for (const struct harness_file *f = h->files; f; f = f->next)
		for (const struct test_case *c = f->file.first; c; c = c->next)
			n += selected(h, c);
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

static enum case_status play(struct harness *h, struct test_case *c, struct case_result *r)
{
	struct prepared x = {.test = c, .mac = h->options.mac, .scratch = h->scratch};
	enum case_status status;
	struct outcome o = {0};

	x.rules = rules_of(h, c, &x.site);
	x.now = c->given.has_time ? c->given.time : h->options.now;
	/* Masks belong to a ruleset, and a case could be bound to another since. */
	if (!x.rules || !test_case_bind(c, x.rules, h->d))
		return broken(r, SLICE("it has no rules"));
	if (!exchange_prepare(&x, &h->exchange) || !exchange_play(&x, &h->exchange, &o))
		return broken(r, SLICE("memory ran out"));
	status = transport(h, &x, &o, r);
	if (status != CASE_PASSED)
		return status;
	if (!outcome_check(&x, &o, &h->exchange, &r->failures))
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

struct harness_counts harness_run(struct harness *h, case_sink sink, void *arg)
{
	struct harness_counts n = {0};

	for (struct harness_file *f = h->files; f; f = f->next)
		for (struct test_case *c = f->file.first; c; c = c->next) {
			struct case_result r = {.file = &f->file, .test = c};

			if (!selected(h, c))
				continue;
			arena_reset(&h->exchange);
			r.status = play(h, c, &r);
			count(&n, r.status);
			sink(arg, &r);
		}
	return n;
}
