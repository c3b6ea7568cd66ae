/* purpose, policy, mode: what a site says once. */
#include "rules/http/url.h"
#include "rules/language/ruleset_internal.h"

/* Words that would be read as something else behind "is", "denies" or "grants". */
static const char *const reserved_purposes[] = {"in", "all", "none", "by"};

static bool purpose_name_ok(struct slice s)
{
	bool ok = s.n >= 1 && s.n <= PURPOSE_NAME_MAX && s.p[0] >= 'a' && s.p[0] <= 'z';

	for (size_t i = 0; ok && i < s.n; i++) {
		char c = s.p[i];

		ok = (c >= 'a' && c <= 'z') || ascii_is_digit(c) || c == '-' || c == '_';
	}
	return ok;
}

static bool purpose_reserved(const struct word *w)
{
	for (size_t i = 0; i < CG_COUNT(reserved_purposes); i++) {
		if (slice_eq(w->text, slice_str(reserved_purposes[i])))
			return true;
	}
	return clause_begins(&(struct word){.kind = WORD_BARE, .text = w->text, .raw = w->text}, ~0U);
}

/* Everything about the name alone. */
static bool check_purpose_name(struct builder *b, const struct statement *s, const struct word *w)
{
	int known = ruleset_purpose_find(b->rs, w->text);

	if (!purpose_name_ok(w->text))
		build_error(b, s, w, "begin with a letter; use lower-case letters, digits, '-' and '_', at most 32",
			    "\"%.*s\" is no name for a purpose", SLICE_ARG(w->raw));
	else if (purpose_reserved(w))
		build_error(b, s, w, "choose another name", "\"%.*s\" is a word of the language", SLICE_ARG(w->raw));
	else if (known == 0)
		build_error(b, s, w, "remove this line", "\"necessary\" always exists and is always granted");
	else if (known > 0)
		build_error(b, s, w,
			    build_hint(b, "it was declared at %s", build_place(b, b->purpose_statements[known])),
			    "the purpose \"%.*s\" is declared twice", SLICE_ARG(w->text));
	else
		return true;
	return false;
}

/* The block of a purpose: texts for visitors. */
static void purpose_texts(struct builder *b, const struct statement *s, struct own_texts *texts)
{
	static const char *const words[] = {"title", "text"};

	for (const struct statement *child = s->children; child; child = child->next) {
		const struct word *w = &child->words[0];

		if (child->has_block)
			build_error(b, child, w, "remove the braces", "\"%.*s\" has no block", SLICE_ARG(w->raw));
		else if (word_is(w, "title"))
			own_text_read(b, child, PURPOSE_TITLE, texts);
		else if (word_is(w, "text"))
			own_text_read(b, child, PURPOSE_TEXT, texts);
		else
			build_error(b, child, w,
				    build_suggest(b, w->text, words, CG_COUNT(words), "a purpose holds: title text"),
				    "unknown word \"%.*s\" in a purpose", SLICE_ARG(w->raw));
	}
}

static void add_purpose(struct builder *b, const struct item *item)
{
	const struct statement *s = item->s;
	struct ruleset *rs = b->rs;
	struct slice title = s->n_words > 2 ? s->words[2].text : s->words[1].text;

	if (rs->n_purposes == PURPOSES_MAX) {
		if (!b->too_many_purposes)
			build_error(b, s, &s->words[0], NULL, "more than %d purposes", PURPOSES_MAX - 1);
		b->too_many_purposes = true;
		return;
	}
	b->purpose_statements[rs->n_purposes] = s;
	b->purpose_names[rs->n_purposes] = arena_cstr(&b->tree, s->words[1].text);
	if (!b->purpose_names[rs->n_purposes])
		return;
	rs->purposes[rs->n_purposes] = (struct purpose){
		.name = arena_copy(&rs->arena, s->words[1].text),
		.title = arena_copy(&rs->arena, title),
		.rule = build_rule(b, item->file, s),
	};
	purpose_texts(b, s, &rs->purposes[rs->n_purposes++].texts);
}

