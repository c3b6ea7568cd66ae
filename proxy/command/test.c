/* crumbgate test: QA cases, through the rules library or through a running crumbgate. */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proxy/command/command.h"
#include "proxy/command/site.h"
#include "proxy/command/test_codec.h"
#include "proxy/command/test_through.h"
#include "rules/harness/report.h"

#define OUTPUT_MAX (64 * 1024 * 1024)
#define DEPTH_MAX  32
#define PATHS_MAX  (64 * 1024 * 1024)

enum format { FORMAT_TEXT, FORMAT_TAP, FORMAT_JSON };

struct test_command {
	const char *rules;
	const char *config_path;
	const char *filter;
	const char *junit_path;
	enum format format;
	bool quiet;
	bool colour;
	bool all_classes;
	bool coverage;
	struct through_options through;

	struct disk_loader *disk;
	struct arena arena; /* paths */
	struct diagnostics d;
	struct config *config;
	struct tls_consent_keys *keys;
	struct through *transport;
	struct test_codec *codec;
	struct harness harness;
	size_t files;

	struct buffer out;	   /* of the case just played */
	struct buffer junit_cases; /* of the file being played */
	struct buffer junit;
	const struct test_file *file; /* of the last case */
	struct harness_counts in_file;
	size_t number;
	size_t uncovered; /* rules told so far */
};

static const char usage[] =
	"usage: crumbgate test [OPTION]... FILE|DIR...\n\n"
	"Runs test cases (files named *.test in directories) against the rules they name.\n\n"
	"  -r, --rules FILE      use these rules in place of those that the files name\n"
	"  -c, --config FILE     a crumbgate.conf: rules of its sites for cases that name none\n"
	"  -f, --filter TEXT     only cases whose name holds TEXT\n"
	"  -q, --quiet           show only what is not ok\n"
	"      --all-classes     each case once more for each set of granted purposes: what is denied must not pass\n"
	"      --coverage        list the rules that no case exercised\n"
	"      --tap             results as TAP\n"
	"      --json            results as JSON\n"
	"      --junit FILE      also write results as JUnit XML to FILE\n\n"
	"Through a running crumbgate, whose upstream the harness plays itself:\n"
	"      --through HOST:PORT   where it listens for TLS, for https cases\n"
	"      --plain HOST:PORT     where it listens without TLS, for http cases\n"
	"      --origin ADDR:PORT    be the origin here\n"
	"      --cacert FILE         trust certificates signed by these\n"
	"      --insecure            trust any certificate\n"
	"  with -c, the running crumbgate's configuration: its consent keys sign what cases give\n\n"
	"Exit status: 0 all ok, 1 a case failed, 2 usage, or test files or rules are wrong.\n";

static int usage_error(const char *what)
{
	fprintf(stderr, "crumbgate test: %s\nwrite \"crumbgate test --help\" for what can be written\n", what);
	return EXIT_USAGE;
}

/* -- output -------------------------------------------------------------------------------------------------------- */

static void flush(struct buffer *b, FILE *to)
{
	if (b->n)
		(void)fwrite(b->p, 1, b->n, to);
	buffer_clear(b);
}

static void end_file(struct test_command *t)
{
	if (t->file && t->junit_path)
		report_junit_suite(&t->junit, t->file->path, &t->in_file, buffer_slice(&t->junit_cases));
	buffer_clear(&t->junit_cases);
	t->in_file = (struct harness_counts){0};
}

static void count_in_file(struct test_command *t, enum case_status status)
{
	t->in_file.passed += status == CASE_PASSED;
	t->in_file.failed += status == CASE_FAILED;
	t->in_file.skipped += status == CASE_SKIPPED;
	t->in_file.broken += status == CASE_BROKEN;
}

static void text_case(struct test_command *t, const struct case_result *r)
{
	if (t->file != r->file && !t->quiet)
		buffer_printf(&t->out, "%s%.*s\n", t->number > 1 ? "\n" : "", SLICE_ARG(r->file->path));
	if (!t->quiet || (r->status != CASE_PASSED && r->status != CASE_SKIPPED))
		report_text_case(&t->out, t->colour, r);
}

