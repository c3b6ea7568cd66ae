/* accept consent from, consent cookie: decisions that others stored. */
#include "rules/http/field.h"
#include "rules/language/ruleset_internal.h"

#define CATEGORIES_MAX 64 /* of one line */

/* What sites call purposes, by what usual categories are about; the first that exists is taken. */
static const char *const purpose_names[FOREIGN_KINDS][6] = {
	[FOREIGN_PREFERENCES] = {"preferences", "functional", "functionality", "preference", "personalization", NULL},
	[FOREIGN_ANALYTICS] = {"analytics", "statistics", "measurement", "performance", "statistic", NULL},
	[FOREIGN_ADVERTISING] = {"advertising", "marketing", "targeting", "ads", NULL, NULL},
};

static purposes purpose_of_kind(const struct ruleset *rs, unsigned kind)
{
	for (size_t i = 0; purpose_names[kind][i]; i++) {
		int bit = ruleset_purpose_find(rs, slice_str(purpose_names[kind][i]));

		if (bit > 0)
			return PURPOSE_NECESSARY << bit;
	}
	return 0;
}

/* words[from..to), of which none may be necessary; 0 after an error. */
static purposes read_purposes(struct builder *b, const struct item *item, const struct statement *s, size_t from,
			      size_t to)
{
	purposes set = 0;
	bool ok = from < to;

	if (from == s->n_words)
		build_missing(b, s, "name a purpose", "a purpose is missing behind \"%.*s\"",
			      SLICE_ARG(s->words[from - 1].text));
	else if (from == to)
		build_error(b, s, &s->words[from], "name a purpose in front of it",
			    "a purpose is missing behind \"%.*s\"", SLICE_ARG(s->words[from - 1].text));
	for (size_t i = from; i < to; i++) {
		purposes one = build_purpose(b, item->file, s, &s->words[i]);

		if (one == PURPOSE_NECESSARY)
			build_error(b, s, &s->words[i], "leave it out",
				    "\"necessary\" is always granted; nobody's consent changes it");
		ok = ok && one > PURPOSE_NECESSARY;
		set |= one;
	}
	return ok ? set : 0;
}

/* The first word at or behind `from` that is one of the two; n_words if there is none. */
static size_t find_word(const struct statement *s, size_t from, const char *a, const char *b)
{
	while (from < s->n_words && !word_is(&s->words[from], a) && !word_is(&s->words[from], b))
		from++;
	return from;
}

/* ---- The block of a manager. ---- */

/* One manager of one statement. */
struct accepting {
	struct builder *b;
	const struct item *item;
	struct accept_rule *rule;
	struct accept_mapping *mappings;
	struct accept_cookie *cookies;
	unsigned *vendors;
};

/* The blank-separated words of a default, in the ruleset's arena. */
static const struct slice *split_categories(struct arena *a, const char *text, size_t *n)
{
	struct slice rest = slice_str(text), *v = arena_calloc(a, CATEGORIES_MAX, sizeof *v);

	for (*n = 0; v && rest.n && *n < CATEGORIES_MAX; ++*n)
		(void)slice_cut(rest, ' ', &v[*n], &rest);
	return v;
}

/* A candidate for suggestions; each default category once is enough. */
static size_t known_categories(const struct foreign_manager *m, struct arena *a, const char **out, size_t max)
{
	size_t n = 0;

	out[n++] = "all";
	for (size_t i = 0; i < m->n_mappings; i++) {
		size_t parts;
		const struct slice *v = split_categories(a, m->mappings[i].categories, &parts);

		for (size_t k = 0; v && k < parts && n < max; k++) {
			out[n] = arena_cstr(a, v[k]);
			n += out[n] != NULL;
		}
	}
	return n;
}

static bool is_listed(struct slice list, struct slice category)
{
	struct slice one;

	while (list.n) {
		(void)slice_cut(list, ' ', &one, &list);
		if (foreign_glob(one, category, true))
			return true;
	}
	return false;
}

static bool has_default(const struct foreign_manager *m, struct slice category)
{
	for (size_t i = 0; i < m->n_mappings; i++)
		if (is_listed(slice_str(m->mappings[i].categories), category))
			return true;
	return false;
}

