/*
 * Beacons in fields: URLs that a browser fetches, or sends reports to, because a response says so. What is denied is
 * taken out; what stays beside it keeps its octets.
 */
#include "rules/decide/internal.h"

#include "rules/decide/carrier.h"
#include "rules/html/refresh.h"
#include "rules/html/srcset.h"
#include "rules/http/link.h"
#include "rules/http/report.h"

#define TYPES_REPORT (FILTER_PING | FILTER_XMLHTTPREQUEST | FILTER_OTHER)

/* Where reports go by name; one that leads to a denied endpoint is denied with all of its endpoints. */
struct group {
	struct slice name;
	struct verdict why;
	struct group *next;
};

struct judging {
	const struct deciding *x;
	struct web_url base;
	struct filter_page page;
	bool ready;
	bool differs; /* a rule of an optional purpose names something */
	struct group *denied;
	struct verdict last; /* the last that was given */
};

static void make_ready(struct judging *j)
{
	if (j->ready)
		return;
	j->ready = true;
	(void)web_url_parse(page_url(j->x), NULL, j->x->arena, &j->base);
	filter_page_init(&j->page, j->base.host);
}

/* True: it may stay. */
static bool judge(struct judging *j, struct slice url, unsigned types)
{
	struct beacon_judgement b;

	make_ready(j);
	b = judge_url(j->x, &j->base, &j->page, url, types);
	if (!b.match.rule && !b.match.limit)
		return b.pass;
	j->last = (struct verdict){.kind = b.pass ? VERDICT_KEEP : VERDICT_DROP,
				   .subject = SUBJECT_HEADER,
				   .name = b.url,
				   .rule = b.match.rule ? &b.match.rule->rule : NULL,
				   .mask = b.mask,
				   .reason = b.reason,
				   .pattern = b.match.pattern,
				   .list_line = b.match.list_line};
	j->differs |= (b.mask & ~PURPOSE_NECESSARY) != 0;
	verdict_emit(j->x, &j->last);
	return b.pass;
}

/* -- lists --------------------------------------------------------------------------------------------------------- */

/* A value without some of its elements. */
struct remains {
	struct text text;
	bool lost;
	bool any;
};

static void keep_element(struct remains *r, struct slice element)
{
	if (r->any)
		text_add(&r->text, SLICE(", "));
	r->any = true;
	text_add(&r->text, element);
}

/* False: nothing remains, the field goes. */
static bool remain(const struct remains *r, struct field *f)
{
	if (r->lost)
		f->value = text_slice(&r->text);
	return r->any || !r->lost;
}

/* -- Link ---------------------------------------------------------------------------------------------------------- */

static bool link_stays(struct judging *j, const struct link_value *v)
{
	unsigned types = v->unclear ? FILTER_ANY : carrier_of_link(v->rel, v->as).types;
	struct slice rest = v->imagesrcset;
	struct srcset_candidate image;

	if (!v->valid || !types)
		return true;
	if (v->target.n && !judge(j, v->target, types))
		return false;
	while (srcset_next(&rest, &image))
		if (!judge(j, image.url, types))
			return false;
	return true;
}

static bool edit_link(struct judging *j, struct field *f)
{
	struct remains r = {.text = {.arena = j->x->arena}};
	struct slice rest = f->value;
	struct link_value v;

	while (link_next(&rest, &v)) {
		if (link_stays(j, &v))
			keep_element(&r, v.raw);
		else
			r.lost = true;
	}
	return remain(&r, f);
}

/* -- reports ------------------------------------------------------------------------------------------------------- */

static void deny_group(struct judging *j, struct slice name)
{
	struct group *g = arena_alloc(j->x->arena, sizeof *g);

	if (!g)
		return;
	*g = (struct group){.name = name, .why = j->last, .next = j->denied};
	j->denied = g;
}

/* True: reports may go to the group of that name. */
static bool judge_group(struct judging *j, struct slice name)
{
	struct group *g = j->denied;

	while (g && !slice_eq(g->name, name))
		g = g->next;
	if (g) {
		g->why.name = name;
		verdict_emit(j->x, &g->why);
	}
	return !g;
}

static struct slice group_name(struct judging *j, struct slice object, struct slice member)
{
	struct slice name;

	return report_member_next(&object, member, j->x->arena, &name) ? name : SLICE("default");
}

static bool report_to_stays(struct judging *j, struct slice object)
{
	struct slice rest = object, url;

	while (report_member_next(&rest, SLICE("url"), j->x->arena, &url)) {
		if (!judge(j, url, TYPES_REPORT)) {
			deny_group(j, group_name(j, object, SLICE("group")));
			return false;
		}
	}
	return true;
}

static bool nel_stays(struct judging *j, struct slice object)
{
	return judge_group(j, group_name(j, object, SLICE("report_to")));
}

static bool edit_json(struct judging *j, struct field *f, bool (*stays)(struct judging *, struct slice))
{
	struct remains r = {.text = {.arena = j->x->arena}};
	struct slice rest = f->value, object;

	while (report_json_next(&rest, &object)) {
		if (stays(j, object))
			keep_element(&r, object);
		else
			r.lost = true;
	}
	return remain(&r, f);
}

static bool endpoint_stays(struct judging *j, struct slice member)
{
	struct slice name, value, url;

	if (!slice_cut(member, '=', &name, &value) || !report_string(slice_trim(value), j->x->arena, &url))
		return true;
	if (judge(j, url, TYPES_REPORT))
		return true;
	deny_group(j, slice_trim(name));
	return false;
}

