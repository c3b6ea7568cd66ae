#include "rules/consent/foreign/internal.h"

#define DEPTH_MAX   8
#define MEMBERS_MAX 512

/* Depth and number of members, from the text alone: the library would go on to 2048 levels. */
static bool is_bounded(struct slice s)
{
	size_t depth = 0, members = 0;
	bool quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if ((c == '{' || c == '[') && ++depth > DEPTH_MAX)
			return false;
		else if ((c == '}' || c == ']') && depth)
			depth--;
		else if (c == ',' && ++members > MEMBERS_MAX)
			return false;
	}
	return true;
}

/*
 * A fixed seed: else the library would read one from /dev/urandom, or from the clock. With 512 members of the visitor's
 * own there is nothing to be gained from collisions. Of a second call the library takes no notice.
 */
#define SEED 0x6372756d

static json_t *parse(struct foreign_findings *f, struct slice s)
{
	json_error_t error;
	json_t *root;

	if (s.n < 2 || (s.p[0] != '{' && s.p[0] != '[') || !is_bounded(s))
		return NULL;
	json_object_seed(SEED);
	root = json_loadb(s.p, s.n, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
	if (!root && json_error_code(&error) == json_error_out_of_memory)
		f->overflow = true;
	return root;
}

json_t *foreign_json(struct foreign_findings *f, struct slice value)
{
	struct slice text = slice_trim(value);

	for (unsigned pass = 0; pass < 4; pass++) {
		json_t *root = parse(f, text);
		size_t before = text.n;

		if (root)
			return root;
		if (!foreign_unescape(f, text, &text) || text.n == before)
			return NULL;
	}
	return NULL;
}

json_t *foreign_json_base64(struct foreign_findings *f, struct slice value)
{
	struct slice text;

	if (!foreign_unescape_all(f, value, &text) || !foreign_base64(f, text, &text))
		return NULL;
	return parse(f, text);
}

json_t *foreign_json_gzip(struct foreign_findings *f, struct slice value)
{
	static const struct slice prefix = SLICE_INIT("gzip:");
	struct slice text;

	if (!foreign_unescape_all(f, value, &text) || !slice_starts_with(text, prefix) ||
	    !foreign_base64(f, slice_from(text, prefix.n), &text) || !foreign_gunzip(f, text, &text))
		return NULL;
	return parse(f, text);
}

enum foreign_state foreign_json_answer(const json_t *v)
{
	if (json_is_boolean(v))
		return foreign_of(json_is_true(v));
	if (json_is_real(v) && json_real_value(v) >= 0 && json_real_value(v) <= 0)
		return FOREIGN_DENIED;
	if (json_is_real(v))
		return json_real_value(v) >= 1 && json_real_value(v) <= 1 ? FOREIGN_GRANTED : FOREIGN_UNKNOWN;
	return foreign_answer(foreign_json_text(v));
}

struct slice foreign_json_text(const json_t *v)
{
	const char *text = json_string_value(v);

	return text ? slice_of(text, json_string_length(v)) : slice_of(NULL, 0);
}

bool foreign_json_say_members(struct foreign_findings *f, json_t *object)
{
	bool said = false;

	for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i)) {
		enum foreign_state state = foreign_json_answer(json_object_iter_value(i));

		if (state == FOREIGN_UNKNOWN)
			continue;
		foreign_say(f, foreign_keep(f, slice_str(json_object_iter_key(i))), state);
		said = true;
	}
	return said;
}

bool foreign_json_say_list(struct foreign_findings *f, json_t *array, enum foreign_state state)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct slice text = foreign_json_text(json_array_get(array, i));

		if (text.n)
			foreign_say(f, foreign_keep(f, text), state);
	}
	return json_is_array(array);
}
