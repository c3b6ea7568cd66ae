/*
 * How it works: each literal is known by two windows, the four octets at offset k and those at k + 1, so that a search
 * that looks at every second octet meets one of them. A bit of a map says of each window (folded to one case, hashed)
 * whether any literal is known by it; where it says so, the table of windows gives the literals to compare. k is chosen
 * so that windows are rare in scripts and shared by few. A literal of three or four octets is known by windows of which
 * one octet is any; one of two octets by itself, at every octet.
 *
 * Order: windows lie at different offsets of their literals, so occurrences are met out of order. Where one is met,
 * all beginnings as far back as a window can lie in its literal are looked at one by one, and told; those before
 * them are done. Each beginning is looked at once at most, so this stays linear.
 */
#include "rules/html/literals.h"

#define WINDOW	    4
#define REACH	    16 /* the last k that is tried */
#define FOLD	    0x20202020u
#define SMALL_MAP   16 /* binary logarithms of the bits of a map: 8, 32 and 128 KB */
#define MEDIUM_MAP  18
#define LARGE_MAP   20
#define COMMON_COST 8

/* Which octets of a window count. */
enum form { ALL_FOUR, FIRST_THREE, LAST_THREE, PAIR, FORMS };
static const char masks[FORMS][WINDOW + 1] = {"\xff\xff\xff\xff", "\xff\xff\xff\0", "\0\xff\xff\xff", "\xff\xff\0\0"};

struct literal {
	const char *p;
	uint8_t n;
	bool host;
	int8_t at; /* k; -1: the first window begins an octet in front of the literal */
};

struct window {
	uint32_t key; /* folded, octets that do not count are 0 */
	uint32_t id;
	int8_t at;
	bool first; /* of the windows that begin within the literal */
};

struct literals {
	struct arena *arena;
	struct literal *v;
	size_t n, cap;
	bool finished;
	bool forms[FORMS];    /* in use */
	unsigned map_bits;    /* SMALL_MAP, MEDIUM_MAP or LARGE_MAP */
	unsigned table_shift; /* of hash to the number of a bucket */
	uint32_t *map;
	uint32_t *pairs;   /* the map of PAIR by the folded octets themselves, or NULL */
	uint32_t *buckets; /* where in windows each begins, and the end */
	struct window *windows;
	int reach; /* of all windows the last `at` */
};

/* What scripts are full of: literals had better not be known by it. */
static const char common[] =
	"function(){return this.prototype.constructor=window.document.getElementById(\"createElement('script"
	"https://www.http://.com/.net/.org/.google.com/text/"
	"javascript\",type:async=true;getElementsByTagName(parentNode."
	"insertBefore(setAttribute(addEventListener(location.href.length;var const let undefined null typeof "
	"push({event:"
	"value:name:content:data:default:static.instanceof Object.define enumerable:exports.module.require(for(if(else "
	"new Error throw Promise.resolve().then(catch(async await class extends Math.floor random().toString().replace("
	"/g,\"\").split(.slice(.indexOf(concat(apply(arguments.call(console.log(error.message "
	"target:current.style.display"
	"className =\"width:height:color:background:position:none;px;0000001111 !== === && || false,true,return!0 )}),";

static uint32_t load(const char *p)
{
	uint32_t w;

	memcpy(&w, p, WINDOW);
	return w;
}

static uint32_t hash(uint32_t key)
{
	return key * 0x9E3779B1u;
}

static uint32_t masked(uint32_t w, unsigned form)
{
	return w & load(masks[form]);
}

static void set_bit(uint32_t *map, uint32_t bit)
{
	map[bit >> 5] |= 1u << (bit & 31);
}

static inline bool has_bit(const uint32_t *map, uint32_t bit)
{
	return map[bit >> 5] >> (bit & 31) & 1;
}

/* ---- making the set ---- */

struct literals *literals_new(struct arena *arena)
{
	struct literals *l = arena_calloc(arena, 1, sizeof *l);

	if (l)
		l->arena = arena;
	return l;
}

size_t literals_count(const struct literals *l)
{
	return l->n;
}

static bool grow(struct literals *l)
{
	size_t cap = l->cap ? 2 * l->cap : 16;
	struct literal *v = arena_calloc(l->arena, cap, sizeof *v);

	if (!v)
		return false;
	if (l->n)
		memcpy(v, l->v, l->n * sizeof *v);
	l->v = v;
	l->cap = cap;
	return true;
}

