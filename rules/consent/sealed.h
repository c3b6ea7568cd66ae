/*
 * Sealed cookies: on the visitor's device the origin's value is encrypted and authenticated, and only there; the origin
 * sets and gets it as ever. Pure: the cipher with its nonces, and the time, come in from outside.
 *
 * A sealed value is "1." and the base64url of
 *
 *   KEY 4 | SITE 4 | NONCE 12 | sealed: AT 5, LIFE 4, the value | TAG 16
 *
 * KEY names the key; SITE is a hash of the site's name. Both only tell why a value does not open: what binds the value
 * to the site and to the name of its cookie is the cipher's associated data, "crumbgate sealed cookie 1" NUL site NUL
 * name. AT is the Unix time of sealing, LIFE how many seconds the cookie was to live, 0 if the origin did not say; both
 * big-endian. Of n octets SEALED_SIZE(n) are made. Values have one spelling, so a sealed cookie that was changed in any
 * way does not open.
 */
#ifndef CG_RULES_CONSENT_SEALED_H
#define CG_RULES_CONSENT_SEALED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/base/base64url.h"
#include "rules/base/slice.h"

#define SEAL_ID	   4
#define SEAL_NONCE 12
#define SEAL_TAG   16

/*
 * Authenticated encryption: AES-256-GCM by the proxy, anything with keys in tests. Key 0 is the current one, which
 * seals; higher indexes are older ones, which still open. bound is authenticated, not encrypted.
 */
struct seal_ops {
	void *arg;
	/* A name for the key that tells nothing of it. False for an index beyond the last. */
	bool (*key_id)(void *arg, size_t key, unsigned char id[SEAL_ID]);
	/*
	 * With key 0 and a nonce that it chooses and that no other text has or had. Fills nonce, and text.n + SEAL_TAG
	 * octets of out. False if it cannot.
	 */
	bool (*seal)(void *arg, struct slice bound, struct slice text, unsigned char nonce[SEAL_NONCE],
		     unsigned char *out);
	/* Fills sealed.n - SEAL_TAG octets; sealed.n >= SEAL_TAG. False if it is not authentic: out is then waste. */
	bool (*open)(void *arg, size_t key, const unsigned char nonce[SEAL_NONCE], struct slice bound,
		     struct slice sealed, unsigned char *out);
};

#define SEALED_PREFIX  "1."
#define SEALED_HEAD    (SEAL_ID + SEAL_ID + SEAL_NONCE)
#define SEALED_TIMES   9
#define SEALED_SIZE(n) (sizeof SEALED_PREFIX - 1 + BASE64URL_TEXT(SEALED_HEAD + SEALED_TIMES + (n) + SEAL_TAG))

/* How long a cookie of which neither origin nor rule says how long it lives may be used after it was sealed: 30 days.
 */
#define SEALED_LIFE 2592000

/* Sites and names longer than this are not sealed. */
#define SEALED_NAME_MAX 1024

enum sealed_state {
	SEALED_OPENED,
	SEALED_FOREIGN,	    /* it does not look like anything that crumbgate made */
	SEALED_UNKNOWN_KEY, /* sealed with a key that is not, or no longer, in the ring; or there is none */
	SEALED_OTHER_SITE,
	SEALED_ALTERED, /* or moved from a cookie of another name */
	SEALED_TOO_OLD, /* or, by a minute and more, from the future */
	SEALED_COPY,	/* another copy of the cookie was opened before: see struct decision */
	SEALED_STATES
};

/* What a value is sealed for. */
struct sealing {
	const struct seal_ops *ops; /* NULL: there is no key; nothing seals or opens */
	struct slice site;	    /* its name: the first of its `site` statement */
	struct slice name;	    /* of the cookie; not empty */
	int64_t now;		    /* Unix time in seconds */
};

/*
 * Seals the value of a cookie that is to live that many seconds, 0 if nobody says. The empty slice if there is no key,
 * if site or name are too long, or if the arena refused.
 */
struct slice sealed_make(const struct sealing *s, struct slice value, int64_t life, struct arena *arena);

/*
 * Opens a sealed value, *value then being what was sealed, in the arena. It must have been sealed no longer ago than
 * its own life (SEALED_LIFE if nobody said) and max_age, -1 if the rule has none. Of everything else *value is left as
 * it is. If the arena refuses the state is SEALED_ALTERED: ask the arena.
 */
enum sealed_state sealed_open(const struct sealing *s, struct slice sealed, int64_t max_age, struct arena *arena,
			      struct slice *value);

/* A reason for a verdict: "it was sealed for another site". NULL for SEALED_OPENED. */
const char *sealed_state_reason(enum sealed_state s);
/* A name for machines: "opened", "foreign", "unknown-key", "other-site", "altered", "too-old", "copy". */
const char *sealed_state_text(enum sealed_state s);

#endif
