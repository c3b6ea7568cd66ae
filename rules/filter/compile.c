#include "rules/filter/internal.h"

#include <stdlib.h>

#define POOL_MAX ((size_t)UINT32_MAX)

/* A filter being made. */
struct builder {
	struct filter *f;
	struct buffer pool;
	size_t rules_cap, domains_cap, sets_cap, regexes_cap;
	unsigned line;
	unsigned depth; /* of !#if */
	bool failed;	/* memory ran out */
	struct slice file;
	const struct filter_options *options;
	struct diagnostics *diagnostics;
	struct filter_counts *counts;
};

/* Room for one more of `size` octets; NULL, and the builder has failed, if there is none. */
static void *grow(struct builder *b, void *v, size_t n, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap * 2 : 16;
	void *p;

	if (n < *cap)
		return v;
	p = realloc(v, want * size);
	if (p)
		*cap = want;
	else
		b->failed = true;
	return p;
}

static void tell(struct builder *b, const struct filter_line *l, const char *detail)
{
	struct position at = {b->file, l->source, b->line, 1, (unsigned)l->source.n};
	struct buffer text;

	b->counts->unsupported++;
	if (!b->diagnostics)
		return;
	buffer_init(&text, FILTER_LINE_MAX + 200);
	if (l->what.n && l->problem) {
		size_t mark = slice_find(slice_str(l->problem), SLICE("%.*s"));

		buffer_add(&text, slice_of(l->problem, mark));
		buffer_add(&text, slice_head(l->what, 100));
		buffer_add_str(&text, l->problem + mark + 4);
	} else {
		buffer_add_str(&text, detail ? detail : l->problem);
	}
	diagnostics_add(b->diagnostics, SEVERITY_WARNING, &at, NULL, "%.*s; the line is left out",
			SLICE_ARG(buffer_slice(&text)));
	b->diagnostics->failed |= text.failed;
	buffer_free(&text);
}

/* Offset of a lower-case copy in the pool; `kept`, where s lies in the pool already, if s needs no change. */
static uint32_t keep_lower(struct builder *b, struct slice s, uint32_t kept)
{
	uint32_t at = (uint32_t)b->pool.n;
	size_t i = 0;

	while (i < s.n && !(s.p[i] >= 'A' && s.p[i] <= 'Z'))
		i++;
	if (i == s.n)
		return kept;
	for (i = 0; i < s.n; i++)
		buffer_add_char(&b->pool, ascii_lower(s.p[i]));
	return at;
}

static uint32_t keep_pattern(struct builder *b, const struct filter_line *l, uint32_t source_at)
{
	uint32_t at = (uint32_t)b->pool.n;

	if (l->kind == LINE_HOSTS) {
		for (size_t i = 0; i < l->pattern.n; i++)
			buffer_add_char(&b->pool, ascii_lower(l->pattern.p[i]));
		buffer_add_char(&b->pool, '^');
		return at;
	}
	at = source_at + (uint32_t)(l->pattern.p - l->source.p);
	return l->flags & RULE_MATCH_CASE ? at : keep_lower(b, l->pattern, at);
}

static int compare_domains(const void *x, const void *y)
{
	const struct filter_domain *a = x, *b = y;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (int)b->excluded - (int)a->excluded;
}

/* s: the whole text that the offset `at` of the pool stands for. */
static bool add_domain(struct builder *b, struct slice whole, struct slice domain, uint32_t at)
{
	struct filter *f = b->f;
	void *v = grow(b, f->domains, f->domains_n, &b->domains_cap, sizeof *f->domains);
	struct filter_domain *d;

	if (!v)
		return false;
	f->domains = v;
	d = &f->domains[f->domains_n++];
	*d = (struct filter_domain){.excluded = domain.p[0] == '~'};
	domain = slice_from(domain, d->excluded);
	if (domain.n > 2 && domain.p[0] == '[' && domain.p[domain.n - 1] == ']')
		domain = slice_of(domain.p + 1, domain.n - 2); /* hosts are kept without brackets */
	d->at = at + (uint32_t)(domain.p - whole.p);
	d->n = (uint16_t)domain.n;
	d->hash = filter_host_hash(slice_of(b->pool.p + d->at, d->n));
	f->sets[f->sets_n - 1].any_included |= !d->excluded;
	return true;
}

