#include "rules/http/cookie.h"

bool cookie_next(struct slice *rest, struct cookie *out)
{
	while (rest->n) {
		slice_cut(*rest, ';', &out->raw, rest);
		out->raw = slice_trim(out->raw);
		if (out->raw.n == 0)
			continue;
		if (!slice_cut(out->raw, '=', &out->name, &out->value)) {
			out->name = slice_of(NULL, 0);
			out->value = out->raw;
			return true;
		}
		out->name = slice_trim(out->name);
		out->value = slice_trim(out->value);
		return true;
	}
	return false;
}

bool cookie_walk_next(struct cookie_walk *w, struct cookie *out)
{
	if (!fields_may_have(w->fields, FIELD_COOKIE))
		return false;
	while (!cookie_next(&w->rest, out)) {
		while (w->next < w->fields->n && w->fields->v[w->next].id != FIELD_COOKIE)
			w->next++;
		if (w->next == w->fields->n)
			return false;
		w->rest = w->fields->v[w->next++].value;
	}
	return true;
}

/*
 * An edit in progress. Nothing is allocated until the first pair that changes; then values and text are taken in one
 * piece, big enough for everything that follows unless separators must widen ("a=1;b=2") or replacements grow.
 * The field list itself is touched only when all is done, so that a refusal leaves it as it was.
 */
struct edit {
	struct fields *f;
	cookie_judge judge;
	void *arg;
	size_t first;	      /* index of the first Cookie field that changes */
	struct slice *values; /* the new values of it and of the Cookie fields behind it; NULL: no change yet */
	size_t done;	      /* how many of them are known */
	char *text;	      /* the value being written, at its beginning */
	size_t n;	      /* of it written */
	size_t room;	      /* octets from text on */
};

static bool begin(struct edit *e, size_t first)
{
	size_t count = 0, octets = 0;

	for (size_t i = first; i < e->f->n; i++)
		if (e->f->v[i].id == FIELD_COOKIE) {
			count++;
			octets += e->f->v[i].value.n;
		}
	e->values = arena_alloc(e->f->arena, count * sizeof *e->values + octets);
	if (!e->values)
		return false;
	e->first = first;
	e->text = (char *)(e->values + count);
	e->room = octets;
	return true;
}

/* More room for the value being written; the finished ones stay where they are. */
static bool widen(struct edit *e, size_t more)
{
	size_t room = (e->room > e->n + more ? e->room : e->n + more) * 2;
	char *text = arena_alloc(e->f->arena, room);

	if (!text)
		return false;
	memcpy(text, e->text, e->n);
	e->text = text;
	e->room = room;
	return true;
}

static bool put(struct edit *e, struct slice pair)
{
	size_t need = pair.n + (e->n ? 2 : 0);

	if (pair.n == 0)
		return true;
	if (need > e->room - e->n && !widen(e, need))
		return false;
	if (e->n) {
		memcpy(e->text + e->n, "; ", 2);
		e->n += 2;
	}
	memcpy(e->text + e->n, pair.p, pair.n);
	e->n += pair.n;
	return true;
}

/* Writes what was kept of a value before the pair at which it begins to change. */
static bool put_kept(struct edit *e, struct slice value, const char *until)
{
	struct cookie c;

	while (cookie_next(&value, &c) && c.raw.p != until)
		if (!put(e, c.raw))
			return false;
	return true;
}

static bool edit_field(struct edit *e, size_t i)
{
	struct slice value = e->f->v[i].value, rest = value;
	struct cookie c;
	bool changed = false;

	while (cookie_next(&rest, &c)) {
		struct slice pair = c.raw;
		enum cookie_edit word = e->judge(e->arg, &c, &pair);

		if (word == COOKIE_KEEP)
			pair = c.raw;
		else if (!changed && ((!e->values && !begin(e, i)) || !put_kept(e, value, c.raw.p)))
			return false;
		changed |= word != COOKIE_KEEP;
		if (changed && word != COOKIE_DROP && !put(e, pair))
			return false;
	}
	if (!e->values)
		return true;
	e->values[e->done++] = changed ? slice_of(e->text, e->n) : value;
	e->text += e->n;
	e->room -= e->n;
	e->n = 0;
	return true;
}

/* Puts the new values in place and removes the fields that lost their last pair. */
static void commit(const struct edit *e)
{
	struct fields *f = e->f;
	size_t kept = e->first, next = 0;

	for (size_t i = e->first; i < f->n; i++) {
		struct field x = f->v[i];

		if (x.id == FIELD_COOKIE) {
			bool had = x.value.n > 0;

			x.value = e->values[next++];
			if (had && x.value.n == 0)
				continue;
		}
		f->v[kept++] = x;
	}
	f->n = kept;
}

bool cookies_edit(struct fields *f, cookie_judge judge, void *arg)
{
	struct edit e = {.f = f, .judge = judge, .arg = arg};

	for (size_t i = 0; fields_may_have(f, FIELD_COOKIE) && i < f->n; i++)
		if (f->v[i].id == FIELD_COOKIE && !edit_field(&e, i))
			return false;
	if (e.values)
		commit(&e);
	return true;
}

static struct field *last_cookie_field(const struct fields *f)
{
	for (size_t i = f->n; i-- > 0;)
		if (f->v[i].id == FIELD_COOKIE)
			return &f->v[i];
	return NULL;
}

bool cookies_append(struct fields *f, struct slice name, struct slice value)
{
	struct field *last = last_cookie_field(f);
	struct slice old = last ? slice_trim(last->value) : SLICE(""), joined;
	struct slice between = old.n == 0 ? SLICE("") : old.p[old.n - 1] == ';' ? SLICE(" ") : SLICE("; ");
	const struct slice parts[] = {old, between, name, name.n ? SLICE("=") : SLICE(""), value};

	joined = arena_concat(f->arena, parts, CG_COUNT(parts));
	if (arena_failed(f->arena))
		return false;
	if (!last)
		return fields_add_id(f, FIELD_COOKIE, joined);
	last->value = joined;
	return true;
}