void declare_purpose(struct builder *b, const struct item *item)
{
	const struct statement *s = item->s;

	if (s->n_words < 2) {
		build_missing(b, s, "write, e.g.: purpose analytics \"Count visits\"", "the purpose's name is missing");
		return;
	}
	if (!check_purpose_name(b, s, &s->words[1]))
		return;
	if (s->n_words > 2 && s->words[2].text.n == 0) {
		build_error(b, s, &s->words[2], "say what visitors agree to", "the purpose's title is empty");
		return;
	}
	if (s->n_words > 3) {
		build_error(b, s, &s->words[3], "put the title in quotes", "unexpected \"%.*s\"",
			    SLICE_ARG(s->words[3].raw));
		return;
	}
	add_purpose(b, item);
}

/* ---- policy ---- */

/* One reading of a policy's block. */
struct policy_reader {
	struct builder *b;
	const struct item *item;
	const struct statement *seen[9]; /* by index of its table of words */
	const struct statement *undecided;
};

typedef void (*policy_handler)(struct policy_reader *r, const struct statement *s);

static void policy_notice(struct policy_reader *r, const struct statement *s)
{
	const struct word *w = &s->words[s->n_words - 1];
	struct slice text = word_plain(w);
	struct url url;

	if (s->n_words < 3 && !build_one_value(r->b, s, "write the address of the privacy notice"))
		return;
	if (!(text.n && text.p[0] == '/') && !url_parse(text, &url)) {
		build_error(r->b, s, w,
			    "write, e.g.: notice https://www.example.com/privacy, or: notice de /datenschutz",
			    "\"%.*s\" is neither an address nor a path of the site", SLICE_ARG(w->raw));
		return;
	}
	own_text_read(r->b, s, 0, &r->b->rs->policy.notice);
}

static void policy_contact(struct policy_reader *r, const struct statement *s)
{
	if (build_one_value(r->b, s, "write, e.g.: contact privacy@example.com"))
		r->b->rs->policy.contact = arena_copy(&r->b->rs->arena, word_plain(&s->words[1]));
}

static void policy_remember(struct policy_reader *r, const struct statement *s)
{
	int64_t seconds;

	if (build_one_value(r->b, s, "write, e.g.: remember 180d") && build_days(r->b, s, &s->words[1], &seconds))
		r->b->rs->policy.remember = seconds;
}

static void policy_leftovers(struct policy_reader *r, const struct statement *s)
{
	static const char *const words[] = {"expired", "kept"};
	const struct word *w = &s->words[1];

	if (!build_one_value(r->b, s, "write expired or kept"))
		return;
	if (!word_is(w, "expired") && !word_is(w, "kept"))
		build_error(r->b, s, w, build_suggest(r->b, w->text, words, CG_COUNT(words), "write expired or kept"),
			    "unexpected \"%.*s\"", SLICE_ARG(w->raw));
	r->b->rs->policy.keep_leftovers = word_is(w, "kept");
}

static void policy_storage(struct policy_reader *r, const struct statement *s)
{
	static const char *const words[] = {"kept", "cleared"};
	const struct word *w = &s->words[1];

	if (!build_one_value(r->b, s, "write kept or cleared"))
		return;
	if (!word_is(w, "kept") && !word_is(w, "cleared"))
		build_error(r->b, s, w, build_suggest(r->b, w->text, words, CG_COUNT(words), "write kept or cleared"),
			    "unexpected \"%.*s\"", SLICE_ARG(w->raw));
	r->b->rs->policy.clear_storage = word_is(w, "cleared");
}

static void policy_changed(struct policy_reader *r, const struct statement *s)
{
	own_text_read(r->b, s, 0, &r->b->rs->policy.changed);
}

#define OWN_PATH_MAX 64

/* Only what no server and no browser would spell in another way. */
static bool own_path_ok(struct slice s)
{
	bool ok = s.n >= 2 && s.n <= OWN_PATH_MAX && s.p[0] == '/' && s.p[s.n - 1] != '/';

	for (size_t i = 0; ok && i < s.n; i++)
		ok = ascii_is_alpha(s.p[i]) || ascii_is_digit(s.p[i]) || memchr("-._~", s.p[i], 4) ||
		     (s.p[i] == '/' && s.p[i + 1] != '/');
	return ok && slice_find(s, SLICE("/./")) == s.n && slice_find(s, SLICE("/../")) == s.n &&
	       !slice_ends_with(s, SLICE("/.")) && !slice_ends_with(s, SLICE("/.."));
}

