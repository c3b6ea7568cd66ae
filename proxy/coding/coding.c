#include "proxy/coding/coding.h"

static const struct slice names[CODINGS] = {
	[CODING_IDENTITY] = SLICE_INIT("identity"), [CODING_GZIP] = SLICE_INIT("gzip"),
	[CODING_DEFLATE] = SLICE_INIT("deflate"),   [CODING_BR] = SLICE_INIT("br"),
	[CODING_ZSTD] = SLICE_INIT("zstd"),
};

struct slice coding_name(enum coding c)
{
	return names[c];
}

bool coding_of(struct slice name, enum coding *c)
{
	if (slice_ieq(name, SLICE("x-gzip")))
		name = names[CODING_GZIP];
	for (unsigned i = 0; i < CODINGS; i++) {
		if (slice_ieq(name, names[i])) {
			*c = (enum coding)i;
			return true;
		}
	}
	return false;
}

static enum coding_stack_result stack_add(struct coding_stack *stack, struct slice element)
{
	enum coding c;

	if (!coding_of(element, &c))
		return CODING_STACK_UNKNOWN;
	if (c == CODING_IDENTITY)
		return CODING_STACK_OK;
	if (stack->n == CODING_STACK_MAX)
		return CODING_STACK_TOO_MANY;
	stack->v[stack->n++] = c;
	return CODING_STACK_OK;
}

enum coding_stack_result coding_stack_parse(const struct fields *fields, struct coding_stack *stack,
					    struct slice *culprit)
{
	struct slice rest, element;

	*stack = (struct coding_stack){0};
	*culprit = SLICE("");
	for (size_t i = 0; i < fields->n; i++) {
		if (fields->v[i].id != FIELD_CONTENT_ENCODING)
			continue;
		rest = fields->v[i].value;
		while (list_next(&rest, &element)) {
			enum coding_stack_result r = stack_add(stack, element);

			if (r != CODING_STACK_OK) {
				*culprit = element;
				return r;
			}
		}
	}
	return CODING_STACK_OK;
}

/* -- Accept-Encoding ----------------------------------------------------------------------------------------------- */

/* Weights are two for each thousandth of q, which leaves 1 for what is allowed but was not asked for. */
enum { WEIGHT_REFUSED = 0, WEIGHT_ALLOWED = 1, WEIGHT_ONE = 2000, WEIGHT_UNLISTED = 0xffff };

/* qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ) (RFC 9110 12.4.2) */
static bool parse_qvalue(struct slice s, uint16_t *weight)
{
	unsigned value, unit = WEIGHT_ONE;

	if (s.n == 0 || s.n > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.n > 1 && s.p[1] != '.'))
		return false;
	value = s.p[0] == '1' ? WEIGHT_ONE : 0;
	for (size_t i = 2; i < s.n; i++) {
		if (!ascii_is_digit(s.p[i]))
			return false;
		unit /= 10;
		value += unit * (unsigned)(s.p[i] - '0');
	}
	*weight = (uint16_t)value;
	return value <= WEIGHT_ONE;
}

/* "gzip", "gzip;q=0.5", "* ; Q=0" */
static bool parse_element(struct slice element, struct slice *name, uint16_t *weight)
{
	struct slice parameter;

	*weight = WEIGHT_ONE;
	if (!slice_cut(element, ';', name, &parameter))
		return is_token(*name);
	*name = slice_trim(*name);
	parameter = slice_trim(parameter);
	return is_token(*name) && slice_istarts_with(parameter, SLICE("q=")) &&
	       parse_qvalue(slice_from(parameter, 2), weight);
}

static void lower(uint16_t *weight, uint16_t to)
{
	if (to < *weight)
		*weight = to;
}

static void accept_list(struct slice list, struct coding_accept *accept, uint16_t *any)
{
	struct slice element, name;
	uint16_t weight;
	enum coding c;

	while (list_next(&list, &element)) {
		if (!parse_element(element, &name, &weight))
			continue;
		if (slice_eq(name, SLICE("*")))
			lower(any, weight);
		else if (coding_of(name, &c))
			lower(&accept->weight[c], weight);
	}
}

void coding_accept_parse(const struct fields *fields, struct coding_accept *accept)
{
	uint16_t any = WEIGHT_UNLISTED;
	bool sent = false;

	for (size_t c = 0; c < CODINGS; c++)
		accept->weight[c] = WEIGHT_UNLISTED;
	for (size_t i = 0; i < fields->n; i++) {
		if (!slice_ieq(fields->v[i].name, SLICE("Accept-Encoding")))
			continue;
		sent = true;
		accept_list(fields->v[i].value, accept, &any);
	}
	for (size_t c = 0; c < CODINGS; c++) {
		if (accept->weight[c] != WEIGHT_UNLISTED)
			continue;
		if (!sent)
			accept->weight[c] = c == CODING_IDENTITY ? WEIGHT_ONE : WEIGHT_ALLOWED;
		else if (any != WEIGHT_UNLISTED)
			accept->weight[c] = any;
		else
			accept->weight[c] = c == CODING_IDENTITY ? WEIGHT_ALLOWED : WEIGHT_REFUSED;
	}
}

bool coding_accept_choose(const struct coding_accept *accept, const enum coding *offers, size_t n, enum coding *chosen)
{
	uint16_t best = WEIGHT_REFUSED;

	*chosen = CODING_IDENTITY;
	for (size_t i = 0; i < n; i++) {
		if (accept->weight[offers[i]] > best) {
			best = accept->weight[offers[i]];
			*chosen = offers[i];
		}
	}
	if (accept->weight[CODING_IDENTITY] > best) {
		best = accept->weight[CODING_IDENTITY];
		*chosen = CODING_IDENTITY;
	}
	return best > WEIGHT_REFUSED;
}
