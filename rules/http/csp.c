#include "rules/http/csp.h"

#include "rules/base/text.h"

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

static struct slice trim(struct slice s)
{
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	while (s.n && is_space(*s.p))
		s = slice_from(s, 1);
	return s;
}

/* The next word of *rest, which then begins behind it. */
static bool next_word(struct slice *rest, struct slice *word)
{
	size_t n = 0;

	while (rest->n && is_space(*rest->p))
		*rest = slice_from(*rest, 1);
	while (n < rest->n && !is_space(rest->p[n]))
		n++;
	*word = slice_head(*rest, n);
	*rest = slice_from(*rest, n);
	return n > 0;
}

/* The next part of *rest up to c, which is stepped over. False at the end. */
static bool next_part(struct slice *rest, char c, struct slice *part)
{
	if (!rest->p)
		return false;
	if (!slice_cut(*rest, c, part, rest))
		*rest = slice_of(NULL, 0);
	return true;
}

struct directive {
	struct slice text; /* name and values, trimmed; p NULL: there is none */
	struct slice name;
	struct slice values;
};

static struct directive directive_of(struct slice part)
{
	struct directive d = {.text = trim(part)};

	d.values = d.text;
	(void)next_word(&d.values, &d.name);
	d.values = trim(d.values);
	return d;
}

static bool is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

static struct directive find_directive(struct slice policy, struct slice name)
{
	struct slice part;

	while (next_part(&policy, ';', &part)) {
		struct directive d = directive_of(part);

		if (slice_ieq(d.name, name) && is_ascii(d.text))
			return d;
	}
	return (struct directive){.text = {NULL, 0}};
}

/* -- what may run -------------------------------------------------------------------------------------------------- */

static const struct slice deciding[CSP_KINDS][2] = {
	[CSP_SCRIPT] = {SLICE_INIT("script-src-elem"), SLICE_INIT("script-src")},
	[CSP_STYLE] = {SLICE_INIT("style-src-elem"), SLICE_INIT("style-src")},
	[CSP_FORM] = {SLICE_INIT("form-action"), SLICE_INIT("form-action")},
};

/* CSP3 6.8.3 and 6.8.4: which directive speaks of the elements. *by_default: it is default-src. */
static struct directive effective(struct slice policy, enum csp_kind kind, bool *by_default)
{
	struct directive d = {.text = {NULL, 0}};

	*by_default = false;
	for (size_t i = 0; i < 2 && !d.text.p; i++)
		d = find_directive(policy, deciding[kind][i]);
	if (!d.text.p && kind != CSP_FORM) {
		d = find_directive(policy, SLICE("default-src"));
		*by_default = d.text.p != NULL;
	}
	return d;
}

/* The value of 'nonce-value'; empty if the word is none. */
static struct slice nonce_in(struct slice word)
{
	size_t n;

	if (word.n < sizeof "'nonce-'" || !slice_istarts_with(word, SLICE("'nonce-")) || word.p[word.n - 1] != '\'')
		return slice_of(NULL, 0);
	word = slice_from(slice_head(word, word.n - 1), sizeof "'nonce-" - 1);
	for (n = word.n; n && word.n - n < 2 && word.p[n - 1] == '=';)
		n--;
	for (size_t i = 0; i < n; i++)
		if (!ascii_is_alpha(word.p[i]) && !ascii_is_digit(word.p[i]) &&
		    slice_find_char(SLICE("+/-_"), word.p[i]) == 4)
			return slice_of(NULL, 0);
	return n ? word : slice_of(NULL, 0);
}

static bool is_hash(struct slice word)
{
	return slice_istarts_with(word, SLICE("'sha256-")) || slice_istarts_with(word, SLICE("'sha384-")) ||
	       slice_istarts_with(word, SLICE("'sha512-"));
}

/* A form of ours is sent to the page's own origin. Not every source that lets it pass is told: one is then added. */
static bool list_allows_form(struct slice values, struct slice source)
{
	struct slice word;

	while (next_word(&values, &word))
		if (slice_eq(word, source) || slice_eq(word, SLICE("*")) || slice_ieq(word, SLICE("'self'")) ||
		    slice_ieq(word, SLICE("https:")))
			return true;
	return false;
}

