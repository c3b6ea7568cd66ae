/*
 * Sixteen octets at once, by vectors of the compiler: a comparison gives 0xff where it holds and 0 elsewhere, and these
 * are combined by & | ~. For texts that are read octet by octet otherwise; what is left behind the last block must be.
 */
#ifndef CG_RULES_BASE_OCTETS_H
#define CG_RULES_BASE_OCTETS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define OCTETS 16
typedef unsigned char octets __attribute__((vector_size(OCTETS)));
typedef uint64_t octets_halves __attribute__((vector_size(OCTETS)));

static inline octets octets_load(const char *p)
{
	octets v;

	memcpy(&v, p, sizeof v);
	return v;
}

static inline uint64_t octets_load_word(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof w);
	return w;
}

/* The first n octets of a block, or all if n is more, and zeros behind. p may be NULL if n is 0. */
static inline octets octets_load_short(const char *p, size_t n)
{
	octets_halves h = {0};

	if (n >= OCTETS)
		return octets_load(p);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	/* Two words that overlap, without a call, and without an array on the stack that must be guarded. */
	if (n >= sizeof(uint64_t)) {
		h[0] = octets_load_word(p);
		h[1] = n > sizeof(uint64_t) ? octets_load_word(p + n - sizeof(uint64_t)) >> (OCTETS - n) * 8 : 0;
		return (octets)h;
	}
	for (size_t i = 0; i < n; i++)
		h[0] |= (uint64_t)(unsigned char)p[i] << i * 8;
#else
	if (n)
		memcpy(&h, p, n);
#endif
	return (octets)h;
}

/* The place of the first that is not 0, or OCTETS. */
static inline size_t octets_first(octets v)
{
	const octets_halves h = (octets_halves)v;
	const uint64_t half = h[0] ? h[0] : h[1];
	const size_t before = h[0] ? 0 : OCTETS / 2;

	if (half == 0)
		return OCTETS;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return before + (size_t)__builtin_ctzll(half) / 8;
#else
	return before + (size_t)__builtin_clzll(half) / 8;
#endif
}

/*
 * How many of the n octets stand before the first that is one of the others, which 0 must be. The last block may
 * overlap the one before.
 */
static inline __attribute__((always_inline)) size_t octets_span(const char *p, size_t n, octets (*others)(octets))
{
	if (n < OCTETS)
		return octets_first(others(octets_load_short(p, n)));
	for (size_t i = 0; i + OCTETS < n; i += OCTETS) {
		size_t at = octets_first(others(octets_load(p + i)));

		if (at < OCTETS)
			return i + at;
	}
	return n - OCTETS + octets_first(others(octets_load(p + n - OCTETS)));
}

static inline size_t octets_sum(octets v)
{
	const octets_halves h = (octets_halves)v, low = {UINT64_C(0x00ff00ff00ff00ff), UINT64_C(0x00ff00ff00ff00ff)};
	const octets_halves pairs = (h & low) + (h >> 8 & low);

	return (size_t)((pairs[0] + pairs[1]) * UINT64_C(0x0001000100010001) >> 48);
}

#endif
