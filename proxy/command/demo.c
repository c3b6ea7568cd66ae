/* crumbgate demo: the proxy in front of a built-in example site, with certificates, keys and rules of its own. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/command/command.h"
#include "proxy/command/demo_examples.h"
#include "proxy/command/demo_files.h"
#include "proxy/command/demo_origin.h"
#include "proxy/process/parent.h"
#include "rules/base/slice.h"

#define TLS_PORT  8443
#define HTTP_PORT 8080

static const char usage[] =
	"usage: crumbgate demo [OPTION]...\n\n"
	"Serves an example site with sign-in, analytics and advertising cookies behind crumbgate,\n"
	"and prints lines to paste that show what passes with which consent. Ctrl-C ends it.\n\n"
	"  --port PORT       of https, 8443 by default\n"
	"  --http-port PORT  of http, which leads to https; 8080 by default\n"
	"  --listen ADDRESS  127.0.0.1 by default; '*' for every address, e.g. in a container\n"
	"  --dir DIR         for certificates, keys and rules; ~/.local/share/crumbgate/demo by default\n"
	"  -h, --help        this text\n\n"
	"Exit status: 0 ended as told, 2 it could not start.\n";

enum { OPT_PORT = 256, OPT_HTTP_PORT, OPT_LISTEN, OPT_DIR };

static const struct option options[] = {
	{"port", required_argument, NULL, OPT_PORT},
	{"http-port", required_argument, NULL, OPT_HTTP_PORT},
	{"listen", required_argument, NULL, OPT_LISTEN},
	{"dir", required_argument, NULL, OPT_DIR},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int usage_error(const char *what)
{
	if (what)
		fprintf(stderr, "crumbgate demo: %s\n", what);
	fputs("  \"crumbgate demo --help\" tells more\n", stderr);
	return EXIT_USAGE;
}

static bool read_port(const char *text, uint16_t *port)
{
	uint64_t v;

	if (!slice_to_u64(slice_str(text), UINT16_MAX, &v) || v == 0)
		return false;
	*port = (uint16_t)v;
	return true;
}

static void ready(void *arg, const struct config *config)
{
	demo_print_examples(arg, config);
}

static int serve(struct demo_setup *s)
{
	struct demo_origin origin;
	char config[DEMO_PATH_MAX], absolute[PATH_MAX];
	struct parent_options parent = {.config_file = config, .ready = ready, .arg = s};
	int lock, status = EXIT_USAGE;

	if (!demo_make_folder(s->folder))
		return EXIT_USAGE;
	if (realpath(s->folder, absolute))
		s->folder = absolute; /* what is printed is pasted elsewhere */
	if (!demo_path(s->folder, "crumbgate.conf", config))
		return EXIT_USAGE;
	if (!demo_origin_start(&origin)) {
		fprintf(stderr, "crumbgate demo: the example site cannot be started: %s\n", strerror(errno));
		return EXIT_USAGE;
	}
	s->origin_port = origin.port;
	lock = demo_lock_folder(s->folder);
	if (lock != -1 && demo_write_files(s))
		status = parent_run(&parent);
	if (lock != -1)
		close(lock);
	demo_origin_stop(&origin);
	return status;
}

int command_demo(int argc, char **argv)
{
	struct demo_setup setup = {.address = "127.0.0.1", .port = TLS_PORT, .http_port = HTTP_PORT};
	char folder[DEMO_PATH_MAX];
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'h':
			fputs(usage, stdout);
			return EXIT_GOOD;
		case OPT_PORT:
		case OPT_HTTP_PORT:
			if (!read_port(optarg, option == OPT_PORT ? &setup.port : &setup.http_port))
				return usage_error("a port is a number from 1 to 65535");
			break;
		case OPT_LISTEN:
			setup.address = optarg;
			break;
		case OPT_DIR:
			setup.folder = optarg;
			break;
		default:
			return usage_error(NULL);
		}
	}
	if (optind < argc)
		return usage_error("it takes options only");
	if (!setup.folder && !demo_default_folder(folder))
		return usage_error("the path of your home folder is too long: use --dir DIR");
	if (!setup.folder)
		setup.folder = folder;
	return serve(&setup);
}
