/* One line on its own, for whoever takes patterns from elsewhere than a list. */
#include <stdio.h>

#include "rules/filter/internal.h"

#include "rules/http/host.h"

/* The host that a pattern behind "||" begins with, if it ends before a separator of its own. */
static struct slice host_of(const struct filter_line *l)
{
	struct slice s = l->pattern, host;
	uint16_t port;
	size_t n = 0;

	while (n < s.n && !memchr("/^:?*|", s.p[n], 6))
		n++;
	s = slice_head(s, n);
	if (!(l->flags & RULE_HOST) || n == l->pattern.n || !memchr("/^:", l->pattern.p[n], 3) ||
	    !authority_split(s, &host, &port))
		return slice_of(NULL, 0);
	return host;
}

/* "HOST^" or "HOST/" and nothing that narrows it down but the party, which trackers are not. */
static bool is_whole_host(const struct filter_line *l, struct slice host)
{
	bool plain = l->types == FILTER_ANY && l->domains.n == 0 && !(l->flags & (RULE_FIRST_PARTY | RULE_END));

	return host.n && plain && l->pattern.n == host.n + 1 && l->pattern.p[host.n] != ':';
}

static void explain(const struct filter_line *l, struct filter_check *out)
{
	size_t mark = slice_find(slice_str(l->problem), SLICE("%.*s"));
	struct slice what = slice_head(l->what, 60);

	if (l->what.n)
		(void)snprintf(out->message, sizeof out->message, "%.*s%.*s%s", (int)mark, l->problem, SLICE_ARG(what),
			       l->problem + mark + 4);
	else
		(void)snprintf(out->message, sizeof out->message, "%s", l->problem);
}

static enum filter_line_kind kind_of(const struct filter_line *l)
{
	switch (l->kind) {
	case LINE_COMMENT:
		return FILTER_LINE_COMMENT;
	case LINE_ELEMENT:
		return FILTER_LINE_ELEMENTS;
	case LINE_UNSUPPORTED:
		return FILTER_LINE_UNSUPPORTED;
	case LINE_RULE:
	case LINE_HOSTS:
		break;
	}
	if (l->flags & RULE_BAD)
		return FILTER_LINE_BADFILTER;
	return l->flags & RULE_EXCEPTION ? FILTER_LINE_EXCEPTION : FILTER_LINE_BLOCK;
}

void filter_check(struct slice line, struct filter_check *out)
{
	struct filter_line l;

	filter_line_parse(line, &l);
	*out = (struct filter_check){.kind = kind_of(&l)};
	if (l.kind == LINE_UNSUPPORTED)
		explain(&l, out);
	if (l.kind != LINE_RULE)
		return;
	out->important = (l.flags & RULE_IMPORTANT) != 0;
	out->regex = (l.flags & RULE_REGEX) != 0;
	out->host = host_of(&l);
	out->whole_host = is_whole_host(&l, out->host);
}
