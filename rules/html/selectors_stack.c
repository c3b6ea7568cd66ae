/*
 * Which elements are open (WHATWG HTML 13.2.6): with all tags shown nearly as a browser has them, else those of the
 * names that matter. Not followed: formatting elements that come back after a block closed them, text that ends the
 * head or stands in a table, quirks mode.
 */
#include "rules/html/selectors_internal.h"

void selector_stack_reset(struct selector_matcher *m)
{
	m->n = 0;
	m->beyond = 0;
	m->phase = BEFORE_HTML;
	m->before.possible = false;
	memset(m->beyond_of, 0, sizeof m->beyond_of);
}

/* Before anything but what lies above the elements that were open changes. */
static void save(struct selector_matcher *m)
{
	struct selector_before *b = &m->before;

	if (!b->possible || b->copied)
		return;
	b->copied = true;
	b->beyond = m->beyond;
	memcpy(b->beyond_of, m->beyond_of, sizeof b->beyond_of);
	memcpy(b->open, m->open, b->n * sizeof *b->open);
	memcpy(b->held, m->held, 2 * b->n * m->words * sizeof *b->held);
}

void selector_matcher_take_back(struct selector_matcher *m)
{
	const struct selector_before *b = &m->before;

	if (!b->possible)
		return;
	m->n = b->n;
	m->phase = b->phase;
	if (b->copied) {
		m->beyond = b->beyond;
		memcpy(m->beyond_of, b->beyond_of, sizeof b->beyond_of);
		memcpy(m->open, b->open, b->n * sizeof *b->open);
		memcpy(m->held, b->held, 2 * b->n * m->words * sizeof *b->held);
	}
	m->before.possible = false;
}

static void forget_beyond(struct selector_matcher *m)
{
	if (!m->beyond)
		return;
	m->beyond = 0;
	memset(m->beyond_of, 0, sizeof m->beyond_of);
}

/* Leaves all but the outer n. */
static void keep(struct selector_matcher *m, unsigned n)
{
	if (n < m->n || m->beyond)
		save(m);
	m->n = n;
	forget_beyond(m);
}

/* Leaves the element at, counted from 1, and all in it. */
static void close_at(struct selector_matcher *m, unsigned at)
{
	save(m);
	if (m->open[at - 1].count > 1) {
		m->open[at - 1].count--;
		keep(m, at);
	} else {
		keep(m, at - 1);
	}
}

static const struct selector_open *top(const struct selector_matcher *m)
{
	return m->n ? &m->open[m->n - 1] : NULL;
}

static bool top_is(const struct selector_matcher *m, enum selector_which which)
{
	return m->n && selector_which(top(m)->bits) == which;
}

/* The innermost one that has one of the bits, counted from 1; 0: none. */
static unsigned find_bits(const struct selector_matcher *m, uint32_t bits)
{
	unsigned i = m->n;

	while (i && !(m->open[i - 1].bits & bits))
		i--;
	return i;
}

static unsigned find_which(const struct selector_matcher *m, enum selector_which which, uint32_t stop)
{
	for (unsigned i = m->n; i; i--) {
		if (selector_which(m->open[i - 1].bits) == which)
			return i;
		if (m->open[i - 1].bits & stop)
			return 0;
	}
	return 0;
}

/* By name, not beyond one that has a bit of stop. */
static unsigned find_name(const struct selector_matcher *m, uint64_t name, uint32_t stop)
{
	for (unsigned i = m->n; i; i--) {
		if (m->open[i - 1].name == name && !m->open[i - 1].foreign)
			return i;
		if (m->open[i - 1].bits & stop)
			return 0;
	}
	return 0;
}

/* Works out what holds for open[i] or what it is in, the outer `parent` ones. */
static void inherit(struct selector_matcher *m, unsigned i, unsigned parent)
{
	uint64_t any = 0;

	for (size_t w = 0; w < m->words; w++) {
		uint64_t bits = selector_own(m, i)[w] | (parent ? selector_inherited(m, parent - 1)[w] : 0);

		selector_inherited(m, i)[w] = bits;
		any |= bits;
	}
	m->open[i].matters = any != 0;
}

