/*
 * What stands where an embed was held back. "Show once" opens it at its own address; the guard shows it in the page
 * instead, where scripts run. "Always allow" is a form.
 */
#include "rules/pages/internal.h"

static void show_once(struct html *h, struct slice url)
{
	html_put(h, "<p><a data-cg-once=\"\" target=\"_blank\" rel=\"noopener noreferrer\" href=\"");
	html_escaped(h, url);
	html_put(h, "\">");
	html_text(h, TEXT_SHOW_ONCE);
	html_put(h, "</a></p>");
}

static void always(struct html *h, purposes missing)
{
	const struct ruleset *rs = h->view->query->rules;

	html_put(h, "<form method=\"post\" action=\"");
	html_own_path(h, SLICE("/decision"));
	html_put(h, "\"><p>");
	html_form_fields(h);
	for (size_t bit = 1; bit < ruleset_purpose_count(rs); bit++)
		if (missing >> bit & 1)
			html_hidden(h, SLICE("p"), ruleset_purpose(rs, bit)->name);
	/* Within a form of the site's ours is none: then the button alone says where it leads. */
	html_put(h, "<button type=\"submit\" name=\"do\" value=\"add\" formmethod=\"post\" "
		    "formenctype=\"application/x-www-form-urlencoded\" formaction=\"");
	html_own_path(h, SLICE("/decision"));
	html_put(h, "\">");
	html_text(h, TEXT_ALWAYS);
	html_put(h, "</button></p></form>");
}

struct slice placeholder_html(const struct own_view *v, struct slice host, struct slice url, purposes missing)
{
	const struct consent *c = v->consent;
	struct html h = html_begin(v, true);

	html_put(&h, "<div data-cg-placeholder=\"\" lang=\"");
	html_add(&h, v->language->language);
	html_put(&h, "\" dir=\"");
	html_add(&h, v->language->direction);
	html_put(&h, "\"><p>");
	html_text(&h, TEXT_FROM);
	html_put(&h, " ");
	html_escaped(&h, host);
	html_put(&h, ". ");
	html_text(&h, TEXT_SHOWN_ONCE_AGREED);
	html_put(&h, " ");
	html_titles(&h, missing);
	html_put(&h, ".</p>");
	if (url.n)
		show_once(&h, url);
	/* Nothing that is chosen here would beat an opt-out. */
	if (v->query->mac && v->query->secure && !(missing & (c->denied_by_opt_out | c->denied_by_signal)))
		always(&h, missing);
	html_put(&h, "</div>");
	return text_slice(&h.out);
}
