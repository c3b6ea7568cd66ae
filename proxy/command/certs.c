/* crumbgate certs: dispatches to its parts. */
#include "proxy/command/certs.h"

#include <stdio.h>
#include <string.h>

#include "proxy/command/command.h"
#include "rules/base/attributes.h"

static const char usage[] =
	"usage: crumbgate certs dev [--dir DIR] NAME...\n"
	"       crumbgate certs show FILE [--key FILE]\n"
	"       crumbgate certs keys FILE [--rotate]\n\n"
	"  dev    makes a certificate for the names (hosts, *.host, IP addresses), signed by an\n"
	"         authority of your own in the same folder, which is made if there is none:\n"
	"         ca.pem, ca.key, NAME.pem, NAME.key\n"
	"           -d, --dir DIR    the folder; default: certs\n"
	"  show   tells what is in a certificate file: names, validity, chain, key\n"
	"           -k, --key FILE   the private key, if it is in another file\n"
	"  keys   writes a file with a new key for signing consent cookies\n"
	"           -r, --rotate     puts a new key before those of an existing file: consent given\n"
	"                            under the older ones stays valid, the oldest is dropped\n\n"
	"Exit status: 0 good, 1 findings in what is shown, 2 usage or bad input.\n";

int certs_usage_error(const char *what)
{
	fprintf(stderr, "crumbgate certs: %s\nwrite \"crumbgate certs --help\" for what can be written\n", what);
	return EXIT_USAGE;
}

int command_certs(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} parts[] = {{"dev", certs_dev_command}, {"show", certs_show_command}, {"keys", certs_keys_command}};

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			fputs(usage, stdout);
			return EXIT_GOOD;
		}
	}
	if (argc < 2)
		return certs_usage_error("say what to do: dev, show or keys");
	for (size_t i = 0; i < CG_COUNT(parts); i++)
		if (strcmp(argv[1], parts[i].name) == 0)
			return parts[i].run(argc - 1, argv + 1);
	return certs_usage_error("it does dev, show or keys");
}
