/* The preferences page, and the two of the opt-out. They need no script and have none. */
#include "rules/pages/internal.h"

#define COOKIES_SHOWN_MAX 60 /* of one purpose */

static void document_begin(struct html *h, enum catalogue_text title, struct slice *style)
{
	*style = style_text(h->view, STYLE_PAGE);
	html_put(h, "<!DOCTYPE html>\n<html lang=\"");
	html_add(h, h->view->language->language);
	html_put(h, "\" dir=\"");
	html_add(h, h->view->language->direction);
	html_put(h, "\"><head><meta charset=\"utf-8\" />"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />"
		    "<meta name=\"robots\" content=\"noindex\" /><title>");
	html_text(h, title);
	html_put(h, "</title><style>");
	html_add(h, *style);
	html_put(h, "</style></head>\n<body><main>\n");
	if (ruleset_banner(h->view->query->rules)->logo.n) {
		html_put(h, "<img alt=\"\" src=\"");
		html_escaped(h, ruleset_banner(h->view->query->rules)->logo);
		html_put(h, "\" />");
	}
	html_put(h, "<h1>");
	html_text(h, title);
	html_put(h, "</h1>\n");
}

static void document_end(struct html *h)
{
	html_put(h, "</main></body></html>\n");
}

static void note(struct html *h, enum catalogue_text text, bool alert)
{
	html_put(h, "<p class=\"n\" role=\"");
	html_add(h, alert ? SLICE("alert") : SLICE("status"));
	html_put(h, "\">");
	html_text(h, text);
	html_put(h, "</p>\n");
}

static void paragraph(struct html *h, enum catalogue_text text)
{
	html_put(h, "<p class=\"n\">");
	html_text(h, text);
	html_put(h, "</p>\n");
}

static void term(struct html *h, enum catalogue_text text)
{
	html_put(h, "<dt>");
	html_text(h, text);
	html_put(h, "</dt><dd>");
}

/* -- what is --------------------------------------------------------------------------------------------------------
 */

/* What is granted without a word of the visitor; its boxes are empty all the same. */
static void on_by_default(struct html *h)
{
	const struct consent *c = h->view->consent;
	purposes on = c->source == CONSENT_SIGNED ? 0 : c->granted & ~(PURPOSE_NECESSARY | own_chosen(c));

	if (!on)
		return;
	html_put(h, "<p class=\"n\">");
	html_text(h, TEXT_ON_BY_DEFAULT);
	html_put(h, " ");
	html_titles(h, on);
	html_put(h, ".</p>\n");
}

static void state(struct html *h)
{
	const struct consent *c = h->view->consent;
	const struct policy *p = ruleset_policy(h->view->query->rules);

	if (!c->decided)
		paragraph(h, TEXT_UNDECIDED);
	else if (c->source == CONSENT_FOREIGN || c->denied_by_foreign)
		paragraph(h, TEXT_DECIDED_ELSEWHERE);
	on_by_default(h);
	if (c->token == CONSENT_TOKEN_OLD_POLICY) {
		html_put(h, "<p class=\"n\">");
		html_changed(h);
		html_put(h, "</p>\n");
	}
	if (c->denied_by_opt_out)
		paragraph(h, TEXT_OPTED_OUT);
	if (c->denied_by_signal)
		paragraph(h, h->view->gpc ? TEXT_GPC : TEXT_DNT);
	html_put(h, "<dl>");
	if (c->source == CONSENT_SIGNED) {
		term(h, TEXT_DECIDED);
		html_date(h, c->decided_at);
		html_put(h, "</dd>");
		term(h, TEXT_ASKED_AGAIN);
		html_date(h, c->decided_at + p->remember);
		html_put(h, "</dd>");
		term(h, TEXT_RECEIPT_ID);
		html_put(h, "<code>");
		html_escaped(h, consent_token_id(c->value));
		html_put(h, "</code></dd>");
	}
	term(h, TEXT_POLICY);
	html_escaped(h, p->version);
	html_put(h, "</dd></dl>\n");
}

/* -- purposes -------------------------------------------------------------------------------------------------------
 */

struct cookies {
	struct html *h;
	purposes of;
	size_t n;
	bool others;
};

/* Seconds that it lives, where the rules say so; else 0. */
static int64_t age_of(const struct html *h, struct slice name)
{
	const struct ruleset *rs = h->view->query->rules;
	size_t n_out, n_made;
	const struct opt_out_rule *out = ruleset_opt_outs(rs, &n_out);
	const struct inject_cookie_rule *made = ruleset_inject_cookies(rs, &n_made);
	const struct cookie_rule *rule;
	bool limit;

	for (size_t i = 0; i < n_out; i++)
		if (slice_eq(out[i].name, name))
			return out[i].max_age;
	for (size_t i = 0; i < n_made; i++)
		if (slice_eq(made[i].name, name))
			return made[i].max_age;
	rule = ruleset_cookie(rs, h->view->scratch, name, &limit);
	return rule ? rule->limits.max_age_cap : 0;
}

