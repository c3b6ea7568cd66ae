#include "tests/support/h1_text.h"

#include <inttypes.h>

static void add_framing(struct buffer *out, const struct h1_framing *framing)
{
	static const char *const kinds[] = {
		[H1_BODY_NONE] = "none",
		[H1_BODY_LENGTH] = "length",
		[H1_BODY_CHUNKED] = "chunked",
		[H1_BODY_CLOSE] = "close",
	};

	buffer_printf(out, " body=%s", kinds[framing->kind]);
	if (framing->has_length)
		buffer_printf(out, " length=%" PRIu64, framing->length);
	if (framing->keep_alive)
		buffer_add_str(out, " keep-alive");
	if (framing->expect_continue)
		buffer_add_str(out, " continue");
	if (framing->te_trailers)
		buffer_add_str(out, " trailers");
	if (framing->upgrade)
		buffer_printf(out, " upgrade=%.*s", SLICE_ARG(framing->upgrade_protocol));
	buffer_add_str(out, "\n");
}

bool h1_text_fields(struct buffer *out, const struct fields *fields)
{
	for (size_t i = 0; i < fields->n; i++) {
		buffer_add(out, fields->v[i].name);
		buffer_add_str(out, ": ");
		buffer_add(out, fields->v[i].value);
		buffer_add_str(out, "\n");
	}
	return !out->failed;
}

bool h1_text_request(struct buffer *out, const struct request *req, const struct h1_framing *framing)
{
	buffer_add(out, req->method);
	buffer_add_char(out, ' ');
	buffer_add(out, req->target);
	buffer_printf(out, " host=%.*s port=%u authority=%.*s%s%s", SLICE_ARG(req->host), req->port,
		      SLICE_ARG(req->authority), req->secure ? " secure" : "", req->minor ? "" : " 1.0");
	add_framing(out, framing);
	return h1_text_fields(out, &req->fields);
}

bool h1_text_response(struct buffer *out, const struct response *resp, const struct h1_framing *framing)
{
	buffer_printf(out, "%u ", resp->status);
	buffer_add(out, resp->reason);
	add_framing(out, framing);
	return h1_text_fields(out, &resp->fields);
}