static void policy_path(struct policy_reader *r, const struct statement *s)
{
	struct slice text;

	if (!build_one_value(r->b, s, "write, e.g.: path /.crumbgate"))
		return;
	text = word_plain(&s->words[1]);
	if (own_path_ok(text))
		r->b->rs->policy.own_path = arena_copy(&r->b->rs->arena, text);
	else
		build_error(r->b, s, &s->words[1],
			    "write a path such as /.crumbgate: letters, digits and any of -._~/, at most 64, no slash "
			    "at its end",
			    "\"%.*s\" cannot be the path of crumbgate's own pages", SLICE_ARG(s->words[1].raw));
}

/* Tracking Preference Expression 6.2: a status as the Tk field gives it. */
static void policy_tk(struct policy_reader *r, const struct statement *s)
{
	static const struct slice values = SLICE_INIT("!?GNTCPDU");
	const struct word *w = &s->words[1];

	if (!build_one_value(r->b, s, "write, e.g.: tk D"))
		return;
	if (w->text.n == 1 && slice_find_char(values, w->text.p[0]) < values.n)
		r->b->rs->policy.tk = w->text.p[0];
	else
		build_error(r->b, s, w,
			    "write one of N, T, C, P, D, U, G, ! and ?; D says that the signal is disregarded",
			    "\"%.*s\" is no tracking status", SLICE_ARG(w->raw));
}

/* ISO 3166-1 alpha-2 in upper case, with an ISO 3166-2 subdivision if wanted: "US", "US-CA". */
static bool region_ok(struct slice s)
{
	bool ok = s.n == 2 || (s.n >= 4 && s.n <= 6 && s.p[2] == '-');

	for (size_t i = 0; ok && i < s.n; i++) {
		bool upper = s.p[i] >= 'A' && s.p[i] <= 'Z';

		ok = i < 2 ? upper : i == 2 || upper || ascii_is_digit(s.p[i]);
	}
	return ok;
}

static bool check_region(struct policy_reader *r, const struct statement *s, const struct word *w)
{
	const struct policy *policy = &r->b->rs->policy;
	const char *hint = NULL;

	for (size_t i = 0; i < policy->n_regions; i++) {
		if (!slice_eq(policy->regions[i].region, w->text))
			continue;
		build_error(r->b, s, w, build_hint(r->b, "see line %u", policy->regions[i].rule.line),
			    "the region \"%.*s\" is named twice", SLICE_ARG(w->text));
		return false;
	}
	if (slice_eq(w->text, SLICE("UK")))
		hint = "the code of the United Kingdom is GB";
	else if (slice_eq(w->text, SLICE("EU")) || slice_eq(w->text, SLICE("EEA")))
		hint = "name the countries, e.g. DE FR ES";
	else if (region_ok(w->text))
		return true;
	build_error(r->b, s, w, hint ? hint : "write a country code such as US, or a subdivision such as US-CA",
		    "\"%.*s\" is no region", SLICE_ARG(w->raw));
	return false;
}

static void add_regions(struct policy_reader *r, const struct statement *s, size_t from, purposes grants)
{
	struct policy *policy = &r->b->rs->policy;

	if (from == s->n_words)
		build_missing(r->b, s, "write, e.g.: undecided grants in US", "a region is missing behind \"in\"");
	for (size_t i = from; i < s->n_words; i++) {
		struct region_regime *regime = &policy->regions[policy->n_regions];

		if (!check_region(r, s, &s->words[i]))
			continue;
		*regime = (struct region_regime){
			.region = arena_copy(&r->b->rs->arena, s->words[i].text),
			.grants = grants,
			.rule = build_rule(r->b, r->item->file, s),
		};
		policy->n_regions++;
		if (i == from)
			build_add_rule(r->b, &regime->rule);
	}
}

