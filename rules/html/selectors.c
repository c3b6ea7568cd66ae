/* A set of selectors: adding, and the tables by which few of them are looked at for one element. */
#include "rules/html/selectors.h"

#include "rules/html/selectors_internal.h"

/* Attributes whose values HTML compares without case (WHATWG HTML 4.16.2). */
static const struct slice folding = SLICE_INIT(
	"accept accept-charset align alink axis bgcolor charset checked clear codetype color compact declare defer dir "
	"direction disabled enctype face frame hreflang http-equiv lang language link media method multiple nohref "
	"noresize noshade nowrap readonly rel rev rules scope scrolling selected shape target text type valign "
	"valuetype vlink");

/* Octets that are in nearly every URL select nothing. */
static const struct slice everywhere[] = {SLICE_INIT("https://www."), SLICE_INIT(".com/"), SLICE_INIT(".html")};

struct selectors *selectors_new(struct arena *arena)
{
	struct selectors *s = arena_calloc(arena, 1, sizeof *s);

	if (!s)
		return NULL;
	s->arena = arena;
	s->last = &s->first;
	s->last_member = &s->first_member;
	selector_kinds_init(s->kinds);
	return s;
}

static bool is_folding(struct slice name)
{
	struct slice one, rest = folding;

	while (rest.n) {
		slice_cut(rest, ' ', &one, &rest);
		if (slice_eq(one, name))
			return true;
	}
	return false;
}

static struct slice lower_copy(struct arena *arena, struct slice s)
{
	char *p = arena_alloc(arena, s.n);

	for (size_t i = 0; p && i < s.n; i++)
		p[i] = ascii_lower(s.p[i]);
	return slice_of(p, p ? s.n : 0);
}

struct selector_attribute *selector_attribute_get(struct selectors *s, struct slice name, bool *full)
{
	uint64_t hash = slice_ihash(name);
	struct selector_attribute *a = s->attributes[hash % SELECTOR_CHAINS];

	for (; a; a = a->next) {
		if (a->hash == hash && slice_ieq(a->name, name))
			return a;
	}
	*full = s->attribute_count == SELECTOR_ATTRIBUTES_MAX;
	a = *full ? NULL : arena_calloc(s->arena, 1, sizeof *a);
	if (!a)
		return NULL;
	a->name = lower_copy(s->arena, name);
	if (!a->name.p)
		return NULL;
	a->hash = hash;
	a->index = (uint32_t)s->attribute_count++;
	a->folds = is_folding(a->name);
	a->next = s->attributes[hash % SELECTOR_CHAINS];
	s->attributes[hash % SELECTOR_CHAINS] = a;
	return a;
}

bool selectors_add(struct selectors *s, struct slice text, struct selector_error *error)
{
	struct selector_parse p = {.set = s, .error = error};

	CG_CHECK(!s->finished);
	*error = (struct selector_error){0};
	p.last = &p.first;
	p.last_member = &p.first_member;
	p.text = arena_copy(s->arena, text);
	if (arena_failed(s->arena) || !selector_parse_list(&p))
		return false;
	*s->last = p.first;
	s->last = p.last;
	*s->last_member = p.first_member;
	s->last_member = p.last_member;
	s->ids++;
	s->members += p.members;
	s->prefixes += p.prefixes;
	return true;
}

size_t selectors_count(const struct selectors *s)
{
	return s->ids;
}

/* ---- Tables. ---- */

static size_t power_above(size_t n)
{
	size_t power = 8;

	while (power < 2 * n)
		power *= 2;
	return power;
}

static struct selector_scope *scope_of(struct selectors *s, const struct selector_part *part)
{
	uint64_t type = part->compound.type;
	size_t i = (size_t)selector_mix(type, 0) & s->scope_mask;

	if (!type)
		return &s->any;
	while (s->scopes[i].type != type && s->scopes[i].type)
		i = (i + 1) & s->scope_mask;
	if (!s->scopes[i].type) {
		s->scopes[i].type = type;
		s->scopes[i].name = part->compound.type_name;
		s->scopes[i].number = (uint32_t)++s->scope_count;
	}
	return &s->scopes[i];
}

