/*
 * Sixteen octets at a time: which of them are what, as bits, the first octet's lowest. Private to this folder. With
 * SSE2 a handful of instructions; without, some more on two numbers.
 */
#ifndef CG_RULES_HTML_BLOCK_H
#define CG_RULES_HTML_BLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define BLOCK 16

#ifdef __SSE2__
typedef __m128i block;

static inline block block_at(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline block block_is(block b, char c)
{
	return _mm_cmpeq_epi8(b, _mm_set1_epi8(c));
}

/* Unsigned; c is ASCII. */
static inline block block_up_to(block b, char c)
{
	return _mm_cmpeq_epi8(_mm_min_epu8(b, _mm_set1_epi8(c)), b);
}

static inline block block_or(block a, block b)
{
	return _mm_or_si128(a, b);
}

static inline unsigned block_bits(block found)
{
	return (unsigned)_mm_movemask_epi8(found);
}

/* The first eight octets, the first lowest. */
static inline uint64_t block_number(block b)
{
	return (uint64_t)_mm_cvtsi128_si64(b);
}
#else
/* Each octet found is 0x80, all others are 0. */
typedef struct {
	uint64_t low, high;
} block;

#define BLOCK_EACH(octet) (UINT64_C(0x0101010101010101) * (unsigned char)(octet))

static inline uint64_t block_half(const char *p)
{
	uint64_t half;

	memcpy(&half, p, sizeof half);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	half = __builtin_bswap64(half);
#endif
	return half;
}

static inline block block_at(const char *p)
{
	return (block){block_half(p), block_half(p + 8)};
}

static inline uint64_t block_half_up_to(uint64_t half, char c)
{
	uint64_t above = (half & BLOCK_EACH(0x7f)) + BLOCK_EACH(0x7f - c); /* no octet carries into the next */

	return ~(above | half) & BLOCK_EACH(0x80);
}

static inline block block_up_to(block b, char c)
{
	return (block){block_half_up_to(b.low, c), block_half_up_to(b.high, c)};
}

static inline block block_is(block b, char c)
{
	return block_up_to((block){b.low ^ BLOCK_EACH(c), b.high ^ BLOCK_EACH(c)}, 0);
}

static inline block block_or(block a, block b)
{
	return (block){a.low | b.low, a.high | b.high};
}

static inline unsigned block_half_bits(uint64_t found)
{
	return (unsigned)((found >> 7) * UINT64_C(0x0102040810204080) >> 56);
}

static inline unsigned block_bits(block found)
{
	return block_half_bits(found.low) | block_half_bits(found.high) << 8;
}

static inline uint64_t block_number(block b)
{
	return b.low;
}
#endif

/* The lowest of bits, which are not 0. */
static inline size_t block_first(unsigned bits)
{
	return (unsigned)__builtin_ctz(bits);
}

#endif
