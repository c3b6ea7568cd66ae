/*
 * The words of a beacon statement that are URL patterns. All of them become one filter, a pattern a line, so that the
 * number of the line that matches leads to the statement.
 */
#include "rules/language/ruleset_internal.h"

/* ---- Pattern or selector? ---- */

/* '/' or '^' outside of brackets, parentheses and quotes stand in no selector. */
static bool holds_url_octet(struct slice text)
{
	struct selector_scan scan = {0};

	for (size_t i = 0; i < text.n; i++) {
		if (scan.depth == 0 && !scan.quote && (text.p[i] == '/' || text.p[i] == '^'))
			return true;
		selector_scan(&scan, slice_of(text.p + i, 1));
	}
	return false;
}

/* "*", "*.class", "*[name]" and their like are selectors. */
static bool star_selects(struct slice text)
{
	return text.n == 1 || memchr(".#[:,>+~", text.p[1], 8);
}

bool url_word(const struct word *w)
{
	struct slice text = w->text;

	if (w->kind == WORD_REGEX)
		return true;
	if (w->kind == WORD_HEREDOC || text.n == 0)
		return false;
	if (text.p[0] == '|' || text.p[0] == '/' || slice_starts_with(text, SLICE("@@")))
		return true;
	return holds_url_octet(text) || (text.p[0] == '*' && !star_selects(text));
}

/* ---- Checks. ---- */

static bool matches_everything(struct slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (!memchr("*^/|", text.p[i], 4))
			return false;
	}
	return true;
}

static bool refuse_regex(struct builder *b, const struct statement *s, const struct word *w)
{
	size_t close = w->text.n - 1;
	const char *hint = "leave the options out, or put the line in a file for a list statement";

	while (close && w->text.p[close] != '/')
		close--;
	if (close + 1 == w->text.n)
		hint = build_hint(b, "for the text write %.*s*; in a regular expression write \\/ for a slash",
				  SLICE_ARG(w->text));
	build_error(b, s, w, hint, "filter lists take \"%.*s\" for a regular expression", SLICE_ARG(w->raw));
	return false;
}

static bool check_kind(struct builder *b, const struct statement *s, const struct word *w,
		       const struct filter_check *check)
{
	if (check->kind == FILTER_LINE_UNSUPPORTED)
		build_error(b, s, w, "see PATTERNS AND SELECTORS in crumbgate-rules(5)", "%s", check->message);
	else if (check->kind == FILTER_LINE_EXCEPTION)
		build_error(b, s, w,
			    build_hint(b, "on an earlier line write: beacon %.*s is necessary",
				       SLICE_ARG(slice_from(w->text, 2))),
			    "exceptions (\"@@\") stand in filter lists only");
	else if (check->kind == FILTER_LINE_BADFILTER || check->important)
		build_error(
			b, s, w,
			"the first statement that matches decides: to let something pass, write \"is necessary\" on "
			"an earlier line",
			"the option \"%s\" stands in filter lists only", check->important ? "important" : "badfilter");
	else if (check->kind == FILTER_LINE_ELEMENTS)
		build_error(b, s, w, "write a selector without the \"##\"",
			    "this hides elements, which is not consent");
	else if (check->kind != FILTER_LINE_BLOCK)
		build_error(b, s, w, "begin it with || and a host, or with /", "filter lists take this for a comment");
	else
		return true;
	return false;
}

static bool check_text(struct builder *b, const struct statement *s, const struct word *w, struct filter_check *check)
{
	struct slice text = w->text;

	if (w->kind == WORD_BARE && text.p[text.n - 1] == ',') {
		build_error(b, s, w, "separate the patterns by blanks", "a comma behind \"%.*s\"",
			    SLICE_ARG(slice_head(text, text.n - 1)));
		return false;
	}
	if (matches_everything(text)) {
		build_error(b, s, w, "name a host or a part of the address, e.g. ||example.com^",
			    "this matches every address");
		return false;
	}
	filter_check(text, check);
	if (!check_kind(b, s, w, check))
		return false;
	return !check->regex || refuse_regex(b, s, w);
}

static void put_text(struct builder *b, struct slice text)
{
	buffer_add(&b->filter_text, text);
	buffer_add_char(&b->filter_text, '\n');
}

/* ---- Regular expressions. ---- */

static bool check_flags(struct builder *b, const struct statement *s, const struct word *w)
{
	for (size_t i = 0; i < w->flags.n; i++) {
		if (w->flags.p[i] == 'i')
			continue;
		build_error(b, s, w, "the only flag here is i", "the flag \"%c\" has no meaning for an address",
			    w->flags.p[i]);
		return false;
	}
	return true;
}

