/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over files, without libFuzzer: replay_NAME FILE|FOLDER... A file is an input; of a folder, every
 * file in it. Fails when there was no input at all, so that a lost corpus is noticed.
 */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long replayed;

static void replay_file(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(size ? size : 1); /* exactly, so that a sanitizer sees a read past it */

	if (!f || !data || fread(data, 1, size, f) != size) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(1);
	}
	LLVMFuzzerTestOneInput(data, size);
	replayed++;
	free(data);
	fclose(f);
}

static void replay(const char *path, int depth)
{
	struct stat st;
	struct dirent *entry;
	DIR *dir;

	if (stat(path, &st) < 0) {
		fprintf(stderr, "cannot find %s\n", path);
		exit(1);
	}
	if (!S_ISDIR(st.st_mode)) {
		replay_file(path, (size_t)st.st_size);
		return;
	}
	dir = depth ? opendir(path) : NULL;
	while (dir && (entry = readdir(dir))) {
		char inner[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
		replay(inner, depth - 1);
	}
	if (dir)
		closedir(dir);
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		replay(argv[i], 2);
	printf("%lu inputs\n", replayed);
	return replayed ? 0 : 1;
}
