#include "rules/filter/internal.h"

/* What an option says, besides its type bits. */
enum option_kind { OPTION_TYPE, OPTION_PARTY, OPTION_DOMAIN, OPTION_FLAG, OPTION_ELEMENTS, OPTION_NOTHING };

static const struct option {
	struct slice name;
	enum option_kind kind;
	unsigned value;
} table[] = {
	{SLICE_INIT("script"), OPTION_TYPE, FILTER_SCRIPT},
	{SLICE_INIT("image"), OPTION_TYPE, FILTER_IMAGE},
	{SLICE_INIT("stylesheet"), OPTION_TYPE, FILTER_STYLESHEET},
	{SLICE_INIT("css"), OPTION_TYPE, FILTER_STYLESHEET},
	{SLICE_INIT("object"), OPTION_TYPE, FILTER_OBJECT},
	{SLICE_INIT("subdocument"), OPTION_TYPE, FILTER_SUBDOCUMENT},
	{SLICE_INIT("frame"), OPTION_TYPE, FILTER_SUBDOCUMENT},
	{SLICE_INIT("xmlhttprequest"), OPTION_TYPE, FILTER_XMLHTTPREQUEST},
	{SLICE_INIT("xhr"), OPTION_TYPE, FILTER_XMLHTTPREQUEST},
	{SLICE_INIT("media"), OPTION_TYPE, FILTER_MEDIA},
	{SLICE_INIT("font"), OPTION_TYPE, FILTER_FONT},
	{SLICE_INIT("ping"), OPTION_TYPE, FILTER_PING},
	{SLICE_INIT("beacon"), OPTION_TYPE, FILTER_PING},
	{SLICE_INIT("websocket"), OPTION_TYPE, FILTER_WEBSOCKET},
	{SLICE_INIT("other"), OPTION_TYPE, FILTER_OTHER},
	{SLICE_INIT("popup"), OPTION_TYPE, FILTER_POPUP},
	{SLICE_INIT("document"), OPTION_TYPE, FILTER_DOCUMENT},
	{SLICE_INIT("doc"), OPTION_TYPE, FILTER_DOCUMENT},
	{SLICE_INIT("all"), OPTION_TYPE, FILTER_ALL},
	{SLICE_INIT("third-party"), OPTION_PARTY, RULE_THIRD_PARTY},
	{SLICE_INIT("3p"), OPTION_PARTY, RULE_THIRD_PARTY},
	{SLICE_INIT("first-party"), OPTION_PARTY, RULE_FIRST_PARTY},
	{SLICE_INIT("1p"), OPTION_PARTY, RULE_FIRST_PARTY},
	{SLICE_INIT("domain"), OPTION_DOMAIN, 0},
	{SLICE_INIT("from"), OPTION_DOMAIN, 0},
	{SLICE_INIT("important"), OPTION_FLAG, RULE_IMPORTANT},
	{SLICE_INIT("match-case"), OPTION_FLAG, RULE_MATCH_CASE},
	{SLICE_INIT("badfilter"), OPTION_FLAG, RULE_BAD},
	{SLICE_INIT("elemhide"), OPTION_ELEMENTS, 0},
	{SLICE_INIT("ehide"), OPTION_ELEMENTS, 0},
	{SLICE_INIT("generichide"), OPTION_ELEMENTS, 0},
	{SLICE_INIT("ghide"), OPTION_ELEMENTS, 0},
	{SLICE_INIT("specifichide"), OPTION_ELEMENTS, 0},
	{SLICE_INIT("shide"), OPTION_ELEMENTS, 0},
};

/* The options of one line so far. */
struct gathered {
	unsigned types;	    /* named */
	unsigned not_types; /* named with '~' */
	bool elements;
};

static bool problem(struct filter_line *out, const char *text, struct slice what)
{
	out->kind = LINE_UNSUPPORTED;
	out->problem = text;
	out->what = what;
	return false;
}

static const struct option *find(struct slice name)
{
	static const struct option nothing = {SLICE_INIT("_"), OPTION_NOTHING, 0};
	size_t n = 0;

	for (size_t i = 0; i < CG_COUNT(table); i++)
		if (slice_ieq(name, table[i].name))
			return &table[i];
	while (n < name.n && name.p[n] == '_')
		n++; /* "_" and longer ones are there to please the eye */
	return n && n == name.n ? &nothing : NULL;
}

/* Each of "a.b|~c.d": not empty, no wildcard, no regular expression, few enough labels. */
static bool domains_are_plain(struct slice s)
{
	do {
		struct slice domain;
		size_t labels = 1;

		slice_cut(s, '|', &domain, &s);
		if (domain.n && domain.p[0] == '~')
			domain = slice_from(domain, 1);
		for (size_t i = 0; i < domain.n; i++) {
			char c = domain.p[i];

			if (!ascii_is_alpha(c) && !ascii_is_digit(c) && !memchr("-_.[]:", c, 6))
				return false;
			labels += c == '.';
		}
		if (domain.n == 0 || labels > FILTER_LABELS_MAX)
			return false;
	} while (s.p);
	return true;
}

static bool take_domains(struct slice value, struct filter_line *out)
{
	if (out->domains.n)
		return problem(out, "domains are named twice", slice_of(NULL, 0));
	if (value.n == 0 || !domains_are_plain(value))
		return problem(out, "\"%.*s\" is no list of domains like \"a.com|~b.a.com\"", value);
	out->domains = value;
	return true;
}

static bool take_party(unsigned party, bool negated, struct filter_line *out)
{
	if (negated)
		party = party == RULE_THIRD_PARTY ? RULE_FIRST_PARTY : RULE_THIRD_PARTY;
	out->flags |= party;
	if ((out->flags & RULE_THIRD_PARTY) && (out->flags & RULE_FIRST_PARTY))
		return problem(out, "no request is of the first and of a third party", slice_of(NULL, 0));
	return true;
}

static bool take(struct slice text, struct gathered *g, struct filter_line *out)
{
	struct slice name, value;
	bool has_value = slice_cut(text, '=', &name, &value);
	bool negated = name.n && name.p[0] == '~';
	const struct option *o = find(slice_from(name, negated));

	if (!o || (o->kind == OPTION_DOMAIN) != has_value || (negated && o->kind > OPTION_PARTY))
		return problem(out, "option \"%.*s\" is not supported", text);
	switch (o->kind) {
	case OPTION_TYPE:
		*(negated ? &g->not_types : &g->types) |= o->value;
		break;
	case OPTION_PARTY:
		return take_party(o->value, negated, out);
	case OPTION_DOMAIN:
		return take_domains(value, out);
	case OPTION_FLAG:
		out->flags |= o->value;
		break;
	case OPTION_ELEMENTS:
		g->elements = true;
		break;
	case OPTION_NOTHING:
		break;
	}
	return true;
}

bool filter_options_parse(struct slice options, struct filter_line *out)
{
	struct gathered g = {0};

	do {
		struct slice one;

		slice_cut(options, ',', &one, &options);
		if (!take(one, &g, out))
			return false;
	} while (options.p);
	out->types = (g.types ? g.types : FILTER_ANY) & ~g.not_types;
	if (g.elements && g.types == 0)
		out->kind = LINE_ELEMENT;
	else if (out->types == 0)
		return problem(out, "no type of request is left", slice_of(NULL, 0));
	return true;
}
