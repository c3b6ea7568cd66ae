#include <inttypes.h>

#include "certs/certs.h"

#define DAY	  86400
#define WARN_DAYS 14

static void warn(const struct position *at, struct diagnostics *d, const char *hint, const char *what,
		 struct slice file, const X509 *x, int64_t when)
{
	char time[CERTS_TIME_SIZE];
	struct buffer names;

	buffer_init(&names, 2 * CERTS_NAMES_TEXT_MAX);
	certs_names(x, &names);
	diagnostics_add(d, SEVERITY_WARNING, at, hint, "the certificate for %.*s in %.*s %s %s",
			SLICE_ARG(buffer_slice(&names)), SLICE_ARG(file), what, certs_time_text(when, time));
	buffer_free(&names);
}

/* Short-lived certificates are renewed within days: warn in the last tenth of the lifetime, at most WARN_DAYS ahead. */
static int64_t warn_ahead(int64_t from, int64_t to)
{
	int64_t tenth = (to - from) / 10;

	return tenth < (int64_t)WARN_DAYS * DAY ? tenth : (int64_t)WARN_DAYS * DAY;
}

void certs_check_validity(const X509 *x, struct slice file, int64_t now, const struct position *at,
			  struct diagnostics *d)
{
	int64_t from = certs_not_before(x), to = certs_not_after(x);

	if (now > to)
		warn(at, d, "visitors' browsers refuse it: renew it and reload", "expired on", file, x, to);
	else if (now < from)
		warn(at, d, "browsers refuse it until then; is this machine's clock right?", "is not valid before",
		     file, x, from);
	else if (to - now < warn_ahead(from, to))
		warn(at, d, "renew it and reload", "expires soon, on", file, x, to);
}

void certs_check(const struct certs *c, struct slice file, int64_t now, const struct position *at,
		 struct diagnostics *d)
{
	certs_check_validity(c->leaf, file, now, at, d);
	for (int i = 0; i < sk_X509_num(c->chain); i++)
		certs_check_validity(sk_X509_value(c->chain, i), file, now, at, d);
}

void certs_warn_name(const X509 *leaf, struct slice file, struct slice name, const struct position *at,
		     struct diagnostics *d)
{
	struct buffer have;

	buffer_init(&have, 2 * CERTS_NAMES_TEXT_MAX);
	certs_names(leaf, &have);
	diagnostics_add(d, SEVERITY_WARNING, at,
			"browsers will refuse that name: use a certificate that has it, or remove the name",
			"the certificate in %.*s does not cover %.*s (it is for %.*s)", SLICE_ARG(file),
			SLICE_ARG(name), SLICE_ARG(buffer_slice(&have)));
	buffer_free(&have);
}
