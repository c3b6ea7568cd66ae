#include "rules/harness/check.h"

#include "rules/base/pattern.h"
#include "rules/consent/imports.h"
#include "rules/harness/checker.h"
#include "rules/http/web_url.h"

static void add_row(struct checker *c, struct diff_row row)
{
	struct diff_row *copy = arena_alloc(c->arena, sizeof *copy);

	c->failed |= !row.same;
	if (!copy)
		return;
	*copy = row;
	*c->end = copy;
	c->end = &copy->next;
}

void differs(struct checker *c, struct slice expected, struct slice actual, struct slice why)
{
	add_row(c, (struct diff_row){.expected = expected, .actual = actual, .why = why});
}

void agrees(struct checker *c, struct slice both)
{
	add_row(c, (struct diff_row){.same = true, .expected = both, .actual = both});
}

bool text_meets(const struct checker *c, struct slice text)
{
	const struct expectation *e = c->e;

	switch (e->how) {
	case HOW_IS:
	case HOW_HAS:
		return slice_eq(text, e->value);
	case HOW_CONTAINS:
		return e->value.n == 0 || slice_find(text, e->value) < text.n;
	case HOW_MATCHES:
		return e->pattern && pattern_match(e->pattern, c->x->scratch, text) == PATTERN_MATCH;
	case HOW_UNCHANGED:
		break;
	}
	return false;
}

/* -- why ----------------------------------------------------------------------------------------------------------- */

static const char *done_text(enum verdict_kind kind)
{
	switch (kind) {
	case VERDICT_KEEP:
		return "kept";
	case VERDICT_DROP:
		return "dropped";
	case VERDICT_EXPIRE:
		return "expired";
	case VERDICT_REWRITE:
		return "rewritten";
	case VERDICT_INJECT:
		return "injected";
	case VERDICT_BLOCK:
		return "blocked";
	case VERDICT_INERT:
		return "made inert";
	case VERDICT_REPLACE:
		return "replaced";
	case VERDICT_SEAL:
		return "sealed";
	case VERDICT_OPEN:
		return "opened";
	case VERDICT_KINDS:
		break;
	}
	return "?";
}

/* Rules are often aligned in columns; out of their file they need not be. */
struct slice rule_text(const struct rule *rule, struct arena *arena)
{
	struct slice s = rule->text;
	char *out = arena_alloc(arena, s.n + 1);
	size_t n = 0;

	if (!out)
		return s;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i] == '\t' ? ' ' : s.p[i];

		if (c != ' ' || (n && out[n - 1] != ' '))
			out[n++] = c;
	}
	return slice_of(out, n);
}

/* Where in a list the pattern stands; empty if the rule is no list. */
static struct slice list_place(const struct verdict *v, struct arena *arena)
{
	if (!v->list_line)
		return slice_of(NULL, 0);
	return arena_printf(arena, ", its line %u: %.*s", v->list_line, SLICE_ARG(v->pattern));
}

struct slice verdict_why(const struct verdict *v, struct arena *arena)
{
	struct slice text = v->rule ? rule_text(v->rule, arena) : slice_of(NULL, 0), list = list_place(v, arena);
	const char *done = done_text(v->kind), *reason = v->reason ? v->reason : "";
	const char *open = v->reason ? " (" : "", *close = v->reason ? ")" : "";

	if (v->rule && v->rule->line)
		return arena_printf(arena, "%s by %.*s:%u: %.*s%.*s%s%s%s", done, SLICE_ARG(v->rule->file),
				    v->rule->line, SLICE_ARG(text), SLICE_ARG(list), open, reason, close);
	if (v->reason)
		return arena_printf(arena, "%s: %s", done, reason);
	return arena_printf(arena, v->rule ? "%s: no rule names it" : "%s", done);
}

struct slice why_of(const struct checker *c, enum verdict_subject subject, struct slice name)
{
	for (const struct seen_verdict *s = c->o->verdicts; s; s = s->next)
		if (s->v.subject == subject && slice_eq(s->v.name, name))
			return verdict_why(&s->v, c->arena);
	return slice_of(NULL, 0);
}

