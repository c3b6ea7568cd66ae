/* crumbgate run: the daemon, in the foreground. */
#include <getopt.h>
#include <stdio.h>

#include "proxy/command/command.h"
#include "proxy/config/disk_loader.h"
#include "proxy/process/parent.h"

static const char usage[] =
	"usage: crumbgate run [-c FILE]\n\n"
	"Serves in the foreground until SIGTERM or SIGINT; logs to standard error.\n\n"
	"  -c, --config FILE  the configuration; crumbgate.conf in this folder by default, or else\n"
	"                     /etc/crumbgate/crumbgate.conf\n"
	"  -h, --help         this text\n\n"
	"Signals to this process:\n"
	"  SIGTERM, SIGINT    finish what is in flight, then end; a second one ends at once\n"
	"  SIGHUP             load configuration, rules and certificates again; errors change nothing\n"
	"  SIGUSR1            open the access log again, after a rotation\n"
	"  SIGUSR2            log what was refused or cut since the start\n\n"
	"Exit status: 0 ended as told, 2 it could not start: the reasons are on standard error.\n";

static const struct option options[] = {
	{"config", required_argument, NULL, 'c'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int usage_error(void)
{
	fputs("  \"crumbgate run --help\" tells more\n", stderr);
	return EXIT_USAGE;
}

int command_run(int argc, char **argv)
{
	struct parent_options parent = {.config_file = disk_config_path()};
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return EXIT_GOOD;
		}
		if (option != 'c')
			return usage_error();
		parent.config_file = optarg;
	}
	if (optind < argc) {
		fprintf(stderr, "crumbgate run: unexpected \"%s\"\n", argv[optind]);
		return usage_error();
	}
	return parent_run(&parent);
}
