#include "rules/consent/sealed.h"

#define PREFIX_N (sizeof SEALED_PREFIX - 1)

/* Servers of a fleet differ in their clocks. */
#define SKEW 60

static void put_number(unsigned char *out, size_t n, uint64_t value)
{
	while (n--) {
		out[n] = (unsigned char)value;
		value >>= 8;
	}
}

static uint64_t get_number(const unsigned char *p, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n; i++)
		value = value << 8 | p[i];
	return value;
}

/* FNV-1a. It is on visitors' devices: it must never change. */
static void put_site_hash(unsigned char out[SEAL_ID], struct slice site)
{
	uint32_t h = UINT32_C(0x811c9dc5);

	for (size_t i = 0; i < site.n; i++)
		h = (h ^ (unsigned char)site.p[i]) * UINT32_C(0x01000193);
	put_number(out, SEAL_ID, h);
}

/* What the value is bound to. Neither part can hold a NUL and pass for another. */
static struct slice bound_to(const struct sealing *s, struct arena *arena)
{
	const struct slice nul = slice_of("", 1);
	const struct slice parts[] = {SLICE("crumbgate sealed cookie 1"), nul, s->site, nul, s->name};

	return arena_concat(arena, parts, CG_COUNT(parts));
}

static bool may_seal(const struct sealing *s)
{
	return s->ops && s->site.n <= SEALED_NAME_MAX && s->name.n <= SEALED_NAME_MAX && s->name.n > 0;
}

struct slice sealed_make(const struct sealing *s, struct slice value, int64_t life, struct arena *arena)
{
	size_t inner = SEALED_TIMES + value.n, outer = SEALED_HEAD + inner + SEAL_TAG;
	unsigned char *octets, *plain;
	struct slice bound;
	char *text;

	if (!may_seal(s))
		return slice_of(NULL, 0);
	octets = arena_alloc(arena, outer);
	plain = arena_alloc(arena, inner);
	text = arena_alloc(arena, SEALED_SIZE(value.n));
	if (!octets || !plain || !text || !s->ops->key_id(s->ops->arg, 0, octets))
		return slice_of(NULL, 0);
	put_site_hash(octets + SEAL_ID, s->site);
	put_number(plain, 5, s->now > 0 ? (uint64_t)s->now : 0);
	put_number(plain + 5, 4, life > 0 ? (uint64_t)life : 0);
	if (value.n)
		memcpy(plain + SEALED_TIMES, value.p, value.n);
	bound = bound_to(s, arena);
	if (arena_failed(arena) || !s->ops->seal(s->ops->arg, bound, slice_of((char *)plain, inner),
						 octets + SEAL_ID + SEAL_ID, octets + SEALED_HEAD))
		return slice_of(NULL, 0);
	memcpy(text, SEALED_PREFIX, PREFIX_N);
	base64url_encode(octets, outer, text + PREFIX_N);
	return slice_of(text, SEALED_SIZE(value.n));
}

/* The octets behind the prefix; NULL if nothing that crumbgate makes looks like that, or if the arena refused. */
static unsigned char *decode(struct slice sealed, struct arena *arena, size_t *n)
{
	unsigned char *octets;

	if (!slice_starts_with(sealed, SLICE(SEALED_PREFIX)) || sealed.n < SEALED_SIZE(0))
		return NULL;
	sealed = slice_from(sealed, PREFIX_N);
	*n = BASE64URL_OCTETS(sealed.n);
	octets = arena_alloc(arena, *n);
	return octets && base64url_decode(sealed, octets) ? octets : NULL;
}

/* The index of the key of that name; false if there is none. */
static bool find_key(const struct seal_ops *ops, const unsigned char id[SEAL_ID], size_t *key)
{
	unsigned char other[SEAL_ID];

	for (*key = 0; ops->key_id(ops->arg, *key, other); (*key)++)
		if (memcmp(id, other, SEAL_ID) == 0)
			return true;
	return false;
}

static bool in_time(const struct sealing *s, const unsigned char times[SEALED_TIMES], int64_t max_age)
{
	int64_t at = (int64_t)get_number(times, 5), life = (int64_t)get_number(times + 5, 4);

	if (life == 0)
		life = max_age >= 0 ? max_age : SEALED_LIFE;
	if (max_age >= 0 && life > max_age)
		life = max_age;
	return at <= s->now + SKEW && s->now - at <= life;
}

enum sealed_state sealed_open(const struct sealing *s, struct slice sealed, int64_t max_age, struct arena *arena,
			      struct slice *value)
{
	size_t n = 0, key;
	unsigned char *octets = decode(sealed, arena, &n), *plain, site[SEAL_ID];
	struct slice within, bound;

	if (!octets)
		return SEALED_FOREIGN;
	if (!may_seal(s) || !find_key(s->ops, octets, &key))
		return SEALED_UNKNOWN_KEY;
	put_site_hash(site, s->site);
	if (memcmp(site, octets + SEAL_ID, SEAL_ID) != 0)
		return SEALED_OTHER_SITE;
	within = slice_of((char *)octets + SEALED_HEAD, n - SEALED_HEAD);
	plain = arena_alloc(arena, within.n - SEAL_TAG);
	bound = bound_to(s, arena);
	if (!plain || arena_failed(arena) ||
	    !s->ops->open(s->ops->arg, key, octets + SEAL_ID + SEAL_ID, bound, within, plain))
		return SEALED_ALTERED;
	if (!in_time(s, plain, max_age))
		return SEALED_TOO_OLD;
	*value = slice_of((char *)plain + SEALED_TIMES, within.n - SEAL_TAG - SEALED_TIMES);
	return SEALED_OPENED;
}

static const struct {
	const char *text;
	const char *reason;
} states[SEALED_STATES] = {
	[SEALED_OPENED] = {"opened", NULL},
	[SEALED_FOREIGN] = {"foreign", "it was not sealed by crumbgate"},
	[SEALED_UNKNOWN_KEY] = {"unknown-key", "there is no key that opens it"},
	[SEALED_OTHER_SITE] = {"other-site", "it was sealed for another site"},
	[SEALED_ALTERED] = {"altered", "it was altered, or sealed as another cookie"},
	[SEALED_TOO_OLD] = {"too-old", "it was sealed too long ago"},
	[SEALED_COPY] = {"copy", "another cookie of that name was opened already"},
};

const char *sealed_state_reason(enum sealed_state s)
{
	return (unsigned)s < SEALED_STATES ? states[s].reason : "?";
}

const char *sealed_state_text(enum sealed_state s)
{
	return (unsigned)s < SEALED_STATES ? states[s].text : "?";
}