bool literals_add(struct literals *l, struct slice text, enum literal_kind kind)
{
	char *p;

	if (text.n < LITERAL_MIN || text.n > LITERAL_MAX || l->n == LITERALS_MAX || l->finished)
		return false;
	if (l->n == l->cap && !grow(l))
		return false;
	p = arena_alloc(l->arena, text.n);
	if (!p)
		return false;
	for (size_t i = 0; i < text.n; i++)
		p[i] = kind == LITERAL_HOST ? ascii_lower(text.p[i]) : text.p[i];
	l->v[l->n++] = (struct literal){.p = p, .n = (uint8_t)text.n, .host = kind == LITERAL_HOST};
	return true;
}

/* The window at offset `at` of a literal, as it is kept. */
static uint32_t key_at(const struct literal *it, int at, enum form *form)
{
	char octets[WINDOW];

	*form = it->n == 2 ? PAIR : at < 0 ? LAST_THREE : at + WINDOW > it->n ? FIRST_THREE : ALL_FOUR;
	for (int i = 0; i < WINDOW; i++)
		octets[i] = at + i >= 0 && at + i < it->n ? it->p[at + i] : 0;
	return masked(load(octets) | FOLD, *form);
}

static unsigned windows_of(const struct literal *it)
{
	return it->n == 2 ? 1 : 2;
}

/* What it costs to be known by the two windows from k on. */
static uint32_t cost_of(const struct literals *l, const struct literal *it, int k, const uint32_t *is_common)
{
	uint32_t cost = 0;

	for (int at = k; at <= k + 1; at++) {
		enum form form;
		uint32_t h = hash(key_at(it, at, &form));

		cost += l->buckets[h >> l->table_shift];
		if (form == ALL_FOUR && has_bit(is_common, h >> (32 - SMALL_MAP)))
			cost += COMMON_COST;
	}
	return cost;
}

static void choose(const struct literals *l, struct literal *it, const uint32_t *is_common)
{
	int from = it->n <= WINDOW ? -1 : 0, to = it->n <= WINDOW ? it->n - WINDOW : it->n - WINDOW - 1;
	uint32_t least = UINT32_MAX;

	if (it->n == 2)
		return;
	for (int k = from; k <= to && k <= REACH; k++) {
		uint32_t cost = cost_of(l, it, k, is_common);

		if (cost < least) {
			least = cost;
			it->at = (int8_t)k;
		}
	}
}

/* Chooses the windows of all literals; counts, in buckets, how many fall into each. */
static void choose_all(struct literals *l)
{
	uint32_t is_common[(1u << SMALL_MAP) / 32] = {0};

	for (size_t i = 0; i + WINDOW < sizeof common; i++)
		set_bit(is_common, hash(load(common + i) | FOLD) >> (32 - SMALL_MAP));
	for (size_t id = 0; id < l->n; id++) {
		struct literal *it = &l->v[id];

		choose(l, it, is_common);
		for (unsigned i = 0; i < windows_of(it); i++) {
			enum form form;
			uint32_t key = key_at(it, it->at + (int)i, &form);

			l->forms[form] = true;
			l->buckets[hash(key) >> l->table_shift]++;
		}
	}
}

/* Sorts the windows into the buckets, whose counts become beginnings. */
static void fill(struct literals *l, size_t buckets)
{
	uint32_t end = 0;

	for (size_t b = 0; b <= buckets; b++)
		l->buckets[b] = end += l->buckets[b];
	for (size_t id = l->n; id-- > 0;) {
		const struct literal *it = &l->v[id];

		for (unsigned i = windows_of(it); i-- > 0;) {
			int at = it->at + (int)i;
			enum form form;
			uint32_t key = key_at(it, at, &form);

			l->windows[--l->buckets[hash(key) >> l->table_shift]] =
				(struct window){key, (uint32_t)id, (int8_t)at, at == (it->at < 0 ? 0 : it->at)};
			if (at > l->reach)
				l->reach = at;
		}
	}
}

