/*
 * The US Privacy string: usprivacy = "1" NOTICE OPTOUT LSPA, each Y, N or '-'. OPTOUT N means that the visitor did not
 * opt out, which is no act. Some managers wrap it in JSON {"uspString":...}.
 */
#include "rules/consent/foreign/internal.h"

static bool is_answer(char c)
{
	return c == 'y' || c == 'n' || c == '-';
}

bool foreign_usprivacy_say(struct foreign_findings *f, struct slice text)
{
	char opt_out;

	if (text.n != 4 || text.p[0] != '1' || !is_answer(ascii_lower(text.p[1])) ||
	    !is_answer(ascii_lower(text.p[2])) || !is_answer(ascii_lower(text.p[3])))
		return false;
	opt_out = ascii_lower(text.p[2]);
	if (opt_out != '-')
		foreign_say(f, SLICE("sale"), foreign_of(opt_out == 'n'));
	if (opt_out == 'y')
		foreign_act(f, FOREIGN_ACTED);
	return true;
}

static bool decode(struct foreign_findings *f, size_t which, struct slice name, struct slice value)
{
	struct slice text;
	json_t *root;
	bool ok;

	(void)which;
	(void)name;
	if (!foreign_unescape_all(f, value, &text))
		return false;
	if (foreign_usprivacy_say(f, text))
		return true;
	root = foreign_json(f, value);
	ok = foreign_usprivacy_say(f, foreign_json_text(json_object_get(root, "uspString")));
	json_decref(root);
	return ok;
}

static const char *const cookies[] = {"usprivacy", "us_privacy", NULL};
static const struct foreign_mapping mappings[] = {{"sale", ADVERTISING}};

const struct foreign_manager foreign_usprivacy = {
	.name = "usprivacy",
	.title = "IAB US Privacy",
	.cookies = cookies,
	FOREIGN_MAPPINGS(mappings),
	.decode = decode,
};
