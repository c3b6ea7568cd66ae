#include "tests/support/coder_drive.h"

/* All that one piece makes. */
static enum coder_result drive_piece(struct coder *c, struct slice piece, enum coder_input what, size_t room,
				     struct buffer *out)
{
	enum coder_result r;

	do {
		struct coder_room to = {buffer_reserve(out, room), room};

		if (!to.p)
			return CODER_FULL;
		r = coder_run(c, &piece, what, &to);
		buffer_commit(out, room - to.n);
	} while (r == CODER_FULL);
	return r;
}

enum coder_result coder_drive(struct coder *c, struct slice in, const struct coder_drive *how, struct buffer *out)
{
	size_t n = how->first ? how->first : how->piece;
	enum coder_result r;

	while (n && in.n > n) {
		r = drive_piece(c, slice_head(in, n), how->flush ? CODER_FLUSH : CODER_MORE,
				how->room ? how->room : 65536, out);
		if (r != CODER_INPUT)
			return r;
		in = slice_from(in, n);
		n = how->piece;
	}
	return drive_piece(c, in, CODER_LAST, how->room ? how->room : 65536, out);
}

enum coder_result coder_drive_decode(struct coder_pool *pool, const struct coding_stack *stack, struct slice in,
				     const struct coder_drive *how, struct buffer *out, enum coder_error *error)
{
	enum coder_result r;
	struct coder c;

	*error = CODER_E_MEMORY;
	if (!coder_decode(&c, pool, stack))
		return CODER_ERROR;
	r = coder_drive(&c, in, how, out);
	*error = c.error;
	coder_close(&c);
	return r;
}

enum coder_result coder_drive_encode(struct coder_pool *pool, enum coding coding, struct slice in,
				     const struct coder_drive *how, struct buffer *out)
{
	enum coder_result r;
	struct coder c;

	if (!coder_encode(&c, pool, coding))
		return CODER_ERROR;
	r = coder_drive(&c, in, how, out);
	coder_close(&c);
	return r;
}

void coder_drive_page(struct buffer *out, size_t n)
{
	static const char *const words[] = {"launch", "spring", "offer",  "brand",    "story",	"product",
					    "secure", "simple", "growth", "privacy",  "choice", "customer",
					    "design", "value",	"season", "delivery", "style",	"cloud"};
	uint32_t random = 1;
	size_t end = out->n + n;

	while (out->n < end) {
		random = random * 1664525u + 1013904223u;
		buffer_printf(out, "<a class=\"card\" href=\"/product/%u?utm_source=home\">%s", random >> 22,
			      words[(random >> 16) % CG_COUNT(words)]);
		for (unsigned i = 0; i < 12; i++) {
			random = random * 1664525u + 1013904223u;
			buffer_printf(out, " %s", words[(random >> 16) % CG_COUNT(words)]);
		}
		buffer_add_str(out, "</a>\n");
	}
}
