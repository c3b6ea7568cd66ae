/* crumbgate check: everything that could be wrong, before anything is started. */
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "proxy/command/command.h"
#include "proxy/command/site.h"
#include "proxy/config/disk_loader.h"
#include "proxy/config/report.h"
#include "proxy/process/load.h"
#include "proxy/tls/tls.h"
#include "rules/base/json.h"

#define OUTPUT_MAX (4 * 1024 * 1024)

static const char usage[] =
	"usage: crumbgate check [-c FILE | -r FILE] [--json]\n"
	"       crumbgate check --statements\n\n"
	"Reads a configuration with its rules, certificates and keys, and says what is wrong. Starts nothing.\n\n"
	"  -c, --config FILE  the configuration; crumbgate.conf in this folder by default, or else\n"
	"                     /etc/crumbgate/crumbgate.conf\n"
	"  -r, --rules FILE   a file of rules alone\n"
	"      --json         findings as JSON, on standard output\n"
	"      --statements   list what can be written in a configuration\n"
	"  -h, --help         this text\n\n"
	"Exit status: 0 good (there may be warnings), 1 errors were found, 2 usage, or the file cannot be read.\n";

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'}, {"rules", required_argument, NULL, 'r'},
	{"json", no_argument, NULL, 'j'},	  {"statements", no_argument, NULL, 's'},
	{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
};

struct check {
	const char *config_path;
	const char *rules_path;
	bool json;
	struct disk_loader *disk;
	struct diagnostics d;
	size_t sites;
	size_t rules;
	bool unreadable; /* the file itself */
};

static int usage_error(void)
{
	fputs("  \"crumbgate check --help\" tells more\n", stderr);
	return EXIT_USAGE;
}

struct line {
	const char *block; /* "top": outside of every block */
	const char *syntax;
	const char *meaning;
};

static const struct line statements[] = {
#define CG_STATEMENT(block, id, name, times, has_block, min, max, syntax, meaning) {#block, syntax, meaning},
#define CG_TIMEOUT(member, name, value, meaning)				   {"timeouts", name " TIME", meaning},
#define CG_LIMIT(member, name, kind, value, least, most, meaning)		   {"limits", name " " #kind, meaning},
#include "proxy/config/statement_table.h"
#undef CG_STATEMENT
#undef CG_TIMEOUT
#undef CG_LIMIT
};

static void print_statements(void)
{
	const char *block = "";

	for (size_t i = 0; i < CG_COUNT(statements); i++) {
		const struct line *l = &statements[i];

		if (strcmp(block, l->block) != 0)
			printf("%s%s\n", i ? "\n" : "", i ? l->block : "outside of every block");
		block = l->block;
		printf("    %s\n        %s\n", l->syntax, l->meaning);
	}
}

/* -- what is checked ------------------------------------------------------------------------------------------------
 */

static void check_user(struct check *c, const struct config *config)
{
	const struct position at = config_position(config, config->user_line);
	char name[256];

	snprintf(name, sizeof name, "%.*s", SLICE_ARG(config->user));
	if (config->user.n && !getpwnam(name))
		diagnostics_add(&c->d, SEVERITY_ERROR, &at, "make it with: useradd --system NAME",
				"this machine has no user \"%s\"", name);
}

static void check_chroot(struct check *c, const struct config *config)
{
	const struct position at = config_position(config, config->chroot_line);
	char path[4096];
	struct stat st;

	snprintf(path, sizeof path, "%.*s", SLICE_ARG(config->chroot));
	if (config->chroot.n && (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)))
		diagnostics_add(&c->d, SEVERITY_ERROR, &at, "make an empty one that belongs to root",
				"there is no folder %s", path);
}

/* The file itself is made by run. */
static void check_access_log(struct check *c, const struct config *config)
{
	const struct position at = config_position(config, config->access_log_line);
	char path[4096], *slash;
	struct stat st;

	snprintf(path, sizeof path, "%.*s", SLICE_ARG(config->access_log));
	slash = strrchr(path, '/');
	if (!slash || slash == path)
		return;
	*slash = '\0';
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		diagnostics_add(&c->d, SEVERITY_ERROR, &at, "make it, writable for the user who starts crumbgate",
				"there is no folder %s", path);
}

static bool any_certificate(const struct config *config)
{
	for (size_t i = 0; i < config->n_sites; i++)
		if (config->sites[i].n_certificates)
			return true;
	return false;
}

static void check_certificates(struct check *c, const struct config *config)
{
	const struct position at = config_position(config, config->consent_keys_line);
	const struct loader *loader = &c->disk->loader;

	if (any_certificate(config))
		tls_server_free(tls_server_new(config, loader, &c->d));
	tls_client_free(tls_client_new(config, loader, &c->d));
	if (config->consent_key_file.n)
		tls_consent_keys_free(tls_consent_keys_load(loader, config->consent_key_file, &at, &c->d));
}

