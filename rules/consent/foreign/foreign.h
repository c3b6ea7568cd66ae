/*
 * What other consent managers store in cookies, decoded. Pure, and without knowledge of a site: a decoder says of each
 * category of its manager whether it was granted or denied, and whether the visitor acted; rules/consent maps
 * categories to purposes.
 *
 * Common to all decoders: a value has at most 4096 octets, JSON at most 8 levels and 512 members; percent-escapes are
 * undone up to three times where that is what it takes; NUL and other control characters make a value unreadable, and
 * so does whatever else is no value of that manager. What is unreadable says nothing.
 */
#ifndef CG_RULES_CONSENT_FOREIGN_FOREIGN_H
#define CG_RULES_CONSENT_FOREIGN_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/base/arena.h"
#include "rules/base/slice.h"

#define FOREIGN_VALUE_MAX   4096
#define FOREIGN_ENTRIES_MAX 1024 /* categories said by all cookies of one manager */
#define FOREIGN_COOKIES_MAX 32	 /* cookies of one manager that are read */

enum foreign_state { FOREIGN_UNKNOWN, FOREIGN_GRANTED, FOREIGN_DENIED };

/* Whether the visitor acted, as far as cookies tell; of several cookies the highest counts. */
enum foreign_act {
	FOREIGN_UNSAID,
	FOREIGN_ACTED,
	FOREIGN_DEFAULT,   /* what was stored is a default: nobody acted */
	FOREIGN_ACTED_SURE /* a mark that only an act leaves */
};

/* What the usual categories are about. */
enum foreign_kind { FOREIGN_PREFERENCES, FOREIGN_ANALYTICS, FOREIGN_ADVERTISING, FOREIGN_KINDS };

struct foreign_entry {
	struct slice category; /* as the manager calls it */
	enum foreign_state state;
};

/* What the cookies of one manager said. Start with {.arena = arena}; slices live in the arena or in the cookies. */
struct foreign_findings {
	struct arena *arena;
	const unsigned *vendors; /* of TCF: those to be told about, as "vendor-N" */
	size_t n_vendors;
	struct foreign_entry *v; /* in the arena; a category may come several times */
	size_t n, cap;
	enum foreign_state all; /* said of everything at once; denied beats granted */
	bool rest_denied;	/* what was not mentioned was not granted */
	enum foreign_act act;
	unsigned cookies;    /* looked at */
	unsigned unreadable; /* of those */
	bool overflow;	     /* more than the limits above: what was lost may have been a no */
};

struct foreign_manager;

/* One line of a manager's default mapping: all of these categories are needed, for one of these kinds. */
struct foreign_mapping {
	const char *categories; /* blanks between; a star at the end stands for anything */
	unsigned kinds;		/* bits of 1 << enum foreign_kind */
};

struct foreign_manager {
	const char *name;	    /* as the rules name it */
	const char *title;	    /* for people */
	const char *const *cookies; /* names, one star in each at most; NULL ends them */
	const struct foreign_mapping *mappings;
	size_t n_mappings;
	/*
	 * Reads one cookie; which: the index in cookies[] of the name that fits, `name` that of the cookie itself.
	 * False if the value is none of this manager's.
	 */
	bool (*decode)(struct foreign_findings *f, size_t which, struct slice name, struct slice value);
	const char *others; /* categories without a default, blanks between; may be NULL */
	bool open;	    /* categories or services are the site's own: usual words are taken as what they say */
	const char *opaque; /* why its cookies tell nothing, and what to do; NULL: they do */
};

/* All managers, by name. */
const struct foreign_manager *const *foreign_managers(size_t *n);
/* NULL if there is none. Case is ignored. */
const struct foreign_manager *foreign_manager_find(struct slice name);
/* Why a manager that is known by that name cannot be accepted, and what to write instead; NULL if nothing is known. */
const char *foreign_manager_hint(struct slice name);

/* The index in m->cookies of the first name that fits, or -1. */
int foreign_carries(const struct foreign_manager *m, struct slice cookie_name);
/* At most one star in the pattern. fold: case of ASCII is ignored. */
bool foreign_glob(struct slice pattern, struct slice s, bool fold);

/* Reads one cookie into f; never fails but for f->arena. */
void foreign_read(const struct foreign_manager *m, size_t which, struct slice name, struct slice value,
		  struct foreign_findings *f);

/* The strictest that was said of a category, with a star at its end of all those: denied beats granted. */
enum foreign_state foreign_said(const struct foreign_findings *f, struct slice category);

/* What a usual word or a well-known service is about, of enum foreign_kind; -1 if it is unknown. */
int foreign_word_kind(struct slice category);

/*
 * Google Consent Mode: the parameters gcs and gcd of requests to Google tell what the page's tags believe to be
 * granted (ad_storage and analytics_storage become "advertising" and "analytics"). False if the value is none.
 */
bool foreign_consent_mode(struct slice param, struct slice value, struct foreign_findings *f);

#endif