/* Adds the set of a domain= option; its index in *index. */
static bool add_set(struct builder *b, struct slice value, uint32_t at, uint32_t *index)
{
	struct filter *f = b->f;
	void *v = grow(b, f->sets, f->sets_n, &b->sets_cap, sizeof *f->sets);
	struct slice rest = value, domain;
	struct filter_set *set;

	if (!v)
		return false;
	f->sets = v;
	*index = (uint32_t)f->sets_n;
	set = &f->sets[f->sets_n++];
	*set = (struct filter_set){.first = (uint32_t)f->domains_n};
	do {
		slice_cut(rest, '|', &domain, &rest);
		if (!add_domain(b, value, domain, at))
			return false;
	} while (rest.p);
	set->n = (uint32_t)f->domains_n - set->first;
	qsort(f->domains + set->first, set->n, sizeof *f->domains, compare_domains);
	return true;
}

static bool add_regex(struct builder *b, const struct filter_line *l, uint32_t *index)
{
	struct filter *f = b->f;
	void *v = grow(b, f->regexes, f->regexes_n, &b->regexes_cap, sizeof *f->regexes);
	struct pattern_error error;
	struct pattern *p;

	if (!v)
		return false;
	f->regexes = v;
	p = pattern_compile(l->pattern, l->flags & RULE_MATCH_CASE ? slice_of(NULL, 0) : SLICE("i"), &error);
	if (!p) {
		tell(b, l, error.message);
		return false;
	}
	*index = (uint32_t)f->regexes_n;
	f->regexes[f->regexes_n++] = p;
	return true;
}

static void count_rule(struct builder *b, unsigned flags)
{
	if (flags & RULE_BAD)
		b->counts->bad++;
	else if (flags & RULE_EXCEPTION)
		b->counts->exceptions++;
	else
		b->counts->blocks++;
}

static void add_rule(struct builder *b, const struct filter_line *l)
{
	struct filter *f = b->f;
	struct filter_rule r = {.line = b->line, .types = (uint16_t)l->types, .flags = (uint16_t)l->flags};
	void *v = grow(b, f->rules, f->rules_n, &b->rules_cap, sizeof *f->rules);
	uint32_t at;

	if (!v)
		return;
	f->rules = v;
	r.source_at = (uint32_t)b->pool.n;
	r.source_n = (uint16_t)l->source.n;
	buffer_add(&b->pool, l->source);
	r.pattern_at = keep_pattern(b, l, r.source_at);
	r.pattern_n = (uint16_t)(l->pattern.n + (l->kind == LINE_HOSTS));
	at = l->domains.n ? keep_lower(b, l->domains, r.source_at + (uint32_t)(l->domains.p - l->source.p)) : 0;
	b->failed |= b->pool.failed;
	if (b->failed || (l->domains.n && !add_set(b, l->domains, at, &r.domains)))
		return;
	if (l->flags & RULE_REGEX && !(l->flags & RULE_BAD) && !add_regex(b, l, &r.pattern_at))
		return;
	f->rules[f->rules_n++] = r;
	count_rule(b, r.flags);
}

/* An exception for named sites: domain= that includes some. */
static bool is_for_sites(const struct filter_line *l)
{
	struct slice rest = l->domains, domain;

	while (rest.n) {
		slice_cut(rest, '|', &domain, &rest);
		if (domain.p[0] != '~')
			return true;
	}
	return false;
}

