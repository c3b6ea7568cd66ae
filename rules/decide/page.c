#include "rules/decide/internal.h"

#include "rules/http/url.h"

purposes purposes_denied(const struct deciding *x)
{
	return ruleset_all_purposes(x->env->rules) & ~x->d->consent.granted;
}

/* -- the request --------------------------------------------------------------------------------------------------- */

/* What shows a document of its own. Browsers send the field; where it is absent the request may be a navigation. */
static bool shows_document(const struct field *dest)
{
	static const struct slice shows[] = {
		SLICE_INIT("document"), SLICE_INIT("iframe"), SLICE_INIT("frame"),
		SLICE_INIT("embed"),	SLICE_INIT("object"), SLICE_INIT("fencedframe"),
	};

	for (size_t i = 0; dest && i < CG_COUNT(shows); i++)
		if (slice_eq(dest->value, shows[i]))
			return true;
	return !dest;
}

/* All copies of a field as one list. */
static struct slice joined(const struct deciding *x, const struct fields *f, struct slice name)
{
	struct slice value = slice_of(NULL, 0);

	for (size_t i = 0; i < f->n; i++) {
		const struct slice parts[] = {value, SLICE(","), f->v[i].value};

		if (slice_ieq(f->v[i].name, name))
			value = value.n ? arena_concat(x->arena, parts, CG_COUNT(parts)) : f->v[i].value;
	}
	return value;
}

static bool sends_gpc(const struct fields *f)
{
	for (size_t i = 0; fields_may_have(f, FIELD_SEC_GPC) && i < f->n; i++)
		if (f->v[i].id == FIELD_SEC_GPC && slice_eq(f->v[i].value, SLICE("1")))
			return true;
	return false;
}

void page_ask(const struct deciding *x, const struct request *req)
{
	const struct field *dest = fields_find(&req->fields, FIELD_SEC_FETCH_DEST);

	x->d->asked = (struct asked){
		.authority = req->authority.n ? req->authority : req->host,
		.target = req->target,
		.language = joined(x, &req->fields, SLICE("Accept-Language")),
		.gpc = sends_gpc(&req->fields),
		.top = !dest || slice_eq(dest->value, SLICE("document")),
		.get = slice_eq(req->method, SLICE("GET")),
		.head = slice_eq(req->method, SLICE("HEAD")),
		.document = shows_document(dest),
		.navigation = dest && shows_document(dest),
	};
}

struct slice page_url(const struct deciding *x)
{
	const struct asked *a = &x->d->asked;
	bool path = a->target.n && a->target.p[0] == '/';
	const struct slice parts[] = {
		x->d->secure ? SLICE("https://") : SLICE("http://"),
		a->authority,
		path ? a->target : SLICE("/"),
	};

	if (!x->d->page.url.n)
		x->d->page.url = arena_concat(x->arena, parts, CG_COUNT(parts));
	return x->d->page.url;
}

/* -- what rules there are for pages -------------------------------------------------------------------------------- */

static bool has_optional(const struct ruleset *rs)
{
	return ruleset_purpose_count(rs) > 1;
}

static bool may_guard(const struct deciding *x)
{
	return x->env->guard && ruleset_pages(x->env->rules)->guard && has_optional(x->env->rules);
}

static bool inject_on_path(const struct deciding *x, const struct inject_html_rule *rule, struct slice path)
{
	return inject_html_applies(rule, x->env->scratch, path, rule->status_min);
}

/* Decisions need a key, and a cookie that only TLS can have. Frames are not asked: the page around them is. */
bool page_may_ask(const struct deciding *x)
{
	return ruleset_has_banner(x->env->rules) && has_optional(x->env->rules) && x->env->mac && x->d->secure;
}

static bool asks(const struct deciding *x)
{
	const struct banner_rule *b = ruleset_banner(x->env->rules);

	return page_may_ask(x) && x->d->asked.top && (banner_due(x->env->rules, &x->d->consent) || b->link.rule.line) &&
	       inject_html_applies(&b->banner, x->env->scratch, x->d->page.path, x->d->page.status);
}

