/* For tests of proxy/coding: a whole body through a coder in pieces, and pages to put through. */
#ifndef CG_TESTS_SUPPORT_CODER_DRIVE_H
#define CG_TESTS_SUPPORT_CODER_DRIVE_H

#include "proxy/coding/coder.h"
#include "rules/base/buffer.h"

/* How a body is handed over. 0 means all at once. */
struct coder_drive {
	size_t first; /* octets of the first piece; 0: as the others */
	size_t piece; /* octets of each further piece */
	size_t room;  /* octets of room of each call; 65536 if 0 */
	bool flush;   /* after each piece */
};

/* Feeds in and appends what comes out. CODER_END or CODER_ERROR; CODER_FULL if *out refuses. */
enum coder_result coder_drive(struct coder *c, struct slice in, const struct coder_drive *how, struct buffer *out);

/* Opens, drives and closes; *error is why if CODER_ERROR. CODER_ERROR with CODER_E_MEMORY if it cannot be opened. */
enum coder_result coder_drive_decode(struct coder_pool *pool, const struct coding_stack *stack, struct slice in,
				     const struct coder_drive *how, struct buffer *out, enum coder_error *error);
enum coder_result coder_drive_encode(struct coder_pool *pool, enum coding coding, struct slice in,
				     const struct coder_drive *how, struct buffer *out);

/* Appends about n octets that compress like a page: tags, repeated words, some numbers. The same each time. */
void coder_drive_page(struct buffer *out, size_t n);

#endif
