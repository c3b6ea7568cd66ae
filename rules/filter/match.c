#include "rules/filter/internal.h"

#include "rules/http/host.h"

/* The search for the first matching rule of one kind. */
struct search {
	const struct filter *f;
	struct filter_request *r;
	struct pattern_scratch *scratch;
	const struct filter_rule *first;     /* that matches, so far */
	const struct filter_rule *important; /* likewise, important ones */
	const struct filter_rule *limited;   /* the last one whose regular expression exceeded its limits */
	bool tried_any;
	uint64_t tried[RULE_NUMBERED_MAX / 64]; /* the numbered rules need only be tried once a URL */
};

uint32_t filter_host_hash(struct slice host)
{
	uint32_t h = FILTER_TAIL_INIT;

	while (host.n)
		h = filter_tail_hash(h, host.p[--host.n]);
	return h;
}

void filter_page_init(struct filter_page *page, struct slice host)
{
	uint32_t h = FILTER_TAIL_INIT;

	*page = (struct filter_page){.host = host, .site = host_registrable(host)};
	for (size_t at = host.n; at > 0 && page->labels < FILTER_LABELS_MAX; at--) {
		h = filter_tail_hash(h, host.p[at - 1]);
		if (at > 1 && host.p[at - 2] != '.')
			continue;
		page->tail[page->labels].at = at - 1;
		page->tail[page->labels++].hash = h;
	}
}

static bool is_third_party(struct filter_request *r)
{
	struct slice site;

	if (r->party == FILTER_PARTY_UNKNOWN && slice_eq(r->host, r->page->host))
		r->party = FILTER_FIRST_PARTY;
	if (r->party == FILTER_PARTY_UNKNOWN) {
		site = host_registrable(r->host);
		r->party = site.n && slice_eq(site, r->page->site) ? FILTER_FIRST_PARTY : FILTER_THIRD_PARTY;
	}
	return r->party == FILTER_THIRD_PARTY;
}

static bool to_lower(struct slice s, struct arena *arena, struct slice *out)
{
	size_t i = 0;
	char *p;

	*out = s;
	while (i < s.n && !(s.p[i] >= 'A' && s.p[i] <= 'Z'))
		i++;
	if (i == s.n)
		return true;
	p = arena_alloc(arena, s.n);
	if (!p)
		return false;
	for (i = 0; i < s.n; i++)
		p[i] = ascii_lower(s.p[i]);
	*out = slice_of(p, s.n);
	return true;
}

bool filter_request_init(struct filter_request *r, const struct web_url *url, unsigned types,
			 const struct filter_page *page, struct arena *arena)
{
	CG_CHECK(url->kind == WEB_URL_NETWORK);
	*r = (struct filter_request){
		.page = page,
		.text = url->text,
		.host = url->host,
		.host_at = url->scheme.n + 3,
		.host_end = url->origin.n,
		.types = types,
	};
	return to_lower(url->text, arena, &r->lower);
}

