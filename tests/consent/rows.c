/*
 * Decodes consent that managers stored. Each line of the input is MANAGER TAB COOKIE TAB VALUE; each of the output
 * "PREFERENCES ANALYTICS ADVERTISING ACTED" as granted, denied or unknown, and yes or no, under the default mapping.
 * The manager "query" is Google's Consent Mode, its cookie a parameter.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/consent/imports.h"

static enum load_result load_text(void *arg, struct slice path, struct slice *content)
{
	(void)path;
	*content = slice_str(arg);
	return LOAD_OK;
}

static struct ruleset *rules_for(struct slice manager)
{
	char text[400];
	struct loader loader = {.arg = text, .load = load_text};
	struct diagnostics d;
	struct ruleset *rs;
	struct buffer out;

	(void)snprintf(text, sizeof text,
		       "purpose preferences\npurpose analytics\npurpose advertising\naccept consent from %.*s\n",
		       SLICE_ARG(manager));
	diagnostics_init(&d);
	buffer_init(&out, 65536);
	rs = ruleset_load(&loader, SLICE("rows.rules"), &d);
	if (!rs && diagnostics_render(&d, false, &out))
		fwrite(out.p, 1, out.n, stderr);
	buffer_free(&out);
	diagnostics_free(&d);
	return rs;
}

static const char *state_text(purposes granted, purposes denied, unsigned bit)
{
	return denied >> bit & 1 ? "denied" : granted >> bit & 1 ? "granted" : "unknown";
}

static void print(purposes granted, purposes denied, bool acted)
{
	printf("%s %s %s %s\n", state_text(granted, denied, 1), state_text(granted, denied, 2),
	       state_text(granted, denied, 3), acted ? "yes" : "no");
}

static bool decode_query(struct slice param, struct slice value, struct arena *arena)
{
	struct foreign_findings f = {.arena = arena};
	purposes granted = 0, denied = 0;

	if (!foreign_consent_mode(param, value, &f))
		return false;
	for (size_t i = 0; i < f.n; i++) {
		purposes bit = slice_eq(f.v[i].category, SLICE("analytics")) ? 4 : 8;

		*(f.v[i].state == FOREIGN_GRANTED ? &granted : &denied) |= bit;
	}
	print(granted, denied, f.act == FOREIGN_ACTED);
	return true;
}

static bool decode_cookie(struct slice manager, struct slice cookie, struct arena *arena)
{
	struct ruleset *rs = rules_for(manager);
	struct fields fields = {.arena = arena};
	struct imports imports;

	if (!rs || !fields_add_id(&fields, FIELD_COOKIE, cookie))
		return false;
	imports_read(rs, NULL, &fields, arena, &imports);
	if (!imports.v[0].present)
		puts("the cookie is none of its manager's");
	else
		print(imports.v[0].granted, imports.v[0].denied, imports.v[0].acted);
	ruleset_free(rs);
	return true;
}

static bool decode(struct slice line)
{
	struct slice manager, name, value;
	struct arena arena;
	bool ok;

	arena_init(&arena, 0, 1024 * 1024);
	(void)slice_cut(line, '\t', &manager, &name);
	(void)slice_cut(name, '\t', &name, &value);
	ok = slice_eq(manager, SLICE("query"))
		     ? decode_query(name, value, &arena)
		     : decode_cookie(manager, arena_printf(&arena, "%.*s=%.*s", SLICE_ARG(name), SLICE_ARG(value)),
				     &arena);
	arena_free(&arena);
	return ok;
}

int main(void)
{
	char line[16384];

	while (fgets(line, sizeof line, stdin)) {
		if (!decode(slice_of(line, strcspn(line, "\r\n"))))
			return 1;
	}
	return 0;
}