struct slice why_all(const struct checker *c, enum verdict_subject subject)
{
	struct slice all = {0};

	for (const struct seen_verdict *s = c->o->verdicts; s; s = s->next) {
		struct slice why;

		if (s->v.subject != subject || s->v.kind == VERDICT_KEEP)
			continue;
		why = verdict_why(&s->v, c->arena);
		all = arena_printf(c->arena, "%.*s%s%.*s %.*s", SLICE_ARG(all), all.n ? "; " : "", SLICE_ARG(s->v.name),
				   SLICE_ARG(why));
	}
	return all;
}

struct slice purposes_text(const struct ruleset *rs, purposes set, struct arena *arena)
{
	struct slice text = {0};

	for (size_t bit = 1; bit < ruleset_purpose_count(rs); bit++)
		if (set & (purposes)1 << bit)
			text = arena_printf(arena, "%.*s%s%.*s", SLICE_ARG(text), text.n ? " " : "",
					    SLICE_ARG(ruleset_purpose(rs, bit)->name));
	return text.n ? text : SLICE("none");
}

/* -- single values ------------------------------------------------------------------------------------------------- */

/* What is wanted, in the words of the test file. */
static struct slice wanted(const struct checker *c)
{
	return c->e->text;
}

static void check_called(struct checker *c)
{
	bool want = c->e->what == EXPECT_CALLED;

	if (c->o->called != want)
		differs(c, want ? SLICE("the origin is called") : SLICE("the origin is not called"),
			want ? SLICE("it is not called") : SLICE("it is called"), why_all(c, SUBJECT_PATH));
}

static void check_hinted(struct checker *c)
{
	bool want = !c->e->negative;

	if (c->o->hinted != want)
		differs(c, want ? SLICE("the visitor gets hints") : SLICE("the visitor gets no hints"),
			want ? SLICE("it gets none") : SLICE("it gets some"), why_all(c, SUBJECT_HEADER));
}

static void check_text(struct checker *c, const char *label, struct slice text, struct slice why)
{
	if (text_meets(c, text) == c->e->negative)
		differs(c, wanted(c), arena_printf(c->arena, "%s%.*s", label, SLICE_ARG(text)), why);
}

static void check_status(struct checker *c)
{
	unsigned status = c->o->visitor_saw.status;

	if ((status == c->e->status) == c->e->negative)
		differs(c, wanted(c), arena_printf(c->arena, "status %u", status), why_all(c, SUBJECT_PATH));
}

static void check_body(struct checker *c)
{
	bool visitor = c->e->side == EXPECT_VISITOR;
	struct slice got = visitor ? c->o->visitor_body : c->o->origin_body;
	struct slice sent = visitor ? c->x->test->origin_body : c->x->test->request_body;
	bool meets = c->e->how == HOW_UNCHANGED ? slice_eq(got, sent) : text_meets(c, got);

	if (meets == c->e->negative)
		differs(c, wanted(c), got.n ? got : SLICE("(no body)"), slice_of(NULL, 0));
}

/* -- verdicts ------------------------------------------------------------------------------------------------------ */

/* A file of a verdict may be named by the end of its path. */
static bool file_is(struct slice file, struct slice name)
{
	if (!slice_ends_with(file, name))
		return false;
	return file.n == name.n || file.p[file.n - name.n - 1] == '/';
}

/* Addresses may be written in any way that leads there from the page. */
static bool same_address(const struct checker *c, struct slice a, struct slice b)
{
	struct web_url page, one, other;

	return web_url_parse(c->x->test->url, NULL, c->arena, &page) && web_url_parse(a, &page, c->arena, &one) &&
	       web_url_parse(b, &page, c->arena, &other) && one.kind == WEB_URL_NETWORK &&
	       other.kind == WEB_URL_NETWORK && slice_eq(one.text, other.text);
}

