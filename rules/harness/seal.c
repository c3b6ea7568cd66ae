#include "rules/harness/seal.h"

#include "rules/consent/sealed.h"
#include "rules/harness/checker.h"
#include "rules/http/cookie.h"
#include "rules/http/set_cookie.h"

/* -- a cipher that keeps no secret --------------------------------------------------------------------------------- */

/* FNV-1a, with the bits of each step spread. */
static uint64_t mix_in(uint64_t h, const void *p, size_t n)
{
	const unsigned char *octets = p;

	for (size_t i = 0; i < n; i++) {
		h = (h ^ octets[i]) * UINT64_C(0x100000001b3);
		h ^= h >> 29;
	}
	return h;
}

static void put_hash(unsigned char *out, size_t n, uint64_t h)
{
	for (size_t i = 0; i < n; i++) {
		out[i] = (unsigned char)h;
		h = h >> 8 | h << 56;
		h *= UINT64_C(0x9E3779B97F4A7C15);
		h ^= h >> 31;
	}
}

static void stream(const unsigned char nonce[SEAL_NONCE], const char *in, size_t n, unsigned char *out)
{
	uint64_t h = mix_in(UINT64_C(0xcbf29ce484222325), nonce, SEAL_NONCE);

	for (size_t i = 0; i < n; i++) {
		h = h * UINT64_C(0x9E3779B97F4A7C15) + i;
		out[i] = (unsigned char)((unsigned char)in[i] ^ h >> 40);
	}
}

static void tag(const unsigned char nonce[SEAL_NONCE], struct slice bound, const unsigned char *p, size_t n,
		unsigned char out[SEAL_TAG])
{
	uint64_t h = mix_in(UINT64_C(0xcbf29ce484222325), nonce, SEAL_NONCE);

	put_hash(out, SEAL_TAG, mix_in(mix_in(h, bound.p, bound.n), p, n));
}

static bool test_key_id(void *arg, size_t key, unsigned char id[SEAL_ID])
{
	(void)arg;
	memcpy(id, "test", SEAL_ID);
	return key == 0;
}

static bool test_seal(void *arg, struct slice bound, struct slice text, unsigned char nonce[SEAL_NONCE],
		      unsigned char *out)
{
	(void)arg;
	put_hash(nonce, SEAL_NONCE, mix_in(mix_in(1, bound.p, bound.n), text.p, text.n));
	stream(nonce, text.p, text.n, out);
	tag(nonce, bound, out, text.n, out + text.n);
	return true;
}

static bool test_open(void *arg, size_t key, const unsigned char nonce[SEAL_NONCE], struct slice bound,
		      struct slice sealed, unsigned char *out)
{
	unsigned char good[SEAL_TAG];
	size_t n = sealed.n - SEAL_TAG;

	(void)arg;
	tag(nonce, bound, (const unsigned char *)sealed.p, n, good);
	if (key != 0 || memcmp(good, sealed.p + n, SEAL_TAG) != 0)
		return false;
	stream(nonce, sealed.p, n, out);
	return true;
}

const struct seal_ops harness_seal = {.key_id = test_key_id, .seal = test_seal, .open = test_open};

/* -- what the visitor carries -------------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum sealed_state state;
} states[] = {
	{"altered", SEALED_ALTERED},
	{"other-site", SEALED_OTHER_SITE},
	{"too-old", SEALED_TOO_OLD},
	{"unknown-key", SEALED_UNKNOWN_KEY},
};

struct sealed_pair {
	enum sealed_state state;
	struct slice name, value;
};

/*
 * "sealed [STATE] NAME=VALUE". False if the pair does not begin with that word; a name that is no token tells that the
 * rest was not understood.
 */
static bool read_pair(struct slice pair, struct sealed_pair *out)
{
	struct slice rest = pair, word, name;

	if (!next_word(&rest, &word) || !slice_eq(word, SLICE("sealed")))
		return false;
	*out = (struct sealed_pair){.state = SEALED_OPENED};
	for (size_t i = 0; i < CG_COUNT(states); i++)
		if (slice_eq(peek_word(rest), slice_str(states[i].word))) {
			out->state = states[i].state;
			(void)next_word(&rest, &word);
			break;
		}
	if (slice_cut(slice_trim(rest), '=', &name, &out->value) && is_token(name))
		out->name = name;
	return true;
}