/* CSP3 6.7.3.2 and 6.7.3.3 */
static bool list_allows(struct slice values, struct slice nonce, const struct csp_inline *e)
{
	bool unsafe = false, strict = false;
	struct slice word;

	if (e->kind == CSP_FORM)
		return list_allows_form(values, e->source);
	while (next_word(&values, &word)) {
		struct slice named = nonce_in(word);

		if (named.n && e->nonced && slice_eq(named, nonce))
			return true;
		if (e->source.n && slice_eq(word, e->source))
			return true;
		unsafe |= slice_ieq(word, SLICE("'unsafe-inline'"));
		strict |= named.n || is_hash(word) ||
			  (e->kind == CSP_SCRIPT && slice_ieq(word, SLICE("'strict-dynamic'")));
	}
	return unsafe && !strict;
}

static bool policy_allows(struct slice policy, struct slice nonce, const struct csp_inline *e)
{
	bool by_default;
	struct directive d = effective(policy, e->kind, &by_default);

	return !d.text.p || list_allows(d.values, nonce, e);
}

bool csp_allows(struct slice value, struct slice nonce, const struct csp_inline *element)
{
	struct slice policy;

	while (next_part(&value, ',', &policy))
		if (!policy_allows(policy, nonce, element))
			return false;
	return true;
}

struct slice csp_nonce(struct slice value, enum csp_kind kind)
{
	struct slice policy, word, nonce;
	bool by_default;

	while (next_part(&value, ',', &policy)) {
		struct slice values = effective(policy, kind, &by_default).values;

		while (next_word(&values, &word)) {
			nonce = nonce_in(word);
			if (nonce.n)
				return nonce;
		}
	}
	return slice_of(NULL, 0);
}

void csp_hash_source(const unsigned char sha256[32], char out[CSP_HASH_SOURCE_SIZE])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits = 0, n_bits = 0;

	memcpy(out, "'sha256-", 8);
	out += 8;
	for (size_t i = 0; i < 32; i++) {
		bits = bits << 8 | sha256[i];
		for (n_bits += 8; n_bits >= 6; n_bits -= 6)
			*out++ = digits[bits >> (n_bits - 6) & 63];
	}
	*out++ = digits[bits << (6 - n_bits) & 63];
	memcpy(out, "='", 2);
}

/* -- letting it run ------------------------------------------------------------------------------------------------ */

struct allowing {
	struct slice nonce;
	const struct csp_inline *elements;
	size_t n;
	struct text out;
};

/* The element's source must be added to values, and no earlier element's is the same. */
static bool needs_source(const struct allowing *a, struct slice values, size_t i)
{
	const struct csp_inline *e = &a->elements[i];

	if (!e->source.n || list_allows(values, a->nonce, e))
		return false;
	for (size_t k = 0; k < i; k++)
		if (a->elements[k].kind == e->kind && slice_eq(a->elements[k].source, e->source) &&
		    !list_allows(values, a->nonce, &a->elements[k]))
			return false;
	return true;
}

static void add_sources(struct allowing *a, struct slice values, enum csp_kind kind)
{
	for (size_t i = 0; i < a->n; i++) {
		if (a->elements[i].kind != kind || !needs_source(a, values, i))
			continue;
		text_add(&a->out, SLICE(" "));
		text_add(&a->out, a->elements[i].source);
	}
}

static bool says_none(struct slice values)
{
	return values.n == 0 || slice_ieq(values, SLICE("'none'"));
}

struct change {
	struct directive d;
	enum csp_kind kind;
	bool by_default;
	bool needed;
};

static struct change change_for(const struct allowing *a, struct slice policy, enum csp_kind kind)
{
	struct change c = {.kind = kind};

	c.d = effective(policy, kind, &c.by_default);
	for (size_t i = 0; i < a->n && c.d.text.p && !c.needed; i++)
		c.needed = a->elements[i].kind == kind && needs_source(a, c.d.values, i);
	return c;
}

