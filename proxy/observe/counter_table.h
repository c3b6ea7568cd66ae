/*
 * Everything that is refused or cut because somebody asks too much or breaks the rules: CG_COUNTER(id, name, kind,
 * meaning). kind: USUAL if it happens to visitors who mean no harm, too; UNUSUAL if the operator wants to hear of it.
 */

/* connections */
CG_COUNTER(HANDSHAKE_SLOW, "handshake-slow", USUAL, "TLS handshakes not complete within timeouts handshake")
CG_COUNTER(HANDSHAKE_FAILED, "handshake-failed", USUAL, "TLS handshakes that failed or were broken off")
CG_COUNTER(ADDRESS_FULL, "address-full", UNUSUAL,
	   "connections refused as their address had limits connections-per-address of them")
CG_COUNTER(MADE_ROOM, "made-room", UNUSUAL, "idle connections closed for new ones, at limits connections")
CG_COUNTER(WAITING_FULL, "waiting-full", UNUSUAL,
	   "connections without a whole request closed for new ones, as half of limits connections were such")
CG_COUNTER(ACCEPT_PAUSED, "accept-paused", UNUSUAL, "pauses of accepting at limits connections, as none was idle")
CG_COUNTER(IDLE, "idle", USUAL, "connections closed after timeouts idle, or head if nothing ever came")
CG_COUNTER(REQUESTS, "requests", USUAL, "connections closed after limits requests")

/* requests and responses */
CG_COUNTER(HEAD_SLOW, "head-slow", UNUSUAL, "request heads not complete within timeouts head")
CG_COUNTER(HEAD_SIZE, "head-size", UNUSUAL, "request heads above limits head")
CG_COUNTER(HEAD_LINE, "head-line", UNUSUAL, "request heads with a line above limits line or field")
CG_COUNTER(HEAD_FIELDS, "head-fields", UNUSUAL, "request heads with more header lines than limits fields")
CG_COUNTER(MALFORMED, "malformed", USUAL, "requests refused as they are not valid or not supported HTTP")
CG_COUNTER(BODY_SLOW, "body-slow", UNUSUAL,
	   "request bodies of which less than limits upload-progress came within timeouts body")
CG_COUNTER(BODY_SIZE, "body-size", UNUSUAL, "request bodies above limits body")
CG_COUNTER(READER_SLOW, "reader-slow", UNUSUAL,
	   "responses of which less than limits download-progress was taken within timeouts body")
CG_COUNTER(GAVE_WAY, "gave-way", UNUSUAL, "exchanges of slow visitors ended as others waited for a connection to the origin")
CG_COUNTER(MEMORY, "memory", UNUSUAL, "exchanges ended as they needed more than limits exchange-memory")
CG_COUNTER(UNCOMPRESSED, "uncompressed", UNUSUAL, "pages left uncompressed, as limits compressed-pages were being compressed")

/* HTTP/2 */
CG_COUNTER(RAPID_RESET, "rapid-reset", UNUSUAL, "connections closed as they cancelled too many streams")
CG_COUNTER(MADE_YOU_RESET, "made-you-reset", UNUSUAL,
	   "connections closed as they provoked resets of too many streams")
CG_COUNTER(CONTINUATION_FLOOD, "continuation-flood", UNUSUAL, "connections closed for too many CONTINUATION frames")
CG_COUNTER(SETTINGS_FLOOD, "settings-flood", UNUSUAL, "connections closed for too many SETTINGS frames")
CG_COUNTER(PING_FLOOD, "ping-flood", UNUSUAL, "connections closed for too many PING frames")
CG_COUNTER(EMPTY_DATA_FLOOD, "empty-data-flood", UNUSUAL, "connections closed for too many empty frames")
CG_COUNTER(PRIORITY_FLOOD, "priority-flood", UNUSUAL, "connections closed for too many changes of priority")
CG_COUNTER(WINDOW_FLOOD, "window-flood", UNUSUAL, "connections closed for too many small WINDOW_UPDATE frames")
CG_COUNTER(HEADER_BOMB, "header-bomb", UNUSUAL, "connections closed for a head that grew to four times limits head when it was decompressed")
CG_COUNTER(STREAMS_REFUSED, "streams-refused", USUAL, "streams refused as too many were open")
CG_COUNTER(WINDOW_STALL, "window-stall", UNUSUAL, "streams cut as the visitor opened no window for timeouts body")