/* Takes one out from between; what is in it stays open. reparent: and is no longer in it. */
static void take_out(struct selector_matcher *m, unsigned at, bool reparent)
{
	save(m);
	if (m->open[at - 1].count > 1) {
		m->open[at - 1].count--;
		return;
	}
	memmove(&m->open[at - 1], &m->open[at], (m->n - at) * sizeof *m->open);
	memmove(selector_own(m, at - 1), selector_own(m, at), (m->n - at) * 2 * m->words * sizeof *m->held);
	m->n--;
	for (unsigned i = at - 1; reparent && i < m->n; i++) {
		for (size_t w = 0; w < m->words; w++)
			selector_inherited(m, i)[w] = selector_own(m, i)[w] | (i ? selector_inherited(m, i - 1)[w] : 0);
	}
}

/* The end of a formatting element, which a block in it survives (13.2.6.4.7, the adoption agency algorithm). */
static void end_formatting(struct selector_matcher *m, uint64_t name)
{
	unsigned at = find_name(m, name, KIND_SCOPE);

	if (!at)
		return;
	if (find_bits(m, KIND_SPECIAL) > at)
		take_out(m, at, true);
	else
		close_at(m, at);
}

static void close_p(struct selector_matcher *m)
{
	for (unsigned i = m->n; i; i--) {
		enum selector_which which = selector_which(m->open[i - 1].bits);

		if (which == IS_P) {
			close_at(m, i);
			return;
		}
		if (which == IS_BUTTON || (m->open[i - 1].bits & KIND_SCOPE))
			return;
	}
}

/* An li, or a dd or dt, begins: ends the one before. */
static void close_item(struct selector_matcher *m, enum selector_which which)
{
	for (unsigned i = m->n; i; i--) {
		enum selector_which it = selector_which(m->open[i - 1].bits);

		if (it == which) {
			close_at(m, i);
			return;
		}
		if ((m->open[i - 1].bits & KIND_SPECIAL) && it != IS_P && it != IS_NOT_LIST_SCOPE)
			return;
	}
}

static void close_implied(struct selector_matcher *m, enum selector_which but)
{
	while (m->n && (top(m)->bits & KIND_IMPLIED) && selector_which(top(m)->bits) != but)
		close_at(m, m->n);
}

/* Of a select, which holds more than options since its content model was relaxed. */
static void start_option(struct selector_matcher *m, enum selector_which which)
{
	if (find_which(m, IS_SELECT, KIND_SCOPE))
		close_implied(m, which == IS_OPTION ? IS_OPTGROUP : IS_OTHER);
	else if (top_is(m, IS_OPTION) && which != IS_HR)
		close_at(m, m->n);
}

static void close_which(struct selector_matcher *m, enum selector_which which)
{
	unsigned at = find_which(m, which, KIND_SCOPE);

	if (at)
		close_at(m, at);
}

/* ---- Tables; only where all tags are seen. ---- */

/* What a part of a table closes and implies. False: it stands in no table, browsers leave it out. */
static bool start_table_part(struct selector_matcher *m, uint32_t bits)
{
	unsigned table = find_bits(m, KIND_TABLE_SCOPE), at = table;

	if (!table || selector_which(m->open[table - 1].bits) != IS_TABLE)
		return table && selector_which(m->open[table - 1].bits) == IS_TEMPLATE;
	if (selector_which(bits) == IS_COL) {
		keep(m, table < m->n && selector_which(m->open[table].bits) == IS_COLGROUP ? table + 1 : table);
		if (m->n == table)
			selector_imply(m, SLICE("colgroup"));
		return true;
	}
	if ((bits & KIND_CELL) || selector_which(bits) == IS_TR) {
		if (at < m->n && (m->open[at].bits & KIND_ROW_GROUP))
			at++;
		if (at > table && (bits & KIND_CELL) && at < m->n && selector_which(m->open[at].bits) == IS_TR)
			at++;
	}
	keep(m, at);
	if (at == table && ((bits & KIND_CELL) || selector_which(bits) == IS_TR))
		selector_imply(m, SLICE("tbody"));
	if ((bits & KIND_CELL) && !top_is(m, IS_TR))
		selector_imply(m, SLICE("tr"));
	return true;
}

/* Is what begins now right in a table, not in a cell or caption of it? The place of the table, else 0. */
static unsigned in_table(const struct selector_matcher *m)
{
	for (unsigned i = m->n; i; i--) {
		enum selector_which which = selector_which(m->open[i - 1].bits);

		if (which == IS_TABLE)
			return i;
		if ((m->open[i - 1].bits & KIND_CELL) || which == IS_CAPTION || which == IS_TEMPLATE)
			return 0;
	}
	return 0;
}

/* The place of the table that what begins now is moved out of; else 0. */
static unsigned fosters(const struct selector_matcher *m)
{
	return m->set->full && m->n && (top(m)->bits & KIND_FOSTERS) ? in_table(m) : 0;
}

