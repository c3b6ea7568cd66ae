#include "proxy/h1/internal.h"

static char *put(char *w, struct slice s)
{
	if (s.n)
		memcpy(w, s.p, s.n);
	return w + s.n;
}

/* A head that is being written. */
struct head {
	struct buffer *out;
	size_t start;
	size_t lines;
};

static struct head begin_head(struct buffer *out)
{
	return (struct head){.out = out, .start = out->n};
}

/*
 * Ends the head, or takes back what of it was written: half a head must never be sent.
 *
 * Names and values come from a parser that let no control octet through, or from rules and configuration. The count is
 * the last line: whatever went wrong before, the only control octets of a head are the CR and LF of the lines that were
 * meant, so no line is ever forged from a value.
 */
static bool end_head(const struct head *h, bool ok)
{
	ok = ok && buffer_add(h->out, SLICE("\r\n")) &&
	     slice_count_controls(slice_from(buffer_slice(h->out), h->start)) == 2 * (h->lines + 1);
	if (!ok)
		h->out->n = h->start;
	return ok;
}

/* A text that starts with the field's name, and goes on with what cannot be in one. Names of the table are tokens. */
static bool starts_with_token(struct slice text, const struct field *f)
{
	return f->id != FIELD_OTHER ||
	       (f->name.n && (h1_plain_span(text) == f->name.n || h1_token_span(text) == f->name.n));
}

bool h1_is_writable(const struct field *f)
{
	return starts_with_token(f->name, f) && h1_value_span(f->value) == f->value.n;
}

static bool add_fields(struct head *h, const struct field *v, size_t n, unsigned without)
{
	for (const struct field *f = v; n; f++, n--) {
		char *start, *w;

		if (field_flags(f->id) & without)
			continue;
		start = w = buffer_reserve(h->out, f->name.n + f->value.n + 4);
		if (!w)
			return false;
		w = put(w, f->name);
		w = put(w, SLICE(": "));
		w = put(w, f->value);
		w = put(w, SLICE("\r\n"));
		if (!starts_with_token(slice_of(start, (size_t)(w - start)), f))
			return false;
		buffer_commit(h->out, (size_t)(w - start));
		h->lines++;
	}
	return true;
}

static bool add_field(struct head *h, enum field_id id, struct slice value)
{
	return add_fields(h, &(struct field){field_name(id), value, id}, 1, 0);
}

static bool add_length(struct head *h, uint64_t n)
{
	char digits[20];

	return add_field(h, FIELD_CONTENT_LENGTH, slice_of_u64(digits, n));
}

static bool add_body_framing(struct head *h, const struct h1_framing *framing)
{
	if (framing->kind == H1_BODY_LENGTH)
		return add_length(h, framing->length);
	if (framing->kind == H1_BODY_CHUNKED)
		return add_field(h, FIELD_TRANSFER_ENCODING, SLICE("chunked"));
	return true;
}

static bool add_upgrade(struct head *h, const struct h1_framing *framing, bool close)
{
	struct slice protocol = framing->upgrade_protocol;

	return protocol.n && add_field(h, FIELD_CONNECTION, close ? SLICE("close, upgrade") : SLICE("upgrade")) &&
	       add_field(h, FIELD_UPGRADE, protocol);
}

/* -- requests ------------------------------------------------------------------------------------------------------ */

static bool add_request_line(struct head *h, const struct request *req)
{
	char *start, *w;

	if (req->method.n == 0 || h1_token_span(req->method) != req->method.n || req->target.n == 0 ||
	    h1_target_span(req->target) != req->target.n || req->authority.n == 0)
		return false;
	start = w = buffer_reserve(h->out, req->method.n + req->target.n + 12);
	if (!w)
		return false;
	w = put(w, req->method);
	*w++ = ' ';
	w = put(w, req->target);
	w = put(w, SLICE(" HTTP/1.1\r\n"));
	buffer_commit(h->out, (size_t)(w - start));
	h->lines++;
	return add_field(h, FIELD_HOST, req->authority);
}

