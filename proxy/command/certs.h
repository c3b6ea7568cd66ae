/* The parts of `crumbgate certs`; argv[0] is the part's name. */
#ifndef CG_PROXY_COMMAND_CERTS_H
#define CG_PROXY_COMMAND_CERTS_H

int certs_dev_command(int argc, char **argv);
int certs_show_command(int argc, char **argv);
int certs_keys_command(int argc, char **argv);

/* Complains and gives the exit status. */
int certs_usage_error(const char *what);

#endif
