/* crumbgate consent: signed consent cookies for trying things out. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proxy/command/command.h"
#include "proxy/command/site.h"
#include "proxy/config/disk_loader.h"
#include "rules/consent/consent.h"
#include "rules/harness/check.h"
#include "rules/language/statement.h"

#define MEMORY_MAX (1024 * 1024)

struct consent_command {
	const char *config_path, *site_name, *age;
	bool plain;
	struct disk_loader *disk;
	struct diagnostics d;
	struct arena arena;
	struct config *config;
	struct tls_consent_keys *keys;
	struct consent_query query;
};

static const char usage[] =
	"usage: crumbgate consent grant PURPOSE...|all|none -c FILE [OPTION]...\n"
	"       crumbgate consent read COOKIE -c FILE [--site NAME]\n\n"
	"grant prints a signed consent cookie, as a visitor who decided would carry it; read tells what a\n"
	"cookie (its value, or name=value) says and whether it counts.\n\n"
	"  -c, --config FILE   the crumbgate.conf whose consent-keys sign; crumbgate.conf in this\n"
	"                      folder by default, or else /etc/crumbgate/crumbgate.conf\n"
	"  -s, --site NAME     for this site (the first); one that is not configured makes a cookie that is\n"
	"                      not accepted\n"
	"  -a, --age DURATION  decided so long ago, like 10d; longer than the policy remembers: expired\n"
	"      --http          the cookie of a visitor without TLS\n\n"
	"Exit status: 0 good, 1 the cookie does not count, 2 usage, or the configuration is wrong.\n";

static bool complain(const char *what, const char *why)
{
	fprintf(stderr, "crumbgate consent: %s: %s\n", what, why);
	return false;
}

/* Rules and keys of the site. */
static bool load(struct consent_command *c)
{
	struct slice host = slice_str(c->site_name), site;
	bool named;

	c->config = site_config_load(&c->disk->loader, c->config_path, &c->d);
	if (!c->config)
		return false;
	c->keys = site_keys_load(&c->disk->loader, c->config, &c->d, &named);
	if (!c->keys)
		return named ? false
			     : complain(c->config_path, "it names no key file: write consent-keys FILE; \"crumbgate "
							"certs keys FILE\" makes one");
	site = c->config->sites[0].names[0];
	c->query.rules = c->config->sites[0].rules;
	if (host.n) {
		const struct ruleset *rs = site_rules_of(c->config, host, &site);

		c->query.rules = rs ? rs : c->query.rules;
		site = rs ? site : host;
	}
	c->query.site = site;
	c->query.mac = tls_consent_mac(c->keys);
	c->query.secure = !c->plain;
	c->query.now = (int64_t)time(NULL);
	return true;
}

static bool take_age(struct consent_command *c, int64_t *age)
{
	struct slice path = SLICE("--age"), text;
	struct source *src;

	*age = 0;
	if (!c->age)
		return true;
	text = arena_printf(&c->arena, "age %s", c->age);
	src = source_parse(path, text, &c->arena, &c->d);
	if (!src || !src->first || src->first->n_words != 2 || src->first->next)
		return complain(c->age, "write a duration, like 10d");
	return word_duration(src->first, &src->first->words[1], &c->d, age);
}

/* -- grant --------------------------------------------------------------------------------------------------------- */

static bool grant(struct consent_command *c, int argc, char **argv)
{
	struct slice words = {0}, name = consent_cookie_name(!c->plain), token;
	unsigned char id[16];
	purposes granted;
	int64_t age;
	char *text;

	for (int i = 0; i < argc; i++)
		words = arena_printf(&c->arena, "%.*s%s%s", SLICE_ARG(words), i ? " " : "", argv[i]);
	text = arena_cstr(&c->arena, words);
	if (!text || !take_age(c, &age) || !load(c) ||
	    !site_purposes(c->query.rules, text, "crumbgate consent", &granted))
		return false;
	c->query.now -= age;
	tls_random(NULL, id, sizeof id);
	token = consent_token_make(&c->query, granted, id, &c->arena);
	if (!token.n)
		return complain("the cookie", "memory ran out");
	printf("%.*s=%.*s\n", SLICE_ARG(name), SLICE_ARG(token));
	return true;
}

/* -- read ---------------------------------------------------------------------------------------------------------- */

static void print_time(int64_t unix_time)
{
	time_t t = (time_t)unix_time;
	char text[40];
	struct tm tm;

	if (gmtime_r(&t, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &tm))
		printf("decided:   %s\n", text);
}

static bool read_cookie(struct consent_command *c, const char *text, int *status)
{
	struct slice value = slice_str(text), name;
	enum consent_token_state state;
	purposes granted = PURPOSE_NECESSARY;
	int64_t decided_at = 0;

	if (!load(c))
		return false;
	if (slice_find_char(value, '=') < value.n)
		(void)slice_cut(value, '=', &name, &value);
	state = consent_token_read(&c->query, value, &granted, &decided_at);
	printf("cookie:    %s\n", consent_token_state_text(state));
	printf("site:      %.*s\n", SLICE_ARG(c->query.site));
	if (state == CONSENT_TOKEN_GOOD) {
		struct slice names = purposes_text(c->query.rules, granted, &c->arena);

		printf("granted:   %.*s\n", SLICE_ARG(names));
		print_time(decided_at);
	}
	*status = state == CONSENT_TOKEN_GOOD ? EXIT_GOOD : EXIT_FINDINGS;
	return true;
}

/* -- dispatch ------------------------------------------------------------------------------------------------------ */

static int dispatch(struct consent_command *c, int argc, char **argv)
{
	int status = EXIT_GOOD;
	bool ok;

	if (argc >= 2 && strcmp(argv[0], "grant") == 0) {
		ok = grant(c, argc - 1, argv + 1);
	} else if (argc == 2 && strcmp(argv[0], "read") == 0) {
		ok = read_cookie(c, argv[1], &status);
	} else {
		ok = complain(argc ? argv[0] : "nothing to do",
			      "write grant PURPOSE..., read COOKIE; --help tells more");
	}
	if (!ok) /* warnings about the rules are for others to tell */
		print_diagnostics(&c->d);
	return ok ? status : EXIT_USAGE;
}

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'}, {"site", required_argument, NULL, 's'},
	{"age", required_argument, NULL, 'a'},	  {"http", no_argument, NULL, 'p'},
	{"help", no_argument, NULL, 'h'},	  {NULL, 0, NULL, 0},
};

/* -1: go on; else the exit status. */
static int take_options(struct consent_command *c, int argc, char **argv)
{
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "c:s:a:h", options, NULL)) != -1) {
		if (option == 'c')
			c->config_path = optarg;
		else if (option == 's')
			c->site_name = optarg;
		else if (option == 'a')
			c->age = optarg;
		else if (option == 'p')
			c->plain = true;
		else {
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? EXIT_GOOD : EXIT_USAGE;
		}
	}
	return -1;
}

int command_consent(int argc, char **argv)
{
	struct consent_command c = {.config_path = disk_config_path()};
	int status = take_options(&c, argc, argv);

	if (status != -1)
		return status;
	c.disk = disk_loader_new();
	diagnostics_init(&c.d);
	arena_init(&c.arena, 0, MEMORY_MAX);
	status = !c.disk ? EXIT_USAGE : dispatch(&c, argc - optind, argv + optind);
	tls_consent_keys_free(c.keys);
	config_free(c.config);
	arena_free(&c.arena);
	diagnostics_free(&c.d);
	disk_loader_free(c.disk);
	return status;
}
