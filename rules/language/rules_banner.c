/* banner: what visitors who did not decide are shown. */
#include "rules/language/ruleset_internal.h"

static const struct {
	const char *word;
	enum banner_text which;
} text_words[] = {
	{"title", BANNER_TITLE},   {"text", BANNER_TEXT}, {"accept", BANNER_ACCEPT},
	{"reject", BANNER_REJECT}, {"save", BANNER_SAVE}, {"settings", BANNER_SETTINGS},
};

static const struct {
	const char *word;
	enum banner_colour which;
} colour_words[] = {
	{"accent", BANNER_ACCENT},
	{"background", BANNER_BACKGROUND},
	{"foreground", BANNER_FOREGROUND},
};

/* "0b57d0" or "#0b57d0" (in quotes, as '#' begins a comment). */
static bool read_colour(struct builder *b, const struct statement *s, const struct word *w, uint32_t *colour)
{
	struct slice text = w->text;

	if (text.n && text.p[0] == '#')
		text = slice_from(text, 1);
	*colour = 0;
	for (size_t i = 0; i < text.n && text.n == 6; i++) {
		int digit = ascii_hex_value(text.p[i]);

		if (digit < 0)
			text.n = 0;
		*colour = *colour << 4 | (uint32_t)(digit & 15);
	}
	if (text.n == 6)
		return true;
	build_error(b, s, w, "write six hexadecimal digits, e.g.: accent 0b57d0", "\"%.*s\" is no colour",
		    SLICE_ARG(w->raw));
	return false;
}

/* WORD COLOUR [dark COLOUR] */
static void banner_colour(struct builder *b, const struct statement *s, enum banner_colour which)
{
	uint32_t *colours = b->rs->banner.colours[which];

	if (s->n_words < 2) {
		build_missing(b, s, "write, e.g.: accent 0b57d0 dark 8ab4f8", "the colour is missing");
		return;
	}
	if (!read_colour(b, s, &s->words[1], &colours[0]))
		return;
	if (s->n_words > 2 && !word_is(&s->words[2], "dark")) {
		build_error(b, s, &s->words[2], "write, e.g.: accent 0b57d0 dark 8ab4f8", "unexpected \"%.*s\"",
			    SLICE_ARG(s->words[2].raw));
		return;
	}
	if (s->n_words == 3)
		build_missing(b, s, "write, e.g.: dark 8ab4f8", "the dark colour is missing");
	else if (s->n_words > 3 && read_colour(b, s, &s->words[3], &colours[1]))
		(void)build_no_more_words(b, s, 4);
}

static void banner_place(struct builder *b, const struct statement *s)
{
	static const char *const words[] = {"bottom", "top"};
	const struct word *w = &s->words[1];

	if (!build_one_value(b, s, "write bottom or top"))
		return;
	b->rs->banner.top = word_is(w, "top");
	if (!b->rs->banner.top && !word_is(w, "bottom"))
		build_error(b, s, w, build_suggest(b, w->text, words, 2, "write bottom or top"),
			    "\"%.*s\" is no place for the banner", SLICE_ARG(w->raw));
}

static void banner_link(struct builder *b, const struct statement *s)
{
	static const char *const words[] = {"on", "off"};
	const struct word *w = &s->words[1];

	if (!build_one_value(b, s, "write on or off"))
		return;
	if (word_is(w, "off"))
		b->rs->banner.link.rule.line = 0;
	else if (!word_is(w, "on"))
		build_error(b, s, w, build_suggest(b, w->text, words, 2, "write on or off"), "unexpected \"%.*s\"",
			    SLICE_ARG(w->raw));
}

/* Only the site itself is asked for it: nobody else hears of a visitor who did not decide. */
static void banner_logo(struct builder *b, const struct statement *s)
{
	const struct word *w = &s->words[1];
	struct slice text;

	if (!build_one_value(b, s, "write, e.g.: logo /logo.svg"))
		return;
	text = word_plain(w);
	if (text.n > 1 && text.p[0] == '/' && text.p[1] != '/' && slice_find_char(text, '\\') == text.n)
		b->rs->banner.logo = arena_copy(&b->rs->arena, text);
	else
		build_error(b, s, w, "write a path of the site, e.g.: logo /logo.svg",
			    "\"%.*s\" is no path of the site", SLICE_ARG(w->raw));
}

