/*
 * Subcommands: one file each, one entry in the table of main.c. argv[0] is the subcommand's name.
 * The return value is the exit status: 0 good, 1 findings, 2 usage or bad input.
 */
#ifndef CG_PROXY_COMMAND_COMMAND_H
#define CG_PROXY_COMMAND_COMMAND_H

enum { EXIT_GOOD = 0, EXIT_FINDINGS = 1, EXIT_USAGE = 2 };

/* CG_COMMAND(name, summary): the table of subcommands; an empty summary hides it from the help. */
#define CG_COMMANDS CG_COMMAND(certs, "make development certificates, look at certificates")

#define CG_COMMAND(name, summary) int command_##name(int argc, char **argv);
CG_COMMANDS
#undef CG_COMMAND

#endif
