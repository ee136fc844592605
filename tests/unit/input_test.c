/* SPDX-License-Identifier: Apache-2.0 */
/* Held against zlib: what it says of a file, byte for byte, is what an input has to say. */
#include "ingest/input.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define OUTPUT_MAX ((size_t)64 << 20)

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Text like a flow log's: compressible, never twice the same. */
static struct buffer text_of(size_t size, uint64_t seed) {
    struct buffer text;
    buffer_init(&text, OUTPUT_MAX);
    uint64_t state = seed;
    while (text.size < size) {
        char line[96];
        uint64_t random = next_random(&state);
        int length = snprintf(line, sizeof line, "2 123456789012 eni-0a%05x 10.0.%u.%u %u 443 6\n",
                              (unsigned)(random & 0xfff), (unsigned)(random >> 12 & 0xff),
                              (unsigned)(random >> 20 & 0xff), (unsigned)(random >> 28 & 0xffff));
        buffer_put(&text, line, (size_t)length);
    }
    text.size = size;
    assert_false(text.failed);
    return text;
}

/* Adds one gzip member of `text` to `out`. */
static void add_member(struct buffer *out, struct bytes text, int level) {
    z_stream stream = { 0 };
    assert_int_equal(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
                     Z_OK);
    size_t bound = deflateBound(&stream, text.size);
    uint8_t *at = buffer_reserve(out, bound);
    assert_non_null(at);
    stream.next_in = (uint8_t *)(uintptr_t)text.data;
    stream.avail_in = (uInt)text.size;
    stream.next_out = at;
    stream.avail_out = (uInt)bound;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out->size += bound - stream.avail_out;
    deflateEnd(&stream);
}

static void add_frame(struct buffer *out, struct bytes text, int level) {
    size_t bound = ZSTD_compressBound(text.size);
    uint8_t *at = buffer_reserve(out, bound);
    assert_non_null(at);
    size_t size = ZSTD_compress(at, bound, text.data, text.size, level);
    assert_false(ZSTD_isError(size));
    out->size += size;
}

/* Reads to the end, keeping some of each piece; `out` gets each byte once. False: it failed. */
static bool read_all(struct input *input, size_t keep_most, struct buffer *out, struct error *err) {
    buffer_init(out, OUTPUT_MAX);
    size_t keep = 0;
    for (;;) {
        struct bytes piece;
        bool is_end;
        bool ok = input_read(input, keep, &piece, &is_end, err);
        assert_true(piece.size >= keep);
        for (size_t i = 0; i < INPUT_PADDING; i++) {
            assert_int_equal(piece.data[piece.size + i], 0);
        }
        if (keep > 0) { /* the kept bytes come again, unchanged */
            assert_memory_equal(piece.data, out->data + out->size - keep, keep);
        }
        if (!ok) {
            assert_true(is_end);
            assert_int_equal(piece.size, keep);
            return false;
        }
        buffer_put(out, piece.data + keep, piece.size - keep);
        if (is_end) {
            return true;
        }
        keep = piece.size < keep_most ? piece.size : keep_most;
    }
}

static bool read_bytes(struct bytes bytes, size_t chunk_size, struct buffer *out,
                       struct error *err) {
    struct input *input;
    assert_true(input_open_chunks(&input, bytes, chunk_size, err));
    bool ok = read_all(input, 100, out, err);
    input_close(input);
    return ok;
}

static void assert_reads(struct bytes bytes, size_t chunk_size, struct bytes want) {
    struct buffer got;
    struct error err = { 0 };
    if (!read_bytes(bytes, chunk_size, &got, &err)) {
        fail_msg("chunks of %zu: %s", chunk_size, err.message);
    }
    assert_int_equal(got.size, want.size);
    if (want.size > 0) {
        assert_memory_equal(got.data, want.data, want.size);
    }
    buffer_done(&got);
}