static const struct filter_domain *find_domain(const struct filter *f, const struct filter_set *set, uint32_t hash,
					       struct slice name)
{
	const struct filter_domain *v = f->domains + set->first;
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (v[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < set->n && v[low].hash == hash; low++)
		if (slice_eq(slice_of(f->pool + v[low].at, v[low].n), name))
			return &v[low];
	return NULL;
}

bool filter_set_holds(const struct filter *f, const struct filter_set *set, const struct filter_page *page)
{
	for (size_t i = page->labels; i > 0; i--) {
		struct slice name = slice_from(page->host, page->tail[i - 1].at);
		const struct filter_domain *d = find_domain(f, set, page->tail[i - 1].hash, name);

		if (d)
			return !d->excluded;
	}
	return !set->any_included;
}

static bool may_anchor(const struct filter_request *r, size_t at)
{
	return at == r->host_at || (at > r->host_at && at <= r->host_end && r->lower.p[at - 1] == '.');
}

static bool host_anchored(const struct filter_request *r, struct slice pattern, bool to_end, struct slice url)
{
	for (size_t at = r->host_at; at <= r->host_end; at++)
		if (may_anchor(r, at) && glob_at(pattern, to_end, url, at))
			return true;
	return false;
}

static bool regex_matches(struct search *s, const struct filter_rule *rule)
{
	switch (pattern_match(s->f->regexes[rule->pattern_at], s->scratch, s->r->text)) {
	case PATTERN_MATCH:
		return true;
	case PATTERN_NO_MATCH:
		return false;
	case PATTERN_LIMIT:
		break;
	}
	s->limited = rule;
	return !(rule->flags & RULE_EXCEPTION);
}

/* Does the rule's pattern fit anywhere? */
static bool pattern_fits(struct search *s, const struct filter_rule *rule)
{
	struct slice url = rule->flags & RULE_MATCH_CASE ? s->r->text : s->r->lower;
	bool to_end = rule->flags & RULE_END;
	struct slice pattern;

	if (rule->flags & RULE_REGEX)
		return regex_matches(s, rule);
	pattern = filter_pattern(s->f, rule);
	if (rule->flags & RULE_HOST)
		return host_anchored(s->r, pattern, to_end, url);
	if (rule->flags & RULE_START)
		return glob_at(pattern, to_end, url, 0);
	return glob_anywhere(pattern, to_end, url, 0);
}

/* Does it fit where it begins at `at`? */
static bool pattern_fits_at(struct search *s, const struct filter_rule *rule, size_t at)
{
	struct slice url = rule->flags & RULE_MATCH_CASE ? s->r->text : s->r->lower;

	if ((rule->flags & RULE_HOST && !may_anchor(s->r, at)) || (rule->flags & RULE_START && at != 0))
		return false;
	return glob_at(filter_pattern(s->f, rule), rule->flags & RULE_END, url, at);
}

/* True if a match of the rule would be of interest, and everything but its pattern allows it. */
static bool worth_trying(const struct search *s, const struct filter_rule *rule)
{
	const struct filter_rule *best = rule->flags & RULE_IMPORTANT ? s->important : s->first;

	if ((best && best->line <= rule->line) || !(rule->types & s->r->types))
		return false;
	if (rule->domains && !filter_set_holds(s->f, &s->f->sets[rule->domains], s->r->page))
		return false;
	return !(rule->flags & (RULE_FIRST_PARTY | RULE_THIRD_PARTY)) ||
	       rule->flags & (is_third_party(s->r) ? RULE_THIRD_PARTY : RULE_FIRST_PARTY);
}

static void found(struct search *s, const struct filter_rule *rule)
{
	if (rule->flags & RULE_IMPORTANT)
		s->important = rule;
	else
		s->first = rule;
}

/* True the first time. */
static bool first_try(struct search *s, unsigned number)
{
	uint64_t bit = (uint64_t)1 << (number % 64);

	if (!s->tried_any)
		memset(s->tried, 0, sizeof s->tried);
	s->tried_any = true;
	if (s->tried[number / 64] & bit)
		return false;
	s->tried[number / 64] |= bit;
	return true;
}

static void try_hosts(struct search *s, const struct filter_map *map, uint32_t key, size_t at)
{
	uint32_t bucket = filter_bucket(key, map->bits);

	for (uint32_t i = map->starts[bucket]; i < map->starts[bucket + 1]; i++) {
		const struct filter_rule *rule = &s->f->rules[map->entries[i].rule];

		if (map->entries[i].key == key && worth_trying(s, rule) && pattern_fits_at(s, rule, at))
			found(s, rule);
	}
}

/* Every tail of host[:port] that begins with a label and ends before a separator. */
static void search_hosts(struct search *s, const struct filter_map *map)
{
	uint32_t h = FILTER_TAIL_INIT;
	const char *p = s->r->lower.p;

	if (!map->entries)
		return;
	for (size_t at = s->r->host_end; at > s->r->host_at; at--) {
		if (filter_is_separator(p[at - 1])) {
			h = FILTER_TAIL_INIT;
			continue;
		}
		h = filter_tail_hash(h, p[at - 1]);
		if (may_anchor(s->r, at - 1))
			try_hosts(s, map, h, at - 1);
	}
}

static void try_grams(struct search *s, const struct filter_map *map, uint32_t key, size_t at)
{
	uint32_t bucket = filter_bucket(key, map->bits);

	for (uint32_t i = map->starts[bucket]; i < map->starts[bucket + 1]; i++) {
		const struct filter_rule *rule = &s->f->rules[map->entries[i].rule];
		bool fits;

		if (map->entries[i].key != key || !worth_trying(s, rule))
			continue;
		if (rule->flags & (RULE_STAR | RULE_REGEX))
			fits = first_try(s, rule->at) && pattern_fits(s, rule);
		else
			fits = at >= rule->at && pattern_fits_at(s, rule, at - rule->at);
		if (fits)
			found(s, rule);
	}
}

static void search_grams(struct search *s, const struct filter_index *x)
{
	const char *p = s->r->lower.p;

	if (!x->grams.entries)
		return;
	for (size_t at = 0; at + GRAM <= s->r->lower.n; at++) {
		uint32_t key = filter_gram(p + at), bit = filter_bucket(key, x->present_bits);

		if (x->present[bit / 64] >> (bit % 64) & 1)
			try_grams(s, &x->grams, key, at);
	}
}

static void search_index(struct search *s, const struct filter_index *x)
{
	search_hosts(s, &x->hosts);
	search_grams(s, x);
	for (size_t i = 0; i < x->always_n; i++) {
		const struct filter_rule *rule = &s->f->rules[x->always[i]];

		if (worth_trying(s, rule) && pattern_fits(s, rule))
			found(s, rule);
	}
}

static void search_init(struct search *s, const struct filter *f, struct filter_request *r,
			struct pattern_scratch *scratch)
{
	s->f = f;
	s->r = r;
	s->scratch = scratch;
	s->first = s->important = s->limited = NULL;
	s->tried_any = false;
}

static struct filter_match told(const struct filter *f, const struct filter_rule *rule)
{
	return (struct filter_match){rule->line, slice_of(f->pool + rule->source_at, rule->source_n)};
}

struct filter_result filter_match(const struct filter *f, struct filter_request *r, struct pattern_scratch *scratch)
{
	struct filter_result result = {.verdict = FILTER_NONE};
	const struct filter_rule *rule;
	struct search s;

	search_init(&s, f, r, scratch);
	search_index(&s, &f->blocks);
	rule = s.important ? s.important : s.first;
	if (!rule)
		return result;
	result.verdict = FILTER_BLOCKED;
	result.rule = told(f, rule);
	result.limit = s.limited == rule;
	if (s.important)
		return result;
	search_init(&s, f, r, scratch);
	search_index(&s, &f->exceptions);
	result.limit |= s.limited != NULL;
	if (s.first) {
		result.verdict = FILTER_EXCEPTED;
		result.exception = told(f, s.first);
	}
	return result;
}
