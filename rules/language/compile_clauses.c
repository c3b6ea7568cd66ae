#include "rules/http/host.h"
#include "rules/http/set_cookie.h"
#include "rules/language/ruleset_internal.h"

/* One reading of a statement's clauses. */
struct reader {
	struct builder *b;
	const struct item *item;
	const struct statement *s;
	size_t next; /* index of the next word */
	unsigned allowed;
	struct clauses out;
};

typedef bool (*clause_reader)(struct reader *r, const struct word *keyword);

static bool read_purposes(struct reader *r, const struct word *keyword);
static bool read_duration(struct reader *r, const struct word *keyword);
static bool read_flag(struct reader *r, const struct word *keyword);
static bool read_same_site(struct reader *r, const struct word *keyword);
static bool read_path(struct reader *r, const struct word *keyword);
static bool read_domain(struct reader *r, const struct word *keyword);
static bool read_announced(struct reader *r, const struct word *keyword);
static bool read_action(struct reader *r, const struct word *keyword);
static bool read_containing(struct reader *r, const struct word *keyword);
static bool read_without(struct reader *r, const struct word *keyword);
static bool read_place(struct reader *r, const struct word *keyword);
static bool read_status(struct reader *r, const struct word *keyword);

static const struct clause_kind {
	const char *word;
	enum clause clause;
	clause_reader read;
} kinds[] = {
	{"is", CLAUSE_IS, read_purposes},	    {"denies", CLAUSE_DENIES, read_purposes},
	{"ignored", CLAUSE_IGNORED, read_flag},	    {"for", CLAUSE_FOR, read_duration},
	{"max-age", CLAUSE_MAX_AGE, read_duration}, {"secure", CLAUSE_SECURE, read_flag},
	{"httponly", CLAUSE_HTTPONLY, read_flag},   {"samesite", CLAUSE_SAMESITE, read_same_site},
	{"path", CLAUSE_PATH, read_path},	    {"domain", CLAUSE_DOMAIN, read_domain},
	{"sealed", CLAUSE_SEALED, read_flag},	    {"announced", CLAUSE_ANNOUNCED, read_announced},
	{"inert", CLAUSE_ACTION, read_action},	    {"removed", CLAUSE_ACTION, read_action},
	{"replaced", CLAUSE_ACTION, read_action},   {"containing", CLAUSE_CONTAINING, read_containing},
	{"without", CLAUSE_WITHOUT, read_without},  {"at", CLAUSE_PLACE, read_place},
	{"before", CLAUSE_PLACE, read_place},	    {"after", CLAUSE_PLACE, read_place},
	{"status", CLAUSE_STATUS, read_status},
};

static const struct clause_kind *kind_of(const struct word *w)
{
	for (size_t i = 0; i < CG_COUNT(kinds); i++) {
		if (word_is(w, kinds[i].word))
			return &kinds[i];
	}
	return NULL;
}

bool clause_begins(const struct word *w, unsigned clauses)
{
	const struct clause_kind *k = kind_of(w);

	return k && (k->clause & clauses);
}

/* True if the word cannot be one of several values of a clause. */
static bool ends_values(const struct word *w)
{
	return kind_of(w) || w->kind == WORD_HEREDOC;
}

static void skip_values(struct reader *r)
{
	while (r->next < r->s->n_words && !ends_values(&r->s->words[r->next]))
		r->next++;
}

/* The next word, if it is a value and not already the next clause; else an error that shows what to write. */
static const struct word *take_value(struct reader *r, const struct word *keyword, const char *example)
{
	const struct word *w = r->next < r->s->n_words ? &r->s->words[r->next] : NULL;

	if (w && !ends_values(w)) {
		r->next++;
		return w;
	}
	if (w)
		build_error(r->b, r->s, w, example, "a value is missing behind \"%.*s\"", SLICE_ARG(keyword->text));
	else
		build_missing(r->b, r->s, example, "a value is missing behind \"%.*s\"", SLICE_ARG(keyword->text));
	return NULL;
}

/* ---- Purposes. ---- */

/*
 * Shipped knowledge names the usual purposes. If the site has not declared one, its operator must, and is told at the
 * include: a position in a file that cannot be edited would be of no help.
 */
static void missing_in_shipped(struct builder *b, const struct file *file, struct slice name)
{
	const struct file *outer = file;
	struct missing_purpose *m;

	while (outer->parent && outer->parent->shipped)
		outer = outer->parent;
	for (m = b->missing; m; m = m->next) {
		if (m->file == outer && slice_eq(m->name, name))
			return;
	}
	m = arena_calloc(&b->tree, 1, sizeof *m);
	if (!m)
		return;
	*m = (struct missing_purpose){outer, name, b->missing};
	b->missing = m;
	build_error(b, outer->included, outer->included_word,
		    build_hint(b, "declare it: purpose %.*s \"...\"", SLICE_ARG(name)),
		    "%.*s needs the purpose \"%.*s\"", SLICE_ARG(outer->path), SLICE_ARG(name));
}