static bool name_is(const struct checker *c, const struct verdict *v)
{
	bool address = v->subject == SUBJECT_BEACON || v->subject == SUBJECT_HEADER || v->subject == SUBJECT_PAGE;

	return slice_eq(v->name, c->e->name) || (address && same_address(c, v->name, c->e->name));
}

static bool verdict_is(const struct checker *c, const struct verdict *v)
{
	const struct expectation *e = c->e;
	const struct expected_verdict *w = &e->verdict;

	if (v->kind != w->kind || !name_is(c, v) || (!w->any_subject && v->subject != w->subject))
		return false;
	if (!w->any_purpose && (v->mask | PURPOSE_NECESSARY) != w->of.mask)
		return false;
	if (w->line && (!v->rule || v->rule->line != w->line))
		return false;
	return w->file.n == 0 || (v->rule && file_is(v->rule->file, w->file));
}

static struct slice verdict_line(struct checker *c, const struct verdict *v)
{
	struct slice of = purposes_text(c->x->rules, v->mask, c->arena);

	return arena_printf(c->arena, "%s %.*s by %.*s", verdict_kind_text(v->kind), SLICE_ARG(v->name), SLICE_ARG(of));
}

static void check_verdict(struct checker *c)
{
	const struct seen_verdict *s, *hit = NULL;
	bool shown = false;

	for (s = c->o->verdicts; s && !hit; s = s->next)
		if (verdict_is(c, &s->v))
			hit = s;
	if ((hit != NULL) != c->e->negative)
		return;
	for (s = c->o->verdicts; s; s = s->next)
		if (name_is(c, &s->v)) {
			differs(c, shown ? slice_of(NULL, 0) : wanted(c), verdict_line(c, &s->v),
				verdict_why(&s->v, c->arena));
			shown = true;
		}
	if (!shown)
		differs(c, wanted(c), SLICE("no verdict on it"), slice_of(NULL, 0));
}

/* -- consent ------------------------------------------------------------------------------------------------------- */

static struct slice rule_why(const struct checker *c, const char *what, const struct rule *rule)
{
	struct slice text;

	if (!rule || !rule->line)
		return slice_of(NULL, 0);
	text = rule_text(rule, c->arena);
	return arena_printf(c->arena, "%s by %.*s:%u: %.*s", what, SLICE_ARG(rule->file), rule->line, SLICE_ARG(text));
}

static void check_purposes(struct checker *c, const char *label, purposes got, struct slice why)
{
	struct slice names = purposes_text(c->x->rules, got, c->arena);

	if (((got | PURPOSE_NECESSARY) == c->e->purposes.mask) == c->e->negative)
		differs(c, wanted(c), arena_printf(c->arena, "%s%.*s", label, SLICE_ARG(names)), why);
}

/* "cookie", "none", or the names of those who stored what counts. */
static struct slice sources_text(const struct checker *c)
{
	const struct consent *k = &c->o->consent;
	struct slice text = {0};
	bool is_cookie;

	if (k->source != CONSENT_FOREIGN)
		return k->source == CONSENT_SIGNED ? SLICE("cookie") : SLICE("none");
	for (size_t i = 0; i < CONSENT_SOURCES_MAX; i++)
		if (k->foreign_sources >> i & 1)
			text = arena_printf(c->arena, "%.*s%s%.*s", SLICE_ARG(text), text.n ? " " : "",
					    SLICE_ARG(import_name(c->x->rules, i, &is_cookie)));
	return text;
}

/* One of them is enough. */
static bool has_source(const struct checker *c, struct slice name)
{
	struct slice names = sources_text(c), one;

	while (names.n) {
		(void)slice_cut(names, ' ', &one, &names);
		if (slice_eq(one, name))
			return true;
	}
	return false;
}

static struct slice granted_why(const struct checker *c)
{
	const struct consent *k = &c->o->consent;

	if (k->source == CONSENT_FOREIGN)
		return arena_printf(c->arena, "stored by %.*s", SLICE_ARG(sources_text(c)));
	if (!k->decided && k->undecided_rule)
		return rule_why(c, "undecided", k->undecided_rule);
	if (k->denied_by_opt_out)
		return rule_why(c, "denied", k->opt_out_rule);
	return arena_printf(c->arena, "consent cookie: %s", consent_token_state_text(k->token));
}

