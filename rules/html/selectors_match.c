/* One element against a set: the few parts that can hold for it, by its name, id, classes and attributes. */
#include <stdlib.h>

#include "rules/html/entity.h"
#include "rules/html/selectors_internal.h"

/* ---- Attributes of the element at hand. ---- */

static bool is_coded(struct slice raw)
{
	return raw.n && (memchr(raw.p, '&', raw.n) || memchr(raw.p, '\r', raw.n) || memchr(raw.p, '\0', raw.n));
}

static struct slice value_of(struct selector_matcher *m, const struct selector_attribute *a)
{
	const struct selector_value *v = &m->values[a->index];
	struct slice raw = html_attribute_value(m->tag, v->attribute);

	if (!v->coded)
		return raw;
	if (m->decoded != a) {
		m->decoded = a;
		if (!html_decode_attribute(raw, m->scratch, &m->decoded_value))
			m->decoded_value = raw;
	}
	return m->decoded_value;
}

static bool ieq_at(struct slice value, size_t at, struct slice needle)
{
	return slice_ieq(slice_of(value.p + at, needle.n), needle);
}

static bool is_within(struct slice value, struct slice needle, bool fold)
{
	if (!fold)
		return slice_find(value, needle) < value.n;
	for (size_t i = 0; i + needle.n <= value.n; i++) {
		if (ascii_lower(value.p[i]) == ascii_lower(needle.p[0]) && ieq_at(value, i, needle))
			return true;
	}
	return false;
}

static struct slice next_word(struct slice *rest)
{
	struct slice word;
	size_t i = 0;

	while (i < rest->n && selector_space(rest->p[i]))
		i++;
	*rest = slice_from(*rest, i);
	for (i = 0; i < rest->n && !selector_space(rest->p[i]);)
		i++;
	word = slice_head(*rest, i);
	*rest = slice_from(*rest, i);
	return word;
}

static bool equal(struct slice a, struct slice b, bool fold)
{
	return fold ? slice_ieq(a, b) : slice_eq(a, b);
}

static bool has_word(struct slice value, struct slice wanted, bool fold)
{
	while (value.n) {
		struct slice word = next_word(&value);

		if (word.n && equal(word, wanted, fold))
			return true;
	}
	return false;
}

static bool value_holds(const struct selector_test *t, struct slice value, bool fold)
{
	struct slice wanted = t->value;

	if (t->op == ATTRIBUTE_INCLUDES)
		return has_word(value, wanted, fold);
	if (wanted.n > value.n)
		return false;
	switch (t->op) {
	case ATTRIBUTE_EQUALS:
		return equal(value, wanted, fold);
	case ATTRIBUTE_DASH:
		return equal(slice_head(value, wanted.n), wanted, fold) &&
		       (value.n == wanted.n || value.p[wanted.n] == '-');
	case ATTRIBUTE_PREFIX:
		return equal(slice_head(value, wanted.n), wanted, fold);
	case ATTRIBUTE_SUFFIX:
		return equal(slice_from(value, value.n - wanted.n), wanted, fold);
	default:
		return is_within(value, wanted, fold);
	}
}

static bool test_holds(struct selector_matcher *m, const struct selector_test *t)
{
	if (m->values[t->attribute->index].stamp != m->stamp || t->never)
		return false;
	if (t->op == ATTRIBUTE_PRESENT)
		return true;
	return value_holds(t, value_of(m, t->attribute),
			   t->fold == FOLD_ALWAYS || (t->fold == FOLD_IN_HTML && m->html));
}

/* ---- Parts. ---- */

static bool type_holds(const struct selector_matcher *m, const struct selector_compound *c)
{
	if (!c->type)
		return true;
	return c->type == m->name && (!(c->type >> 63) || slice_ieq(m->tag->name_raw, c->type_name));
}

static bool compound_holds(struct selector_matcher *m, const struct selector_compound *c)
{
	if (!type_holds(m, c))
		return false;
	for (const struct selector_test *t = c->tests; t; t = t->next) {
		if (!test_holds(m, t))
			return false;
	}
	for (const struct selector_compound *n = c->nots; n; n = n->next) {
		if (compound_holds(m, n))
			return false;
	}
	return true;
}

/* Does what stands to the left of the combinator hold for an element around, of which there is one? */
static bool left_holds(const struct selector_matcher *m, const struct selector_part *part)
{
	uint32_t prefix;

	if (!part->left)
		return true;
	if (part->child && m->beyond)
		return false;
	prefix = part->left->prefix;
	return (part->child ? selector_own(m, m->parent - 1) : selector_inherited(m, m->parent - 1))[prefix / 64] >>
		       prefix % 64 &
	       1;
}

/* Keeps the lowest ids, ascending. */
static size_t add_hit(size_t hits[SELECTOR_HITS_MAX], size_t n, size_t id)
{
	size_t at = n;

	while (at && hits[at - 1] > id)
		at--;
	if ((at && hits[at - 1] == id) || at == SELECTOR_HITS_MAX)
		return n;
	if (n == SELECTOR_HITS_MAX)
		n--;
	memmove(&hits[at + 1], &hits[at], (n - at) * sizeof *hits);
	hits[at] = id;
	return n + 1;
}