/* What zlib gives of a file of members; false when it is not whole. */
static bool reference_read(struct bytes bytes, struct buffer *out) {
    buffer_init(out, OUTPUT_MAX);
    z_stream stream = { .next_in = (uint8_t *)(uintptr_t)bytes.data, .avail_in = (uInt)bytes.size };
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    bool is_whole = false;
    for (;;) {
        uint8_t piece[4096];
        stream.next_out = piece;
        stream.avail_out = sizeof piece;
        int fault = inflate(&stream, Z_NO_FLUSH);
        buffer_put(out, piece, sizeof piece - stream.avail_out);
        if (fault == Z_STREAM_END) {
            if (stream.avail_in == 0) {
                is_whole = true;
                break;
            }
            inflateReset(&stream);
        } else if (fault != Z_OK) {
            break;
        }
    }
    inflateEnd(&stream);
    return is_whole;
}

static const size_t text_sizes[] = {
    0,
    1,
    3,
    4,
    5,
    65535,
    65536,
    65537,
    INPUT_PIECE_SIZE - 1,
    INPUT_PIECE_SIZE,
    INPUT_PIECE_SIZE + 1,
    2 * INPUT_PIECE_SIZE,
    1000003,
};

static void plain_bytes_come_as_they_are(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(text_sizes); i++) {
        struct buffer text = text_of(text_sizes[i], 1);
        assert_reads(buffer_bytes(&text), 1u << 16, buffer_bytes(&text));
        assert_reads(buffer_bytes(&text), 777, buffer_bytes(&text));
        buffer_done(&text);
    }
}

static void pieces_are_full_however_the_bytes_are_handed_over(void **state) {
    (void)state;
    struct buffer text = text_of(INPUT_PIECE_SIZE + 10, 2);
    struct input *input;
    struct error err;
    assert_true(input_open_chunks(&input, buffer_bytes(&text), 1, &err));
    struct bytes piece;
    bool is_end;
    assert_true(input_read(input, 0, &piece, &is_end, &err));
    assert_int_equal(piece.size, INPUT_PIECE_SIZE);
    assert_false(is_end);
    assert_true(input_read(input, 5, &piece, &is_end, &err));
    assert_int_equal(piece.size, 15);
    assert_true(is_end);
    assert_true(input_read(input, 0, &piece, &is_end, &err));
    assert_int_equal(piece.size, 0);
    assert_true(is_end);
    input_close(input);
    buffer_done(&text);
}

static void the_longest_line_can_be_kept(void **state) {
    (void)state;
    struct buffer text = text_of(2 * INPUT_PIECE_SIZE, 3);
    struct input *input;
    struct error err;
    struct buffer got;
    assert_true(input_open_bytes(&input, buffer_bytes(&text), &err));
    assert_true(read_all(input, INPUT_LINE_MAX, &got, &err));
    assert_int_equal(got.size, text.size);
    assert_memory_equal(got.data, text.data, text.size);
    input_close(input);
    buffer_done(&got);
    buffer_done(&text);
}

static void the_front_is_given_again(void **state) {
    (void)state;
    struct buffer text = text_of(1000, 4);
    struct input *input;
    struct error err;
    assert_true(input_open_bytes(&input, buffer_bytes(&text), &err));
    assert_int_equal(input_front(input).size, 1000);
    assert_int_equal(input_front(input).size, 1000);
    struct buffer got;
    assert_true(read_all(input, 0, &got, &err));
    assert_int_equal(got.size, 1000);
    buffer_done(&got);
    input_close(input);
    buffer_done(&text);
}

/* Four members (one empty, one stored), a small file: every size of chunk. */
static struct buffer small_members(struct buffer *text) {
    struct buffer file;
    buffer_init(&file, OUTPUT_MAX);
    buffer_init(text, OUTPUT_MAX);
    const int levels[] = { 6, 9, 0, 1 };
    const size_t sizes[] = { 500, 0, 300, 900 };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct buffer part = text_of(sizes[i], 5 + i);
        add_member(&file, buffer_bytes(&part), levels[i]);
        buffer_put(text, part.data, part.size);
        buffer_done(&part);
    }
    return file;
}

