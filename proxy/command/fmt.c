/* crumbgate fmt: one layout for all configuration and rules files. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/command/command.h"
#include "proxy/command/diff.h"
#include "proxy/command/site.h"
#include "proxy/config/disk_loader.h"
#include "rules/language/statement.h"

#define PARSE_MAX  (512u * 1024 * 1024)
#define OUTPUT_MAX (16u * 1024 * 1024)

static const char usage[] =
	"usage: crumbgate fmt [--check] [--diff] FILE...\n"
	"       crumbgate fmt [--check] [--diff] -\n\n"
	"Writes configuration and rules files in the canonical layout, in place; \"-\" filters standard input.\n"
	"Only blanks and line ends change: words and comments stay. A file with errors is left as it is.\n\n"
	"      --check  change nothing; name the files that are not in the canonical layout\n"
	"      --diff   change nothing; show what would change\n"
	"  -h, --help   this text\n\n"
	"Exit status: 0 good, 1 with --check or --diff: something would change, 2 usage, or a file is wrong.\n";

static const struct option options[] = {
	{"check", no_argument, NULL, 'c'},
	{"diff", no_argument, NULL, 'd'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

struct fmt {
	bool check;
	bool diff;
};

static int usage_error(void)
{
	fputs("  \"crumbgate fmt --help\" tells more\n", stderr);
	return EXIT_USAGE;
}

static int failed(const char *name, const char *doing)
{
	fprintf(stderr, "crumbgate fmt: %s: cannot %s: %s\n", name, doing, strerror(errno));
	return EXIT_USAGE;
}

/* -- writing in place ------------------------------------------------------------------------------------------------
 */

static bool write_all(int fd, struct slice s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n == -1 && errno != EINTR)
			return false;
		if (n > 0)
			s = slice_from(s, (size_t)n);
	}
	return true;
}

/* Owner and mode of the old file; giving a file away needs a privilege that an owner of both does not. */
static bool copy_owner(int fd, const struct stat *old)
{
	struct stat now;

	if (fstat(fd, &now) != 0)
		return false;
	if ((now.st_uid != old->st_uid || now.st_gid != old->st_gid) && fchown(fd, old->st_uid, old->st_gid) != 0)
		return false;
	return fchmod(fd, old->st_mode & 07777) == 0;
}

static bool fill_file(int fd, const struct stat *old, struct slice text)
{
	bool good = copy_owner(fd, old) && write_all(fd, text) && fsync(fd) == 0;
	int error = errno;

	if (close(fd) != 0 && good)
		return false;
	errno = error;
	return good;
}

/* Beside the file, then renamed over it: whoever reads it finds the old text or the new one. */
static bool replace_file(const char *path, struct slice text)
{
	char target[PATH_MAX], temporary[PATH_MAX + 8];
	struct stat old;
	int fd, error;

	if (!realpath(path, target) || stat(target, &old) != 0) /* a symbolic link stays one */
		return false;
	snprintf(temporary, sizeof temporary, "%s.XXXXXX", target);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd == -1)
		return false;
	if (fill_file(fd, &old, text) && rename(temporary, target) == 0)
		return true;
	error = errno;
	(void)unlink(temporary);
	errno = error;
	return false;
}

/* -- one file --------------------------------------------------------------------------------------------------------
 */

static bool print_diff(const char *name, struct slice before, struct slice after)
{
	struct buffer out;
	bool good;

	buffer_init(&out, 4 * OUTPUT_MAX);
	good = diff_unified(slice_str(name), before, after, wants_colour(STDOUT_FILENO), &out) &&
	       fwrite(out.p, 1, out.n, stdout) == out.n;
	buffer_free(&out);
	return good;
}

static int deliver(const struct fmt *f, const char *path, const char *name, struct slice before, struct slice after)
{
	bool same = slice_eq(before, after);

	if (f->diff && !same && !print_diff(name, before, after))
		return failed(name, "show the difference");
	if (f->check && !same)
		printf("%s: not in the canonical layout\n", name);
	if (f->check || f->diff)
		return same ? EXIT_GOOD : EXIT_FINDINGS;
	if (!path && after.n == 0)
		return EXIT_GOOD;
	if (!path)
		return fwrite(after.p, 1, after.n, stdout) == after.n ? EXIT_GOOD : failed(name, "write");
	if (!same && !replace_file(path, after))
		return failed(name, "write");
	return EXIT_GOOD;
}

/* path NULL: standard input and output. */
static int format_text(const struct fmt *f, const char *path, const char *name, struct slice text)
{
	struct arena arena;
	struct diagnostics d;
	struct buffer out;
	struct source *src;
	int status = EXIT_USAGE;

	arena_init(&arena, 65536, PARSE_MAX);
	diagnostics_init(&d);
	buffer_init(&out, OUTPUT_MAX);
	src = source_parse(slice_str(name), text, &arena, &d);
	if (!diagnostics_ok(&d)) {
		print_diagnostics(&d);
		fprintf(stderr, "%s: left as it is\n", name);
	} else if (src && source_format(src, &out)) {
		status = deliver(f, path, name, text, buffer_slice(&out));
	} else {
		fprintf(stderr, "crumbgate fmt: %s: memory ran out\n", name);
	}
	buffer_free(&out);
	diagnostics_free(&d);
	arena_free(&arena);
	return status;
}

static int format_file(const struct fmt *f, const char *path)
{
	bool standard = strcmp(path, "-") == 0;
	const char *name = standard ? "standard input" : path;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), status;
	struct buffer text;

	if (fd == -1)
		return failed(name, "read");
	buffer_init(&text, DISK_FILE_MAX);
	if (disk_read_fd(fd, &text))
		status = format_text(f, standard ? NULL : path, name, buffer_slice(&text));
	else
		status = failed(name, "read");
	buffer_free(&text);
	if (!standard)
		close(fd);
	return status;
}

int command_fmt(int argc, char **argv)
{
	struct fmt f = {0};
	int option, status = EXIT_GOOD;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			f.check = true;
			break;
		case 'd':
			f.diff = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_GOOD;
		default:
			return usage_error();
		}
	}
	if (optind == argc) {
		fputs("crumbgate fmt: name a file, or \"-\" for standard input\n", stderr);
		return usage_error();
	}
	for (int i = optind; i < argc; i++) {
		int one = format_file(&f, argv[i]);

		if (one > status)
			status = one;
	}
	return status;
}
