#include "proxy/h1/internal.h"

#define DIGITS_MAX    16
#define EXTENSION_MAX 4096

enum state {
	SIZE, /* in the hexadecimal digits; the first state */
	SIZE_BLANK,
	EXTENSION,
	SIZE_LF, /* CR was seen */
	CONTENT,
	CONTENT_CR,
	CONTENT_LF,
	TRAILER,
	DONE,
	FAILED,
};

void h1_body_init(struct h1_body *b, const struct h1_framing *framing, const struct h1_limits *limits,
		  struct arena *arena)
{
	*b = (struct h1_body){.kind = framing->kind, .limits = *limits, .arena = arena};
	if (b->kind == H1_BODY_LENGTH)
		b->left = framing->length;
	buffer_init(&b->line, limits->field + 2);
	fields_init(&b->trailers, arena);
}

void h1_body_free(struct h1_body *b)
{
	buffer_free(&b->line);
}

static enum h1_body_result fail(struct h1_body *b, enum h1_error error)
{
	b->state = FAILED;
	b->error = error;
	return H1_BODY_ERROR;
}

static enum h1_body_result take_content(struct h1_body *b, struct slice *in, uint64_t most, struct slice *data)
{
	*data = in->n > most ? slice_head(*in, (size_t)most) : *in;
	*in = slice_from(*in, data->n);
	b->received += data->n;
	return H1_BODY_DATA;
}

/* -- the line before a chunk (RFC 9112 7.1) ------------------------------------------------------------------------ */

/* Blanks before ';' are allowed, by RFC 9110 5.6.3 (BWS); blanks at the end of the size are not. */
static enum h1_error extension_octet(struct h1_body *b, char c)
{
	if (c == '\r' && b->state == EXTENSION) {
		b->state = SIZE_LF;
		return H1_OK;
	}
	if (c == '\n')
		return H1_E_BARE_LF;
	if (!h1_is(H1_VALUE, c) || (b->state == SIZE_BLANK && c != ';' && c != ' ' && c != '\t'))
		return H1_E_CHUNK_EXTENSION;
	if (++b->extension > EXTENSION_MAX)
		return H1_E_CHUNK_EXTENSION_TOO_LONG;
	if (c == ';')
		b->state = EXTENSION;
	return H1_OK;
}

static enum h1_error size_octet(struct h1_body *b, char c)
{
	int digit = ascii_hex_value(c);

	if (digit >= 0) {
		if (++b->digits > DIGITS_MAX)
			return H1_E_CHUNK_SIZE;
		b->left = b->left << 4 | (uint64_t)digit;
		return H1_OK;
	}
	if (c == '\n')
		return H1_E_BARE_LF;
	if (b->digits == 0)
		return H1_E_CHUNK_SIZE;
	if (c == '\r') {
		b->state = SIZE_LF;
		return H1_OK;
	}
	if (c != ';' && c != ' ' && c != '\t')
		return H1_E_CHUNK_SIZE;
	b->state = SIZE_BLANK;
	return extension_octet(b, c);
}

static enum h1_error end_size(struct h1_body *b, char c)
{
	if (c != '\n')
		return H1_E_BARE_CR;
	if (b->left > INT64_MAX - b->received)
		return H1_E_CHUNK_TOO_LARGE;
	b->state = b->left ? CONTENT : TRAILER;
	return H1_OK;
}

static enum h1_error end_content(struct h1_body *b, char c)
{
	if (c != (b->state == CONTENT_CR ? '\r' : '\n'))
		return H1_E_CHUNK_END;
	b->state = b->state == CONTENT_CR ? CONTENT_LF : SIZE;
	b->digits = 0;
	return H1_OK;
}

static enum h1_error chunk_octet(struct h1_body *b, char c)
{
	switch (b->state) {
	case SIZE:
		return size_octet(b, c);
	case SIZE_BLANK:
	case EXTENSION:
		return extension_octet(b, c);
	case SIZE_LF:
		return end_size(b, c);
	default:
		return end_content(b, c);
	}
}

/* -- trailers (RFC 9112 7.1.2, RFC 9110 6.5) ----------------------------------------------------------------------- */

