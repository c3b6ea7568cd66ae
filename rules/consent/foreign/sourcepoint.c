/* Sourcepoint: consentUUID points to a record of theirs. */
#include "rules/consent/foreign/internal.h"

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	(void)f;
	(void)which;
	(void)name;
	(void)value;
	return true;
}

static const char *const cookies[] = {"consentUUID", NULL};

const struct foreign_manager foreign_sourcepoint = {
	.name = "sourcepoint",
	.title = "Sourcepoint",
	.cookies = cookies,
	.decode = decode,
	.opaque = "its cookie is a pointer; the decision is in the TC string: accept tcf",
};