static void count_rule(void *arg, const struct rule *r)
{
	(void)r;
	(*(size_t *)arg)++;
}

static void count_rules(struct check *c, const struct config *config)
{
	c->sites = config->n_sites;
	for (size_t i = 0; i < config->n_sites; i++) {
		size_t first = 0;

		while (config->sites[first].rules != config->sites[i].rules)
			first++;
		if (first == i && config->sites[i].rules)
			ruleset_each_rule(config->sites[i].rules, count_rule, &c->rules);
	}
}

static void check_config(struct check *c)
{
	struct config *config = config_read(&c->disk->loader, &c->disk->resolver, slice_str(c->config_path), &c->d);

	if (!config)
		return;
	check_user(c, config);
	check_chroot(c, config);
	check_access_log(c, config);
	check_certificates(c, config);
	load_check_regions(config, &c->d);
	count_rules(c, config);
	config_free(config);
}

static void check_rules(struct check *c)
{
	struct ruleset *rules = ruleset_load(&c->disk->loader, slice_str(c->rules_path), &c->d);

	if (rules)
		ruleset_each_rule(rules, count_rule, &c->rules);
	ruleset_free(rules);
}

/* -- what is said ---------------------------------------------------------------------------------------------------
 */

static bool add_findings(const struct check *c, struct buffer *out)
{
	buffer_add_str(out, "{\"file\":");
	json_add_string(out, slice_str(c->rules_path ? c->rules_path : c->config_path));
	buffer_printf(out, ",\"good\":%s,\"errors\":%zu,\"warnings\":%zu,\"sites\":%zu,\"rules\":%zu,\"findings\":[",
		      diagnostics_ok(&c->d) ? "true" : "false", c->d.errors, c->d.warnings, c->sites, c->rules);
	for (size_t i = 0; i < c->d.n; i++) {
		buffer_add_str(out, i ? ",\n" : "\n");
		diagnostic_render_json(&c->d.v[i], out);
	}
	return buffer_add_str(out, "]}\n");
}

static void print_json(const struct check *c)
{
	struct buffer out;

	buffer_init(&out, OUTPUT_MAX);
	if (add_findings(c, &out))
		(void)fwrite(out.p, 1, out.n, stdout);
	buffer_free(&out);
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void print_summary(const struct check *c)
{
	const char *file = c->rules_path ? c->rules_path : c->config_path;
	size_t e = c->d.errors, w = c->d.warnings;

	if (!diagnostics_ok(&c->d)) {
		fprintf(stderr, "%s: %zu error%s, %zu warning%s\n", file, e, plural(e), w, plural(w));
		return;
	}
	printf("%s: good: ", file);
	if (c->config_path)
		printf("%zu site%s, ", c->sites, plural(c->sites));
	printf("%zu rule%s", c->rules, plural(c->rules));
	if (w)
		printf(", %zu warning%s", w, plural(w));
	putchar('\n');
}

static int check(struct check *c)
{
	struct slice path = slice_str(c->rules_path ? c->rules_path : c->config_path), text = {0};

	c->unreadable = c->disk->loader.load(c->disk->loader.arg, path, &text) != LOAD_OK;
	if (c->rules_path)
		check_rules(c);
	else
		check_config(c);
	report_order(&c->d, path, text);
	if (c->json) {
		print_json(c);
	} else {
		print_diagnostics(&c->d);
		print_summary(c);
	}
	if (c->unreadable)
		return EXIT_USAGE;
	return diagnostics_ok(&c->d) ? EXIT_GOOD : EXIT_FINDINGS;
}

static int run(struct check *c)
{
	int status;

	c->disk = disk_loader_new();
	if (!c->disk) {
		fputs("crumbgate check: memory ran out\n", stderr);
		return EXIT_USAGE;
	}
	diagnostics_init(&c->d);
	status = check(c);
	diagnostics_free(&c->d);
	disk_loader_free(c->disk);
	return status;
}

int command_check(int argc, char **argv)
{
	struct check c = {0};
	int option;

	while ((option = getopt_long(argc, argv, "c:r:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			c.config_path = optarg;
			break;
		case 'r':
			c.rules_path = optarg;
			break;
		case 'j':
			c.json = true;
			break;
		case 's':
			print_statements();
			return EXIT_GOOD;
		case 'h':
			fputs(usage, stdout);
			return EXIT_GOOD;
		default:
			return usage_error();
		}
	}
	if (optind < argc) {
		fprintf(stderr, "crumbgate check: unexpected \"%s\": name a file with -c or -r\n", argv[optind]);
		return usage_error();
	}
	if (c.config_path && c.rules_path) {
		fputs("crumbgate check: -c and -r exclude each other\n", stderr);
		return usage_error();
	}
	if (!c.rules_path && !c.config_path)
		c.config_path = disk_config_path();
	return run(&c);
}
