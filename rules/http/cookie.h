/*
 * The Cookie request field: parsing and editing that never loses a byte of what is kept.
 *
 * Servers see cookies as a list of name=value pairs joined by "; " (RFC 6265 5.4). Real values hold { } " , | ~ : and
 * spaces; they are opaque here. Splitting is at every ';' (also inside quotes: that is what browsers and servers do),
 * trimming SP and HTAB, then at the first '=', trimming again (a browser stores "a =b" as a). A pair without '=' is a
 * nameless cookie: name empty, value the text (RFC 6265bis 5.7); "=v" too. Empty pairs are skipped. Names are
 * case-sensitive.
 */
#ifndef CG_RULES_HTTP_COOKIE_H
#define CG_RULES_HTTP_COOKIE_H

#include <stdbool.h>

#include "rules/base/arena.h"
#include "rules/base/slice.h"
#include "rules/http/field.h"

struct cookie {
	struct slice name;  /* empty for a nameless cookie */
	struct slice value; /* as sent, quotes included */
	struct slice raw;   /* the whole pair as sent, trimmed */
};

/* Walks one Cookie field's value; *rest starts as the value. False at the end. */
bool cookie_next(struct slice *rest, struct cookie *out);

/* Walks the cookies of all Cookie fields of a message, in order. Start with {.fields = f}. */
struct cookie_walk {
	const struct fields *fields;
	size_t next;	   /* index of the next field to look at */
	struct slice rest; /* of the current field */
};
bool cookie_walk_next(struct cookie_walk *w, struct cookie *out);

enum cookie_edit {
	COOKIE_KEEP,
	COOKIE_DROP,
	COOKIE_REPLACE, /* the pair becomes *replacement, e.g. an unsealed value */
};

/* Decides on one cookie; called once for each, in order. */
typedef enum cookie_edit (*cookie_judge)(void *arg, const struct cookie *c, struct slice *replacement);

/*
 * Edits all Cookie fields of f in place by the judge's word. Guarantees:
 * - if nothing is dropped or replaced, every field value stays the very same slice;
 * - otherwise kept pairs are byte-identical and in order, joined by "; ", and a field left empty is removed;
 * - several Cookie fields stay apart, in their places.
 * Linear in the length of the fields. False if the arena refused: the fields are then unchanged and must not be sent.
 */
bool cookies_edit(struct fields *f, cookie_judge judge, void *arg);

/* Appends name=value (value alone if name is empty) to the last Cookie field, or makes one. False if the arena refused.
 */
bool cookies_append(struct fields *f, struct slice name, struct slice value);

#endif
