/*
 * A page differs by consent, so its validators do. The visitor gets W/"TAG;cg-KCLASS": TAG is the origin's, K its kind
 * ('s' strong, 'w' weak, 'd' a Last-Modified date where the origin sent no tag), CLASS ten hex digits over what is
 * granted and asked, the rules, the guard, the visitor's language, and whether it is a document or a fragment of one.
 * It is weak, as the octets may differ with the content coding and with what is injected.
 *
 * In a request a tag of the visitor's present class becomes the origin's again; of another class it is dropped, and
 * with the last of them the condition. A date cannot tell classes apart, so pages carry no Last-Modified; and where a
 * document is asked for, dates and tags that are not ours are dropped, too: they would be of a page that was stored
 * before these rules were in force.
 */
#include "rules/decide/internal.h"

#define MARK	   ";cg-"
#define CLASS_SIZE 10
#define SUFFIX	   (sizeof MARK - 1 + 1 + CLASS_SIZE)
/* Raised when the same rules make another page. */
#define PAGE_FORMAT 1

struct known_validator {
	struct slice tag; /* opaque-tag without quotes, or the date as it stands in a tag */
	char kind;
	struct known_validator *next;
};

/* -- classes ------------------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9E3779B97F4A7C15);
	return h ^ h >> 29;
}

static void class_text(const struct deciding *x, char out[CLASS_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	const struct guard *guard = x->env->guard;
	bool document = page_by_destination(x) && x->d->asked.document;
	uint64_t h = mix(ruleset_identity(x->env->rules), PAGE_FORMAT);

	h = mix(h, x->d->consent.granted | (uint64_t)document << 32);
	h = mix(h, page_asks(x));
	if (page_by_language(x))
		h = mix(h, slice_hash(catalogue_accept(x->d->asked.language)->language));
	if (guard)
		h = mix(h, slice_hash(guard_has_hash(guard) ? slice_of((const char *)guard_hash(guard), 32)
							    : guard_text(guard)));
	h = mix(h, h >> 32);
	for (size_t i = 0; i < CLASS_SIZE; i++, h >>= 4)
		out[i] = hex[h & 15];
}

/* -- entity tags (RFC 9110 8.8.3) ---------------------------------------------------------------------------------- */

struct tag {
	struct slice raw;    /* as written */
	struct slice opaque; /* without quotes */
	bool weak;
	/* If it is one of ours: */
	struct slice origin; /* what the origin's was */
	struct slice class;
	char kind; /* 0: it is not */
};

static bool tag_octets(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '"' || s.p[i] == 0x7F)
			return false;
	return true;
}

static void read_ours(struct tag *t)
{
	struct slice suffix = slice_from(t->opaque, t->opaque.n - (t->opaque.n < SUFFIX ? 0 : SUFFIX));

	if (!slice_starts_with(suffix, SLICE(MARK)))
		return;
	t->kind = suffix.p[sizeof MARK - 1];
	if (t->kind != 's' && t->kind != 'w' && t->kind != 'd')
		t->kind = 0;
	t->origin = slice_head(t->opaque, t->opaque.n - SUFFIX);
	t->class = slice_from(suffix, sizeof MARK);
}

/* The tag at the front of *rest, which is advanced. Within a tag '\' means nothing, so it is no quoted string. */
static bool read_tag(struct slice *rest, struct tag *t)
{
	struct slice s = *rest;
	size_t n;

	*t = (struct tag){.weak = slice_starts_with(s, SLICE("W/\""))};
	if (t->weak)
		s = slice_from(s, 2);
	if (!s.n || s.p[0] != '"')
		return false;
	s = slice_from(s, 1);
	n = slice_find_char(s, '"');
	t->opaque = slice_head(s, n);
	if (n == s.n || !tag_octets(t->opaque))
		return false;
	t->raw = slice_head(*rest, rest->n - s.n + n + 1);
	*rest = slice_from(s, n + 1);
	read_ours(t);
	return true;
}