purposes build_purpose(struct builder *b, const struct file *file, const struct statement *s, const struct word *w)
{
	bool named = w->kind == WORD_BARE || w->kind == WORD_STRING;
	int bit = named ? ruleset_purpose_find(b->rs, w->text) : -1;
	const char *otherwise;

	if (bit >= 0)
		return PURPOSE_NECESSARY << bit;
	if (file->shipped) {
		missing_in_shipped(b, file, w->text);
		return 0;
	}
	otherwise = named ? build_hint(b, "declare it: purpose %.*s \"...\"", SLICE_ARG(w->text)) : NULL;
	build_error(b, s, w, build_suggest(b, w->text, b->purpose_names, b->rs->n_purposes, otherwise),
		    "unknown purpose \"%.*s\"", SLICE_ARG(w->raw));
	return 0;
}

static bool check_necessary(struct reader *r, bool denies, purposes set, const struct word *keyword)
{
	if (!(set & PURPOSE_NECESSARY))
		return true;
	if (denies)
		build_error(r->b, r->s, keyword, "name the purposes that need consent",
			    "\"necessary\" is always granted; nothing can deny it");
	else if (set != PURPOSE_NECESSARY)
		build_error(r->b, r->s, keyword,
			    "several purposes mean that all must be granted: leave out \"necessary\"",
			    "\"necessary\" stands beside other purposes");
	else
		return true;
	return false;
}

static bool read_purposes(struct reader *r, const struct word *keyword)
{
	bool denies = word_is(keyword, "denies"), ok = true;
	purposes set = 0;
	size_t first = r->next;

	for (; r->next < r->s->n_words && !ends_values(&r->s->words[r->next]); r->next++) {
		purposes one = build_purpose(r->b, r->item->file, r->s, &r->s->words[r->next]);

		ok &= one != 0;
		set |= one;
	}
	if (r->next == first) {
		(void)take_value(r, keyword, "name a purpose");
		return false;
	}
	if (denies)
		r->out.denies = set;
	else
		r->out.is = set;
	return check_necessary(r, denies, set, &r->s->words[first]) && ok;
}

/* ---- Attributes. ---- */

/* Its being there says it all. */
static bool read_flag(struct reader *r, const struct word *keyword)
{
	(void)r;
	(void)keyword;
	return true;
}

bool build_days(struct builder *b, const struct statement *s, const struct word *w, int64_t *seconds)
{
	if (!word_duration(s, w, b->d, seconds))
		return false;
	if (*seconds > 0 && *seconds <= COOKIE_AGE_MAX)
		return true;
	if (*seconds > 0)
		build_error(b, s, w, "write 400d or less",
			    "%.*s is above 400 days, the longest that browsers keep a cookie", SLICE_ARG(w->text));
	else
		build_error(b, s, w, "write a duration such as 180d", "the duration must be above 0");
	return false;
}

static bool read_duration(struct reader *r, const struct word *keyword)
{
	const struct word *w = take_value(r, keyword, "write a duration such as 180d");

	return w && build_days(r->b, r->s, w, &r->out.seconds);
}

static bool read_same_site(struct reader *r, const struct word *keyword)
{
	static const char *const names[] = {"none", "lax", "strict"};
	static const enum same_site values[] = {SAME_SITE_NONE, SAME_SITE_LAX, SAME_SITE_STRICT};
	const struct word *w = take_value(r, keyword, "write strict, lax or none");

	if (!w)
		return false;
	for (size_t i = 0; i < CG_COUNT(names); i++) {
		if (slice_ieq(w->text, slice_str(names[i]))) {
			r->out.same_site = values[i];
			return true;
		}
	}
	build_error(r->b, r->s, w, build_suggest(r->b, w->text, names, CG_COUNT(names), "write strict, lax or none"),
		    "\"%.*s\" is no value of samesite", SLICE_ARG(w->raw));
	return false;
}

/* Takes the words only; what they say is read by names_read_words(). */
static bool read_paths(struct reader *r, const struct word *first)
{
	if (!first)
		return false;
	r->out.paths_from = r->next - 1;
	skip_values(r);
	r->out.paths_to = r->next;
	return true;
}