static void on_case(void *arg, const struct case_result *r)
{
	struct test_command *t = arg;

	t->number++;
	if (t->format == FORMAT_TAP) {
		report_tap_case(&t->out, t->number, r);
	} else if (t->format == FORMAT_JSON) {
		buffer_add_str(&t->out, t->number > 1 ? ",\n" : "");
		report_json_case(&t->out, r);
	} else {
		text_case(t, r);
	}
	if (t->file != r->file)
		end_file(t);
	t->file = r->file;
	count_in_file(t, r->status);
	if (t->junit_path)
		report_junit_case(&t->junit_cases, r);
	flush(&t->out, stdout);
	(void)fflush(stdout);
}

static void begin_output(struct test_command *t)
{
	buffer_init(&t->out, OUTPUT_MAX);
	buffer_init(&t->junit_cases, OUTPUT_MAX);
	buffer_init(&t->junit, OUTPUT_MAX);
	buffer_add_str(&t->junit, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"crumbgate\">\n");
	if (t->format == FORMAT_TAP)
		report_tap_head(&t->out, harness_count(&t->harness));
	else if (t->format == FORMAT_JSON)
		buffer_add_str(&t->out, "{\"cases\":[\n");
	flush(&t->out, stdout);
}

static bool write_junit(struct test_command *t)
{
	FILE *f = fopen(t->junit_path, "we");
	bool ok;

	buffer_add_str(&t->junit, "</testsuites>\n");
	ok = f && !t->junit.failed && fwrite(t->junit.p, 1, t->junit.n, f) == t->junit.n;
	if (f && fclose(f) != 0)
		ok = false;
	if (!ok)
		fprintf(stderr, "crumbgate test: %s: %s\n", t->junit_path,
			t->junit.failed ? "too large" : strerror(errno));
	return ok;
}

static void on_uncovered(void *arg, const struct rule *rule)
{
	struct test_command *t = arg;

	if (t->format == FORMAT_JSON)
		report_json_rule(&t->out, t->uncovered++ == 0, rule);
	else
		report_uncovered(&t->out, t->format == FORMAT_TAP, t->colour, t->uncovered++ == 0, rule);
}

static void add_coverage(struct test_command *t)
{
	struct coverage c;

	if (!t->coverage)
		return;
	buffer_add_str(&t->out, t->format == FORMAT_JSON ? ",\"unexercised\":[" : "");
	if (!harness_coverage(&t->harness, &c, on_uncovered, t))
		fputs("crumbgate test: memory ran out; the coverage is incomplete\n", stderr);
	if (t->format == FORMAT_JSON)
		report_json_coverage(&t->out, &c);
	else
		report_coverage(&t->out, t->format == FORMAT_TAP, &c);
}

static bool end_output(struct test_command *t, const struct harness_counts *n)
{
	end_file(t);
	if (t->format == FORMAT_JSON) {
		buffer_add_str(&t->out, "\n],");
		report_json_counts(&t->out, n);
		add_coverage(t);
		buffer_add_str(&t->out, "}\n");
	} else if (t->format == FORMAT_TEXT) {
		buffer_add_str(&t->out, t->quiet ? "" : "\n");
		report_text_summary(&t->out, t->colour, n);
	}
	if (t->format != FORMAT_JSON)
		add_coverage(t);
	flush(&t->out, stdout);
	return !t->junit_path || write_junit(t);
}

/* -- files --------------------------------------------------------------------------------------------------------- */

static void file_problem(struct test_command *t, const char *path, const char *why)
{
	struct position at = {.file = slice_str(path)};

	diagnostics_add(&t->d, SEVERITY_ERROR, &at, NULL, "%s", why);
}

static void add_file(struct test_command *t, const char *path)
{
	t->files++;
	(void)harness_add(&t->harness, arena_copy(&t->arena, slice_str(path)));
}