static void check_consent(struct checker *c)
{
	const struct consent *k = &c->o->consent;
	struct slice token = arena_printf(c->arena, "consent cookie: %s", consent_token_state_text(k->token));

	if (c->e->what == EXPECT_GRANTED)
		check_purposes(c, "granted ", k->granted, granted_why(c));
	else if (c->e->what == EXPECT_OPT_OUT_DENIES)
		check_purposes(c, "opt-out denies ", k->denied_by_opt_out, rule_why(c, "denied", k->opt_out_rule));
	else if (c->e->what == EXPECT_SIGNAL_DENIES)
		check_purposes(c, "signal denies ", k->denied_by_signal, rule_why(c, "denied", k->signal_rule));
	else if (c->e->what == EXPECT_DECIDED && k->decided == c->e->negative)
		differs(c, wanted(c), k->decided ? SLICE("decided") : SLICE("undecided"), token);
	else if (c->e->what == EXPECT_SOURCE && has_source(c, c->e->name) == c->e->negative)
		differs(c, wanted(c), arena_printf(c->arena, "source %.*s", SLICE_ARG(sources_text(c))),
			slice_of(NULL, 0));
	else if (c->e->what == EXPECT_TOKEN && (k->token == c->e->token) == c->e->negative)
		differs(c, wanted(c), token, slice_of(NULL, 0));
}

/* -- all of them --------------------------------------------------------------------------------------------------- */

static void check_one(struct checker *c)
{
	switch (c->e->what) {
	case EXPECT_NOT_CALLED:
	case EXPECT_CALLED:
		check_called(c);
		break;
	case EXPECT_HINTED:
		check_hinted(c);
		break;
	case EXPECT_METHOD:
		check_text(c, "method ", c->o->origin_saw.method, slice_of(NULL, 0));
		break;
	case EXPECT_TARGET:
		check_text(c, "target ", c->o->origin_saw.target, why_all(c, SUBJECT_PARAM));
		break;
	case EXPECT_STATUS:
		check_status(c);
		break;
	case EXPECT_FIELD:
		check_field(c);
		break;
	case EXPECT_BODY:
		check_body(c);
		break;
	case EXPECT_EXPIRES:
		check_expires(c);
		break;
	case EXPECT_SEALED:
		check_sealed(c);
		break;
	case EXPECT_DECISION:
		check_verdict(c);
		break;
	case EXPECT_GRANTED:
	case EXPECT_DECIDED:
	case EXPECT_TOKEN:
	case EXPECT_SOURCE:
	case EXPECT_OPT_OUT_DENIES:
	case EXPECT_SIGNAL_DENIES:
		check_consent(c);
		break;
	case EXPECT_ALWAYS:
		break;
	}
}

/* What was seen cannot be judged when there was nothing to see; EXPECT_CALLED and EXPECT_HINTED say so already. */
static bool moot(const struct expectation *e, const struct outcome *o)
{
	if (e->side == EXPECT_HINTS)
		return !o->hinted && e->what != EXPECT_HINTED;
	return e->side == EXPECT_ORIGIN && !o->called && e->what != EXPECT_CALLED && e->what != EXPECT_NOT_CALLED;
}

bool outcome_check(const struct prepared *x, const struct outcome *o, struct arena *arena, struct failure **first)
{
	struct failure **end = first, *f;

	*first = NULL;
	for (const struct expectation *e = x->test->first; e; e = e->next) {
		struct checker c = {.x = x, .o = o, .e = e, .arena = arena};

		c.end = &c.first;
		if (moot(e, o))
			continue;
		check_one(&c);
		if (!c.failed)
			continue;
		f = arena_alloc(arena, sizeof *f);
		if (!f)
			return false;
		*f = (struct failure){.expectation = e, .rows = c.first};
		*end = f;
		end = &f->next;
	}
	return !arena_failed(arena);
}