static void add_to_bucket(struct selectors *s, uint64_t key, struct selector_part *part)
{
	size_t i = (size_t)key & s->bucket_mask;
	struct selector_part **chain;

	while (!selector_is_empty(&s->buckets[i]) && s->buckets[i].key != key)
		i = (i + 1) & s->bucket_mask;
	if (selector_is_empty(&s->buckets[i]))
		s->bucket_count++;
	s->buckets[i].key = key;
	chain = part->left ? &s->buckets[i].inner : &s->buckets[i].first;
	part->next_in_bucket = *chain;
	*chain = part;
}

#define GRAM 4

static uint32_t gram_at(struct slice value, size_t i)
{
	uint32_t gram = 0;

	for (size_t k = 0; k < GRAM; k++)
		gram = gram << 8 | (unsigned char)ascii_lower(value.p[i + k]);
	return gram;
}

static bool is_everywhere(struct slice value, size_t i)
{
	for (size_t k = 0; k < CG_COUNT(everywhere); k++) {
		if (slice_find(everywhere[k], slice_of(value.p + i, GRAM)) < everywhere[k].n)
			return true;
	}
	return false;
}

struct grams {
	uint16_t used[4096]; /* how many parts are filed under a gram, by its hash */
};

struct gram_choice {
	const struct selector_test *test;
	uint32_t gram;
	unsigned cost;
};

static unsigned gram_slot(const struct selector_test *t, uint32_t gram)
{
	return selector_bloom_bit(selector_gram(t->attribute, gram)) % 4096;
}

static void consider_grams(const struct grams *grams, const struct selector_test *t, struct gram_choice *best)
{
	if (t->op == ATTRIBUTE_PRESENT)
		return;
	for (size_t i = 0; i + GRAM <= t->value.n; i++) {
		uint32_t gram = gram_at(t->value, i);
		unsigned cost = grams->used[gram_slot(t, gram)] + (is_everywhere(t->value, i) ? 1000u : 0);

		if (!best->test || cost < best->cost)
			*best = (struct gram_choice){t, gram, cost};
	}
}

static bool names_attribute(const struct selector_test *t, struct slice name)
{
	return slice_eq(t->attribute->name, name);
}

/* By id, else by class. */
static const struct selector_test *find_exact(const struct selector_compound *c, enum selector_key *kind)
{
	const struct selector_test *found = NULL;

	for (const struct selector_test *t = c->tests; t; t = t->next) {
		if (t->fold != FOLD_NEVER)
			continue;
		if (t->op == ATTRIBUTE_EQUALS && names_attribute(t, SLICE("id"))) {
			*kind = KEY_ID;
			return t;
		}
		if (!found && t->op == ATTRIBUTE_INCLUDES && names_attribute(t, SLICE("class"))) {
			*kind = KEY_CLASS;
			found = t;
		}
	}
	return found;
}

static bool is_impossible(const struct selector_compound *c)
{
	for (const struct selector_test *t = c->tests; t; t = t->next) {
		if (t->never)
			return true;
	}
	return false;
}

static void file_gram(struct selectors *s, struct grams *grams, struct selector_scope *scope,
		      struct selector_part *part, const struct gram_choice *best)
{
	uint64_t gram = selector_gram(best->test->attribute, best->gram);
	unsigned bit = selector_bloom_bit(gram), slot = gram_slot(best->test, best->gram);

	if (grams->used[slot] < UINT16_MAX)
		grams->used[slot]++;
	s->bloom[bit / 64] |= UINT64_C(1) << bit % 64;
	best->test->attribute->grammed = true;
	scope->bits |= KEY_GRAM;
	add_to_bucket(s, selector_key(KEY_GRAM, scope->number, gram), part);
}

