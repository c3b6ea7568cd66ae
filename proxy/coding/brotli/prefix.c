#include "proxy/coding/brotli/prefix.h"

#include <stdbool.h>

enum {
	SYMBOL_BITS = 10, /* enough for PREFIX_SYMBOLS_MAX */
	SYMBOL_MASK = (1 << SYMBOL_BITS) - 1,
	SIMPLE_MAX = 4, /* symbols of a simple code */

	/* The alphabet of code lengths (RFC 7932 3.5): 0 to 15, and two that repeat. */
	REPEAT = 16,
	REPEAT_ZERO = 17,
	LENGTH_SYMBOLS = 18,
	LENGTH_LENGTH_MAX = 5,
	LENGTH_BEFORE = 8, /* what the first one repeats */
};

void prefix_begin(struct prefix_code *code, size_t n)
{
	code->n = n;
	memset(code->count, 0, n * sizeof code->count[0]);
}

/* -- lengths ------------------------------------------------------------------------------------------------------- */

/* By eight bits of the keys from shift on; what is equal in them stays in order. */
static void sort_by(const uint32_t *from, uint32_t *to, size_t n, unsigned shift)
{
	uint32_t begin[256 + 1] = {0};

	for (size_t i = 0; i < n; i++)
		begin[(from[i] >> shift & 255) + 1]++;
	for (size_t i = 1; i < 256; i++)
		begin[i] += begin[i - 1];
	for (size_t i = 0; i < n; i++)
		to[begin[from[i] >> shift & 255]++] = from[i];
}

/* While nodes are joined: v[root..next) are inner nodes without a parent, v[leaf..n) leaves without one. */
struct joining {
	size_t root, next, leaf;
};

/* The weight of the lightest node without a parent. It gets one: in an inner node stands from now on which. */
static uint32_t take_lightest(uint32_t *v, size_t n, struct joining *j)
{
	uint32_t weight;

	if (j->leaf < n && (j->root == j->next || v[j->leaf] <= v[j->root]))
		return v[j->leaf++];
	weight = v[j->root];
	v[j->root++] = (uint32_t)j->next;
	return weight;
}

/*
 * v[0..n), n >= 2, holds weights in ascending order, and then the lengths of a minimum-redundancy code for them: the
 * in-place method of Moffat and Katajainen (1995).
 */
static void weights_to_lengths(uint32_t *v, size_t n)
{
	struct joining j = {0, 1, 2};
	size_t inner = n - 1, at = n, nodes = 1;

	v[0] += v[1];
	for (; j.next < n - 1; j.next++) {
		uint32_t lighter = take_lightest(v, n, &j);

		v[j.next] = lighter + take_lightest(v, n, &j);
	}
	v[n - 2] = 0;
	for (size_t i = n - 2; i-- > 0;)
		v[i] = v[v[i]] + 1;
	/* At each depth, what of its nodes are not inner ones are leaves. */
	for (uint32_t depth = 0; nodes > 0; depth++) {
		size_t inner_here = 0;

		for (; inner > 0 && v[inner - 1] == depth; inner--)
			inner_here++;
		for (; nodes > inner_here; nodes--)
			v[--at] = depth;
		nodes = 2 * inner_here;
	}
}

/*
 * Lengths up to most. Where the code is longer it is made again as if rare symbols were more frequent, which flattens
 * it: in the end all weigh the same, and the alphabets are small enough for that.
 */
static void find_lengths(const uint32_t *count, size_t n, unsigned most, uint8_t *length)
{
	uint32_t keys[PREFIX_SYMBOLS_MAX + 1], sorted[PREFIX_SYMBOLS_MAX];

	memset(length, 0, n);
	for (uint32_t least = 1;; least *= 2) {
		size_t used = 0;

		/* Without a branch for each symbol: which ones occur cannot be foreseen. */
		for (size_t i = 0; i < n; i++) {
			keys[used] = (count[i] < least ? least : count[i]) << SYMBOL_BITS | (uint32_t)i;
			used += count[i] > 0;
		}
		if (used < 2)
			return;
		sort_by(keys, sorted, used, SYMBOL_BITS);
		sort_by(sorted, keys, used, SYMBOL_BITS + 8);
		for (size_t i = 0; i < used; i++)
			sorted[i] = keys[i] >> SYMBOL_BITS;
		weights_to_lengths(sorted, used);
		if (sorted[0] > most)
			continue;
		for (size_t i = 0; i < used; i++)
			length[keys[i] & SYMBOL_MASK] = (uint8_t)sorted[i];
		return;
	}
}

