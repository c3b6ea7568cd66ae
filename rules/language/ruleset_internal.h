/*
 * What the files of the ruleset share: the compiled structure, and the builder that fills it.
 *
 * ruleset.c          the accessors and lookups of ruleset.h
 * ruleset_names.c    names, wildcards and patterns compiled for lookup
 * ruleset_beacons.c  the accessors and lookups of pages
 * ruleset_accept.c   the accessors and lookups of what is accepted from others
 * compile.c          ruleset_load(): runs the steps below
 * compile_files.c    includes: from files to one list of statements
 * compile_clauses.c  the clauses that statements share: "is", "denies", "max-age", ...
 * compile_names.c    the words in front of "is": names, wildcards, patterns
 * compile_covered.c  rules that can never match
 * compile_covered_urls.c  likewise, URL patterns
 * compile_selector.c words that are a selector
 * compile_url.c      words that are URL patterns
 * elements.c         which elements HTML and SVG have
 * colour.c           the contrast of colours
 * rules_*.c          one file for each group of statements
 */
#ifndef CG_RULES_LANGUAGE_RULESET_INTERNAL_H
#define CG_RULES_LANGUAGE_RULESET_INTERNAL_H

#include "rules/language/ruleset.h"
#include "rules/language/ruleset_accept.h"
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
	struct slice text;    /* exact: the name; prefix: without its star; glob: with its stars; regex: the pattern */
	struct slice flags;   /* of a regex */
	struct slice escaped; /* of an exact name with a star in it: the same as a regular expression */
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
	size_t n_spelled; /* the first of them, which statements spell out; the rest is implied by others */
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

/* ---- Pages. ---- */

/* One URL pattern of a beacon statement: a line of the filter that all of them are compiled to. */
struct beacon_pattern {
	const struct beacon_rule *rule;
	struct slice text; /* as written; a regular expression without slashes and flags */
	struct slice flags;
	bool regex;
	/* While loading, for messages; gone with the syntax trees. */
	bool whole;	   /* takes everything of `host` and below it */
	bool covered;	   /* told */
	struct slice host; /* of "||HOST..."; else empty */
	const struct item *item;
	const struct word *word;
};

/* The file of a list statement. */
struct beacon_list {
	const struct beacon_rule *rule;
	struct filter *filter; /* owned */
};

struct beacons {
	struct beacon_rule *rules; /* of both statements, by order */
	size_t n_rules;
	purposes mask;
	bool placeholder;		 /* some rule has the built-in one */
	struct beacon_pattern *patterns; /* number i is line i + 1 of the filter */
	size_t n_patterns;
	struct filter *filter; /* owned; NULL without patterns */
	struct beacon_list *lists;
	size_t n_lists;
	struct selectors *selectors; /* NULL if there are none; the next too */
	struct literals *literals;
	struct beacon_selector *statements; /* one for each that has a selector */
	size_t n_statements;
	struct beacon_selector **by_selector; /* the first of each id */
	struct beacon_literal *by_literal;
	struct pattern **regexes; /* of `containing`; owned */
	size_t n_regexes;
};

/* ---- The ruleset. ---- */

struct ruleset {
	struct arena arena; /* everything below but the patterns */
	uint64_t identity;
	struct purpose purposes[PURPOSES_MAX];
	size_t n_purposes;
	struct policy policy;
	enum ruleset_mode mode;
	struct signal_rule signals[SIGNAL_COUNT];
	struct opt_out_rule *opt_outs;
	size_t n_opt_outs;
	struct accept_rule *accepts;
	size_t n_accepts;
	struct consent_cookie_rule *consent_cookies; /* their patterns are owned */
	size_t n_consent_cookies;
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
	struct beacons beacons;
	struct inject_html_rule *html;
	struct names *html_paths; /* of each of them */
	size_t n_html;
	struct pages_rule pages;
	struct banner_rule banner;
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
#define LISTS_MAX	   64

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
	const struct word *containing;		  /* the word "containing" of a beacon statement, or NULL */
	size_t selector;			  /* that it belongs to */
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
	const struct item *policy, *mode, *pages, *banner, *consent_mode; /* the first of each */
	const struct statement *purpose_statements[PURPOSES_MAX];
	const char *purpose_names[PURPOSES_MAX]; /* for suggestions */
	bool too_many_purposes, too_many_names;	 /* told */
	struct missing_purpose *missing;
	size_t n_patterns;
	struct buffer filter_text; /* the URL patterns of beacon statements, one a line */
	bool too_many_urls;	   /* told */
};

