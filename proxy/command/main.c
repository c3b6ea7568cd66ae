/* Dispatches to the subcommands; see command.h. */
#include <stdio.h>

int main(void)
{
	puts("crumbgate " PACKAGE_VERSION);
	return 0;
}