bool page_by_language(const struct deciding *x)
{
	return page_may_ask(x) || ruleset_has_placeholder(x->env->rules);
}

uint64_t page_asks(const struct deciding *x)
{
	const struct consent *c = &x->d->consent;
	uint64_t h = 0;

	if (page_may_ask(x))
		h = 1 | (uint64_t)x->d->asked.top << 1 | (uint64_t)c->decided << 2 | (uint64_t)x->d->asked.gpc << 3 |
		    (uint64_t)(c->token == CONSENT_TOKEN_OLD_POLICY) << 4;
	if (page_by_language(x))
		h ^= (uint64_t)c->denied_by_opt_out << 5 ^ (uint64_t)c->denied_by_signal << 32;
	return h;
}

static bool any_inject_on_path(const struct deciding *x, struct slice path)
{
	size_t n;
	const struct inject_html_rule *rules = ruleset_inject_html(x->env->rules, &n);

	for (size_t i = 0; i < n; i++)
		if (inject_on_path(x, &rules[i], path))
			return true;
	return false;
}

/* An inject statement that applies to this page; granted: for this visitor. */
static bool any_inject(const struct deciding *x, bool granted)
{
	size_t n;
	const struct inject_html_rule *rules = ruleset_inject_html(x->env->rules, &n);
	const struct page *p = &x->d->page;

	for (size_t i = 0; i < n; i++)
		if ((!granted || is_granted(x, rules[i].mask)) &&
		    inject_html_applies(&rules[i], x->env->scratch, p->path, p->status))
			return true;
	return false;
}

/* Beacons and parameters of links are in documents and fragments alike. */
static bool may_strip(const struct deciding *x)
{
	const struct ruleset *rs = x->env->rules;

	return (ruleset_beacon_purposes(rs) & ~PURPOSE_NECESSARY) || (ruleset_has_params(rs) && has_optional(rs));
}

static bool may_concern_pages(const struct deciding *x)
{
	size_t n;

	(void)ruleset_inject_html(x->env->rules, &n);
	return n || may_strip(x) || may_guard(x) || page_may_ask(x);
}

static bool normal_path(const struct deciding *x)
{
	return x->d->page.path.n || path_normalise(x->d->path, x->arena, &x->d->page.path);
}

bool page_may_depend(const struct deciding *x)
{
	return may_strip(x) || may_guard(x) || page_may_ask(x) ||
	       (normal_path(x) && any_inject_on_path(x, x->d->page.path));
}

bool page_by_destination(const struct deciding *x)
{
	size_t n;

	(void)ruleset_inject_html(x->env->rules, &n);
	return n || may_guard(x) || page_may_ask(x);
}

/* -- what came ----------------------------------------------------------------------------------------------------- */

/* Browsers end it at a blank and a parenthesis, too. */
static struct slice essence(struct slice type)
{
	size_t n = 0;

	type = slice_trim(type);
	while (n < type.n && type.p[n] != ';' && type.p[n] != '(' && !ascii_is_blank(type.p[n]))
		n++;
	return slice_head(type, n);
}

/* Types that browsers do not believe, but look at the body (WHATWG MIME Sniffing 7). */
static bool says_nothing(struct slice type)
{
	return slice_find_char(type, '/') == type.n || slice_ieq(type, SLICE("unknown/unknown")) ||
	       slice_ieq(type, SLICE("application/unknown")) || slice_ieq(type, SLICE("*/*"));
}

static bool may_be_sniffed(const struct fields *f)
{
	const struct field *x = fields_find_name(f, SLICE("X-Content-Type-Options"));
	struct slice rest, first;

	rest = x ? x->value : slice_of(NULL, 0);
	return !list_next(&rest, &first) || !slice_ieq(first, SLICE("nosniff"));
}

