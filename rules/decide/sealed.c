/* Cookies that are sealed on the visitor's device: see rules/consent/sealed.h. */
#include "rules/decide/internal.h"

#include "rules/http/set_cookie.h"

/* The name of a cookie of the request that opened. */
struct opened {
	struct slice name;
	struct opened *next;
};

static struct sealing sealing_of(const struct deciding *x, struct slice name)
{
	return (struct sealing){.ops = x->env->seal, .site = x->env->site, .name = name, .now = x->d->now};
}

static bool is_opened(const struct deciding *x, struct slice name)
{
	for (const struct opened *o = x->d->opened; o; o = o->next)
		if (slice_eq(o->name, name))
			return true;
	return false;
}

static void note_opened(const struct deciding *x, struct slice name)
{
	struct opened *o = arena_alloc(x->arena, sizeof *o);

	if (!o)
		return;
	*o = (struct opened){.name = name, .next = x->d->opened};
	x->d->opened = o;
}

/*
 * Of several copies the first that opens counts: who can set cookies for a sibling of the site's host (RFC 6265 8.6)
 * cannot make one that does.
 */
static enum sealed_state open_cookie(const struct deciding *x, const struct cookie *c, int64_t max_age,
				     struct slice *value)
{
	const struct sealing s = sealing_of(x, c->name);
	enum sealed_state state;

	if (is_opened(x, c->name))
		return SEALED_COPY;
	state = sealed_open(&s, c->value, max_age, x->arena, value);
	if (state == SEALED_OPENED)
		note_opened(x, c->name);
	return state;
}

/* In observe mode, too, what was sealed before is opened, as the origin could make nothing of it. */
enum cookie_edit sealed_request(const struct deciding *x, const struct cookie *c, const struct judgement *j,
				struct verdict *v, struct slice *replacement)
{
	struct slice value = {0};
	enum sealed_state state = open_cookie(x, c, j->cookie->limits.max_age_cap, &value);
	const struct slice parts[] = {c->name, SLICE("="), value};

	x->d->sealed[state]++;
	if (state == SEALED_OPENED) {
		v->kind = VERDICT_OPEN;
		*replacement = arena_concat(x->arena, parts, CG_COUNT(parts));
		return COOKIE_REPLACE;
	}
	v->kind = VERDICT_DROP;
	v->reason = sealed_state_reason(state);
	return x->d->observe ? COOKIE_KEEP : COOKIE_DROP;
}

/* How long the origin lets it live, in seconds; 0: as long as the browser runs. */
static int64_t life_of(const struct deciding *x, const struct set_cookie *c)
{
	int64_t life = 0;

	if (c->has_max_age)
		life = c->max_age;
	else if (c->has_expires)
		life = c->expires - x->d->now;
	return life > COOKIE_AGE_MAX ? COOKIE_AGE_MAX : life;
}

/* NULL if it can be. */
static const char *why_not(const struct deciding *x, const struct set_cookie *c, bool heeded)
{
	if (!heeded)
		return "browsers do not take it";
	if (c->name.n == 0)
		return "a cookie without a name cannot be sealed";
	if (!x->env->seal)
		return "there is no key to seal it with";
	if (c->name.n > SEALED_NAME_MAX || x->env->site.n > SEALED_NAME_MAX)
		return "its name is too long to be sealed";
	if (c->name.n + SEALED_SIZE(c->value.n) > COOKIE_PAIR_MAX)
		return "sealed, it would be longer than the 4096 octets that browsers take";
	return NULL;
}

static struct slice seal(const struct deciding *x, const struct set_cookie *c)
{
	const struct sealing s = sealing_of(x, c->name);

	return sealed_make(&s, c->value, life_of(x, c), x->arena);
}

bool sealed_response(const struct deciding *x, const struct set_cookie *c, bool heeded, struct verdict *v,
		     struct slice *field)
{
	struct slice parts[] = {c->name, SLICE("="), {0}, slice_from(*field, slice_find_char(*field, ';'))};

	v->kind = VERDICT_DROP;
	v->reason = why_not(x, c, heeded);
	if (v->reason)
		return false;
	v->kind = VERDICT_SEAL;
	parts[2] = seal(x, c);
	if (parts[2].n == 0) {
		v->kind = VERDICT_DROP;
		v->reason = "it could not be sealed";
		return false;
	}
	if (!x->d->observe)
		*field = arena_concat(x->arena, parts, CG_COUNT(parts));
	return true;
}