static struct buffer small_frames(struct buffer *text) {
    struct buffer file;
    buffer_init(&file, OUTPUT_MAX);
    buffer_init(text, OUTPUT_MAX);
    const size_t sizes[] = { 500, 0, 300, 900 };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct buffer part = text_of(sizes[i], 5 + i);
        add_frame(&file, buffer_bytes(&part), 3);
        buffer_put(text, part.data, part.size);
        buffer_done(&part);
        /* A skippable frame of three bytes (RFC 8878, 3.1.2). */
        buffer_put(&file, "\x53\x2a\x4d\x18\x03\0\0\0abc", 11);
    }
    return file;
}

static void gzip_members_come_whole_at_every_chunk_size(void **state) {
    (void)state;
    struct buffer text;
    struct buffer file = small_members(&text);
    for (size_t chunk = 1; chunk <= file.size; chunk++) {
        assert_reads(buffer_bytes(&file), chunk, buffer_bytes(&text));
    }
    buffer_done(&file);
    buffer_done(&text);
}

static void zstd_frames_come_whole_at_every_chunk_size(void **state) {
    (void)state;
    struct buffer text;
    struct buffer file = small_frames(&text);
    for (size_t chunk = 1; chunk <= file.size; chunk++) {
        assert_reads(buffer_bytes(&file), chunk, buffer_bytes(&text));
    }
    buffer_done(&file);
    buffer_done(&text);
}

static void a_zstd_file_may_begin_with_a_skippable_frame(void **state) {
    (void)state;
    struct buffer file;
    buffer_init(&file, OUTPUT_MAX);
    buffer_put(&file, "\x50\x2a\x4d\x18\x04\0\0\0abcd", 12);
    add_frame(&file, bytes_text("hello\n"), 3);
    assert_reads(buffer_bytes(&file), 1u << 16, bytes_text("hello\n"));
    buffer_done(&file);
}

static void a_member_may_end_where_a_piece_ends(void **state) {
    (void)state;
    for (size_t size = INPUT_PIECE_SIZE - 2; size <= INPUT_PIECE_SIZE + 2; size++) {
        struct buffer text = text_of(2 * size, 6);
        struct buffer file;
        buffer_init(&file, OUTPUT_MAX);
        add_member(&file, bytes_of(text.data, size), 1);
        add_member(&file, bytes_of(text.data + size, size), 6);
        assert_reads(buffer_bytes(&file), 1u << 16, buffer_bytes(&text));
        file.size = 0;
        add_frame(&file, bytes_of(text.data, size), 1);
        add_frame(&file, bytes_of(text.data + size, size), 6);
        assert_reads(buffer_bytes(&file), 1u << 16, buffer_bytes(&text));
        buffer_done(&file);
        buffer_done(&text);
    }
}

/* ISA-L's own reader of headers goes wrong here when a chunk ends inside one. */
static void a_header_with_all_optional_fields_is_read_at_every_chunk_size(void **state) {
    (void)state;
    static const uint8_t header[] = "\x1f\x8b\x08\x1e\0\0\0\0\0\x03\x03\0abcname\0comment";
    struct buffer text = text_of(200, 10);
    struct buffer plain;
    struct buffer file;
    buffer_init(&plain, OUTPUT_MAX);
    buffer_init(&file, OUTPUT_MAX);
    add_member(&plain, buffer_bytes(&text), 6);
    for (int is_right = 0; is_right < 2; is_right++) {
        file.size = 0;
        buffer_put(&file, header, sizeof header); /* its final zero ends the comment */
        uLong checksum = crc32(0, header, sizeof header);
        buffer_u16(&file, (uint16_t)(is_right ? checksum : checksum + 1));
        buffer_put(&file, plain.data + 10, plain.size - 10);
        for (size_t chunk = 1; chunk <= file.size; chunk++) {
            struct buffer got;
            struct error err = { 0 };
            assert_int_equal(read_bytes(buffer_bytes(&file), chunk, &got, &err), is_right);
            assert_int_equal(got.size, is_right ? text.size : 0);
            buffer_done(&got);
        }
    }
    buffer_done(&file);
    buffer_done(&plain);
    buffer_done(&text);
}

