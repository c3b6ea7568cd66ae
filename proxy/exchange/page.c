#include "proxy/exchange/internal.h"
#include "proxy/page/accept.h"

#define PAUSE_MS     4	 /* without input before the encoder is flushed: it costs octets */
#define COMPRESS_MIN 256 /* octets of a page; less does not get smaller */

bool page_way_rules(const struct decide_env *env)
{
	const struct ruleset *rs = env->rules;
	size_t n;

	(void)ruleset_inject_html(rs, &n);
	return n > 0 || ruleset_beacon_purposes(rs) || ruleset_has_params(rs) ||
	       (env->guard && ruleset_pages(rs)->guard && ruleset_purpose_count(rs) > 1);
}

/* -- writing ------------------------------------------------------------------------------------------------------- */

/* Begins a piece of output where it will be sent from, so that each octet is copied once. */
static bool open_room(struct exchange *e)
{
	struct page_way *w = &e->page;
	bool waited = w->head_waits;

	w->room = e->channel->ops->room(e, &w->head_waits, &w->room_n);
	w->room_end = 0;
	if (waited && !w->head_waits)
		e->head_sent = true;
	return w->room != NULL;
}

/* From here on it is sent. */
static bool close_room(struct exchange *e)
{
	struct page_way *w = &e->page;
	bool head = w->head_waits;

	if (!w->room)
		return true;
	if (head)
		e->head_sent = true;
	w->head_waits = false;
	w->room = NULL;
	return e->channel->ops->commit(e, head, w->room_end);
}

/* The sink of the chain. */
static bool put(void *arg, struct slice octets)
{
	struct exchange *e = arg;
	struct page_way *w = &e->page;

	e->sent += octets.n;
	while (octets.n) {
		size_t n;

		if (!w->room && !open_room(e))
			return false;
		n = w->room_n - w->room_end;
		if (n > octets.n)
			n = octets.n;
		memcpy(w->room + w->room_end, octets.p, n);
		w->room_end += n;
		octets = slice_from(octets, n);
		if (w->room_end == w->room_n && !close_room(e))
			return false;
	}
	return true;
}

/* In observe mode: as it came, framed as it came. */
static bool put_original(void *arg, struct slice octets)
{
	struct exchange *e = arg;

	return response_put(e, octets);
}

void page_way_drop(struct exchange *e)
{
	struct page_way *w = &e->page;

	if (!w->chain.pool)
		return;
	if (w->room)
		e->channel->ops->forget(e);
	w->room = NULL;
	w->open = w->head_waits = w->full = w->ending = false;
	w->chain.pool = NULL;
	chain_close(&w->chain);
	buffer_free(&w->rest);
	deadline_free(&w->pause);
}

/* -- beginning ----------------------------------------------------------------------------------------------------- */

static enum page_way_begin withhold(struct exchange *e, const char *why)
{
	e->page.outcome = "withheld";
	exchange_fail(e, 502, why ? why : "the page must not pass");
	return PAGE_GONE;
}

static enum page_way_begin pass(struct exchange *e)
{
	e->page.outcome = "passed";
	response_choose_framing(e);
	return PAGE_HEAD_NOW;
}

/* A part of a page cannot be judged: the origin is asked for all of it. */
static enum page_way_begin ask_whole(struct exchange *e)
{
	if (e->page.whole || !request_repeatable(e))
		return withhold(e, "the origin sent a part of a page, and the rules want to see the whole");
	e->page.whole = true;
	fields_remove(&e->request.fields, FIELD_RANGE);
	fields_remove(&e->request.fields, FIELD_IF_RANGE);
	return PAGE_AGAIN;
}

/* Whether it pays to compress what came without a coding. */
static bool may_compress(const struct exchange *e)
{
	const struct h1_framing *f = &e->response_framing;

	return e->site->config->compress && (!f->has_length || f->length >= COMPRESS_MIN);
}

/* What the visitor likes best; but nothing, if it allows that, while as many pages as may be are being compressed. */
static enum coding choose_coding(const struct exchange *e)
{
	const struct server *s = e->server;
	struct coding_accept accept;
	enum coding best, none;

	coding_accept_parse(&e->request.fields, &accept);
	(void)coding_accept_choose(&accept, CODING_OFFERS, CODING_OFFERS_N, &best);
	if (best == CODING_IDENTITY || s->pages.coders.encoding < s->parts.config->limits.compressed_pages ||
	    !coding_accept_choose(&accept, CODING_OFFERS, 0, &none))
		return best;
	counter_add(COUNTER_UNCOMPRESSED);
	return none;
}

