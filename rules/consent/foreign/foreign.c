#include "rules/consent/foreign/internal.h"

#define FOREIGN_ROW(id) &foreign_##id,
static const struct foreign_manager *const managers[] = {FOREIGN_MANAGERS(FOREIGN_ROW)};
#undef FOREIGN_ROW

const struct foreign_manager *const *foreign_managers(size_t *n)
{
	*n = CG_COUNT(managers);
	return managers;
}

const struct foreign_manager *foreign_manager_find(struct slice name)
{
	for (size_t i = 0; i < CG_COUNT(managers); i++)
		if (slice_ieq(name, slice_str(managers[i]->name)))
			return managers[i];
	return NULL;
}

static const struct {
	const char *name, *hint;
} hints[] = {
	{"truste", "TRUSTe is called trustarc now"},
	{"cookiepro", "CookiePro is OneTrust's: write onetrust"},
	{"optanon", "write onetrust"},
	{"cybot", "write cookiebot"},
	{"iab", "write tcf, gpp or usprivacy"},
	{"usp", "write usprivacy"},
	{"ccpa", "write usprivacy or gpp"},
	{"quantcast", "it stores an IAB string: write tcf"},
	{"inmobi", "it stores an IAB string: write tcf"},
	{"cookieconsent", "write osano (cookieconsent_status) or vanilla-cookieconsent (cc_cookie)"},
	{"insites", "write osano"},
	{"webflow", "write finsweet"},
	{"wordpress", "write wp-consent-api, complianz, cookieyes, borlabs or moove"},
	{"cloudflare", "write zaraz"},
	{"usercentrics", "it stores in localStorage, which no proxy sees: see guide-migrating.md for a bridge"},
	{"termly", "it stores in localStorage, which no proxy sees: see guide-migrating.md for a bridge"},
	{"transcend", "it stores in localStorage, which no proxy sees: see guide-migrating.md for a bridge"},
};

const char *foreign_manager_hint(struct slice name)
{
	for (size_t i = 0; i < CG_COUNT(hints); i++)
		if (slice_ieq(name, slice_str(hints[i].name)))
			return hints[i].hint;
	return NULL;
}

bool foreign_glob(struct slice pattern, struct slice s, bool fold)
{
	bool (*same)(struct slice, struct slice) = fold ? slice_ieq : slice_eq;
	size_t star = slice_find_char(pattern, '*');
	size_t tail = star < pattern.n ? pattern.n - star - 1 : 0;

	if (star == pattern.n)
		return same(pattern, s);
	return s.n >= star + tail && same(slice_head(pattern, star), slice_head(s, star)) &&
	       same(slice_from(pattern, star + 1), slice_from(s, s.n - tail));
}

int foreign_carries(const struct foreign_manager *m, struct slice cookie_name)
{
	for (size_t i = 0; m->cookies[i]; i++)
		if ((m->cookies[i][0] == '*' || (cookie_name.n && m->cookies[i][0] == cookie_name.p[0])) &&
		    foreign_glob(slice_str(m->cookies[i]), cookie_name, false))
			return (int)i;
	return -1;
}

/* What an unreadable cookie said so far. */
static void forget(struct foreign_findings *f, const struct foreign_findings *before)
{
	f->n = before->n;
	f->all = before->all;
	f->rest_denied = before->rest_denied;
	f->act = before->act;
	f->unreadable++;
}

void foreign_read(const struct foreign_manager *m, size_t which, struct slice name, struct slice value,
		  struct foreign_findings *f)
{
	const struct foreign_findings before = *f;

	if (f->cookies == FOREIGN_COOKIES_MAX) {
		f->overflow = true;
		return;
	}
	f->cookies++;
	/* RFC 6265 4.1.1 lets a value stand in quotes. */
	if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
		value = slice_of(value.p + 1, value.n - 2);
	if (value.n > FOREIGN_VALUE_MAX || !m->decode(f, which, name, value))
		forget(f, &before);
}

/* Doubles; the arena keeps the old ones, which adds up to no more than the last. */
static bool grow(struct foreign_findings *f)
{
	size_t cap = f->cap ? 2 * f->cap : 16;
	struct foreign_entry *v = arena_calloc(f->arena, cap, sizeof *v);

	if (!v)
		return false;
	if (f->n)
		memcpy(v, f->v, f->n * sizeof *v);
	f->v = v;
	f->cap = cap;
	return true;
}

void foreign_say(struct foreign_findings *f, struct slice category, enum foreign_state state)
{
	if (state == FOREIGN_UNKNOWN)
		return;
	if (f->n == FOREIGN_ENTRIES_MAX || (f->n == f->cap && !grow(f))) {
		f->overflow = true;
		return;
	}
	f->v[f->n++] = (struct foreign_entry){category, state};
}

void foreign_say_all(struct foreign_findings *f, enum foreign_state state)
{
	if (state > f->all)
		f->all = state;
}

void foreign_act(struct foreign_findings *f, enum foreign_act act)
{
	if (act > f->act)
		f->act = act;
}

struct slice foreign_keep(struct foreign_findings *f, struct slice s)
{
	struct slice copy = arena_copy(f->arena, s);

	f->overflow = f->overflow || arena_failed(f->arena);
	return copy;
}

enum foreign_state foreign_said(const struct foreign_findings *f, struct slice category)
{
	enum foreign_state state = FOREIGN_UNKNOWN;

	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].state > state && foreign_glob(category, f->v[i].category, true))
			state = f->v[i].state;
	return state;
}

enum foreign_state foreign_answer(struct slice s)
{
	static const char *const yes[] = {"1",	      "true",	 "yes",	   "allow",  "allowed", "accept",
					  "accepted", "granted", "opt_in", "opt-in", "on"};
	static const char *const no[] = {"0",	   "false",   "no",	 "deny",    "denied",  "reject", "rejected",
					 "refuse", "refused", "revoked", "opt_out", "opt-out", "off"};

	for (size_t i = 0; i < CG_COUNT(yes); i++)
		if (slice_ieq(s, slice_str(yes[i])))
			return FOREIGN_GRANTED;
	for (size_t i = 0; i < CG_COUNT(no); i++)
		if (slice_ieq(s, slice_str(no[i])))
			return FOREIGN_DENIED;
	return FOREIGN_UNKNOWN;
}
