/* Writes bits, the lowest first, as RFC 7932 1.5 packs them. */
#ifndef CG_PROXY_CODING_BROTLI_BITS_H
#define CG_PROXY_CODING_BROTLI_BITS_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

enum {
	BITS_MAX = 56,	/* of one call */
	BITS_SLACK = 8, /* octets that must be writable behind what is written */
};

/* Rounded down; v is above 0. */
static inline unsigned log2_of(uint32_t v)
{
	return 31u - (unsigned)__builtin_clz(v);
}

struct bit_writer {
	uint8_t *p;	  /* the octet that the waiting bits begin */
	uint64_t waiting; /* bits that do not make an octet yet */
	unsigned n;	  /* how many, below 8 between calls */
};

/* value must have no bit beyond the n lowest. */
static inline void bits_put(struct bit_writer *w, unsigned n, uint64_t value)
{
	uint64_t octets;

	w->waiting |= value << w->n;
	w->n += n;
	octets = htole64(w->waiting);
	memcpy(w->p, &octets, sizeof octets);
	w->p += w->n / 8;
	w->waiting >>= w->n / 8 * 8;
	w->n %= 8;
}

/* Zeros up to the next whole octet. */
static inline void bits_align(struct bit_writer *w)
{
	if (w->n)
		bits_put(w, 8 - w->n, 0);
}

#endif