/* Which octet of a window may be any, or -1. */
static int open_place(uint32_t key)
{
	char octets[WINDOW];

	memcpy(octets, &key, WINDOW);
	return octets[0] == 0 ? 0 : octets[WINDOW - 1] == 0 ? WINDOW - 1 : -1;
}

/* Sets the bits of a window: one, or those of all octets that its open place may hold. */
static void map_window(struct literals *l, uint32_t key)
{
	char octets[WINDOW];
	int open = open_place(key);

	if (masked(key, PAIR) == key) {
		uint16_t pair;

		memcpy(&pair, &key, sizeof pair);
		set_bit(l->pairs, pair);
		return;
	}
	memcpy(octets, &key, WINDOW);
	for (int c = 0; c < 256; c++) {
		if (open >= 0)
			octets[open] = (char)(c | 0x20);
		set_bit(l->map, hash(load(octets)) >> (32 - l->map_bits));
		if (open < 0)
			break;
	}
}

/* Few bits of a map may be set, or it lets everything pass; a small map stays in the first cache. */
static unsigned map_for(size_t bits)
{
	return bits <= 512 ? SMALL_MAP : bits <= 8192 ? MEDIUM_MAP : LARGE_MAP;
}

static bool make_maps(struct literals *l, size_t windows)
{
	size_t bits = 0;

	for (size_t i = 0; i < windows; i++)
		bits += open_place(l->windows[i].key) < 0 ? 1 : 128;
	l->map_bits = map_for(bits);
	l->map = arena_calloc(l->arena, ((size_t)1 << l->map_bits) / 32, sizeof *l->map);
	if (l->forms[PAIR])
		l->pairs = arena_calloc(l->arena, 65536 / 32, sizeof *l->pairs);
	if (!l->map || (l->forms[PAIR] && !l->pairs))
		return false;
	for (size_t i = 0; i < windows; i++)
		map_window(l, l->windows[i].key);
	return true;
}

bool literals_finish(struct literals *l)
{
	size_t buckets = 16, windows = 0;

	CG_CHECK(!l->finished);
	l->finished = true;
	for (l->table_shift = 28; buckets < 2 * l->n; l->table_shift--)
		buckets *= 2;
	l->buckets = arena_calloc(l->arena, buckets + 1, sizeof *l->buckets);
	if (!l->buckets)
		return false;
	choose_all(l);
	for (size_t id = 0; id < l->n; id++)
		windows += windows_of(&l->v[id]);
	l->windows = arena_calloc(l->arena, windows, sizeof *l->windows);
	if (!l->windows)
		return false;
	fill(l, buckets);
	return make_maps(l, windows);
}

/* ---- searching ---- */

static bool is_name(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || c == '-' || c == '_';
}

/* Whether text, up to a literal, ends with a slash in disguise. */
static bool ends_with_slash(struct slice text)
{
	static const char *const written[] = {"%2f", "\\x2f", "\\u002f"};

	for (size_t i = 0; i < CG_COUNT(written); i++) {
		size_t n = strlen(written[i]);

		if (text.n >= n && slice_ieq(slice_from(text, text.n - n), slice_str(written[i])))
			return true;
	}
	return false;
}

static bool is_bounded(struct slice text, size_t begin, size_t end)
{
	if (begin && is_name(text.p[begin - 1]) && !ends_with_slash(slice_head(text, begin)))
		return false;
	if (end < text.n && text.p[end] == '.')
		end++;
	return end == text.n || !is_name(text.p[end]);
}

static bool is_at(const struct literal *it, struct slice text, size_t begin)
{
	struct slice literal = {it->p, it->n}, found;

	if (begin > text.n || text.n - begin < it->n)
		return false;
	found = slice_of(text.p + begin, it->n);
	return it->host ? slice_ieq(found, literal) && is_bounded(text, begin, begin + it->n)
			: slice_eq(found, literal);
}

/* The folded window at an offset of text; behind the end there is nothing. */
static uint32_t window_at(struct slice text, size_t at)
{
	char octets[WINDOW] = {0};

	if (text.n - at >= WINDOW)
		return load(text.p + at) | FOLD;
	memcpy(octets, text.p + at, text.n - at);
	return load(octets) | FOLD;
}

static bool is_mapped(const struct literals *l, uint32_t w)
{
	uint16_t pair;

	if (has_bit(l->map, hash(w) >> (32 - l->map_bits)))
		return true;
	memcpy(&pair, &w, sizeof pair);
	return l->pairs && has_bit(l->pairs, pair);
}

