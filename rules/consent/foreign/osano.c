/*
 * Osano's open-source cookie banner: cookieconsent_status = "allow", "deny" or "dismiss", which is no choice. Osano's
 * product keeps ciphertext in osano_consentmanager.
 */
#include "rules/consent/foreign/internal.h"

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	bool allow = slice_eq(value, SLICE("allow")), deny = slice_eq(value, SLICE("deny"));

	(void)name;
	if (which)
		return true;
	if (allow || deny) {
		foreign_say_all(f, foreign_of(allow));
		foreign_act(f, FOREIGN_ACTED);
	}
	return allow || deny || slice_eq(value, SLICE("dismiss"));
}

static const char *const cookies[] = {"cookieconsent_status", "osano_consentmanager", "osano_consentmanager_uuid",
				      NULL};

const struct foreign_manager foreign_osano = {
	.name = "osano",
	.title = "Osano",
	.cookies = cookies,
	.decode = decode,
};
