#include <inttypes.h>
#include <stdio.h>

#include "rules/base/utf8.h"
#include "rules/pages/internal.h"

struct html html_begin(const struct own_view *v, bool ascii)
{
	return (struct html){.out = {.arena = v->arena}, .view = v, .ascii = ascii};
}

void html_add(struct html *h, struct slice markup)
{
	text_add(&h->out, markup);
}

void html_changed(struct html *h)
{
	const struct policy *p = ruleset_policy(h->view->query->rules);

	html_text(h, TEXT_CHANGED);
	html_put(h, " ");
	html_escaped(h, own_text_find(&p->changed, 0, h->view->language->language));
}

struct slice own_notice(const struct own_view *v)
{
	const struct own_texts *all = &ruleset_policy(v->query->rules)->notice;
	struct slice found = own_text_find(all, 0, v->language ? v->language->language : slice_of(NULL, 0));

	return found.n || all->n == 0 ? found : all->v[0].text;
}

void html_title(struct html *h, size_t bit)
{
	const struct purpose *p = ruleset_purpose(h->view->query->rules, bit);
	struct slice own = own_text_find(&p->texts, PURPOSE_TITLE, h->view->language->language);

	html_escaped(h, own.n ? own : p->title);
}

void html_explanation(struct html *h, size_t bit)
{
	const struct purpose *p = ruleset_purpose(h->view->query->rules, bit);
	struct slice text = own_text_find(&p->texts, PURPOSE_TEXT, h->view->language->language);

	if (!text.n)
		return;
	html_put(h, "<p>");
	html_escaped(h, text);
	html_put(h, "</p>");
}

void html_titles(struct html *h, purposes set)
{
	size_t n = 0;

	for (size_t bit = 1; bit < ruleset_purpose_count(h->view->query->rules); bit++) {
		if (!(set >> bit & 1))
			continue;
		if (n++)
			html_put(h, ", ");
		html_title(h, bit);
	}
}

void html_number(struct html *h, int64_t n)
{
	char digits[24];

	html_add(h, slice_of(digits, (size_t)snprintf(digits, sizeof digits, "%" PRId64, n)));
}

static uint32_t code_point(struct slice s, size_t n)
{
	static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	uint32_t c = (unsigned char)s.p[0] & masks[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s.p[i] & 0x3F);
	return c;
}

static struct slice reference(char c)
{
	switch (c) {
	case '&':
		return SLICE("&amp;");
	case '<':
		return SLICE("&lt;");
	case '>':
		return SLICE("&gt;");
	case '"':
		return SLICE("&#34;");
	case '\'':
		return SLICE("&#39;");
	default:
		return slice_of(NULL, 0);
	}
}

static void add_character(struct html *h, struct slice s, size_t n)
{
	struct slice as = n == 1 ? reference(s.p[0]) : slice_of(NULL, 0);

	if (n == 0 || (n == 1 && (unsigned char)s.p[0] < ' ' && s.p[0] != '\n' && s.p[0] != '\t')) {
		html_put(h, "&#65533;");
	} else if (as.n || n == 1 || !h->ascii) {
		html_add(h, as.n ? as : slice_head(s, n));
	} else {
		html_put(h, "&#");
		html_number(h, code_point(s, n));
		html_put(h, ";");
	}
}

void html_escaped(struct html *h, struct slice text)
{
	while (text.n) {
		size_t n = utf8_length(text);

		add_character(h, text, n);
		text = slice_from(text, n ? n : 1);
	}
}

static enum banner_text replaceable(enum catalogue_text which)
{
	static const struct {
		enum catalogue_text of;
		enum banner_text by;
	} pairs[] = {{TEXT_TITLE, BANNER_TITLE},   {TEXT_INTRO, BANNER_TEXT}, {TEXT_ACCEPT, BANNER_ACCEPT},
		     {TEXT_REJECT, BANNER_REJECT}, {TEXT_SAVE, BANNER_SAVE},  {TEXT_SETTINGS, BANNER_SETTINGS}};

	for (size_t i = 0; i < CG_COUNT(pairs); i++)
		if (pairs[i].of == which)
			return pairs[i].by;
	return BANNER_TEXTS;
}

struct slice view_text(const struct own_view *v, enum catalogue_text which)
{
	const struct own_texts *own = &ruleset_banner(v->query->rules)->texts;
	struct slice found = own_text_find(own, replaceable(which), v->language->language);

	return found.n ? found : v->language->texts[which];
}

void html_text(struct html *h, enum catalogue_text which)
{
	html_escaped(h, view_text(h->view, which));
}

/* The civil date of a day since 1970-01-01 (the inverse of the usual count of days, in eras of 400 years). */
static void civil(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	int64_t z = days + 719468, era = z / 146097;
	unsigned of_era = (unsigned)(z - era * 146097);
	unsigned years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * years + years / 4 - years / 100), m = (5 * of_year + 2) / 153;

	*day = of_year - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = (int64_t)years + era * 400 + (*month <= 2);
}

struct slice iso_time(struct arena *arena, int64_t t)
{
	unsigned month, day, of_day;
	int64_t year;

	t = t < 0 ? 0 : t;
	civil(t / 86400, &year, &month, &day);
	of_day = (unsigned)(t % 86400);
	return arena_printf(arena, "%04" PRId64 "-%02u-%02uT%02u:%02u:%02uZ", year, month, day, of_day / 3600,
			    of_day / 60 % 60, of_day % 60);
}

void html_date(struct html *h, int64_t unix_time)
{
	html_add(h, slice_head(iso_time(h->view->arena, unix_time), 10));
}

void html_own_path(struct html *h, struct slice page)
{
	html_escaped(h, h->view->origin);
	html_escaped(h, ruleset_policy(h->view->query->rules)->own_path);
	html_add(h, page);
}

/* As a value in a query: all but unreserved characters and '/' in percent-encoding. */
static void add_encoded(struct html *h, struct slice s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		char octets[3] = {'%', hex[c >> 4], hex[c & 15]};
		bool plain = ascii_is_alpha(s.p[i]) || ascii_is_digit(s.p[i]) || (c && memchr("-._~/", c, 5));

		html_add(h, plain ? slice_of(s.p + i, 1) : slice_of(octets, 3));
	}
}

void html_preferences_url(struct html *h)
{
	html_own_path(h, SLICE("/preferences"));
	if (!h->view->back.n)
		return;
	html_put(h, "?back=");
	add_encoded(h, h->view->back);
}

struct slice own_saved_url(const struct own_view *v)
{
	struct html h = html_begin(v, false);

	html_add(&h, ruleset_policy(v->query->rules)->own_path);
	html_put(&h, "/preferences?done=saved");
	if (v->back.n) {
		html_put(&h, "&back=");
		add_encoded(&h, v->back);
	}
	return text_slice(&h.out);
}

void html_hidden(struct html *h, struct slice name, struct slice value)
{
	html_put(h, "<input type=\"hidden\" name=\"");
	html_add(h, name);
	html_put(h, "\" value=\"");
	html_escaped(h, value);
	html_put(h, "\" />");
}

void html_form_fields(struct html *h)
{
	html_hidden(h, SLICE("token"), own_token(h->view->query, h->view->arena));
	if (h->view->back.n)
		html_hidden(h, SLICE("back"), h->view->back);
}
