/* What the files of proxy/config share: the load in progress and the tables of statements. */
#ifndef CG_PROXY_CONFIG_INTERNAL_H
#define CG_PROXY_CONFIG_INTERNAL_H

#include "proxy/config/config.h"
#include "rules/language/statement.h"

struct loading {
	struct config *config; /* what is being built; all of it lives in its arena */
	const struct loader *loader;
	const struct config_resolver *resolver;
	struct diagnostics *d;
};

enum config_times { ONCE, REPEATED };

struct config_statement {
	const char *name;
	enum config_times times;
	bool has_block;
	size_t min; /* words behind the name */
	size_t max;
	const char *syntax;
	/* target: what the block describes. */
	void (*read)(struct loading *l, const struct statement *s, void *target);
};

struct config_block {
	const char *name; /* as in messages: unknown statement in NAME */
	const struct config_statement *statements;
	size_t n;
};
#define CONFIG_BLOCK_MAX 16 /* statements in a table */

#define CG_STATEMENT(block, id, ...) \
	void read_##block##_##id(struct loading *l, const struct statement *s, void *target);
#include "proxy/config/statement_table.h"
#undef CG_STATEMENT

extern const struct config_block config_block_top, config_block_site, config_block_tls;

/* Reads the statements from `first` on; says what is unknown, repeated, too short or too long. */
void config_read_block(struct loading *l, const struct statement *first, const struct config_block *block,
		       void *target);

/* Diagnostics; hint may be NULL. */
void config_say(struct loading *l, enum severity severity, struct position at, const char *hint, const char *fmt, ...)
	CG_PRINTF(5, 6);
void config_error(struct loading *l, const struct statement *s, const struct word *w, const char *hint, const char *fmt,
		  ...) CG_PRINTF(5, 6);
/* printf into the config's arena, for hints; "" if it refused. */
const char *config_text(struct loading *l, const char *fmt, ...) CG_PRINTF(2, 3);
/* 'did you mean "X"' for the nearest candidate, else the text. */
const char *config_hint(struct loading *l, struct slice word, const char *const *candidates, size_t n,
			const char *otherwise);

/* One more element, zeroed, at the end of an array in the config's arena; NULL if it refused. Older pointers die. */
void *config_push(struct loading *l, void **array, size_t *n, size_t size);

/* The path that a word names, relative to the file it stands in. */
struct slice config_path(struct loading *l, const struct statement *s, const struct word *w);
/* True for a bare or quoted word; says otherwise. */
bool config_plain(struct loading *l, const struct statement *s, const struct word *w);

/*
 * "ADDRESS:PORT", "[ADDRESS]:PORT" in numbers, or "*:PORT" -> address; the text is copied. False if it is not that.
 * port 0 is let through, for the caller to complain.
 */
bool config_address_parse(struct arena *arena, struct slice text, struct config_address *out);
uint16_t config_address_port(const struct config_address *a);
bool config_address_eq(const struct config_address *a, const struct config_address *b);

/* The table of site names; called once, when all sites are known. */
void config_index_names(struct loading *l);
/* What only the whole tells: missing statements, listeners and certificates that do not fit, origins that loop. */
void config_check_whole(struct loading *l);
/* Loads the rulesets of all sites, each file once. */
void config_load_rules(struct loading *l);

#endif