/* The windows of a form in the bucket of w, up to *end. */
static const struct window *bucket_of(const struct literals *l, uint32_t key, const struct window **end)
{
	uint32_t b = hash(key) >> l->table_shift;

	*end = l->windows + l->buckets[b + 1];
	return l->windows + l->buckets[b];
}

/* Whether a literal that begins at `done` or behind it is met by its window at i. */
static bool is_met(const struct literals *l, struct slice text, size_t i, size_t done)
{
	uint32_t w = window_at(text, i);

	for (unsigned form = 0; form < FORMS; form++) {
		const struct window *end, *it;
		uint32_t key = masked(w, form);

		if (!l->forms[form])
			continue;
		for (it = bucket_of(l, key, &end); it < end; it++) {
			size_t begin = i - (size_t)it->at; /* wraps if before the text: then it is behind the end */

			if (it->key == key && begin >= done && is_at(&l->v[it->id], text, begin))
				return true;
		}
	}
	return false;
}

/* Tells of the literals that begin at `begin` and whose first window lies at `at` in them. */
static bool tell_window(const struct literals *l, struct slice text, size_t begin, int at, literal_found f, void *arg)
{
	uint32_t w = window_at(text, begin + (size_t)at);

	if (!is_mapped(l, w))
		return true;
	for (unsigned form = 0; form < FORMS; form++) {
		const struct window *end, *it;
		uint32_t key = masked(w, form);

		if (!l->forms[form])
			continue;
		for (it = bucket_of(l, key, &end); it < end; it++)
			if (it->key == key && it->first && it->at == at && is_at(&l->v[it->id], text, begin) &&
			    !f(arg, it->id, begin + l->v[it->id].n))
				return false;
	}
	return true;
}

static bool tell(const struct literals *l, struct slice text, size_t from, size_t to, literal_found f, void *arg)
{
	for (size_t begin = from; begin < to && begin < text.n; begin++)
		for (int at = 0; at <= l->reach && begin + (size_t)at < text.n; at++)
			if (!tell_window(l, text, begin, at, f, arg))
				return false;
	return true;
}

#define HAS_WINDOW(p, bits) has_bit(map, hash(load(p) | FOLD) >> (32 - (bits)))

/* From i on by steps of two the offset of the first window that the map has, or of one near the end. */
static inline __attribute__((always_inline)) size_t scan(const uint32_t *map, struct slice text, size_t i,
							 unsigned bits)
{
	const char *p = text.p;

	for (; i + 6 + WINDOW <= text.n; i += 8) {
		if (HAS_WINDOW(p + i, bits))
			return i;
		if (HAS_WINDOW(p + i + 2, bits))
			return i + 2;
		if (HAS_WINDOW(p + i + 4, bits))
			return i + 4;
		if (HAS_WINDOW(p + i + 6, bits))
			return i + 6;
	}
	return i;
}

/* The offset, from i on, of a window that a literal may be known by; text.n or more if there is none. */
static size_t next_window(const struct literals *l, struct slice text, size_t i)
{
	if (l->pairs) {
		while (i < text.n && !is_mapped(l, window_at(text, i)))
			i++;
		return i;
	}
	switch (l->map_bits) {
	case SMALL_MAP:
		i = scan(l->map, text, i, SMALL_MAP);
		break;
	case MEDIUM_MAP:
		i = scan(l->map, text, i, MEDIUM_MAP);
		break;
	default:
		i = scan(l->map, text, i, LARGE_MAP);
	}
	while (i < text.n && !is_mapped(l, window_at(text, i)))
		i += 2;
	return i;
}

bool literals_find(const struct literals *l, struct slice text, literal_found f, void *arg)
{
	size_t step = l->pairs ? 1 : 2, done = 0, reach = (size_t)l->reach;

	if (l->n == 0)
		return true;
	for (size_t i = 0; (i = next_window(l, text, i)) < text.n; i += step) {
		if (!is_met(l, text, i, done))
			continue;
		if (done + reach < i)
			done = i - reach;
		/* A window may begin an octet in front of its literal. */
		if (!tell(l, text, done, i + 2, f, arg))
			return false;
		done = i + 2;
	}
	return true;
}