/* The next of a list; false at its end, or where it is no list of tags: then *rest is not empty. */
static bool next_tag(struct slice *rest, struct tag *t)
{
	while (rest->n && (rest->p[0] == ',' || rest->p[0] == ' ' || rest->p[0] == '\t'))
		*rest = slice_from(*rest, 1);
	return rest->n && read_tag(rest, t) && (!rest->n || slice_find_char(SLICE(", \t"), rest->p[0]) < 3);
}

static struct slice origin_tag(const struct deciding *x, const struct tag *t)
{
	const struct slice parts[] = {t->kind == 'w' ? SLICE("W/\"") : SLICE("\""), t->origin, SLICE("\"")};

	return arena_concat(x->arena, parts, CG_COUNT(parts));
}

static struct slice our_tag(const struct deciding *x, struct slice origin, char kind)
{
	char class[CLASS_SIZE];
	const struct slice parts[] = {
		SLICE("W/\""), origin, SLICE(MARK), slice_of(&kind, 1), slice_of(class, sizeof class), SLICE("\"")};

	class_text(x, class);
	return arena_concat(x->arena, parts, CG_COUNT(parts));
}

/* -- dates as tags ------------------------------------------------------------------------------------------------- */

static struct slice with_octet(const struct deciding *x, struct slice s, char from, char to)
{
	char *p = arena_alloc(x->arena, s.n);

	for (size_t i = 0; p && i < s.n; i++)
		p[i] = s.p[i] == from ? to : s.p[i];
	return slice_of(p, p ? s.n : 0);
}

/* "Thu, 26 Nov 2026 11:10:47 GMT" becomes "Thu,_26_Nov_2026_11:10:47_GMT". */
static struct slice date_tag(const struct deciding *x, struct slice date)
{
	for (size_t i = 0; i < date.n; i++)
		if (!ascii_is_alpha(date.p[i]) && !ascii_is_digit(date.p[i]) &&
		    slice_find_char(SLICE(", :-"), date.p[i]) == 4)
			return slice_of(NULL, 0);
	return with_octet(x, date, ' ', '_');
}

static struct slice tag_date(const struct deciding *x, const struct tag *t)
{
	return with_octet(x, t->origin, '_', ' ');
}

/* -- requests ------------------------------------------------------------------------------------------------------ */

/* A document is asked for, so what is stored may be a page. Without Sec-Fetch-Dest it is told by Accept. */
static bool asks_page(const struct deciding *x, const struct fields *f)
{
	const struct field *accept = fields_find_name(f, SLICE("Accept"));

	if (!x->d->asked.document || !page_may_depend(x))
		return false;
	return fields_find(f, FIELD_SEC_FETCH_DEST) || !accept ||
	       slice_find(accept->value, SLICE("text/html")) < accept->value.n ||
	       slice_find(accept->value, SLICE("application/xhtml+xml")) < accept->value.n;
}

struct mapping {
	const struct deciding *x;
	bool any_class;	   /* tags of other classes are mapped as well */
	bool foreign_goes; /* tags that are not ours are dropped */
	bool changed;
	bool ours; /* there was one of ours */
	char class[CLASS_SIZE];
	struct text out; /* the tags that stay */
	struct slice date;
};

static void know(const struct mapping *m, const struct tag *t)
{
	struct known_validator *k = arena_alloc(m->x->arena, sizeof *k);

	if (!k)
		return;
	*k = (struct known_validator){.tag = t->origin, .kind = t->kind, .next = m->x->d->asked.known};
	m->x->d->asked.known = k;
}

static void stay(struct mapping *m, struct slice tag)
{
	if (m->out.n)
		text_add(&m->out, SLICE(", "));
	text_add(&m->out, tag);
}

