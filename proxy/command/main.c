/* Dispatches to the subcommands; see command.h. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "proxy/command/command.h"
#include "rules/base/attributes.h"
#include "rules/language/statement.h"

struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

#define CG_COMMAND(name, summary) {#name, summary, command_##name},
static const struct command commands[] = {CG_COMMANDS};
#undef CG_COMMAND

static void print_help(FILE *out)
{
	fputs("usage: crumbgate COMMAND [OPTION]...\n"
	      "       crumbgate help COMMAND\n\n"
	      "A TLS reverse proxy that enforces visitors' consent on the wire.\n\n",
	      out);
	for (size_t i = 0; i < CG_COUNT(commands); i++)
		if (*commands[i].summary)
			fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\nNew here: \"crumbgate demo\" shows everything with a built-in example site.\n"
	      "Exit status: 0 good, 1 findings, 2 usage or bad input.\n",
	      out);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < CG_COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int unknown(const char *name)
{
	const char *names[CG_COUNT(commands)];
	const char *near;
	size_t n = 0;

	for (size_t i = 0; i < CG_COUNT(commands); i++)
		if (*commands[i].summary)
			names[n++] = commands[i].name;
	near = suggest(slice_str(name), names, n);
	fprintf(stderr, "crumbgate: there is no command \"%s\"\n", name);
	if (near)
		fprintf(stderr, "  did you mean \"%s\"?\n", near);
	fputs("  \"crumbgate --help\" lists the commands\n", stderr);
	return EXIT_USAGE;
}

static int help(int argc, char **argv)
{
	const struct command *c;
	char option[] = "--help";

	if (argc < 2) {
		print_help(stdout);
		return EXIT_GOOD;
	}
	c = find(argv[1]);
	return c ? c->run(2, (char *[]){argv[1], option, NULL}) : unknown(argv[1]);
}

static bool is_any(const char *s, const char *a, const char *b)
{
	return strcmp(s, a) == 0 || strcmp(s, b) == 0;
}

/* getopt_long() begins its complaints with the first word. */
static int run(const struct command *c, int argc, char **argv)
{
	char name[32];

	(void)snprintf(name, sizeof name, "crumbgate %s", c->name);
	argv[0] = name;
	return c->run(argc, argv);
}

int main(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (is_any(argv[1], "--version", "-V")) {
		puts("crumbgate " PACKAGE_VERSION);
		return EXIT_GOOD;
	}
	if (is_any(argv[1], "--help", "-h"))
		return help(1, argv);
	if (strcmp(argv[1], "help") == 0)
		return help(argc - 1, argv + 1);
	c = find(argv[1]);
	return c ? run(c, argc - 1, argv + 1) : unknown(argv[1]);
}
