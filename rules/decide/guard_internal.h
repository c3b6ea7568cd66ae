/*
 * What the files of the guard share.
 *
 * guard.c        the text, its hash, the element
 * guard_data.c   names and patterns as the script reads them
 * guard_regex.c  regular expressions for JavaScript
 * guard.js       the script, embedded by guard.awk
 */
#ifndef CG_RULES_DECIDE_GUARD_INTERNAL_H
#define CG_RULES_DECIDE_GUARD_INTERNAL_H

#include "rules/decide/guard.h"

/* The three lists and the mask that the script is called with. False if the buffer is full. Counts in *left_out. */
bool guard_data_write(const struct ruleset *rs, struct buffer *out, size_t *left_out);
/* s, UTF-8, as a string of JavaScript in double quotes: ASCII, without '<' and '>'; what is no UTF-8 octet by octet. */
bool guard_string_write(struct slice s, struct buffer *out);

/*
 * Appends the expression as JavaScript writes it; flags, of the language (i m s x), get what JavaScript knows in
 * js_flags (room for 4, NUL-terminated). False with `out` as it was if there is no such expression, or the buffer is
 * full. What stays may still be refused by JavaScript.
 */
bool guard_regex_write(struct slice text, struct slice flags, struct buffer *out, char js_flags[4]);

#endif
