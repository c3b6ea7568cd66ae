/* inject consent-mode: which purposes Google's consent types are of. */
#include "rules/language/ruleset_internal.h"

static const struct {
	const char *type;
	const char *purpose; /* by default */
} types[CONSENT_MODE_TYPES] = {
	{"ad_storage", "advertising"},
	{"ad_user_data", "advertising"},
	{"ad_personalization", "advertising"},
	{"analytics_storage", "analytics"},
	{"functionality_storage", "preferences"},
	{"personalization_storage", "preferences"},
	{"security_storage", "necessary"},
};

const char *consent_mode_type(size_t i)
{
	return types[i].type;
}

static size_t type_of(const struct word *w)
{
	size_t i = 0;

	while (i < CONSENT_MODE_TYPES && !word_is(w, types[i].type))
		i++;
	return i;
}

static void unknown_type(struct builder *b, const struct statement *s, const struct word *w)
{
	const char *names[CONSENT_MODE_TYPES];

	for (size_t i = 0; i < CONSENT_MODE_TYPES; i++)
		names[i] = types[i].type;
	build_error(b, s, w,
		    build_suggest(b, w->text, names, CONSENT_MODE_TYPES,
				  "write, e.g.: ad_storage ad_user_data is advertising"),
		    "\"%.*s\" is no type of Google's consent mode", SLICE_ARG(w->raw));
}

/* TYPE... is PURPOSE... */
static void read_line(struct builder *b, const struct item *item, const struct statement *s, struct consent_mode *mode)
{
	struct item line = *item; /* for what its clauses complain about */
	struct clauses c;
	size_t n = 0;

	while (n < s->n_words && !clause_begins(&s->words[n], CLAUSE_IS))
		n++;
	line.s = s;
	c = clauses_read(b, &line, n, CLAUSE_IS);
	if (!(c.seen & CLAUSE_IS))
		build_missing(b, s, "write, e.g.: analytics_storage is analytics", "\"is\" and a purpose are missing");
	else if (n == 0)
		build_error(b, s, &s->words[0], "write, e.g.: analytics_storage is analytics", "the type is missing");
	for (size_t i = 0; i < n; i++) {
		size_t type = type_of(&s->words[i]);

		if (type == CONSENT_MODE_TYPES)
			unknown_type(b, s, &s->words[i]);
		else if (mode->needs[type])
			build_error(b, s, &s->words[i], "name it once", "\"%s\" is named twice", types[type].type);
		else
			mode->needs[type] = c.is;
	}
}

/* By the usual names of purposes, as far as the site has them. */
static void set_defaults(struct builder *b, const struct item *item, struct consent_mode *mode)
{
	purposes optional = 0;

	for (size_t i = 0; i < CONSENT_MODE_TYPES; i++) {
		int bit = ruleset_purpose_find(b->rs, slice_str(types[i].purpose));

		mode->needs[i] = bit >= 0 ? PURPOSE_NECESSARY << bit : 0;
		optional |= mode->needs[i] & ~PURPOSE_NECESSARY;
	}
	if (!optional)
		build_error(b, item->s, &item->s->words[1],
			    "tell in a block: inject consent-mode {, ad_storage is ..., }",
			    "there is no purpose advertising, analytics or preferences");
}

void rules_consent_mode(struct builder *b, struct item *item)
{
	struct ruleset *rs = b->rs;
	struct inject_html_rule *rule = &rs->html[rs->n_html++];
	struct consent_mode *mode = arena_calloc(&rs->arena, 1, sizeof *mode);

	*rule = (struct inject_html_rule){
		.rule = build_rule(b, item->file, item->s),
		.mask = PURPOSE_NECESSARY,
		.place = INJECT_HEAD_START,
		.status_min = 200,
		.status_max = 599,
		.consent_mode = mode,
	};
	build_add_rule(b, &rule->rule);
	(void)build_no_more_words(b, item->s, 2);
	if (!mode || !build_first_of_kind(b, item, &b->consent_mode))
		return;
	if (!item->s->has_block)
		set_defaults(b, item, mode);
	for (const struct statement *s = item->s->children; s; s = s->next)
		read_line(b, item, s, mode);
	if (item->s->has_block && !mode->needs[CONSENT_MODE_TYPES - 1])
		mode->needs[CONSENT_MODE_TYPES - 1] = PURPOSE_NECESSARY;
}
