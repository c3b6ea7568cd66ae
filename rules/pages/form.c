#include "rules/http/url.h"
#include "rules/pages/internal.h"

#define FIELDS_MAX 64

static const struct {
	struct slice word;
	enum own_choice choice;
} choices[] = {
	{SLICE_INIT("accept"), CHOICE_ACCEPT},
	{SLICE_INIT("reject"), CHOICE_REJECT},
	{SLICE_INIT("save"), CHOICE_SAVE},
	{SLICE_INIT("add"), CHOICE_ADD},
};

/* '+' is a blank, and then percent-encoding (WHATWG URL 5.1). */
static bool decode(struct slice s, struct arena *arena, struct slice *out)
{
	char *p = arena_alloc(arena, s.n);

	if (!p)
		return false;
	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i] == '+' ? ' ' : s.p[i];
	return percent_decode(slice_of(p, s.n), arena, out) && (!out->n || !memchr(out->p, '\0', out->n));
}

static bool take_purpose(const struct ruleset *rs, struct slice name, purposes *chosen)
{
	int bit = ruleset_purpose_find(rs, name);

	if (bit < 0)
		return false;
	*chosen |= (purposes)1 << bit;
	return true;
}

/* What is said twice is not understood. */
static bool take_once(struct slice *to, struct slice value)
{
	if (to->p)
		return false;
	*to = value.n ? value : SLICE("");
	return true;
}

static bool take_choice(struct own_form *f, struct slice value)
{
	if (f->choice)
		return false;
	for (size_t i = 0; i < CG_COUNT(choices); i++)
		if (slice_eq(value, choices[i].word))
			f->choice = choices[i].choice;
	return f->choice != CHOICE_NONE;
}

static bool take(const struct ruleset *rs, struct own_form *f, struct slice name, struct slice value)
{
	if (slice_eq(name, SLICE("do")))
		return take_choice(f, value);
	if (slice_eq(name, SLICE("p")))
		return take_purpose(rs, value, &f->chosen);
	if (slice_eq(name, SLICE("back")))
		return take_once(&f->back, value);
	if (slice_eq(name, SLICE("token")))
		return take_once(&f->token, value);
	if (slice_eq(name, SLICE("from")))
		f->from_page = slice_eq(value, SLICE("preferences"));
	return true;
}

bool own_form_read(const struct ruleset *rs, struct slice body, struct arena *arena, struct own_form *out)
{
	size_t n = 0;

	*out = (struct own_form){.chosen = PURPOSE_NECESSARY};
	if (body.n > OWN_FORM_MAX)
		return false;
	while (body.n) {
		struct slice one, name, value;

		slice_cut(body, '&', &one, &body);
		if (!one.n)
			continue;
		slice_cut(one, '=', &name, &value);
		if (++n > FIELDS_MAX || !decode(name, arena, &name) || !decode(value, arena, &value) ||
		    !take(rs, out, name, value))
			return false;
	}
	return true;
}

/* -- whether it may count ------------------------------------------------------------------------------------------ */

#define TOKEN_OCTETS 16

/* Nothing else that is hashed begins so: signed cookies begin with the site, and hold no second NUL. */
static bool make_token(const struct consent_query *q, size_t key, struct arena *arena, char text[2 * TOKEN_OCTETS])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char out[CONSENT_MAC_SIZE];
	const struct slice parts[] = {slice_of("form", 5), q->site, slice_of("", 1)};
	struct slice data = arena_concat(arena, parts, CG_COUNT(parts));

	if (!q->mac || arena_failed(arena) || !q->mac->mac(q->mac->arg, key, data, out))
		return false;
	for (size_t i = 0; i < TOKEN_OCTETS; i++) {
		text[2 * i] = hex[out[i] >> 4];
		text[2 * i + 1] = hex[out[i] & 15];
	}
	return true;
}

struct slice own_token(const struct consent_query *q, struct arena *arena)
{
	char text[2 * TOKEN_OCTETS];

	return make_token(q, 0, arena, text) ? arena_copy(arena, slice_of(text, sizeof text)) : slice_of(NULL, 0);
}

static bool same_secret(const char *a, const char *b, size_t n)
{
	volatile unsigned char difference = 0;

	for (size_t i = 0; i < n; i++)
		difference = (unsigned char)(difference | ((unsigned char)a[i] ^ (unsigned char)b[i]));
	return difference == 0;
}

bool own_token_ok(const struct consent_query *q, struct slice token, struct arena *arena)
{
	char text[2 * TOKEN_OCTETS];

	if (token.n != sizeof text)
		return false;
	for (size_t key = 0; key < CONSENT_KEYS_MAX && make_token(q, key, arena, text); key++)
		if (same_secret(text, token.p, sizeof text))
			return true;
	return false;
}

static bool origin_is(struct slice origin, struct slice authority)
{
	static const struct slice scheme = SLICE_INIT("https://");
	struct slice rest = slice_from(origin, scheme.n);

	if (!slice_istarts_with(origin, scheme))
		return false;
	if (slice_ends_with(authority, SLICE(":443")))
		authority = slice_head(authority, authority.n - 4);
	return slice_ieq(rest, authority);
}

/* Of a field that is there more than once every copy must say it. */
bool own_same_origin(const struct fields *request, struct slice authority)
{
	bool fetch = false, origin = false, null = false;

	for (size_t i = 0; i < request->n; i++) {
		const struct field *f = &request->v[i];

		if (slice_ieq(f->name, SLICE("Sec-Fetch-Site"))) {
			if (!slice_eq(f->value, SLICE("same-origin")))
				return false;
			fetch = true;
		} else if (slice_ieq(f->name, SLICE("Origin"))) {
			null |= slice_eq(f->value, SLICE("null"));
			if (!origin_is(f->value, authority) && !slice_eq(f->value, SLICE("null")))
				return false;
			origin = true;
		}
	}
	return fetch || (origin && !null);
}
