/*
 * What only XML has: instructions, of which browsers obey <?xml-stylesheet?>, and doctypes that declare something. An
 * instruction is gathered until it is whole, as it may be cut anywhere.
 */
#include "rules/decide/rewriter_internal.h"

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct slice skip_white(struct slice s)
{
	while (s.n && is_white(s.p[0]))
		s = slice_from(s, 1);
	return s;
}

/* Octets up to white space or end. */
static size_t word_length(struct slice s, char end)
{
	size_t n = 0;

	while (n < s.n && !is_white(s.p[n]) && s.p[n] != end)
		n++;
	return n;
}

/* ="value" at the front of *rest, which goes on behind it; or behind what is none of that. */
static bool take_value(struct slice *rest, struct slice *value)
{
	struct slice s = skip_white(*rest);

	if (s.n == 0 || s.p[0] != '=')
		return false;
	*rest = s = skip_white(slice_from(s, 1));
	if (s.n == 0 || (s.p[0] != '"' && s.p[0] != '\''))
		return false;
	(void)slice_cut(slice_from(s, 1), s.p[0], value, rest);
	return true;
}

/*
 * The next of name="value" (Associating Style Sheets with XML documents, 3); false at the end. Browsers take nothing of
 * an instruction that is malformed; here what is well-formed in it counts.
 */
static bool next_pair(struct slice *rest, struct slice *name, struct slice *value)
{
	while (rest->n) {
		size_t n;

		*rest = skip_white(*rest);
		n = word_length(*rest, '=');
		*name = slice_head(*rest, n);
		*rest = slice_from(*rest, n);
		if (take_value(rest, value))
			return true;
	}
	return false;
}

/* Its target, and what stands behind it. */
static struct slice target_of(struct slice instruction, struct slice *rest)
{
	struct slice s = slice_from(instruction, 2);
	size_t n = word_length(s, '?');

	*rest = slice_from(s, n);
	return slice_head(s, n);
}

/* The strongest of what is said of its addresses; there should be one. */
static struct beacon_judgement judge_stylesheet(struct rewriter *r, struct slice rest)
{
	static const struct carrier carrier = {CARRIER_URL, FILTER_STYLESHEET};
	const struct beacon_judgement nothing = {.pass = true};
	struct beacon_judgement j = nothing;
	struct slice name, value;

	while (j.pass && next_pair(&rest, &name, &value)) {
		if (slice_eq(name, SLICE("href")))
			j = judge_value(r, carrier, rewriter_decode(r, value), &nothing);
	}
	return j;
}

/* <?xml encoding="..."?> */
static void see_declaration(struct rewriter *r, struct slice rest)
{
	struct slice name, value;

	while (next_pair(&rest, &name, &value)) {
		if (slice_eq(name, SLICE("encoding")) && r->page->encoding == PAGE_ENCODING_UNKNOWN)
			r->encoding = encoding_of_label(value);
	}
}

/* One that is denied gets another name, which means nothing. */
static bool deny(struct rewriter *r, struct slice octets, const struct beacon_judgement *j)
{
	const struct slice rename = SLICE("data-cg-");
	const struct verdict *v = rewriter_verdict(
		r, VERDICT_INERT, j->url.n ? j->url : slice_head(octets, NAME_SHOWN_MAX), j, r->gathered_at);

	rewriter_report(r, r->gathered_at + 2, slice_of(NULL, 0), rename, v);
	return rewriter_put(r, slice_head(octets, 2)) && rewriter_put(r, rename) &&
	       rewriter_put(r, slice_from(octets, 2));
}

/* octets: a whole instruction, or so much of one that the limit is passed. */
static bool put_instruction(struct rewriter *r, struct slice octets, bool whole)
{
	const struct beacon_judgement oversized = {.mask = ruleset_all_purposes(r->rs) & ~PURPOSE_NECESSARY,
						   .reason = "the instruction is longer than the limit",
						   .pass = ruleset_pages(r->rs)->oversized_passes};
	struct beacon_judgement j = {.pass = true};
	struct slice rest, target = target_of(octets, &rest);

	if (slice_eq(target, SLICE("xml")))
		see_declaration(r, rest);
	if (slice_eq(target, SLICE("xml-stylesheet")) && r->judges)
		j = whole ? judge_stylesheet(r, rest) : oversized;
	if (!j.pass)
		return deny(r, octets, &j);
	if (j.match.rule)
		(void)rewriter_verdict(r, VERDICT_KEEP, j.url, &j, r->gathered_at);
	return rewriter_put(r, octets);
}

bool instruction_end(struct rewriter *r)
{
	r->gathering = false;
	return put_instruction(r, buffer_slice(&r->octets), true);
}

static bool is_instruction(struct slice octets)
{
	return octets.n < 2 || octets.p[1] == '?';
}

bool instruction_token(struct rewriter *r, const struct html_token *token)
{
	if (token->first) {
		r->gathered_at = token->offset;
		r->gathering = is_instruction(token->raw);
		buffer_clear(&r->octets);
	}
	if (!r->gathering)
		return rewriter_put(r, token->raw);
	if (token->first && token->last) {
		r->gathering = false;
		return put_instruction(r, token->raw, true);
	}
	if (!buffer_add(&r->octets, token->raw))
		return rewriter_fail(r, REWRITER_NO_MEMORY, "memory ran out");
	if (is_instruction(buffer_slice(&r->octets)) && !token->last && r->octets.n <= ruleset_pages(r->rs)->tag_max)
		return true;
	r->gathering = false;
	if (!is_instruction(buffer_slice(&r->octets)))
		return rewriter_put(r, buffer_slice(&r->octets));
	return put_instruction(r, buffer_slice(&r->octets), token->last);
}

/* Its declarations may put anything anywhere (XML 2.8): addresses into entities, attributes into elements. */
bool rewriter_doctype(struct rewriter *r, const struct html_token *token)
{
	bool declares = slice_find_char(token->raw, '[') < token->raw.n;

	if (declares && r->judges && !ruleset_pages(r->rs)->unreadable_passes)
		return rewriter_fail(r, REWRITER_UNREADABLE, "the page declares entities or attributes of its own");
	if (declares)
		r->place = PLACE_END; /* where its end is, is not known */
	return rewriter_put(r, token->raw);
}
