/*
 * Meta-blocks (RFC 7932 9.2): commands and the octets they insert, under prefix codes of their own. One block type of
 * each kind. Literals have a code for each sort of octet that can stand before them, as far as that pays.
 */
#ifndef CG_PROXY_CODING_BROTLI_BLOCK_H
#define CG_PROXY_CODING_BROTLI_BLOCK_H

#include "proxy/coding/brotli/commands.h"
#include "proxy/coding/brotli/prefix.h"

enum {
	LITERAL_CODES = 4,
	/* Octets that a block takes beyond those it holds, BITS_SLACK included. */
	BLOCK_OVERHEAD = 128 + (LITERAL_CODES + 2) * PREFIX_PUT_MAX,
};

/* Scratch of block_put(), too large for the stack. */
struct block_codes {
	struct prefix_code literal[LITERAL_CODES], command, distance;
	size_t literals; /* codes of them that are used */
};

/*
 * Writes text[from..to), 1 to BLOCK_MAX octets, as one block; as it is, should that be shorter, and the commands are
 * taken back then. There must be room for to - from + BLOCK_OVERHEAD octets. last: nothing will come behind it, and the
 * last octet is filled up.
 */
CG_NONNULL void block_put(struct block_codes *codes, struct bit_writer *w, const uint8_t *text, uint32_t from,
			  uint32_t to, struct commands *commands, bool last);
/* Writes the end of a body behind a block that was not the last. */
CG_NONNULL void block_put_end(struct bit_writer *w);
/* Fills up the last octet, so that all before can be read. */
CG_NONNULL void block_put_flush(struct bit_writer *w);

#endif
