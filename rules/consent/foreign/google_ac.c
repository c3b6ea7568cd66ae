/* Google's Additional Consent: addtl_consent = "1~ID.ID...": providers that are not IAB's. Never sufficient alone. */
#include "rules/consent/foreign/internal.h"

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	bool ok = value.n >= 2 && (value.p[0] == '1' || value.p[0] == '2') && value.p[1] == '~';

	(void)which;
	(void)name;
	if (ok)
		foreign_act(f, FOREIGN_ACTED);
	return ok;
}

static const char *const cookies[] = {"addtl_consent", NULL};

const struct foreign_manager foreign_google_ac = {
	.name = "google-ac",
	.title = "Google Additional Consent",
	.cookies = cookies,
	.decode = decode,
	.opaque = "it lists vendors; the decision is in the TC string: accept tcf",
};
