/* beacon and list: what in pages calls trackers, by address and by selector. */
#include "rules/data/shipped.h"
#include "rules/language/ruleset_internal.h"

#define BEACON_CLAUSES (CLAUSE_IS | CLAUSE_ACTION | CLAUSE_CONTAINING)
#define LIST_CLAUSES   (CLAUSE_IS | CLAUSE_ACTION | CLAUSE_WITHOUT)

/* The words between "beacon" and the first clause. */
struct subject {
	size_t end;		   /* index of the first word of a clause */
	size_t from, to;	   /* of the selector; equal if there is none */
	struct selector_scan scan; /* of the selector's words so far */
	bool split;		   /* told that something stands between the selector's words */
};

static void take_selector_word(struct builder *b, const struct statement *s, size_t i, struct subject *subject)
{
	if (subject->from == subject->to) {
		subject->from = i;
	} else if (subject->to != i) {
		if (!subject->split)
			build_error(b, s, &s->words[i], "put the URL patterns in front of the selector",
				    "a second selector in this statement");
		subject->split = true;
		return;
	}
	subject->to = i + 1;
	if (s->words[i].kind != WORD_STRING)
		selector_scan(&subject->scan, s->words[i].raw);
	if (subject->scan.quote == '"')
		subject->scan.quote = '\0';
}

/* An open bracket takes all that follows; here is where the statement goes on most likely. */
static void complain_open(struct builder *b, const struct statement *s, struct subject *subject)
{
	build_error(b, s, &s->words[subject->from], "close each '[' and '(' of the selector",
		    "a bracket in this selector is not closed");
	for (size_t i = subject->from + 1; i < subject->end; i++) {
		if (clause_begins(&s->words[i], BEACON_CLAUSES))
			subject->end = i;
	}
	subject->from = subject->to = 0;
}

static struct subject read_subject(struct builder *b, const struct item *item, const struct beacon_rule *rule)
{
	const struct statement *s = item->s;
	struct subject subject = {.end = 1};

	for (; subject.end < s->n_words; subject.end++) {
		const struct word *w = &s->words[subject.end];

		if (w->kind == WORD_HEREDOC || (subject.scan.depth == 0 && clause_begins(w, BEACON_CLAUSES)))
			break;
		if (subject.scan.depth == 0 && url_word(w))
			url_add(b, item, w, rule);
		else
			take_selector_word(b, s, subject.end, &subject);
	}
	if (subject.scan.depth)
		complain_open(b, s, &subject);
	return subject;
}

/* "beacon #ad is ..." is a statement of one word to everybody but its author. */
static const char *or_comment(struct builder *b, const struct statement *s, const char *hint)
{
	struct slice word = s->comment;
	size_t n = 1;

	while (n < word.n && word.p[n] != ' ' && word.p[n] != '\t')
		n++;
	if (n == 1 || word.n == 0)
		return hint;
	return build_hint(b, "'#' at the start of a word begins a comment; for a selector write *%.*s",
			  SLICE_ARG(slice_head(word, n)));
}

static void check_subject(struct builder *b, const struct statement *s, const struct subject *subject)
{
	static const char hint[] = "write, e.g.: beacon ||example.com^ is analytics";

	if (subject->end > 1)
		return;
	if (s->n_words == 1)
		build_missing(b, s, or_comment(b, s, hint), "a URL pattern or a selector is missing behind \"beacon\"");
	else
		build_error(b, s, &s->words[1], hint, "a URL pattern or a selector is missing behind \"beacon\"");
}

/* ---- containing ---- */

static const char containing_hint[] = "write, e.g.: beacon script containing \"fbq(\"";

static bool has_selector(struct builder *b, const struct statement *s, const struct word *containing,
			 const struct subject *subject)
{
	if (subject->from < subject->to || subject->split)
		return true;
	build_error(b, s, containing, containing_hint, "\"containing\" needs a selector in front of it");
	return false;
}

