#include "rules/consent/consent.h"

/* 1m.POLICY.PURPOSES-REFUSED.MINUTES.ID.MAC, each part at its longest; MINUTES up to 7 digits of base 36 (until the
 * year 5138).
 */
#define TOKEN_VERSION "1"
#define POLICY_TEXT   11
#define PURPOSES_TEXT 8
#define MINUTES_TEXT  7
#define ID_OCTETS     16
#define ID_TEXT	      22
#define MAC_OCTETS    16
#define MAC_TEXT      22
#define TOKEN_MAX     200

#define SITE_MAX 255

/* Servers of a fleet differ in their clocks; a token counts minutes. */
#define SKEW 60

struct writer {
	char text[SITE_MAX + 1 + TOKEN_MAX];
	size_t n;
};

static void put(struct writer *w, struct slice s)
{
	CG_CHECK(s.n <= sizeof w->text - w->n);
	if (s.n)
		memcpy(w->text + w->n, s.p, s.n);
	w->n += s.n;
}

/* RFC 4648 section 5, without padding. */
static void put_base64url(struct writer *w, const unsigned char *p, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned bits = 0, have = 0;

	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | p[i];
		for (have += 8; have >= 6; have -= 6)
			put(w, slice_of(&digits[bits >> (have - 6) & 63], 1));
	}
	if (have)
		put(w, slice_of(&digits[bits << (6 - have) & 63], 1));
}

static const char radix_digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";

static void put_number(struct writer *w, uint64_t value, unsigned radix)
{
	char text[64];
	size_t at = sizeof text;

	do {
		text[--at] = radix_digits[value % radix];
		value /= radix;
	} while (value);
	put(w, slice_of(text + at, sizeof text - at));
}

/* The one spelling that put_number() gives, of at most `most` digits. */
static bool read_number(struct slice s, unsigned radix, size_t most, uint64_t *value)
{
	*value = 0;
	if (s.n == 0 || s.n > most || (s.n > 1 && s.p[0] == '0'))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		const char *digit = memchr(radix_digits, s.p[i], radix);

		if (!digit)
			return false;
		*value = *value * radix + (uint64_t)(digit - radix_digits);
	}
	return true;
}

static bool is_base64url(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alpha(s.p[i]) && !ascii_is_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
			return false;
	return true;
}

/* FNV-1a with a NUL behind each part. It is on visitors' devices: it must never change. */
static uint64_t hash_part(uint64_t h, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
	return h * UINT64_C(0x100000001b3);
}

static void put_policy(struct writer *w, const struct ruleset *rs)
{
	uint64_t h = hash_part(UINT64_C(0xcbf29ce484222325), ruleset_policy(rs)->version);
	unsigned char octets[8];

	for (size_t i = 0; i < ruleset_purpose_count(rs); i++)
		h = hash_part(h, ruleset_purpose(rs, i)->name);
	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = (unsigned char)(h >> (56 - 8 * i));
	put_base64url(w, octets, sizeof octets);
}

/* What the keyed hash is over begins with the site, so that a token of one site is none of another. */
static bool put_site(struct writer *w, struct slice site)
{
	if (site.n > SITE_MAX)
		return false;
	put(w, site);
	put(w, slice_of("", 1));
	return true;
}

static bool put_mac(struct writer *w, const struct consent_mac *mac, size_t key, struct slice data)
{
	unsigned char out[CONSENT_MAC_SIZE];

	if (!mac->mac(mac->arg, key, data, out))
		return false;
	put_base64url(w, out, MAC_OCTETS);
	return true;
}

static const char method_letters[] = "?bpew";

static enum consent_method method_of(char letter)
{
	for (unsigned m = 1; method_letters[m]; m++)
		if (method_letters[m] == letter)
			return (enum consent_method)m;
	return CONSENT_METHOD_UNKNOWN;
}

enum consent_method consent_token_method(struct slice value)
{
	return value.n > 1 ? method_of(value.p[1]) : CONSENT_METHOD_UNKNOWN;
}

const char *consent_method_text(enum consent_method m)
{
	static const char *const texts[] = {"unknown", "banner", "preferences", "placeholder", "withdrawal"};

	return texts[m];
}

/* "1", or "1" and a letter that is known. */
static bool is_version(struct slice s)
{
	return slice_starts_with(s, SLICE(TOKEN_VERSION)) && (s.n == 1 || (s.n == 2 && method_of(s.p[1])));
}

static void put_purposes(struct writer *w, const struct consent_query *q, purposes granted)
{
	purposes all = ruleset_all_purposes(q->rules);

	put_number(w, (granted | PURPOSE_NECESSARY) & all, 16);
	if (!(q->refused_elsewhere & all))
		return;
	put(w, SLICE("-"));
	put_number(w, q->refused_elsewhere & all, 16);
}