/* A page that came in a coding goes in one, too. */
static bool set_coding(struct exchange *e, const struct coding_stack *stack)
{
	struct fields *f = &e->response.fields;

	e->page.coding = CODING_IDENTITY;
	if (stack->n == 0 && !may_compress(e))
		return true;
	e->page.coding = choose_coding(e);
	fields_remove(f, FIELD_CONTENT_ENCODING);
	if (e->page.coding != CODING_IDENTITY)
		fields_add_id(f, FIELD_CONTENT_ENCODING, coding_name(e->page.coding));
	if (!fields_list_has(f, FIELD_VARY, SLICE("Accept-Encoding")) && !fields_list_has(f, FIELD_VARY, SLICE("*")))
		fields_add_id(f, FIELD_VARY, SLICE("Accept-Encoding"));
	return !arena_failed(&e->arena);
}

static void on_pause(void *exchange);

static bool open_chain(struct exchange *e, const struct coding_stack *stack)
{
	struct page_way *w = &e->page;
	bool observe = e->decision.observe;

	memcpy(w->before, e->decision.counts, sizeof w->before);
	w->counted = true;
	w->stack = *stack;
	buffer_init(&w->rest, IO_SCRATCH);
	w->open = chain_open(&w->chain, &(struct chain_options){
						.pool = &e->server->pages,
						.stack = stack,
						.coding = w->coding,
						.env = exchange_env(e, &w->env),
						.decision = &e->decision,
						.sink = observe ? put_original : put,
						.sink_arg = e,
					});
	if (w->open && w->coding != CODING_IDENTITY)
		deadline_init(&w->pause, e->server->parts.base, on_pause, e);
	return w->open;
}

/* The length is not known beforehand. */
static void choose_framing(struct exchange *e)
{
	struct h1_framing origin = e->response_framing;

	e->response_framing.has_length = false;
	if (origin.kind != H1_BODY_NONE)
		e->response_framing.kind = H1_BODY_CHUNKED;
	response_choose_framing(e);
	e->response_framing = origin;
}

static enum page_way_begin observe_page(struct exchange *e, const struct coding_stack *stack)
{
	response_choose_framing(e);
	if (e->response_framing.kind == H1_BODY_NONE)
		return PAGE_HEAD_NOW;
	e->page.outcome = open_chain(e, stack) ? "observed" : "passed";
	return PAGE_HEAD_NOW;
}

static enum page_way_begin rewrite_page(struct exchange *e)
{
	const struct h1_framing *f = &e->response_framing;
	struct coding_stack stack;
	struct slice culprit;
	enum coding_stack_result r = coding_stack_parse(&e->response.fields, &stack, &culprit);

	if (f->kind == H1_BODY_LENGTH && f->length == 0) {
		response_choose_framing(e);
		return PAGE_HEAD_NOW;
	}
	if (r != CODING_STACK_OK && (e->decision.observe || ruleset_pages(e->site->env.rules)->unreadable_passes))
		return pass(e);
	if (r != CODING_STACK_OK)
		return withhold(e, r == CODING_STACK_UNKNOWN ? "the page has a content coding that cannot be undone"
							     : "the page has too many content codings");
	if (e->decision.observe)
		return observe_page(e, &stack);
	if (!set_coding(e, &stack) || (f->kind != H1_BODY_NONE && !open_chain(e, &stack)))
		return withhold(e, "no memory for the page");
	choose_framing(e);
	if (f->kind == H1_BODY_NONE) /* HEAD */
		return PAGE_HEAD_NOW;
	e->page.outcome = "rewritten";
	e->page.head_waits = true;
	return PAGE_HEAD_LATER;
}

/* It may tell the length that a 200 would have had. */
static enum page_way_begin not_modified(struct exchange *e)
{
	choose_framing(e);
	return PAGE_HEAD_NOW;
}

enum page_way_begin exchange_page_begin(struct exchange *e)
{
	enum page_work work = e->decision.page.work;

	if (work == PAGE_REWRITE || (e->decision.page.bodiless && !e->decision.observe))
		return e->response.status == 304 ? not_modified(e) : rewrite_page(e);
	if (work == PAGE_WHOLE && !e->decision.observe)
		return ask_whole(e);
	if (work == PAGE_WITHHOLD && !e->decision.observe)
		return withhold(e, e->decision.page.why);
	if (e->decision.page.why)
		e->page.outcome = e->decision.observe ? "unread" : "passed";
	response_choose_framing(e);
	return PAGE_HEAD_NOW;
}

/* -- body ---------------------------------------------------------------------------------------------------------- */

/* The body shows at its very beginning that it is none for the chain: it passes as it came. */
static bool pass_as_it_came(struct exchange *e, struct slice octets, const char *outcome)
{
	struct fields *f = &e->response.fields;
	const struct coding_stack stack = e->page.stack;

	page_way_drop(e);
	fields_remove(f, FIELD_CONTENT_ENCODING);
	for (size_t i = 0; i < stack.n; i++)
		fields_add_id(f, FIELD_CONTENT_ENCODING, coding_name(stack.v[i]));
	e->sent = 0;
	if (arena_failed(&e->arena)) {
		exchange_fail(e, 502, "the exchange needs more memory than it may have");
		return false;
	}
	(void)pass(e);
	e->page.outcome = outcome;
	e->page.counted = false;
	if (response_write_head(e) && response_put(e, octets))
		return true;
	exchange_cut(e, "the visitor's connection failed");
	return false;
}