static bool read_path(struct reader *r, const struct word *keyword)
{
	const struct word *w = take_value(r, keyword, "write the path, e.g. path /shop");
	struct slice text;

	if (r->allowed & CLAUSE_PATHS)
		return read_paths(r, w);
	if (!w)
		return false;
	text = word_plain(w);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == ';' || (unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7F)
			text.n = 0;
	}
	if (text.n == 0 || text.p[0] != '/' || text.n > COOKIE_ATTRIBUTE_MAX) {
		build_error(r->b, r->s, w, "write a path that begins with \"/\" and holds no \";\"",
			    "\"%.*s\" is no path for a cookie", SLICE_ARG(w->raw));
		return false;
	}
	r->out.path = text;
	r->out.path_word = w;
	return true;
}

static bool read_domain(struct reader *r, const struct word *keyword)
{
	const struct word *w = take_value(r, keyword, "write the domain, e.g. domain example.com");
	struct slice text;
	uint16_t port;

	if (!w)
		return false;
	text = w->text;
	if (text.n && text.p[0] == '.') /* old spelling; user agents ignore the dot (RFC 6265bis 5.6.3) */
		text = slice_from(text, 1);
	if (slice_find_char(text, ':') < text.n || !authority_parse(text, &r->b->tree, &r->out.domain, &port)) {
		build_error(r->b, r->s, w, "write a host name such as example.com", "\"%.*s\" is no domain",
			    SLICE_ARG(w->raw));
		return false;
	}
	if (host_registrable(r->out.domain).n == 0) {
		build_error(r->b, r->s, w, "write the site's own domain, or leave it out for the host alone",
			    "browsers refuse cookies for \"%.*s\": it is an address or a public suffix",
			    SLICE_ARG(text));
		return false;
	}
	r->out.domain_word = w;
	return true;
}

/* announced as gpc */
static bool read_announced(struct reader *r, const struct word *keyword)
{
	static const char example[] = "write: announced as gpc";
	const struct word *as = take_value(r, keyword, example), *what = as;

	if (as && word_is(as, "as"))
		what = take_value(r, as, example);
	if (!what)
		return false;
	if (what != as && word_is(what, "gpc"))
		return true;
	build_error(r->b, r->s, what, example, "unexpected \"%.*s\" behind \"announced\"", SLICE_ARG(what->raw));
	skip_values(r);
	return false;
}

/* ---- Pages. ---- */

static bool take_replacement(struct reader *r, const struct word *w)
{
	static const char *const words[] = {"placeholder"};

	r->out.action = BEACON_REPLACED;
	if (word_is(w, "placeholder"))
		return true;
	if (w->kind != WORD_HEREDOC && w->kind != WORD_STRING) {
		build_error(r->b, r->s, w,
			    build_suggest(r->b, w->text, words, CG_COUNT(words),
					  "write placeholder, HTML in quotes, or a here-document such as <<HTML"),
			    "unexpected \"%.*s\" behind \"replaced by\"", SLICE_ARG(w->raw));
		return false;
	}
	r->out.replacement = w->text;
	if (w->text.n == 0)
		build_error(r->b, r->s, w, "to leave nothing behind, write removed", "the replacement is empty");
	return w->text.n > 0;
}

/* replaced by WHAT */
static bool read_replaced(struct reader *r)
{
	static const char example[] = "write, e.g.: replaced by placeholder";
	const struct statement *s = r->s;

	if (r->next < s->n_words && word_is(&s->words[r->next], "by")) {
		if (++r->next < s->n_words && !kind_of(&s->words[r->next]))
			return take_replacement(r, &s->words[r->next++]);
		if (r->next < s->n_words)
			build_error(r->b, s, &s->words[r->next], example, "what to put there is missing");
		else
			build_missing(r->b, s, example, "what to put there is missing behind \"by\"");
	} else if (r->next < s->n_words) {
		build_error(r->b, s, &s->words[r->next], example, "\"by\" is missing behind \"replaced\"");
		skip_values(r);
	} else {
		build_missing(r->b, s, example, "\"by\" is missing behind \"replaced\"");
	}
	return false;
}

static bool read_action(struct reader *r, const struct word *keyword)
{
	if (word_is(keyword, "replaced"))
		return read_replaced(r);
	r->out.action = word_is(keyword, "removed") ? BEACON_REMOVED : BEACON_INERT;
	return true;
}

static bool read_containing(struct reader *r, const struct word *keyword)
{
	r->out.containing_word = keyword;
	r->out.containing = take_value(r, keyword, "write, e.g.: containing \"fbq(\"");
	return r->out.containing != NULL;
}

