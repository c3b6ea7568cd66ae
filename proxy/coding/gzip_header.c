#include "proxy/coding/gzip_header.h"

#include <isa-l/crc.h>

enum { FLAG_HCRC = 2, FLAG_EXTRA = 4, FLAG_NAME = 8, FLAG_COMMENT = 16, FLAGS_RESERVED = 0xe0 };
enum part { PART_FIXED, PART_EXTRA_LENGTH, PART_EXTRA, PART_NAME, PART_COMMENT, PART_HCRC, PART_END };

/* ID1 ID2 CM FLG MTIME(4) XFL OS */
static bool fixed(struct gzip_header *h, uint8_t octet)
{
	static const uint8_t start[] = {0x1f, 0x8b, 8};

	if (h->count < sizeof start)
		return octet == start[h->count];
	if (h->count == 3)
		h->flags = octet;
	return (h->flags & FLAGS_RESERVED) == 0;
}

static bool absent(const struct gzip_header *h, unsigned part)
{
	switch (part) {
	case PART_EXTRA_LENGTH:
		return !(h->flags & FLAG_EXTRA);
	case PART_EXTRA:
		return h->extra == 0;
	case PART_NAME:
		return !(h->flags & FLAG_NAME);
	case PART_COMMENT:
		return !(h->flags & FLAG_COMMENT);
	case PART_HCRC:
		return !(h->flags & FLAG_HCRC);
	default:
		return false;
	}
}

static void next_part(struct gzip_header *h)
{
	h->count = 0;
	do
		h->part++;
	while (absent(h, h->part));
}

/* One octet; false if it breaks the header. */
static bool take(struct gzip_header *h, uint8_t octet)
{
	unsigned count = h->count + 1;
	bool done;

	if (h->part != PART_HCRC)
		h->crc = crc32_gzip_refl(h->crc, &octet, 1);
	switch (h->part) {
	case PART_FIXED:
		if (!fixed(h, octet))
			return false;
		done = count == 10;
		break;
	case PART_EXTRA_LENGTH:
		h->extra |= (unsigned)octet << 8 * h->count;
		done = count == 2;
		break;
	case PART_EXTRA:
		done = count == h->extra;
		break;
	case PART_HCRC:
		h->sum |= (unsigned)octet << 8 * h->count;
		done = count == 2;
		if (done && h->sum != (h->crc & 0xffff))
			return false;
		break;
	default: /* name and comment end with a zero; their length does not matter, and must not overflow */
		done = octet == 0;
		count = 0;
		break;
	}
	h->count = count;
	if (done)
		next_part(h);
	return true;
}

enum gzip_header_result gzip_header_read(struct gzip_header *h, struct slice *in)
{
	while (h->part != PART_END) {
		if (in->n == 0)
			return GZIP_HEADER_MORE;
		if (!take(h, (uint8_t)in->p[0]))
			return GZIP_HEADER_BROKEN;
		*in = slice_from(*in, 1);
	}
	return GZIP_HEADER_END;
}
