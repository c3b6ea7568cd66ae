/*
 * guard_element RULES GRANTED [NONCE]: the guard's element for a rules file as the proxy would write it, on standard
 * output. GRANTED: names of purposes, separated by commas; may be empty. For the browser tests of the guard.
 */
#include <stdio.h>
#include <stdlib.h>

#include "rules/decide/guard.h"

static char text[1 << 20];

static enum load_result load(void *arg, struct slice path, struct slice *content)
{
	char name[512];
	FILE *f;

	(void)arg;
	snprintf(name, sizeof(name), "%.*s", SLICE_ARG(path));
	f = fopen(name, "rb");
	if (!f)
		return LOAD_MISSING;
	*content = slice_of(text, fread(text, 1, sizeof(text), f));
	fclose(f);
	return LOAD_OK;
}

static purposes granted_purposes(const struct ruleset *rs, struct slice names)
{
	purposes granted = PURPOSE_NECESSARY;

	while (names.n) {
		struct slice name;
		int bit;

		slice_cut(names, ',', &name, &names);
		bit = ruleset_purpose_find(rs, name);
		if (bit >= 0)
			granted |= (purposes)1 << bit;
	}
	return granted;
}

static int write_element(const struct ruleset *rs, const char *granted, const char *nonce)
{
	struct guard *g = guard_new(rs, NULL);
	struct buffer out;
	int ok;

	if (!g)
		return 2;
	buffer_init(&out, 1 << 20);
	ok = guard_element(g, rs, granted_purposes(rs, slice_str(granted)), slice_str(nonce), &out);
	fwrite(out.p, 1, out.n, stdout);
	fprintf(stderr, "%zu left out\n", guard_left_out(g));
	buffer_free(&out);
	guard_free(g);
	return ok ? 0 : 2;
}

int main(int argc, char **argv)
{
	struct loader loader = {NULL, load};
	struct diagnostics d;
	struct ruleset *rs;
	struct buffer out;
	int status = 2;

	if (argc < 3)
		return 2;
	diagnostics_init(&d);
	rs = ruleset_load(&loader, slice_str(argv[1]), &d);
	buffer_init(&out, 1 << 20);
	if (diagnostics_render(&d, false, &out))
		fwrite(out.p, 1, out.n, stderr);
	buffer_free(&out);
	if (rs)
		status = write_element(rs, argv[2], argc > 3 ? argv[3] : NULL);
	ruleset_free(rs);
	diagnostics_free(&d);
	return status;
}
