#include "rules/pages/catalogue.h"

#include "rules/base/attributes.h"
#include "rules/http/field.h"

static const struct catalogue catalogues[] = {
#define CG_TEXT(text)			 SLICE_INIT(text)
#define CG_LANGUAGE(tag, direction, ...) {SLICE_INIT(tag), SLICE_INIT(direction), {__VA_ARGS__}},
#include "rules/pages/catalogue_table.h"
#undef CG_LANGUAGE
#undef CG_TEXT
};

const struct catalogue *catalogue_find(struct slice tag)
{
	struct slice primary, rest;

	tag = slice_trim(tag);
	slice_cut(tag, '-', &primary, &rest);
	for (size_t i = 0; i < CG_COUNT(catalogues); i++)
		if (slice_ieq(primary, catalogues[i].language))
			return &catalogues[i];
	return NULL;
}

/* A qvalue in thousandths (RFC 9110 12.4.2); what is none counts as 0. */
static unsigned quality(struct slice s)
{
	unsigned q, scale = 100;

	if (!s.n || (s.p[0] != '0' && s.p[0] != '1'))
		return 0;
	q = s.p[0] == '1' ? 1000 : 0;
	for (size_t i = 2; i < s.n && i < 5 && s.p[1] == '.' && ascii_is_digit(s.p[i]); i++, scale /= 10)
		q += (unsigned)(s.p[i] - '0') * scale;
	return q > 1000 ? 1000 : q;
}

static unsigned weight(struct slice parameters)
{
	struct slice one, name, value;

	while (parameters.n) {
		slice_cut(parameters, ';', &one, &parameters);
		if (slice_cut(one, '=', &name, &value) && slice_ieq(slice_trim(name), SLICE("q")))
			return quality(slice_trim(value));
	}
	return 1000;
}

const struct catalogue *catalogue_accept(struct slice accept)
{
	const struct catalogue *best = &catalogues[0];
	struct slice element, range, parameters;
	unsigned most = 0;

	while (list_next(&accept, &element)) {
		const struct catalogue *c;
		unsigned q;

		slice_cut(element, ';', &range, &parameters);
		c = catalogue_find(range);
		q = c ? weight(parameters) : 0;
		if (q > most) {
			most = q;
			best = c;
		}
	}
	return best;
}
