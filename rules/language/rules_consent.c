/* opt-out and signal: what denies. */
#include "rules/consent/names.h"
#include "rules/http/field.h"
#include "rules/language/ruleset_internal.h"

/* RFC 6265 4.1.1: cookie-octet. */
static bool cookie_octet(char c)
{
	unsigned char u = (unsigned char)c;

	return u > 0x20 && u < 0x7F && c != '"' && c != ',' && c != ';' && c != '\\';
}

bool cookie_octets(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!cookie_octet(s.p[i]))
			return false;
	}
	return true;
}

bool reserved_cookie(struct slice name)
{
	return slice_ieq(name, SLICE(CONSENT_COOKIE)) || slice_ieq(name, SLICE(CONSENT_COOKIE_PLAIN));
}

bool cookie_word(struct builder *b, const struct statement *s, const struct word *w, struct slice *name,
		 struct slice *value)
{
	bool text = w->kind == WORD_BARE || w->kind == WORD_STRING;

	if (!text || !slice_cut(w->text, '=', name, value))
		build_error(b, s, w, "write NAME=VALUE", "\"%.*s\" is no cookie with its value", SLICE_ARG(w->raw));
	else if (!is_token(*name))
		build_error(b, s, w, "use letters, digits and any of !#$%&'*+-.^_`|~ (RFC 6265 4.1.1)",
			    "\"%.*s\" is no valid cookie name", SLICE_ARG(*name));
	else if (reserved_cookie(*name))
		build_error(b, s, w, "choose another name", "\"%.*s\" is crumbgate's own consent cookie",
			    SLICE_ARG(*name));
	else
		return true;
	return false;
}

static bool is_duplicate(struct builder *b, const struct statement *s, const struct opt_out_rule *rule)
{
	for (size_t i = 0; i < b->rs->n_opt_outs; i++) {
		const struct opt_out_rule *other = &b->rs->opt_outs[i];

		if (!slice_eq(other->name, rule->name) || !slice_eq(other->value, rule->value))
			continue;
		build_error(b, s, &s->words[2],
			    build_hint(b, "name all its purposes at %.*s:%u", SLICE_ARG(other->rule.file),
				       other->rule.line),
			    "a second \"opt-out\" statement for the same cookie and value");
		return true;
	}
	return false;
}

static void add_opt_out(struct builder *b, const struct item *item, struct slice name, struct slice value,
			const struct clauses *c)
{
	struct opt_out_rule *rule = &b->rs->opt_outs[b->rs->n_opt_outs];

	*rule = (struct opt_out_rule){
		.rule = build_rule(b, item->file, item->s),
		.name = arena_copy(&b->rs->arena, name),
		.value = arena_copy(&b->rs->arena, value),
		.max_age = c->seen & CLAUSE_FOR ? c->seconds : COOKIE_AGE_MAX,
		.denies = c->denies,
		.announced = (c->seen & CLAUSE_ANNOUNCED) != 0,
	};
	if (is_duplicate(b, item->s, rule))
		return;
	b->rs->n_opt_outs++;
	build_add_rule(b, &rule->rule);
}

static bool check_value(struct builder *b, const struct statement *s, struct slice value)
{
	if (value.n && cookie_octets(value))
		return true;
	if (value.n)
		build_error(b, s, &s->words[2], "use visible ASCII without blanks, quotes, commas and semicolons",
			    "\"%.*s\" is no valid cookie value", SLICE_ARG(value));
	else
		build_error(b, s, &s->words[2], "write NAME=VALUE", "the cookie's value is missing");
	return false;
}

void rules_opt_out(struct builder *b, struct item *item)
{
	static const char example[] = "write, e.g.: opt-out cookie optout=1 denies analytics";
	const struct statement *s = item->s;
	struct slice name, value;
	struct clauses c;
	bool ok;

	if (s->n_words < 3 || !word_is(&s->words[1], "cookie")) {
		build_error(b, s, &s->words[s->n_words > 1], example, "an opt-out is a cookie with its value");
		return;
	}
	ok = cookie_word(b, s, &s->words[2], &name, &value) && check_value(b, s, value);
	c = clauses_read(b, item, 3, CLAUSE_FOR | CLAUSE_DENIES | CLAUSE_ANNOUNCED);
	if (!(c.seen & CLAUSE_DENIES))
		build_missing(b, s, example, "\"denies\" is missing: which purposes does the cookie deny?");
	else if (ok && c.ok)
		add_opt_out(b, item, name, value, &c);
}

static int signal_of(const struct word *w)
{
	if (word_is(w, "gpc"))
		return SIGNAL_GPC;
	return word_is(w, "dnt") ? SIGNAL_DNT : -1;
}

void rules_signal(struct builder *b, struct item *item)
{
	static const char *const names[] = {"gpc", "dnt"};
	static const char example[] = "write, e.g.: signal gpc denies advertising, or: signal dnt ignored";
	const struct statement *s = item->s;
	struct signal_rule *rule;
	struct clauses c;
	int kind;

	if (s->n_words < 2) {
		build_missing(b, s, example, "the signal's name is missing");
		return;
	}
	kind = signal_of(&s->words[1]);
	if (kind < 0)
		build_error(b, s, &s->words[1],
			    build_suggest(b, s->words[1].text, names, CG_COUNT(names), "signals are: gpc dnt"),
			    "unknown signal \"%.*s\"", SLICE_ARG(s->words[1].raw));
	c = clauses_read(b, item, 2, CLAUSE_DENIES | CLAUSE_IGNORED);
	if ((c.seen & CLAUSE_DENIES) && (c.seen & CLAUSE_IGNORED))
		build_error(b, s, &s->words[0], example, "a signal either denies or is ignored");
	else if (c.ok && !c.seen)
		build_missing(b, s, example, "what the signal does is missing");
	if (kind < 0)
		return;
	rule = &b->rs->signals[kind];
	if (rule->rule.line)
		build_error(b, s, &s->words[1],
			    build_hint(b, "see %.*s:%u", SLICE_ARG(rule->rule.file), rule->rule.line),
			    "the signal \"%s\" is spoken of twice", names[kind]);
	else
		build_add_rule(b, &rule->rule);
	rule->rule = build_rule(b, item->file, s);
	rule->denies = c.denies;
}
