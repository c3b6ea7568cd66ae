/*
 * Finds what repeats: a text becomes commands. Two tables by hash hold the latest place of eight octets and of four; a
 * match is taken unless one octet later there is a better one.
 */
#ifndef CG_PROXY_CODING_BROTLI_MATCHES_H
#define CG_PROXY_CODING_BROTLI_MATCHES_H

#include "proxy/coding/brotli/commands.h"

enum { MATCH_TABLE_BITS = 14 };

/* Places in the text, by hash. What is too large is none. */
struct matcher {
	uint32_t longer[1 << MATCH_TABLE_BITS], shorter[1 << MATCH_TABLE_BITS];
};

/* Forgets all places. */
CG_NONNULL void matcher_begin(struct matcher *m);
/* The text was moved down by n octets; what was below is gone. */
CG_NONNULL void matcher_move(struct matcher *m, uint32_t n);
/*
 * Adds commands for text[from..to), at least one octet and BLOCK_MAX at most, to `commands`, which has none. What is
 * before is known: it went through here as well.
 */
CG_NONNULL void matcher_run(struct matcher *m, const uint8_t *text, uint32_t from, uint32_t to,
			    struct commands *commands);

#endif
