#include "rules/language/ruleset_internal.h"

/* FNV-1a by single octets, so that one pass over a path hashes each of its beginnings. The keys are the operator's. */
#define HASH_START UINT64_C(0xcbf29ce484222325)

static uint64_t hash_add(uint64_t h, char c)
{
	return (h ^ (unsigned char)c) * UINT64_C(0x100000001b3);
}

static uint64_t hash_of(struct slice s)
{
	uint64_t h = HASH_START;

	for (size_t i = 0; i < s.n; i++)
		h = hash_add(h, s.p[i]);
	return h;
}

static const struct name *find_exact(const struct names *names, struct slice s, uint64_t hash)
{
	size_t i;

	if (!names->slots)
		return NULL;
	for (i = (size_t)hash & names->slot_mask; names->slots[i]; i = (i + 1) & names->slot_mask) {
		if (slice_eq(names->slots[i]->text, s))
			return names->slots[i];
	}
	return NULL;
}

/* The first of equal names stays, since it wins. */
static void put_exact(struct names *names, const struct name *name)
{
	size_t i = (size_t)hash_of(name->text) & names->slot_mask;

	while (names->slots[i]) {
		if (slice_eq(names->slots[i]->text, name->text))
			return;
		i = (i + 1) & names->slot_mask;
	}
	names->slots[i] = name;
}

static bool index_exact(struct names *names, size_t count, struct arena *arena)
{
	size_t size = 2;

	if (count == 0)
		return true;
	while (size < count * 2)
		size *= 2;
	names->slots = arena_calloc(arena, size, sizeof(const struct name *));
	if (!names->slots)
		return false;
	names->slot_mask = size - 1;
	for (size_t i = 0; i < names->n; i++) {
		if (names->all[i].kind == NAME_EXACT)
			put_exact(names, &names->all[i]);
	}
	return true;
}

static bool index_prefixes(struct names *names, size_t count, struct arena *arena)
{
	size_t at[256] = {0}, sum = 0;

	names->prefixes = arena_calloc(arena, count, sizeof(const struct name *));
	if (!names->prefixes)
		return false;
	for (size_t i = 0; i < names->n; i++) {
		if (names->all[i].kind == NAME_PREFIX)
			at[(unsigned char)names->all[i].text.p[0]]++;
	}
	for (size_t c = 0; c < 256; c++) {
		names->first[c] = sum;
		sum += at[c];
		at[c] = names->first[c];
	}
	names->first[256] = sum;
	for (size_t i = 0; i < names->n; i++) {
		if (names->all[i].kind == NAME_PREFIX)
			names->prefixes[at[(unsigned char)names->all[i].text.p[0]]++] = &names->all[i];
	}
	return true;
}

static bool is_wild(const struct name *name)
{
	return name->kind == NAME_ANY || name->kind == NAME_GLOB || name->kind == NAME_REGEX;
}

static bool index_wild(struct names *names, size_t count, struct arena *arena)
{
	names->wild = arena_calloc(arena, count, sizeof(const struct name *));
	if (!names->wild)
		return false;
	for (size_t i = 0; i < names->n; i++) {
		if (is_wild(&names->all[i]))
			names->wild[names->n_wild++] = &names->all[i];
	}
	return true;
}

bool names_index(struct names *names, struct arena *arena)
{
	size_t exact = 0, prefixes = 0, wild = 0;

	for (size_t i = 0; i < names->n; i++) {
		exact += names->all[i].kind == NAME_EXACT;
		prefixes += names->all[i].kind == NAME_PREFIX;
		wild += is_wild(&names->all[i]);
	}
	return index_exact(names, exact, arena) && index_prefixes(names, prefixes, arena) &&
	       index_wild(names, wild, arena);
}

void names_free(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		pattern_free(names->all[i].pattern);
	names->n = 0;
}

/*
 * With `below`, the glob may also end in front of a '/'. A mismatch goes back to the last star only: an earlier one
 * that takes more leaves less to match, never something else. So the work is at most the product of the lengths.
 */
