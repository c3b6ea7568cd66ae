/* expect ...: what must be seen. */
#include "rules/harness/parse.h"
#include "rules/language/statement.h"

struct expectation *add_expectation(struct parser *p, enum expect_side side, enum expect_what what)
{
	struct expectation *e = arena_calloc(p->arena, 1, sizeof *e);

	if (!e)
		return NULL;
	e->side = side;
	e->what = what;
	e->text = slice_trim(p->line->text);
	e->at = parse_position(p, slice_of(NULL, 0));
	*p->end = e;
	p->end = &e->next;
	return e;
}

/* -- how ----------------------------------------------------------------------------------------------------------- */

static bool rest_is(struct parser *p, struct slice *rest, struct expectation *e)
{
	struct slice word;

	(void)next_word(rest, &word);
	e->how = HOW_IS;
	e->has_value = true;
	return next_string(p, rest, &e->value) && expect_end(p, *rest);
}

static bool rest_contains(struct parser *p, struct slice *rest, struct expectation *e)
{
	struct slice word;

	(void)next_word(rest, &word);
	e->how = HOW_CONTAINS;
	e->has_value = true;
	return next_string(p, rest, &e->value) && expect_end(p, *rest);
}

static bool rest_matches(struct parser *p, struct slice *rest, struct expectation *e)
{
	struct slice word;

	(void)next_word(rest, &word);
	e->how = HOW_MATCHES;
	if (!next_regex(p, rest, e))
		return false;
	e->next_pattern = p->file->patterns;
	p->file->patterns = e;
	return expect_end(p, *rest);
}

/* True if a matcher of the form WORD "text" or matches /regex/ begins here; it is then read, *ok telling how it went.
 */
static bool matcher(struct parser *p, struct slice *rest, struct expectation *e, bool *ok)
{
	struct slice word = peek_word(*rest), after = slice_trim(slice_from(slice_trim(*rest), word.n));
	char first = after.n ? after.p[0] : 0;

	if (slice_eq(word, SLICE("contains")) && first == '"')
		*ok = rest_contains(p, rest, e);
	else if (slice_eq(word, SLICE("is")) && first == '"')
		*ok = rest_is(p, rest, e);
	else if (slice_eq(word, SLICE("matches")) && first == '/')
		*ok = rest_matches(p, rest, e);
	else
		return false;
	return true;
}

/* -- messages ------------------------------------------------------------------------------------------------------ */

static void body_line(struct parser *p, struct slice rest, struct expectation *e)
{
	struct slice word = peek_word(rest);
	bool ok;

	e->what = EXPECT_BODY;
	e->has_value = true;
	if (matcher(p, &rest, e, &ok))
		return;
	if (p->line->has_body) {
		e->value = p->line->body;
	} else if (slice_eq(word, SLICE("unchanged"))) {
		e->how = HOW_UNCHANGED;
	} else if (slice_eq(word, SLICE("empty"))) {
		e->value = SLICE("");
	} else if (word.n && word.p[0] == '/') {
		e->how = HOW_MATCHES;
		if (next_regex(p, &rest, e)) {
			e->next_pattern = p->file->patterns;
			p->file->patterns = e;
			(void)expect_end(p, rest);
		}
	} else {
		e->how = HOW_CONTAINS;
		if (next_string(p, &rest, &e->value))
			(void)expect_end(p, rest);
	}
}

static void text_line(struct parser *p, struct slice rest, struct expectation *e)
{
	bool ok;

	if (matcher(p, &rest, e, &ok))
		return;
	e->value = slice_trim(rest);
	e->has_value = true;
	if (e->value.n == 0)
		parse_error(p, slice_of(NULL, 0),
			    e->what == EXPECT_TARGET ? "write: target /path?x=1" : "write: method GET",
			    "the value is missing");
	else if (e->what == EXPECT_TARGET && e->value.p[0] != '/' && !slice_eq(e->value, SLICE("*")))
		parse_error(p, e->value, "write: target /path?x=1, or: target contains \"x=1\"",
			    "a target begins with a slash: this could never be one");
}

static void method_line(struct parser *p, struct slice rest, struct expectation *e)
{
	e->what = EXPECT_METHOD;
	text_line(p, rest, e);
}

static void target_line(struct parser *p, struct slice rest, struct expectation *e)
{
	e->what = EXPECT_TARGET;
	text_line(p, rest, e);
}

