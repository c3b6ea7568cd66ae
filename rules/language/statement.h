/*
 * The one grammar of crumbgate.conf and of rules files: a file is a list of statements; a statement is words up to the
 * end of the line, with an optional block in braces. This layer knows no keyword; it keeps comments and blank lines, so
 * that the formatter can work on it, and it records a position for everything, so that later layers can complain well.
 *
 * Words: bare (no blank, not beginning with '#'; may hold any other visible octet, so {uuid}, img[a="b c"] - a quoted
 * part after '[' or '=' keeps its blanks - and ||host^ are words), "strings" with \" \\ \n \t \xHH escapes, /regular
 * expressions/flags without blanks ('\/' for a slash; flags i m s x), and a here-document <<TAG as the last word, whose
 * text follows the line up to a line that is TAG. A bare word that begins with '/' and is not closed by '/' with flags
 * is a plain word (a path). '{' alone at the end of a line opens a block, '}' alone on a line closes it. A backslash at
 * the very end of a line ends the word and continues the statement on the next; no other word may end with one. '#' at
 * the start of a word begins a comment. LF or CRLF end lines; CRLF in a here-document becomes LF. A byte order mark at
 * the very beginning is skipped. A NUL, another control octet or invalid UTF-8 is an error.
 */
#ifndef CG_RULES_LANGUAGE_STATEMENT_H
#define CG_RULES_LANGUAGE_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/base/arena.h"
#include "rules/base/buffer.h"
#include "rules/base/diagnostic.h"
#include "rules/base/slice.h"

enum word_kind { WORD_BARE, WORD_STRING, WORD_REGEX, WORD_HEREDOC };

struct word {
	enum word_kind kind;
	struct slice raw;  /* as written, quotes, slashes and flags included; for a here-document "<<TAG" */
	struct slice text; /* bare: raw; string: unescaped; regex: the pattern between the slashes; heredoc: its body */
	struct slice flags; /* of a regex */
	unsigned line;
	unsigned column;
};

struct statement {
	struct word *words;
	size_t n_words;		    /* at least 1 */
	struct statement *children; /* first of the block, linked by next; NULL if none or empty */
	bool has_block;
	struct statement *next;
	const struct source *source;
	/* Trivia, for the formatter. */
	struct slice *comments_before; /* whole-line comments in front, '#' included; an empty slice is a blank line */
	size_t n_comments_before;
	struct slice comment;		  /* at the end of the statement's line; empty if none */
	struct slice block_comment;	  /* behind the closing brace */
	struct slice *block_end_comments; /* whole-line comments before the closing brace */
	size_t n_block_end_comments;
};

struct source {
	struct slice path; /* as used in messages */
	struct slice text;
	struct statement *first;
	struct slice *end_comments; /* after the last statement */
	size_t n_end_comments;
};

#define SOURCE_MAX	(4 * 1024 * 1024) /* octets of one file */
#define BLOCK_DEPTH_MAX 16

/*
 * Parses text into the arena. Every error goes to d and parsing goes on at the next line, so one call reports all.
 * Returns NULL only if the arena refused; after errors the tree holds what could be understood.
 * path and text must outlive the tree.
 */
struct source *source_parse(struct slice path, struct slice text, struct arena *arena, struct diagnostics *d);

/* The position of a word, with its source line, for diagnostics_add(). */
struct position word_position(const struct source *src, const struct word *w);
struct position statement_position(const struct statement *s); /* of its first word */
/* Just behind the last word: where something is missing. */
struct position statement_end_position(const struct statement *s);

/* True if the word is bare and equals the text. */
bool word_is(const struct word *w, const char *text);

/* Values, each with its error: false after adding a diagnostic that says what to write instead. */
bool word_duration(const struct statement *s, const struct word *w, struct diagnostics *d,
		   int64_t *seconds); /* 10s 5m 2h 180d 4w */
bool word_milliseconds(const struct statement *s, const struct word *w, struct diagnostics *d,
		       int64_t *ms); /* also 500ms */
bool word_size(const struct statement *s, const struct word *w, struct diagnostics *d, uint64_t max,
	       uint64_t *octets); /* 512 64k 4m 1g */
bool word_number(const struct statement *s, const struct word *w, struct diagnostics *d, uint64_t min, uint64_t max,
		 uint64_t *value);

/* The nearest of the candidates by edit distance (at most 2, and less than its length), or NULL: "did you mean". */
const char *suggest(struct slice word, const char *const *candidates, size_t n);

/*
 * Writes the tree in the canonical form: one blank between words and four of indentation, but in a run of neighbouring
 * lines (no blank line, comment line or block between them) the second words, the words "is", "denies", "grants" and
 * "ignored" or a string that is the third and last word, and the comments at the line ends are aligned in columns.
 * Words stay as they were written, comments and continued lines stay, at most one blank line in a row stays.
 * Idempotent, and the result parses to the same words. Only for a tree that was parsed without errors. False if out is
 * full.
 */
bool source_format(const struct source *src, struct buffer *out);

#endif
