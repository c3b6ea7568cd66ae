/* HTTP/1.1 messages as text, so that tests state what they expect in one string and compare messages by it. */
#ifndef CG_TESTS_SUPPORT_H1_TEXT_H
#define CG_TESTS_SUPPORT_H1_TEXT_H

#include "proxy/h1/h1.h"

/*
 * "GET /path host=a port=0 authority=a body=none keep-alive\nName: value\n"; after body=length and body=none comes
 * "length=N" if announced; the flags are secure, 1.0, keep-alive, continue, trailers, upgrade=PROTOCOL.
 * False if the buffer is full.
 */
bool h1_text_request(struct buffer *out, const struct request *req, const struct h1_framing *framing);
/* "200 reason body=...\nName: value\n" */
bool h1_text_response(struct buffer *out, const struct response *resp, const struct h1_framing *framing);
/* "Name: value\n" for each. */
bool h1_text_fields(struct buffer *out, const struct fields *fields);

#endif