static void retention(struct html *h, int64_t seconds)
{
	int64_t days = seconds / 86400;

	if (days <= 0)
		return;
	html_put(h, " (");
	html_number(h, days);
	html_put(h, " ");
	html_text(h, TEXT_DAYS);
	html_put(h, ")");
}

/* Does it say no more than how names begin? */
static bool is_beginning(struct slice regex)
{
	size_t i = 1;

	if (regex.n < 2 || regex.p[0] != '^')
		return false;
	while (i < regex.n &&
	       (ascii_is_alpha(regex.p[i]) || ascii_is_digit(regex.p[i]) || regex.p[i] == '_' || regex.p[i] == '-'))
		i++;
	return i == regex.n;
}

static void list_cookie(void *arg, struct slice text, bool regex, struct slice flags, purposes mask)
{
	struct cookies *c = arg;
	bool beginning = regex && !flags.n && is_beginning(text);

	if (!(mask & c->of) || c->n >= COOKIES_SHOWN_MAX)
		return;
	if (!regex && slice_eq(text, SLICE("*"))) {
		c->others = true;
		return;
	}
	if (beginning)
		text = slice_from(text, 1);
	regex = regex && !beginning;
	html_add(c->h, c->n++ ? SLICE(", <code>") : SLICE("<code>"));
	if (regex)
		html_put(c->h, "/");
	html_escaped(c->h, text);
	if (regex || beginning)
		html_add(c->h, regex ? SLICE("/") : SLICE("*"));
	html_put(c->h, "</code>");
	if (!regex)
		retention(c->h, age_of(c->h, text));
}

static void list_cookies(struct html *h, purposes of)
{
	const struct ruleset *rs = h->view->query->rules;
	struct html probe = *h;
	struct cookies c = {.h = &probe, .of = of};

	/* First where nobody sees it: without a cookie there is no line. */
	probe.out = (struct text){.arena = h->view->arena};
	if (of == PURPOSE_NECESSARY) {
		list_cookie(&c, consent_cookie_name(h->view->query->secure), false, slice_of(NULL, 0), of);
		retention(&probe, ruleset_policy(rs)->remember);
	}
	ruleset_each_cookie_name(rs, list_cookie, &c);
	if (!c.n && !c.others)
		return;
	html_put(h, "<p>");
	html_text(h, TEXT_COOKIES);
	html_put(h, ": ");
	html_add(h, text_slice(&probe.out));
	if (c.others) {
		if (c.n)
			html_put(h, ", ");
		html_text(h, TEXT_OTHER_COOKIES);
	}
	html_put(h, "</p>");
}

/* Boxes of those who did not decide are empty, whatever holds for the undecided. */
static void purpose(struct html *h, size_t bit)
{
	const struct ruleset *rs = h->view->query->rules;
	const struct purpose *p = ruleset_purpose(rs, bit);
	const struct consent *c = h->view->consent;
	purposes of = (purposes)1 << bit;

	html_put(h, "<div class=\"p\"><label><input type=\"checkbox\" name=\"p\" value=\"");
	html_escaped(h, p->name);
	html_put(h, "\"");
	if (own_chosen(c) & of)
		html_put(h, " checked=\"checked\"");
	html_put(h, " /> ");
	html_title(h, bit);
	html_put(h, "</label>");
	html_explanation(h, bit);
	if ((c->denied_by_opt_out | c->denied_by_signal) & of) {
		html_put(h, "<p>");
		html_text(h, c->denied_by_opt_out & of ? TEXT_OPTED_OUT : h->view->gpc ? TEXT_GPC : TEXT_DNT);
		html_put(h, "</p>");
	}
	list_cookies(h, of);
	html_put(h, "</div>\n");
}

static void necessary(struct html *h)
{
	html_put(h, "<div class=\"p\"><strong>");
	html_text(h, TEXT_NECESSARY);
	html_put(h, "</strong><p>");
	html_text(h, TEXT_ALWAYS_ON);
	html_put(h, "</p>");
	list_cookies(h, PURPOSE_NECESSARY);
	html_put(h, "</div>\n");
}

static void button(struct html *h, struct slice value, enum catalogue_text label)
{
	html_put(h, "<button type=\"submit\"");
	if (value.n) {
		html_put(h, " name=\"do\" value=\"");
		html_add(h, value);
		html_put(h, "\"");
	}
	html_put(h, ">");
	html_text(h, label);
	html_put(h, "</button>");
}