static int wanted_entry(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static void add_path(struct test_command *t, const char *path, bool named, unsigned depth);

static void add_directory(struct test_command *t, const char *path, unsigned depth)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, wanted_entry, alphasort);
	size_t end = strlen(path);
	const char *slash = end && path[end - 1] == '/' ? "" : "/";

	if (n < 0 || depth > DEPTH_MAX) {
		file_problem(t, path, n < 0 ? strerror(errno) : "directories are nested too deeply");
		n = n < 0 ? 0 : n;
	}
	for (int i = 0; i < n; i++) {
		struct slice child = arena_printf(&t->arena, "%s%s%s", path, slash, names[i]->d_name);
		char *name = arena_cstr(&t->arena, child);

		if (name && depth <= DEPTH_MAX)
			add_path(t, name, false, depth + 1);
		free(names[i]);
	}
	free(names);
}

/* A path that was named is taken as it is; one found in a directory only if it is called *.test. */
static void add_path(struct test_command *t, const char *path, bool named, unsigned depth)
{
	struct stat st;

	if (stat(path, &st) != 0)
		file_problem(t, path, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		add_directory(t, path, depth);
	else if (named || slice_ends_with(slice_str(path), SLICE(".test")))
		add_file(t, path);
}

/* -- the run ------------------------------------------------------------------------------------------------------- */

static int no_memory(void)
{
	fputs("crumbgate test: memory ran out\n", stderr);
	return EXIT_USAGE;
}

static bool load_config(struct test_command *t)
{
	bool named = false;

	if (!t->config_path)
		return true;
	t->config = site_config_load(&t->disk->loader, t->config_path, &t->d);
	if (!t->config)
		return false;
	if (t->through.origin)
		t->keys = site_keys_load(&t->disk->loader, t->config, &t->d, &named);
	t->through.consent = t->keys != NULL;
	return t->keys || !named;
}

static struct harness_options options_of(const struct test_command *t)
{
	return (struct harness_options){
		.loader = &t->disk->loader,
		.rules = slice_str(t->rules),
		.filter = slice_str(t->filter),
		.site_rules = t->config ? site_rules_of : NULL,
		.site_rules_arg = t->config,
		.mac = t->keys ? tls_consent_mac(t->keys) : NULL,
		.seal = t->keys ? tls_seal_ops(t->keys) : NULL,
		.transport = t->transport ? through_transport(t->transport) : NULL,
		.now = t->transport ? (int64_t)time(NULL) : 0,
		.all_classes = t->all_classes,
		.coverage = t->coverage,
		.codec = test_codec_ops(t->codec),
		.sha256 = tls_sha256,
	};
}

static int play(struct test_command *t)
{
	struct harness_counts n;

	if (harness_count(&t->harness) == 0) {
		fprintf(stderr, "crumbgate test: %s\n",
			t->files ? "no case's name holds the text of --filter" : "there is no *.test file there");
		return EXIT_USAGE;
	}
	begin_output(t);
	n = harness_run(&t->harness, on_case, t);
	if (!end_output(t, &n))
		return EXIT_USAGE;
	return n.failed || n.broken ? EXIT_FINDINGS : EXIT_GOOD;
}

static int load_and_play(struct test_command *t, char **paths, int n_paths)
{
	struct harness_options options;

	if (!load_config(t)) {
		print_diagnostics(&t->d);
		return EXIT_USAGE;
	}
	if (t->through.origin && !(t->transport = through_new(&t->through)))
		return EXIT_USAGE;
	t->codec = test_codec_new();
	if (!t->codec)
		return no_memory();
	options = options_of(t);
	if (!harness_init(&t->harness, &options, &t->d))
		return no_memory();
	for (int i = 0; i < n_paths; i++)
		add_path(t, paths[i], true, 0);
	/* Before the results: warnings in the middle would break them. */
	print_diagnostics(&t->d);
	return diagnostics_ok(&t->d) ? play(t) : EXIT_USAGE;
}

static int run(struct test_command *t, char **paths, int n_paths)
{
	int status;

	t->disk = disk_loader_new();
	diagnostics_init(&t->d);
	arena_init(&t->arena, 0, PATHS_MAX);
	t->colour = t->format == FORMAT_TEXT && wants_colour(STDOUT_FILENO);
	status = t->disk ? load_and_play(t, paths, n_paths) : no_memory();
	harness_free(&t->harness);
	through_free(t->transport);
	test_codec_free(t->codec);
	tls_consent_keys_free(t->keys);
	config_free(t->config);
	buffer_free(&t->out);
	buffer_free(&t->junit_cases);
	buffer_free(&t->junit);
	diagnostics_free(&t->d);
	arena_free(&t->arena);
	disk_loader_free(t->disk);
	return status;
}

/* -- options ------------------------------------------------------------------------------------------------------- */

enum {
	OPT_TAP = 256,
	OPT_JSON,
	OPT_JUNIT,
	OPT_ALL_CLASSES,
	OPT_COVERAGE,
	OPT_THROUGH,
	OPT_PLAIN,
	OPT_ORIGIN,
	OPT_CACERT,
	OPT_INSECURE
};

static const struct option long_options[] = {
	{"rules", required_argument, NULL, 'r'},
	{"config", required_argument, NULL, 'c'},
	{"filter", required_argument, NULL, 'f'},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{"tap", no_argument, NULL, OPT_TAP},
	{"json", no_argument, NULL, OPT_JSON},
	{"junit", required_argument, NULL, OPT_JUNIT},
	{"all-classes", no_argument, NULL, OPT_ALL_CLASSES},
	{"coverage", no_argument, NULL, OPT_COVERAGE},
	{"through", required_argument, NULL, OPT_THROUGH},
	{"plain", required_argument, NULL, OPT_PLAIN},
	{"origin", required_argument, NULL, OPT_ORIGIN},
	{"cacert", required_argument, NULL, OPT_CACERT},
	{"insecure", no_argument, NULL, OPT_INSECURE},
	{NULL, 0, NULL, 0},
};

static void take_through_option(struct test_command *t, int option)
{
	if (option == OPT_THROUGH)
		t->through.tls = optarg;
	else if (option == OPT_PLAIN)
		t->through.plain = optarg;
	else if (option == OPT_ORIGIN)
		t->through.origin = optarg;
	else if (option == OPT_CACERT)
		t->through.ca = optarg;
	else
		t->through.insecure = true;
}

/* False for --help and mistakes, with the exit status in *status. */
static bool take_option(struct test_command *t, int option, int *status)
{
	switch (option) {
	case 'r':
		t->rules = optarg;
		return true;
	case 'c':
		t->config_path = optarg;
		return true;
	case 'f':
		t->filter = optarg;
		return true;
	case 'q':
		t->quiet = true;
		return true;
	case OPT_TAP:
	case OPT_JSON:
		t->format = option == OPT_TAP ? FORMAT_TAP : FORMAT_JSON;
		return true;
	case OPT_JUNIT:
		t->junit_path = optarg;
		return true;
	case OPT_ALL_CLASSES:
		t->all_classes = true;
		return true;
	case OPT_COVERAGE:
		t->coverage = true;
		return true;
	case 'h':
		fputs(usage, stdout);
		*status = EXIT_GOOD;
		return false;
	case '?':
		*status = usage_error("the options are wrong");
		return false;
	default:
		take_through_option(t, option);
		return true;
	}
}

int command_test(int argc, char **argv)
{
	struct test_command t = {0};
	int option, status;

	optind = 1;
	while ((option = getopt_long(argc, argv, "r:c:f:qh", long_options, NULL)) != -1)
		if (!take_option(&t, option, &status))
			return status;
	if (optind == argc)
		return usage_error("name a test file or a directory with test files");
	if ((t.through.tls || t.through.plain) && !t.through.origin)
		return usage_error(
			"--through needs --origin ADDR:PORT, which must be the upstream of the running crumbgate");
	if (t.through.origin && !t.through.tls && !t.through.plain)
		return usage_error("--origin needs --through HOST:PORT or --plain HOST:PORT");
	return run(&t, argv + optind, argc - optind);
}
