#include "proxy/exchange/internal.h"

#include <stdio.h>

/* What a person is told. It says what happened and what to do, and nothing about what stands behind. */
static const struct error_page {
	unsigned status;
	const char *reason;
	const char *text;
} pages[] = {
	{204, "No Content", ""},
	{308, "Permanent Redirect", "This site is served over HTTPS."},
	{400, "Bad Request", "The request was not valid HTTP. If you followed a link, it may be damaged."},
	{403, "Forbidden", "This site does not allow this kind of connection there."},
	{405, "Method Not Allowed", "This site does not accept this kind of request."},
	{408, "Request Timeout", "The request took too long to arrive. Please try again."},
	{413, "Content Too Large", "What was sent is larger than this site accepts."},
	{414, "URI Too Long", "The address is longer than this site accepts."},
	{417, "Expectation Failed", "The request expects something that this site cannot do."},
	{421, "Misdirected Request", "No site of this name is served here."},
	{431, "Request Header Fields Too Large",
	 "The request's header is larger than this site accepts. Deleting this site's cookies may help."},
	{500, "Internal Server Error", "The request could not be handled. Please try again later."},
	{501, "Not Implemented", "The request uses a transfer coding that is not supported."},
	{502, "Bad Gateway", "The web server behind this site gave no valid answer. Please try again in a moment."},
	{503, "Service Unavailable", "This site is too busy at the moment. Please try again in a moment."},
	{504, "Gateway Timeout", "The web server behind this site took too long to answer. Please try again later."},
	{505, "HTTP Version Not Supported", "The request uses a version of HTTP that is not supported."},
};

static const struct error_page *page_of(unsigned status)
{
	for (size_t i = 0; i < CG_COUNT(pages); i++)
		if (pages[i].status == status)
			return &pages[i];
	return page_of(500);
}

static struct slice page_body(struct exchange *e, const struct error_page *p)
{
	return arena_printf(
		&e->arena,
		"<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n<title>%u %s</title>\n"
		"<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;"
		"color:#222;background:#fff}h1{font-size:1.4rem}</style>\n<h1>%s</h1>\n<p>%s</p>\n",
		p->status, p->reason, p->reason, p->text);
}

/* Sends e->response with this body; the request may be unread in part: then the connection ends after it. */
static void send_answer(struct exchange *e, unsigned status, struct slice body)
{
	bool bodiless = slice_eq(e->request.method, SLICE("HEAD")) || status == 204;
	bool keep;

	e->status = status;
	e->response.status = status;
	e->response_state = RESPONSE_DONE;
	keep = response_keep_alive(e) && !exchange_unread(e);
	e->visitor_framing = (struct h1_framing){.kind = bodiless ? H1_BODY_NONE : H1_BODY_LENGTH,
						 .length = body.n,
						 .has_length = status != 204,
						 .keep_alive = keep};
	if (arena_failed(&e->arena) || !response_write_head(e) || (!bodiless && !e->channel->ops->put(e, body))) {
		exchange_cut(e, "the answer could not be sent");
		return;
	}
	if (!bodiless)
		e->sent = body.n;
	exchange_finish(e, keep);
}

void answer_own(struct exchange *e, struct slice content)
{
	fields_add_id(&e->response.fields, FIELD_DATE, imf_fixdate(&e->arena, e->began_ms / 1000));
	send_answer(e, e->response.status, content);
}

static void fresh_response(struct exchange *e, unsigned status)
{
	e->response.reason = slice_str(page_of(status)->reason);
	fields_init(&e->response.fields, &e->arena);
	fields_add_id(&e->response.fields, FIELD_CACHE_CONTROL, SLICE("no-store"));
	fields_add_id(&e->response.fields, FIELD_DATE, imf_fixdate(&e->arena, e->began_ms / 1000));
}

void answer_error(struct exchange *e, unsigned status)
{
	const struct error_page *p = page_of(status);

	if (arena_failed(&e->arena)) {
		/* The answer needs little memory, and of the request only whether it may have a body. */
		bool head = slice_eq(e->request.method, SLICE("HEAD"));
		unsigned minor = e->request.minor;

		counter_add(COUNTER_MEMORY);
		arena_reset(&e->arena);
		e->request = (struct request){.method = head ? SLICE("HEAD") : SLICE(""), .minor = minor};
		e->target = slice_of(NULL, 0);
		e->decided = false;
		e->would = NULL;
		e->n_would = 0;
	}
	fresh_response(e, p->status);
	fields_add_id(&e->response.fields, FIELD_CONTENT_TYPE, SLICE("text/html; charset=utf-8"));
	if (p->status == 405)
		fields_add(&e->response.fields, SLICE("Allow"), SLICE("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
	if (p->status == 503)
		fields_add_id(&e->response.fields, FIELD_RETRY_AFTER, SLICE("5"));
	send_answer(e, p->status, page_body(e, p));
}

void answer_blocked(struct exchange *e)
{
	fresh_response(e, 204);
	send_answer(e, 204, slice_of(NULL, 0));
}

void answer_options(struct exchange *e)
{
	fresh_response(e, 204);
	fields_add(&e->response.fields, SLICE("Allow"), SLICE("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
	send_answer(e, 204, slice_of(NULL, 0));
}

void answer_redirect(struct exchange *e)
{
	uint16_t port = e->visitor->listen->redirect_port;
	bool v6 = slice_find_char(e->request.host, ':') < e->request.host.n;
	char digits[8];
	const struct slice parts[] = {
		v6 ? SLICE("https://[") : SLICE("https://"),
		e->request.host,
		v6 ? SLICE("]") : SLICE(""),
		port == 443 ? SLICE("")
			    : slice_of(digits, (size_t)snprintf(digits, sizeof digits, ":%u", (unsigned)port)),
		/* The URL of "OPTIONS *" has no path (RFC 9112 3.2.4). */
		slice_eq(e->request.target, SLICE("*")) ? SLICE("") : e->request.target,
	};

	fresh_response(e, 308);
	fields_add_id(&e->response.fields, FIELD_LOCATION, arena_concat(&e->arena, parts, CG_COUNT(parts)));
	fields_add_id(&e->response.fields, FIELD_CONTENT_TYPE, SLICE("text/html; charset=utf-8"));
	send_answer(e, 308, page_body(e, page_of(308)));
}