static bool rules_stay(struct judging *j, struct slice member)
{
	struct slice url;

	return !report_string(member, j->x->arena, &url) || judge(j, url, FILTER_OTHER | FILTER_XMLHTTPREQUEST);
}

static bool edit_structured(struct judging *j, struct field *f, bool (*stays)(struct judging *, struct slice))
{
	struct remains r = {.text = {.arena = j->x->arena}};
	struct slice rest = f->value, member;

	while (list_next(&rest, &member)) {
		if (stays(j, member))
			keep_element(&r, member);
		else
			r.lost = true;
	}
	return remain(&r, f);
}

/* -- Content-Security-Policy --------------------------------------------------------------------------------------- */

unsigned policy_source_types(struct slice directive)
{
	static const struct {
		struct slice prefix;
		unsigned types;
	} table[] = {
		{SLICE_INIT("script-src"), FILTER_SCRIPT},
		{SLICE_INIT("style-src"), FILTER_STYLESHEET},
		{SLICE_INIT("img-src"), FILTER_IMAGE},
		{SLICE_INIT("font-src"), FILTER_FONT},
		{SLICE_INIT("media-src"), FILTER_MEDIA},
		{SLICE_INIT("object-src"), FILTER_OBJECT},
		{SLICE_INIT("frame-src"), FILTER_SUBDOCUMENT},
		{SLICE_INIT("worker-src"), FILTER_SCRIPT},
		{SLICE_INIT("connect-src"), FILTER_XMLHTTPREQUEST | FILTER_PING | FILTER_WEBSOCKET | FILTER_OTHER},
	};

	for (size_t i = 0; i < CG_COUNT(table); i++)
		if (slice_istarts_with(directive, table[i].prefix))
			return table[i].types;
	return FILTER_ANY;
}

static bool judge_report(void *arg, const struct csp_reference *ref)
{
	if (ref->subject == CSP_SOURCE)
		return true;
	return ref->subject == CSP_REPORT_URI ? judge(arg, ref->url, TYPES_REPORT) : judge_group(arg, ref->url);
}

static bool judge_policy(void *arg, const struct csp_reference *ref)
{
	return ref->subject == CSP_SOURCE ? judge(arg, ref->url, policy_source_types(ref->directive))
					  : judge_report(arg, ref);
}

static bool says_nothing(struct slice value)
{
	struct slice element;

	return !list_next(&value, &element);
}

/* Only what is enforced is narrowed: else the site would be sent reports of what crumbgate did. */
static bool edit_policy(struct judging *j, struct field *f)
{
	bool narrow = f->id == FIELD_CSP && j->x->d->page.by_consent && ruleset_pages(j->x->env->rules)->csp_narrow;

	(void)csp_filter(f->value, narrow ? judge_policy : judge_report, j, j->x->arena, &f->value);
	return !says_nothing(f->value);
}

/* -- all ----------------------------------------------------------------------------------------------------------- */

static bool edit_refresh(struct judging *j, struct field *f)
{
	struct slice url;

	return !refresh_url(f->value, &url) || judge(j, url, FILTER_ANY | FILTER_DOCUMENT);
}

/* Those that name groups come first. False: the field goes. */
static bool edit_names(struct judging *j, struct field *f)
{
	switch (f->id) {
	case FIELD_REPORT_TO:
		return edit_json(j, f, report_to_stays);
	case FIELD_REPORTING_ENDPOINTS:
		return edit_structured(j, f, endpoint_stays);
	default:
		return true;
	}
}

static bool edit_others(struct judging *j, struct field *f)
{
	switch (f->id) {
	case FIELD_LINK:
		return edit_link(j, f);
	case FIELD_REFRESH:
		return edit_refresh(j, f);
	case FIELD_NEL:
		return edit_json(j, f, nel_stays);
	case FIELD_SPECULATION_RULES:
		return edit_structured(j, f, rules_stay);
	case FIELD_CSP:
	case FIELD_CSP_REPORT_ONLY:
		return edit_policy(j, f);
	default:
		return true;
	}
}

static void edit_fields(struct judging *j, struct fields *f, bool (*edit)(struct judging *, struct field *))
{
	size_t kept = 0;

	for (size_t i = 0; i < f->n; i++) {
		struct field field = f->v[i];
		bool stays = edit(j, &field);

		if (j->x->d->observe)
			continue;
		if (stays)
			f->v[kept++] = field;
	}
	if (!j->x->d->observe)
		f->n = kept;
}

/* There may be fields that edit_names() or edit_others() look at. */
static bool has_any(const struct fields *f)
{
	return fields_may_have(f, FIELD_LINK) || fields_may_have(f, FIELD_REFRESH) || fields_may_have(f, FIELD_NEL) ||
	       fields_may_have(f, FIELD_SPECULATION_RULES) || fields_may_have(f, FIELD_CSP) ||
	       fields_may_have(f, FIELD_CSP_REPORT_ONLY) || fields_may_have(f, FIELD_REPORT_TO) ||
	       fields_may_have(f, FIELD_REPORTING_ENDPOINTS);
}

bool headers_judge(const struct deciding *x, struct fields *fields)
{
	struct judging j = {.x = x};

	if (!has_any(fields) || !(ruleset_beacon_purposes(x->env->rules) & ~PURPOSE_NECESSARY))
		return false;
	edit_fields(&j, fields, edit_names);
	edit_fields(&j, fields, edit_others);
	return j.differs;
}
