/* The names of crumbgate's own consent cookie; apart from consent.h, for the rule language, which must not inject it.
 */
#ifndef CG_RULES_CONSENT_NAMES_H
#define CG_RULES_CONSENT_NAMES_H

#define CONSENT_COOKIE	     "__Host-crumb-consent" /* over TLS */
#define CONSENT_COOKIE_PLAIN "crumb-consent" /* where the visitor came without TLS: the prefix would need Secure */

#endif