static void map_tag(struct mapping *m, const struct tag *t)
{
	bool same = slice_eq(t->class, slice_of(m->class, sizeof m->class));

	m->ours |= t->kind != 0;
	m->changed |= t->kind || m->foreign_goes;
	if (!t->kind && !m->foreign_goes)
		stay(m, t->raw);
	if (!t->kind || (!same && !m->any_class))
		return;
	know(m, t);
	if (t->kind == 'd')
		m->date = tag_date(m->x, t);
	else
		stay(m, origin_tag(m->x, t));
}

/* What is no list of tags, as some origins and their clients use, stays if tags that are not ours do. */
static void map_field(struct mapping *m, struct fields *f, enum field_id id)
{
	struct tag t;

	class_text(m->x, m->class);
	for (size_t i = 0; i < f->n; i++) {
		struct slice rest = f->v[i].value;

		if (f->v[i].id != id)
			continue;
		while (next_tag(&rest, &t))
			map_tag(m, &t);
		if (slice_eq(rest, SLICE("*")) ||
		    (!m->foreign_goes && rest.n && slice_find(rest, SLICE(MARK)) == rest.n))
			stay(m, rest);
		else
			m->changed |= rest.n > 0;
	}
	if (!m->changed)
		return;
	if (m->out.n)
		(void)fields_set(f, id, text_slice(&m->out));
	else
		fields_remove(f, id);
}

static void map_none_match(const struct deciding *x, struct fields *f)
{
	bool page = asks_page(x, f);
	struct mapping m = {.x = x, .foreign_goes = page, .out = {.arena = x->arena}};

	map_field(&m, f, FIELD_IF_NONE_MATCH);
	if (page || m.ours)
		fields_remove(f, FIELD_IF_MODIFIED_SINCE);
	if (m.date.n && !m.out.n)
		(void)fields_set(f, FIELD_IF_MODIFIED_SINCE, m.date);
}

/* If-Match guards against lost updates of what the origin has, whatever was shown of it. */
static void map_match(const struct deciding *x, struct fields *f)
{
	struct mapping m = {.x = x, .any_class = true, .out = {.arena = x->arena}};

	map_field(&m, f, FIELD_IF_MATCH);
	if (m.date.n && !m.out.n)
		(void)fields_set(f, FIELD_IF_UNMODIFIED_SINCE, m.date);
	x->d->asked.known = NULL; /* it says nothing of a stored page */
}

static bool has_our_range(const struct fields *f)
{
	struct tag t;

	for (size_t i = 0; fields_may_have(f, FIELD_IF_RANGE) && i < f->n; i++) {
		struct slice rest = f->v[i].value;

		if (f->v[i].id == FIELD_IF_RANGE && read_tag(&rest, &t) && t.kind)
			return true;
	}
	return false;
}

void conditional_request(const struct deciding *x, struct request *req)
{
	struct fields *f = &req->fields;

	if (x->d->observe)
		return;
	if (fields_find(f, FIELD_IF_MATCH))
		map_match(x, f);
	if (fields_find(f, FIELD_IF_NONE_MATCH) || fields_find(f, FIELD_IF_MODIFIED_SINCE))
		map_none_match(x, f);
	if (has_our_range(f)) {
		fields_remove(f, FIELD_IF_RANGE);
		fields_remove(f, FIELD_RANGE);
	}
}

/* -- responses ----------------------------------------------------------------------------------------------------- */

static bool is_known(const struct deciding *x, struct slice opaque)
{
	for (const struct known_validator *k = x->d->asked.known; k; k = k->next)
		if (k->kind != 'd' && slice_eq(k->tag, opaque))
			return true;
	return false;
}

static const struct known_validator *known_date(const struct deciding *x)
{
	const struct known_validator *k = x->d->asked.known;

	while (k && k->kind != 'd')
		k = k->next;
	return k;
}

