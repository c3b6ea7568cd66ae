/*
 * Drupal's EU Cookie Compliance: cookie-agreed = "0" declined, "1" or "2" agreed; cookie-agreed-categories = JSON list
 * of what was granted.
 */
#include "rules/consent/foreign/internal.h"

static bool decode_list(struct foreign_findings *f, struct slice value)
{
	json_t *list = foreign_json(f, value);
	bool ok = foreign_json_say_list(f, list, FOREIGN_GRANTED);

	json_decref(list);
	f->rest_denied = f->rest_denied || ok;
	return ok;
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	(void)name;
	if (which == 2)
		return true;
	if (which == 1 && !decode_list(f, value))
		return false;
	if (which == 0 && slice_eq(value, SLICE("0")))
		foreign_say_all(f, FOREIGN_DENIED);
	else if (which == 0 && !slice_eq(value, SLICE("1")) && !slice_eq(value, SLICE("2")))
		return false;
	foreign_act(f, FOREIGN_ACTED);
	return true;
}

static const char *const cookies[] = {"cookie-agreed", "cookie-agreed-categories", "cookie-agreed-version", NULL};

const struct foreign_manager foreign_drupal = {
	.name = "drupal",
	.title = "Drupal EU Cookie Compliance",
	.cookies = cookies,
	.decode = decode,
	.open = true,
};
