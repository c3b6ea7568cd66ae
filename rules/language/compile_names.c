/* The words in front of "is": names, wildcards, regular expressions. */
#include "rules/http/url.h"
#include "rules/language/ruleset_internal.h"

static struct name *push(struct names *set)
{
	CG_CHECK(set->n < set->cap);
	return &set->all[set->n++];
}

/* The caret goes to the offset in the pattern; the word as written has "\/" where the pattern may have "/". */
void build_pattern_error(struct builder *b, const struct statement *s, const struct word *w,
			 const struct pattern_error *error)
{
	struct position at = word_position(s->source, w);
	size_t raw = 1;

	for (size_t i = 0; i < error->offset && i < w->text.n && raw < w->raw.n; i++, raw++)
		raw += w->raw.p[raw] == '\\' && w->text.p[i] == '/';
	at.column += (unsigned)raw;
	at.width = 1;
	diagnostics_add(b->d, SEVERITY_ERROR, &at, "see pcre2pattern(3) for the syntax",
			"the regular expression is not valid: %s", error->message);
}

bool build_count_pattern(struct builder *b, const struct statement *s, const struct word *w)
{
	if (b->n_patterns++ < PATTERNS_MAX)
		return true;
	if (b->n_patterns == PATTERNS_MAX + 1)
		build_error(b, s, w, "several alternatives may stand in one regular expression: /^(a|b)/",
			    "more than %d wildcards and regular expressions", PATTERNS_MAX);
	return false;
}

static void add_regex(struct builder *b, const struct item *item, const struct word *w, struct names *set,
		      const struct name *draft)
{
	struct pattern_error error;
	struct pattern *pattern = pattern_compile(w->text, w->flags, &error);
	struct name *name;

	if (!pattern) {
		build_pattern_error(b, item->s, w, &error);
		return;
	}
	name = push(set);
	*name = *draft;
	name->kind = NAME_REGEX;
	name->text = arena_copy(&b->rs->arena, w->text);
	name->flags = arena_copy(&b->rs->arena, w->flags);
	name->pattern = pattern;
}

static enum name_kind kind_of(struct slice text)
{
	size_t stars = 0;

	for (size_t i = 0; i < text.n; i++)
		stars += text.p[i] == '*';
	if (stars == 0)
		return NAME_EXACT;
	if (stars == text.n)
		return NAME_ANY;
	return stars == 1 && text.p[text.n - 1] == '*' ? NAME_PREFIX : NAME_GLOB;
}

/* As a regular expression that PCRE2 and browsers read alike. */
static struct slice escape(struct arena *arena, struct slice text)
{
	char *out = arena_alloc(arena, text.n * 2 + 2);
	size_t n = 0;

	if (!out)
		return slice_of(NULL, 0);
	out[n++] = '^';
	for (size_t i = 0; i < text.n; i++) {
		if (memchr("\\^$.|?*+()[]{}/", text.p[i], 15))
			out[n++] = '\\';
		out[n++] = text.p[i];
	}
	out[n++] = '$';
	return slice_of(out, n);
}

static void add_text(struct builder *b, struct slice text, bool wildcards, struct names *set, const struct name *draft)
{
	struct name *name = push(set);

	*name = *draft;
	name->kind = wildcards ? kind_of(text) : NAME_EXACT;
	name->text = arena_copy(&b->rs->arena, text);
	if (name->kind == NAME_EXACT && slice_find_char(text, '*') < text.n)
		name->escaped = escape(&b->rs->arena, text);
	if (name->kind == NAME_PREFIX && name->text.n)
		name->text.n--; /* the star stays behind it, for those who want the name as written */
}

/* ---- Checks by what is named. ---- */

static bool refuse_octet(struct builder *b, const struct statement *s, const struct word *w, char c, const char *what)
{
	struct position at = word_position(s->source, w);
	size_t i = slice_find_char(w->text, c);

	if (i == w->text.n)
		return false;
	if (w->kind == WORD_BARE) {
		at.column += (unsigned)i;
		at.width = 1;
	}
	diagnostics_add(b->d, SEVERITY_ERROR, &at,
			c == '=' ? build_hint(b, "write \"%.*s\"", SLICE_ARG(slice_head(w->text, i))) : NULL,
			"the name of a %s holds no '%c'", what, c);
	return true;
}

static bool check_comma(struct builder *b, const struct statement *s, const struct word *w)
{
	if (w->kind != WORD_BARE || w->text.p[w->text.n - 1] != ',')
		return true;
	build_error(b, s, w, "names are separated by blanks; if the comma belongs to the name, put it in quotes",
		    "a comma behind \"%.*s\"", SLICE_ARG(slice_head(w->text, w->text.n - 1)));
	return false;
}

/* Taken as a name it would match nothing, and nobody would ever be told. */
static bool check_slash(struct builder *b, const struct statement *s, const struct word *w)
{
	if (w->kind != WORD_BARE || w->text.p[0] != '/')
		return true;
	build_error(
		b, s, w,
		"close it with a slash and write blanks as \\x20; if the slash belongs to the name, put it in quotes",
		"the regular expression is not closed");
	return false;
}

