/* base64url without padding (RFC 4648 section 5). */
#ifndef CG_RULES_BASE_BASE64URL_H
#define CG_RULES_BASE_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/base/slice.h"

/* How many characters n octets become, and how many octets n characters are. */
#define BASE64URL_TEXT(n)   ((n) / 3 * 4 + ((n) % 3 ? (n) % 3 + 1 : 0))
#define BASE64URL_OCTETS(n) ((n) / 4 * 3 + ((n) % 4 ? (n) % 4 - 1 : 0))

/* Writes BASE64URL_TEXT(n) characters, without a NUL. */
void base64url_encode(const unsigned char *p, size_t n, char *out);

/*
 * Writes BASE64URL_OCTETS(text.n) octets. False for what base64url_encode() would not have written: other characters,
 * a length that nothing has, bits left over that are not zero. Each value has one spelling.
 */
bool base64url_decode(struct slice text, unsigned char *out);

#endif
