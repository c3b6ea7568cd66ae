/*
 * Every statement of crumbgate.conf, once: parser, suggestions, `crumbgate check --statements` and the manual use it.
 *
 * CG_STATEMENT(block, id, name, times, has_block, min, max, syntax, meaning)
 *   block: where it may stand; min, max: words behind the name; function: read_<block>_<id>() in proxy/config.
 * CG_TIMEOUT(member, name, default in ms, meaning)
 * CG_LIMIT(member, name, kind, default, least, most, meaning)   kind: SIZE (octets, with units) or COUNT
 */
#ifdef CG_STATEMENT
CG_STATEMENT(top, listen, "listen", REPEATED, false, 1, 3, "listen ADDRESS:PORT [tls | redirect https]",
	     "accept connections there; '*' is every address; redirect answers each request with the https URL")
CG_STATEMENT(top, site, "site", REPEATED, true, 1, 1000, "site NAME... {",
	     "a web site by its host names; *.example.com covers one label, * any other name")
CG_STATEMENT(top, workers, "workers", ONCE, false, 1, 1, "workers NUMBER | auto",
	     "processes that serve; auto, the default, is one for each processor")
CG_STATEMENT(top, user, "user", ONCE, false, 1, 1, "user NAME", "run the workers as this user")
CG_STATEMENT(top, chroot, "chroot", ONCE, false, 1, 1, "chroot FOLDER", "shut the workers in there; it should be empty")
CG_STATEMENT(top, access_log, "access-log", ONCE, false, 1, 2,
	     "access-log FILE | stdout | stderr | off [full-addresses]",
	     "one JSON line per request, addresses truncated unless full-addresses is said; default off")
CG_STATEMENT(top, consent_keys, "consent-keys", ONCE, false, 1, 1, "consent-keys FILE",
	     "keys that sign consent cookies, one a line, newest first; without it consent ends with the process")
CG_STATEMENT(top, regions, "regions", REPEATED, false, 1, 4, "regions FILE | regions from header COUNTRY [SUBDIVISION]",
	     "where visitors are: a database of networks (MMDB), or fields that trusted proxies set")
CG_STATEMENT(top, trusted_proxy, "trusted-proxy", REPEATED, false, 1, 1000, "trusted-proxy ADDRESS[/BITS]...",
	     "peers whose X-Forwarded-For and Forwarded are believed")
CG_STATEMENT(top, tickets, "tickets", ONCE, false, 1, 1, "tickets NUMBER",
	     "TLS session tickets for each full handshake, 0 to 10; default 1")
CG_STATEMENT(top, tls, "tls", ONCE, true, 0, 0, "tls {", "settings of TLS towards visitors")
CG_STATEMENT(top, timeouts, "timeouts", ONCE, true, 0, 0, "timeouts {", "how long each phase may last")
CG_STATEMENT(top, limits, "limits", ONCE, true, 0, 0, "limits {", "how much of everything is accepted")

CG_STATEMENT(site, certificate, "certificate", REPEATED, false, 1, 3, "certificate FILE [key FILE]",
	     "chain in PEM, leaf first; the key is in the same file unless it is named")
CG_STATEMENT(site, upstream, "upstream", REPEATED, false, 1, 1000,
	     "upstream http://HOST[:PORT]... | https://HOST[:PORT]... [ca FILE] [insecure]",
	     "the origins, in turn; certificates of https origins are verified unless insecure is said")
CG_STATEMENT(site, rules, "rules", ONCE, false, 1, 1, "rules FILE", "what needs which consent")
CG_STATEMENT(site, host, "host", ONCE, false, 1, 1, "host preserve | origin",
	     "the Host that the origin sees: the visitor's, which is the default, or the one of the upstream URL")
CG_STATEMENT(site, compress, "compress", ONCE, false, 1, 1, "compress pages | off",
	     "compress pages that the rules change, if the origin has not; default off")
CG_STATEMENT(site, upgrade, "upgrade", ONCE, false, 1, 1000, "upgrade websocket [PATH...] | off",
	     "pass WebSockets: all, which is the default, or those at and below these paths; nothing else is upgraded")

CG_STATEMENT(tls, versions, "versions", ONCE, false, 1, 2, "versions 1.2 1.3 | 1.3",
	     "versions of TLS that visitors may use; default both")
CG_STATEMENT(tls, protocols, "protocols", ONCE, false, 1, 2, "protocols h2 http/1.1 | http/1.1",
	     "versions of HTTP that are offered (ALPN); default both")
#endif