static bool is_category(const struct foreign_manager *m, struct slice category)
{
	return m->open || slice_ieq(category, SLICE("all")) || is_listed(slice_str(m->others), category) ||
	       has_default(m, category);
}

#define KNOWN_MAX 64

/* Sites add categories, and number them: "C0015" may be one, but "C002" is likely none. */
static void doubt_category(struct accepting *x, const struct statement *s, const struct word *w)
{
	const char *known[KNOWN_MAX], *near;

	if (w->text.n < 4 || has_default(x->rule->manager, w->text))
		return;
	near = suggest(w->text, known, known_categories(x->rule->manager, &x->b->tree, known, CG_COUNT(known)));
	if (near && strlen(near) != w->text.n)
		build_warning(x->b, s, w, build_hint(x->b, "did you mean \"%s\"?", near),
			      "%s has no category \"%.*s\" unless the site added it", x->rule->manager->title,
			      SLICE_ARG(w->raw));
}

static bool check_category(struct accepting *x, const struct statement *s, const struct word *w)
{
	const struct foreign_manager *m = x->rule->manager;
	const char *known[KNOWN_MAX];
	size_t n, star = slice_find_char(w->text, '*');

	if (w->kind != WORD_BARE && w->kind != WORD_STRING) {
		build_error(x->b, s, w, "write the name of a category", "\"%.*s\" is no category", SLICE_ARG(w->raw));
		return false;
	}
	if (slice_find_char(slice_from(w->text, star + 1), '*') + star + 1 < w->text.n) {
		build_error(x->b, s, w, "write one star", "more than one star in a category");
		return false;
	}
	if (is_category(m, w->text)) {
		doubt_category(x, s, w);
		return true;
	}
	n = known_categories(m, &x->b->tree, known, CG_COUNT(known));
	build_error(x->b, s, w, build_suggest(x->b, w->text, known, n, "see crumbgate-rules(5) for its categories"),
		    "%s has no category \"%.*s\"", m->title, SLICE_ARG(w->raw));
	return false;
}

static void note_vendor(struct accepting *x, struct slice category)
{
	static const struct slice prefix = SLICE_INIT("vendor-");
	uint64_t id;

	if (slice_istarts_with(category, prefix) && slice_to_u64(slice_from(category, prefix.n), 65535, &id))
		x->vendors[x->rule->n_vendors++] = (unsigned)id;
}

static void add_mapping(struct accepting *x, const struct statement *s, size_t n, purposes grants)
{
	struct arena *a = &x->b->rs->arena;
	struct slice *categories = arena_calloc(a, n, sizeof *categories);
	bool ok = categories != NULL;

	for (size_t i = 0; i < n && categories; i++) {
		ok = check_category(x, s, &s->words[i]) && ok;
		categories[i] = arena_copy(a, s->words[i].text);
		note_vendor(x, categories[i]);
	}
	if (!ok)
		return;
	x->mappings[x->rule->n_mappings++] = (struct accept_mapping){categories, n, grants, s->words[0].line};
	x->rule->mapped |= grants;
}

/* CATEGORY... grants PURPOSE..., or CATEGORY... ignored */
static void block_mapping(struct accepting *x, const struct statement *s)
{
	static const char *const words[] = {"grants", "ignored"};
	static const char example[] = "write, e.g.: statistics grants analytics, or: statistics ignored";
	size_t at = find_word(s, 0, "grants", "ignored");
	purposes grants;

	if (at == s->n_words && at > 1) {
		build_error(x->b, s, &s->words[1],
			    build_suggest(x->b, s->words[1].text, words, CG_COUNT(words), example),
			    "\"grants\" is missing behind the categories");
	} else if (at == 0 || at == s->n_words) {
		build_error(x->b, s, &s->words[0], example, at ? "\"grants\" is missing" : "a category is missing");
	} else if (word_is(&s->words[at], "ignored")) {
		if (build_no_more_words(x->b, s, at + 1))
			add_mapping(x, s, at, 0);
	} else {
		grants = read_purposes(x->b, x->item, s, at + 1, s->n_words);
		if (grants)
			add_mapping(x, s, at, grants);
	}
}