static bool add_request_connection(struct head *h, const struct h1_framing *framing)
{
	if (framing->upgrade)
		return add_upgrade(h, framing, !framing->keep_alive);
	return framing->keep_alive || add_field(h, FIELD_CONNECTION, SLICE("close"));
}

bool h1_write_request(struct buffer *out, const struct request *req, const struct h1_framing *framing)
{
	struct head h = begin_head(out);
	bool ok = framing->kind != H1_BODY_CLOSE && add_request_line(&h, req) &&
		  add_fields(&h, req->fields.v, req->fields.n, FIELD_FLAG_CODEC) && add_body_framing(&h, framing) &&
		  add_request_connection(&h, framing);

	return end_head(&h, ok);
}

/* -- responses ----------------------------------------------------------------------------------------------------- */

static bool add_status_line(struct head *h, const struct response *resp)
{
	char *start, *w;

	if (resp->status < 100 || resp->status > 999)
		return false;
	start = w = buffer_reserve(h->out, resp->reason.n + 15);
	if (!w)
		return false;
	w = put(w, SLICE("HTTP/1.1 "));
	*w++ = (char)('0' + resp->status / 100);
	*w++ = (char)('0' + resp->status / 10 % 10);
	*w++ = (char)('0' + resp->status % 10);
	*w++ = ' ';
	w = put(w, resp->reason);
	w = put(w, SLICE("\r\n"));
	buffer_commit(h->out, (size_t)(w - start));
	h->lines++;
	return true;
}

static bool add_response_connection(struct head *h, unsigned status, const struct h1_framing *framing, unsigned minor)
{
	if (status == 101)
		return add_upgrade(h, framing, false);
	if (status < 200)
		return true;
	if (!framing->keep_alive || framing->kind == H1_BODY_CLOSE)
		return add_field(h, FIELD_CONNECTION, SLICE("close"));
	return minor > 0 || add_field(h, FIELD_CONNECTION, SLICE("keep-alive"));
}

static bool add_response_framing(struct head *h, unsigned status, const struct h1_framing *framing, unsigned minor)
{
	if (status < 200 || status == 204)
		return framing->kind == H1_BODY_NONE || (framing->kind == H1_BODY_LENGTH && framing->length == 0);
	if (framing->kind == H1_BODY_CHUNKED && minor == 0)
		return false;
	if (framing->kind == H1_BODY_NONE && framing->has_length)
		return add_length(h, framing->length);
	return add_body_framing(h, framing);
}

bool h1_write_response(struct buffer *out, const struct response *resp, const struct h1_framing *framing,
		       unsigned minor)
{
	struct head h = begin_head(out);
	bool ok = add_status_line(&h, resp) && add_fields(&h, resp->fields.v, resp->fields.n, FIELD_FLAG_CODEC) &&
		  add_response_framing(&h, resp->status, framing, minor) &&
		  add_response_connection(&h, resp->status, framing, minor);

	return end_head(&h, ok);
}

/* -- chunks -------------------------------------------------------------------------------------------------------- */

size_t h1_chunk_head(char out[20], uint64_t n)
{
	size_t digits = 1, length;

	while (digits < 16 && n >> (4 * digits))
		digits++;
	length = digits + 2;
	out[digits] = '\r';
	out[digits + 1] = '\n';
	while (digits) {
		out[--digits] = "0123456789abcdef"[n & 15];
		n >>= 4;
	}
	return length;
}

bool h1_write_last_chunk(struct buffer *out, const struct fields *trailers)
{
	struct head h = {.out = out, .start = out->n, .lines = 1};
	bool ok = buffer_add(out, SLICE("0\r\n")) &&
		  (!trailers || add_fields(&h, trailers->v, trailers->n, FIELD_FLAG_CODEC | FIELD_FLAG_NOTRAIL));

	return end_head(&h, ok);
}