static void empty_gzip_members_alone_are_an_empty_text(void **state) {
    (void)state;
    struct buffer file;
    buffer_init(&file, OUTPUT_MAX);
    for (int i = 0; i < 5000; i++) {
        add_member(&file, bytes_of(NULL, 0), 6);
    }
    assert_reads(buffer_bytes(&file), 1u << 16, bytes_of(NULL, 0));
    buffer_done(&file);
}

static void zeros_behind_the_last_member_are_padding(void **state) {
    (void)state;
    static const uint8_t zeros[70000];
    struct buffer text;
    struct buffer files[] = { small_members(&text), { 0 } };
    buffer_done(&text);
    files[1] = small_frames(&text);
    for (size_t i = 0; i < COUNT(files); i++) {
        size_t size = files[i].size;
        for (size_t padding = 1; padding <= sizeof zeros; padding += 69999 - 512 * i) {
            buffer_put(&files[i], zeros, padding);
            assert_reads(buffer_bytes(&files[i]), 64, buffer_bytes(&text));
            files[i].size = size;
        }
        buffer_done(&files[i]);
    }
    buffer_done(&text);
}

static void other_bytes_behind_the_last_member_are_damage(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } tails[] = { { "x", 1 },    { "\0\0x", 3 },        { "\0\x1f\x8b", 3 },
                  { "\x1f", 1 }, { "\x1f\x8b\x08", 3 }, { "2 123 eni", 9 } };
    struct buffer text;
    struct buffer file = small_members(&text);
    size_t size = file.size;
    for (size_t i = 0; i < COUNT(tails); i++) {
        buffer_put(&file, tails[i].bytes, tails[i].size);
        struct buffer got;
        struct error err = { 0 };
        assert_false(read_bytes(buffer_bytes(&file), 1u << 16, &got, &err));
        assert_int_equal(err.code, ERROR_FORMAT);
        assert_non_null(strstr(err.message, "offset"));
        assert_int_equal(got.size, text.size);
        assert_memory_equal(got.data, text.data, text.size);
        buffer_done(&got);
        file.size = size;
    }
    buffer_done(&file);
    buffer_done(&text);
}

/* ISA-L may hold back up to two bytes that zlib already gives. */
static void gzip_cut_at_every_byte_gives_what_it_held(void **state) {
    (void)state;
    struct buffer text;
    struct buffer file = small_members(&text);
    for (size_t cut = 2; cut < file.size; cut++) {
        struct bytes front = bytes_of(file.data, cut);
        struct buffer want;
        struct buffer got;
        struct error err = { 0 };
        bool is_whole = reference_read(front, &want);
        bool ok = read_bytes(front, 50, &got, &err);
        assert_int_equal(ok, is_whole);
        assert_in_range(got.size, want.size < 2 ? 0 : want.size - 2, want.size);
        if (got.size > 0) {
            assert_memory_equal(got.data, want.data, got.size);
        }
        if (!ok) {
            assert_int_equal(err.code, ERROR_FORMAT);
            char at[32];
            snprintf(at, sizeof at, "offset %zu", cut);
            assert_non_null(strstr(err.message, at));
        }
        buffer_done(&got);
        buffer_done(&want);
    }
    buffer_done(&file);
    buffer_done(&text);
}

static void zstd_cut_at_every_byte_gives_a_front_of_the_text(void **state) {
    (void)state;
    struct buffer text;
    struct buffer file = small_frames(&text);
    size_t whole_count = 0;
    for (size_t cut = 4; cut < file.size; cut++) {
        struct buffer got;
        struct error err = { 0 };
        bool ok = read_bytes(bytes_of(file.data, cut), 50, &got, &err);
        assert_in_range(got.size, 0, text.size);
        if (got.size > 0) {
            assert_memory_equal(got.data, text.data, got.size);
        }
        assert_true(ok || (err.code == ERROR_FORMAT && strstr(err.message, "offset") != NULL));
        whole_count += ok;
        buffer_done(&got);
    }
    assert_int_equal(whole_count, 7); /* behind each of the eight frames but the last */
    buffer_done(&file);
    buffer_done(&text);
}

