/*
 * What the files of the ruleset share: the compiled structure, and the builder that fills it.
 *
 * ruleset.c          the accessors and lookups of ruleset.h
 * ruleset_names.c    names, wildcards and patterns compiled for lookup
 * compile.c          ruleset_load(): runs the steps below
 * compile_files.c    includes: from files to one list of statements
 * compile_clauses.c  the clauses that statements share: "is", "denies", "max-age", ...
 * compile_names.c    the words in front of "is": names, wildcards, patterns
 * compile_covered.c  rules that can never match
 * rules_*.c          one file for each group of statements
 */
#ifndef CG_RULES_LANGUAGE_RULESET_INTERNAL_H
#define CG_RULES_LANGUAGE_RULESET_INTERNAL_H

#include "rules/language/ruleset.h"
#include "rules/language/statement.h"

struct item;

/* ---- Names compiled for lookup. ---- */

enum name_kind {
	NAME_EXACT,
	NAME_ANY,    /* only stars */
	NAME_PREFIX, /* text, then one star at the end */
	NAME_GLOB,   /* stars elsewhere */
	NAME_REGEX
};

struct name {
	enum name_kind kind;
	struct slice text;  /* exact: the name; prefix: without its star; glob: with its stars; regex: the pattern */
	struct slice flags; /* of a regex */
	struct pattern *pattern; /* of a regex; owned by the set of names */
	size_t order;		 /* of its statement: lower wins */
	const struct rule *rule; /* first member of the rule it stands for */
	/* While loading, for messages; gone with the syntax trees. */
	const struct item *item; /* NULL for an implied name */
	const struct word *word;
};

/*
 * A set of names in file order. all[] is filled first, then names_index() builds the rest; from then on it is
 * immutable. Memory is the ruleset's arena, except for the patterns.
 */
struct names {
	struct name *all;
	size_t n;
	size_t cap;
	const struct name **slots; /* open addressing over the exact names; a power of two, at most half full */
	size_t slot_mask;
	const struct name **prefixes; /* by first octet, then by order */
	size_t first[257];	      /* those that begin with octet c are first[c] .. first[c + 1] - 1 */
	const struct name **wild;     /* everything else that is not exact, by order */
	size_t n_wild;
};

/* False if the arena refused. */
CG_WARN_UNUSED bool names_index(struct names *names, struct arena *arena);
/* Frees the patterns. */
void names_free(struct names *names);
/*
 * The first in file order that matches, or NULL. *limit tells whether a pattern in front of it hit a limit; the search
 * ends there, with NULL. scratch may be NULL if there is no regex.
 */
const struct name *names_find(const struct names *names, struct pattern_scratch *scratch, struct slice name,
			      bool *limit);
/* The same for paths, where a name covers what is below it as well. */
const struct name *names_find_path(const struct names *names, struct pattern_scratch *scratch, struct slice path,
				   bool *limit);
/* A star stands for any number of octets. below: what is below a match, as in paths, matches too. */
bool glob_match(struct slice glob, struct slice s, bool below);

/* ---- The ruleset. ---- */

struct ruleset {
	struct arena arena; /* everything below but the patterns */
	struct purpose purposes[PURPOSES_MAX];
	size_t n_purposes;
	struct policy policy;
	enum ruleset_mode mode;
	struct signal_rule signals[SIGNAL_COUNT];
	struct opt_out_rule *opt_outs;
	size_t n_opt_outs;
	struct inject_cookie_rule *injects;
	size_t n_injects;
	struct cookie_rule *cookies;
	size_t n_cookies;
	struct param_rule *params;
	size_t n_params;
	struct path_rule *paths;
	size_t n_paths;
	struct names cookie_names;
	struct names param_names;
	struct names path_names;
	struct cookie_rule unnamed;
	const struct rule **rules; /* all that can decide, in file order */
	size_t n_rules;
};

/* ---- The builder: lives while loading. ---- */

#define RULESET_MEMORY	   (256 * 1024 * 1024) /* octets that a ruleset may take, and its syntax trees again */
#define INCLUDE_DEPTH_MAX  16
#define FILES_MAX	   1024
#define NAMES_MAX	   65536 /* in statements of one kind, patterns included */
#define PATTERNS_MAX	   4096
#define POLICY_VERSION_MAX 64
#define PURPOSE_NAME_MAX   32

/* One file of the load. */
struct file {
	struct slice path; /* as shown; in the ruleset's arena */
	struct source *source;
	bool shipped;			  /* shipped knowledge: its words are not the operator's to change */
	const struct file *parent;	  /* the file that includes it; NULL for the first */
	const struct statement *included; /* the statement that does */
	const struct word *included_word;
	unsigned depth;
	bool covered_told; /* a warning said that its rules are covered */
	struct file *next; /* in order of inclusion */
};

/* One statement, in order of inclusion over all files. */
struct item {
	const struct statement *s;
	struct file *file;
	const struct keyword *keyword;		  /* NULL if unknown */
	const struct inject_cookie_rule *injects; /* what an inject statement was compiled to */
	struct item *next;
};

/* A purpose that shipped knowledge uses and the operator did not declare; told once for each file. */
struct missing_purpose {
	const struct file *file;
	struct slice name;
	struct missing_purpose *next;
};

struct builder {
	struct ruleset *rs;
	struct arena tree; /* syntax trees and other things that live while loading */
	const struct loader *loader;
	struct diagnostics *d;
	struct file *files, **last_file;
	size_t n_files;
	struct item *items, **last_item;
	const struct item *policy, *mode; /* the first of each */
	const struct statement *purpose_statements[PURPOSES_MAX];
	const char *purpose_names[PURPOSES_MAX]; /* for suggestions */
	bool too_many_purposes, too_many_names;	 /* told */
	struct missing_purpose *missing;
	size_t n_patterns;
};

