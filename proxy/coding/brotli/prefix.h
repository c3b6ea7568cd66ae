/*
 * Prefix codes (RFC 7932 3): from how often each symbol occurs to the bits of each, and the description of the code
 * that is sent before them.
 *
 * Use: begin, count each occurrence, build; then put the code, and its symbols.
 */
#ifndef CG_PROXY_CODING_BROTLI_PREFIX_H
#define CG_PROXY_CODING_BROTLI_PREFIX_H

#include <stddef.h>
#include <stdint.h>

#include "proxy/coding/brotli/bits.h"
#include "rules/base/attributes.h"

enum {
	PREFIX_SYMBOLS_MAX = 704, /* the alphabet of insert-and-copy lengths */
	PREFIX_LENGTH_MAX = 15,
	/* Octets that a description takes at most: two bits, 18 lengths of up to 4, and up to 5 + 3 for each symbol. */
	PREFIX_PUT_MAX = 16 + PREFIX_SYMBOLS_MAX,
};

struct prefix_code {
	size_t n; /* size of the alphabet */
	uint32_t count[PREFIX_SYMBOLS_MAX];
	uint16_t bits[PREFIX_SYMBOLS_MAX];  /* of a symbol that occurs, the first one lowest */
	uint8_t length[PREFIX_SYMBOLS_MAX]; /* of bits; 0 if the symbol does not occur, or is the only one */
};

/* An alphabet of n symbols, 2 to PREFIX_SYMBOLS_MAX, none counted yet. */
CG_NONNULL void prefix_begin(struct prefix_code *code, size_t n);
/* The shortest code, or nearly so where its lengths would be beyond PREFIX_LENGTH_MAX. Counts add up to 2^16 at most.
 */
CG_NONNULL void prefix_build(struct prefix_code *code);
/* Bits of all that was counted, the description not included. */
CG_NONNULL uint64_t prefix_cost(const struct prefix_code *code);
/* Writes the description (RFC 7932 3.4, 3.5). */
CG_NONNULL void prefix_put(struct bit_writer *w, const struct prefix_code *code);

static inline void prefix_put_symbol(struct bit_writer *w, const struct prefix_code *code, size_t symbol)
{
	bits_put(w, code->length[symbol], code->bits[symbol]);
}

#endif
