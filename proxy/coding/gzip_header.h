/*
 * Inside proxy/coding: the header of a gzip member (RFC 1952 2.3), resumable at every octet. ISA-L's own reader forgets
 * where it was if the header comes in pieces (intel/isa-l issue 224).
 */
#ifndef CG_PROXY_CODING_GZIP_HEADER_H
#define CG_PROXY_CODING_GZIP_HEADER_H

#include "rules/base/slice.h"

enum gzip_header_result { GZIP_HEADER_MORE, GZIP_HEADER_END, GZIP_HEADER_BROKEN };

/* Zero-initialise per member. */
struct gzip_header {
	unsigned part;	/* which part is being read */
	unsigned count; /* octets of the part that were read */
	unsigned extra; /* octets of the extra field */
	unsigned sum;	/* of the header's checksum, as sent */
	uint8_t flags;
	uint32_t crc;
};

/* Takes from *in up to the header's end. BROKEN: no gzip header, or a wrong checksum of its own. */
enum gzip_header_result gzip_header_read(struct gzip_header *h, struct slice *in);

/* True until the two octets of the magic number were read. */
static inline bool gzip_header_is_magic(const struct gzip_header *h)
{
	return h->part == 0 && h->count < 2;
}

#endif
