/* The texts of what visitors are shown, in the languages that are built in. UTF-8. */
#ifndef CG_RULES_PAGES_CATALOGUE_H
#define CG_RULES_PAGES_CATALOGUE_H

#include "rules/base/slice.h"

enum catalogue_text {
	TEXT_TITLE,  /* of the banner */
	TEXT_INTRO,  /* what is asked */
	TEXT_ACCEPT, /* buttons */
	TEXT_REJECT,
	TEXT_SAVE,
	TEXT_CHOOSE,   /* opens the list of purposes */
	TEXT_SETTINGS, /* the lasting link, and the title of the preferences page */
	TEXT_PURPOSES,
	TEXT_NECESSARY,
	TEXT_ALWAYS_ON, /* of what is necessary */
	TEXT_COOKIES,
	TEXT_OTHER_COOKIES, /* those that no rule names */
	TEXT_DAYS,	    /* "days", behind a number */
	TEXT_NOTICE,	    /* link to the privacy notice */
	TEXT_POLICY,	    /* "Version of the policy" */
	TEXT_CHANGED,	    /* asked anew */
	TEXT_UNDECIDED,
	TEXT_ON_BY_DEFAULT,	/* "Until you decide, these are on:", then purposes */
	TEXT_DECIDED_ELSEWHERE, /* by another consent manager */
	TEXT_DECIDED,		/* "Decided on" */
	TEXT_ASKED_AGAIN,	/* "Asked again after" */
	TEXT_GPC,		/* the signal is honoured */
	TEXT_DNT,
	TEXT_OPTED_OUT,
	TEXT_OPT_OUT, /* button */
	TEXT_OPT_IN,
	TEXT_OPT_OUT_EXPLAINED,
	TEXT_WITHDRAW,
	TEXT_RECEIPT, /* link */
	TEXT_RECEIPT_ID,
	TEXT_SAVED,
	TEXT_REFUSED, /* a form was not accepted */
	TEXT_BACK,
	TEXT_FROM,		/* of a placeholder: "Content from", then the host */
	TEXT_SHOWN_ONCE_AGREED, /* "It is shown once you agree to:" */
	TEXT_SHOW_ONCE,
	TEXT_ALWAYS,
	CATALOGUE_TEXTS
};

struct catalogue {
	struct slice language;	/* "en" */
	struct slice direction; /* "ltr" or "rtl" */
	struct slice texts[CATALOGUE_TEXTS];
};

/* By a tag like "de-CH", ignoring case; NULL if the language is not built in. */
const struct catalogue *catalogue_find(struct slice tag);
/*
 * The best for an Accept-Language field (RFC 9110 12.5.4; of several fields their values joined), else English. Of
 * equal weight the first named wins.
 */
const struct catalogue *catalogue_accept(struct slice accept_language);

#endif
