#include "rules/filter/internal.h"

#include <stdlib.h>

/* A rule with the key it is found by. */
struct keyed {
	uint32_t key;
	uint32_t rule;
};

/* How a rule is found. */
enum found_by { BY_HOST, BY_GRAM, ALWAYS };

/* What building one index takes. */
struct build {
	struct filter *f;
	uint32_t *frequency; /* of grams over all patterns, by hash */
	struct keyed *hosts;
	struct keyed *grams;
	uint32_t *always;
	size_t hosts_n, grams_n, always_n, numbered;
};

#define FREQUENCY_BITS 16
#define COMMON	       100000 /* what nearly every URL holds is as good as no key */

static uint32_t gram_at(struct slice pattern, size_t at)
{
	char lower[GRAM];

	for (size_t i = 0; i < GRAM; i++)
		lower[i] = ascii_lower(pattern.p[at + i]);
	return filter_gram(lower);
}

/* The next offset, from `from` on, at which GRAM octets are taken literally; SIZE_MAX if there is none. */
static size_t next_gram(struct slice pattern, size_t from)
{
	size_t run = 0;

	for (size_t i = from; i < pattern.n; i++) {
		run = pattern.p[i] == '^' || pattern.p[i] == '*' ? 0 : run + 1;
		if (run >= GRAM)
			return i + 1 - GRAM;
	}
	return SIZE_MAX;
}

/* Length of the host that the pattern begins with, if a separator follows; else 0. */
static size_t host_length(const struct filter *f, const struct filter_rule *r)
{
	struct slice pattern = filter_pattern(f, r);
	size_t n = 0;

	if (!(r->flags & RULE_HOST))
		return 0;
	while (n < pattern.n && !filter_is_separator(pattern.p[n]))
		n++;
	return n < pattern.n && pattern.p[n] != '*' ? n : 0;
}

static uint32_t lower_host_hash(struct slice host)
{
	uint32_t h = FILTER_TAIL_INIT;

	while (host.n)
		h = filter_tail_hash(h, ascii_lower(host.p[--host.n]));
	return h;
}

static void count_grams(struct build *b)
{
	static const char common[][GRAM + 1] = {"http", "ttps", "tps:", "ps:/", "s://", "ttp:", "tp:/",
						"p://", "://w", "//ww", "/www", "www.", ".com", "com/"};

	for (size_t i = 0; i < b->f->rules_n; i++) {
		const struct filter_rule *r = &b->f->rules[i];
		struct slice pattern;

		if (r->flags & (RULE_REGEX | RULE_DEAD) || host_length(b->f, r))
			continue;
		pattern = filter_pattern(b->f, r);
		for (size_t at = 0; (at = next_gram(pattern, at)) != SIZE_MAX; at++)
			b->frequency[filter_bucket(gram_at(pattern, at), FREQUENCY_BITS)]++;
	}
	for (size_t i = 0; i < CG_COUNT(common); i++)
		b->frequency[filter_bucket(filter_gram(common[i]), FREQUENCY_BITS)] += COMMON;
}

/* Offset of the pattern's rarest gram; SIZE_MAX if it has none. */
static size_t rarest_gram(const struct build *b, struct slice pattern)
{
	size_t best = SIZE_MAX;
	uint32_t best_frequency = UINT32_MAX;

	for (size_t at = 0; (at = next_gram(pattern, at)) != SIZE_MAX; at++) {
		uint32_t n = b->frequency[filter_bucket(gram_at(pattern, at), FREQUENCY_BITS)];

		if (n < best_frequency) {
			best_frequency = n;
			best = at;
		}
	}
	return best;
}

/* What every match of a regular expression holds: the rarest gram of its literal parts. */
static bool regex_gram(const struct build *b, struct slice text, uint32_t *key)
{
	uint32_t best = UINT32_MAX;
	char p[REGEX_PART_MAX];
	size_t length;

	while (regex_literal(&text, p, &length)) {
		struct slice part = slice_of(p, length);
		size_t at = rarest_gram(b, part);
		uint32_t n;

		if (at == SIZE_MAX)
			continue;
		n = b->frequency[filter_bucket(gram_at(part, at), FREQUENCY_BITS)];
		if (n < best) {
			best = n;
			*key = gram_at(part, at);
		}
	}
	return best != UINT32_MAX;
}

static bool find_gram(const struct build *b, struct filter_rule *r, uint32_t *key)
{
	struct slice pattern = filter_pattern_text(b->f, r);
	size_t at;

	if (r->flags & RULE_REGEX)
		return regex_is_plain(pattern) && regex_gram(b, pattern, key);
	at = rarest_gram(b, pattern);
	if (at == SIZE_MAX)
		return false;
	*key = gram_at(pattern, at);
	r->at = (uint16_t)at;
	return true;
}

static enum found_by key_of(struct build *b, struct filter_rule *r, uint32_t *key)
{
	size_t n = r->flags & RULE_REGEX ? 0 : host_length(b->f, r);

