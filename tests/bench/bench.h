/*
 * What programs that measure share. A program names its operations between bench_begin() and bench_end():
 *
 *   PROGRAM [FILE...]  measures all of them: a row each
 *   PROGRAM -s         also those over input made to be slow
 *   PROGRAM -c         does each of them a few times and prints nothing: bench.py has the instructions counted
 *
 * What inputs and operations hold lives until the process ends.
 */
#ifndef CG_TESTS_BENCH_BENCH_H
#define CG_TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/base/attributes.h"
#include "rules/base/slice.h"

struct bench_input {
	const char *name;
	struct slice octets;
};

struct bench_options {
	bool slow;
	const struct bench_input *files; /* those named on the command line */
	size_t n_files;
};

/* Ends the process if the command line is wrong or a file cannot be read. */
struct bench_options bench_begin(int argc, char **argv);
int bench_end(void);

/* One operation; what it returns stands in its row, to show that the work was done. */
typedef size_t (*bench_op)(void *arg);

/* Names it, by a format. octets: that it goes over, for the column GB/s, or 0. */
void bench_add(bench_op op, void *arg, size_t octets, const char *name, ...) CG_PRINTF(4, 5);

/* A copy that an operation may keep. */
void *bench_keep(const void *p, size_t n);

/* -- inputs -------------------------------------------------------------------------------------------------------- */

#define BENCH_PIECE 16384u	/* what pages are handed over in */
#define BENCH_LARGE (20u << 20) /* of inputs made to be slow */

/* A marketing page of about 120 KB: cards with links and images, scripts, icons, a comment. */
struct slice bench_page(void);
/* begin, and then again until there are `octets`. */
struct slice bench_repeated(const char *begin, const char *again, size_t octets);

#endif
