/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one fuzz target over files, without a fuzzer: the seed corpora and all old crashes are part
 * of `make check`. An input may cost at most a second of CPU (ten under a sanitizer) and 512 MiB;
 * the memory is that of the whole process, sanitizer's shadow aside. An input that does not end is
 * stopped by a clock, so that it fails by name instead of holding up the run.
 *
 * Each file is followed by mutants of it, always the same ones: what the bounds promise, they
 * promise for damaged input, and a build without a sanitizer is the one that can tell of time and
 * memory.
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
#define MUTANT_COUNT (IS_SANITIZED ? 8u : 64u)

static char running[4200]; /* the input's path and the mutant's number, for the message of stop() */

/* Only what a signal handler may call. */
static void stop(int signal_number) {
    const char *message = signal_number == SIGALRM ? "not ok an input that does not end: "
                                                   : "not ok an input that crashes: ";
    ssize_t wrote = write(STDOUT_FILENO, message, strlen(message));
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

/* xorshift64*: the mutants depend on the file's size and their number alone. */
static uint64_t next_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* Changes one to four octets, and cuts every fourth mutant. `size` is at least 1; returns the new
 * one. */
static size_t mutate(uint8_t *data, size_t size, uint64_t number) {
    uint64_t state = (size + 1) * UINT64_C(0x9E3779B97F4A7C15) + number;
    size_t count = 1 + next_random(&state) % 4;
    for (size_t i = 0; i < count; i++) {
        uint64_t random = next_random(&state);
        uint8_t *octet = &data[(random >> 16) % size];
        static const uint8_t edges[] = { 0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF };
        *octet = random % 2 == 0 ? (uint8_t)(*octet ^ 1u << random / 2 % 8)
                                 : edges[random / 2 % sizeof edges];
    }
    return number % 4 == 0 ? next_random(&state) % size : size;
}

static int run_input(const uint8_t *data, size_t size) {
    alarm(SECONDS_STOP);
    double begin = now_s();
    LLVMFuzzerTestOneInput(data, size);
    double seconds = now_s() - begin;
    alarm(0);
    if (seconds > SECONDS_MAX) {
        printf("%s took %.1f s of CPU\n", running, seconds);
        return 1;
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    if (!IS_SANITIZED && usage.ru_maxrss > MEMORY_MAX_KIB) {
        printf("%s: %ld KiB resident\n", running, usage.ru_maxrss);
        return 1;
    }
    return 0;
}

static int replay_file(const char *path) {
    size_t size;
    uint8_t *data = read_file(path, &size);
    if (data == NULL) {
        return 1;
    }
    (void)snprintf(running, sizeof running, "%s", path);
    int bad = run_input(data, size);
    for (unsigned number = 1; size > 0 && number <= MUTANT_COUNT; number++) {
        uint8_t *changed = malloc(size);
        if (changed == NULL) {
            abort();
        }
        memcpy(changed, data, size);
        size_t left = mutate(changed, size, number);
        uint8_t *mutant = realloc(changed, left == 0 ? 1 : left);
        if (mutant == NULL) {
            abort();
        }
        (void)snprintf(running, sizeof running, "%s, mutant %u", path, number);
        bad += run_input(mutant, left);
        free(mutant);
    }
    free(data);
    return bad;
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
    signal(SIGABRT, stop);
    if (!IS_SANITIZED) {
        signal(SIGSEGV, stop); /* a sanitizer has its own, which tells more */
    }
    for (int i = 1; i < argc; i++) {
        int files = 0;
        int failures = replay(argv[i], &files);
        failures += files == 0;
        printf("%s replay of %d files in %s\n", failures == 0 ? "ok" : "not ok", files, argv[i]);
        bad += failures;
    }
    return bad != 0;
}
