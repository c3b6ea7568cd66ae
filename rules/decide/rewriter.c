/*
 * Tokens come in order; each is handed on as it came, or with edits, or kept (held) until its element's content decided
 * about it, or left out (dropped). In observe mode the octets are handed on at once, and whatever is put goes nowhere.
 */
#include "rules/decide/rewriter_internal.h"

#include <stdlib.h>

#include "rules/html/entity.h"

static const char out_of_memory[] = "memory ran out";

bool rewriter_fail(struct rewriter *r, enum rewriter_result result, const char *why)
{
	if (r->result == REWRITER_OK) {
		r->result = result;
		r->why = why;
	}
	return false;
}

const char *rewriter_why(const struct rewriter *r)
{
	return r->why ? r->why : "";
}

/* ---- Output. ---- */

static bool give(struct rewriter *r, struct slice octets)
{
	return octets.n == 0 || r->o.sink(r->o.sink_arg, octets) ||
	       rewriter_fail(r, REWRITER_STOPPED, "no more is wanted");
}

/* What waits is handed on. */
static bool settle(struct rewriter *r)
{
	struct slice octets = r->waiting;

	r->waiting.n = 0;
	return give(r, octets);
}

/* What stands together in the input is handed on together. */
static bool hand_on(struct rewriter *r, struct slice octets)
{
	uintptr_t from = (uintptr_t)octets.p - (uintptr_t)r->piece.p;

	if (octets.n == 0)
		return true;
	if (from >= r->piece.n) /* no part of it */
		return settle(r) && give(r, octets);
	if (r->waiting.n && octets.p == r->waiting.p + r->waiting.n) {
		r->waiting.n += octets.n;
		return true;
	}
	if (!settle(r))
		return false;
	r->waiting = octets;
	return true;
}

bool rewriter_put(struct rewriter *r, struct slice octets)
{
	return r->observe ? r->result == REWRITER_OK : hand_on(r, octets);
}

void rewriter_report(struct rewriter *r, uint64_t offset, struct slice removed, struct slice inserted,
		     const struct verdict *v)
{
	const struct page_edit edit = {offset + r->offset_base, removed, inserted, v};

	if (r->o.edits && (removed.n || inserted.n))
		r->o.edits(r->o.edits_arg, &edit);
}

const struct verdict *rewriter_verdict(struct rewriter *r, enum verdict_kind kind, struct slice name,
				       const struct beacon_judgement *j, uint64_t offset)
{
	struct verdict *v = arena_alloc(&r->arena, sizeof *v);

	if (!v)
		return NULL;
	*v = (struct verdict){.kind = kind,
			      .subject = SUBJECT_BEACON,
			      .name = name,
			      .rule = j->match.rule ? &j->match.rule->rule : NULL,
			      .mask = j->mask,
			      .reason = j->reason,
			      .pattern = j->match.pattern,
			      .list_line = j->match.list_line,
			      .offset = offset + r->offset_base};
	verdict_emit(&r->x, v);
	if (!j->pass && !r->any_denied) {
		r->any_denied = true;
		r->first_denied = *j;
		r->first_denied.url = arena_copy(&r->lasting, j->url);
		r->first_denied.match.pattern = arena_copy(&r->lasting, j->match.pattern);
	}
	return v;
}

struct slice rewriter_decode(struct rewriter *r, struct slice raw)
{
	struct slice value;

	if (!html_decode_attribute(raw, &r->scratch, &value)) {
		(void)rewriter_fail(r, REWRITER_NO_MEMORY, out_of_memory);
		return raw;
	}
	return value.p == raw.p ? value : arena_copy(&r->arena, value);
}

/* ---- Tokens. ---- */

static bool follow_start(struct rewriter *r, const struct html_token *token)
{
	for (size_t i = 0; i < r->n_followed; i++)
		r->followed[i].depth += r->followed[i].name == token->name;
	return true;
}

/* The end tag was put: what belongs behind its element follows. */
static bool follow_end(struct rewriter *r, const struct html_token *token)
{
	size_t kept = 0;
	bool ok = true;

	for (size_t i = 0; i < r->n_followed; i++) {
		struct followed f = r->followed[i];

		if (f.name == token->name && f.depth == 0) {
			ok = ok && inject_one(r, f.inject, token->offset + token->raw.n);
			continue;
		}
		f.depth -= f.name == token->name;
		r->followed[kept++] = f;
	}
	r->n_followed = kept;
	return ok;
}

