/*
 * crumbgate.conf, checked and immutable. Everything is owned by the config's arena; rulesets are loaded with it.
 */
#ifndef CG_PROXY_CONFIG_CONFIG_H
#define CG_PROXY_CONFIG_CONFIG_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "proxy/h1/h1.h"
#include "proxy/h2/h2.h"
#include "rules/base/arena.h"
#include "rules/base/diagnostic.h"
#include "rules/base/slice.h"
#include "rules/language/loader.h"
#include "rules/language/ruleset.h"

struct statement;
struct word;

/* A resolved socket address with its text. */
struct config_address {
	struct slice text; /* "127.0.0.1:8080" or "[::1]:8080", for messages and logs */
	struct sockaddr_storage addr;
	socklen_t len;
};

/* listen ADDRESS:PORT [tls | redirect https]. '*' means all addresses, IPv6 and IPv4 (one dual-stack socket). */
struct config_listen {
	struct config_address address;
	bool tls;
	bool redirect;		/* answers each request with 308 to https */
	uint16_t redirect_port; /* of the first tls listener, 443 if there is none */
	unsigned line;
};

/* upstream http(s)://HOST[:PORT] ... */
struct config_origin {
	struct config_address *addresses; /* all that the name resolved to, at least one */
	size_t n_addresses;
	struct slice authority; /* host[:port] as written */
	struct slice host;	/* for SNI and verification */
	bool tls;
	bool verify;		 /* of TLS origins: true unless "insecure" was written */
	struct slice ca_file;	 /* resolved path of a CA bundle for TLS origins; empty: the system's */
	const struct word *word; /* only while the configuration is loaded */
};

struct config_certificate {
	struct slice chain_file; /* resolved path; holds the key too if key_file is empty */
	struct slice key_file;
	unsigned line;
};

struct config_site {
	struct slice *names; /* lower case; the first is the site's name; "*.example.com" covers one label; "*" any */
	size_t n_names;
	struct config_certificate *certificates;
	size_t n_certificates;
	struct config_origin *origins;
	size_t n_origins;
	struct slice rules_file;
	struct ruleset *rules;	       /* owned; never NULL after a successful load */
	bool preserve_host;	       /* send the visitor's Host to the origin: true by default */
	bool compress;		       /* rewritten pages that come without a coding: false by default */
	bool websocket;		       /* upgrades to it may pass: true by default */
	struct slice *websocket_paths; /* normalised: only at and below these; none: everywhere */
	size_t n_websocket_paths;
	unsigned line;
	struct slice file;
	/* Only while the configuration is loaded: */
	const struct statement *statement;
	const struct word *rules_word;
	bool incomplete; /* something in its block was not understood */
};

/* All in milliseconds. */
struct config_timeouts {
	int64_t handshake;     /* 5 s */
	int64_t head;	       /* visitor's request head, 10 s */
	int64_t idle;	       /* between requests, 75 s */
	int64_t body;	       /* longest silence of a peer while a body passes, 30 s */
	int64_t connect;       /* to an origin, 5 s */
	int64_t response;      /* from request sent to the origin's head, 60 s */
	int64_t upstream_idle; /* of a pooled connection, 60 s */
	int64_t tunnel;	       /* longest silence of both sides after an upgrade, 1 h */
	int64_t drain;	       /* after SIGTERM, 30 s */
};

struct config_limits {
	struct h1_limits h1;
	uint64_t body;			/* octets of a request body; 0: no limit (the default) */
	size_t connections;		/* visitors per worker, 10000 */
	size_t connections_per_address; /* of one IPv4 address or IPv6 /64, 1000; 0: no limit */
	uint64_t upload_progress;	/* octets of a request body per timeouts.body, 1k */
	uint64_t download_progress;	/* octets that a visitor takes per timeouts.body while output is queued, 4k */
	size_t upstream;		/* connections per origin and worker, 512 */
	size_t upstream_idle;		/* kept idle per origin and worker, 64 */
	size_t exchange_memory;		/* arena cap per exchange, 1m */
	uint64_t decoded_ratio;		/* of a page's size after and before decoding, 1000 */
	size_t compressed_pages;	/* at once by one worker, 128 */
	uint64_t requests;		/* per visitor's connection, 10000 */
	struct h2_limits h2;
};