/* Copies *rest up to the end of the directive, with the sources added. */
static void change_in_place(struct allowing *a, struct slice *rest, const struct change *c)
{
	const struct slice *kept = says_none(c->d.values) ? &c->d.name : &c->d.text;

	text_add(&a->out, slice_head(*rest, (size_t)(kept->p + kept->n - rest->p)));
	*rest = slice_from(*rest, (size_t)(c->d.text.p + c->d.text.n - rest->p));
	add_sources(a, c->d.values, c->kind);
}

/* Of the changes to a directive of their own the first that stands at p or behind it; NULL if there is none. */
static const struct change *first_behind(const struct change changes[CSP_KINDS], const char *p)
{
	const struct change *first = NULL;

	for (size_t kind = 0; kind < CSP_KINDS; kind++) {
		const struct change *c = &changes[kind];

		if (c->needed && !c->by_default && c->d.text.p >= p && (!first || c->d.text.p < first->d.text.p))
			first = c;
	}
	return first;
}

/* default-src speaks of more than inline elements, so a directive of their own is put behind it. */
static void change_behind(struct allowing *a, const struct change *c, bool *semicolon)
{
	if (!c->needed || !c->by_default)
		return;
	text_add(&a->out, *semicolon ? SLICE(" ") : SLICE("; "));
	*semicolon = false;
	text_add(&a->out, deciding[c->kind][1]);
	if (!says_none(c->d.values)) {
		text_add(&a->out, SLICE(" "));
		text_add(&a->out, c->d.values);
	}
	add_sources(a, c->d.values, c->kind);
}

static void allow_in(struct allowing *a, struct slice policy)
{
	struct change changes[CSP_KINDS];
	struct slice rest = policy, end;
	bool semicolon;

	for (size_t kind = 0; kind < CSP_KINDS; kind++)
		changes[kind] = change_for(a, policy, (enum csp_kind)kind);
	for (const struct change *c; (c = first_behind(changes, rest.p));)
		change_in_place(a, &rest, c);
	end = rest;
	while (end.n && is_space(end.p[end.n - 1]))
		end.n--;
	text_add(&a->out, end);
	semicolon = end.n && end.p[end.n - 1] == ';';
	for (size_t kind = 0; kind < CSP_KINDS; kind++)
		change_behind(a, &changes[kind], &semicolon);
	text_add(&a->out, slice_from(rest, end.n));
}

static bool all_allowed(struct slice value, const struct allowing *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->elements[i].source.n && !csp_allows(value, a->nonce, &a->elements[i]))
			return false;
	return true;
}

bool csp_allow(struct slice value, struct slice nonce, const struct csp_inline *elements, size_t n, struct arena *arena,
	       struct slice *out)
{
	struct allowing a = {.nonce = nonce, .elements = elements, .n = n, .out = {.arena = arena}};
	struct slice rest = value, policy;
	bool first = true;

	*out = value;
	if (all_allowed(value, &a))
		return true;
	while (next_part(&rest, ',', &policy)) {
		if (!first)
			text_add(&a.out, SLICE(","));
		first = false;
		allow_in(&a, policy);
	}
	*out = text_slice(&a.out);
	return !arena_failed(arena);
}

/* -- taking out ---------------------------------------------------------------------------------------------------- */

struct filtering {
	csp_judge judge;
	void *arg;
	struct arena *arena;
	struct text out;
	const char *copied; /* the input up to here is in `out` or was taken out */
	bool changed;
};

static void copy_to(struct filtering *f, const char *to)
{
	text_add(&f->out, slice_of(f->copied, (size_t)(to - f->copied)));
	f->copied = to;
}

static void take_out(struct filtering *f, const char *from, const char *to)
{
	copy_to(f, from);
	f->copied = to;
	f->changed = true;
}