/* Octets that mean themselves only: most likely a path was meant. */
static bool is_plain_word(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (!ascii_is_alpha(s.p[i]) && !ascii_is_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
			return false;
	}
	return true;
}

static bool check_regex(struct builder *b, const struct statement *s, const struct word *w)
{
	struct pattern_error error;
	struct pattern *pattern;

	if (!check_flags(b, s, w) || !build_count_pattern(b, s, w))
		return false;
	pattern = pattern_compile(w->text, w->flags, &error);
	if (!pattern) {
		build_pattern_error(b, s, w, &error);
		return false;
	}
	pattern_free(pattern);
	if (is_plain_word(w->text) && w->flags.n == 0)
		build_warning(b, s, w, build_hint(b, "for the folder write /%.*s/*", SLICE_ARG(w->text)),
			      "this is a regular expression: it finds \"%.*s\" anywhere in an address",
			      SLICE_ARG(w->text));
	return true;
}

/* The filter's own syntax: letter case counts with an option only. */
static bool put_regex(struct builder *b, const struct statement *s, const struct word *w)
{
	struct slice parts[] = {SLICE("/"), w->text, w->flags.n ? SLICE("/") : SLICE("/$match-case")};
	struct slice line = arena_concat(&b->tree, parts, CG_COUNT(parts));
	struct filter_check check;

	if (line.n == 0)
		return false;
	filter_check(line, &check);
	if (check.kind == FILTER_LINE_BLOCK && check.regex) {
		put_text(b, line);
		return true;
	}
	build_error(b, s, w, "write \\x24 for a dollar sign, and percent-escapes for what is not ASCII",
		    "this cannot stand in a filter: %s", check.message[0] ? check.message : "it reads as options");
	return false;
}

/* ---- The rest. ---- */

/* What scripts hold of a pattern: the host, if nothing else is asked for. One without a dot could be any word. */
static void add_host(struct builder *b, const struct statement *s, const struct word *w,
		     const struct filter_check *check, const struct beacon_rule *rule)
{
	const struct beacon_literal what = {.rule = rule, .host = true};
	char lower[LITERAL_MAX];

	if (!check->whole_host || check->host.n < LITERAL_MIN || check->host.n > LITERAL_MAX ||
	    slice_find_char(check->host, '.') == check->host.n)
		return;
	for (size_t i = 0; i < check->host.n; i++)
		lower[i] = ascii_lower(check->host.p[i]);
	literal_add(b, s, w, slice_of(lower, check->host.n), &what);
}

void url_add(struct builder *b, const struct item *item, const struct word *w, const struct beacon_rule *rule)
{
	struct beacons *beacons = &b->rs->beacons;
	bool regex = w->kind == WORD_REGEX;
	struct filter_check check = {0};

	if (beacons->n_patterns == NAMES_MAX) {
		if (!b->too_many_urls)
			build_error(b, item->s, w, "put them in a file for a list statement",
				    "more than %d URL patterns", NAMES_MAX);
		b->too_many_urls = true;
		return;
	}
	if (regex ? !check_regex(b, item->s, w) || !put_regex(b, item->s, w) : !check_text(b, item->s, w, &check))
		return;
	if (!regex)
		put_text(b, w->text);
	beacons->patterns[beacons->n_patterns++] = (struct beacon_pattern){
		.rule = rule,
		.text = arena_copy(&b->rs->arena, w->text),
		.flags = arena_copy(&b->rs->arena, w->flags),
		.regex = regex,
		.host = check.host,
		.whole = check.whole_host && slice_find_char(w->text, '$') == w->text.n,
		.item = item,
		.word = w,
	};
	add_host(b, item->s, w, &check, rule);
}

void url_finish(struct builder *b)
{
	static const struct filter_options all;
	struct beacons *beacons = &b->rs->beacons;
	struct filter_counts counts = {0};

	if (beacons->n_patterns == 0)
		return;
	if (!b->filter_text.failed)
		beacons->filter = filter_compile(buffer_slice(&b->filter_text), SLICE("beacons"), &all, NULL, &counts);
	/* Every line was looked at before: one that is not there now is one that memory was refused for. */
	if (!beacons->filter || counts.blocks != beacons->n_patterns)
		build_no_memory(b);
}

void url_forget_trees(struct beacons *beacons)
{
	for (size_t i = 0; i < beacons->n_patterns; i++) {
		beacons->patterns[i].host = slice_of(NULL, 0);
		beacons->patterns[i].item = NULL;
		beacons->patterns[i].word = NULL;
	}
}