bool rewriter_end_tag(struct rewriter *r, const struct html_token *token, bool stays)
{
	if (r->amp && page_plan_element(r->plan, token->name) == ELEMENT_AMP_ANALYTICS)
		r->amp = false;
	if (token->name == r->text_of)
		r->text_of = 0;
	if (r->matcher)
		selector_matcher_end(r->matcher, token);
	if (!stays)
		rewriter_report(r, token->offset, token->raw, slice_of(NULL, 0), NULL);
	return (!stays || rewriter_put(r, token->raw)) && follow_end(r, token);
}

static bool oversized(struct rewriter *r, const struct html_token *token)
{
	bool out = r->oversized;

	if (token->first)
		return rewriter_oversized(r, token);
	if (token->last)
		r->oversized = false;
	return out || rewriter_put(r, token->raw);
}

static bool markup(struct rewriter *r, const struct html_token *token)
{
	switch (token->type) {
	case HTML_START_TAG:
		return follow_start(r, token) && rewriter_start_tag(r, token);
	case HTML_END_TAG:
		return rewriter_end_tag(r, token, true);
	case HTML_OVERSIZED:
		return oversized(r, token);
	case HTML_COMMENT:
		return r->page->xml ? instruction_token(r, token) : rewriter_put(r, token->raw);
	case HTML_CDATA:
		return ahead_cdata(r, token);
	case HTML_DOCTYPE:
		return r->page->xml ? rewriter_doctype(r, token) : rewriter_put(r, token->raw);
	default:
		return rewriter_put(r, token->raw);
	}
}

bool rewriter_again(struct rewriter *r, const struct html_token *token)
{
	if (r->arena.used)
		arena_reset(&r->arena);
	if (r->dropped.active && drop_token(r, token))
		return true;
	if (r->place == PLACE_END)
		return markup(r, token) && (token->type == HTML_RUN || place_after(r, token));
	if (token->type == HTML_RUN)
		return place_run(r, token);
	return place_before(r, token) && markup(r, token) && place_after(r, token);
}

static bool take(struct rewriter *r, const struct html_token *token)
{
	if (r->observe && !hand_on(r, token->raw))
		return false;
	return r->held.what ? held_token(r, token) : rewriter_again(r, token);
}

static void drain(struct rewriter *r)
{
	struct html_token token;

	while (r->result == REWRITER_OK && html_tokenizer_next(&r->tokenizer, &token)) {
		if (take(r, &token) && arena_failed(&r->arena))
			(void)rewriter_fail(r, REWRITER_NO_MEMORY, out_of_memory);
	}
}

/* ---- Input. ---- */

