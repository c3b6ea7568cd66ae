/* What the parts of the test-file parser share; internal to rules/harness. */
#ifndef CG_RULES_HARNESS_PARSE_H
#define CG_RULES_HARNESS_PARSE_H

#include "rules/harness/line.h"
#include "rules/harness/test_file.h"

/* What indented lines belong to. */
enum test_block {
	BLOCK_NONE,
	BLOCK_REQUEST,
	BLOCK_ORIGIN_HINTS,
	BLOCK_ORIGIN,
	BLOCK_EXPECT_ORIGIN,
	BLOCK_EXPECT_VISITOR,
	BLOCK_EXPECT_HINTS,
	BLOCK_EXPECT_VERDICT,
	BLOCK_EXPECT_CONSENT,
	BLOCK_IGNORE /* after an error in its head */
};

struct parser {
	struct test_file *file;
	struct arena *arena;
	struct diagnostics *d;
	const struct test_line *line; /* the current one */
	struct test_case *test;	      /* being filled; the defaults of the file before the first case */
	enum test_block block;
	bool repeat; /* a later row of a table: lines that no cell changed were complained about already */
	bool has_request, has_origin, has_visitor;
	bool given_consent, given_region, given_time, given_site, given_rules; /* written in this case */
	struct expectation **end;
	size_t work; /* lines parsed, tables unfolded */
};

/* Complains about `where`, a part of the current line (NULL p: about all of it). hint may be NULL. */
void parse_error(struct parser *p, struct slice where, const char *hint, const char *fmt, ...) CG_PRINTF(4, 5);

/* The place of a part of the current line. */
struct position parse_position(const struct parser *p, struct slice where);

/* Takes the next word, up to a blank, off *rest; false at the end. */
bool next_word(struct slice *rest, struct slice *word);
/* The same without taking it; empty at the end. */
struct slice peek_word(struct slice rest);

/*
 * Takes a "string" off *rest: escapes \" \\ \n \t \xHH. False after a complaint.
 */
bool next_string(struct parser *p, struct slice *rest, struct slice *text);
/* Takes a /regex/flags off *rest and compiles it; it belongs to the expectation. False after a complaint. */
bool next_regex(struct parser *p, struct slice *rest, struct expectation *e);
/* Complains if something is left. */
bool expect_end(struct parser *p, struct slice rest);

/* Purposes up to the end of *rest or one of the words `at`, `by`. */
bool next_purposes(struct parser *p, struct slice *rest, struct purpose_list *out);

/* given ... */
void parse_given(struct parser *p, struct slice rest);

/* A line of an expect block. */
void parse_expectation(struct parser *p);
/* expect ...: opens the block. */
void parse_expect(struct parser *p, struct slice rest);

/* Appends an expectation about the current line to the case; NULL if the arena refused. */
struct expectation *add_expectation(struct parser *p, enum expect_side side, enum expect_what what);

/* 2026-03-01, 2026-03-01T12:00[:00][Z], UTC; false if it is none. */
bool time_parse(struct slice s, int64_t *unix_time);

#endif