/* A statement of the language. early, before all others are handled, is for declarations; either may be NULL. */
struct keyword {
	const char *word;
	void (*early)(struct builder *b, const struct item *item);
	void (*handle)(struct builder *b, struct item *item);
	bool block;   /* it may have one */
	bool heredoc; /* likewise */
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
/* True for the first statement of its kind; else an error that names the first. */
bool build_first_of_kind(struct builder *b, const struct item *item, const struct item **first);
/* True if there is one word behind the first, and no more. */
bool build_one_value(struct builder *b, const struct statement *s, const char *example);
/* Memory was refused: the load ends with an error that says so. */
void build_no_memory(struct builder *b);

/* compile_files.c: reads path and what it includes into b->items. */
void compile_files(struct builder *b, struct slice path);
/* Another file was read that decides what the rules do. */
void identity_add(struct ruleset *rs, struct slice text);

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
	CLAUSE_SEALED = 1024,
	CLAUSE_ACTION = 2048, /* inert, removed, replaced by */
	CLAUSE_CONTAINING = 4096,
	CLAUSE_WITHOUT = 8192,
	CLAUSE_PLACE = 16384, /* at, before, after */
	CLAUSE_STATUS = 32768,
	CLAUSE_PATHS = 65536, /* "path" takes paths of the site as in a path statement, any number of them */
	CLAUSE_HTML = 131072, /* a here-document */
	CLAUSE_ANNOUNCED = 262144,
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
	enum beacon_action action;
	struct slice replacement; /* of the source or the tree's arena */
	const struct word *containing_word, *containing;
	struct filter_options without;
	const struct word *place_word, *place; /* the keyword; what stands behind it */
	unsigned status_min, status_max;
	size_t paths_from, paths_to; /* indexes of words */
	const struct word *html;
};

/* Reads words[from..] as clauses, of which this statement may have `allowed`. Every error is reported. */
struct clauses clauses_read(struct builder *b, const struct item *item, size_t from, unsigned allowed);
/* True if the word begins one of these clauses. */
bool clause_begins(const struct word *w, unsigned clauses);
/* WORD [LANGUAGE] "TEXT": one more of texts. */
#define OWN_TEXTS_MAX 64
void own_text_read(struct builder *b, const struct statement *s, unsigned which, struct own_texts *texts);
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
/* The same for words[from..to), without complaint if there is none. */
void names_read_words(struct builder *b, const struct item *item, enum name_of of, size_t from, size_t to,
		      struct names *set, const struct rule *rule, size_t order);
/* Room for n names. False if the arena refused. */
CG_WARN_UNUSED bool names_allocate(struct names *names, size_t n, struct arena *arena);
/* Nothing points at the syntax trees any more. */
void names_forget_trees(struct names *names);
/* Counts one wildcard or regular expression. False if there are too many, which is told once. */
bool build_count_pattern(struct builder *b, const struct statement *s, const struct word *w);
/* Complains about the regular expression of a word, with the caret where it went wrong. */
void build_pattern_error(struct builder *b, const struct statement *s, const struct word *w,
			 const struct pattern_error *error);
/* Adds a name that no statement spells out. */
void names_add_implied(struct builder *b, struct names *set, struct slice name, const struct rule *rule);

/* compile_covered.c: warnings for what can never match. After names_index(). */
void covered_check(struct builder *b);
/* compile_covered_urls.c: likewise. After url_finish(). */
void covered_check_urls(struct builder *b);

/* compile_url.c */

/* True if the word is a URL pattern and no part of a selector. */
bool url_word(const struct word *w);
/* Adds the URL pattern to the filter of the beacons; every error is reported. */
void url_add(struct builder *b, const struct item *item, const struct word *w, const struct beacon_rule *rule);
/* After all statements: compiles them. */
void url_finish(struct builder *b);
/* No pattern points at the syntax trees any more. */
void url_forget_trees(struct beacons *beacons);

/* compile_selector.c */

/* How far into brackets and quotes a selector has come. */
struct selector_scan {
	size_t depth;
	char quote; /* open, or NUL */
	bool escaped;
};

/* Goes on over one word. */
void selector_scan(struct selector_scan *scan, struct slice raw);
/*
 * Adds words[from..to) as one selector list, of the statement's rule or, if that is NULL, of an inject statement. NULL
 * after an error. A single quoted word is taken without its quotes.
 */
struct beacon_selector *selector_read(struct builder *b, const struct item *item, size_t from, size_t to,
				      const struct beacon_rule *rule);
/* Adds a literal, of 2 to 255 octets, that comes from the word. */
void literal_add(struct builder *b, const struct statement *s, const struct word *w, struct slice text,
		 const struct beacon_literal *what);

/* elements.c */

/* True if HTML or SVG have an element of that name; case is ignored. */
bool element_known(struct slice name);
/* A known name near to it, or NULL. */
const char *element_suggest(struct slice name);

/* colour.c */

/* The contrast ratio of two colours 0xRRGGBB, 1 to 21 (WCAG 2.2). */
double colour_contrast(uint32_t a, uint32_t b);

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
void rules_inject_html(struct builder *b, struct item *item);
void rules_consent_mode(struct builder *b, struct item *item);
void rules_beacon(struct builder *b, struct item *item);
void rules_list(struct builder *b, struct item *item);
void rules_pages(struct builder *b, struct item *item);
void rules_banner(struct builder *b, struct item *item);
/* After all statements: compiles patterns, selectors and literals. */
void rules_beacon_finish(struct builder *b);
/* After all statements: cookies that are injected twice, or that carry an opt-out; implied cookie rules. */
void rules_inject_finish(struct builder *b);
void rules_accept(struct builder *b, struct item *item);
void rules_consent_cookie(struct builder *b, struct item *item);

/* rules_consent.c: NAME=VALUE with a name that is a token and not reserved; false after an error. */
bool cookie_word(struct builder *b, const struct statement *s, const struct word *w, struct slice *name,
		 struct slice *value);
/* Only cookie-octets (RFC 6265 4.1.1). */
bool cookie_octets(struct slice s);
/* True for the names of crumbgate's own cookie. */
bool reserved_cookie(struct slice name);

#endif
