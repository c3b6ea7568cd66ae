/*
 * The input is a run of octets that were given out (up to mark), of octets of one pending kind (mark to p), and of
 * those not read (p to end). While keeping, octets from lt on are undecided or of a wanted tag: where a piece of input
 * ends, what is before lt is given out and the rest moves to held. So where anything is held, mark == lt == start of
 * the piece.
 */
#include "rules/html/tokenizer.h"

#include <stdlib.h>

#include "rules/html/internal.h"

void html_tokenizer_init(struct html_tokenizer *t, const struct html_options *options)
{
	t->options = *options;
	t->options.isolated |= options->xml;
	if (t->options.max_tag == 0)
		t->options.max_tag = HTML_TAG_DEFAULT;
	if (t->options.max_tag < HTML_TAG_MIN)
		t->options.max_tag = HTML_TAG_MIN;
	if (t->options.max_tag > HTML_TAG_MAX)
		t->options.max_tag = HTML_TAG_MAX;
	if (t->options.max_attributes == 0 || t->options.max_attributes > HTML_ATTRIBUTES_MAX)
		t->options.max_attributes = HTML_ATTRIBUTES_MAX;
	t->held = t->small;
	t->held_cap = sizeof t->small;
	html_tokenizer_reset(t);
}

void html_tokenizer_free(struct html_tokenizer *t)
{
	if (t->held != t->small)
		free(t->held);
	t->held = t->small;
	t->held_cap = sizeof t->small;
	html_tokenizer_reset(t);
}

static bool wants(const struct html_tokenizer *t, enum html_token_type type)
{
	switch (type) {
	case HTML_TEXT:
		return t->options.wanted & HTML_WANT_TEXT(t->text);
	case HTML_COMMENT:
		return t->options.wanted & HTML_WANT_COMMENT;
	case HTML_DOCTYPE:
		return t->options.wanted & HTML_WANT_DOCTYPE;
	case HTML_CDATA:
		return t->options.wanted & HTML_WANT_CDATA;
	case HTML_IGNORED:
		return t->options.wanted & HTML_WANT_IGNORED;
	default:
		return true;
	}
}

/* What octets of that kind are given out as. */
static enum html_token_type given_as(const struct html_tokenizer *t, enum html_token_type type)
{
	return wants(t, type) ? type : HTML_RUN;
}

void html_tokenizer_reset(struct html_tokenizer *t)
{
	t->p = t->end = t->mark = t->lt = NULL;
	t->offset = 0;
	t->raw_name = 0;
	t->raw_length = 0;
	t->state = STATE_TEXT;
	t->text = HTML_DATA;
	t->pending = (uint8_t)given_as(t, HTML_TEXT);
	t->frameset = t->options.isolated || t->options.ahead ? FRAMESET_NONE : FRAMESET_POSSIBLE;
	t->fresh = t->keeping = t->release = t->finished = false;
	t->tag = (struct html_tag){0};
	t->foreign.n = t->foreign.beyond = 0;
	t->templates = 0;
	memset(t->open, 0, sizeof t->open);
	t->held_n = 0;
}

void html_tokenizer_start_in(struct html_tokenizer *t, enum html_text text, struct slice name)
{
	static const uint8_t states[] = {STATE_TEXT, STATE_RAW, STATE_RAW, STATE_SCRIPT, STATE_PLAINTEXT};

	t->text = (uint8_t)text;
	t->state = states[text];
	t->raw_name = html_name(name);
	t->raw_length = (uint32_t)name.n;
	t->pending = (uint8_t)given_as(t, HTML_TEXT);
}

void html_tokenizer_start_in_cdata(struct html_tokenizer *t)
{
	t->state = STATE_CDATA;
	t->pending = (uint8_t)given_as(t, HTML_CDATA);
	t->fresh = true;
}

void html_tokenizer_feed(struct html_tokenizer *t, struct slice piece)
{
	CG_CHECK(t->p == t->end && !t->finished);
	if (piece.n == 0)
		return;
	t->p = t->mark = t->lt = piece.p;
	t->end = piece.p + piece.n;
}

