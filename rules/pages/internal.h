/*
 * What the files of this folder share.
 *
 * own_path.c     which of our pages a path is, and where a form may return to
 * form.c         what is posted, and whether it may count
 * catalogue.c    languages
 * write.c        HTML piece by piece
 * style.c        style sheets with the rules' colours
 * preferences.c  the preferences page, and those of the opt-out
 * banner.c       the banner, and the lasting link
 * placeholder.c  what stands where an embed was held back
 * json.c         state, receipt, gpc.json
 */
#ifndef CG_RULES_PAGES_INTERNAL_H
#define CG_RULES_PAGES_INTERNAL_H

#include "rules/pages/pages.h"

/* ---- write.c ---- */

/* HTML that grows. ascii: other characters become references, as it goes into pages of any encoding. */
struct html {
	struct text out;
	const struct own_view *view;
	bool ascii;
};

struct html html_begin(const struct own_view *v, bool ascii);
/* Markup as it stands. */
void html_add(struct html *h, struct slice markup);
#define html_put(h, literal) html_add((h), SLICE(literal))
/* Text, or the value of an attribute in double quotes. Octets that are no UTF-8 become U+FFFD. */
void html_escaped(struct html *h, struct slice text);
/* The catalogue's text, escaped; of those that the rules may replace, theirs. */
void html_text(struct html *h, enum catalogue_text which);
/* The address of the privacy notice in the visitor's language, else in any; empty if there is none. */
struct slice own_notice(const struct own_view *v);
/* That the policy changed, and what the rules say of it. */
void html_changed(struct html *h);
/* Of a purpose its title, and a paragraph with its text if it has one. */
void html_title(struct html *h, size_t bit);
void html_explanation(struct html *h, size_t bit);
/* The titles of purposes, with commas between. */
void html_titles(struct html *h, purposes set);
void html_number(struct html *h, int64_t n);
/* "2026-11-26" */
void html_date(struct html *h, int64_t unix_time);
/* A text that the rules may replace. */
struct slice view_text(const struct own_view *v, enum catalogue_text which);
/* own_path and what stands behind it, escaped. */
void html_own_path(struct html *h, struct slice page);
/* own_path/preferences?back=..., escaped. */
void html_preferences_url(struct html *h);
/* <input type="hidden" name=... value=... /> */
void html_hidden(struct html *h, struct slice name, struct slice value);
/* The two that every form has: token, and back unless it is empty. */
void html_form_fields(struct html *h);
/* "2026-11-26T10:00:00Z", in the arena. */
struct slice iso_time(struct arena *arena, int64_t unix_time);

/* ---- style.c ---- */

enum style_of { STYLE_PAGE, STYLE_BANNER, STYLE_LINK };
/* In the arena. */
struct slice style_text(const struct own_view *v, enum style_of of);

/* Purposes that the visitor may still decide about: all but necessary and those that an opt-out or a signal denies. */
purposes left_to_decide(const struct ruleset *rs, const struct consent *c);

#endif
