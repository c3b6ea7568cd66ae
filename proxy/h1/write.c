#include "proxy/h1/internal.h"

static char *put(char *w, struct slice s)
{
	if (s.n)
		memcpy(w, s.p, s.n);
	return w + s.n;
}

static bool add_field(struct buffer *out, struct slice name, struct slice value)
{
	char *start = buffer_reserve(out, name.n + value.n + 4), *w = start;

	if (!w)
		return false;
	w = put(w, name);
	w = put(w, SLICE(": "));
	w = put(w, value);
	w = put(w, SLICE("\r\n"));
	buffer_commit(out, (size_t)(w - start));
	return true;
}

/*
 * Names and values come from a parser that let no control octet through, or from rules and configuration. This check
 * is the last line: whatever went wrong before, no line end of ours is ever written from a value.
 */
bool h1_is_writable(const struct field *f)
{
	return f->name.n && h1_token_span(f->name) == f->name.n && h1_value_span(f->value) == f->value.n;
}

/* The fields as they are, but those that only the framing may write. */
static bool add_fields(struct buffer *out, const struct fields *fields, unsigned without)
{
	for (size_t i = 0; i < fields->n; i++) {
		const struct field *f = &fields->v[i];

		if (f->id == FIELD_HOST || f->id == FIELD_CONTENT_LENGTH || (field_flags(f->id) & without))
			continue;
		if (!h1_is_writable(f) || !add_field(out, f->name, f->value))
			return false;
	}
	return true;
}

static bool add_length(struct buffer *out, uint64_t n)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	return add_field(out, SLICE("Content-Length"), slice_of(digits + at, sizeof digits - at));
}

static bool add_body_framing(struct buffer *out, const struct h1_framing *framing)
{
	if (framing->kind == H1_BODY_LENGTH)
		return add_length(out, framing->length);
	if (framing->kind == H1_BODY_CHUNKED)
		return add_field(out, SLICE("Transfer-Encoding"), SLICE("chunked"));
	return true;
}

static bool add_upgrade(struct buffer *out, const struct h1_framing *framing, bool close)
{
	struct slice protocol = framing->upgrade_protocol;

	return protocol.n && h1_value_span(protocol) == protocol.n &&
	       add_field(out, SLICE("Connection"), close ? SLICE("close, upgrade") : SLICE("upgrade")) &&
	       add_field(out, SLICE("Upgrade"), protocol);
}

/* Ends the head, or takes back what of it was written: half a head must never be sent. */
static bool end_head(struct buffer *out, size_t start, bool ok)
{
	ok = ok && buffer_add(out, SLICE("\r\n"));
	if (!ok)
		out->n = start;
	return ok;
}

/* -- requests ------------------------------------------------------------------------------------------------------ */

static bool add_request_line(struct buffer *out, const struct request *req)
{
	char *start, *w;

	if (req->method.n == 0 || h1_token_span(req->method) != req->method.n || req->target.n == 0 ||
	    req->authority.n == 0 || h1_value_span(req->authority) != req->authority.n)
		return false;
	for (size_t i = 0; i < req->target.n; i++)
		if (!h1_is(H1_TARGET, req->target.p[i]))
			return false;
	start = w = buffer_reserve(out, req->method.n + req->target.n + 12);
	if (!w)
		return false;
	w = put(w, req->method);
	*w++ = ' ';
	w = put(w, req->target);
	w = put(w, SLICE(" HTTP/1.1\r\n"));
	buffer_commit(out, (size_t)(w - start));
	return add_field(out, SLICE("Host"), req->authority);
}

static bool add_request_connection(struct buffer *out, const struct h1_framing *framing)
{
	if (framing->upgrade)
		return add_upgrade(out, framing, !framing->keep_alive);
	return framing->keep_alive || add_field(out, SLICE("Connection"), SLICE("close"));
}

bool h1_write_request(struct buffer *out, const struct request *req, const struct h1_framing *framing)
{
	size_t start = out->n;
	bool ok = framing->kind != H1_BODY_CLOSE && add_request_line(out, req) &&
		  add_fields(out, &req->fields, FIELD_FLAG_HOP) && add_body_framing(out, framing) &&
		  add_request_connection(out, framing);

	return end_head(out, start, ok);
}

/* -- responses ----------------------------------------------------------------------------------------------------- */

static bool add_status_line(struct buffer *out, const struct response *resp)
{
	char *start, *w;

	if (resp->status < 100 || resp->status > 999 || h1_value_span(resp->reason) != resp->reason.n)
		return false;
	start = w = buffer_reserve(out, resp->reason.n + 15);
	if (!w)
		return false;
	w = put(w, SLICE("HTTP/1.1 "));
	*w++ = (char)('0' + resp->status / 100);
	*w++ = (char)('0' + resp->status / 10 % 10);
	*w++ = (char)('0' + resp->status % 10);
	*w++ = ' ';
	w = put(w, resp->reason);
	w = put(w, SLICE("\r\n"));
	buffer_commit(out, (size_t)(w - start));
	return true;
}

static bool add_response_connection(struct buffer *out, unsigned status, const struct h1_framing *framing,
				    unsigned minor)
{
	if (status == 101)
		return add_upgrade(out, framing, false);
	if (status < 200)
		return true;
	if (!framing->keep_alive || framing->kind == H1_BODY_CLOSE)
		return add_field(out, SLICE("Connection"), SLICE("close"));
	return minor > 0 || add_field(out, SLICE("Connection"), SLICE("keep-alive"));
}

static bool add_response_framing(struct buffer *out, unsigned status, const struct h1_framing *framing, unsigned minor)
{
	if (status < 200 || status == 204)
		return framing->kind == H1_BODY_NONE || (framing->kind == H1_BODY_LENGTH && framing->length == 0);
	if (framing->kind == H1_BODY_CHUNKED && minor == 0)
		return false;
	if (framing->kind == H1_BODY_NONE && framing->has_length)
		return add_length(out, framing->length);
	return add_body_framing(out, framing);
}

bool h1_write_response(struct buffer *out, const struct response *resp, const struct h1_framing *framing,
		       unsigned minor)
{
	size_t start = out->n;
	bool ok = add_status_line(out, resp) && add_fields(out, &resp->fields, FIELD_FLAG_HOP) &&
		  add_response_framing(out, resp->status, framing, minor) &&
		  add_response_connection(out, resp->status, framing, minor);

	return end_head(out, start, ok);
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
	size_t start = out->n;
	bool ok = buffer_add(out, SLICE("0\r\n")) &&
		  (!trailers || add_fields(out, trailers, FIELD_FLAG_HOP | FIELD_FLAG_NOTRAIL));

	return end_head(out, start, ok);
}
