/* Writing JSON (RFC 8259): only what logs and reports need. */
#ifndef CG_RULES_BASE_JSON_H
#define CG_RULES_BASE_JSON_H

#include "rules/base/buffer.h"
#include "rules/base/slice.h"

/*
 * s as a JSON string with its quotes. Valid UTF-8 passes; each octet that is not part of valid UTF-8 becomes U+FFFD;
 * quotes, backslashes, control characters and DEL are escaped. False if the buffer is full.
 */
bool json_add_string(struct buffer *out, struct slice s);

#endif