static void status_line(struct parser *p, struct slice rest, struct expectation *e)
{
	uint64_t status = 0;
	struct slice word = {0};

	e->what = EXPECT_STATUS;
	if (!next_word(&rest, &word) || !slice_to_u64(word, 999, &status) || status < 100)
		parse_error(p, word.n ? word : slice_of(NULL, 0), "write: status 200",
			    "the status is missing or is none");
	else
		(void)expect_end(p, rest);
	e->status = (unsigned)status;
}

static void expires_line(struct parser *p, struct slice rest, struct expectation *e)
{
	e->what = EXPECT_EXPIRES;
	if (!next_word(&rest, &e->name))
		parse_error(p, slice_of(NULL, 0), "write the cookie's name: expires _ga", "the cookie is missing");
	else
		(void)expect_end(p, rest);
}

/* sealed NAME, or sealed NAME=VALUE */
static void sealed_line(struct parser *p, struct slice rest, struct expectation *e)
{
	e->what = EXPECT_SEALED;
	rest = slice_trim(rest);
	e->has_value = slice_cut(rest, '=', &e->name, &e->value);
	e->name = slice_trim(e->has_value ? e->name : rest);
	if (!is_token(e->name))
		parse_error(p, rest.n ? rest : slice_of(NULL, 0), "write: sealed sid, or: sealed sid=VALUE",
			    "the cookie is missing or has no such name");
}

/* A header field: "Name: value", "Name contains ...", "has Name", "has Name: value"; rest begins with the name. */
static void field_line(struct parser *p, struct slice rest, struct expectation *e, bool has)
{
	struct slice word = peek_word(rest), after, name = word;
	size_t colon = slice_find_char(word, ':');
	bool ok;

	e->what = EXPECT_FIELD;
	e->how = has || e->negative ? HOW_HAS : HOW_IS;
	name = slice_head(word, colon);
	after = slice_trim(
		slice_from(slice_of(word.p, (size_t)(rest.p + rest.n - word.p)), colon + (colon < word.n ? 1 : 0)));
	e->name = name;
	if (!is_token(name)) {
		parse_error(p, word, "write \"Name: value\", \"has Name\" or \"no Name\"", "this is not a field");
		return;
	}
	if (matcher(p, &after, e, &ok))
		return;
	e->has_value = colon < word.n && (after.n || e->how == HOW_IS);
	e->value = after;
	if (colon == word.n && after.n)
		parse_error(p, after, "write \"Name: value\", 'Name contains \"text\"' or \"Name matches /regex/\"",
			    "\"%.*s\" does not fit behind the name of a field", SLICE_ARG(slice_head(after, 60)));
	else if (colon == word.n && e->how == HOW_IS)
		parse_error(p, word, "write \"Name: value\", \"has Name\" or \"no Name\"",
			    "it is not said what must be with \"%.*s\"", SLICE_ARG(word));
}

struct keyword {
	const char *word;
	unsigned sides; /* 1 << enum expect_side */
	void (*parse)(struct parser *, struct slice, struct expectation *);
};

static const struct keyword message_keywords[] = {
	{"body", 1 << EXPECT_ORIGIN | 1 << EXPECT_VISITOR, body_line},
	{"method", 1 << EXPECT_ORIGIN, method_line},
	{"target", 1 << EXPECT_ORIGIN, target_line},
	{"status", 1 << EXPECT_VISITOR, status_line},
	{"expires", 1 << EXPECT_VISITOR, expires_line},
	{"sealed", 1 << EXPECT_VISITOR, sealed_line},
};

static void message_expectation(struct parser *p, struct slice rest, struct expectation *e)
{
	struct slice word = peek_word(rest), after = slice_trim(slice_from(rest, word.n));

	for (size_t i = 0; i < CG_COUNT(message_keywords); i++) {
		const struct keyword *k = &message_keywords[i];

		if (!slice_eq(word, slice_str(k->word)))
			continue;
		if (k->sides & 1U << e->side)
			k->parse(p, after, e);
		else
			parse_error(p, word, NULL, "%s belongs to \"expect %s\"", k->word,
				    k->sides & 1 << EXPECT_VISITOR ? "visitor-sees" : "origin-sees");
		return;
	}
	if (slice_eq(word, SLICE("has")) && after.n)
		field_line(p, after, e, true);
	else
		field_line(p, rest, e, false);
}

/* -- verdicts ------------------------------------------------------------------------------------------------------ */