/* The n lowest bits of v in the opposite order. */
static uint16_t reversed(unsigned v, unsigned n)
{
	v = (v & 0x5555) << 1 | (v >> 1 & 0x5555);
	v = (v & 0x3333) << 2 | (v >> 2 & 0x3333);
	v = (v & 0x0f0f) << 4 | (v >> 4 & 0x0f0f);
	v = (v & 0x00ff) << 8 | (v >> 8 & 0x00ff);
	return (uint16_t)(v >> (16 - n));
}

/* Canonical: shorter ones first, of one length in the order of the symbols (RFC 7932 3.2). */
static void lengths_to_bits(const uint8_t *length, size_t n, uint16_t *bits)
{
	uint16_t with[PREFIX_LENGTH_MAX + 1] = {0}, next[PREFIX_LENGTH_MAX + 1] = {0};

	for (size_t i = 0; i < n; i++)
		with[length[i]]++;
	with[0] = 0;
	for (unsigned l = 1; l <= PREFIX_LENGTH_MAX; l++)
		next[l] = (uint16_t)((next[l - 1] + with[l - 1]) << 1);
	for (size_t i = 0; i < n; i++)
		bits[i] = reversed(next[length[i]]++, length[i]);
}

void prefix_build(struct prefix_code *code)
{
	find_lengths(code->count, code->n, PREFIX_LENGTH_MAX, code->length);
	lengths_to_bits(code->length, code->n, code->bits);
}

uint64_t prefix_cost(const struct prefix_code *code)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < code->n; i++)
		bits += (uint64_t)code->count[i] * code->length[i];
	return bits;
}

/* -- description --------------------------------------------------------------------------------------------------- */

/* The lengths of a code as a sequence of symbols, of which the repeating ones have extra bits. */
struct sequence {
	size_t n;
	uint8_t symbol[PREFIX_SYMBOLS_MAX], extra[PREFIX_SYMBOLS_MAX];
};

static unsigned extra_bits(uint8_t symbol)
{
	return symbol == REPEAT ? 2 : symbol == REPEAT_ZERO ? 3 : 0;
}

static void add(struct sequence *s, uint8_t symbol, size_t extra)
{
	s->symbol[s->n] = symbol;
	s->extra[s->n++] = (uint8_t)extra;
}

/*
 * run times the same length, by repeating symbols that stand together: their extra bits are the digits of one number,
 * the highest first (RFC 7932 3.5).
 */
static void add_repeated(struct sequence *s, uint8_t symbol, size_t run)
{
	unsigned digit = extra_bits(symbol);
	size_t from = s->n;

	for (run -= 3;; run--) {
		add(s, symbol, run & ((1u << digit) - 1));
		run >>= digit;
		if (run == 0)
			break;
	}
	for (size_t a = from, z = s->n - 1; a < z; a++, z--) {
		uint8_t extra = s->extra[a];

		s->extra[a] = s->extra[z];
		s->extra[z] = extra;
	}
}

static void add_run(struct sequence *s, uint8_t length, size_t run)
{
	/* One more than what a single repetition can say: that one, and the rest, is shorter than two of them. */
	if (run == (length ? 7 : 11)) {
		add(s, length, 0);
		run--;
	}
	if (run >= 3)
		add_repeated(s, length ? REPEAT : REPEAT_ZERO, run);
	else
		for (; run > 0; run--)
			add(s, length, 0);
}