bool glob_match(struct slice glob, struct slice s, bool below)
{
	size_t g = 0, i = 0, star = SIZE_MAX, taken = 0;

	for (;;) {
		if (g < glob.n && glob.p[g] == '*') {
			star = ++g;
			taken = i;
			if (g == glob.n)
				return true;
		} else if (g == glob.n && (i == s.n || (below && s.p[i] == '/'))) {
			return true;
		} else if (g < glob.n && i < s.n && glob.p[g] == s.p[i]) {
			g++;
			i++;
		} else if (star != SIZE_MAX && taken < s.n) {
			g = star;
			i = ++taken;
		} else {
			return false;
		}
	}
}

static enum pattern_result matches(const struct name *name, struct pattern_scratch *scratch, struct slice s, bool below)
{
	bool yes = false;

	switch (name->kind) {
	case NAME_EXACT: /* has the hash */
		break;
	case NAME_ANY:
		yes = true;
		break;
	case NAME_PREFIX:
		yes = slice_starts_with(s, name->text);
		break;
	case NAME_GLOB:
		yes = glob_match(name->text, s, below);
		break;
	case NAME_REGEX:
		return scratch ? pattern_match(name->pattern, scratch, s) : PATTERN_LIMIT;
	}
	return yes ? PATTERN_MATCH : PATTERN_NO_MATCH;
}

/* The lesser order of two list heads; NULL if both lists are at their ends. */
static const struct name *next_in_order(const struct name *const **a, const struct name *const *a_end,
					const struct name *const **b, const struct name *const *b_end)
{
	bool take_a = *a < a_end && (*b == b_end || (**a)->order < (**b)->order);

	if (take_a)
		return *(*a)++;
	return *b < b_end ? *(*b)++ : NULL;
}

/* Looks for a pattern in front of the exact hit, which may be NULL. */
static const struct name *find_before(const struct names *names, struct pattern_scratch *scratch, struct slice s,
				      bool below, const struct name *exact, bool *limit)
{
	size_t c = s.n ? (unsigned char)s.p[0] : 0;
	const struct name *const *p = names->prefixes + (s.n ? names->first[c] : 0);
	const struct name *const *p_end = names->prefixes + (s.n ? names->first[c + 1] : 0);
	const struct name *const *w = names->wild, *const *w_end = names->wild + names->n_wild;
	const struct name *next;

	*limit = false;
	while ((next = next_in_order(&p, p_end, &w, w_end)) && !(exact && exact->order <= next->order)) {
		enum pattern_result r = matches(next, scratch, s, below);

		if (r == PATTERN_MATCH)
			return next;
		if (r == PATTERN_LIMIT) {
			*limit = true;
			return NULL;
		}
	}
	return exact;
}

const struct name *names_find(const struct names *names, struct pattern_scratch *scratch, struct slice name,
			      bool *limit)
{
	const struct name *exact = names->slots ? find_exact(names, name, hash_of(name)) : NULL;

	return find_before(names, scratch, name, false, exact, limit);
}

static const struct name *earlier(const struct name *a, const struct name *b)
{
	return a && (!b || a->order < b->order) ? a : b;
}

/* The first rule whose path equals `path` up to a '/', the '/' included or not, or up to its end. */
static const struct name *find_exact_path(const struct names *names, struct slice path)
{
	const struct name *best = NULL;
	uint64_t hash = HASH_START;

	if (!names->slots)
		return NULL;
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] == '/')
			best = earlier(find_exact(names, slice_head(path, i), hash), best);
		hash = hash_add(hash, path.p[i]);
		if (path.p[i] == '/')
			best = earlier(find_exact(names, slice_head(path, i + 1), hash), best);
	}
	return earlier(find_exact(names, path, hash), best);
}

const struct name *names_find_path(const struct names *names, struct pattern_scratch *scratch, struct slice path,
				   bool *limit)
{
	return find_before(names, scratch, path, true, find_exact_path(names, path), limit);
}