/* undecided denies|grants [PURPOSE...] [in REGION...] */
static void policy_undecided(struct policy_reader *r, const struct statement *s)
{
	bool grants = s->n_words > 1 && word_is(&s->words[1], "grants");
	purposes set = 0;
	size_t i = 2;

	if (!grants && !(s->n_words > 1 && word_is(&s->words[1], "denies"))) {
		build_error(r->b, s, &s->words[s->n_words > 1],
			    "write, e.g.: undecided denies, or: undecided grants in US",
			    "\"undecided\" is followed by \"denies\" or \"grants\"");
		return;
	}
	for (; i < s->n_words && !word_is(&s->words[i], "in"); i++) {
		if (!grants) {
			build_error(r->b, s, &s->words[i], "write \"grants\" and the purposes to be granted",
				    "\"undecided denies\" denies every purpose");
			return;
		}
		set |= build_purpose(r->b, r->item->file, s, &s->words[i]);
	}
	if (grants && i == 2)
		set = ruleset_all_purposes(r->b->rs);
	set &= ~PURPOSE_NECESSARY;
	if (i < s->n_words) {
		add_regions(r, s, i + 1, set);
		return;
	}
	if (r->undecided)
		build_error(r->b, s, &s->words[0], build_hint(r->b, "see line %u", r->undecided->words[0].line),
			    "what undecided means without a region is said twice");
	r->undecided = s;
	r->b->rs->policy.undecided_grants = set;
}

static const struct {
	const char *word;
	policy_handler handle;
	bool repeated;
} policy_words[] = {
	{"notice", policy_notice, true},
	{"contact", policy_contact, false},
	{"remember", policy_remember, false},
	{"leftovers", policy_leftovers, false},
	{"undecided", policy_undecided, true},
	{"path", policy_path, false},
	{"changed", policy_changed, true},
	{"storage", policy_storage, false},
	{"tk", policy_tk, false},
};

static void policy_statement(struct policy_reader *r, const struct statement *s)
{
	const struct word *w = &s->words[0];
	const char *words[CG_COUNT(policy_words)];

	for (size_t i = 0; i < CG_COUNT(policy_words); i++) {
		words[i] = policy_words[i].word;
		if (!word_is(w, words[i]))
			continue;
		if (s->has_block)
			build_error(r->b, s, w, "remove the braces", "\"%s\" has no block", words[i]);
		if (r->seen[i] && !policy_words[i].repeated)
			build_error(r->b, s, w, build_hint(r->b, "see line %u", r->seen[i]->words[0].line),
				    "\"%s\" stands twice in this policy", words[i]);
		r->seen[i] = s;
		policy_words[i].handle(r, s);
		return;
	}
	build_error(
		r->b, s, w,
		build_suggest(r->b, w->text, words, CG_COUNT(words),
			      "a policy holds: notice contact remember undecided leftovers path changed storage tk"),
		"unknown word \"%.*s\" in a policy", SLICE_ARG(w->raw));
}

static void policy_version(struct builder *b, const struct statement *s)
{
	if (s->n_words < 2) {
		build_missing(b, s, "write, e.g.: policy 2026-03 {", "the policy's version is missing");
		return;
	}
	if (s->words[1].text.n == 0 || s->words[1].text.n > POLICY_VERSION_MAX) {
		build_error(b, s, &s->words[1], NULL, "a policy's version has 1 to %d octets", POLICY_VERSION_MAX);
		return;
	}
	if (build_no_more_words(b, s, 2))
		b->rs->policy.version = arena_copy(&b->rs->arena, s->words[1].text);
}

void rules_policy(struct builder *b, struct item *item)
{
	struct policy_reader r = {.b = b, .item = item};

	if (!build_first_of_kind(b, item, &b->policy))
		return;
	b->rs->policy.rule = build_rule(b, item->file, item->s);
	build_add_rule(b, &b->rs->policy.rule);
	policy_version(b, item->s);
	for (const struct statement *s = item->s->children; s; s = s->next)
		policy_statement(&r, s);
}

void rules_mode(struct builder *b, struct item *item)
{
	static const char *const words[] = {"enforce", "observe"};
	const struct statement *s = item->s;

	if (!build_first_of_kind(b, item, &b->mode))
		return;
	if (!build_one_value(b, s, "write enforce or observe"))
		return;
	if (!word_is(&s->words[1], "enforce") && !word_is(&s->words[1], "observe"))
		build_error(b, s, &s->words[1],
			    build_suggest(b, s->words[1].text, words, CG_COUNT(words), "write enforce or observe"),
			    "unknown mode \"%.*s\"", SLICE_ARG(s->words[1].raw));
	b->rs->mode = word_is(&s->words[1], "observe") ? MODE_OBSERVE : MODE_ENFORCE;
}