static void to_sequence(const struct prefix_code *code, struct sequence *s)
{
	uint8_t before = LENGTH_BEFORE;
	size_t end = code->n, run;

	/* What follows the last symbol goes without saying: the code is complete then. */
	while (code->length[end - 1] == 0)
		end--;
	s->n = 0;
	for (size_t i = 0; i < end; i += run) {
		uint8_t length = code->length[i];
		bool said = length == 0 || length == before;

		for (run = 1; i + run < end && code->length[i + run] == length;)
			run++;
		if (!said)
			add(s, length, 0);
		add_run(s, length, said ? run : run - 1);
		before = length ? length : before;
	}
}

/* The code of code lengths: 18 lengths in this order, each by a fixed code. Those at the end may be left out. */
static void put_lengths_of_lengths(struct bit_writer *w, const uint8_t *length, bool only_one)
{
	static const uint8_t order[LENGTH_SYMBOLS] = {1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	static const uint8_t bits[LENGTH_LENGTH_MAX + 1] = {0, 7, 3, 2, 1, 15}, n[] = {2, 4, 3, 2, 2, 4};
	size_t skip = 0, end = LENGTH_SYMBOLS;

	/* A code of one symbol never is complete, so nothing says where it ends. */
	while (!only_one && length[order[end - 1]] == 0)
		end--;
	if (!length[order[0]] && !length[order[1]])
		skip = length[order[2]] ? 2 : 3;
	bits_put(w, 2, skip);
	for (size_t i = skip; i < end; i++)
		bits_put(w, n[length[order[i]]], bits[length[order[i]]]);
}

static void put_complex(struct bit_writer *w, const struct prefix_code *code)
{
	struct sequence s;
	uint32_t count[LENGTH_SYMBOLS] = {0};
	uint8_t length[LENGTH_SYMBOLS];
	uint16_t bits[LENGTH_SYMBOLS];
	bool only_one;

	to_sequence(code, &s);
	for (size_t i = 0; i < s.n; i++)
		count[s.symbol[i]]++;
	only_one = count[s.symbol[0]] == s.n;
	find_lengths(count, LENGTH_SYMBOLS, LENGTH_LENGTH_MAX, length);
	lengths_to_bits(length, LENGTH_SYMBOLS, bits);
	/* Of a single one any length tells which it is; it then takes no bits. */
	length[s.symbol[0]] = only_one ? 1 : length[s.symbol[0]];
	put_lengths_of_lengths(w, length, only_one);
	for (size_t i = 0; i < s.n; i++) {
		if (!only_one)
			bits_put(w, length[s.symbol[i]], bits[s.symbol[i]]);
		bits_put(w, extra_bits(s.symbol[i]), s.extra[i]);
	}
}

/* Up to four symbols, the ones with the shorter bits first; of one length in ascending order. */
static void put_simple(struct bit_writer *w, const struct prefix_code *code, const uint16_t *symbols, size_t n)
{
	unsigned width = log2_of((uint32_t)code->n - 1) + 1;
	unsigned longest = 0;

	bits_put(w, 2, 1);
	bits_put(w, 2, n - 1);
	for (unsigned l = 0; l < SIMPLE_MAX; l++) {
		for (size_t i = 0; i < n; i++) {
			if (code->length[symbols[i]] == l)
				bits_put(w, width, symbols[i]);
			if (code->length[symbols[i]] > longest)
				longest = code->length[symbols[i]];
		}
	}
	if (n == SIMPLE_MAX)
		bits_put(w, 1, longest == 3); /* lengths 1, 2, 3, 3; else all 2 */
}

void prefix_put(struct bit_writer *w, const struct prefix_code *code)
{
	uint16_t symbols[SIMPLE_MAX] = {0};
	size_t n = 0;

	for (size_t i = 0; i < code->n; i++) {
		if (code->count[i] && n++ < SIMPLE_MAX)
			symbols[n - 1] = (uint16_t)i;
	}
	if (n <= SIMPLE_MAX)
		put_simple(w, code, symbols, n ? n : 1);
	else
		put_complex(w, code);
}
