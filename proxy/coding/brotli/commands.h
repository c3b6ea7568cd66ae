/*
 * Commands (RFC 7932 2): insert some octets, then copy some that came before. With the codes for their lengths and
 * distances (RFC 7932 4, 5), of the plain kind: no postfix bits, no direct distances.
 */
#ifndef CG_PROXY_CODING_BROTLI_COMMANDS_H
#define CG_PROXY_CODING_BROTLI_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/attributes.h"

enum {
	COMMAND_SYMBOLS = 704,
	DISTANCE_SYMBOLS = 64,
	DISTANCES_KEPT = 4,  /* RFC 7932 4 */
	BLOCK_MAX = 1 << 16, /* octets of one block */
	COPY_MIN = 3,	     /* octets that are worth a command */
};

struct command {
	uint32_t insert, copy; /* octets; copy is 0 only in the last one of a block */
	uint64_t extra;	       /* bits behind the symbol of the lengths, and how many */
	uint32_t distance_extra;
	uint16_t symbol; /* of the two lengths */
	uint8_t extra_bits;
	uint8_t distance; /* its symbol */
};

/* Those of one block, and the distances that the next ones may refer to, the latest first. */
struct commands {
	size_t n;
	uint32_t latest[DISTANCES_KEPT];
	uint32_t latest_before[DISTANCES_KEPT]; /* the first of them */
	struct command v[BLOCK_MAX / COPY_MIN + 1];
};

/* As at the beginning of a body. */
CG_NONNULL void commands_begin(struct commands *c);
/* For the next block: none, and the distances stay. */
CG_NONNULL void commands_next_block(struct commands *c);
/* The block goes out without commands: the distances are those before it. */
CG_NONNULL void commands_take_back(struct commands *c);
/* insert octets, then copy of them (COPY_MIN or more) from distance back. */
CG_NONNULL void commands_add(struct commands *c, uint32_t insert, uint32_t copy, uint32_t distance);
/* The last one of a block: only octets, 1 or more. */
CG_NONNULL void commands_add_end(struct commands *c, uint32_t insert);

/* True if the command is followed by a distance: the last one is not, and in some symbols "the latest" is implied. */
static inline bool command_tells_distance(const struct command *c)
{
	return c->copy > 0 && c->symbol >= 128;
}

/* Extra bits behind the symbol of the distance. */
static inline unsigned command_distance_bits(const struct command *c)
{
	return c->distance < 16 ? 0 : 1 + (c->distance - 16u) / 2;
}

#endif