	if (n) {
		*key = lower_host_hash(slice_head(filter_pattern(b->f, r), n));
		return BY_HOST;
	}
	if (!find_gram(b, r, key))
		return ALWAYS;
	if (r->flags & (RULE_STAR | RULE_REGEX)) {
		if (b->numbered == RULE_NUMBERED_MAX)
			return ALWAYS;
		r->at = (uint16_t)b->numbered++;
	}
	return BY_GRAM;
}

static unsigned bits_for(size_t n)
{
	unsigned bits = 4;

	while (bits < 20 && ((size_t)1 << bits) < n)
		bits++;
	return bits;
}

/* Counting sort by bucket; stable, so lines stay in order. With n 0 the map stays empty. */
static bool build_map(struct filter_map *map, const struct keyed *v, size_t n)
{
	size_t buckets;

	map->bits = bits_for(n);
	if (n == 0)
		return true;
	buckets = (size_t)1 << map->bits;
	map->starts = calloc(buckets + 2, sizeof *map->starts);
	map->entries = malloc(n * sizeof *map->entries);
	if (!map->starts || !map->entries)
		return false;
	/* starts[b + 2] counts bucket b; summed up, starts[b + 1] is where the next entry of b goes, and in the end
	 * where b ends: so starts[b] is where b begins. */
	for (size_t i = 0; i < n; i++)
		map->starts[filter_bucket(v[i].key, map->bits) + 2]++;
	for (size_t i = 2; i < buckets + 2; i++)
		map->starts[i] += map->starts[i - 1];
	for (size_t i = 0; i < n; i++) {
		uint32_t at = map->starts[filter_bucket(v[i].key, map->bits) + 1]++;

		map->entries[at] = (struct filter_entry){v[i].key, v[i].rule};
	}
	return true;
}

static bool build_present(struct filter_index *x, const struct keyed *v, size_t n)
{
	x->present_bits = x->grams.bits + 4;
	x->present = calloc((size_t)1 << (x->present_bits - 6), sizeof *x->present);
	if (!x->present)
		return false;
	for (size_t i = 0; i < n; i++) {
		uint32_t bit = filter_bucket(v[i].key, x->present_bits);

		x->present[bit / 64] |= (uint64_t)1 << (bit % 64);
	}
	return true;
}

static bool build_always(struct filter_index *x, const uint32_t *v, size_t n)
{
	x->always = malloc((n + 1) * sizeof *x->always);
	if (!x->always)
		return false;
	memcpy(x->always, v, n * sizeof *v);
	x->always_n = n;
	return true;
}

static bool build_one(struct build *b, struct filter_index *x, bool exceptions)
{
	b->hosts_n = b->grams_n = b->always_n = b->numbered = 0;
	for (size_t i = 0; i < b->f->rules_n; i++) {
		struct filter_rule *r = &b->f->rules[i];
		uint32_t key = 0;

		if (r->flags & RULE_DEAD || exceptions != !!(r->flags & RULE_EXCEPTION))
			continue;
		switch (key_of(b, r, &key)) {
		case BY_HOST:
			b->hosts[b->hosts_n++] = (struct keyed){key, (uint32_t)i};
			break;
		case BY_GRAM:
			b->grams[b->grams_n++] = (struct keyed){key, (uint32_t)i};
			break;
		case ALWAYS:
			b->always[b->always_n++] = (uint32_t)i;
			break;
		}
	}
	return build_map(&x->hosts, b->hosts, b->hosts_n) && build_map(&x->grams, b->grams, b->grams_n) &&
	       build_present(x, b->grams, b->grams_n) && build_always(x, b->always, b->always_n);
}

bool filter_index_build(struct filter *f)
{
	struct build b = {.f = f};
	bool ok;

	b.frequency = calloc((size_t)1 << FREQUENCY_BITS, sizeof *b.frequency);
	b.hosts = malloc((f->rules_n + 1) * sizeof *b.hosts);
	b.grams = malloc((f->rules_n + 1) * sizeof *b.grams);
	b.always = malloc((f->rules_n + 1) * sizeof *b.always);
	ok = b.frequency && b.hosts && b.grams && b.always;
	if (ok) {
		count_grams(&b);
		ok = build_one(&b, &f->blocks, false) && build_one(&b, &f->exceptions, true);
	}
	free(b.frequency);
	free(b.hosts);
	free(b.grams);
	free(b.always);
	return ok;
}

void filter_index_free(struct filter_index *x)
{
	free(x->hosts.starts);
	free(x->hosts.entries);
	free(x->grams.starts);
	free(x->grams.entries);
	free(x->present);
	free(x->always);
}

static size_t map_memory(const struct filter_map *m)
{
	size_t buckets = (size_t)1 << m->bits;

	return m->entries ? (buckets + 2) * sizeof *m->starts + m->starts[buckets] * sizeof *m->entries : 0;
}

size_t filter_index_memory(const struct filter_index *x)
{
	return map_memory(&x->hosts) + map_memory(&x->grams) + ((size_t)1 << x->present_bits) / 8 +
	       (x->always_n + 1) * sizeof *x->always;
}
