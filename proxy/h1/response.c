#include "proxy/h1/internal.h"

/* "200", then a blank and the reason. The blank may miss with the reason: many servers forget it (RFC 9112 4). */
static enum h1_error take_status(struct slice *rest, struct response *out)
{
	const char *p = rest->p;
	size_t n;

	if (rest->n < 4 || p[0] != ' ')
		return H1_E_START_LINE;
	if (!ascii_is_digit(p[1]) || !ascii_is_digit(p[2]) || !ascii_is_digit(p[3]) || p[1] < '1' || p[1] > '5')
		return H1_E_STATUS;
	out->status = (unsigned)((p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0'));
	*rest = slice_of(p + 4, rest->n - 4);
	if (rest->n && rest->p[0] == '\r')
		return H1_OK;
	if (rest->n == 0 || rest->p[0] != ' ')
		return H1_E_STATUS;
	*rest = slice_of(p + 5, rest->n - 1);
	n = h1_value_span(*rest);
	out->reason = slice_head(*rest, n);
	*rest = slice_from(*rest, n);
	return H1_OK;
}

static enum h1_error take_status_line(struct slice *rest, const struct h1_limits *limits, unsigned *minor,
				      struct response *out)
{
	const char *start = rest->p;
	enum h1_error error;

	if (rest->n && rest->p[0] == '\r')
		return H1_E_EMPTY_LINES;
	if ((error = h1_take_version(rest, minor)) || (error = take_status(rest, out)))
		return error;
	if ((size_t)(rest->p - start) > limits->line)
		return H1_E_LINE_TOO_LONG;
	return h1_take_crlf(rest);
}

/* RFC 9112 6.3, for an answer that has no content whatever its fields say. */
static enum h1_error decide_bodiless(unsigned status, struct h1_framing *framing)
{
	bool announced = framing->kind == H1_BODY_CHUNKED || framing->length > 0;

	framing->kind = H1_BODY_NONE;
	if (status >= 200 && status != 204)
		return H1_OK;
	/*
	 * RFC 9110 8.6 and RFC 9112 6.1 forbid to announce content here. Before a final answer there is no telling what
	 * comes next; after a 204 the connection is given up, in case the content was sent.
	 */
	if (announced && status < 200)
		return H1_E_INTERIM_BODY;
	if (announced)
		framing->keep_alive = false;
	framing->has_length = false;
	framing->length = 0;
	return H1_OK;
}

static enum h1_error decide_response(unsigned status, struct slice method, struct h1_framing *framing)
{
	if (slice_eq(method, SLICE("HEAD")) || status < 200 || status == 204 || status == 304)
		return decide_bodiless(status, framing);
	if (framing->kind == H1_BODY_NONE) {
		framing->kind = H1_BODY_CLOSE;
		framing->keep_alive = false;
	}
	return H1_OK;
}

static enum h1_error decide_switch(unsigned status, bool upgrade_asked, struct h1_framing *framing)
{
	if (status == 101)
		return upgrade_asked && framing->upgrade ? H1_OK : H1_E_SWITCH_UNASKED;
	framing->upgrade = false;
	framing->upgrade_protocol = slice_of(NULL, 0);
	return H1_OK;
}

enum h1_error h1_parse_response(struct slice head, const struct h1_limits *limits, struct slice method,
				bool upgrade_asked, struct arena *arena, struct response *out,
				struct h1_framing *framing)
{
	struct h1_gathered g;
	unsigned minor;
	enum h1_error error;

	*out = (struct response){0};
	*framing = (struct h1_framing){.kind = H1_BODY_NONE};
	fields_init(&out->fields, arena);
	if (head.n > limits->head)
		return H1_E_HEAD_TOO_LONG;
	if ((error = take_status_line(&head, limits, &minor, out)) ||
	    (error = h1_take_fields(&head, limits, &out->fields, &g)) || (error = h1_decide_body(&g, minor, framing)))
		return error;
	h1_decide_connection(&g, minor, framing);
	if ((error = decide_switch(out->status, upgrade_asked, framing)))
		return error;
	return decide_response(out->status, method, framing);
}