static bool check_cookie(struct builder *b, const struct statement *s, const struct word *w)
{
	return !refuse_octet(b, s, w, '=', "cookie") && !refuse_octet(b, s, w, ';', "cookie") && check_comma(b, s, w) &&
	       check_slash(b, s, w);
}

static bool check_param(struct builder *b, const struct statement *s, const struct word *w)
{
	return !refuse_octet(b, s, w, '=', "parameter") && !refuse_octet(b, s, w, '&', "parameter") &&
	       check_comma(b, s, w) && check_slash(b, s, w);
}

static bool check_path(struct builder *b, const struct statement *s, const struct word *w)
{
	size_t query = slice_find_char(w->text, '?');

	if (w->text.n == 0 || (w->text.p[0] != '/' && !(w->kind == WORD_BARE && w->text.p[0] == '*')))
		build_error(b, s, w, build_hint(b, "write \"/%.*s\"", SLICE_ARG(w->text)),
			    "\"%.*s\" is no path: it must begin with '/'", SLICE_ARG(w->raw));
	else if (query < w->text.n)
		build_error(b, s, w, build_hint(b, "write \"%.*s\"", SLICE_ARG(slice_head(w->text, query))),
			    "a path ends in front of the '?'");
	else
		return check_comma(b, s, w);
	return false;
}

/* "path /collect/" reads as the regular expression "collect". */
static bool check_path_regex(struct builder *b, const struct statement *s, const struct word *w)
{
	if (w->text.n && w->text.p[0] == '^')
		return true;
	build_error(
		b, s, w,
		build_hint(b, "for the path write \"%.*s\" in quotes; for a pattern begin with /^", SLICE_ARG(w->raw)),
		"%.*s is a regular expression that does not begin with '^'", SLICE_ARG(w->raw));
	return false;
}

static bool check_name(struct builder *b, const struct statement *s, const struct word *w, enum name_of of)
{
	if (w->kind == WORD_REGEX)
		return of != NAME_OF_PATH || check_path_regex(b, s, w);
	if (of == NAME_OF_PATH)
		return check_path(b, s, w);
	return of == NAME_OF_COOKIE ? check_cookie(b, s, w) : check_param(b, s, w);
}

/* ---- The loop. ---- */

static void add_word(struct builder *b, const struct item *item, const struct word *w, enum name_of of,
		     struct names *set, const struct name *draft)
{
	struct slice text = w->text;

	if (w->kind == WORD_HEREDOC || !check_name(b, item->s, w, of))
		return;
	if (set->n == NAMES_MAX) {
		if (!b->too_many_names)
			build_error(b, item->s, w, NULL, "more than %d names", NAMES_MAX);
		b->too_many_names = true;
		return;
	}
	if (of == NAME_OF_PATH && text.n && text.p[0] == '/' && w->kind != WORD_REGEX &&
	    !path_normalise(text, &b->tree, &text))
		return;
	if (w->kind == WORD_REGEX || (w->kind == WORD_BARE && kind_of(text) != NAME_EXACT)) {
		if (!build_count_pattern(b, item->s, w))
			return;
	}
	if (w->kind == WORD_REGEX)
		add_regex(b, item, w, set, draft);
	else
		add_text(b, text, w->kind == WORD_BARE, set, draft);
}

void names_read_words(struct builder *b, const struct item *item, enum name_of of, size_t from, size_t to,
		      struct names *set, const struct rule *rule, size_t order)
{
	struct name draft = {.order = order, .rule = rule, .item = item};

	for (size_t i = from; i < to; i++) {
		draft.word = &item->s->words[i];
		add_word(b, item, draft.word, of, set, &draft);
	}
	set->n_spelled = set->n;
}

size_t names_read(struct builder *b, const struct item *item, enum name_of of, unsigned clauses, struct names *set,
		  const struct rule *rule, size_t order)
{
	const struct statement *s = item->s;
	size_t i = 1;

	while (i < s->n_words && !clause_begins(&s->words[i], clauses))
		i++;
	names_read_words(b, item, of, 1, i, set, rule, order);
	if (i == s->n_words && i == 1)
		build_missing(b, s, build_hint(b, "write, e.g.: %s NAME is analytics", item->keyword->word),
			      "a name is missing behind \"%s\"", item->keyword->word);
	else if (i == 1)
		build_error(b, s, &s->words[1],
			    build_hint(b,
				       "write, e.g.: %s NAME is analytics; a name that is a word of the language "
				       "stands in quotes",
				       item->keyword->word),
			    "a name is missing behind \"%s\"", item->keyword->word);
	return i;
}

bool names_allocate(struct names *names, size_t n, struct arena *arena)
{
	names->cap = n;
	names->all = arena_calloc(arena, n, sizeof *names->all);
	return names->all != NULL;
}

void names_forget_trees(struct names *names)
{
	for (size_t i = 0; i < names->n; i++) {
		names->all[i].item = NULL;
		names->all[i].word = NULL;
	}
}

void names_add_implied(struct builder *b, struct names *set, struct slice name, const struct rule *rule)
{
	struct name draft = {.rule = rule};

	for (size_t i = 0; i < set->n; i++) {
		if (set->all[i].kind == NAME_EXACT && slice_eq(set->all[i].text, name))
			return;
	}
	add_text(b, name, false, set, &draft);
}