static bool themed(struct builder *b, const struct statement *s)
{
	const struct word *w = &s->words[0];

	for (size_t i = 0; i < CG_COUNT(colour_words); i++)
		if (word_is(w, colour_words[i].word)) {
			banner_colour(b, s, colour_words[i].which);
			return true;
		}
	for (size_t i = 0; i < CG_COUNT(text_words); i++)
		if (word_is(w, text_words[i].word)) {
			own_text_read(b, s, text_words[i].which, &b->rs->banner.texts);
			return true;
		}
	return false;
}

static void banner_statement(struct builder *b, const struct statement *s)
{
	static const char *const words[] = {"place", "link", "logo",   "accent", "background", "foreground",
					    "title", "text", "accept", "reject", "save",       "settings"};
	const struct word *w = &s->words[0];

	if (s->has_block)
		build_error(b, s, w, "remove the braces", "\"%.*s\" has no block", SLICE_ARG(w->raw));
	else if (word_is(w, "place"))
		banner_place(b, s);
	else if (word_is(w, "link"))
		banner_link(b, s);
	else if (word_is(w, "logo"))
		banner_logo(b, s);
	else if (!themed(b, s))
		build_error(b, s, w,
			    build_suggest(b, w->text, words, CG_COUNT(words),
					  "a banner holds: place link logo accent background foreground title text "
					  "accept reject save settings"),
			    "unknown word \"%.*s\" in \"banner\"", SLICE_ARG(w->raw));
}

/* WCAG 2.2 1.4.3: text; 1.4.11: what controls are told by. */
static void check_contrast(struct builder *b, const struct statement *s)
{
	static const char *const modes[] = {"", " (dark)"};

	for (int dark = 0; dark < 2; dark++) {
		uint32_t back = b->rs->banner.colours[BANNER_BACKGROUND][dark];
		double text = colour_contrast(b->rs->banner.colours[BANNER_FOREGROUND][dark], back);
		double control = colour_contrast(b->rs->banner.colours[BANNER_ACCENT][dark], back);

		if (text < 4.5)
			build_error(b, s, &s->words[0], "choose colours with a contrast of 4.5 or more",
				    "the contrast of foreground and background%s is %.2f: too little to be read",
				    modes[dark], text);
		if (control < 3)
			build_error(b, s, &s->words[0], "choose colours with a contrast of 3 or more",
				    "the contrast of accent and background%s is %.2f: too little to see the buttons",
				    modes[dark], control);
	}
}

static void set_defaults(struct builder *b, struct item *item)
{
	struct banner_rule *banner = &b->rs->banner;

	*banner = (struct banner_rule){
		.banner = {.rule = build_rule(b, item->file, item->s),
			   .mask = PURPOSE_NECESSARY,
			   .place = INJECT_BODY_START,
			   .status_min = 200,
			   .status_max = 599},
		.colours = {[BANNER_ACCENT] = {0x0B57D0, 0xA8C7FA},
			    [BANNER_BACKGROUND] = {0xFFFFFF, 0x1F1F1F},
			    [BANNER_FOREGROUND] = {0x1F1F1F, 0xE3E3E3}},
	};
	banner->link = banner->banner;
	banner->link.place = INJECT_BODY_END;
}

void rules_banner(struct builder *b, struct item *item)
{
	const struct statement *s = item->s;
	bool off = s->n_words == 2 && word_is(&s->words[1], "off") && !s->has_block;

	if (!build_first_of_kind(b, item, &b->banner) || off || !build_no_more_words(b, s, 1))
		return;
	if (!s->has_block)
		build_missing(b, s, "write banner off, or { here, the words below it, and } alone on a line",
			      "the block is missing");
	set_defaults(b, item);
	build_add_rule(b, &b->rs->banner.banner.rule);
	for (const struct statement *child = s->children; child; child = child->next)
		banner_statement(b, child);
	check_contrast(b, s);
}