/* A tag that is none stays out: it could not be mapped back. */
static void map_etag(const struct deciding *x, struct fields *f, const struct field *etag)
{
	struct slice rest = etag->value;
	struct tag t;

	if (read_tag(&rest, &t) && !rest.n)
		(void)fields_set(f, FIELD_ETAG, our_tag(x, t.opaque, t.weak ? 'w' : 's'));
	else
		fields_remove(f, FIELD_ETAG);
}

static void map_validators(const struct deciding *x, struct response *resp)
{
	struct fields *f = &resp->fields;
	const struct field *etag = fields_find(f, FIELD_ETAG), *modified = fields_find(f, FIELD_LAST_MODIFIED);
	struct slice date = slice_of(NULL, 0);

	if (etag)
		map_etag(x, f, etag);
	else if (resp->status == 304)
		date = known_date(x) ? known_date(x)->tag : date;
	else if (modified)
		date = date_tag(x, modified->value);
	if (date.n)
		(void)fields_add_id(f, FIELD_ETAG, our_tag(x, date, 'd'));
	fields_remove(f, FIELD_LAST_MODIFIED);
}

bool response_varies(struct fields *f, struct slice name)
{
	struct field *vary = fields_find(f, FIELD_VARY);
	const struct slice parts[] = {vary ? vary->value : name, SLICE(", "), name};

	if (fields_list_has(f, FIELD_VARY, SLICE("*")) || fields_list_has(f, FIELD_VARY, name))
		return true;
	if (!vary || !vary->value.n)
		return fields_set(f, FIELD_VARY, name);
	vary->value = arena_concat(f->arena, parts, CG_COUNT(parts));
	return !arena_failed(f->arena);
}

static bool heeds(const struct deciding *x, enum signal_kind kind)
{
	return ruleset_signal(x->env->rules, kind)->denies != 0;
}

void conditional_vary(const struct deciding *x, struct fields *f)
{
	(void)response_varies(f, SLICE("Cookie"));
	if (heeds(x, SIGNAL_GPC))
		(void)response_varies(f, SLICE("Sec-GPC"));
	if (heeds(x, SIGNAL_DNT))
		(void)response_varies(f, SLICE("DNT"));
	if (x->d->page.by_consent && page_by_language(x))
		(void)response_varies(f, SLICE("Accept-Language"));
	if (x->d->page.by_consent && page_by_destination(x))
		(void)response_varies(f, SLICE("Sec-Fetch-Dest"));
}

static void remove_digests(struct fields *f)
{
	static const enum field_id digests[] = {FIELD_CONTENT_DIGEST, FIELD_REPR_DIGEST, FIELD_DIGEST,
						FIELD_CONTENT_MD5};

	for (size_t i = 0; i < CG_COUNT(digests); i++)
		fields_remove(f, digests[i]);
}

/* The policy that was stored with the page has the nonce and the hashes of what is in it (RFC 9111 3.2). */
static void keep_stored_policy(struct fields *f)
{
	fields_remove(f, FIELD_CSP);
	fields_remove(f, FIELD_CSP_REPORT_ONLY);
}

static bool is_ours(const struct deciding *x, const struct response *resp)
{
	const struct field *etag = fields_find(&resp->fields, FIELD_ETAG);
	struct slice rest = etag ? etag->value : slice_of(NULL, 0);
	struct tag t;

	return resp->status != 304 || !etag || (read_tag(&rest, &t) && is_known(x, t.opaque));
}

bool conditional_response(const struct deciding *x, struct response *resp)
{
	const struct page *p = &x->d->page;
	struct fields *f = &resp->fields;

	if (!p->by_consent || x->d->observe || !is_ours(x, resp))
		return false;
	map_validators(x, resp);
	conditional_vary(x, f);
	if (fields_find(f, FIELD_ACCEPT_RANGES))
		(void)fields_set(f, FIELD_ACCEPT_RANGES, SLICE("none"));
	if (p->work == PAGE_REWRITE || p->bodiless)
		remove_digests(f);
	if (resp->status == 304)
		keep_stored_policy(f);
	return true;
}