/* A host-source (CSP3 2.3.1) as a URL. False if the word is none, or names no host. */
static bool source_url(struct slice word, struct arena *arena, struct slice *url)
{
	size_t at = slice_find(word, SLICE("://"));
	struct slice scheme = slice_head(word, at < word.n ? at + 1 : 0), host, port, path;
	struct slice rest = slice_from(word, at < word.n ? at + 3 : 0);

	if (word.p[0] == '\'' || word.p[word.n - 1] == ':')
		return false;
	path = slice_from(rest, slice_find_char(rest, '/'));
	host = slice_head(rest, rest.n - path.n);
	port = slice_from(host, slice_find_char(host, ':'));
	host = slice_head(host, host.n - port.n);
	if (slice_starts_with(host, SLICE("*.")))
		host = slice_from(host, 2);
	if (slice_eq(port, SLICE(":*")))
		port.n = 0;
	if (host.n == 0 || slice_eq(host, SLICE("*")))
		return false;
	*url = arena_concat(arena, (const struct slice[]){scheme, SLICE("//"), host, port, path}, 5);
	return true;
}

static bool stays(struct filtering *f, enum csp_subject subject, struct slice directive, struct slice word)
{
	struct csp_reference ref = {.subject = subject, .directive = directive, .url = word};

	if (subject == CSP_SOURCE && !source_url(word, f->arena, &ref.url))
		return true;
	return f->judge(f->arg, &ref);
}

static bool subject_of(struct slice name, enum csp_subject *subject)
{
	struct slice rest = name;

	if (slice_ieq(name, SLICE("report-uri")))
		*subject = CSP_REPORT_URI;
	else if (slice_ieq(name, SLICE("report-to")))
		*subject = CSP_REPORT_GROUP;
	else
		*subject = CSP_SOURCE;
	if (rest.n > 5 && (slice_ieq(slice_from(rest, rest.n - 5), SLICE("-elem")) ||
			   slice_ieq(slice_from(rest, rest.n - 5), SLICE("-attr"))))
		rest.n -= 5;
	return *subject != CSP_SOURCE || (rest.n > 4 && slice_ieq(slice_from(rest, rest.n - 4), SLICE("-src")));
}

static bool all(const bool *refused, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!refused[i])
			return false;
	return n > 0;
}

/* Each word is judged once, before anything is written: a directive that loses all of them is written otherwise. */
static bool *judge_words(struct filtering *f, const struct directive *d, enum csp_subject subject, size_t *n)
{
	struct slice rest = d->values, word;
	bool *refused;

	for (*n = 0; next_word(&rest, &word);)
		++*n;
	refused = arena_calloc(f->arena, *n, sizeof *refused);
	rest = d->values;
	for (size_t i = 0; refused && next_word(&rest, &word); i++)
		refused[i] = !stays(f, subject, d->name, word);
	return refused;
}

/* segment: of the policy, up to its semicolon, which is `ended`. */
static void filter_directive(struct filtering *f, struct slice segment, bool ended)
{
	struct directive d = directive_of(segment);
	const char *end = d.name.p + d.name.n;
	struct slice rest = d.values, word;
	enum csp_subject subject;
	bool *refused;
	size_t n;

	if (!d.values.n || !subject_of(d.name, &subject))
		return;
	refused = judge_words(f, &d, subject, &n);
	if (!refused)
		return;
	if (subject != CSP_SOURCE && all(refused, n)) {
		take_out(f, segment.p, segment.p + segment.n + (ended ? 1 : 0));
		return;
	}
	for (size_t i = 0; next_word(&rest, &word); i++) {
		if (refused[i])
			take_out(f, end, word.p + word.n);
		end = word.p + word.n;
	}
	if (all(refused, n))
		text_add(&f->out, SLICE(" 'none'"));
}

bool csp_filter(struct slice value, csp_judge judge, void *arg, struct arena *arena, struct slice *out)
{
	struct filtering f = {.judge = judge, .arg = arg, .arena = arena, .out = {.arena = arena}, .copied = value.p};
	struct slice rest = value, policy, part;

	*out = value;
	while (next_part(&rest, ',', &policy))
		while (next_part(&policy, ';', &part))
			filter_directive(&f, part, policy.p != NULL);
	if (f.changed) {
		copy_to(&f, value.p + value.n);
		*out = text_slice(&f.out);
	}
	return !arena_failed(arena);
}