/* A statement of the language. early, before all others are handled, is for declarations; either may be NULL. */
struct keyword {
	const char *word;
	void (*early)(struct builder *b, const struct item *item);
	void (*handle)(struct builder *b, struct item *item);
	bool block; /* it may have one */
};

/* A diagnostic at a word of a statement. hint may be NULL. */
#define build_error(b, s, w, hint, ...)                                                                       \
	diagnostics_add((b)->d, SEVERITY_ERROR, (struct position[]){word_position((s)->source, (w))}, (hint), \
			__VA_ARGS__)
#define build_warning(b, s, w, hint, ...)                                                                       \
	diagnostics_add((b)->d, SEVERITY_WARNING, (struct position[]){word_position((s)->source, (w))}, (hint), \
			__VA_ARGS__)
/* An error just behind the statement's last word, where something is missing. */
#define build_missing(b, s, hint, ...) \
	diagnostics_add((b)->d, SEVERITY_ERROR, (struct position[]){statement_end_position(s)}, (hint), __VA_ARGS__)

/* compile.c */

/* Text for a hint, in the tree's arena; cut at 300 octets; "" if the arena refused. */
const char *build_hint(struct builder *b, const char *fmt, ...) CG_PRINTF(2, 3);
/* "did you mean ..." or, if nothing is near, `otherwise`, which may be NULL. */
const char *build_suggest(struct builder *b, struct slice word, const char *const *candidates, size_t n,
			  const char *otherwise);
/* "FILE:LINE" of a statement, for messages. */
const char *build_place(struct builder *b, const struct statement *s);
/* Where a statement stands, its text in the ruleset's arena. */
struct rule build_rule(struct builder *b, const struct file *file, const struct statement *s);
/* Adds to the list of all rules. */
void build_add_rule(struct builder *b, const struct rule *rule);
/* The text as written where a regex makes no sense, e.g. a path that looks like one. */
struct slice word_plain(const struct word *w);
/* Complains if there is a word at index `from`; true if not. */
bool build_no_more_words(struct builder *b, const struct statement *s, size_t from);

/* compile_files.c: reads path and what it includes into b->items. */
void compile_files(struct builder *b, struct slice path);

/* compile_clauses.c: what stands behind the subject of a statement. */

enum clause {
	CLAUSE_IS = 1,
	CLAUSE_DENIES = 2,
	CLAUSE_IGNORED = 4,
	CLAUSE_FOR = 8,
	CLAUSE_MAX_AGE = 16,
	CLAUSE_SECURE = 32,
	CLAUSE_HTTPONLY = 64,
	CLAUSE_SAMESITE = 128,
	CLAUSE_PATH = 256,
	CLAUSE_DOMAIN = 512,
	CLAUSE_LATER = 1024, /* sealed, replaced: of later capabilities */
};

struct clauses {
	unsigned seen; /* enum clause */
	bool ok;       /* no error was found in them */
	purposes is;
	purposes denies;
	int64_t seconds; /* of for or max-age */
	enum same_site same_site;
	struct slice path;
	struct slice domain; /* lower case, without a leading dot; in the tree's arena */
	const struct word *path_word, *domain_word;
};

/* Reads words[from..] as clauses, of which this statement may have `allowed`. Every error is reported. */
struct clauses clauses_read(struct builder *b, const struct item *item, size_t from, unsigned allowed);
/* True if the word begins one of these clauses. */
bool clause_begins(const struct word *w, unsigned clauses);
/* One purpose by its word; 0 after an error. */
purposes build_purpose(struct builder *b, const struct file *file, const struct statement *s, const struct word *w);

/* A duration above 0 and at most 400 days; false after an error. */
bool build_days(struct builder *b, const struct statement *s, const struct word *w, int64_t *seconds);

/* compile_names.c */

enum name_of { NAME_OF_COOKIE, NAME_OF_PARAM, NAME_OF_PATH };

/*
 * Reads words[1..] up to the first that begins one of the clauses, and adds them to the set. Returns the index of the
 * first word that is no name; 1, after an error, if there is none.
 */
size_t names_read(struct builder *b, const struct item *item, enum name_of of, unsigned clauses, struct names *set,
		  const struct rule *rule, size_t order);
/* Adds a name that no statement spells out. */
void names_add_implied(struct builder *b, struct names *set, struct slice name, const struct rule *rule);

/* compile_covered.c: warnings for what can never match. After names_index(). */
void covered_check(struct builder *b);

/* The statements: rules_*.c. */
void declare_purpose(struct builder *b, const struct item *item);
void rules_policy(struct builder *b, struct item *item);
void rules_mode(struct builder *b, struct item *item);
void rules_opt_out(struct builder *b, struct item *item);
void rules_signal(struct builder *b, struct item *item);
void rules_cookie(struct builder *b, struct item *item);
void rules_param(struct builder *b, struct item *item);
void rules_path(struct builder *b, struct item *item);
void rules_inject(struct builder *b, struct item *item);
/* After all statements: cookies that are injected twice, or that carry an opt-out; implied cookie rules. */
void rules_inject_finish(struct builder *b);
/* Statements of later capabilities. */
void rules_later(struct builder *b, struct item *item);

/* rules_consent.c: NAME=VALUE with a name that is a token and not reserved; false after an error. */
bool cookie_word(struct builder *b, const struct statement *s, const struct word *w, struct slice *name,
		 struct slice *value);
/* Only cookie-octets (RFC 6265 4.1.1). */
bool cookie_octets(struct slice s);
/* True for the names of crumbgate's own cookie. */
bool reserved_cookie(struct slice name);

#endif
