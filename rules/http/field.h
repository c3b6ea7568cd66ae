/*
 * The header list of a message: names and values as slices, in the order of the wire, repeated names kept apart.
 *
 * Ownership: the list grows in an arena and dies with it; names and values belong to whoever added them (usually the
 * same arena). Removing compacts the list, so indexes and pointers into it are invalid after a removal or an add.
 */
#ifndef CG_RULES_HTTP_FIELD_H
#define CG_RULES_HTTP_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/base/slice.h"

enum field_flags {
	FIELD_FLAG_HOP = 1,	/* hop-by-hop: never forwarded */
	FIELD_FLAG_NOTRAIL = 2, /* not allowed in trailers */
	FIELD_FLAG_CODEC = 4,	/* not in the list of a message */
};

enum field_id {
	FIELD_OTHER, /* a field that crumbgate has no interest in */
#define CG_FIELD(id, name, flags) FIELD_##id,
#include "rules/http/field_table.h"
#undef CG_FIELD
	FIELD_COUNT
};

struct field {
	struct slice name;
	struct slice value; /* without surrounding OWS */
	enum field_id id;   /* always agrees with name */
};

struct fields {
	struct field *v;
	size_t n;
	size_t cap;
	struct arena *arena;
	uint64_t absent[FIELD_COUNT / 64 + 1]; /* a bit for each id that was not added since fields_init() */
};

/* Empty list; allocates nothing. */
void fields_init(struct fields *f, struct arena *arena);

/* The id of a name, FIELD_OTHER if it is none of the table. */
enum field_id field_id_of(struct slice name);
/* Canonical spelling; the empty slice for FIELD_OTHER. */
struct slice field_name(enum field_id id);
extern const unsigned char field_flag_table[FIELD_COUNT];
/* FIELD_FLAG_*; 0 for FIELD_OTHER. */
static inline unsigned field_flags(enum field_id id)
{
	return field_flag_table[id];
}

/* Appends; false if the arena refused. */
bool fields_append(struct fields *f, const struct field *x);
bool fields_add(struct fields *f, struct slice name, struct slice value);
bool fields_add_id(struct fields *f, enum field_id id, struct slice value);

/* False: no field of that id is there, so a walk would be in vain. True: one is, or was before it was removed. */
static inline bool fields_may_have(const struct fields *f, enum field_id id)
{
	return (f->absent[id / 64] >> (id % 64) & 1) == 0;
}

/* The first field of that id (name), or NULL. */
struct field *fields_find(const struct fields *f, enum field_id id);
struct field *fields_find_name(const struct fields *f, struct slice name);
size_t fields_count(const struct fields *f, enum field_id id);

/* Removes all of that id (name); returns how many there were. */
size_t fields_remove(struct fields *f, enum field_id id);
size_t fields_remove_name(struct fields *f, struct slice name);
/* Removes the field at index i, keeping the order of the rest. */
void fields_remove_at(struct fields *f, size_t i);

/* Replaces the value of the first field of that id and removes the others, or appends; false if the arena refused. */
bool fields_set(struct fields *f, enum field_id id, struct slice value);

/*
 * Walks the elements of a comma-separated list value (RFC 9110 5.6.1): trimmed, empty ones skipped, commas in quoted
 * strings not split. *rest starts as the value and is advanced. False at the end.
 */
bool list_next(struct slice *rest, struct slice *element);

/* True if one of the values of field id, taken as comma-separated lists, equals token (ignoring case). */
bool fields_list_has(const struct fields *f, enum field_id id, struct slice token);

/* True for a non-empty token (RFC 9110 5.6.2). */
bool is_token(struct slice s);

#endif