/* Of other elements nothing keeps the text until it can be judged. Selectors tell their type when all are there. */
static void check_types(struct builder *b)
{
	for (const struct item *i = b->items; i; i = i->next) {
		struct slice type;

		if (!i->containing)
			continue;
		type = selector_type(b->rs->beacons.selectors, i->selector);
		if (!slice_eq(type, SLICE("script")) && !slice_eq(type, SLICE("style")))
			build_error(b, i->s, i->containing, containing_hint,
				    "\"containing\" is for script and style elements alone");
	}
}

static const struct pattern *containing_regex(struct builder *b, const struct statement *s, const struct word *w)
{
	struct pattern_error error;
	struct pattern *pattern;

	if (!build_count_pattern(b, s, w))
		return NULL;
	pattern = pattern_compile(w->text, w->flags, &error);
	if (!pattern)
		build_pattern_error(b, s, w, &error);
	else
		b->rs->beacons.regexes[b->rs->beacons.n_regexes++] = pattern;
	return pattern;
}

static void add_containing(struct builder *b, struct item *item, const struct clauses *c,
			   struct beacon_selector *selector)
{
	const struct statement *s = item->s;
	const struct word *w = c->containing;
	const struct beacon_literal what = {.rule = selector->rule, .selector = selector};

	item->containing = c->containing_word;
	item->selector = selector->id;
	if (w->kind == WORD_REGEX) {
		selector->containing_regex = containing_regex(b, s, w);
		return;
	}
	if (w->text.n < LITERAL_MIN || w->text.n > LITERAL_MAX) {
		build_error(b, s, w, "for anything else write a regular expression", "the text has %d to %d octets",
			    LITERAL_MIN, LITERAL_MAX);
		return;
	}
	selector->containing = arena_copy(&b->rs->arena, w->text);
	literal_add(b, s, w, w->text, &what);
}

/* ---- The statements. ---- */

static struct beacon_rule *new_rule(struct builder *b, const struct item *item, bool list)
{
	struct beacons *beacons = &b->rs->beacons;
	size_t order = beacons->n_rules++;
	struct beacon_rule *rule = &beacons->rules[order];

	*rule = (struct beacon_rule){.rule = build_rule(b, item->file, item->s), .order = order, .list = list};
	build_add_rule(b, &rule->rule);
	return rule;
}

static void set_outcome(struct builder *b, const struct item *item, struct beacon_rule *rule, const struct clauses *c)
{
	if (!(c->seen & CLAUSE_IS))
		build_missing(b, item->s, or_comment(b, item->s, "write, e.g.: is analytics"),
			      "\"is\" and a purpose are missing");
	rule->mask = c->is;
	rule->action = c->action;
	rule->replacement = arena_copy(&b->rs->arena, c->replacement);
	b->rs->beacons.mask |= c->is;
}

void rules_beacon(struct builder *b, struct item *item)
{
	struct beacon_rule *rule = new_rule(b, item, false);
	const struct statement *s = item->s;
	struct subject subject = read_subject(b, item, rule);
	struct beacon_selector *selector = NULL;
	struct clauses c;

	check_subject(b, s, &subject);
	if (subject.from < subject.to)
		selector = selector_read(b, item, subject.from, subject.to, rule);
	c = clauses_read(b, item, subject.end, BEACON_CLAUSES);
	if (c.containing && has_selector(b, s, c.containing_word, &subject) && selector)
		add_containing(b, item, &c, selector);
	if (subject.end > 1)
		set_outcome(b, item, rule, &c);
}

/* ---- list ---- */

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* Lists hold what other programs understand; one warning says how much of it is of no use here. */
static void warn_unsupported(struct builder *b, const struct statement *s, const struct filter_counts *counts,
			     const struct diagnostics *found)
{
	const struct diagnostic *first = found->n ? &found->v[0] : NULL;
	struct slice why;

	if (counts->unsupported == 0 || !first)
		return;
	why = slice_head(first->message, slice_find(first->message, SLICE("; the line is left out")));
	build_warning(b, s, &s->words[1], build_hint(b, "the first is line %u: %.*s", first->at.line, SLICE_ARG(why)),
		      "not supported and left out: %zu of %zu lines", counts->unsupported, counts->lines);
}

