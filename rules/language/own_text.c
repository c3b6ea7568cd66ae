/* Texts for visitors that the rules give, each in one language or for all that have none of their own. */
#include "rules/language/ruleset_internal.h"

#define TEXT_MAX 500 /* octets */

static bool is_language(struct slice s)
{
	bool ok = s.n == 2 || s.n == 3;

	for (size_t i = 0; ok && i < s.n; i++)
		ok = s.p[i] >= 'a' && s.p[i] <= 'z';
	return ok;
}

static bool is_said(const struct own_texts *texts, unsigned which, struct slice language)
{
	for (size_t i = 0; i < texts->n; i++)
		if (texts->v[i].which == which && slice_eq(texts->v[i].language, language))
			return true;
	return false;
}

void own_text_read(struct builder *b, const struct statement *s, unsigned which, struct own_texts *texts)
{
	bool has_language = s->n_words > 2;
	const struct word *w = &s->words[has_language ? 2 : s->n_words - 1];
	struct slice language = has_language ? s->words[1].text : slice_of(NULL, 0), text = word_plain(w);

	if (s->n_words < 2)
		build_missing(b, s,
			      build_hint(b, "write, e.g.: %.*s \"Your choice\", or: %.*s de \"Ihre Wahl\"",
					 SLICE_ARG(s->words[0].text), SLICE_ARG(s->words[0].text)),
			      "the text is missing");
	else if (has_language && !is_language(language))
		build_error(b, s, &s->words[1], "write a language like de, and the text in quotes",
			    "\"%.*s\" is no language", SLICE_ARG(s->words[1].raw));
	else if (!build_no_more_words(b, s, has_language ? 3 : 2))
		return;
	else if (text.n == 0 || text.n > TEXT_MAX || texts->n == OWN_TEXTS_MAX)
		build_error(b, s, w, NULL, "a text has 1 to %d octets, and there are at most %d", TEXT_MAX,
			    OWN_TEXTS_MAX);
	else if (is_said(texts, which, language))
		build_error(b, s, &s->words[0], "remove one", "\"%.*s\" is said twice in this language",
			    SLICE_ARG(s->words[0].text));
	else if (texts->v || (texts->v = arena_calloc(&b->rs->arena, OWN_TEXTS_MAX, sizeof *texts->v)))
		texts->v[texts->n++] = (struct own_text){.which = which,
							 .language = arena_copy(&b->rs->arena, language),
							 .text = arena_copy(&b->rs->arena, text)};
}

struct slice own_text_find(const struct own_texts *texts, unsigned which, struct slice language)
{
	struct slice found = slice_of(NULL, 0);

	for (size_t i = 0; i < texts->n; i++) {
		if (texts->v[i].which != which)
			continue;
		if (slice_eq(texts->v[i].language, language))
			return texts->v[i].text;
		if (!texts->v[i].language.n)
			found = texts->v[i].text;
	}
	return found;
}