static const char *known_cookies(struct accepting *x)
{
	const char *const *names = x->rule->manager->cookies;
	const char *text = names[0];

	for (size_t i = 1; names[i]; i++)
		text = build_hint(x->b, "%s %s", text, names[i]);
	return build_hint(x->b, "its cookies are: %s", text);
}

/* cookie NAME [as STANDARD-NAME] */
static void block_cookie(struct accepting *x, const struct statement *s)
{
	const struct foreign_manager *m = x->rule->manager;
	size_t which = 0;

	if (s->n_words < 2) {
		build_missing(x->b, s, "write, e.g.: cookie my-consent", "the cookie's name is missing");
		return;
	}
	if (!is_token(s->words[1].text) || reserved_cookie(s->words[1].text)) {
		build_error(x->b, s, &s->words[1], "use letters, digits and any of !#$%&'*+-.^_`|~ (RFC 6265 4.1.1)",
			    "\"%.*s\" is no name for a consent cookie", SLICE_ARG(s->words[1].raw));
		return;
	}
	if (s->n_words > 2) {
		if (!word_is(&s->words[2], "as") || s->n_words != 4) {
			build_error(x->b, s, &s->words[2], "write, e.g.: cookie shop_gdpr as notice_gdpr_prefs",
				    "unexpected \"%.*s\"", SLICE_ARG(s->words[2].raw));
			return;
		}
		while (m->cookies[which] && !slice_eq(s->words[3].text, slice_str(m->cookies[which])))
			which++;
		if (!m->cookies[which]) {
			build_error(x->b, s, &s->words[3], known_cookies(x), "%s has no cookie \"%.*s\"", m->title,
				    SLICE_ARG(s->words[3].raw));
			return;
		}
	}
	x->cookies[x->rule->n_cookies++] =
		(struct accept_cookie){arena_copy(&x->b->rs->arena, s->words[1].text), which};
}

static void read_block(struct accepting *x)
{
	for (const struct statement *s = x->item->s->children; s; s = s->next) {
		if (s->has_block)
			build_error(x->b, s, &s->words[0], "remove the braces", "a line of this block has no block");
		else if (word_is(&s->words[0], "cookie"))
			block_cookie(x, s);
		else
			block_mapping(x, s);
	}
}

/* ---- Defaults. ---- */

/*
 * A line of the block is about the category of a default. Of defaults that need several it must be one that ignores:
 * purpose 1 of TCF is in all of them.
 */
static bool is_replaced(const struct accept_rule *rule, const struct slice *categories, size_t n)
{
	for (size_t i = 0; i < rule->n_mappings; i++) {
		const struct accept_mapping *m = &rule->mappings[i];

		if (n > 1 && m->grants)
			continue;
		for (size_t k = 0; m->line && k < m->n_categories; k++)
			for (size_t c = 0; c < n; c++)
				if (foreign_glob(m->categories[k], categories[c], true))
					return true;
	}
	return false;
}

/* What a default grants at this site: a purpose of the category's own name, or else of its kind. */
static purposes default_grants(const struct accept_rule *rule, const struct ruleset *rs, struct slice category,
			       unsigned kinds)
{
	int bit = ruleset_purpose_find(rs, category);
	purposes set = 0;

	if (bit > 0)
		return PURPOSE_NECESSARY << bit;
	for (unsigned k = 0; k < FOREIGN_KINDS; k++)
		set |= kinds >> k & 1 ? rule->kinds[k] : 0;
	return set;
}

static void add_defaults(struct accepting *x)
{
	struct accept_rule *rule = x->rule;
	const struct foreign_manager *m = rule->manager;

	for (unsigned k = 0; k < FOREIGN_KINDS; k++) {
		rule->kinds[k] = purpose_of_kind(x->b->rs, k);
		rule->all |= rule->kinds[k];
	}
	for (size_t i = 0; i < m->n_mappings; i++) {
		size_t n;
		const struct slice *v = split_categories(&x->b->rs->arena, m->mappings[i].categories, &n);
		purposes grants;

		if (!v || is_replaced(rule, v, n))
			continue;
		grants = default_grants(rule, x->b->rs, n == 1 ? v[0] : slice_of(NULL, 0), m->mappings[i].kinds);
		rule->all |= grants;
		grants &= ~rule->mapped;
		if (grants)
			x->mappings[rule->n_mappings++] = (struct accept_mapping){v, n, grants, 0};
	}
	rule->all |= rule->mapped;
	for (unsigned k = 0; k < FOREIGN_KINDS; k++)
		rule->kinds[k] &= ~rule->mapped;
}