static void start_table(struct selector_matcher *m)
{
	unsigned table = m->set->full ? in_table(m) : 0;

	if (table)
		close_at(m, table);
	else
		close_p(m);
}

/* How many elements what begins now is in. */
static unsigned find_parent(struct selector_matcher *m, uint32_t bits)
{
	unsigned table;

	if (!m->set->full || (m->html && (bits & KIND_STAYS)))
		return m->n;
	if (top_is(m, IS_COLGROUP) && in_table(m))
		keep(m, m->n - 1);
	table = fosters(m);
	return table ? table - 1 : m->n;
}

/* ---- The head, and what is there without a tag; only where all tags are seen. ---- */

/* What is in it says nothing of the elements around: noscript holds text where scripts run, whatever we read in it. */
static bool is_apart(const struct selector_matcher *m)
{
	return find_which(m, IS_TEMPLATE, 0) || find_which(m, IS_NOSCRIPT, 0);
}

/* False: another html, head or body, which browsers merge with the first or leave out. */
static bool settle(struct selector_matcher *m, uint32_t bits)
{
	enum selector_which which = selector_which(bits);

	if (m->phase == IN_BODY || is_apart(m))
		return which != IS_HTML && which != IS_HEAD && which != IS_BODY;
	if (m->phase == BEFORE_HTML) {
		m->phase = BEFORE_HEAD;
		if (which == IS_HTML)
			return true;
		selector_imply(m, SLICE("html"));
	}
	if (which == IS_HTML)
		return false;
	if (m->phase == BEFORE_HEAD) {
		m->phase = IN_HEAD;
		if (which == IS_HEAD)
			return true;
		selector_imply(m, SLICE("head"));
	}
	if (which == IS_HEAD)
		return false;
	if (m->phase == AFTER_HEAD && (bits & KIND_IN_HEAD)) {
		selector_imply(m, SLICE("head"));
		m->phase = IN_HEAD;
	}
	if (m->phase == IN_HEAD && (bits & KIND_IN_HEAD))
		return true;
	keep(m, m->n ? 1 : 0);
	m->phase = IN_BODY;
	if (!m->html || which != IS_BODY)
		selector_imply(m, SLICE("body"));
	return true;
}

/* Out of svg and math, up to the next integration point. */
static void leave_foreign(struct selector_matcher *m)
{
	unsigned n = m->n;

	while (n && m->open[n - 1].foreign && !(m->open[n - 1].bits & KIND_POINT))
		n--;
	if (n < m->n)
		keep(m, n);
}

/* ---- Tags. ---- */

static bool start_html(struct selector_matcher *m, uint32_t bits)
{
	enum selector_which which = selector_which(bits);

	if (which == IS_LI || which == IS_DD_DT)
		close_item(m, which);
	if ((bits & KIND_CLOSES_P) && which != IS_TABLE)
		close_p(m);
	if ((bits & KIND_HEADING) && m->n && (top(m)->bits & KIND_HEADING))
		close_at(m, m->n);
	switch (which) {
	case IS_OPTGROUP:
	case IS_OPTION:
	case IS_HR:
		start_option(m, which);
		return true;
	case IS_INPUT:
		close_which(m, IS_SELECT);
		return true;
	case IS_SELECT:
		if (!find_which(m, IS_SELECT, KIND_SCOPE))
			return true;
		close_which(m, IS_SELECT);
		return false;
	case IS_RT:
	case IS_RB:
		if (find_which(m, IS_RUBY, KIND_SCOPE))
			close_implied(m, IS_OTHER);
		return true;
	case IS_BUTTON:
		close_which(m, IS_BUTTON);
		return true;
	case IS_A:
	case IS_NOBR:
		end_formatting(m, m->name);
		return true;
	case IS_FORM:
		return !find_which(m, IS_FORM, 0) && !fosters(m); /* right in a table it holds nothing */
	case IS_TABLE:
		start_table(m);
		return true;
	default:
		return !(bits & KIND_TABLE_PART) || !m->set->full || start_table_part(m, bits);
	}
}

bool selector_stack_before(struct selector_matcher *m, uint32_t bits)
{
	bool made = true;

	m->before.possible = true;
	m->before.copied = false;
	m->before.n = m->n;
	m->before.phase = m->phase;
	m->parent = m->n;
	if (m->set->full && m->html)
		leave_foreign(m);
	if (!m->html && m->n && top(m)->foreign)
		return true;
	if (m->set->full)
		made = settle(m, bits);
	if (m->html)
		made = made && start_html(m, bits);
	m->parent = find_parent(m, bits);
	return made;
}

