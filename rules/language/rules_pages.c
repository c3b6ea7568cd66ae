/* inject html and pages: what is put into pages, and what holds for all of them. */
#include "rules/language/ruleset_internal.h"

#define HTML_CLAUSES (CLAUSE_IS | CLAUSE_PLACE | CLAUSE_PATH | CLAUSE_PATHS | CLAUSE_STATUS | CLAUSE_HTML)

#define PAGE_SIZE_MIN 4096
#define PAGE_SIZE_MAX (16 * 1024 * 1024)

/* ---- inject html ---- */

static const struct {
	const char *word;
	enum inject_place place;
} places[] = {
	{"head-start", INJECT_HEAD_START},
	{"head-end", INJECT_HEAD_END},
	{"body-start", INJECT_BODY_START},
	{"body-end", INJECT_BODY_END},
};

static bool read_place(struct builder *b, const struct statement *s, const struct word *w, enum inject_place *place)
{
	const char *words[CG_COUNT(places)];

	for (size_t i = 0; i < CG_COUNT(places); i++) {
		words[i] = places[i].word;
		*place = places[i].place;
		if (word_is(w, words[i]))
			return true;
	}
	build_error(
		b, s, w,
		build_suggest(b, w->text, words, CG_COUNT(words), "write head-start, head-end, body-start or body-end"),
		"\"%.*s\" is no place in a page", SLICE_ARG(w->raw));
	return false;
}

/* Where to put it. False after an error. */
static bool set_place(struct builder *b, const struct item *item, const struct clauses *c,
		      struct inject_html_rule *rule)
{
	size_t i = (size_t)(c->place - item->s->words);
	const struct beacon_selector *selector;

	if (word_is(c->place_word, "at"))
		return read_place(b, item->s, c->place, &rule->place);
	rule->place = word_is(c->place_word, "before") ? INJECT_BEFORE : INJECT_AFTER;
	selector = selector_read(b, item, i, i + 1, NULL);
	rule->selector = selector ? selector->id : 0;
	return selector != NULL;
}

static void set_paths(struct builder *b, const struct item *item, const struct clauses *c,
		      struct inject_html_rule *rule)
{
	struct names *names = &b->rs->html_paths[rule - b->rs->html];

	if (c->paths_from == c->paths_to || !names_allocate(names, c->paths_to - c->paths_from, &b->rs->arena))
		return;
	names_read_words(b, item, NAME_OF_PATH, c->paths_from, c->paths_to, names, &rule->rule, 0);
	if (names_index(names, &b->rs->arena))
		rule->paths = names;
}

static bool is_complete(struct builder *b, const struct statement *s, const struct clauses *c)
{
	if (!(c->seen & CLAUSE_PLACE))
		build_missing(b, s, "write, e.g.: inject html at head-end is analytics <<HTML",
			      "the place is missing: at, before or after");
	else if (!(c->seen & CLAUSE_IS))
		build_missing(b, s, "write, e.g.: is analytics", "\"is\" and a purpose are missing");
	else if (!c->html)
		build_missing(b, s, "end the statement with <<HTML, and the HTML with a line that holds HTML alone",
			      "the HTML is missing");
	else if (c->html->text.n == 0)
		build_error(b, s, c->html, NULL, "the HTML is empty");
	else
		return true;
	return false;
}

void rules_inject_html(struct builder *b, struct item *item)
{
	struct ruleset *rs = b->rs;
	struct inject_html_rule *rule = &rs->html[rs->n_html++];
	struct clauses c = clauses_read(b, item, 2, HTML_CLAUSES);

	*rule = (struct inject_html_rule){
		.rule = build_rule(b, item->file, item->s),
		.mask = c.is,
		.status_min = c.seen & CLAUSE_STATUS ? c.status_min : 200,
		.status_max = c.seen & CLAUSE_STATUS ? c.status_max : 299,
	};
	build_add_rule(b, &rule->rule);
	set_paths(b, item, &c, rule);
	if (c.place && !set_place(b, item, &c, rule))
		return;
	if (is_complete(b, item->s, &c))
		rule->html = arena_copy(&rs->arena, c.html->text);
}