void html_tokenizer_finish(struct html_tokenizer *t)
{
	t->finished = true;
}

void html_tokenizer_look_for(struct html_tokenizer *t, const struct html_names *names)
{
	t->options.names = names;
}

bool html_tokenizer_was_open(const struct html_tokenizer *t, const struct html_token *end_tag)
{
	return t->tag.name == end_tag->name && t->tag.was_open;
}

bool html_tokenizer_rests(const struct html_tokenizer *t)
{
	return t->state == STATE_TEXT && t->text == HTML_DATA && !t->foreign.n;
}

/* -- giving out ------------------------------------------------------------------------------------------------------
 */

static bool give(struct html_tokenizer *t, struct html_token *token, enum html_token_type type, struct slice raw,
		 bool last)
{
	*token = (struct html_token){.type = type, .raw = raw, .offset = t->offset, .text = (enum html_text)t->text};
	t->offset += raw.n;
	if (type == HTML_RUN || type == HTML_TEXT)
		return true;
	token->first = t->fresh;
	token->last = last;
	t->fresh = false;
	if (type == HTML_OVERSIZED) {
		token->name = t->state == STATE_NAME ? 0 : t->tag.name;
		token->end_tag = t->tag.end;
		token->withhold = t->options.withhold_oversized;
	}
	return true;
}

/* The pending octets before `to`, if any. */
static bool give_pending(struct html_tokenizer *t, struct html_token *token, const char *to)
{
	struct slice raw = slice_of(t->mark, (size_t)(to - t->mark));

	t->mark = to;
	return raw.n && give(t, token, (enum html_token_type)t->pending, raw, false);
}

static bool give_held(struct html_tokenizer *t, struct html_token *token, enum html_token_type type)
{
	t->release = true;
	return t->held_n && give(t, token, type, slice_of(t->held, t->held_n), false);
}

/* What is kept begins something of that type, of which there may be more. */
bool html_become(struct html_tokenizer *t, struct html_token *token, enum html_token_type type)
{
	enum html_token_type as = given_as(t, type);
	bool given = false;

	t->keeping = false;
	if (t->pending != as) {
		given = give_pending(t, token, t->lt);
		t->pending = (uint8_t)as;
		t->fresh = true;
	}
	if (t->held_n)
		given = give_held(t, token, as);
	return given;
}

/* What is kept is text after all. */
bool html_abandon(struct html_tokenizer *t, struct html_token *token, enum html_state state)
{
	t->state = (uint8_t)state;
	t->keeping = false;
	return t->held_n && give_held(t, token, (enum html_token_type)t->pending);
}

/* What is pending ends before p, and text begins. */
static bool close_pending(struct html_tokenizer *t, struct html_token *token)
{
	enum html_token_type type = (enum html_token_type)t->pending, next = given_as(t, HTML_TEXT);
	struct slice raw = slice_of(t->mark, (size_t)(t->p - t->mark));

	if (type == HTML_RUN && next == HTML_RUN)
		return false;
	t->mark = t->p;
	t->pending = (uint8_t)next;
	return give(t, token, type, raw, type != HTML_RUN);
}

bool html_close(struct html_tokenizer *t, struct html_token *token)
{
	t->state = STATE_TEXT;
	return close_pending(t, token);
}

/* -- tags ------------------------------------------------------------------------------------------------------------
 */

/* Adds octets lt..to to those held. False if there is no memory; a caller keeps within max_tag. */
static bool hold(struct html_tokenizer *t, const char *to)
{
	size_t n = (size_t)(to - t->lt), need = t->held_n + n, cap = t->held_cap;
	char *held;

	if (need > cap) {
		while (cap < need)
			cap *= 2;
		held = t->held == t->small ? malloc(cap) : realloc(t->held, cap);
		if (!held)
			return false;
		if (t->held == t->small)
			memcpy(held, t->small, t->held_n);
		t->held = held;
		t->held_cap = cap;
	}
	if (n)
		memcpy(t->held + t->held_n, t->lt, n);
	t->held_n = need;
	return true;
}