static bool verdict_kind_of(struct slice word, enum verdict_kind *kind)
{
	for (int k = 0; k < VERDICT_KINDS; k++)
		if (slice_eq(word, slice_str(verdict_kind_text((enum verdict_kind)k)))) {
			*kind = (enum verdict_kind)k;
			return true;
		}
	return false;
}

static const struct {
	const char *word;
	enum verdict_subject subject;
} subjects[] = {
	{"cookie", SUBJECT_REQUEST_COOKIE},
	{"set-cookie", SUBJECT_RESPONSE_COOKIE},
	{"param", SUBJECT_PARAM},
	{"path", SUBJECT_PATH},
	{"beacon", SUBJECT_BEACON},
	{"header", SUBJECT_HEADER},
	{"html", SUBJECT_HTML},
	{"page", SUBJECT_PAGE},
};

static bool is_clause(struct slice word)
{
	return slice_eq(word, SLICE("by")) || slice_eq(word, SLICE("at"));
}

/* A subject, if the word is one and a name follows it: a cookie may be called "path". */
static void verdict_subject(struct slice *rest, struct expected_verdict *v)
{
	struct slice after = *rest, word, name;

	v->any_subject = true;
	if (!next_word(&after, &word))
		return;
	name = peek_word(after);
	for (size_t i = 0; i < CG_COUNT(subjects); i++)
		if (name.n && !is_clause(name) && slice_eq(word, slice_str(subjects[i].word))) {
			v->any_subject = false;
			v->subject = subjects[i].subject;
			*rest = after;
		}
}

/* "at line N" or "at FILE:N" */
static void verdict_place(struct parser *p, struct slice *rest, struct expected_verdict *v)
{
	struct slice word = {0};
	uint64_t line = 0;
	size_t colon;

	(void)next_word(rest, &word);
	if (slice_eq(word, SLICE("line"))) {
		(void)next_word(rest, &word);
	} else {
		for (colon = word.n; colon > 0 && word.p[colon - 1] != ':'; colon--)
			;
		v->file = slice_head(word, colon ? colon - 1 : 0);
		word = slice_from(word, colon);
	}
	if (!slice_to_u64(word, 10000000, &line) || line == 0)
		parse_error(p, word.n ? word : slice_of(NULL, 0), "write: at line 12, or: at marketing.rules:12",
			    "the line is missing or is none");
	v->line = (unsigned)line;
}

static void no_verdict(struct parser *p, struct slice word)
{
	const char *kinds[VERDICT_KINDS], *near;

	for (int k = 0; k < VERDICT_KINDS; k++)
		kinds[k] = verdict_kind_text((enum verdict_kind)k);
	near = word.n ? suggest(word, kinds, CG_COUNT(kinds)) : NULL;
	parse_error(p, word.n ? word : slice_of(NULL, 0),
		    "write one of keep, drop, expire, rewrite, inject, block, inert, replace, seal, open, and a name",
		    near ? "\"%.*s\" is not a verdict; did you mean \"%s\"?" : "\"%.*s\" is not a verdict%s",
		    SLICE_ARG(word), near ? near : "");
}

/* A word, or a "text" where blanks are in it. */
static bool verdict_name(struct parser *p, struct slice *rest, struct expectation *e)
{
	struct slice word = peek_word(*rest);

	if (word.n && word.p[0] == '"')
		return next_string(p, rest, &e->name);
	if (next_word(rest, &e->name))
		return true;
	parse_error(p, slice_of(NULL, 0), "write: drop _ga", "the name is missing");
	return false;
}

/* What follows the name and is no clause: the name was meant as a subject, perhaps. */
static void no_clause(struct parser *p, struct slice word, const struct expectation *e)
{
	const char *words[CG_COUNT(subjects)], *near = NULL;

	for (size_t i = 0; i < CG_COUNT(subjects); i++)
		words[i] = subjects[i].word;
	if (e->verdict.any_subject && e->verdict.any_purpose && !e->verdict.line)
		near = suggest(e->name, words, CG_COUNT(words));
	if (near)
		parse_error(p, e->name, "subjects are cookie, set-cookie, param, path, beacon, header, html, page",
			    "\"%.*s\" is no subject; did you mean \"%s\"?", SLICE_ARG(e->name), near);
	else
		parse_error(p, word, "write: drop _ga by analytics at line 12", "\"%.*s\" does not fit here",
			    SLICE_ARG(word));
}

