/* Pages and forms of crumbgate's own: what is asked of decide_answer(), and small forms read for it. */
#include "proxy/exchange/internal.h"

static void answer(struct exchange *e, bool too_long)
{
	const struct own_body body = {.octets = text_slice(&e->own_body), .too_long = too_long};
	struct slice content = slice_of(NULL, 0);
	struct decide_env own;

	if (decide_answer(exchange_env(e, &own), &e->request, &body, &e->arena, &e->decision, &e->response, &content) !=
	    DECIDE_OK)
		exchange_fail(e, 431, "the exchange needs more memory than it may have");
	else
		answer_own(e, content);
}

void own_begin(struct exchange *e)
{
	const struct h1_framing *f = &e->request_framing;

	e->own_body = (struct text){.arena = &e->arena};
	if (!exchange_has_content(e)) {
		answer(e, false);
	} else if (f->kind == H1_BODY_LENGTH && f->length > OWN_FORM_MAX) {
		answer(e, true);
	} else if (!f->expect_continue || response_continue(e)) {
		e->request_state = REQUEST_OWN;
		channel_wait(e, e->server->parts.config->timeouts.body);
	}
}

void own_input(struct exchange *e, struct slice *in)
{
	enum h1_body_result r;
	struct slice data;

	while ((r = request_read(e, in, &data)) == H1_BODY_DATA) {
		if (e->own_body.n + data.n > OWN_FORM_MAX) {
			answer(e, true);
			return;
		}
		text_add(&e->own_body, data);
	}
	if (r == H1_BODY_MORE)
		return;
	if (r == H1_BODY_ERROR) {
		exchange_malformed(e);
		return;
	}
	e->request_state = REQUEST_DONE;
	answer(e, false);
}