static void with_tag(struct html_tokenizer *t, struct html_token *token)
{
	const struct html_tag *g = &t->tag;

	token->name = g->name;
	token->name_raw = slice_of(token->raw.p + (g->end ? 2 : 1), g->name_length);
	token->end_tag = g->end;
	token->self_closing = g->self_closing;
	token->attributes = t->attributes;
	token->attribute_count = g->attributes;
}

static bool is_within(const struct html_attribute *a, size_t n)
{
	return (size_t)a->value + a->value_length + (a->quote > HTML_UNQUOTED) <= n;
}

/* A kept tag passed a limit at `at`: from here on its octets are given out as they come. */
static bool oversize(struct html_tokenizer *t, struct html_token *token, const char *at)
{
	enum html_token_type type = t->tag.wanted || t->tag.looks ? HTML_OVERSIZED : HTML_RUN;
	size_t n = (size_t)(at - t->lt);
	bool whole = t->held_n == 0 || hold(t, at);

	t->keeping = false;
	t->fresh = true;
	t->pending = (uint8_t)type;
	t->p = at;
	t->mark = whole ? at : t->lt;
	if (t->held_n)
		give_held(t, token, type);
	else
		give(t, token, type, slice_of(at - n, n), false);
	if (t->state != STATE_NAME && t->tag.name_length + 2 <= token->raw.n)
		with_tag(t, token);
	while (token->attribute_count && !is_within(&t->attributes[token->attribute_count - 1], token->raw.n))
		token->attribute_count--;
	t->tag.in_attribute = false;
	t->tag.attributes = 0; /* the octets they speak of are gone */
	return true;
}

/* A value in which a function may stand, parentheses perhaps as references. */
static bool may_call(struct slice value)
{
	return slice_find_char(value, '(') < value.n || slice_find_char(value, '&') < value.n;
}

/* Whether an attribute read so far carries something; raw: of the tag. */
static bool carries(const struct html_tokenizer *t, struct slice raw)
{
	bool properties = t->foreign.n || t->options.xml || (t->tag.bits & NAME_SVG);

	for (uint32_t i = 0; i < t->tag.attributes; i++) {
		const struct html_attribute *a = &t->attributes[i];
		const char *name = raw.p + a->name;

		if (a->name_length < 2)
			continue;
		if (may_carry(name[0], name[1]) || (properties && may_be_property(name[0], name[1]) &&
						    may_call(slice_of(raw.p + a->value, a->value_length))))
			return true;
	}
	return false;
}

static bool tag_read(struct html_tokenizer *t, struct html_token *token)
{
	struct html_tag *g = &t->tag;
	enum html_namespace ns = HTML_NS_HTML;
	bool kept = t->keeping;
	struct slice raw = slice_of(t->lt, kept ? (size_t)(t->p - t->lt) : 0);

	if (kept && t->held_n) {
		if (!hold(t, t->p)) {
			const char *p = t->p;

			oversize(t, token, t->lt);
			t->p = p;
			t->state = STATE_TAG_READ;
			return true;
		}
		raw = slice_of(t->held, t->held_n);
		t->release = true;
	}
	t->keeping = false;
	t->state = STATE_TEXT;
	if (kept && g->looks && !g->wanted)
		g->wanted = carries(t, raw);
	g->was_open = g->end && g->counted && t->open[g->counted];
	if (!g->end)
		ns = html_start_effect(t, raw);
	else if (t->text == HTML_DATA)
		html_end_effect(t);
	else
		t->text = HTML_DATA;
	g->wanted &= !g->ignored;
	if (!kept)
		return close_pending(t, token);
	t->mark = t->p;
	t->pending = (uint8_t)given_as(t, HTML_TEXT);
	give(t, token, !g->wanted ? HTML_RUN : g->end ? HTML_END_TAG : HTML_START_TAG, raw, true);
	if (g->wanted) {
		token->first = true;
		with_tag(t, token);
		token->ns = ns;
		token->left_foreign = g->left;
	}
	return true;
}

