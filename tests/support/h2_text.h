/* HTTP/2 for tests. Field lists as text: lines of "name: value\n", pseudo-header fields with their colon. */
#ifndef CG_TESTS_SUPPORT_H2_TEXT_H
#define CG_TESTS_SUPPORT_H2_TEXT_H

#include <nghttp2/nghttp2.h>

#include "rules/base/buffer.h"
#include "rules/base/slice.h"

/* The next line of *text, which is advanced. False at the end. */
bool h2_text_next(struct slice *text, struct slice *name, struct slice *value);
/* The list, whose names and values point into text; at most `most`. */
size_t h2_text_list(struct slice text, nghttp2_nv *out, size_t most);
/* The other way round. False if the buffer is full. */
bool h2_text_of(struct buffer *out, const nghttp2_nv *list, size_t n);

/* The head of a frame with n octets of payload. */
void h2_frame_head(char out[9], size_t n, unsigned type, unsigned flags, int32_t id);
bool h2_frame_add(struct buffer *out, unsigned type, unsigned flags, int32_t id, struct slice payload);

#endif