struct slice consent_token_make(const struct consent_query *q, purposes granted, const unsigned char id[16],
				struct arena *arena)
{
	static const struct slice dot = SLICE_INIT(".");
	struct writer w = {.n = 0};
	int64_t minutes = q->now / 60;
	struct slice data;
	size_t start;

	if (!q->mac || !put_site(&w, q->site))
		return slice_of(NULL, 0);
	start = w.n;
	put(&w, SLICE(TOKEN_VERSION));
	if (q->method)
		put(&w, slice_of(&method_letters[q->method], 1));
	put(&w, dot);
	put_policy(&w, q->rules);
	put(&w, dot);
	put_purposes(&w, q, granted);
	put(&w, dot);
	put_number(&w, minutes > 0 ? (uint64_t)minutes : 0, 36);
	put(&w, dot);
	put_base64url(&w, id, ID_OCTETS);
	data = slice_of(w.text, w.n);
	put(&w, dot);
	if (!put_mac(&w, q->mac, 0, data))
		return slice_of(NULL, 0);
	return arena_copy(arena, slice_of(w.text + start, w.n - start));
}

struct token {
	struct slice signed_part; /* all before the last dot */
	struct slice policy;
	purposes granted;
	purposes refused_elsewhere;
	int64_t decided_at;
	struct slice id;
	struct slice mac;
};

static bool read_purposes(struct slice s, struct token *t)
{
	struct slice granted, refused;
	uint64_t set = 0, others = 0;

	if (slice_cut(s, '-', &granted, &refused) && (!read_number(refused, 16, PURPOSES_TEXT, &others) || !others))
		return false;
	if (!read_number(granted, 16, PURPOSES_TEXT, &set))
		return false;
	t->granted = (purposes)set;
	t->refused_elsewhere = (purposes)others;
	return true;
}

static bool token_split(struct slice value, struct token *t)
{
	struct slice rest = value, version, set, minutes;
	uint64_t at;

	if (value.n > TOKEN_MAX || !slice_cut(rest, '.', &version, &rest) || !slice_cut(rest, '.', &t->policy, &rest) ||
	    !slice_cut(rest, '.', &set, &rest) || !slice_cut(rest, '.', &minutes, &rest) ||
	    !slice_cut(rest, '.', &t->id, &t->mac))
		return false;
	if (!is_version(version) || t->policy.n != POLICY_TEXT || t->id.n != ID_TEXT || t->mac.n != MAC_TEXT ||
	    !is_base64url(t->policy) || !is_base64url(t->id) || !is_base64url(t->mac))
		return false;
	if (!read_purposes(set, t) || !read_number(minutes, 36, MINUTES_TEXT, &at))
		return false;
	t->signed_part = slice_head(value, value.n - MAC_TEXT - 1);
	t->decided_at = (int64_t)at * 60;
	return true;
}

struct slice consent_token_id(struct slice value)
{
	struct token t;

	return token_split(value, &t) ? t.id : slice_of(NULL, 0);
}

purposes consent_token_refused_elsewhere(struct slice value)
{
	struct token t;

	return token_split(value, &t) ? t.refused_elsewhere : 0;
}

/* In a time that does not depend on where they differ. */
static bool same_secret(const char *a, const char *b, size_t n)
{
	volatile unsigned char difference = 0;

	for (size_t i = 0; i < n; i++)
		difference = (unsigned char)(difference | ((unsigned char)a[i] ^ (unsigned char)b[i]));
	return difference == 0;
}

static bool authentic(const struct consent_query *q, const struct token *t)
{
	struct writer data = {.n = 0};

	if (!q->mac || !put_site(&data, q->site))
		return false;
	put(&data, t->signed_part);
	for (size_t key = 0; key < CONSENT_KEYS_MAX; key++) {
		struct writer w = {.n = 0};

		if (!put_mac(&w, q->mac, key, slice_of(data.text, data.n)))
			return false;
		if (same_secret(w.text, t->mac.p, MAC_TEXT))
			return true;
	}
	return false;
}

enum consent_token_state consent_token_read(const struct consent_query *q, struct slice value, purposes *granted,
					    int64_t *decided_at)
{
	struct writer policy = {.n = 0};
	struct token t;

	if (!token_split(value, &t))
		return CONSENT_TOKEN_MALFORMED;
	if (!authentic(q, &t))
		return CONSENT_TOKEN_FORGED;
	put_policy(&policy, q->rules);
	if (!slice_eq(slice_of(policy.text, policy.n), t.policy))
		return CONSENT_TOKEN_OLD_POLICY;
	if (t.decided_at > q->now + SKEW || q->now - t.decided_at > ruleset_policy(q->rules)->remember)
		return CONSENT_TOKEN_EXPIRED;
	*granted = (t.granted & ruleset_all_purposes(q->rules)) | PURPOSE_NECESSARY;
	*decided_at = t.decided_at;
	return CONSENT_TOKEN_GOOD;
}