/* ---- The statements. ---- */

static size_t count_children(const struct statement *s, size_t *words)
{
	size_t n = 0;

	for (const struct statement *c = s->children; c; c = c->next, n++)
		*words += c->n_words;
	return n;
}

static const struct accept_rule *accepted_before(const struct ruleset *rs, const struct foreign_manager *m)
{
	for (size_t i = 0; i < rs->n_accepts; i++)
		if (rs->accepts[i].manager == m)
			return &rs->accepts[i];
	return NULL;
}

static void warn_of_nothing(struct accepting *x, const struct word *w)
{
	const struct foreign_manager *m = x->rule->manager;

	if (m->opaque)
		build_warning(x->b, x->item->s, w, NULL, "%s tells nothing of purposes: %s", m->title, m->opaque);
	else if (x->rule->all == 0 && !x->item->s->children)
		build_warning(x->b, x->item->s, w, "say in a block what its categories grant",
			      "no purpose of this site is called as categories of %s are: it grants nothing", m->title);
}

static void add_manager(struct builder *b, const struct item *item, const struct word *w,
			const struct foreign_manager *m)
{
	struct arena *a = &b->rs->arena;
	struct accept_rule *rule = &b->rs->accepts[b->rs->n_accepts];
	size_t words = 0, lines = count_children(item->s, &words);
	struct accepting x = {b, item, rule, NULL, NULL, NULL};

	*rule = (struct accept_rule){.rule = build_rule(b, item->file, item->s), .manager = m};
	rule->mappings = x.mappings = arena_calloc(a, lines + m->n_mappings, sizeof *x.mappings);
	rule->cookies = x.cookies = arena_calloc(a, lines, sizeof *x.cookies);
	rule->vendors = x.vendors = arena_calloc(a, words, sizeof *x.vendors);
	if (!x.mappings || !x.cookies || !x.vendors)
		return;
	read_block(&x);
	add_defaults(&x);
	warn_of_nothing(&x, w);
	b->rs->n_accepts++;
	if (b->rs->n_accepts == 1 || rule[-1].rule.line != rule->rule.line ||
	    !slice_eq(rule[-1].rule.file, rule->rule.file)) /* once for a statement of several */
		build_add_rule(b, &rule->rule);
}

static bool one_more_source(struct builder *b, const struct statement *s, const struct word *w)
{
	if (b->rs->n_accepts + b->rs->n_consent_cookies < CONSENT_SOURCES_MAX)
		return true;
	build_error(b, s, w, NULL, "more than %d sources of consent", CONSENT_SOURCES_MAX);
	return false;
}

static void unknown_manager(struct builder *b, const struct statement *s, const struct word *w)
{
	const char *names[CONSENT_SOURCES_MAX], *hint = foreign_manager_hint(w->text);
	size_t n;
	const struct foreign_manager *const *managers = foreign_managers(&n);

	CG_CHECK(n <= CG_COUNT(names));
	for (size_t i = 0; i < n; i++)
		names[i] = managers[i]->name;
	if (!hint)
		hint = build_suggest(b, w->text, names, n,
				     "see crumbgate-rules(5) for those that are known; for any other write, e.g.: "
				     "consent cookie NAME matches /yes/ grants analytics");
	build_error(b, s, w, hint, "unknown consent manager \"%.*s\"", SLICE_ARG(w->raw));
}