/* The name is known: is the tag wanted? */
bool html_name_read(struct html_tokenizer *t, struct html_token *token)
{
	struct html_tag *g = &t->tag;
	const struct html_names *names = t->options.names;
	const struct html_names_slot *slot = names_in(names->slots, g->name);
	unsigned want = g->end ? HTML_WANT_END : HTML_WANT_START;

	g->bits = slot->bits;
	g->counted = slot->counted;
	t->state = STATE_TAG;
	if (!t->keeping)
		return false;
	g->wanted = (g->bits | names->all) & want;
	g->looks = names->attributes && !g->end;
	if (!g->wanted && !g->looks && !(t->foreign.n && !g->end && (g->bits & (NAME_FONT | NAME_ANNOTATION))))
		return html_become(t, token, HTML_RUN);
	return give_pending(t, token, t->lt);
}

/* How far a kept tag may reach in this piece. */
static const char *tag_limit(const struct html_tokenizer *t)
{
	size_t room = t->options.max_tag - t->held_n;

	return (size_t)(t->end - t->lt) > room ? t->lt + room : t->end;
}

static bool name(struct html_tokenizer *t, struct html_token *token)
{
	struct html_tag *g = &t->tag;
	const char *end = t->keeping ? tag_limit(t) : t->end;

	for (; t->p < end; t->p++) {
		if (is_space(*t->p) || *t->p == '/' || *t->p == '>')
			return html_name_read(t, token);
		name_add(&g->name, &g->packed, *t->p);
		g->name_length++;
		if (g->name_length > HTML_NAME_MAX && t->keeping && !t->options.names->all &&
		    (g->end || !t->options.names->attributes)) {
			t->p++;
			return html_become(t, token, HTML_RUN);
		}
	}
	if (!t->keeping || t->held_n + (size_t)(t->p - t->lt) < t->options.max_tag)
		return false;
	g->wanted = t->options.names->all & (g->end ? HTML_WANT_END : HTML_WANT_START);
	if (!g->end && t->options.names->attributes)
		g->wanted = true; /* nobody knows what is behind the name */
	if (t->mark < t->lt)
		return give_pending(t, token, t->lt);
	return oversize(t, token, t->p);
}

static bool tag(struct html_tokenizer *t, struct html_token *token)
{
	const char *limit, *q;

	if (!t->keeping) {
		q = html_tag_skip(&t->tag, t->p, t->end);
		t->p = q ? q : t->end;
		return q && tag_read(t, token);
	}
	limit = tag_limit(t);
	q = html_tag_read(&t->tag, t->attributes, t->options.max_attributes, t->p, limit,
			  t->held_n + (size_t)(t->p - t->lt));
	if (q && !t->tag.full) {
		t->p = q;
		return tag_read(t, token);
	}
	if (!q && t->held_n + (size_t)(limit - t->lt) < t->options.max_tag) {
		t->p = t->end;
		return false;
	}
	return oversize(t, token, q ? q : limit);
}

/* -- data ------------------------------------------------------------------------------------------------------------
 */

/* Whether tags may be passed over by what can be told of them outside svg and math. */
static bool may_pass_over(const struct html_tokenizer *t)
{
	const struct html_names *names = t->options.names;

	return t->pending == HTML_RUN && !t->foreign.n && (t->templates & TEMPLATE_BITS) == TEMPLATE_OTHER &&
	       !names->all && !(names->attributes && t->options.xml);
}