static uint32_t foreign_bits(uint32_t bits)
{
	return bits & KIND_POINT ? KIND_POINT | KIND_SCOPE | KIND_SPECIAL : 0;
}

void selector_stack_push(struct selector_matcher *m, uint32_t bits)
{
	struct selector_open *t = m->n ? &m->open[m->n - 1] : NULL;
	size_t size = m->words * sizeof *m->own;

	if (m->beyond || (t && m->parent == m->n && t->name == m->name && t->foreign == !m->html &&
			  selector_which(bits) != IS_TABLE && memcmp(selector_own(m, m->n - 1), m->own, size) == 0)) {
		if (!m->beyond && t->count < UINT32_MAX) {
			save(m);
			t->count++;
			return;
		}
	}
	if (m->beyond || m->n == SELECTOR_DEPTH) {
		save(m);
		m->beyond++;
		m->beyond_of[selector_mix(m->name, 0) % BEYOND_COUNTERS]++;
		return;
	}
	m->open[m->n] = (struct selector_open){m->name, m->html ? bits : foreign_bits(bits), 1, !m->html, false};
	memcpy(selector_own(m, m->n), m->own, size);
	inherit(m, m->n, m->parent);
	m->n++;
}

/* Was it of an element that is not remembered? */
static bool end_beyond(struct selector_matcher *m, uint64_t name)
{
	uint32_t *count = &m->beyond_of[selector_mix(name, 0) % BEYOND_COUNTERS];

	if (!m->beyond || !*count)
		return false;
	--*count;
	m->beyond--;
	return true;
}

static bool end_foreign(struct selector_matcher *m, uint64_t name)
{
	for (unsigned i = m->n; i && m->open[i - 1].foreign; i--) {
		if (m->open[i - 1].name == name) {
			close_at(m, i);
			return true;
		}
	}
	return false;
}

/* An end tag in or before the head. True: it is dealt with. */
static bool end_in_head(struct selector_matcher *m, uint32_t bits)
{
	enum selector_which which = selector_which(bits);

	if (which == IS_HEAD && m->phase == IN_HEAD && !is_apart(m)) {
		keep(m, m->n ? 1 : 0);
		m->phase = AFTER_HEAD;
	}
	if (which == IS_BODY || which == IS_HTML || which == IS_BR)
		settle(m, 0);
	return which == IS_HEAD;
}

/* Not beyond what does such an end tag look for its element? */
static uint32_t end_stops(uint32_t bits)
{
	enum selector_which which = selector_which(bits);

	if (which == IS_TEMPLATE || which == IS_NOSCRIPT)
		return 0;
	if (which == IS_TABLE || (bits & KIND_TABLE_PART))
		return KIND_TABLE_SCOPE;
	if (which == IS_LI)
		return KIND_SCOPE | KIND_LIST_SCOPE;
	return (bits & KIND_CLOSES_P) || which == IS_BUTTON || which == IS_SELECT || (bits & KIND_SCOPE) ? KIND_SCOPE
													 : KIND_SPECIAL;
}

static void end_html(struct selector_matcher *m, uint64_t name, uint32_t bits)
{
	enum selector_which which = selector_which(bits);
	unsigned at;

	if (which == IS_P) {
		if (m->set->full)
			leave_foreign(m);
		close_p(m);
		return;
	}
	if (bits & KIND_FORMATTING) {
		end_formatting(m, name);
		return;
	}
	at = bits & KIND_HEADING ? find_bits(m, KIND_HEADING | KIND_SCOPE) : find_name(m, name, end_stops(bits));
	if (!at || ((bits & KIND_HEADING) && !(m->open[at - 1].bits & KIND_HEADING)))
		return;
	if (which == IS_FORM && at < m->n)
		take_out(m, at, false);
	else
		close_at(m, at);
}

void selector_stack_end(struct selector_matcher *m, uint64_t name)
{
	uint32_t bits = selector_kind_of(m->set, name);
	enum selector_which which = selector_which(bits);

	if (end_beyond(m, name) || end_foreign(m, name))
		return;
	if (m->set->full && m->phase != IN_BODY && end_in_head(m, bits))
		return;
	if (which == IS_HTML || which == IS_BODY || which == IS_HEAD || (bits & KIND_VOID))
		return; /* what follows is in the body nevertheless */
	end_html(m, name, bits);
}