static bool is_left_out(const struct builder *b, const struct filter_line *l)
{
	return l->flags & RULE_EXCEPTION && !(l->flags & RULE_BAD) &&
	       (b->options->no_exceptions || (b->options->no_domain_exceptions && is_for_sites(l)));
}

/* Conditions are for other programs: rules between "!#if" and "!#endif" are left out. */
static bool is_conditional(struct builder *b, const struct filter_line *l)
{
	bool within = b->depth > 0;

	if (slice_starts_with(l->source, SLICE("!#if")))
		b->depth++;
	else if (within && slice_starts_with(l->source, SLICE("!#endif")))
		b->depth--;
	return within;
}

static void add_line(struct builder *b, struct slice text)
{
	struct filter_line l;

	b->line++;
	b->counts->lines++;
	filter_line_parse(text, &l);
	if (is_conditional(b, &l) && (l.kind == LINE_RULE || l.kind == LINE_HOSTS)) {
		l.kind = LINE_UNSUPPORTED;
		l.problem = "conditions (!#if) are not supported";
	}
	switch (l.kind) {
	case LINE_COMMENT:
		b->counts->comments++;
		break;
	case LINE_ELEMENT:
		b->counts->elements++;
		break;
	case LINE_UNSUPPORTED:
		tell(b, &l, NULL);
		break;
	case LINE_RULE:
	case LINE_HOSTS:
		if (is_left_out(b, &l))
			b->counts->left_out++;
		else
			add_rule(b, &l);
		break;
	}
}

static void add_text(struct builder *b, struct slice text)
{
	struct slice line;

	if (slice_starts_with(text, SLICE("\xEF\xBB\xBF")))
		text = slice_from(text, 3);
	while (text.n && !b->failed) {
		slice_cut(text, '\n', &line, &text);
		add_line(b, line);
	}
}

static bool too_large(struct slice text, struct slice file, struct diagnostics *d)
{
	const struct position at = {.file = file};

	if (text.n <= FILTER_TEXT_MAX)
		return false;
	if (d)
		diagnostics_add(d, SEVERITY_ERROR, &at, "split it", "the list is larger than %u octets",
				FILTER_TEXT_MAX);
	return true;
}

struct filter *filter_compile(struct slice text, struct slice file, const struct filter_options *options,
			      struct diagnostics *diagnostics, struct filter_counts *counts)
{
	static const struct filter_set none;
	struct builder b = {.file = file, .options = options, .diagnostics = diagnostics, .counts = counts};

	*counts = (struct filter_counts){0};
	if (too_large(text, file, diagnostics))
		return NULL;
	b.f = calloc(1, sizeof *b.f);
	if (!b.f)
		return NULL;
	buffer_init(&b.pool, POOL_MAX);
	b.f->sets = grow(&b, NULL, 0, &b.sets_cap, sizeof *b.f->sets);
	if (b.f->sets)
		b.f->sets[b.f->sets_n++] = none; /* index 0 means that there is no set */
	add_text(&b, b.failed ? slice_of(NULL, 0) : text);
	b.f->pool = b.pool.p;
	b.f->pool_n = b.pool.n;
	if (b.failed || !filter_cancel(b.f, counts) || !filter_index_build(b.f)) {
		filter_free(b.f);
		return NULL;
	}
	return b.f;
}

void filter_free(struct filter *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->regexes_n; i++)
		pattern_free(f->regexes[i]);
	filter_index_free(&f->blocks);
	filter_index_free(&f->exceptions);
	free(f->regexes);
	free(f->rules);
	free(f->pool);
	free(f->domains);
	free(f->sets);
	free(f);
}

size_t filter_memory(const struct filter *f)
{
	return sizeof *f + f->rules_n * sizeof *f->rules + f->pool_n + f->domains_n * sizeof *f->domains +
	       f->sets_n * sizeof *f->sets + f->regexes_n * sizeof *f->regexes + filter_index_memory(&f->blocks) +
	       filter_index_memory(&f->exceptions);
}