static bool data(struct html_tokenizer *t)
{
	if (may_pass_over(t)) {
		t->p = html_pass_over(t);
	} else {
		const char *from = t->p;

		t->p = find_char(from, t->end, '<');
		if (t->frameset == FRAMESET_POSSIBLE)
			html_see_text(t, from, t->p);
	}
	if (t->p == t->end)
		return false;
	t->lt = t->p++;
	t->keeping = true;
	t->state = STATE_LESS;
	return false;
}

static void begin_tag(struct html_tokenizer *t, bool end)
{
	t->tag = (struct html_tag){.end = end};
	t->state = STATE_NAME;
}

/* Behind '<' (13.2.5.6). */
static bool less(struct html_tokenizer *t, struct html_token *token)
{
	char c = *t->p;

	if (ascii_is_alpha(c)) {
		begin_tag(t, false);
		return false;
	}
	if (c == '/') {
		t->p++;
		t->state = STATE_END_OPEN;
		return false;
	}
	if (c == '!') {
		t->p++;
		t->matched = 0;
		t->state = STATE_DECLARATION;
		return false;
	}
	if (c == '?') {
		t->p += t->options.xml;
		t->state = t->options.xml ? STATE_INSTRUCTION : STATE_BOGUS;
		return html_become(t, token, HTML_COMMENT);
	}
	if (t->frameset == FRAMESET_POSSIBLE)
		t->frameset = FRAMESET_NONE;
	return html_abandon(t, token, STATE_TEXT);
}

/* Behind "</" (13.2.5.7). */
static bool end_open(struct html_tokenizer *t, struct html_token *token)
{
	if (ascii_is_alpha(*t->p)) {
		begin_tag(t, true);
		return false;
	}
	t->state = STATE_BOGUS; /* which ends "</>" too */
	return html_become(t, token, *t->p == '>' ? HTML_IGNORED : HTML_COMMENT);
}

/* Reads at least one octet, or makes a token, or changes the state. */
static bool step(struct html_tokenizer *t, struct html_token *token)
{
	switch (t->state) {
	case STATE_TEXT:
		return data(t);
	case STATE_LESS:
		return less(t, token);
	case STATE_END_OPEN:
		return end_open(t, token);
	case STATE_NAME:
		return name(t, token);
	case STATE_TAG:
		return tag(t, token);
	case STATE_PLAINTEXT:
		t->p = t->end;
		return false;
	default:
		if (t->state >= STATE_SCRIPT)
			return html_script(t, token);
		return t->state >= STATE_RAW ? html_raw(t, token) : html_markup(t, token);
	}
}

/* The stream ended within what is kept. */
static bool cut_short(struct html_tokenizer *t, struct html_token *token)
{
	enum html_token_type type = (enum html_token_type)t->pending;

	if (t->state == STATE_DECLARATION)
		type = given_as(t, HTML_COMMENT);
	else if (t->state == STATE_NAME || t->state == STATE_TAG)
		type = given_as(t, HTML_IGNORED);
	t->keeping = false;
	t->fresh = true;
	give_held(t, token, type);
	token->last = type != HTML_RUN && type != HTML_TEXT;
	return true;
}

/* A piece of input was read to its end. */
static bool piece_over(struct html_tokenizer *t, struct html_token *token)
{
	if (!t->keeping)
		return give_pending(t, token, t->end);
	if (give_pending(t, token, t->lt))
		return true;
	/* The last octet met the limit, but what was pending had to be given first. */
	if (t->state == STATE_NAME && t->held_n + (size_t)(t->end - t->lt) >= t->options.max_tag)
		return name(t, token);
	if (t->lt < t->end) {
		if (!hold(t, t->end))
			return oversize(t, token, t->end);
		t->mark = t->lt = t->end;
	}
	return t->finished && cut_short(t, token);
}

bool html_tokenizer_next(struct html_tokenizer *t, struct html_token *token)
{
	if (t->release) {
		t->held_n = 0;
		t->release = false;
	}
	if (t->state == STATE_TAG_READ)
		return tag_read(t, token);
	while (t->p < t->end) {
		if (step(t, token))
			return true;
	}
	return piece_over(t, token);
}