void check_visitor_cookies(struct parser *p)
{
	struct slice rest = p->test->visitor;
	struct sealed_pair pair;
	struct cookie c;

	while (cookie_next(&rest, &c)) {
		if (!read_pair(c.raw, &pair))
			continue;
		p->test->seals = true;
		if (!pair.name.n)
			parse_error(p, c.raw,
				    "write: visitor sealed sid=VALUE, or with altered, other-site, too-old or "
				    "unknown-key in front of the name",
				    "it is not clear what is sealed");
	}
}

/* The real keys by another name. */
static bool other_key_id(void *arg, size_t key, unsigned char id[SEAL_ID])
{
	const struct seal_ops *real = arg;

	if (!real->key_id(real->arg, key, id))
		return false;
	for (size_t i = 0; i < SEAL_ID; i++)
		id[i] ^= 0x55;
	return true;
}

static bool other_key_seal(void *arg, struct slice bound, struct slice text, unsigned char nonce[SEAL_NONCE],
			   unsigned char *out)
{
	const struct seal_ops *real = arg;

	return real->seal(real->arg, bound, text, nonce, out);
}

/* The text with another character in the middle, where each one counts. */
static struct slice altered(struct slice text, struct arena *arena)
{
	size_t at = text.n / 2;
	const struct slice parts[] = {slice_head(text, at), text.n && text.p[at] == 'A' ? SLICE("B") : SLICE("A"),
				      text.n ? slice_from(text, at + 1) : text};

	return arena_concat(arena, parts, CG_COUNT(parts));
}

static struct slice seal_pair(const struct prepared *x, const struct sealed_pair *pair, struct arena *arena)
{
	const struct seal_ops other = {
		.arg = (void *)(uintptr_t)x->seal, .key_id = other_key_id, .seal = other_key_seal};
	struct sealing s = {.ops = x->seal, .site = x->site, .name = pair->name, .now = x->now};
	struct slice value;

	if (pair->state == SEALED_UNKNOWN_KEY && x->seal)
		s.ops = &other;
	else if (pair->state == SEALED_OTHER_SITE)
		s.site = SLICE("another-site.invalid");
	else if (pair->state == SEALED_TOO_OLD)
		s.now -= COOKIE_AGE_MAX + 120;
	value = sealed_make(&s, pair->value, 0, arena);
	return pair->state == SEALED_ALTERED ? altered(value, arena) : value;
}

struct slice visitor_cookies(const struct prepared *x, struct arena *arena)
{
	struct slice rest = x->test->visitor, all = {0};
	struct sealed_pair pair;
	struct cookie c;

	if (!x->test->seals)
		return x->test->visitor;
	while (cookie_next(&rest, &c)) {
		struct slice text = c.raw;

		if (read_pair(c.raw, &pair)) {
			struct slice value = seal_pair(x, &pair, arena);

			text = arena_printf(arena, "%.*s=%.*s", SLICE_ARG(pair.name), SLICE_ARG(value));
		}
		all = all.n ? arena_printf(arena, "%.*s; %.*s", SLICE_ARG(all), SLICE_ARG(text)) : text;
	}
	return all;
}

/* -- what the visitor gets ----------------------------------------------------------------------------------------- */

/* What a Set-Cookie of that name is, in words: a difference is shown by them. */
static struct slice opened_text(const struct checker *c, const struct set_cookie *k, bool *meets)
{
	const struct sealing s = {.ops = c->x->seal, .site = c->x->site, .name = k->name, .now = c->x->now};
	struct slice value = {0};
	enum sealed_state state = sealed_open(&s, k->value, -1, c->arena, &value);

	*meets = state == SEALED_OPENED && (!c->e->has_value || slice_eq(value, c->e->value));
	if (state == SEALED_OPENED)
		return arena_printf(c->arena, "sealed %.*s=%.*s", SLICE_ARG(k->name), SLICE_ARG(value));
	return arena_printf(c->arena, "Set-Cookie: %.*s (%s)", SLICE_ARG(k->pair), sealed_state_reason(state));
}

void check_sealed(struct checker *c)
{
	const struct fields *fields = &c->o->visitor_saw.fields;
	struct slice why = why_of(c, SUBJECT_RESPONSE_COOKIE, c->e->name), shown = {0}, text;
	bool found = false, meets;
	struct set_cookie k;

	for (size_t i = 0; i < fields->n; i++) {
		if (fields->v[i].id != FIELD_SET_COOKIE || !set_cookie_parse(fields->v[i].value, &k) ||
		    !slice_eq(k.name, c->e->name))
			continue;
		text = opened_text(c, &k, &meets);
		found |= meets;
		if (shown.n == 0 || meets)
			shown = text;
	}
	if (found == c->e->negative)
		differs(c, c->e->text, shown.n ? shown : SLICE("(no such Set-Cookie)"), why);
}