/* without [domain] exceptions */
static bool read_without(struct reader *r, const struct word *keyword)
{
	static const char example[] = "write: without exceptions, or: without domain exceptions";
	static const char *const words[] = {"exceptions", "domain"};
	bool domain = r->next < r->s->n_words && word_is(&r->s->words[r->next], "domain");
	const struct word *w;

	if (domain)
		keyword = &r->s->words[r->next++];
	w = take_value(r, keyword, example);
	if (!w)
		return false;
	if (!word_is(w, "exceptions")) {
		build_error(r->b, r->s, w, build_suggest(r->b, w->text, words, CG_COUNT(words), example),
			    "unexpected \"%.*s\" behind \"without\"", SLICE_ARG(w->raw));
		return false;
	}
	r->out.without.no_exceptions = !domain;
	r->out.without.no_domain_exceptions = domain;
	return true;
}

static bool read_place(struct reader *r, const struct word *keyword)
{
	r->out.place_word = keyword;
	r->out.place = take_value(r, keyword,
				  word_is(keyword, "at") ? "write head-start, head-end, body-start or body-end"
							 : "write a selector in quotes, e.g.: before \"footer\"");
	return r->out.place != NULL;
}

/* N or N-M */
static bool read_status(struct reader *r, const struct word *keyword)
{
	const struct word *w = take_value(r, keyword, "write, e.g.: status 404, or: status 200-299");
	struct slice first, last;
	uint64_t min, max;

	if (!w)
		return false;
	if (!slice_cut(w->text, '-', &first, &last))
		last = first;
	if (!slice_to_u64(first, 599, &min) || !slice_to_u64(last, 599, &max) || min < 200 || min > max) {
		build_error(r->b, r->s, w, "write a status of a page such as 404, or a range such as 200-299",
			    "\"%.*s\" is neither a status nor a range of them", SLICE_ARG(w->raw));
		return false;
	}
	r->out.status_min = (unsigned)min;
	r->out.status_max = (unsigned)max;
	return true;
}

/* ---- The loop. ---- */

static bool refuse(struct reader *r, const struct word *w, const struct clause_kind *k)
{
	const char *words[CG_COUNT(kinds)], *hint = NULL;
	size_t n = 0;

	for (size_t i = 0; i < CG_COUNT(kinds); i++) {
		if (kinds[i].clause & r->allowed)
			words[n++] = kinds[i].word;
	}
	if (k && k->clause == CLAUSE_SECURE)
		hint = "leave it out: crumbgate adds Secure whenever the visitor came over TLS";
	else if (k && k->clause == CLAUSE_MAX_AGE && (r->allowed & CLAUSE_FOR))
		hint = "write, e.g.: for 180d";
	else if (k && k->clause == CLAUSE_FOR && (r->allowed & CLAUSE_MAX_AGE))
		hint = "write, e.g.: max-age 180d";
	if (k)
		build_error(r->b, r->s, w, hint, "\"%s\" does not belong in a \"%s\" statement", k->word,
			    r->item->keyword->word);
	else
		build_error(r->b, r->s, w, build_suggest(r->b, w->text, words, n, NULL), "unexpected \"%.*s\"",
			    SLICE_ARG(w->raw));
	while (r->next < r->s->n_words && r->s->words[r->next].kind != WORD_HEREDOC &&
	       !clause_begins(&r->s->words[r->next], r->allowed))
		r->next++;
	return false;
}

static void complain_second(struct reader *r, const struct word *w, const struct clause_kind *k)
{
	if (k->clause == CLAUSE_ACTION)
		build_error(r->b, r->s, w, "choose one of inert, removed and replaced",
			    "\"%s\" stands beside another word that says what becomes of it", k->word);
	else if (k->clause == CLAUSE_PLACE)
		build_error(r->b, r->s, w, "write one statement for each place", "\"%s\" names a second place",
			    k->word);
	else
		build_error(r->b, r->s, w, "write it once", "\"%s\" stands here for the second time", k->word);
}

static bool read_clause(struct reader *r)
{
	const struct word *w = &r->s->words[r->next++];
	const struct clause_kind *k = kind_of(w);
	bool ok;

	if ((w->kind == WORD_HEREDOC || (w->kind == WORD_STRING && !r->out.html)) && (r->allowed & CLAUSE_HTML)) {
		r->out.html = w;
		return true;
	}
	if (!k || !(k->clause & r->allowed))
		return refuse(r, w, k);
	ok = !(r->out.seen & k->clause);
	if (!ok)
		complain_second(r, w, k);
	r->out.seen |= k->clause;
	return k->read(r, w) && ok;
}

struct clauses clauses_read(struct builder *b, const struct item *item, size_t from, unsigned allowed)
{
	struct reader r = {.b = b, .item = item, .s = item->s, .next = from, .allowed = allowed, .out.ok = true};

	while (r.next < r.s->n_words)
		r.out.ok &= read_clause(&r);
	return r.out;
}
