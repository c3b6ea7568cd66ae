/*
 * From text to words: the lexical half of the grammar of statement.h. Knows no keyword and no block.
 */
#ifndef CG_RULES_LANGUAGE_LEXER_H
#define CG_RULES_LANGUAGE_LEXER_H

#include "rules/base/arena.h"
#include "rules/base/diagnostic.h"
#include "rules/base/slice.h"
#include "rules/language/statement.h"

enum token {
	TOKEN_WORD,
	TOKEN_COMMENT,	/* always followed by TOKEN_LINE_END */
	TOKEN_LINE_END, /* of the logical line: a continued one goes on */
	TOKEN_END,	/* of the text; a last line without end gets its TOKEN_LINE_END first */
};

struct lexer {
	const struct source *src;
	struct arena *arena; /* unescaped strings and here-documents */
	struct diagnostics *d;
	size_t at;	   /* offset of the next octet */
	size_t line_start; /* offset of the line that `at` is in */
	unsigned line;
};

void lexer_init(struct lexer *lx, const struct source *src, struct arena *arena, struct diagnostics *d);

/* TOKEN_WORD fills *w; TOKEN_COMMENT fills *comment ('#' included, without blanks at its end). */
enum token lexer_next(struct lexer *lx, struct word *w, struct slice *comment);

/* Reads the body of a here-document; call it for the word behind the end of whose line the lexer stands. */
void lexer_heredoc(struct lexer *lx, struct word *w);

/* One error for each line that holds a control octet or invalid UTF-8. */
void lexer_check_octets(const struct source *src, struct diagnostics *d);

/* The place of `width` octets at p, which points into src->text. */
struct position source_position(const struct source *src, const char *p, unsigned line, unsigned column, size_t width);

#endif