static void warn_empty(struct builder *b, const struct statement *s, const struct filter_counts *counts)
{
	if (counts->blocks == 0)
		build_warning(b, s, &s->words[1], "is this a filter list, as for Adblock Plus or uBlock Origin?",
			      "nothing in this file blocks anything: it has %zu line%s", counts->lines,
			      plural(counts->lines));
}

static void compile_list(struct builder *b, const struct item *item, struct slice path, struct slice text,
			 const struct filter_options *options, const struct beacon_rule *rule)
{
	struct beacons *beacons = &b->rs->beacons;
	struct filter_counts counts;
	struct diagnostics found;
	struct filter *filter;

	diagnostics_init(&found);
	filter = filter_compile(text, path, options, &found, &counts);
	if (!filter && found.errors)
		build_error(b, item->s, &item->s->words[1], "split it", "the list is larger than %u octets",
			    FILTER_TEXT_MAX);
	else if (!filter || found.failed)
		build_no_memory(b);
	warn_unsupported(b, item->s, &counts, &found);
	diagnostics_free(&found);
	if (!filter)
		return;
	warn_empty(b, item->s, &counts);
	beacons->lists[beacons->n_lists++] = (struct beacon_list){rule, filter};
}

static void read_list(struct builder *b, const struct item *item, const struct filter_options *options,
		      const struct beacon_rule *rule)
{
	const struct statement *s = item->s;
	const struct word *w = &s->words[1];
	struct slice path = loader_resolve(&b->tree, item->file->path, w->text), text;
	enum load_result r;

	if (b->rs->beacons.n_lists == LISTS_MAX) {
		build_error(b, s, w, "put several lists into one file", "more than %d lists", LISTS_MAX);
		return;
	}
	if (path.n == 0)
		return;
	r = item->file->shipped ? LOAD_MISSING : b->loader->load(b->loader->arg, path, &text);
	if (r == LOAD_MISSING && shipped_find(item->file->shipped ? path : w->text, &text))
		r = LOAD_OK;
	if (r == LOAD_OK) {
		identity_add(b->rs, text);
		compile_list(b, item, path, text, options, rule);
	} else {
		build_error(b, s, w,
			    w->text.n && w->text.p[0] == '/'
				    ? NULL
				    : build_hint(b, "a relative path is relative to the folder of %.*s",
						 SLICE_ARG(item->file->path)),
			    "\"%.*s\" %s", SLICE_ARG(path), load_result_text(r));
	}
}

void rules_list(struct builder *b, struct item *item)
{
	static const char hint[] = "write, e.g.: list easyprivacy.txt is advertising";
	struct beacon_rule *rule = new_rule(b, item, true);
	const struct statement *s = item->s;
	struct clauses c;

	if (s->n_words == 1) {
		build_missing(b, s, hint, "the path of the list is missing");
		return;
	}
	if (clause_begins(&s->words[1], LIST_CLAUSES) || s->words[1].kind == WORD_HEREDOC) {
		build_error(b, s, &s->words[1], hint, "the path of the list is missing");
		return;
	}
	c = clauses_read(b, item, 2, LIST_CLAUSES);
	set_outcome(b, item, rule, &c);
	if (s->words[1].kind == WORD_REGEX)
		build_error(b, s, &s->words[1], "write the path in quotes", "this is no path of a file");
	else
		read_list(b, item, &c.without, rule);
}

void rules_beacon_finish(struct builder *b)
{
	struct beacons *beacons = &b->rs->beacons;

	for (size_t i = 0; i < beacons->n_rules; i++)
		beacons->placeholder |= beacons->rules[i].action == BEACON_REPLACED && !beacons->rules[i].replacement.n;
	url_finish(b);
	if (beacons->selectors && !selectors_finish(beacons->selectors))
		build_no_memory(b);
	else if (beacons->selectors)
		check_types(b);
	if (beacons->literals && !literals_finish(beacons->literals))
		build_no_memory(b);
}
