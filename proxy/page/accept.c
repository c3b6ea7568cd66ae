#include "proxy/page/accept.h"

/* "gzip;q=0.5": gzip, and ";q=0.5" as written. */
static struct slice name_of(struct slice element, struct slice *weight)
{
	size_t n = slice_find_char(element, ';');

	*weight = slice_from(element, n);
	return slice_trim(slice_head(element, n));
}

/* q=0, 0.0 and so on: it allows nothing. */
static bool is_zero(struct slice weight)
{
	for (size_t i = 0; i < weight.n; i++)
		if (weight.p[i] >= '1' && weight.p[i] <= '9')
			return false;
	return weight.n > 0;
}

static bool is_any(struct slice name)
{
	return slice_eq(name, SLICE("*"));
}

static bool fits(struct slice element)
{
	struct slice weight, name = name_of(element, &weight);
	enum coding c;

	return is_any(name) ? is_zero(weight) : coding_of(name, &c);
}

static bool is_accept(const struct field *f)
{
	return slice_ieq(f->name, SLICE("Accept-Encoding"));
}

static bool all_fit(const struct fields *fields)
{
	struct slice rest, element;

	for (size_t i = 0; i < fields->n; i++) {
		if (!is_accept(&fields->v[i]))
			continue;
		rest = fields->v[i].value;
		while (list_next(&rest, &element))
			if (!fits(element))
				return false;
	}
	return true;
}

struct list {
	struct arena *arena;
	struct slice text;
	bool named[CODINGS];
};

static void add(struct list *l, struct slice name, struct slice weight)
{
	const struct slice parts[] = {l->text, l->text.n ? SLICE(", ") : SLICE(""), name, weight};

	l->text = arena_concat(l->arena, parts, CG_COUNT(parts));
}

static void add_fitting(struct list *l, struct slice value, struct slice *any)
{
	struct slice element, weight, name;
	enum coding c;

	while (list_next(&value, &element)) {
		name = name_of(element, &weight);
		if (is_any(name) && !is_zero(weight))
			*any = element;
		else if (fits(element))
			add(l, element, SLICE(""));
		if (coding_of(name, &c))
			l->named[c] = true;
	}
}

/* What "*" stands for, as far as we go. Identity is allowed without being named. */
static void add_unnamed(struct list *l, struct slice any)
{
	struct slice weight;

	(void)name_of(any, &weight);
	for (enum coding c = CODING_GZIP; c < CODINGS; c++)
		if (!l->named[c])
			add(l, coding_name(c), weight);
}

static void rewrite(struct fields *fields)
{
	struct list l = {.arena = fields->arena};
	struct slice any = {0};

	for (size_t i = 0; i < fields->n; i++)
		if (is_accept(&fields->v[i]))
			add_fitting(&l, fields->v[i].value, &any);
	if (any.n)
		add_unnamed(&l, any);
	if (!l.text.n)
		l.text = SLICE("identity");
	fields_remove_name(fields, SLICE("Accept-Encoding"));
	fields_add(fields, SLICE("Accept-Encoding"), l.text);
}

bool accept_limit(struct fields *fields)
{
	fields_remove_name(fields, SLICE("Available-Dictionary"));
	fields_remove_name(fields, SLICE("Dictionary-ID"));
	if (!all_fit(fields))
		rewrite(fields);
	return !arena_failed(fields->arena);
}