static void verdict_expectation(struct parser *p, struct slice rest, struct expectation *e)
{
	struct expected_verdict *v = &e->verdict;
	struct slice word = {0};

	e->what = EXPECT_DECISION;
	v->any_purpose = true;
	(void)next_word(&rest, &word);
	if (!verdict_kind_of(word, &v->kind)) {
		no_verdict(p, word);
		return;
	}
	verdict_subject(&rest, v);
	if (!verdict_name(p, &rest, e))
		return;
	while (next_word(&rest, &word)) {
		if (slice_eq(word, SLICE("by"))) {
			v->any_purpose = false;
			if (!next_purposes(p, &rest, &v->of))
				return;
		} else if (slice_eq(word, SLICE("at"))) {
			verdict_place(p, &rest, v);
		} else {
			no_clause(p, word, e);
			return;
		}
	}
}

/* -- consent ------------------------------------------------------------------------------------------------------- */

static void granted_line(struct parser *p, struct slice rest, struct expectation *e)
{
	e->what = EXPECT_GRANTED;
	if (next_purposes(p, &rest, &e->purposes))
		(void)expect_end(p, rest);
}

static void decided_line(struct parser *p, struct slice rest, struct expectation *e)
{
	e->what = EXPECT_DECIDED;
	(void)expect_end(p, rest);
}

static void undecided_line(struct parser *p, struct slice rest, struct expectation *e)
{
	e->negative = !e->negative;
	decided_line(p, rest, e);
}

static void denies_line(struct parser *p, struct slice rest, struct expectation *e)
{
	struct slice word = {0};

	if (!next_word(&rest, &word) || !slice_eq(word, SLICE("denies")))
		parse_error(p, word.n ? word : slice_of(NULL, 0), "write: opt-out denies analytics",
			    "the word \"denies\" is missing");
	else if (next_purposes(p, &rest, &e->purposes))
		(void)expect_end(p, rest);
}

static void opt_out_line(struct parser *p, struct slice rest, struct expectation *e)
{
	e->what = EXPECT_OPT_OUT_DENIES;
	denies_line(p, rest, e);
}

static void signal_line(struct parser *p, struct slice rest, struct expectation *e)
{
	e->what = EXPECT_SIGNAL_DENIES;
	denies_line(p, rest, e);
}

static const struct {
	const char *word;
	enum consent_token_state state;
} tokens[] = {
	{"absent", CONSENT_TOKEN_ABSENT}, {"good", CONSENT_TOKEN_GOOD},	      {"malformed", CONSENT_TOKEN_MALFORMED},
	{"forged", CONSENT_TOKEN_FORGED}, {"expired", CONSENT_TOKEN_EXPIRED}, {"old-policy", CONSENT_TOKEN_OLD_POLICY},
};

static void token_line(struct parser *p, struct slice rest, struct expectation *e)
{
	struct slice word = {0};

	e->what = EXPECT_TOKEN;
	(void)next_word(&rest, &word);
	for (size_t i = 0; i < CG_COUNT(tokens); i++)
		if (slice_eq(word, slice_str(tokens[i].word))) {
			e->token = tokens[i].state;
			(void)expect_end(p, rest);
			return;
		}
	parse_error(p, word.n ? word : slice_of(NULL, 0),
		    "write one of: cookie absent, good, malformed, forged, expired, old-policy",
		    "the state of the consent cookie is missing or is none");
}

/* cookie, none, or a consent manager; whether the rules accept it is seen when the case runs. */
static void source_line(struct parser *p, struct slice rest, struct expectation *e)
{
	e->what = EXPECT_SOURCE;
	if (!next_word(&rest, &e->name))
		parse_error(p, slice_of(NULL, 0),
			    "write: source cookie, none, the name of a consent manager or of a cookie",
			    "the source is missing");
	else
		(void)expect_end(p, rest);
}

static const struct keyword consent_keywords[] = {
	{"granted", 0, granted_line}, {"decided", 0, decided_line}, {"undecided", 0, undecided_line},
	{"cookie", 0, token_line},    {"opt-out", 0, opt_out_line}, {"signal", 0, signal_line},
	{"source", 0, source_line},
};

static void consent_expectation(struct parser *p, struct slice rest, struct expectation *e)
{
	struct slice word = {0};

	(void)next_word(&rest, &word);
	for (size_t i = 0; i < CG_COUNT(consent_keywords); i++)
		if (slice_eq(word, slice_str(consent_keywords[i].word))) {
			consent_keywords[i].parse(p, rest, e);
			return;
		}
	parse_error(p, word, "write one of: granted, decided, undecided, cookie, source, opt-out denies, signal denies",
		    "\"%.*s\" is nothing that consent has", SLICE_ARG(word));
}