/* Is it known already, or beyond what is reported? */
static bool is_settled(const size_t hits[SELECTOR_HITS_MAX], size_t n, size_t id)
{
	return n && (hits[n - 1] == id || (n == SELECTOR_HITS_MAX && hits[n - 1] < id));
}

/* What is asked of the element at hand. */
struct asked {
	bool opens;   /* which prefixes hold for it */
	size_t *hits; /* which selectors; NULL: none */
	size_t n;     /* of hits */
};

static void test_parts(struct selector_matcher *m, const struct selector_part *part, struct asked *asked)
{
	for (; part; part = part->next_in_bucket) {
		bool final = part->prefix == NO_PREFIX;

		if (final ? !asked->hits || is_settled(asked->hits, asked->n, part->id) : !asked->opens)
			continue;
		if (!left_holds(m, part) || !compound_holds(m, &part->compound))
			continue;
		if (final)
			asked->n = add_hit(asked->hits, asked->n, part->id);
		else
			m->own[part->prefix / 64] |= UINT64_C(1) << part->prefix % 64;
	}
}

static void test_found(struct selector_matcher *m, struct asked *asked)
{
	bool inner = m->parent && m->open[m->parent - 1].matters;

	if (asked->opens)
		memset(m->own, 0, m->words * sizeof *m->own);
	for (uint32_t i = 0; i < m->found; i++) {
		const struct selector_bucket *b = &m->set->buckets[m->found_buckets[i]];

		test_parts(m, b->first, asked);
		if (inner)
			test_parts(m, b->inner, asked);
	}
}

/* ---- Which buckets? ---- */

/* What is looked up: for the element's type, and for any. */
struct lookup {
	uint32_t bits, any_bits; /* enum selector_key */
	uint32_t scope;
};

static void probe_one(struct selector_matcher *m, uint64_t key)
{
	const struct selectors *s = m->set;
	size_t i = (size_t)key & s->bucket_mask;

	while (!selector_is_empty(&s->buckets[i]) && s->buckets[i].key != key)
		i = (i + 1) & s->bucket_mask;
	if (selector_is_empty(&s->buckets[i]) || m->bucket_stamps[i] == m->stamp)
		return;
	m->bucket_stamps[i] = m->stamp;
	m->found_buckets[m->found++] = (uint32_t)i;
}

static void probe(struct selector_matcher *m, const struct lookup *l, enum selector_key kind, uint64_t of)
{
	if (l->bits & kind)
		probe_one(m, selector_key(kind, l->scope, of));
	if (l->any_bits & kind)
		probe_one(m, selector_key(kind, 0, of));
}

static void probe_grams(struct selector_matcher *m, const struct lookup *l, const struct selector_attribute *a)
{
	struct slice value = value_of(m, a);
	uint32_t octets = 0;

	for (size_t i = 0; i < value.n; i++) {
		uint64_t gram;
		unsigned bit;

		octets = octets << 8 | (unsigned char)ascii_lower(value.p[i]);
		if (i < 3)
			continue;
		gram = selector_gram(a, octets);
		bit = selector_bloom_bit(gram);
		if (m->set->bloom[bit / 64] >> bit % 64 & 1)
			probe(m, l, KEY_GRAM, gram);
	}
}

static void probe_attribute(struct selector_matcher *m, const struct lookup *l, const struct selector_attribute *a)
{
	uint32_t bits = l->bits | l->any_bits;

	if ((bits & KEY_ATTRIBUTE) && a->keyed)
		probe(m, l, KEY_ATTRIBUTE, a->index);
	if ((bits & KEY_GRAM) && a->grammed)
		probe_grams(m, l, a);
	if ((bits & KEY_ID) && slice_eq(a->name, SLICE("id")))
		probe(m, l, KEY_ID, slice_hash(value_of(m, a)));
	if ((bits & KEY_CLASS) && slice_eq(a->name, SLICE("class"))) {
		struct slice rest = value_of(m, a);

		while (rest.n)
			probe(m, l, KEY_CLASS, slice_hash(next_word(&rest)));
	}
}

static const struct selector_attribute *known_attribute(const struct selectors *s, struct slice name)
{
	uint64_t hash = slice_ihash(name);
	const struct selector_attribute *a = s->attributes[hash % SELECTOR_CHAINS];

	while (a && (a->hash != hash || !slice_ieq(a->name, name)))
		a = a->next;
	return a;
}

