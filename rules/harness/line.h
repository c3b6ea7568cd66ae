/*
 * The lines of a test file: comments and blank lines left out, here-documents taken up by the line that opens them,
 * tables filled in.
 */
#ifndef CG_RULES_HARNESS_LINE_H
#define CG_RULES_HARNESS_LINE_H

#include <stdbool.h>

#include "rules/base/arena.h"
#include "rules/base/diagnostic.h"
#include "rules/base/slice.h"

struct test_line {
	struct slice text; /* without its end; with {column} replaced in a table's case */
	struct slice body; /* of a here-document: its lines with their ends */
	bool has_body;
	bool indented;
	bool varied; /* a cell of the table changed it */
	unsigned number;
	struct test_line *next;
};

/* A table: names of columns, and rows of as many cells; linked rows in order. */
struct test_row {
	struct slice *cells;
	struct slice text; /* the row as written, trimmed, outer bars removed */
	struct test_row *next;
};

struct test_table {
	struct slice *columns;
	bool *used; /* some line names it */
	size_t n_columns;
	struct test_row *rows;
};

/* All lines that mean something, in order; NULL if there are none or the arena refused. */
struct test_line *test_lines(struct slice path, struct slice text, struct arena *arena, struct diagnostics *d);

/*
 * The place of `where`, which must be a part of the line's text; the whole line, trimmed, if it is empty with p NULL.
 */
struct position line_position(struct slice path, const struct test_line *line, struct slice where);

/*
 * Reads the table whose first row is `first` (an indented line); ends at the first line that is not indented. NULL
 * after errors, which are in d, or if the arena refused.
 */
struct test_table *table_read(struct slice path, const struct test_line *head, const struct test_line *first,
			      struct arena *arena, struct diagnostics *d);

/* A copy of text with each {column} replaced by the row's cell; the very same slice if it names none. */
struct slice table_fill(const struct test_table *t, const struct test_row *row, struct slice text, struct arena *arena);

#endif