/* Of several types browsers take the last that makes sense; here one of HTML is enough. */
static bool find_type(const struct fields *f, struct page *p)
{
	bool labelled = false, html = false;

	for (size_t i = 0; i < f->n; i++) {
		struct slice rest, one;

		if (f->v[i].id != FIELD_CONTENT_TYPE)
			continue;
		rest = f->v[i].value;
		while (list_next(&rest, &one)) {
			struct slice type = essence(one);

			labelled |= !says_nothing(type);
			html |= slice_ieq(type, SLICE("text/html"));
			p->xml |= slice_ieq(type, SLICE("application/xhtml+xml"));
		}
	}
	p->unlabelled = !labelled && may_be_sniffed(f);
	p->xml &= !html;
	return html || p->xml || p->unlabelled;
}

/* It is saved, and shown outside the site if at all (RFC 6266 4.2). */
static bool is_download(const struct fields *f)
{
	const struct field *d = fields_find_name(f, SLICE("Content-Disposition"));

	return d && slice_ieq(essence(d->value), SLICE("attachment"));
}

static bool has_body(unsigned status)
{
	return status >= 200 && status != 204 && status != 205 && status != 304;
}

/*
 * A redirect that is followed: its body is never shown, and caches may go on sharing it. Browsers show that of one that
 * leads to an empty address.
 */
static bool is_followed(const struct response *resp)
{
	const struct field *location = fields_find(&resp->fields, FIELD_LOCATION);

	return (resp->status == 301 || resp->status == 302 || resp->status == 303 || resp->status == 307 ||
		resp->status == 308) &&
	       location && location->value.n;
}

static bool is_part(const struct response *resp)
{
	return resp->status == 206 || fields_find(&resp->fields, FIELD_CONTENT_RANGE);
}

/* Several parts hide the type of what they are parts of. */
static bool is_parts(const struct response *resp)
{
	const struct field *type = fields_find(&resp->fields, FIELD_CONTENT_TYPE);

	return resp->status == 206 && type && slice_ieq(essence(type->value), SLICE("multipart/byteranges"));
}

/* A 304 tells no type; but one that was asked for by a tag of ours is of a page. */
static bool is_page(const struct deciding *x, const struct response *resp, struct page *p)
{
	if (resp->status == 304)
		return x->d->asked.known != NULL;
	if (!has_body(resp->status) || is_followed(resp))
		return false;
	return find_type(&resp->fields, p) || is_parts(resp);
}

/* -- character encodings ------------------------------------------------------------------------------------------- */

/*
 * Labels of encodings (WHATWG Encoding 4.2) in which octets of ASCII do not always mean ASCII, and of those that
 * browsers replace or once knew. Of all others tags can be told.
 */
static const struct slice unreadable[] = {
	SLICE_INIT("unicodefffe"),     SLICE_INIT("utf-16be"),
	SLICE_INIT("csunicode"),       SLICE_INIT("iso-10646-ucs-2"),
	SLICE_INIT("ucs-2"),	       SLICE_INIT("unicode"),
	SLICE_INIT("unicodefeff"),     SLICE_INIT("utf-16"),
	SLICE_INIT("utf-16le"),	       SLICE_INIT("utf-32"),
	SLICE_INIT("utf-32be"),	       SLICE_INIT("utf-32le"),
	SLICE_INIT("iso-10646-ucs-4"), SLICE_INIT("ucs-4"),
	SLICE_INIT("utf-7"),	       SLICE_INIT("unicode-1-1-utf-7"),
	SLICE_INIT("csiso2022jp"),     SLICE_INIT("iso-2022-jp"),
	SLICE_INIT("csiso2022kr"),     SLICE_INIT("hz-gb-2312"),
	SLICE_INIT("iso-2022-cn"),     SLICE_INIT("iso-2022-cn-ext"),
	SLICE_INIT("iso-2022-kr"),     SLICE_INIT("replacement"),
};

static bool label_unreadable(struct slice label)
{
	for (size_t i = 0; i < CG_COUNT(unreadable); i++)
		if (slice_ieq(label, unreadable[i]))
			return true;
	return false;
}

static struct slice unquote(struct slice s)
{
	s = slice_trim(s);
	if (s.n && s.p[0] == '"') {
		s = slice_from(s, 1);
		s = slice_trim(slice_head(s, slice_find_char(s, '"')));
	}
	return s;
}