/* ---- pages ---- */

/* One of two words. */
struct choice {
	const char *words[2];
	size_t at; /* offset of the bool that the second sets and the first clears */
	const char *example;
};

static const struct choice guard_choice = {{"off", "on"}, offsetof(struct pages_rule, guard), "write on or off"};
static const struct choice csp_choice = {
	{"kept", "narrow"}, offsetof(struct pages_rule, csp_narrow), "write kept or narrow"};
static const struct choice unreadable_choice = {
	{"withheld", "passed"}, offsetof(struct pages_rule, unreadable_passes), "write withheld or passed"};
static const struct choice oversized_choice = {
	{"withheld", "passed"}, offsetof(struct pages_rule, oversized_passes), "write withheld or passed"};

static void read_choice(struct builder *b, const struct statement *s, const struct choice *choice)
{
	bool *set = (bool *)((char *)&b->rs->pages + choice->at);
	const struct word *w = &s->words[1];

	if (!build_one_value(b, s, choice->example))
		return;
	*set = word_is(w, choice->words[1]);
	if (!*set && !word_is(w, choice->words[0]))
		build_error(b, s, w, build_suggest(b, w->text, choice->words, 2, choice->example),
			    "unexpected \"%.*s\"", SLICE_ARG(w->raw));
}

static void read_size(struct builder *b, const struct statement *s, size_t at)
{
	size_t *size = (size_t *)(void *)((char *)&b->rs->pages + at);
	uint64_t octets;

	if (!build_one_value(b, s, "write, e.g.: 256k") || !word_size(s, &s->words[1], b->d, PAGE_SIZE_MAX, &octets))
		return;
	if (octets < PAGE_SIZE_MIN)
		build_error(b, s, &s->words[1], "write 4k or more", "the size is too small");
	*size = (size_t)octets;
}

/* What a block "pages" holds: a choice, or a size. */
static const struct {
	const char *word;
	const struct choice *choice;
	size_t size;
} pages_words[] = {
	{"guard", &guard_choice, 0},
	{"csp", &csp_choice, 0},
	{"unreadable", &unreadable_choice, 0},
	{"oversized", &oversized_choice, 0},
	{"tag", NULL, offsetof(struct pages_rule, tag_max)},
	{"script", NULL, offsetof(struct pages_rule, script_max)},
};

static void pages_statement(struct builder *b, const struct statement *s,
			    const struct statement *seen[CG_COUNT(pages_words)])
{
	const struct word *w = &s->words[0];
	const char *words[CG_COUNT(pages_words)];

	for (size_t i = 0; i < CG_COUNT(pages_words); i++) {
		words[i] = pages_words[i].word;
		if (!word_is(w, words[i]))
			continue;
		if (s->has_block)
			build_error(b, s, w, "remove the braces", "\"%s\" has no block", words[i]);
		if (seen[i])
			build_error(b, s, w, build_hint(b, "see line %u", seen[i]->words[0].line),
				    "\"%s\" stands twice in this block", words[i]);
		seen[i] = s;
		if (pages_words[i].choice)
			read_choice(b, s, pages_words[i].choice);
		else
			read_size(b, s, pages_words[i].size);
		return;
	}
	build_error(b, s, w,
		    build_suggest(b, w->text, words, CG_COUNT(words),
				  "pages hold: guard csp unreadable oversized tag script"),
		    "unknown word \"%.*s\" in \"pages\"", SLICE_ARG(w->raw));
}

void rules_pages(struct builder *b, struct item *item)
{
	const struct statement *seen[CG_COUNT(pages_words)] = {NULL};
	const struct statement *s = item->s;

	if (!build_first_of_kind(b, item, &b->pages) || !build_no_more_words(b, s, 1))
		return;
	if (!s->has_block)
		build_missing(b, s, "write { here, the words below it, and } alone on a line", "the block is missing");
	b->rs->pages.rule = build_rule(b, item->file, s);
	for (const struct statement *child = s->children; child; child = child->next)
		pages_statement(b, child, seen);
}
