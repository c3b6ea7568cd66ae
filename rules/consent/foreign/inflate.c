#include <isa-l/igzip_lib.h>

#include "rules/consent/foreign/internal.h"

#define INFLATED_MAX (16 * 1024) /* what 4 KB of a visitor's may become */

bool foreign_gunzip(struct foreign_findings *f, struct slice s, struct slice *out)
{
	struct inflate_state *state = arena_alloc(f->arena, sizeof *state);
	char *text = arena_alloc(f->arena, INFLATED_MAX);

	if (!state || !text) {
		f->overflow = true;
		return false;
	}
	isal_inflate_init(state);
	state->crc_flag = ISAL_GZIP; /* RFC 1952, the sum checked */
	state->next_in = (uint8_t *)(uintptr_t)s.p;
	state->avail_in = (uint32_t)s.n;
	state->next_out = (uint8_t *)text;
	state->avail_out = INFLATED_MAX;
	if (s.n == 0 || isal_inflate(state) != ISAL_DECOMP_OK || state->block_state != ISAL_BLOCK_FINISH)
		return false;
	*out = slice_of(text, state->total_out);
	return true;
}
