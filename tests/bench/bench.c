#include "tests/bench/bench.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define OPERATIONS_MAX 256
#define FILES_MAX      64
#define FILE_MAX       (64u << 20)
#define SPENT	       2e8 /* nanoseconds on each */
#define BATCH	       2e5 /* at least, so that reading the clock does not count */
#define COUNTED	       10  /* times that an operation is done for its instructions; bench.py knows it too */

struct operation {
	char name[80];
	bench_op op;
	void *arg;
	size_t octets;
};

static struct operation all[OPERATIONS_MAX];
static size_t n_all;
static struct bench_input files[FILES_MAX];
static bool counting;

/* -- the command line ---------------------------------------------------------------------------------------------- */

static struct slice read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text = malloc(FILE_MAX);
	size_t n;

	if (!f || !text) {
		perror(path);
		exit(2);
	}
	n = fread(text, 1, FILE_MAX, f);
	fclose(f);
	return slice_of(text, n);
}

static _Noreturn void usage(const char *program)
{
	fprintf(stderr, "usage: %s [-c] [-s] [FILE...]\n", program);
	exit(2);
}

struct bench_options bench_begin(int argc, char **argv)
{
	struct bench_options o = {.files = files};
	int c;

	while ((c = getopt(argc, argv, "cs")) != -1) {
		if (c == '?')
			usage(argv[0]);
		counting = counting || c == 'c';
		o.slow = o.slow || c == 's';
	}
	for (; optind < argc && o.n_files < FILES_MAX; o.n_files++, optind++)
		files[o.n_files] = (struct bench_input){argv[optind], read_file(argv[optind])};
	return o;
}

void bench_add(bench_op op, void *arg, size_t octets, const char *name, ...)
{
	struct operation *o = &all[n_all++];
	va_list ap;

	CG_CHECK(n_all <= OPERATIONS_MAX);
	*o = (struct operation){.op = op, .arg = arg, .octets = octets};
	va_start(ap, name);
	(void)vsnprintf(o->name, sizeof o->name, name, ap);
	va_end(ap);
}

void *bench_keep(const void *p, size_t n)
{
	void *copy = malloc(n);

	CG_CHECK(copy);
	return memcpy(copy, p, n);
}

/* -- measuring ----------------------------------------------------------------------------------------------------- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The most that was resident so far, in KB. */
static long most_memory(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static double batch_of(const struct operation *o, long n)
{
	double from = now();

	for (long i = 0; i < n; i++)
		(void)o->op(o->arg);
	return now() - from;
}

/* Nanoseconds, the least of many batches: others use the machine too. */
static double least(const struct operation *o)
{
	double best, spent = 0, took;
	long n = 1;

	while ((took = batch_of(o, n)) < BATCH)
		n *= 2;
	for (best = took; spent < SPENT; spent += took) {
		took = batch_of(o, n);
		best = took < best ? took : best;
	}
	return best / (double)n;
}

static void row(const struct operation *o)
{
	long before = most_memory();
	size_t result = o->op(o->arg);
	long memory = most_memory() - before;
	double ns = least(o);
	char speed[16] = "-";

	if (o->octets)
		(void)snprintf(speed, sizeof speed, "%.2f", (double)o->octets / ns);
	printf("%-52s  %14.1f  %7s  %10zu  %8ld\n", o->name, ns, speed, result, memory);
	fflush(stdout);
}

/* bench.py has callgrind count what happens in here: it goes by the name. */
__attribute__((noinline)) void bench_counted(bench_op op, void *arg);

void bench_counted(bench_op op, void *arg)
{
	for (int i = 0; i < COUNTED; i++)
		(void)op(arg);
}

static void count(const struct operation *o)
{
	(void)o->op(o->arg); /* what only the first one costs */
	bench_counted(o->op, o->arg);
}

int bench_end(void)
{
	if (!counting)
		printf("%-52s  %14s  %7s  %10s  %8s\n", "operation", "ns", "GB/s", "result", "KB more");
	for (size_t i = 0; i < n_all; i++)
		if (counting)
			count(&all[i]);
		else
			row(&all[i]);
	return 0;
}