static void mutated_gzip_is_judged_as_zlib_judges_it(void **state) {
    (void)state;
    struct buffer text;
    struct buffer file = small_members(&text);
    uint8_t *mutated = malloc(file.size);
    uint64_t seed = 7;
    for (int round = 0; round < 3000; round++) {
        memcpy(mutated, file.data, file.size);
        for (uint64_t changes = next_random(&seed) % 3 + 1; changes > 0; changes--) {
            mutated[2 + next_random(&seed) % (file.size - 2)] = (uint8_t)next_random(&seed);
        }
        struct buffer want;
        struct buffer got;
        struct error err = { 0 };
        bool is_whole = reference_read(bytes_of(mutated, file.size), &want);
        bool ok = read_bytes(bytes_of(mutated, file.size), 97, &got, &err);
        if (ok != is_whole) {
            fail_msg("round %d: zlib says %d, we %d (%s)", round, is_whole, ok, err.message);
        }
        if (ok) {
            assert_int_equal(got.size, want.size);
            assert_memory_equal(got.data, want.data, want.size);
        }
        buffer_done(&got);
        buffer_done(&want);
    }
    free(mutated);
    buffer_done(&file);
    buffer_done(&text);
}

static void a_bomb_costs_only_what_is_read_of_it(void **state) {
    (void)state;
    /* 32 MiB of zeros, the same member again and again: 512 MiB from half of one. */
    struct buffer zeros;
    buffer_init(&zeros, OUTPUT_MAX);
    memset(buffer_reserve(&zeros, OUTPUT_MAX / 2), 0, OUTPUT_MAX / 2);
    zeros.size = OUTPUT_MAX / 2;
    struct buffer member;
    struct buffer file;
    buffer_init(&member, OUTPUT_MAX);
    buffer_init(&file, OUTPUT_MAX);
    add_member(&member, buffer_bytes(&zeros), 6);
    for (int i = 0; i < 16; i++) {
        buffer_put(&file, member.data, member.size);
    }
    struct input *input;
    struct error err;
    assert_true(input_open_bytes(&input, buffer_bytes(&file), &err));
    struct bytes piece;
    bool is_end;
    assert_true(input_read(input, 0, &piece, &is_end, &err));
    assert_int_equal(piece.size, INPUT_PIECE_SIZE);
    assert_true(input_offset(input) <= 2 * (64u << 10));
    input_close(input);
    buffer_done(&file);
    buffer_done(&member);
    buffer_done(&zeros);
}

static void a_zstd_window_beyond_the_bound_is_refused(void **state) {
    (void)state;
    /* Magic, a frame header without content size, window descriptor 2^28, one empty raw block. */
    static const uint8_t frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x90, 0x01, 0x00, 0x00 };
    struct buffer got;
    struct error err = { 0 };
    assert_false(read_bytes(bytes_of(frame, sizeof frame), 1u << 16, &got, &err));
    assert_int_equal(err.code, ERROR_FORMAT);
    assert_non_null(strstr(err.message, "128 MiB"));
    buffer_done(&got);
}

static void damage_comes_behind_what_was_whole(void **state) {
    (void)state;
    struct buffer text = text_of(INPUT_PIECE_SIZE + 5000, 8);
    struct buffer file;
    buffer_init(&file, OUTPUT_MAX);
    add_member(&file, buffer_bytes(&text), 6);
    file.data[file.size - 8] ^= 1; /* the checksum */
    struct input *input;
    struct error err = { 0 };
    assert_true(input_open_bytes(&input, buffer_bytes(&file), &err));
    struct bytes piece;
    bool is_end;
    assert_true(input_read(input, 0, &piece, &is_end, &err));
    assert_true(input_read(input, 7, &piece, &is_end, &err));
    assert_int_equal(piece.size, 7 + 5000);
    assert_false(is_end);
    for (int i = 0; i < 2; i++) { /* the second time too */
        assert_false(input_read(input, 3, &piece, &is_end, &err));
        assert_int_equal(piece.size, 3);
        assert_true(is_end);
        assert_non_null(strstr(err.message, "wrong checksum"));
    }
    input_close(input);
    buffer_done(&file);
    buffer_done(&text);
}