struct config {
	struct arena arena;
	struct slice path;
	struct config_listen *listens;
	size_t n_listens;
	struct config_site *sites;
	size_t n_sites;
	unsigned workers;  /* default: number of CPUs */
	struct slice user; /* run workers as; empty: as started */
	unsigned user_line;
	struct slice chroot; /* empty: none */
	unsigned chroot_line;
	unsigned access_log_line;
	struct slice access_log;       /* "stdout", "stderr", "off" or a resolved path; default "off" */
	bool log_full_addresses;       /* default: truncated to /24 and /48 */
	struct slice consent_key_file; /* resolved path; empty: nobody can decide, no signed cookie counts */
	unsigned consent_keys_line;
	struct slice regions_file; /* resolved path of a database of networks (MMDB); empty: none */
	unsigned regions_line;
	struct slice region_country;		  /* fields of trusted proxies that tell the region; empty: none */
	struct slice region_subdivision;	  /* with region_country */
	const struct statement *region_statement; /* both only while the configuration is loaded */
	const struct word *region_word;
	struct slice *trusted_proxies; /* CIDR texts; see trusted */
	struct config_cidr {
		unsigned char addr[16]; /* IPv4 mapped into IPv6 */
		unsigned bits;
	} * trusted;
	size_t n_trusted;
	unsigned tickets; /* session tickets per full handshake: 1 */
	bool tls12;	  /* TLS 1.2 allowed: true */
	bool h2;	  /* HTTP/2 is offered to visitors: true */
	struct config_timeouts timeouts;
	struct config_limits limits;
	struct config_name {
		struct slice name;
		const struct config_site *site;
	} * name_slots; /* hash table of all sites' names, with linear probing; a power of two of slots */
	size_t n_name_slots;
};

/* Where a statement of the file is, for diagnostics; line 0: the file as a whole. */
static inline struct position config_position(const struct config *c, unsigned line)
{
	return (struct position){.file = c->path, .line = line, .column = 1};
}

/*
 * Loads and checks path and every rules file it names; all problems go to d. Certificates are named here but loaded
 * by proxy/tls. Names of origins are resolved here (getaddrinfo; the parent's job: a worker is given numbers, see
 * config_resolver). NULL after errors.
 */
struct config_resolver {
	void *arg;
	/* Fills addresses in the arena; false with a text in *why. */
	bool (*resolve)(void *arg, const char *host, uint16_t port, struct arena *arena,
			struct config_address **addresses, size_t *n, const char **why);
};
extern const struct config_resolver config_resolver_system;

CG_WARN_UNUSED struct config *config_load(const struct loader *loader, const struct config_resolver *resolver,
					  struct slice path, struct diagnostics *d);
/*
 * The same, but gives what was understood even if there were errors, so that a check can go on and find all that is
 * wrong: rules may be NULL, sites may have no origin or certificate. Never serve with it. NULL if nothing could be
 * read.
 */
CG_WARN_UNUSED struct config *config_read(const struct loader *loader, const struct config_resolver *resolver,
					  struct slice path, struct diagnostics *d);
void config_free(struct config *c); /* NULL is fine */

/* The site for a host (lower case, no port): its name, else "*." and what follows its first label, else "*"; or NULL.
 */
const struct config_site *config_site_find(const struct config *c, struct slice host);

/* True if a WebSocket may be opened there. path: normalised by path_normalise(). */
bool config_websocket(const struct config_site *site, struct slice path);

/* True if the address is one of the trusted proxies. */
bool config_trusts(const struct config *c, const struct sockaddr *sa);

#endif