/* -- blocks -------------------------------------------------------------------------------------------------------- */

void parse_expectation(struct parser *p)
{
	static const enum expect_side sides[] = {[BLOCK_EXPECT_ORIGIN] = EXPECT_ORIGIN,
						 [BLOCK_EXPECT_VISITOR] = EXPECT_VISITOR,
						 [BLOCK_EXPECT_HINTS] = EXPECT_HINTS,
						 [BLOCK_EXPECT_VERDICT] = EXPECT_VERDICT,
						 [BLOCK_EXPECT_CONSENT] = EXPECT_CONSENT};
	struct slice rest = slice_trim(p->line->text), after;
	struct expectation *e = add_expectation(p, sides[p->block], EXPECT_FIELD);

	if (!e)
		return;
	if (slice_eq(peek_word(rest), SLICE("no"))) {
		after = slice_trim(slice_from(rest, 2));
		e->negative = after.n > 0;
		rest = after.n ? after : rest;
	}
	if (e->side == EXPECT_VERDICT)
		verdict_expectation(p, rest, e);
	else if (e->side == EXPECT_CONSENT)
		consent_expectation(p, rest, e);
	else
		message_expectation(p, rest, e);
}

static void expect_origin(struct parser *p, struct slice rest)
{
	struct slice word = {0};

	p->block = BLOCK_IGNORE;
	(void)next_word(&rest, &word);
	if (!slice_eq(word, SLICE("not-called")))
		parse_error(p, word.n ? word : slice_of(NULL, 0),
			    "write: expect origin not-called, or: expect origin-sees",
			    "this cannot be expected of the origin");
	else if (expect_end(p, rest))
		(void)add_expectation(p, EXPECT_ORIGIN, EXPECT_NOT_CALLED);
}

/* expect no hints */
static void expect_none(struct parser *p, struct slice rest)
{
	struct slice word = {0};
	struct expectation *e;

	p->block = BLOCK_IGNORE;
	(void)next_word(&rest, &word);
	if (!slice_eq(word, SLICE("hints"))) {
		parse_error(p, word.n ? word : slice_of(NULL, 0),
			    "write: expect no hints, or \"no\" in front of a line of a block",
			    "this cannot be expected to be missing");
	} else if (expect_end(p, rest)) {
		e = add_expectation(p, EXPECT_HINTS, EXPECT_HINTED);
		if (e)
			e->negative = true;
	}
}

/* What a block demands by being there. */
static void begin_block(struct parser *p, enum test_block block)
{
	p->block = block;
	if (block == BLOCK_EXPECT_ORIGIN)
		(void)add_expectation(p, EXPECT_ORIGIN, EXPECT_CALLED);
	else if (block == BLOCK_EXPECT_HINTS)
		(void)add_expectation(p, EXPECT_HINTS, EXPECT_HINTED);
}

void parse_expect(struct parser *p, struct slice rest)
{
	static const char *const words[] = {"origin-sees", "visitor-sees", "hints", "verdict",
					    "consent",	   "origin",	   "no"};
	static const enum test_block blocks[] = {BLOCK_EXPECT_ORIGIN, BLOCK_EXPECT_VISITOR, BLOCK_EXPECT_HINTS,
						 BLOCK_EXPECT_VERDICT, BLOCK_EXPECT_CONSENT};
	struct slice word = {0};
	const char *near;

	p->block = BLOCK_IGNORE;
	(void)next_word(&rest, &word);
	if (slice_eq(word, SLICE("origin"))) {
		expect_origin(p, rest);
		return;
	}
	if (slice_eq(word, SLICE("no"))) {
		expect_none(p, rest);
		return;
	}
	for (size_t i = 0; i < CG_COUNT(blocks); i++)
		if (slice_eq(word, slice_str(words[i]))) {
			if (expect_end(p, rest))
				begin_block(p, blocks[i]);
			return;
		}
	near = word.n ? suggest(word, words, CG_COUNT(words)) : NULL;
	parse_error(
		p, word.n ? word : slice_of(NULL, 0),
		"write one of: expect origin-sees, visitor-sees, hints, verdict, consent, origin not-called, no hints",
		near ? "\"%.*s\" cannot be expected; did you mean \"%s\"?" : "\"%.*s\" cannot be expected%s",
		SLICE_ARG(word), near ? near : "");
}