enum page_encoding encoding_of_label(struct slice label)
{
	static const struct slice utf8[] = {
		SLICE_INIT("utf-8"),	     SLICE_INIT("utf8"),	  SLICE_INIT("unicode-1-1-utf-8"),
		SLICE_INIT("unicode11utf8"), SLICE_INIT("unicode20utf8"), SLICE_INIT("x-unicode20utf8"),
	};

	for (size_t i = 0; i < CG_COUNT(utf8); i++)
		if (slice_ieq(slice_trim(label), utf8[i]))
			return PAGE_UTF8;
	return PAGE_NOT_UTF8;
}

/* What the fields tell of the encoding. Any charset parameter counts: which of them a browser takes does not matter. */
struct charsets {
	bool unreadable;
	enum page_encoding encoding;
};

static void charset_seen(struct charsets *c, struct slice label)
{
	enum page_encoding encoding = encoding_of_label(label);

	c->unreadable |= label_unreadable(label);
	c->encoding = c->encoding == PAGE_ENCODING_UNKNOWN ? encoding
		      : c->encoding == encoding		   ? encoding
							   : PAGE_NOT_UTF8;
}

static void charsets_of_type(struct charsets *c, struct slice type)
{
	struct slice parameter, name, value, rest = type;

	while (rest.n) {
		slice_cut(rest, ';', &parameter, &rest);
		if (slice_cut(parameter, '=', &name, &value) && slice_ieq(slice_trim(name), SLICE("charset")))
			charset_seen(c, unquote(value));
	}
}

static struct charsets charsets_of(const struct fields *f)
{
	struct charsets c = {0};

	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].id == FIELD_CONTENT_TYPE)
			charsets_of_type(&c, f->v[i].value);
	return c;
}

/* -- what is to be done -------------------------------------------------------------------------------------------- */

static bool has_work(const struct deciding *x)
{
	const struct ruleset *rs = x->env->rules;
	const struct page *p = &x->d->page;
	purposes denied = purposes_denied(x);

	return (ruleset_beacon_purposes(rs) & denied) || (denied && ruleset_has_params(rs)) || p->guard ||
	       (p->document && (any_inject(x, true) || asks(x)));
}

static void judge_unreadable(const struct deciding *x)
{
	const struct pages_rule *pages = ruleset_pages(x->env->rules);
	struct page *p = &x->d->page;
	struct verdict v = {.subject = SUBJECT_PAGE,
			    .name = p->url,
			    .rule = pages->rule.line ? &pages->rule : NULL,
			    .mask = purposes_denied(x)};

	p->why = v.reason = "it is in a character encoding that cannot be examined";
	v.kind = pages->unreadable_passes ? VERDICT_KEEP : VERDICT_DROP;
	p->work = pages->unreadable_passes || x->d->observe ? PAGE_PASS : PAGE_WITHHOLD;
	p->guard = false;
	verdict_emit(x, &v);
}

void page_judge(const struct deciding *x, const struct response *resp)
{
	const struct charsets charsets = charsets_of(&resp->fields);
	struct page *p = &x->d->page;

	*p = (struct page){.status = resp->status,
			   .encoding = charsets.encoding,
			   .document = x->d->asked.document && !is_download(&resp->fields),
			   .navigation = x->d->asked.navigation,
			   .url = p->url,
			   .path = p->path};
	if (!may_concern_pages(x) || !is_page(x, resp, p) || !normal_path(x))
		return;
	p->by_consent = may_strip(x) || may_guard(x) || page_may_ask(x) || any_inject(x, false) || resp->status == 304;
	p->guard = p->document && may_guard(x) && purposes_denied(x);
	if (!p->by_consent || !has_work(x))
		return;
	(void)page_url(x);
	if (resp->status == 304)
		p->bodiless = true;
	else if (is_part(resp))
		p->work = x->d->observe ? PAGE_PASS : PAGE_WHOLE;
	else if (charsets.unreadable)
		judge_unreadable(x);
	else if (x->d->asked.head)
		p->bodiless = true;
	else
		p->work = PAGE_REWRITE;
	if (p->work == PAGE_WHOLE)
		p->why = "a part of a page cannot be examined";
}