/* The chain failed: a clean 502 before the head is sent; afterwards the response is cut off. */
static void fail(struct exchange *e)
{
	const struct chain *c = &e->page.chain;

	if (c->error == CHAIN_E_STOPPED)
		exchange_cut(e, "the visitor's connection failed");
	else
		exchange_fail(e, 502, c->detail ? c->detail : chain_error_text(c->error));
}

static bool may_pass_unread(const struct exchange *e)
{
	const struct page_way *w = &e->page;

	return w->head_waits && !w->begun &&
	       (w->chain.error == CHAIN_E_CODING || w->chain.error == CHAIN_E_UNREADABLE) &&
	       ruleset_pages(e->site->env.rules)->unreadable_passes;
}

/*
 * Without a Content-Type browsers take for HTML only what begins with a tag (WHATWG MIME Sniffing 7.1): the rest keeps
 * its length and its trailers. In doubt the chain finds out.
 */
static bool is_no_page(const struct exchange *e, struct slice data)
{
	size_t i = 0;

	if (!e->decision.page.unlabelled || !e->page.head_waits || e->page.begun || e->page.stack.n)
		return false;
	while (i < data.n && strchr(" \t\n\r\f", data.p[i]) && data.p[i])
		i++;
	return i < data.n && data.p[i] != '<' && (unsigned char)data.p[i] < 0x80;
}

/* Pushes as long as the visitor can follow. */
static enum chain_result push(struct exchange *e, struct slice *data)
{
	enum chain_result r = CHAIN_FULL;

	while (r == CHAIN_FULL && !e->channel->ops->full(e, true)) {
		e->page.chain.turn = e->channel->ops->most(e);
		r = chain_push(&e->page.chain, data);
	}
	return r;
}

bool page_way_content(struct exchange *e, struct slice data)
{
	struct slice all = data;

	if (is_no_page(e, data))
		return pass_as_it_came(e, all, NULL);
	switch (push(e, &data)) {
	case CHAIN_MORE:
		e->page.begun = true;
		return true;
	case CHAIN_ERROR:
		if (may_pass_unread(e))
			return pass_as_it_came(e, all, "passed");
		fail(e);
		return false;
	case CHAIN_FULL:
		break;
	}
	e->page.begun = e->page.full = true;
	if (!buffer_add(&e->page.rest, data))
		exchange_fail(e, 503, "out of memory");
	return false;
}

bool page_way_settle(struct exchange *e)
{
	struct page_way *w = &e->page;

	if (close_room(e) && e->channel->ops->flush(e)) {
		if (w->open && w->chain.unflushed)
			deadline_set(&w->pause, PAUSE_MS);
		return true;
	}
	exchange_cut(e, "the visitor's connection failed");
	return false;
}

static void on_pause(void *exchange)
{
	struct exchange *e = exchange;

	if (!e->page.open || e->page.full || e->page.ending)
		return;
	if (chain_flush(&e->page.chain) == CHAIN_ERROR)
		fail(e);
	else
		(void)page_way_settle(e);
}

/* -- end ----------------------------------------------------------------------------------------------------------- */

static void finish(struct exchange *e)
{
	struct page_way *w = &e->page;
	enum chain_result r;

	do
		r = chain_finish(&w->chain);
	while (r == CHAIN_FULL && !e->channel->ops->full(e, true));
	if (r == CHAIN_ERROR) {
		fail(e);
		return;
	}
	if (r == CHAIN_FULL) {
		(void)page_way_settle(e);
		return;
	}
	w->open = w->ending = false;
	if (e->decision.observe && w->chain.error)
		w->outcome = "unread";
	if ((w->head_waits && !w->room && !open_room(e)) || !close_room(e))
		exchange_cut(e, "the visitor's connection failed");
	else
		response_end(e);
}

void page_way_end(struct exchange *e, bool reusable)
{
	if (reusable)
		upstream_release(&e->upstream);
	else
		upstream_cancel(&e->upstream);
	e->send_failed = true; /* should the request not be complete */
	e->page.ending = true;
	finish(e);
}

bool page_way_resume(struct exchange *e)
{
	struct page_way *w = &e->page;
	struct slice rest;

	if (w->ending) {
		finish(e);
		return false;
	}
	if (!w->full)
		return true;
	rest = buffer_slice(&w->rest);
	switch (push(e, &rest)) {
	case CHAIN_MORE:
		w->full = false;
		buffer_free(&w->rest);
		return response_go_on(e);
	case CHAIN_FULL:
		buffer_consume(&w->rest, w->rest.n - rest.n);
		(void)page_way_settle(e);
		return false;
	case CHAIN_ERROR:
		fail(e);
		break;
	}
	return false;
}
