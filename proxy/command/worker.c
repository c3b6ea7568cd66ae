/* crumbgate worker: hidden; started by the parent alone. */
#include "proxy/process/worker.h"

#include <stdio.h>

#include "proxy/command/command.h"

int command_worker(int argc, char **argv)
{
	static struct worker_args args;

	if (worker_args_parse(argc, argv, &args))
		return worker_run(&args);
	fputs("crumbgate: \"worker\" is started by \"crumbgate run\" alone\n", stderr);
	return EXIT_USAGE;
}
