#include "rules/http/field.h"

#define HOP	FIELD_FLAG_HOP
#define NOTRAIL FIELD_FLAG_NOTRAIL
#define CODEC	FIELD_FLAG_CODEC

static const struct slice names[FIELD_COUNT] = {
	[FIELD_OTHER] = SLICE_INIT(""),
#define CG_FIELD(id, name, flags) [FIELD_##id] = SLICE_INIT(name),
#include "rules/http/field_table.h"
#undef CG_FIELD
};

const unsigned char field_flag_table[FIELD_COUNT] = {
#define CG_FIELD(id, name, flags) [FIELD_##id] = flags,
#include "rules/http/field_table.h"
#undef CG_FIELD
};

void fields_init(struct fields *f, struct arena *arena)
{
	*f = (struct fields){.arena = arena};
	memset(f->absent, 0xff, sizeof f->absent);
}

struct slice field_name(enum field_id id)
{
	return names[id];
}

/*
 * The id of a name whose length is the constant n. Every line of the table becomes one test, and those of another
 * length fold away, so that what remains of each case below is the few names of its length.
 */
static inline __attribute__((always_inline)) enum field_id id_of_length(struct slice name, size_t n)
{
	char first = ascii_lower(name.p[0]);

#define CG_FIELD(id, text, flags)                                                                     \
	if (sizeof(text) - 1 == n && first == ascii_lower((text)[0]) && slice_ieq(name, SLICE(text))) \
		return FIELD_##id;
#include "rules/http/field_table.h"
#undef CG_FIELD
	return FIELD_OTHER;
}

/* Called for every field of every message. A length that is missing here makes tests/unit/test_field fail. */
enum field_id field_id_of(struct slice name)
{
	switch (name.n) {
#define CASE(n) \
	case n: \
		return id_of_length(name, n)
		CASE(2);
		CASE(3);
		CASE(4);
		CASE(5);
		CASE(6);
		CASE(7);
		CASE(8);
		CASE(9);
		CASE(10);
		CASE(11);
		CASE(12);
		CASE(13);
		CASE(14);
		CASE(15);
		CASE(16);
		CASE(17);
		CASE(18);
		CASE(19);
		CASE(23);
		CASE(25);
		CASE(35);
#undef CASE
	default:
		return FIELD_OTHER;
	}
}

static bool grow(struct fields *f)
{
	size_t cap = f->cap ? f->cap * 2 : 32;
	struct field *v = arena_alloc(f->arena, cap * sizeof *v);

	if (!v)
		return false;
	if (f->n)
		memcpy(v, f->v, f->n * sizeof *v);
	f->v = v;
	f->cap = cap;
	return true;
}

bool fields_append(struct fields *f, const struct field *x)
{
	if (f->n == f->cap && !grow(f))
		return false;
	f->absent[x->id / 64] &= ~(UINT64_C(1) << (x->id % 64));
	f->v[f->n++] = *x;
	return true;
}

bool fields_add(struct fields *f, struct slice name, struct slice value)
{
	return fields_append(f, &(struct field){name, value, field_id_of(name)});
}

bool fields_add_id(struct fields *f, enum field_id id, struct slice value)
{
	return fields_append(f, &(struct field){field_name(id), value, id});
}

struct field *fields_find(const struct fields *f, enum field_id id)
{
	if (!fields_may_have(f, id))
		return NULL;
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].id == id)
			return &f->v[i];
	return NULL;
}

struct field *fields_find_name(const struct fields *f, struct slice name)
{
	for (size_t i = 0; i < f->n; i++)
		if (slice_ieq(f->v[i].name, name))
			return &f->v[i];
	return NULL;
}

size_t fields_count(const struct fields *f, enum field_id id)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += f->v[i].id == id;
	return n;
}

/* Takes out those of that id behind the first `kept`. */
static size_t remove_behind(struct fields *f, size_t kept, enum field_id id)
{
	size_t before = f->n;

	for (size_t i = kept; i < before; i++)
		if (f->v[i].id != id)
			f->v[kept++] = f->v[i];
	f->n = kept;
	return before - kept;
}

size_t fields_remove(struct fields *f, enum field_id id)
{
	struct field *first = fields_find(f, id);

	return first ? remove_behind(f, (size_t)(first - f->v), id) : 0;
}

size_t fields_remove_name(struct fields *f, struct slice name)
{
	struct field *first = fields_find_name(f, name);
	size_t kept = first ? (size_t)(first - f->v) : f->n, before = f->n;

	for (size_t i = kept; i < before; i++)
		if (!slice_ieq(f->v[i].name, name))
			f->v[kept++] = f->v[i];
	f->n = kept;
	return before - kept;
}

void fields_remove_at(struct fields *f, size_t i)
{
	memmove(&f->v[i], &f->v[i + 1], (f->n - i - 1) * sizeof *f->v);
	f->n--;
}

bool fields_set(struct fields *f, enum field_id id, struct slice value)
{
	struct field *first = fields_find(f, id);

	if (!first)
		return fields_add_id(f, id, value);
	first->value = value;
	(void)remove_behind(f, (size_t)(first - f->v) + 1, id);
	return true;
}

/* Behind the quote that ends the quoted string in which i is; s.n if it does not end. */
static size_t quoted_end(struct slice s, size_t i)
{
	for (; i < s.n; i++) {
		if (s.p[i] == '"')
			return i + 1;
		if (s.p[i] == '\\')
			i++;
	}
	return s.n;
}

/* Offset of the comma that ends the first element, or s.n. */
static size_t element_end(struct slice s)
{
	size_t i = 0;

	for (;;) {
		while (i < s.n && s.p[i] != ',' && s.p[i] != '"')
			i++;
		if (i == s.n || s.p[i] == ',')
			return i;
		i = quoted_end(s, i + 1);
	}
}

bool list_next(struct slice *rest, struct slice *element)
{
	while (rest->n) {
		size_t end = element_end(*rest);

		*element = slice_trim(slice_head(*rest, end));
		*rest = slice_from(*rest, end < rest->n ? end + 1 : end);
		if (element->n)
			return true;
	}
	return false;
}

bool fields_list_has(const struct fields *f, enum field_id id, struct slice token)
{
	for (size_t i = 0; fields_may_have(f, id) && i < f->n; i++) {
		struct slice rest = f->v[i].value, element;

		if (f->v[i].id != id)
			continue;
		while (list_next(&rest, &element))
			if (slice_ieq(element, token))
				return true;
	}
	return false;
}

static bool is_tchar(unsigned char c)
{
	/* One bit for each octet below 128: !#$%&'*+-. 0-9, then A-Z ^_` a-z |~ */
	static const uint64_t bits[2] = {UINT64_C(0x03ff6cfa00000000), UINT64_C(0x57ffffffc7fffffe)};

	return c < 0x80 && (bits[c >> 6] >> (c & 63) & 1);
}

bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_tchar((unsigned char)s.p[i]))
			return false;
	return s.n > 0;
}
