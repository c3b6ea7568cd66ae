/*
 * Warnings for rules that can never match, because one in front of them takes all they could. Shipped rules behind the
 * operator's own are the very way to overrule them, so they pass in silence - unless a "cookie *" hides them all.
 */
#include "rules/language/ruleset_internal.h"

struct check {
	struct builder *b;
	struct names *names;
	struct pattern_scratch *scratch;
	enum name_of of;
	const struct name *any;	   /* the first that matches everything */
	const struct item *silent; /* a warning said that all of this statement is behind it */
};

/* What a wildcard begins with in any case. */
static struct slice literal_head(const struct name *name)
{
	if (name->kind == NAME_GLOB)
		return slice_head(name->text, slice_find_char(name->text, '*'));
	return name->kind == NAME_PREFIX ? name->text : slice_of(NULL, 0);
}

static bool covers(const struct name *earlier, const struct name *later)
{
	if (earlier->kind == NAME_PREFIX && later->kind != NAME_REGEX)
		return slice_starts_with(literal_head(later), earlier->text);
	return earlier->kind == later->kind && earlier->kind != NAME_EXACT && slice_eq(earlier->text, later->text) &&
	       slice_eq(earlier->flags, later->flags);
}

/* The earlier name that takes everything that `name` could match, or NULL. */
static const struct name *covering(const struct check *c, const struct name *name)
{
	const struct name *found = name;
	bool limit;

	if (name->kind == NAME_EXACT) {
		found = c->of == NAME_OF_PATH ? names_find_path(c->names, c->scratch, name->text, &limit)
					      : names_find(c->names, c->scratch, name->text, &limit);
		return found == name ? NULL : found;
	}
	for (const struct name *n = c->names->all; n < name; n++) {
		if (covers(n, name))
			return n;
	}
	return NULL;
}

static bool same_limits(const struct cookie_limits *a, const struct cookie_limits *b)
{
	return a->max_age_cap == b->max_age_cap && a->add_secure == b->add_secure &&
	       a->add_http_only == b->add_http_only && a->same_site == b->same_site;
}

/* True if it makes no difference which of the two decides. */
static bool same_effect(const struct check *c, const struct name *a, const struct name *b)
{
	const void *x = a->rule, *y = b->rule;

	if (c->of == NAME_OF_PARAM)
		return ((const struct param_rule *)x)->mask == ((const struct param_rule *)y)->mask;
	if (c->of == NAME_OF_PATH)
		return ((const struct path_rule *)x)->mask == ((const struct path_rule *)y)->mask;
	return ((const struct cookie_rule *)x)->mask == ((const struct cookie_rule *)y)->mask &&
	       same_limits(&((const struct cookie_rule *)x)->limits, &((const struct cookie_rule *)y)->limits);
}

static const char *place(struct builder *b, const struct name *name)
{
	return build_place(b, name->item->s);
}

static void behind_any(struct check *c, const struct name *name)
{
	struct file *file = name->item->file;
	const struct word *any = c->any->word;

	if (name->item == c->silent)
		return;
	c->silent = name->item;
	if (!file->shipped) {
		build_warning(c->b, name->item->s, &name->item->s->words[0],
			      build_hint(c->b, "move it in front of %s", place(c->b, c->any)),
			      "this can never match: \"%.*s\" at %s takes everything", SLICE_ARG(any->raw),
			      place(c->b, c->any));
		return;
	}
	if (!file->covered_told)
		build_warning(c->b, file->included, file->included_word,
			      build_hint(c->b, "include it in front of %s", place(c->b, c->any)),
			      "no rule of %.*s can match: \"%.*s\" at %s takes everything", SLICE_ARG(file->path),
			      SLICE_ARG(any->raw), place(c->b, c->any));
	file->covered_told = true;
}

static void check_name(struct check *c, const struct name *name)
{
	const struct name *by;

	if (!name->item)
		return;
	if (c->any && c->any->item != name->item) {
		behind_any(c, name);
		return;
	}
	if (name->item->file->shipped)
		return;
	by = covering(c, name);
	if (!by || !by->item || (by->item->file->shipped && same_effect(c, name, by)))
		return;
	if (by->item == name->item)
		build_warning(c->b, name->item->s, name->word, "leave it out",
			      "\"%.*s\" is already named by \"%.*s\" in this statement", SLICE_ARG(name->word->raw),
			      SLICE_ARG(by->word->raw));
	else
		build_warning(c->b, name->item->s, name->word,
			      by->item->file->shipped ? "to overrule what is shipped, put it in front of the include"
						      : "the first match in file order decides: remove one of them",
			      "\"%.*s\" can never match here: \"%.*s\" at %s takes it", SLICE_ARG(name->word->raw),
			      SLICE_ARG(by->word->raw), place(c->b, by));
}

static void check_names(struct builder *b, struct names *names, struct pattern_scratch *scratch, enum name_of of)
{
	struct check c = {.b = b, .names = names, .scratch = scratch, .of = of};

	for (size_t i = 0; i < names->n; i++) {
		check_name(&c, &names->all[i]);
		if (!c.any && names->all[i].kind == NAME_ANY)
			c.any = &names->all[i];
	}
}

/* Cookies that carry consent have a meaning of their own, whatever a rule says. */
static void check_consent_cookies(struct builder *b)
{
	const struct ruleset *rs = b->rs;

	for (size_t i = 0; i < rs->cookie_names.n; i++) {
		const struct name *name = &rs->cookie_names.all[i];
		bool opt_out = false;

		if (name->kind != NAME_EXACT || !name->item)
			continue;
		for (size_t k = 0; k < rs->n_opt_outs; k++)
			opt_out |= slice_eq(rs->opt_outs[k].name, name->text);
		if (opt_out || reserved_cookie(name->text))
			build_warning(b, name->item->s, name->word, "remove it",
				      "this has no effect: cookies that carry consent are necessary by definition");
	}
}

void covered_check(struct builder *b)
{
	struct pattern_scratch *scratch = pattern_scratch_new();

	if (!scratch) {
		b->rs->arena.failed = true; /* as for any other memory that was refused */
		return;
	}
	check_names(b, &b->rs->cookie_names, scratch, NAME_OF_COOKIE);
	check_names(b, &b->rs->param_names, scratch, NAME_OF_PARAM);
	check_names(b, &b->rs->path_names, scratch, NAME_OF_PATH);
	check_consent_cookies(b);
	pattern_scratch_free(scratch);
}
