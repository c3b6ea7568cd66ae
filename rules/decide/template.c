#include "rules/decide/internal.h"

#include <inttypes.h>
#include <stdio.h>

/* RFC 9562 5.4: version 4 */
static void add_uuid(const struct deciding *x, struct text *out)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char o[16];

	x->env->random(x->env->random_arg, o, sizeof o);
	o[6] = (unsigned char)((o[6] & 0x0F) | 0x40);
	o[8] = (unsigned char)((o[8] & 0x3F) | 0x80);
	for (size_t i = 0; i < sizeof o; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text_add(out, SLICE("-"));
		text_add(out, slice_of(&hex[o[i] >> 4], 1));
		text_add(out, slice_of(&hex[o[i] & 15], 1));
	}
}

/* The optional purposes granted, "analytics+preferences", or "none", which no purpose is called. */
static void add_consent(const struct deciding *x, struct text *out)
{
	const struct ruleset *rs = x->env->rules;
	bool first = true;

	for (size_t bit = 1; bit < ruleset_purpose_count(rs); bit++) {
		if (!(x->d->consent.granted >> bit & 1))
			continue;
		if (!first)
			text_add(out, SLICE("+"));
		text_add(out, ruleset_purpose(rs, bit)->name);
		first = false;
	}
	if (first)
		text_add(out, SLICE("none"));
}

/* Names of purposes, hosts and nonces consist of characters that mean nothing in HTML and in cookies. */
static void add_variable(const struct deciding *x, struct slice name, struct slice nonce, struct text *out)
{
	char time[24];
	int n;

	if (slice_eq(name, SLICE("uuid"))) {
		add_uuid(x, out);
	} else if (slice_eq(name, SLICE("host"))) {
		text_add(out, x->d->host);
	} else if (slice_eq(name, SLICE("consent"))) {
		add_consent(x, out);
	} else if (slice_eq(name, SLICE("nonce"))) {
		text_add(out, nonce);
	} else if (slice_eq(name, SLICE("time"))) {
		n = snprintf(time, sizeof time, "%" PRId64, x->d->now);
		text_add(out, slice_of(time, (size_t)n));
	}
}

static size_t plain_length(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '{' && s.p[n] != '}')
		n++;
	return n;
}

void template_expand(const struct deciding *x, struct slice template, struct text *out)
{
	struct slice rest = template, name;

	while (rest.n) {
		size_t n = plain_length(rest);

		text_add(out, slice_head(rest, n));
		rest = slice_from(rest, n);
		if (rest.n > 1 && rest.p[1] == rest.p[0]) {
			text_add(out, slice_head(rest, 1));
			rest = slice_from(rest, 2);
		} else if (rest.n) {
			slice_cut(slice_from(rest, 1), '}', &name, &rest);
			add_variable(x, name, slice_of(NULL, 0), out);
		}
	}
}

/* The length of {name} at the front of s, which begins with a brace, for one of the variables of HTML; else 0. */
static size_t html_variable(struct slice s, struct slice *name)
{
	static const struct slice names[] = {SLICE_INIT("nonce"), SLICE_INIT("uuid"), SLICE_INIT("host"),
					     SLICE_INIT("consent")};

	for (size_t i = 0; i < CG_COUNT(names); i++) {
		*name = names[i];
		if (s.n >= name->n + 2 && slice_starts_with(slice_from(s, 1), *name) && s.p[name->n + 1] == '}')
			return name->n + 2;
	}
	return 0;
}

/* The length of {{name}} likewise. */
static size_t html_escape(struct slice s)
{
	struct slice name;
	size_t n = s.n > 1 && s.p[1] == '{' ? html_variable(slice_from(s, 1), &name) : 0;

	return n && s.n > n + 1 && s.p[n + 1] == '}' ? n + 2 : 0;
}

void html_expand(const struct deciding *x, struct slice template, struct slice nonce, struct text *out)
{
	struct slice rest = template, name;

	while (rest.n) {
		size_t n = slice_find_char(rest, '{'), escape, variable;

		text_add(out, slice_head(rest, n));
		rest = slice_from(rest, n);
		if (!rest.n)
			return;
		escape = html_escape(rest);
		variable = html_variable(rest, &name);
		if (variable)
			add_variable(x, name, nonce, out);
		else
			text_add(out, escape ? slice_of(rest.p + 1, escape - 2) : slice_head(rest, 1));
		rest = slice_from(rest, escape ? escape : variable ? variable : 1);
	}
}
