/* Pandectes (Shopify): _pandectes_gdpr = base64 of JSON {"status":"allow"|"deny"|"custom","preferences":BITS}; what the
 * bits mean is not documented, so that only a refusal counts. */
#include "rules/consent/foreign/internal.h"

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	json_t *root = foreign_json_base64(f, value);
	struct slice status = foreign_json_text(json_object_get(root, "status"));
	bool ok = status.n > 0;

	(void)which;
	(void)name;
	if (slice_eq(status, SLICE("deny")))
		foreign_say_all(f, FOREIGN_DENIED);
	if (ok)
		foreign_act(f, FOREIGN_ACTED);
	json_decref(root);
	return ok;
}

static const char *const cookies[] = {"_pandectes_gdpr", NULL};

const struct foreign_manager foreign_pandectes = {
	.name = "pandectes",
	.title = "Pandectes",
	.cookies = cookies,
	.decode = decode,
};
