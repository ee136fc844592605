/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one fuzz target over files, without a fuzzer: the seed corpora and all old crashes are part of
 * `make check`. An input may cost at most a second of CPU (ten under a sanitizer) and 512 MiB; the
 * memory is that of the whole process, sanitizer's shadow aside. An input that does not end is stopped
 * by a clock, so that it fails by name instead of holding up the run.
 *
 * usage: TARGET_replay DIRECTORY-OR-FILE...     prints one TAP line a directory or file */
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

#define SECONDS_MAX (IS_SANITIZED ? 10.0 : 1.0)
#define SECONDS_STOP (IS_SANITIZED ? 100u : 20u) /* of wall time: the machine may be busy */
#define MEMORY_MAX_KIB (512L * 1024)

static const char *running; /* the path of the input, for the message of stop() */

/* Only what a signal handler may call. */
static void stop(int signal_number) {
    (void)signal_number;
    static const char message[] = "not ok an input that does not end: ";
    ssize_t wrote = write(STDOUT_FILENO, message, sizeof message - 1);
    wrote = write(STDOUT_FILENO, running, strlen(running));
    wrote = write(STDOUT_FILENO, "\n", 1);
    (void)wrote; /* nobody is left to tell */
    _exit(1);
}

static double now_s(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* The whole file in an allocation of exactly its size, so that a read past its end is seen. */
static uint8_t *read_file(const char *path, size_t *size_out) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return NULL;
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
    uint8_t *exact = malloc(size == 0 ? 1 : size);
    if (exact == NULL) {
        abort();
    }
    memcpy(exact, data, size);
    free(data);
    *size_out = size;
    return exact;
}

static int replay_file(const char *path) {
    size_t size;
    uint8_t *data = read_file(path, &size);
    if (data == NULL) {
        return 1;
    }
    running = path;
    alarm(SECONDS_STOP);
    double begin = now_s();
    LLVMFuzzerTestOneInput(data, size);
    double seconds = now_s() - begin;
    alarm(0);
    free(data);
    if (seconds > SECONDS_MAX) {
        printf("%s took %.1f s of CPU\n", path, seconds);
        return 1;
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    if (!IS_SANITIZED && usage.ru_maxrss > MEMORY_MAX_KIB) {
        printf("%s: %ld KiB resident\n", path, usage.ru_maxrss);
        return 1;
    }
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
    signal(SIGALRM, stop);
    for (int i = 1; i < argc; i++) {
        int files = 0;
        int failures = replay(argv[i], &files);
        failures += files == 0;
        printf("%s replay of %d files in %s\n", failures == 0 ? "ok" : "not ok", files, argv[i]);
        bad += failures;
    }
    return bad != 0;
}
