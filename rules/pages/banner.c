/*
 * The banner: a form that works without scripts, first in the body, so that it comes first to those who use a keyboard
 * or a screen reader. It is no dialog: the page behind it can be used.
 *
 * Refusing and accepting are two buttons of the same element and style; Enter in the form refuses, as that button
 * stands first. No box is ticked.
 */
#include "rules/pages/internal.h"

bool banner_due(const struct ruleset *rs, const struct consent *c)
{
	return ruleset_has_banner(rs) && !c->decided && left_to_decide(rs, c);
}

static void button(struct html *h, struct slice value, enum catalogue_text label)
{
	html_put(h, "<button type=\"submit\" name=\"do\" value=\"");
	html_add(h, value);
	html_put(h, "\">");
	html_text(h, label);
	html_put(h, "</button>");
}

static void notice_link(struct html *h)
{
	struct slice notice = own_notice(h->view);

	if (!notice.n)
		return;
	html_put(h, " <a href=\"");
	html_escaped(h, notice);
	html_put(h, "\">");
	html_text(h, TEXT_NOTICE);
	html_put(h, "</a>");
}

static void what_changed(struct html *h)
{
	if (h->view->consent->token != CONSENT_TOKEN_OLD_POLICY)
		return;
	html_put(h, "<p>");
	html_changed(h);
	html_put(h, "</p>");
}

static void signals(struct html *h)
{
	const struct consent *c = h->view->consent;

	if (c->denied_by_signal) {
		html_put(h, "<p>");
		html_text(h, h->view->gpc ? TEXT_GPC : TEXT_DNT);
		html_put(h, "</p>");
	}
}

static void settings_link(struct html *h)
{
	html_put(h, "<a href=\"");
	html_preferences_url(h);
	html_put(h, "\">");
	html_text(h, TEXT_SETTINGS);
	html_put(h, "</a>");
}

static void purpose(struct html *h, size_t bit)
{
	html_put(h, "<label><input type=\"checkbox\" name=\"p\" value=\"");
	html_escaped(h, ruleset_purpose(h->view->query->rules, bit)->name);
	html_put(h, "\" /> ");
	html_title(h, bit);
	html_put(h, "</label>");
	html_explanation(h, bit);
}

static void purposes_list(struct html *h)
{
	const struct ruleset *rs = h->view->query->rules;
	purposes left = left_to_decide(rs, h->view->consent);

	html_put(h, "<details><summary>");
	html_text(h, TEXT_CHOOSE);
	html_put(h, "</summary>");
	for (size_t bit = 1; bit < ruleset_purpose_count(rs); bit++)
		if (left >> bit & 1)
			purpose(h, bit);
	html_put(h, "<div class=\"b\">");
	button(h, SLICE("save"), TEXT_SAVE);
	html_put(h, "</div><p>");
	html_text(h, TEXT_POLICY);
	html_put(h, ": ");
	html_escaped(h, ruleset_policy(rs)->version);
	html_put(h, "</p><p>");
	settings_link(h);
	html_put(h, "</p></details>");
}

static void logo(struct html *h)
{
	struct slice path = ruleset_banner(h->view->query->rules)->logo;

	if (!path.n)
		return;
	html_put(h, "<img src=\"");
	html_escaped(h, path);
	html_put(h, "\" alt=\"\" />");
}

static void head(struct html *h)
{
	html_put(h, "<form method=\"post\" action=\"");
	html_own_path(h, SLICE("/decision"));
	html_put(h, "\">");
	html_form_fields(h);
	logo(h);
	html_put(h, "<h2 id=\"cg-title\">");
	html_text(h, TEXT_TITLE);
	html_put(h, "</h2><p>");
	html_text(h, TEXT_INTRO);
	notice_link(h);
	html_put(h, "</p><p>");
	html_titles(h, left_to_decide(h->view->query->rules, h->view->consent));
	html_put(h, ".</p>");
}

/*
 * With scripts the decision holds without a reload, as far as the guard (guard.js) is there to set things free. What
 * was granted and is no more needs a reload, and whatever fails here is sent as a form.
 */
static const struct slice script = SLICE_INIT(
	"(function(){"
	"var s=document.getElementById('cg-banner'),f=s.querySelector('form');"
	"f.addEventListener('submit',function(e){"
	"var b=e.submitter,c=window.crumbgate;"
	"if(!b||!c||!c.grant||!window.fetch)return;"
	"e.preventDefault();"
	"var d=new URLSearchParams(new FormData(f));d.set('do',b.value);"
	"fetch(f.action,{method:'POST',body:d,headers:{Accept:'application/json'}})"
	".then(function(r){if(!r.ok)throw r;return r.json()})"
	".then(function(j){"
	"if(c.granted().some(function(p){return !j.granted.includes(p)})){location.reload();return}"
	"f.hidden=true;s.className='done';document.body.append(s);"
	"var p=s.querySelector('[role=status]');p.hidden=p.nextElementSibling.hidden=false;"
	"p.textContent=p.dataset.text;p.focus({preventScroll:true});"
	"c.grant(j.granted)})"
	".catch(function(){var i=document.createElement('input');i.type='hidden';i.name='do';i.value=b.value;"
	"f.append(i);f.submit()})})})()");

static void status(struct html *h)
{
	html_put(h, "<p role=\"status\" tabindex=\"-1\" hidden=\"hidden\" data-text=\"");
	html_text(h, TEXT_SAVED);
	html_put(h, "\"></p><p hidden=\"hidden\">");
	settings_link(h);
	html_put(h, "</p>");
}

/* lang and dir of what is ours: the page may be in another language. */
static void language(struct html *h)
{
	html_put(h, " lang=\"");
	html_add(h, h->view->language->language);
	html_put(h, "\" dir=\"");
	html_add(h, h->view->language->direction);
	html_put(h, "\"");
}

struct slice banner_html(const struct own_view *v)
{
	struct html h = html_begin(v, true);

	html_put(&h, "<section id=\"cg-banner\" aria-labelledby=\"cg-title\"");
	language(&h);
	html_put(&h, "><style>");
	html_add(&h, style_text(v, STYLE_BANNER));
	html_put(&h, "</style>");
	head(&h);
	what_changed(&h);
	signals(&h);
	html_put(&h, "<div class=\"b\">");
	button(&h, SLICE("reject"), TEXT_REJECT);
	button(&h, SLICE("accept"), TEXT_ACCEPT);
	html_put(&h, "</div>");
	purposes_list(&h);
	html_put(&h, "</form>");
	status(&h);
	html_put(&h, "<script>");
	html_add(&h, script);
	html_put(&h, "</script></section>");
	return text_slice(&h.out);
}

struct slice banner_link_html(const struct own_view *v)
{
	struct html h = html_begin(v, true);

	html_put(&h, "<p id=\"cg-settings\"");
	language(&h);
	html_put(&h, "><style>");
	html_add(&h, style_text(v, STYLE_LINK));
	html_put(&h, "</style>");
	settings_link(&h);
	if (v->consent->denied_by_signal) {
		html_put(&h, "<br />");
		html_text(&h, v->gpc ? TEXT_GPC : TEXT_DNT);
	}
	html_put(&h, "</p>");
	return text_slice(&h.out);
}
