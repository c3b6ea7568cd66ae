/*
 * What decoders share. One file a manager; beside them:
 *
 * foreign.c  the table of managers, findings
 * words.c    what usual words and well-known services are about
 * coding.c   percent-escapes, base64, bits
 * inflate.c  gzip, by ISA-L
 * json.c     JSON, by jansson
 */
#ifndef CG_RULES_CONSENT_FOREIGN_INTERNAL_H
#define CG_RULES_CONSENT_FOREIGN_INTERNAL_H

#include <jansson.h>
#include <stdint.h>

#include "rules/base/attributes.h"
#include "rules/consent/foreign/foreign.h"

#define PREFERENCES (1u << FOREIGN_PREFERENCES)
#define ANALYTICS   (1u << FOREIGN_ANALYTICS)
#define ADVERTISING (1u << FOREIGN_ADVERTISING)

/* ---- foreign.c ---- */

/* The category must live as long as the findings; see foreign_keep(). FOREIGN_UNKNOWN says nothing. */
void foreign_say(struct foreign_findings *f, struct slice category, enum foreign_state state);
/* Of everything at once. */
void foreign_say_all(struct foreign_findings *f, enum foreign_state state);
void foreign_act(struct foreign_findings *f, enum foreign_act act);
struct slice foreign_keep(struct foreign_findings *f, struct slice s);

static inline enum foreign_state foreign_of(bool granted)
{
	return granted ? FOREIGN_GRANTED : FOREIGN_DENIED;
}

/* "true" "yes" "allow" "accepted" "granted" "1" ... and their contraries; else unknown. Case is ignored. */
enum foreign_state foreign_answer(struct slice s);

/* ---- coding.c ---- */

/*
 * One pass of percent-decoding into the arena; an escape that is none stays as it is. False if the result holds a
 * control character, or the arena refused. Without escapes *out is s itself.
 */
bool foreign_unescape(struct foreign_findings *f, struct slice s, struct slice *out);
/* Passes until nothing changes, at most three. */
bool foreign_unescape_all(struct foreign_findings *f, struct slice s, struct slice *out);
/* Base64 in either alphabet (RFC 4648 4 and 5), with or without padding. False if it is none. */
bool foreign_base64(struct foreign_findings *f, struct slice s, struct slice *out);

/* ---- inflate.c ---- */

/* One gzip member of at most 16 KB when inflated. */
bool foreign_gunzip(struct foreign_findings *f, struct slice s, struct slice *out);

/* ---- coding.c ---- */

/* Bits of base64url digits, six each, the highest first. */
struct bits {
	struct slice text;
	size_t at;   /* in bits */
	bool failed; /* more was read than there is, or another octet than a digit; sticky */
};
uint64_t bits_read(struct bits *b, unsigned n); /* n up to 36; 0 after a failure */
/* One bit at its place; false beyond the end, too. */
bool bits_at(const struct bits *b, size_t at);
void bits_skip(struct bits *b, size_t n);
static inline size_t bits_left(const struct bits *b)
{
	return b->text.n * 6 > b->at ? b->text.n * 6 - b->at : 0;
}

/* ---- json.c ---- */

/* The object or array that a value holds: as it stands, else with its escapes undone. NULL if there is none. */
json_t *foreign_json(struct foreign_findings *f, struct slice value);
json_t *foreign_json_base64(struct foreign_findings *f, struct slice value);
/* Of "gzip:" and base64. */
json_t *foreign_json_gzip(struct foreign_findings *f, struct slice value);
/* true, 1, "yes" and their like; unknown for anything else. */
enum foreign_state foreign_json_answer(const json_t *v);
/* Says each member of an object that is an answer; true if there was one. NULL is an object without members. */
bool foreign_json_say_members(struct foreign_findings *f, json_t *object);
/* Says each string of an array; true if v is an array. */
bool foreign_json_say_list(struct foreign_findings *f, json_t *array, enum foreign_state state);
/* The text of a string; empty for anything else. */
struct slice foreign_json_text(const json_t *v);

/* ---- shared by managers ---- */

/* tcf.c: the categories "1" to "24" and "vendor-N"; false if it is no TC string of version 2. */
bool foreign_tcf_say(struct foreign_findings *f, struct slice text);
/* usprivacy.c: the category "sale"; false if it is no such string. explicit: a no to the opt-out counts as an act. */
bool foreign_usprivacy_say(struct foreign_findings *f, struct slice text);

/* ---- the managers ---- */

/* clang-format off */
#define FOREIGN_MANAGERS(X) \
	X(axeptio) \
	X(borlabs) \
	X(c15t) \
	X(civic) \
	X(commanders_act) \
	X(complianz) \
	X(cookie_information) \
	X(cookie_script) \
	X(cookiebot) \
	X(cookiefirst) \
	X(cookiehub) \
	X(cookieyes) \
	X(didomi) \
	X(drupal) \
	X(fides) \
	X(finsweet) \
	X(google_ac) \
	X(gpp) \
	X(hubspot) \
	X(iubenda) \
	X(klaro) \
	X(moove) \
	X(onetrust) \
	X(orejime) \
	X(osano) \
	X(pandectes) \
	X(piwik_pro) \
	X(shopify) \
	X(sourcepoint) \
	X(tarteaucitron) \
	X(tcf) \
	X(tealium) \
	X(trustarc) \
	X(usprivacy) \
	X(vanilla_cookieconsent) \
	X(wix) \
	X(wp_consent_api) \
	X(zaraz)
/* clang-format on */

#define FOREIGN_DECLARE(id) extern const struct foreign_manager foreign_##id;
FOREIGN_MANAGERS(FOREIGN_DECLARE)
#undef FOREIGN_DECLARE

#define FOREIGN_MAPPINGS(table) .mappings = (table), .n_mappings = CG_COUNT(table)

#endif
