#include "proxy/h1/internal.h"

enum h1_error h1_take_crlf(struct slice *rest)
{
	if (rest->n >= 2 && rest->p[0] == '\r' && rest->p[1] == '\n') {
		*rest = slice_of(rest->p + 2, rest->n - 2);
		return H1_OK;
	}
	if (rest->n == 0)
		return H1_E_INCOMPLETE;
	if (rest->p[0] == '\r')
		return H1_E_BARE_CR;
	return rest->p[0] == '\n' ? H1_E_BARE_LF : H1_E_CONTROL;
}

/* What is wrong where a field name should have ended with ':'. */
static enum h1_error name_error(struct slice at, size_t name_length)
{
	if (at.n == 0)
		return H1_E_INCOMPLETE;
	if (at.p[0] == ' ' || at.p[0] == '\t')
		return name_length ? H1_E_BLANK_BEFORE_COLON : H1_E_OBS_FOLD;
	if (at.p[0] == '\r' && at.n > 1 && at.p[1] == '\n')
		return H1_E_NO_COLON;
	return h1_is(H1_VALUE, at.p[0]) ? H1_E_FIELD_NAME : h1_take_crlf(&at);
}

enum h1_error h1_take_field(struct slice *rest, const struct h1_limits *limits, struct slice *name, struct slice *value)
{
	size_t length = h1_token_span(*rest);
	struct slice at = slice_from(*rest, length);

	if (length == 0 || at.n == 0 || at.p[0] != ':')
		return name_error(at, length);
	*name = slice_head(*rest, length);
	at = slice_of(at.p + 1, at.n - 1);
	*value = slice_head(at, h1_value_span(at));
	if (length + 1 + value->n > limits->field)
		return H1_E_FIELD_TOO_LONG;
	*rest = slice_of(at.p + value->n, at.n - value->n);
	*value = slice_trim(*value);
	return h1_take_crlf(rest);
}

enum h1_error h1_take_fields(struct slice *rest, const struct h1_limits *limits, struct fields *out)
{
	while (rest->n && rest->p[0] != '\r') {
		struct slice name, value;
		enum h1_error error = h1_take_field(rest, limits, &name, &value);

		if (error)
			return error;
		if (out->n == limits->fields)
			return H1_E_TOO_MANY_FIELDS;
		if (!fields_add(out, name, value))
			return H1_E_NO_MEMORY;
	}
	if (rest->n == 0)
		return H1_E_INCOMPLETE;
	return rest->n > 2 && rest->p[1] == '\n' ? H1_E_INCOMPLETE : h1_take_crlf(rest);
}

bool h1_field_is_end_to_end(enum field_id id, struct slice name)
{
	if (id != FIELD_OTHER)
		return !(field_flags(id) & FIELD_FLAG_HOP);
	return slice_istarts_with(name, SLICE("Sec-")) || slice_istarts_with(name, SLICE("X-Forwarded-")) ||
	       slice_istarts_with(name, SLICE("Crumbgate-")) || slice_ieq(name, SLICE("Origin"));
}

static bool is_plain(struct slice name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!h1_is(H1_PLAIN, name.p[i]))
			return false;
	return true;
}

bool h1_field_is_lookalike(struct slice name)
{
	char plain[64]; /* longer than any name in question; of the rest only the start counts */
	size_t n = name.n < sizeof plain ? name.n : sizeof plain;

	if (is_plain(name))
		return false;
	for (size_t i = 0; i < n; i++)
		plain[i] = h1_is(H1_PLAIN, name.p[i]) ? name.p[i] : '-';
	return field_id_of(slice_of(plain, n)) != FIELD_OTHER ||
	       h1_field_is_end_to_end(FIELD_OTHER, slice_of(plain, n));
}