static void form_begin(struct html *h, struct slice page)
{
	html_put(h, "<form method=\"post\" action=\"");
	html_own_path(h, page);
	html_put(h, "\">");
	html_form_fields(h);
	html_hidden(h, SLICE("from"), SLICE("preferences"));
}

static void one_button(struct html *h, struct slice page, enum catalogue_text label)
{
	form_begin(h, page);
	html_put(h, "<div class=\"b\">");
	button(h, slice_of(NULL, 0), label);
	html_put(h, "</div></form>\n");
}

static void decision_form(struct html *h)
{
	const struct ruleset *rs = h->view->query->rules;

	form_begin(h, SLICE("/decision"));
	html_put(h, "<fieldset><legend>");
	html_text(h, TEXT_PURPOSES);
	html_put(h, "</legend>\n");
	necessary(h);
	for (size_t bit = 1; bit < ruleset_purpose_count(rs); bit++)
		purpose(h, bit);
	html_put(h, "</fieldset><div class=\"b\">");
	button(h, SLICE("reject"), TEXT_REJECT);
	button(h, SLICE("save"), TEXT_SAVE);
	button(h, SLICE("accept"), TEXT_ACCEPT);
	html_put(h, "</div></form>\n");
}

/* -- the rest -------------------------------------------------------------------------------------------------------
 */

static bool can_opt_out(const struct ruleset *rs)
{
	size_t n;

	(void)ruleset_opt_outs(rs, &n);
	return n > 0;
}

static void opt_out_form(struct html *h)
{
	bool out = h->view->consent->denied_by_opt_out != 0;
	const struct ruleset *rs = h->view->query->rules;
	size_t n;
	const struct opt_out_rule *rules = ruleset_opt_outs(rs, &n);
	purposes denies = 0;

	for (size_t i = 0; i < n; i++)
		denies |= rules[i].denies;
	html_put(h, "<p>");
	html_text(h, TEXT_OPT_OUT_EXPLAINED);
	html_put(h, " ");
	html_titles(h, denies & ~PURPOSE_NECESSARY);
	html_put(h, ".</p>\n");
	one_button(h, out ? SLICE("/opt-in") : SLICE("/opt-out"), out ? TEXT_OPT_IN : TEXT_OPT_OUT);
}

static void link(struct html *h, struct slice url, enum catalogue_text text)
{
	if (!url.n)
		return;
	html_put(h, "<li><a href=\"");
	html_escaped(h, url);
	html_put(h, "\">");
	html_text(h, text);
	html_put(h, "</a></li>");
}

static void links(struct html *h)
{
	const struct own_view *v = h->view;
	const struct policy *p = ruleset_policy(v->query->rules);
	const struct slice receipt[] = {p->own_path, SLICE("/receipt")}, notice = own_notice(v);

	if (v->consent->source != CONSENT_SIGNED && !notice.n && !p->contact.n && !v->back.n)
		return;
	html_put(h, "<ul>");
	if (v->consent->source == CONSENT_SIGNED)
		link(h, arena_concat(v->arena, receipt, 2), TEXT_RECEIPT);
	link(h, notice, TEXT_NOTICE);
	if (p->contact.n) {
		html_put(h, "<li>");
		html_escaped(h, p->contact);
		html_put(h, "</li>");
	}
	link(h, v->back, TEXT_BACK);
	html_put(h, "</ul>\n");
}

struct slice own_preferences(const struct own_view *v, enum own_note which, struct slice *style)
{
	struct html h = html_begin(v, false);

	document_begin(&h, TEXT_SETTINGS, style);
	if (which == NOTE_SAVED)
		note(&h, TEXT_SAVED, false);
	else if (which == NOTE_REFUSED)
		note(&h, TEXT_REFUSED, true);
	state(&h);
	decision_form(&h);
	if (own_chosen(v->consent) & ~PURPOSE_NECESSARY)
		one_button(&h, SLICE("/withdraw"), TEXT_WITHDRAW);
	if (can_opt_out(v->query->rules)) {
		html_put(&h, "<h2>");
		html_text(&h, TEXT_OPT_OUT);
		html_put(&h, "</h2>\n");
		opt_out_form(&h);
	}
	links(&h);
	document_end(&h);
	return text_slice(&h.out);
}

struct slice own_opt_page(const struct own_view *v, struct slice *style)
{
	struct html h = html_begin(v, false);

	document_begin(&h, TEXT_OPT_OUT, style);
	if (v->consent->denied_by_opt_out)
		paragraph(&h, TEXT_OPTED_OUT);
	if (can_opt_out(v->query->rules))
		opt_out_form(&h);
	links(&h);
	document_end(&h);
	return text_slice(&h.out);
}
