/*
 * CG_H1_ERROR(id, status for the visitor, text): what a message can be refused for. The status counts on the visitor's
 * side only; the same fault in an origin's answer is a 502 whatever it is.
 */
CG_H1_ERROR(NO_MEMORY, 503, "out of memory for this exchange")

/* octets and lines */
CG_H1_ERROR(BARE_LF, 400, "line ends with LF alone")
CG_H1_ERROR(BARE_CR, 400, "CR without LF")
CG_H1_ERROR(CONTROL, 400, "control character in the head")
CG_H1_ERROR(LINE_TOO_LONG, 414, "start line too long")
CG_H1_ERROR(FIELD_TOO_LONG, 431, "field too long")
CG_H1_ERROR(HEAD_TOO_LONG, 431, "head too long")
CG_H1_ERROR(TOO_MANY_FIELDS, 431, "too many fields")
CG_H1_ERROR(EMPTY_LINES, 400, "empty line in place of the start line")
CG_H1_ERROR(INCOMPLETE, 400, "head does not end with its only empty line")

/* start lines */
CG_H1_ERROR(METHOD, 400, "method is not a token")
CG_H1_ERROR(METHOD_TOO_LONG, 501, "method longer than 32 octets")
CG_H1_ERROR(METHOD_NOT_ALLOWED, 405, "method CONNECT or TRACE")
CG_H1_ERROR(TARGET, 400, "request target is neither a path nor an absolute http URL")
CG_H1_ERROR(TARGET_OCTET, 400, "octet that may not stand in a request target")
CG_H1_ERROR(FRAGMENT, 400, "request target with a fragment")
CG_H1_ERROR(ASTERISK, 400, "request target * with a method other than OPTIONS")
CG_H1_ERROR(SCHEME, 400, "request names another scheme than the connection")
CG_H1_ERROR(VERSION, 400, "no HTTP version in the start line")
CG_H1_ERROR(VERSION_OTHER, 505, "HTTP version other than 1.0 and 1.1")
CG_H1_ERROR(STATUS, 400, "status is not a number from 100 to 599")
CG_H1_ERROR(START_LINE, 400, "malformed start line")

/* fields */
CG_H1_ERROR(OBS_FOLD, 400, "folded field line")
CG_H1_ERROR(FIELD_NAME, 400, "field name is not a token")
CG_H1_ERROR(BLANK_BEFORE_COLON, 400, "blank between field name and colon")
CG_H1_ERROR(NO_COLON, 400, "field line without a colon")
CG_H1_ERROR(FIELD_LOOKALIKE, 400, "field name that can be taken for another one, such as Content_Length")
CG_H1_ERROR(HOST_MISSING, 400, "no Host field")
CG_H1_ERROR(HOST_REPEATED, 400, "several Host fields")
CG_H1_ERROR(HOST_INVALID, 400, "invalid host or port")
CG_H1_ERROR(HOST_DISAGREES, 400, "Host field disagrees with the request target")
CG_H1_ERROR(CONNECTION, 400, "Connection lists what is not a token")
CG_H1_ERROR(CONNECTION_TOO_MANY, 400, "Connection nominates more than 16 fields")
CG_H1_ERROR(CONNECTION_END_TO_END, 400, "Connection nominates an end-to-end field")
CG_H1_ERROR(EXPECTATION, 417, "Expect asks for other than 100-continue")

/* framing */
CG_H1_ERROR(LENGTH_INVALID, 400, "Content-Length is not a number")
CG_H1_ERROR(LENGTH_REPEATED, 400, "several Content-Length values")
CG_H1_ERROR(LENGTH_AND_CODING, 400, "Content-Length with Transfer-Encoding")
CG_H1_ERROR(CODING, 501, "transfer coding other than chunked")
CG_H1_ERROR(CODING_REPEATED, 400, "several Transfer-Encoding fields")
CG_H1_ERROR(CODING_IN_1_0, 400, "Transfer-Encoding in HTTP/1.0")
CG_H1_ERROR(INTERIM_BODY, 400, "interim response announces content")
CG_H1_ERROR(PROTOCOL, 501, "extended CONNECT to another protocol than websocket")
CG_H1_ERROR(TUNNEL_LENGTH, 400, "extended CONNECT with Content-Length")
CG_H1_ERROR(SWITCH_UNASKED, 400, "101 that was not asked for, or does not name the protocol")

/* bodies */
CG_H1_ERROR(CHUNK_SIZE, 400, "chunk size is not 1 to 16 hexadecimal digits")
CG_H1_ERROR(CHUNK_TOO_LARGE, 413, "chunk sizes add up to more than 2^63-1")
CG_H1_ERROR(CHUNK_EXTENSION, 400, "malformed chunk extension")
CG_H1_ERROR(CHUNK_EXTENSION_TOO_LONG, 400, "chunk extensions longer than 4096 octets")
CG_H1_ERROR(CHUNK_END, 400, "chunk does not end with CRLF")
CG_H1_ERROR(TRUNCATED, 400, "connection ended within the content")