/* Finds the buckets that may hold for the element at hand. */
static void find_buckets(struct selector_matcher *m, const struct selector_scope *scope)
{
	const struct lookup l = {scope ? scope->bits : 0, m->set->any.bits, scope ? scope->number : 0};

	m->found = 0;
	if (!(l.bits | l.any_bits))
		return;
	for (size_t i = 0; i < m->tag->attribute_count; i++) {
		const struct html_attribute *at = &m->tag->attributes[i];
		const struct selector_attribute *a = known_attribute(m->set, html_attribute_name(m->tag, at));

		if (!a || m->values[a->index].stamp == m->stamp)
			continue; /* of duplicates the first counts */
		m->values[a->index] = (struct selector_value){m->stamp, is_coded(html_attribute_value(m->tag, at)), at};
		probe_attribute(m, &l, a);
	}
	probe(m, &l, KEY_TYPE, 0);
}

/* ---- The matcher. ---- */

struct selector_matcher *selector_matcher_new(const struct selectors *s)
{
	size_t words = (s->prefixes + 63) / 64, slots = s->bucket_mask + 1, n;
	size_t sets = s->tracks ? 4 * SELECTOR_DEPTH + 1 : 0;
	struct selector_matcher *m;
	char *at;

	n = sizeof *m + sets * words * sizeof *m->held + s->attribute_count * sizeof *m->values +
	    (slots + s->bucket_count) * sizeof *m->bucket_stamps;
	m = calloc(1, n);
	if (!m)
		return NULL;
	m->set = s;
	m->words = words;
	at = (char *)(m + 1);
	m->held = (uint64_t *)(void *)at;
	m->before.held = m->held + (s->tracks ? 2 * SELECTOR_DEPTH * words : 0);
	m->own = m->before.held + (s->tracks ? 2 * SELECTOR_DEPTH * words : 0);
	at += sets * words * sizeof *m->held;
	m->values = (struct selector_value *)(void *)at;
	at += s->attribute_count * sizeof *m->values;
	m->bucket_stamps = (uint32_t *)(void *)at;
	m->found_buckets = m->bucket_stamps + slots;
	selector_stack_reset(m);
	return m;
}

void selector_matcher_free(struct selector_matcher *m)
{
	free(m);
}

void selector_matcher_reset(struct selector_matcher *m)
{
	selector_stack_reset(m);
}

/* Another element: nothing is known of it. */
static void begin(struct selector_matcher *m, const struct html_token *tag, uint64_t name, bool html)
{
	m->tag = tag;
	m->name = name;
	m->html = html;
	m->decoded = NULL;
	if (++m->stamp)
		return;
	memset(m->bucket_stamps, 0, (m->set->bucket_mask + 1) * sizeof *m->bucket_stamps);
	memset(m->values, 0, m->set->attribute_count * sizeof *m->values);
	m->stamp = 1;
}

void selector_imply(struct selector_matcher *m, struct slice name)
{
	static const struct html_token none;
	const struct html_token *tag = m->tag;
	uint64_t outer = m->name;
	bool html = m->html;
	struct asked asked = {.opens = true};

	begin(m, &none, html_name(name), true);
	m->parent = m->n;
	find_buckets(m, selector_scope_find(m->set, m->name));
	test_found(m, &asked);
	selector_stack_push(m, selector_kind_of(m->set, m->name));
	begin(m, tag, outer, html);
}

/* Browsers make <image> an img (13.2.6.4.7). */
static uint64_t element_name(const struct html_token *tag)
{
	static const struct slice image = SLICE_INIT("image");
	uint64_t name = tag->name;

	if (tag->ns == HTML_NS_HTML && tag->name_raw.n == image.n && slice_ieq(tag->name_raw, image))
		name = html_name(SLICE("img"));
	return name;
}

size_t selector_matcher_start(struct selector_matcher *m, const struct html_token *tag, struct buffer *scratch,
			      size_t hits[SELECTOR_HITS_MAX])
{
	const struct selectors *s = m->set;
	uint64_t name = element_name(tag);
	const struct selector_scope *scope = selector_scope_find(s, name);
	bool tracked = s->full || (scope && (scope->bits & SCOPE_PREFIX));
	struct asked asked = {.hits = hits};
	uint32_t bits;

	m->before.possible = false;
	if (tag->end_tag || !name || (!tracked && !scope && !s->any.bits))
		return 0;
	m->scratch = scratch;
	begin(m, tag, name, tag->ns == HTML_NS_HTML);
	bits = s->tracks ? selector_kind_of(s, name) : 0;
	m->parent = m->n;
	if (tracked && selector_stack_before(m, bits))
		asked.opens = m->html ? !(bits & KIND_VOID) : !tag->self_closing;
	find_buckets(m, scope);
	test_found(m, &asked);
	if (asked.opens)
		selector_stack_push(m, bits);
	return asked.n;
}

void selector_matcher_end(struct selector_matcher *m, const struct html_token *tag)
{
	const struct selectors *s = m->set;
	const struct selector_scope *scope;

	m->before.possible = false;
	if (!s->tracks || !tag->end_tag || !tag->name)
		return;
	scope = s->full ? NULL : selector_scope_find(s, tag->name);
	if (s->full || (scope && (scope->bits & SCOPE_PREFIX)))
		selector_stack_end(m, tag->name);
}
