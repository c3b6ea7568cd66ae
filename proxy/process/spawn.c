#include "proxy/process/spawn.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rules/base/slice.h"

#define ARG_MAX_OCTETS 4096

/*
 * The words behind "worker": readable in ps, and checked again by worker_args_parse().
 * index=0 generation=1 control=7 bundle=8 regions=-1 log=9 counters=10 page=0 uid=65534 gid=65534 listen=5,6
 */
struct words {
	char numbers[10][48];
	char listen[ARG_MAX_OCTETS];
};

static void write_number(char out[48], const char *name, long long v)
{
	(void)snprintf(out, 48, "%s=%lld", name, v);
}

static bool write_words(const struct worker_args *a, struct words *w)
{
	size_t n = 7;

	write_number(w->numbers[0], "index", a->index);
	write_number(w->numbers[1], "generation", a->generation);
	write_number(w->numbers[2], "control", a->control);
	write_number(w->numbers[3], "bundle", a->bundle);
	write_number(w->numbers[4], "regions", a->regions);
	write_number(w->numbers[5], "log", a->access_log);
	write_number(w->numbers[6], "counters", a->counters);
	write_number(w->numbers[7], "page", a->counter_page);
	write_number(w->numbers[8], "uid", a->identity.change ? (long long)a->identity.uid : -1);
	write_number(w->numbers[9], "gid", a->identity.change ? (long long)a->identity.gid : -1);
	(void)snprintf(w->listen, sizeof w->listen, "listen=");
	for (size_t i = 0; i < a->n_listens; i++) {
		int k = snprintf(w->listen + n, sizeof w->listen - n, i ? ",%d" : "%d", a->listens[i]);

		if (k < 0 || (size_t)k >= sizeof w->listen - n)
			return false;
		n += (size_t)k;
	}
	return true;
}

static void hand_over(int fd)
{
	if (fd > STDERR_FILENO)
		(void)fcntl(fd, F_SETFD, 0);
}

static void reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * By descriptor, not by the name /proc/self/exe: under a tool that runs the program inside its own process (valgrind)
 * that name would start the tool.
 */
static void exec_self(char *const argv[])
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd != -1)
		(void)fexecve(fd, argv, environ);
}

/* In the child: only calls that are safe after fork. */
static _Noreturn void become_worker(const struct worker_args *a, char *const argv[])
{
	reset_signals();
	/* What crumbgate itself was started with open is none of a worker's business. */
	(void)close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	hand_over(a->control);
	hand_over(a->bundle);
	hand_over(a->regions);
	hand_over(a->access_log);
	hand_over(a->counters);
	for (size_t i = 0; i < a->n_listens; i++)
		hand_over(a->listens[i]);
	exec_self(argv);
	_exit(127);
}

pid_t spawn_worker(const struct worker_args *a)
{
	static struct words w; /* too large for comfort on the stack; the parent has one thread */
	static char program[] = "crumbgate", command[] = "worker";
	char *const argv[] = {program,	    command,	  w.numbers[0], w.numbers[1], w.numbers[2],
			      w.numbers[3], w.numbers[4], w.numbers[5], w.numbers[6], w.numbers[7],
			      w.numbers[8], w.numbers[9], w.listen,	NULL};
	sigset_t all, before;
	pid_t pid;

	if (!write_words(a, &w))
		return -1;
	/* A signal between fork and exec must not reach the parent's handlers, which share its pipe. */
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		become_worker(a, argv);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* -- in the worker ------------------------------------------------------------------------------------------------- */

static bool read_number(const char *word, const char *name, bool optional, int64_t *v)
{
	struct slice s = slice_str(word), key;
	uint64_t u;

	if (!slice_cut(s, '=', &key, &s) || !slice_eq(key, slice_str(name)))
		return false;
	*v = -1;
	if (optional && slice_eq(s, SLICE("-1")))
		return true;
	if (!slice_to_u64(s, UINT32_MAX, &u))
		return false;
	*v = (int64_t)u;
	return true;
}

static bool take_descriptor(int64_t v, int *fd)
{
	*fd = (int)v;
	return v >= 0 && v <= INT32_MAX && fcntl(*fd, F_SETFD, FD_CLOEXEC) == 0;
}

static bool read_listens(const char *word, struct worker_args *a)
{
	struct slice rest = slice_str(word), one;
	bool more = true;

	if (!slice_cut(rest, '=', &one, &rest) || !slice_eq(one, SLICE("listen")))
		return false;
	while (more) {
		uint64_t v;

		more = slice_cut(rest, ',', &one, &rest);
		if (a->n_listens == CG_COUNT(a->listens) || !slice_to_u64(one, INT32_MAX, &v) ||
		    !take_descriptor((int64_t)v, &a->listens[a->n_listens++]))
			return false;
	}
	return true;
}

bool worker_args_parse(int argc, char **argv, struct worker_args *a)
{
	int64_t index, generation, control, bundle, regions, log, counters, page, uid, gid;

	memset(a, 0, sizeof *a);
	if (argc != 12 || !read_number(argv[1], "index", false, &index) ||
	    !read_number(argv[2], "generation", false, &generation) ||
	    !read_number(argv[3], "control", false, &control) || !read_number(argv[4], "bundle", false, &bundle) ||
	    !read_number(argv[5], "regions", true, &regions) || !read_number(argv[6], "log", true, &log) ||
	    !read_number(argv[7], "counters", true, &counters) || !read_number(argv[8], "page", false, &page) ||
	    !read_number(argv[9], "uid", true, &uid) || !read_number(argv[10], "gid", true, &gid) ||
	    !read_listens(argv[11], a))
		return false;
	a->index = (unsigned)index;
	a->generation = (unsigned)generation;
	a->access_log = -1;
	a->regions = -1;
	a->counters = -1;
	a->counter_page = (unsigned)page;
	a->identity = (struct identity){.change = uid >= 0 && gid >= 0, .uid = (uid_t)uid, .gid = (gid_t)gid};
	if (log >= 0 && log <= STDERR_FILENO)
		a->access_log = (int)log;
	else if (log >= 0 && !take_descriptor(log, &a->access_log))
		return false;
	if (regions >= 0 && !take_descriptor(regions, &a->regions))
		return false;
	if (counters >= 0 && !take_descriptor(counters, &a->counters))
		return false;
	return take_descriptor(control, &a->control) && take_descriptor(bundle, &a->bundle);
}
