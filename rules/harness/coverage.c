#include "rules/harness/coverage.h"

#include <stdlib.h>

#include "rules/consent/imports.h"

void place_set_free(struct place_set *s)
{
	free(s->v);
	*s = (struct place_set){0};
}

static uint64_t place_of(const struct rule *rule)
{
	uint64_t h = (slice_hash(rule->file) ^ rule->line) * 0x9E3779B97F4A7C15U;

	h ^= h >> 32;
	return h ? h : 1;
}

/* The slot that holds the place, or the free one where it belongs. */
static uint64_t *slot_of(uint64_t *v, size_t cap, uint64_t place)
{
	size_t i = (size_t)place & (cap - 1);

	while (v[i] && v[i] != place)
		i = (i + 1) & (cap - 1);
	return &v[i];
}

static bool grow(struct place_set *s)
{
	size_t cap = s->cap ? s->cap * 2 : 64;
	uint64_t *v = calloc(cap, sizeof *v);

	if (!v) {
		s->failed = true;
		return false;
	}
	for (size_t i = 0; i < s->cap; i++)
		if (s->v[i])
			*slot_of(v, cap, s->v[i]) = s->v[i];
	free(s->v);
	s->v = v;
	s->cap = cap;
	return true;
}

bool place_set_add(struct place_set *s, const struct rule *rule)
{
	uint64_t place = place_of(rule), *slot;

	if (s->n * 2 >= s->cap && !grow(s))
		return false;
	slot = slot_of(s->v, s->cap, place);
	if (*slot)
		return false;
	*slot = place;
	s->n++;
	return true;
}

bool place_set_has(const struct place_set *s, const struct rule *rule)
{
	uint64_t place = place_of(rule);

	return s->cap && *slot_of(s->v, s->cap, place) == place;
}

static void note(struct place_set *s, const struct rule *rule)
{
	if (rule && rule->line)
		(void)place_set_add(s, rule);
}

void coverage_note(struct place_set *s, const struct ruleset *rs, const struct outcome *o)
{
	for (const struct seen_verdict *v = o->verdicts; v; v = v->next)
		note(s, v->v.rule);
	if (o->consent.denied_by_opt_out)
		note(s, o->consent.opt_out_rule);
	if (o->consent.denied_by_signal)
		note(s, o->consent.signal_rule);
	for (size_t i = 0; i < CONSENT_SOURCES_MAX; i++)
		if (o->consent.foreign_sources >> i & 1)
			note(s, import_rule(rs, i));
	if (!o->consent.decided)
		note(s, o->consent.undecided_rule);
}
