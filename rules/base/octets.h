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

static inline size_t octets_sum(octets v)
{
	const octets_halves h = (octets_halves)v, low = {UINT64_C(0x00ff00ff00ff00ff), UINT64_C(0x00ff00ff00ff00ff)};
	const octets_halves pairs = (h & low) + (h >> 8 & low);

	return (size_t)((pairs[0] + pairs[1]) * UINT64_C(0x0001000100010001) >> 48);
}

#endif
