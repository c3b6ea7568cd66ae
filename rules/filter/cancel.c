#include "rules/filter/internal.h"

#include <stdlib.h>

/* A badfilter line with the hash of what it cancels. */
struct bad {
	uint64_t hash;
	uint32_t rule;
};

#define COMPARED (~(unsigned)(RULE_BAD | RULE_DEAD) & 0xFFFF)

struct slice filter_pattern_text(const struct filter *f, const struct filter_rule *r)
{
	struct filter_line l;

	if (!(r->flags & RULE_REGEX))
		return filter_pattern(f, r);
	filter_line_parse(slice_of(f->pool + r->source_at, r->source_n), &l);
	return l.pattern;
}

static uint64_t hash_of(const struct filter *f, const struct filter_rule *r)
{
	return slice_hash(filter_pattern_text(f, r)) ^ (uint64_t)(r->flags & COMPARED) << 16 ^ r->types;
}

static bool same_domains(const struct filter *f, const struct filter_set *a, const struct filter_set *b)
{
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++) {
		const struct filter_domain *x = &f->domains[a->first + i], *y = &f->domains[b->first + i];

		if (x->excluded != y->excluded ||
		    !slice_eq(slice_of(f->pool + x->at, x->n), slice_of(f->pool + y->at, y->n)))
			return false;
	}
	return true;
}

static bool same(const struct filter *f, const struct filter_rule *a, const struct filter_rule *b)
{
	return (a->flags & COMPARED) == (b->flags & COMPARED) && a->types == b->types &&
	       slice_eq(filter_pattern_text(f, a), filter_pattern_text(f, b)) &&
	       same_domains(f, &f->sets[a->domains], &f->sets[b->domains]);
}

static int compare(const void *x, const void *y)
{
	const struct bad *a = x, *b = y;

	return a->hash < b->hash ? -1 : a->hash > b->hash;
}

static bool is_cancelled(const struct filter *f, const struct filter_rule *r, const struct bad *v, size_t n)
{
	uint64_t hash = hash_of(f, r);
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (v[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n && v[low].hash == hash; low++)
		if (same(f, r, &f->rules[v[low].rule]))
			return true;
	return false;
}

static size_t gather(struct filter *f, struct bad *v)
{
	size_t n = 0;

	for (size_t i = 0; i < f->rules_n; i++) {
		if (!(f->rules[i].flags & RULE_BAD))
			continue;
		f->rules[i].flags |= RULE_DEAD;
		v[n++] = (struct bad){hash_of(f, &f->rules[i]), (uint32_t)i};
	}
	qsort(v, n, sizeof *v, compare);
	return n;
}

bool filter_cancel(struct filter *f, struct filter_counts *counts)
{
	struct bad *v;
	size_t n;

	if (counts->bad == 0)
		return true;
	v = malloc(counts->bad * sizeof *v);
	if (!v)
		return false;
	n = gather(f, v);
	for (size_t i = 0; i < f->rules_n; i++) {
		struct filter_rule *r = &f->rules[i];

		if (r->flags & RULE_DEAD || !is_cancelled(f, r, v, n))
			continue;
		r->flags |= RULE_DEAD;
		counts->bad++;
		if (r->flags & RULE_EXCEPTION)
			counts->exceptions--;
		else
			counts->blocks--;
	}
	free(v);
	return true;
}