void rules_accept(struct builder *b, struct item *item)
{
	static const char example[] = "write, e.g.: accept consent from onetrust tcf";
	const struct statement *s = item->s;

	if (s->n_words < 4 || !word_is(&s->words[1], "consent") || !word_is(&s->words[2], "from")) {
		size_t at = s->n_words > 1 && word_is(&s->words[1], "consent") ? 2 : 1;

		if (at < s->n_words && !(at == 2 && word_is(&s->words[2], "from")))
			build_error(b, s, &s->words[at], example, "\"accept\" is followed by \"consent from\"");
		else
			build_missing(b, s, example, "the name of a consent manager is missing");
		return;
	}
	if (s->has_block && s->n_words > 4)
		build_error(b, s, &s->words[4], "write a statement for each", "a block is about one consent manager");
	for (size_t i = 3; i < s->n_words; i++) {
		const struct word *w = &s->words[i];
		const struct foreign_manager *m = foreign_manager_find(w->text);
		const struct accept_rule *before = m ? accepted_before(b->rs, m) : NULL;

		if (!m)
			unknown_manager(b, s, w);
		else if (before)
			build_error(b, s, w,
				    build_hint(b, "the first one is at %.*s:%u", SLICE_ARG(before->rule.file),
					       before->rule.line),
				    "\"%s\" is accepted twice", m->name);
		else if (one_more_source(b, s, w))
			add_manager(b, item, w, m);
	}
}

static bool check_consent_cookie(struct builder *b, const struct statement *s)
{
	static const char example[] = "write, e.g.: consent cookie choices matches /stats=yes/ grants analytics";
	size_t want = s->n_words < 2 || !word_is(&s->words[1], "cookie")    ? 1
		      : s->n_words < 4 || !word_is(&s->words[3], "matches") ? 3
									    : 0;

	if (want && want < s->n_words)
		build_error(b, s, &s->words[want], example, "\"%s\" is missing here", want == 1 ? "cookie" : "matches");
	else if (want || s->n_words < 6)
		build_missing(b, s, example, "the statement is not complete");
	else if (!is_token(s->words[2].text) || reserved_cookie(s->words[2].text))
		build_error(b, s, &s->words[2], "use letters, digits and any of !#$%&'*+-.^_`|~ (RFC 6265 4.1.1)",
			    "\"%.*s\" is no name for a consent cookie", SLICE_ARG(s->words[2].raw));
	else
		return true;
	return false;
}

static bool read_value(struct builder *b, const struct statement *s, const struct word *w,
		       struct consent_cookie_rule *rule)
{
	struct pattern_error error;
	struct pattern *pattern;

	rule->text = arena_copy(&b->rs->arena, w->text);
	if (w->kind != WORD_REGEX)
		return true;
	if (!build_count_pattern(b, s, w))
		return false;
	pattern = pattern_compile(w->text, w->flags, &error);
	if (!pattern)
		build_pattern_error(b, s, w, &error);
	rule->pattern = pattern;
	return pattern != NULL;
}

/* grants PURPOSE... and denies PURPOSE..., one of them or both. */
static bool read_answers(struct builder *b, const struct item *item, struct consent_cookie_rule *rule)
{
	static const char *const words[] = {"grants", "denies"};
	const struct statement *s = item->s;
	size_t at = 5;

	while (at < s->n_words) {
		bool grants = word_is(&s->words[at], "grants");
		size_t end = find_word(s, at + 1, "grants", "denies");
		purposes *set = grants ? &rule->grants : &rule->denies;

		if (!grants && !word_is(&s->words[at], "denies")) {
			build_error(
				b, s, &s->words[at],
				build_suggest(b, s->words[at].text, words, CG_COUNT(words), "write grants or denies"),
				"unexpected \"%.*s\"", SLICE_ARG(s->words[at].raw));
			return false;
		}
		*set |= read_purposes(b, item, s, at + 1, end);
		at = end;
	}
	return (rule->grants | rule->denies) != 0;
}

void rules_consent_cookie(struct builder *b, struct item *item)
{
	const struct statement *s = item->s;
	struct consent_cookie_rule *rule = &b->rs->consent_cookies[b->rs->n_consent_cookies];

	if (!check_consent_cookie(b, s) || !one_more_source(b, s, &s->words[2]))
		return;
	*rule = (struct consent_cookie_rule){.rule = build_rule(b, item->file, s),
					     .name = arena_copy(&b->rs->arena, s->words[2].text)};
	if (!read_value(b, s, &s->words[4], rule))
		return;
	b->rs->n_consent_cookies++; /* from here on the pattern is the ruleset's */
	if (read_answers(b, item, rule))
		build_add_rule(b, &rule->rule);
}
