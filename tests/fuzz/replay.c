/*
 * Replays a corpus through a fuzz target without a fuzzer: PROGRAM [FILE|DIR...]; without arguments the corpus that
 * carries the program's name in $srcdir/tests/fuzz/corpus. Prints TAP: one test, for all inputs together.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replayed;

static void replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	long size;
	uint8_t *data;

	if (!f || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
		printf("Bail out! %s cannot be read\n", path);
		exit(99);
	}
	rewind(f);
	data = malloc((size_t)size ? (size_t)size : 1); /* exactly as large, so that a sanitizer sees an over-read */
	if (!data || fread(data, 1, (size_t)size, f) != (size_t)size)
		exit(99);
	fclose(f);
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	replayed++;
}

static void replay(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (!d) {
		replay_file(path);
		return;
	}
	while ((e = readdir(d))) {
		char name[4096];

		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, e->d_name);
		replay(name);
	}
	closedir(d);
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir"), *name = strrchr(argv[0], '/');
	char corpus[4096];
	struct stat st;

	name = name ? name + 1 : argv[0];
	puts("1..1");
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			replay(argv[i]);
	} else {
		snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".", name);
		if (stat(corpus, &st) != 0) {
			printf("not ok 1 - %s: no corpus at %s\n", name, corpus);
			return 1;
		}
		replay(corpus);
	}
	printf("%sok 1 - %s: %u inputs replayed\n", replayed ? "" : "not ", name, replayed);
	return replayed ? 0 : 1;
}