static bool is_white(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

/* A byte order mark (WHATWG Encoding 6.1). That of UTF-16 no browser reads octet by octet as ASCII. */
static void see_mark(struct rewriter *r, struct slice piece)
{
	const unsigned char *first = r->first;

	for (size_t i = 0; i < piece.n && r->octets_seen < 3; i++)
		r->first[r->octets_seen++] = (unsigned char)piece.p[i];
	if (r->octets_seen > 1 && ((first[0] == 0xFE && first[1] == 0xFF) || (first[0] == 0xFF && first[1] == 0xFE)))
		(void)rewriter_fail(r, REWRITER_UNREADABLE, "the page is in UTF-16");
	if (!r->outer && r->octets_seen == 3 && first[0] == 0xEF && first[1] == 0xBB && first[2] == 0xBF)
		r->encoding = PAGE_UTF8;
	if (r->result == REWRITER_UNREADABLE && ruleset_pages(r->rs)->unreadable_passes) {
		r->result = REWRITER_OK;
		r->through = true;
	}
}

/* Without a Content-Type browsers take for HTML only what begins with a tag (WHATWG MIME Sniffing 7.1). */
static void see_kind(struct rewriter *r, struct slice piece)
{
	static const char mark[] = "\xEF\xBB\xBF";
	size_t i = 0;

	while (i < piece.n && r->sniffed < 3 && piece.p[i] == mark[r->sniffed]) {
		r->sniffed++;
		i++;
	}
	while (i < piece.n && is_white(piece.p[i]))
		i++;
	if (i == piece.n)
		return;
	r->sniffing = false;
	r->through = piece.p[i] != '<';
}

static void read_piece(struct rewriter *r, struct slice piece)
{
	r->piece = piece;
	for (; piece.n && r->result == REWRITER_OK; piece = slice_from(piece, REWRITER_PIECE)) {
		html_tokenizer_feed(&r->tokenizer, slice_head(piece, REWRITER_PIECE));
		drain(r);
	}
	if (r->result == REWRITER_OK)
		(void)settle(r);
	r->piece = r->waiting = slice_of(NULL, 0);
}

static enum rewriter_result push(struct rewriter *r, struct slice piece)
{
	if (r->sniffing)
		see_kind(r, piece);
	if (r->octets_seen < 3)
		see_mark(r, piece);
	if (r->result != REWRITER_OK)
		return r->result;
	if (r->through) {
		(void)give(r, piece);
		return r->result;
	}
	read_piece(r, piece);
	return r->result;
}

/* Half a byte order mark that comes alone waits: of a page in UTF-16 nothing is to be seen. */
static bool wait_for_mark(struct rewriter *r, struct slice piece)
{
	unsigned char c = (unsigned char)piece.p[0];

	if (r->octets_seen > 0 || r->mark_waits || piece.n > 1 || (c != 0xFE && c != 0xFF))
		return false;
	r->mark[0] = piece.p[0];
	r->mark_waits = true;
	return true;
}

enum rewriter_result rewriter_push(struct rewriter *r, struct slice piece)
{
	if (r->result != REWRITER_OK || piece.n == 0 || wait_for_mark(r, piece))
		return r->result;
	if (r->mark_waits) {
		r->mark_waits = false;
		r->mark[1] = piece.p[0];
		piece = slice_from(piece, 1);
		(void)push(r, slice_of(r->mark, 2));
	}
	return r->result == REWRITER_OK && piece.n ? push(r, piece) : r->result;
}

enum rewriter_result rewriter_finish(struct rewriter *r)
{
	if (r->result == REWRITER_OK && r->mark_waits)
		(void)push(r, slice_of(r->mark, 1));
	if (r->result != REWRITER_OK || r->through)
		return r->result;
	html_tokenizer_finish(&r->tokenizer);
	drain(r);
	if (r->result == REWRITER_OK && r->held.what)
		(void)held_end(r);
	if (r->result == REWRITER_OK && r->gathering)
		(void)(r->page->xml ? instruction_end(r) : ahead_cdata_end(r));
	if (r->result == REWRITER_OK)
		(void)place_finish(r);
	return r->result;
}

bool rewriter_rests(const struct rewriter *r)
{
	return html_tokenizer_rests(&r->tokenizer) && !r->held.what && !r->dropped.active && !r->oversized &&
	       !r->gathering;
}

/* ---- Birth. ---- */

static purposes denied_purposes(const struct rewriter *r)
{
	return ruleset_all_purposes(r->rs) & ~r->x.d->consent.granted;
}

static bool needs_selectors(const struct rewriter *r)
{
	if (r->judges)
		return true;
	for (const struct page_inject *i = r->page->injects; i && !r->outer; i = i->next) {
		if (i->rule->place == INJECT_BEFORE || i->rule->place == INJECT_AFTER)
			return true;
	}
	return false;
}

static bool init_selectors(struct rewriter *r)
{
	const struct selectors *s = ruleset_selectors(r->rs);

	if (!s || !needs_selectors(r))
		return true;
	r->matcher = selector_matcher_new(s);
	return r->matcher != NULL;
}

/* What is looked for, and who looks. */
static bool init_tokenizer(struct rewriter *r, bool scripting)
{
	struct html_options options = {
		.wanted = HTML_WANT_COMMENT | HTML_WANT_DOCTYPE,
		.scripting = scripting,
		.max_tag = ruleset_pages(r->rs)->tag_max,
		.xml = r->page->xml,
	};

	r->plan = r->x.env->plan;
	if (!r->plan)
		r->plan = r->own_plan = page_plan_new(r->rs);
	if (!r->plan)
		return false;
	if (r->judges && r->plan->values && !r->page->xml)
		options.wanted |= HTML_WANT_CDATA;
	r->names = options.names = r->judges ? &r->plan->beacons : &r->plan->places;
	html_tokenizer_init(&r->tokenizer, &options);
	return true;
}

/* XML is UTF-8 if it says nothing else (XML 4.3.3), and what a script fetches if its fields do not. */
static enum page_encoding encoding_at_first(const struct page *page)
{
	if (page->encoding == PAGE_ENCODING_UNKNOWN && (page->xml || !page->document))
		return PAGE_UTF8;
	return page->encoding;
}

/* What the page is; an inner rewriter has it of the outer one, which lives longer. */
static bool init_page(struct rewriter *r)
{
	struct slice host;

	if (r->outer) {
		r->base = r->outer->base;
		r->filter_page = r->outer->filter_page;
		return true;
	}
	r->encoding = encoding_at_first(r->page);
	if (!web_url_parse(arena_copy(&r->lasting, r->page->url), NULL, &r->lasting, &r->base))
		return false;
	host = r->base.kind == WEB_URL_NETWORK ? r->base.host : slice_of(NULL, 0);
	if (r->plan->urls)
		filter_page_init(&r->filter_page, host);
	return !arena_failed(&r->lasting);
}

static void init_memory(struct rewriter *r)
{
	size_t script = ruleset_pages(r->rs)->script_max, tag = ruleset_pages(r->rs)->tag_max;

	arena_init(&r->arena, 4096, REWRITER_MEMORY);
	arena_init(&r->lasting, 1024, 1u << 20);
	buffer_init(&r->scratch, (script + tag) * 4);
	buffer_init(&r->octets, script + tag + 2 * REWRITER_PIECE);
	buffer_init(&r->inner_out, script * 8 + 4096);
}

static struct rewriter *make(const struct rewriter_options *options, struct rewriter *outer, bool scripting)
{
	struct rewriter *r = malloc(sizeof *r);

	if (!r)
		return NULL;
	memset(r, 0, offsetof(struct rewriter, held)); /* of the others each says when it holds something */
	r->held.what = HOLD_NONE;
	r->dropped.active = false;
	r->o = *options;
	r->rs = options->env->rules;
	r->page = &options->decision->page;
	r->outer = outer;
	r->x = (struct deciding){.env = options->env, .d = options->decision, .arena = &r->arena};
	r->observe = options->decision->observe;
	r->judges = (ruleset_beacon_purposes(r->rs) & denied_purposes(r)) != 0;
	r->strips = ruleset_has_params(r->rs) && denied_purposes(r) != 0;
	r->sniffing = r->page->unlabelled && !outer;
	r->place = outer || !r->page->document ? PLACE_END : PLACE_START;
	init_memory(r);
	if (!init_tokenizer(r, scripting) || !init_page(r) || !init_selectors(r)) {
		rewriter_free(r);
		return NULL;
	}
	return r;
}

struct rewriter *rewriter_new(const struct rewriter_options *options)
{
	return make(options, NULL, true);
}

static bool into_buffer(void *arg, struct slice octets)
{
	return buffer_add(arg, octets);
}

static bool into_nothing(void *arg, struct slice octets)
{
	(void)arg;
	(void)octets;
	return true;
}

/* One that only looks tells and counts nothing: what it finds is told of the attribute that holds it. */
static struct rewriter_options looking(struct rewriter *r)
{
	struct rewriter_options o = r->o;

	r->quiet_env = *r->x.env;
	r->quiet_env.sink = NULL;
	r->quiet_env.plan = r->plan;
	r->quiet_decision = *r->x.d;
	r->quiet_decision.page.xml = false; /* srcdoc is HTML, whatever holds it */
	o.env = &r->quiet_env;
	o.decision = &r->quiet_decision;
	o.sink = into_nothing;
	o.edits = NULL;
	return o;
}

static struct rewriter *make_inner(struct rewriter *r, bool scripting)
{
	struct rewriter_options o;
	struct rewriter *inner;

	if (scripting) {
		o = looking(r);
	} else {
		o = r->o;
		o.sink = into_buffer;
		o.sink_arg = &r->inner_out;
	}
	inner = make(&o, r, scripting);
	if (!inner)
		return NULL;
	inner->nesting = r->nesting + scripting;
	return inner;
}

/* As new, but for its memory. */
static void again(struct rewriter *r)
{
	html_tokenizer_look_for(&r->tokenizer, r->names);
	html_tokenizer_reset(&r->tokenizer);
	if (r->matcher)
		selector_matcher_reset(r->matcher);
	r->held.what = HOLD_NONE;
	r->dropped.active = r->oversized = r->any_denied = r->amp = false;
	r->based = r->unbased = r->gathering = false;
	r->octets_seen = 0;
	r->n_followed = 0;
}

struct rewriter *rewriter_inner(struct rewriter *r, bool scripting)
{
	struct rewriter **inner = scripting ? &r->srcdoc : &r->noscript;

	if (!*inner)
		*inner = make_inner(r, scripting);
	else
		again(*inner);
	if (!*inner)
		(void)rewriter_fail(r, REWRITER_NO_MEMORY, out_of_memory);
	buffer_clear(&r->inner_out);
	if (*inner) {
		(*inner)->base = r->base; /* its slices live as long as the outer page */
		(*inner)->encoding = r->encoding;
	}
	return *inner;
}

void rewriter_free(struct rewriter *r)
{
	if (!r)
		return;
	rewriter_free(r->noscript);
	rewriter_free(r->srcdoc);
	if (r->plan) /* else it was not yet initialised */
		html_tokenizer_free(&r->tokenizer);
	selector_matcher_free(r->matcher);
	page_plan_free(r->own_plan);
	arena_free(&r->arena);
	arena_free(&r->lasting);
	buffer_free(&r->scratch);
	buffer_free(&r->octets);
	buffer_free(&r->inner_out);
	free(r);
}