static void file_part(struct selectors *s, struct grams *grams, struct selector_part *part)
{
	const struct selector_compound *c = &part->compound;
	struct selector_scope *scope = scope_of(s, part);
	struct gram_choice best = {0};
	enum selector_key kind = KEY_TYPE;
	const struct selector_test *exact = find_exact(c, &kind);

	scope->bits |= part->prefix == NO_PREFIX ? SCOPE_FINAL : SCOPE_PREFIX;
	if (is_impossible(c))
		return;
	for (const struct selector_test *t = c->tests; t && !exact; t = t->next)
		consider_grams(grams, t, &best);
	if (best.test) {
		file_gram(s, grams, scope, part, &best);
		return;
	}
	if (exact) {
		add_to_bucket(s, selector_key(kind, scope->number, slice_hash(exact->value)), part);
	} else if (c->tests) {
		kind = KEY_ATTRIBUTE;
		c->tests->attribute->keyed = true;
		add_to_bucket(s, selector_key(kind, scope->number, c->tests->attribute->index), part);
	} else {
		add_to_bucket(s, selector_key(kind, scope->number, 0), part);
	}
	scope->bits |= kind;
}

static bool needs_all(const struct selectors *s, const struct selector_part *part)
{
	const struct selector_part *left = part->left;

	return left &&
	       (part->child || !left->compound.type || (selector_kind_of(s, left->compound.type) & KIND_SELDOM));
}

static void note_types(struct selectors *s)
{
	const struct selector_member *before = NULL;

	for (const struct selector_member *m = s->first_member; m; before = m, m = m->next) {
		struct slice type = m->part->compound.type_name, *of = &s->types[m->id];

		if (!before || before->id != m->id)
			*of = type;
		else if (!slice_eq(*of, type))
			*of = slice_of(NULL, 0);
	}
}

bool selectors_finish(struct selectors *s)
{
	size_t parts = s->members + s->prefixes;
	struct grams *grams = arena_calloc(s->arena, 1, sizeof *grams);

	s->scope_mask = power_above(parts) - 1;
	s->bucket_mask = s->scope_mask;
	s->scopes = arena_calloc(s->arena, s->scope_mask + 1, sizeof *s->scopes);
	s->buckets = arena_calloc(s->arena, s->bucket_mask + 1, sizeof *s->buckets);
	s->types = arena_calloc(s->arena, s->ids, sizeof *s->types);
	if (!grams || !s->scopes || !s->buckets || !s->types)
		return false;
	for (struct selector_part *part = s->first; part; part = part->next) {
		file_part(s, grams, part);
		s->tracks |= part->left != NULL;
		s->full |= needs_all(s, part);
	}
	note_types(s);
	s->finished = true;
	return true;
}

/* ---- What a set demands. ---- */

/* More names than that are not worth telling apart, and leave room in the set of names for others. */
#define WANTED_NAMES 120

static bool want_scope(const struct selector_scope *scope, struct html_names *names)
{
	unsigned wants = HTML_WANT_START | (scope->bits & SCOPE_PREFIX ? HTML_WANT_END : 0);

	if (!html_names_add(names, scope->name, wants))
		return false;
	return scope->type != html_name(SLICE("img")) || html_names_add(names, SLICE("image"), HTML_WANT_START);
}

bool selectors_want(const struct selectors *s, struct html_names *names)
{
	unsigned ends = s->tracks ? HTML_WANT_END : 0;

	CG_CHECK(s->finished);
	if (s->full || s->scope_count > WANTED_NAMES) {
		html_names_want_all(names, HTML_WANT_START | ends);
		return true;
	}
	if (s->any.bits)
		html_names_want_all(names, HTML_WANT_START);
	for (size_t i = 0; i <= s->scope_mask; i++) {
		if (s->scopes[i].type && !want_scope(&s->scopes[i], names))
			return false;
	}
	return true;
}

struct slice selector_type(const struct selectors *s, size_t id)
{
	CG_CHECK(s->finished);
	return id < s->ids ? s->types[id] : slice_of(NULL, 0);
}