#ifdef CG_TIMEOUT
CG_TIMEOUT(handshake, "handshake", 5000, "of TLS with a visitor")
CG_TIMEOUT(head, "head", 10000, "until a request's head is complete")
CG_TIMEOUT(idle, "idle", 75000, "between two requests of a connection")
CG_TIMEOUT(body, "body", 30000, "longest silence while a body passes")
CG_TIMEOUT(connect, "connect", 5000, "to connect to an origin")
CG_TIMEOUT(response, "response", 60000, "from the request sent to the origin's head")
CG_TIMEOUT(upstream_idle, "upstream-idle", 60000, "that an unused connection to an origin is kept")
CG_TIMEOUT(tunnel, "tunnel", 3600000, "longest silence of a WebSocket")
CG_TIMEOUT(drain, "drain", 30000, "for requests in flight when crumbgate stops")
#endif

#ifdef CG_LIMIT
CG_LIMIT(h1.line, "line", SIZE, 8192, 256, 1048576, "octets of a request's or response's first line")
CG_LIMIT(h1.field, "field", SIZE, 16384, 256, 1048576, "octets of one header line")
CG_LIMIT(h1.head, "head", SIZE, 65536, 1024, 4194304, "octets of a whole head")
CG_LIMIT(h1.fields, "fields", COUNT, 128, 8, 10000, "header lines of a head")
CG_LIMIT(body, "body", SIZE, 0, 0, INT64_MAX, "octets of a request's body; 0, the default, is no limit")
CG_LIMIT(connections, "connections", COUNT, 10000, 1, 1000000, "visitors' connections of one worker")
CG_LIMIT(connections_per_address, "connections-per-address", COUNT, 1000, 0, 1000000, "of these, from one IPv4 address or IPv6 /64; 0 is no limit")
CG_LIMIT(upload_progress, "upload-progress", SIZE, 1024, 1, 1073741824, "octets of a request's body that must come within timeouts body")
CG_LIMIT(download_progress, "download-progress", SIZE, 4096, 1, 1073741824, "octets that a visitor must take within timeouts body while a response waits")
CG_LIMIT(upstream, "upstream", COUNT, 512, 1, 100000, "connections of one worker to one origin")
CG_LIMIT(upstream_idle, "upstream-idle", COUNT, 64, 0, 100000, "of these, kept while unused")
CG_LIMIT(exchange_memory, "exchange-memory", SIZE, 1048576, 65536, 1073741824, "octets of memory for one request and its response")
CG_LIMIT(decoded_ratio, "decoded-ratio", COUNT, 1000, 2, 1000000, "times that a compressed page may grow when it is decoded")
CG_LIMIT(compressed_pages, "compressed-pages", COUNT, 128, 1, 100000, "pages of one worker that are compressed at once")
CG_LIMIT(requests, "requests", COUNT, 10000, 1, 1000000000, "requests of one connection")
CG_LIMIT(h2.streams, "h2-streams", COUNT, 128, 1, 10000, "streams at once of an HTTP/2 connection")
CG_LIMIT(h2.window, "h2-window", SIZE, 262144, 65535, 16777216, "octets of a stream's request that are kept until the origin takes them")
CG_LIMIT(h2.connection_window, "h2-connection-window", SIZE, 1048576, 65535, 1073741824, "the same of all streams of a connection")
CG_LIMIT(h2.budget[H2_ABUSE_RESETS], "h2-resets", COUNT, 500, 1, 1000000, "streams that a visitor may cancel in ten seconds")
CG_LIMIT(h2.budget[H2_ABUSE_MADE_RESETS], "h2-errors", COUNT, 50, 1, 1000000, "streams that may have to be reset for a visitor's errors in ten seconds")
CG_LIMIT(h2.budget[H2_ABUSE_SETTINGS], "h2-settings", COUNT, 50, 1, 1000000, "SETTINGS frames in ten seconds")
CG_LIMIT(h2.budget[H2_ABUSE_PINGS], "h2-pings", COUNT, 100, 1, 1000000, "PING frames in ten seconds")
CG_LIMIT(h2.budget[H2_ABUSE_EMPTY_FRAMES], "h2-empty-frames", COUNT, 200, 1, 1000000, "DATA frames without content in ten seconds")
CG_LIMIT(h2.budget[H2_ABUSE_PRIORITIES], "h2-priorities", COUNT, 500, 1, 1000000, "PRIORITY_UPDATE frames in ten seconds")
CG_LIMIT(h2.budget[H2_ABUSE_WINDOWS], "h2-small-windows", COUNT, 1000, 1, 1000000, "WINDOW_UPDATE frames of less than 1k octets in ten seconds")
#endif