static void files_and_pipes_are_read_as_bytes_are(void **state) {
    (void)state;
    char path[] = "/tmp/weir-input-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    struct buffer text = text_of(300000, 9);
    struct buffer file;
    buffer_init(&file, OUTPUT_MAX);
    add_member(&file, buffer_bytes(&text), 6);
    assert_int_equal(write(fd, file.data, file.size), (ssize_t)file.size);
    close(fd);
    struct input *input;
    struct error err;
    struct buffer got;
    assert_true(input_open(&input, path, &err));
    assert_int_equal(input_codec(input), INPUT_GZIP);
    assert_true(read_all(input, 1000, &got, &err));
    assert_int_equal(got.size, text.size);
    assert_memory_equal(got.data, text.data, text.size);
    assert_int_equal(input_offset(input), file.size);
    input_close(input);
    unlink(path);
    buffer_done(&got);
    buffer_done(&file);
    buffer_done(&text);
}

static void stdin_is_read_and_left_open(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    int saved = dup(STDIN_FILENO);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    assert_int_equal(write(ends[1], "a\nb\n", 4), 4);
    close(ends[1]);
    struct input *input;
    struct error err;
    struct buffer got;
    assert_true(input_open(&input, "-", &err));
    assert_true(read_all(input, 0, &got, &err));
    assert_int_equal(got.size, 4);
    input_close(input);
    assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
    dup2(saved, STDIN_FILENO);
    close(saved);
    buffer_done(&got);
}

static void what_cannot_be_read_is_an_error(void **state) {
    (void)state;
    struct input *input = NULL;
    struct error err = { 0 };
    assert_false(input_open(&input, "/nowhere/at/all", &err));
    assert_int_equal(err.code, ERROR_IO);
    assert_false(input_open(&input, "/tmp", &err)); /* a directory */
    assert_int_equal(err.code, ERROR_IO);
    assert_null(input);
    input_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_bytes_come_as_they_are),
        cmocka_unit_test(pieces_are_full_however_the_bytes_are_handed_over),
        cmocka_unit_test(the_longest_line_can_be_kept),
        cmocka_unit_test(the_front_is_given_again),
        cmocka_unit_test(gzip_members_come_whole_at_every_chunk_size),
        cmocka_unit_test(zstd_frames_come_whole_at_every_chunk_size),
        cmocka_unit_test(a_zstd_file_may_begin_with_a_skippable_frame),
        cmocka_unit_test(a_member_may_end_where_a_piece_ends),
        cmocka_unit_test(a_header_with_all_optional_fields_is_read_at_every_chunk_size),
        cmocka_unit_test(empty_gzip_members_alone_are_an_empty_text),
        cmocka_unit_test(zeros_behind_the_last_member_are_padding),
        cmocka_unit_test(other_bytes_behind_the_last_member_are_damage),
        cmocka_unit_test(gzip_cut_at_every_byte_gives_what_it_held),
        cmocka_unit_test(zstd_cut_at_every_byte_gives_a_front_of_the_text),
        cmocka_unit_test(mutated_gzip_is_judged_as_zlib_judges_it),
        cmocka_unit_test(a_bomb_costs_only_what_is_read_of_it),
        cmocka_unit_test(a_zstd_window_beyond_the_bound_is_refused),
        cmocka_unit_test(damage_comes_behind_what_was_whole),
        cmocka_unit_test(files_and_pipes_are_read_as_bytes_are),
        cmocka_unit_test(stdin_is_read_and_left_open),
        cmocka_unit_test(what_cannot_be_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
