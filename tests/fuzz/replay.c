/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one fuzz target over files, without a fuzzer: the seed corpora and all old crashes are part of
 * `make check`. An input may cost at most a second (ten under a sanitizer) and 512 MiB.
 *
 * usage: TARGET_replay DIRECTORY-OR-FILE...     prints one TAP line a directory or file */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#if defined(__SANITIZE_ADDRESS__)
#define SECONDS_MAX 10.0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SECONDS_MAX 10.0
#endif
#endif
#ifndef SECONDS_MAX
#define SECONDS_MAX 1.0
#define MEMORY_MAX_KIB (512 * 1024)
#endif

static double now_s(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return 1;
    }
    uint8_t *data = NULL;
    size_t size = 0;
    size_t capacity = 0;
    for (;;) {
        if (size == capacity) {
            capacity = capacity == 0 ? 65536 : 2 * capacity;
            data = realloc(data, capacity);
            if (data == NULL) {
                abort();
            }
        }
        size_t got = fread(data + size, 1, capacity - size, file);
        if (got == 0) {
            break;
        }
        size += got;
    }
    fclose(file);
    /* An allocation of exactly the input's size, so that a read past its end is seen. */
    uint8_t *exact = malloc(size == 0 ? 1 : size);
    if (exact == NULL) {
        abort();
    }
    memcpy(exact, data, size);
    free(data);
    double begin = now_s();
    LLVMFuzzerTestOneInput(exact, size);
    double seconds = now_s() - begin;
    free(exact);
    if (seconds > SECONDS_MAX) {
        printf("%s took %.1f s of CPU\n", path, seconds);
        return 1;
    }
#ifdef MEMORY_MAX_KIB
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    if (usage.ru_maxrss > MEMORY_MAX_KIB) {
        printf("%s: %ld KiB resident\n", path, usage.ru_maxrss);
        return 1;
    }
#endif
    return 0;
}

static int compare(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int replay(const char *path, int *files) {
    struct stat status;
    if (stat(path, &status) != 0) {
        perror(path);
        return 1;
    }
    if (!S_ISDIR(status.st_mode)) {
        (*files)++;
        return replay_file(path);
    }
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, compare);
    int bad = 0;
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            char inner[4096];
            snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
            bad += replay(inner, files);
        }
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
    return bad;
}

int main(int argc, char **argv) {
    int bad = 0;
    for (int i = 1; i < argc; i++) {
        int files = 0;
        int failures = replay(argv[i], &files);
        failures += files == 0;
        printf("%s replay of %d files in %s\n", failures == 0 ? "ok" : "not ok", files, argv[i]);
        bad += failures;
    }
    return bad != 0;
}
