/*
 * Subcommands: one file each, one entry in the table here. argv[0] is the subcommand's name. Each answers --help
 * itself: "crumbgate help NAME" calls it with that. The return value is the exit status: 0 good, 1 findings, 2 usage or
 * bad input.
 */
#ifndef CG_PROXY_COMMAND_COMMAND_H
#define CG_PROXY_COMMAND_COMMAND_H

enum { EXIT_GOOD = 0, EXIT_FINDINGS = 1, EXIT_USAGE = 2 };

/* CG_COMMAND(name, summary), in the order of the help; an empty summary hides it there. */
#define CG_COMMANDS                                                                  \
	CG_COMMAND(run, "serve, in the foreground")                                  \
	CG_COMMAND(check, "check a configuration and its rules, start nothing")      \
	CG_COMMAND(test, "run test cases against the rules")                         \
	CG_COMMAND(explain, "tell which rule decides about a cookie or URL")         \
	CG_COMMAND(rewrite, "show what a visitor gets of a page")                    \
	CG_COMMAND(fmt, "format configuration and rules files")                      \
	CG_COMMAND(certs, "make development certificates, look at certificates")     \
	CG_COMMAND(consent, "make and read consent cookies, to try things out")      \
	CG_COMMAND(demo, "serve a built-in example site, to see everything at once") \
	CG_COMMAND(worker, "")

#define CG_COMMAND(name, summary) int command_##name(int argc, char **argv);
CG_COMMANDS
#undef CG_COMMAND

#endif