bool h1_is_trailer(struct slice name)
{
	enum field_id id = field_id_of(name);

	return !(field_flags(id) & (FIELD_FLAG_HOP | FIELD_FLAG_NOTRAIL)) && !h1_field_is_end_to_end(id, name);
}

/* The line buffer holds a whole line with its LF. */
static enum h1_error end_trailer(struct h1_body *b)
{
	struct slice rest = buffer_slice(&b->line);
	enum h1_error error;
	struct field f;
	bool odd = false;

	if (slice_eq(rest, SLICE("\r\n"))) {
		b->state = DONE;
		return H1_OK;
	}
	error = h1_take_field(&rest, &b->limits, &f, &odd);
	if (error)
		return error;
	if (b->trailer_fields++ == b->limits.fields)
		return H1_E_TOO_MANY_FIELDS;
	if (h1_is_trailer(f.name) &&
	    !fields_add(&b->trailers, arena_copy(b->arena, f.name), arena_copy(b->arena, f.value)))
		return H1_E_NO_MEMORY;
	buffer_clear(&b->line);
	return arena_failed(b->arena) ? H1_E_NO_MEMORY : H1_OK;
}

/* Takes octets up to the end of a trailer line, as far as the limits let it. */
static enum h1_error take_trailer(struct h1_body *b, struct slice *in)
{
	size_t room = b->limits.head - b->trailer_octets;
	size_t line_room = b->limits.field + 2 - b->line.n;
	size_t end = slice_find_char(*in, '\n');
	bool whole = end < in->n;
	struct slice piece = slice_head(*in, whole ? end + 1 : end);
	struct slice taken = slice_head(piece, room < line_room ? room : line_room);

	whole = whole && taken.n == piece.n;
	if (!buffer_add(&b->line, taken))
		return H1_E_NO_MEMORY;
	*in = slice_from(*in, taken.n);
	b->trailer_octets += taken.n;
	if (h1_line_too_long(slice_head(buffer_slice(&b->line), b->line.n - whole), b->limits.field))
		return H1_E_FIELD_TOO_LONG;
	if (taken.n < piece.n)
		return H1_E_HEAD_TOO_LONG;
	return whole ? end_trailer(b) : H1_OK;
}

static enum h1_body_result read_chunked(struct h1_body *b, struct slice *in, struct slice *data)
{
	while (in->n) {
		enum h1_error error;

		if (b->state == CONTENT) {
			take_content(b, in, b->left, data);
			b->left -= data->n;
			if (b->left == 0)
				b->state = CONTENT_CR;
			return H1_BODY_DATA;
		}
		if (b->state == TRAILER) {
			error = take_trailer(b, in);
		} else {
			error = chunk_octet(b, in->p[0]);
			*in = slice_from(*in, 1);
		}
		if (error)
			return fail(b, error);
		if (b->state == DONE)
			return H1_BODY_END;
	}
	return H1_BODY_MORE;
}

enum h1_body_result h1_body_read(struct h1_body *b, struct slice *in, struct slice *data)
{
	*data = slice_of(NULL, 0);
	if (b->state == FAILED)
		return H1_BODY_ERROR;
	if (b->state == DONE || b->kind == H1_BODY_NONE || (b->kind == H1_BODY_LENGTH && b->left == 0))
		return H1_BODY_END;
	if (b->kind == H1_BODY_CHUNKED)
		return read_chunked(b, in, data);
	if (in->n == 0)
		return H1_BODY_MORE;
	if (b->kind == H1_BODY_CLOSE)
		return take_content(b, in, UINT64_MAX, data);
	take_content(b, in, b->left, data);
	b->left -= data->n;
	return H1_BODY_DATA;
}

enum h1_body_result h1_body_eof(struct h1_body *b)
{
	if (b->state == FAILED)
		return H1_BODY_ERROR;
	if (b->state == DONE || b->kind == H1_BODY_NONE || b->kind == H1_BODY_CLOSE ||
	    (b->kind == H1_BODY_LENGTH && b->left == 0)) {
		b->state = DONE;
		return H1_BODY_END;
	}
	return fail(b, H1_E_TRUNCATED);
}
