/* SPDX-License-Identifier: Apache-2.0 */
#include "store/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static struct manifest *filled(void) {
    struct manifest *manifest;
    struct error err;
    assert_true(manifest_new(&manifest, &err));
    manifest_files(manifest)->state_checksum = 7;
    manifest_files(manifest)->alerts_size = 1000;
    struct manifest_input inputs[] = { { "b", "2.gz", 20, 2 },
                                       { "a", "1.gz", 10, 1 },
                                       { "a", "empty", 0, 9 } };
    for (size_t i = 0; i < 3; i++) {
        assert_true(manifest_add_input(manifest, &inputs[i], &err));
    }
    struct manifest_feed feeds[] = { { "b", 1, 5, 500 }, { "a", 1, 4, INT64_MIN } };
    assert_true(manifest_set_feed(manifest, &feeds[0], &err));
    assert_true(manifest_set_feed(manifest, &feeds[1], &err));
    struct manifest_segment segment = { "flows/2026/01/01/00-0000.seg", 5000, 3, -1, 9, true };
    assert_true(manifest_set_segment(manifest, &segment, &err));
    return manifest;
}

static void encoding_and_decoding_give_the_same_bytes(void **state) {
    (void)state;
    struct error err;
    struct buffer first;
    struct buffer second;
    buffer_init(&first, 1 << 20);
    buffer_init(&second, 1 << 20);
    struct manifest *manifest = filled();
    struct manifest *copy;
    assert_true(manifest_encode(manifest, &first, &err));
    assert_true(manifest_new(&copy, &err));
    assert_true(manifest_decode(copy, buffer_bytes(&first), &err));
    assert_true(manifest_encode(copy, &second, &err));
    assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    assert_int_equal(manifest_files(copy)->alerts_size, 1000);
    assert_int_equal(manifest_feed(copy, 0)->low_ms, INT64_MIN);
    assert_int_equal(manifest_segment(copy, 0)->min_ms, -1);
    assert_true(manifest_segment(copy, 0)->is_future);
    manifest_free(manifest);
    manifest_free(copy);
    buffer_done(&first);
    buffer_done(&second);
}

static void every_cut_and_every_flipped_byte_is_an_error_or_a_manifest(void **state) {
    (void)state;
    struct error err;
    struct buffer bytes;
    buffer_init(&bytes, 1 << 20);
    struct manifest *manifest = filled();
    assert_true(manifest_encode(manifest, &bytes, &err));
    for (size_t cut = 0; cut < bytes.size; cut++) {
        struct manifest *copy;
        assert_true(manifest_new(&copy, &err));
        assert_false(manifest_decode(copy, bytes_of(bytes.data, cut), &err));
        manifest_free(copy);
    }
    for (size_t at = 0; at < bytes.size; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct manifest *copy;
            bytes.data[at] ^= (uint8_t)(1u << bit);
            assert_true(manifest_new(&copy, &err));
            (void)manifest_decode(copy, buffer_bytes(&bytes), &err);
            manifest_free(copy);
            bytes.data[at] ^= (uint8_t)(1u << bit);
        }
    }
    manifest_free(manifest);
    buffer_done(&bytes);
}

static void an_input_is_known_by_its_name_or_its_content(void **state) {
    (void)state;
    struct manifest *manifest = filled();
    static const struct {
        const char *name;
        struct manifest_input input;
        bool is_known;
    } cases[] = {
        { "same object", { "a", "1.gz", 10, 1 }, true },
        { "same name and size, other head", { "a", "1.gz", 10, 77 }, true },
        { "same name, other size", { "a", "1.gz", 11, 77 }, false },
        { "same content under another name", { "c", "other.gz", 20, 2 }, true },
        { "same name in another feed", { "b", "1.gz", 10, 3 }, false },
        { "another empty object", { "a", "empty2", 0, 9 }, false },
        { "the same empty object", { "a", "empty", 0, 9 }, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if ((manifest_find_input(manifest, &cases[i].input) != NULL) != cases[i].is_known) {
            fail_msg("%s", cases[i].name);
        }
    }
    manifest_free(manifest);
}

static void what_an_input_may_have_grown_from_has_its_feed_and_name(void **state) {
    (void)state;
    static const struct {
        struct manifest_input input;
        uint64_t want; /* the size of what is found, 0: nothing */
    } cases[] = {
        { { "a", "1.gz", 11, 77 }, 10 }, { { "a", "1.gz", 10, 77 }, 0 },
        { { "a", "1.gz", 9, 77 }, 0 },   { { "b", "1.gz", 11, 77 }, 0 },
        { { "a", "1.gz2", 11, 77 }, 0 }, { { "", "", 11, 77 }, 0 },
        { { "z", "zzz", 11, 77 }, 0 },
    };
    struct manifest *manifest = filled();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct manifest_input *found = manifest_find_smaller(manifest, &cases[i].input);
        if ((found == NULL ? 0 : found->size) != cases[i].want) {
            fail_msg("case %zu", i);
        }
    }
    manifest_free(manifest);
}

static void a_feed_that_is_set_again_is_replaced(void **state) {
    (void)state;
    struct error err;
    struct manifest *manifest = filled();
    struct manifest_feed feed = { "b", 1, 99, 900 };
    assert_true(manifest_set_feed(manifest, &feed, &err));
    assert_int_equal(manifest_feed_count(manifest), 2);
    assert_int_equal(manifest_feed(manifest, 0)->num, 99);
    manifest_free(manifest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoding_and_decoding_give_the_same_bytes),
        cmocka_unit_test(every_cut_and_every_flipped_byte_is_an_error_or_a_manifest),
        cmocka_unit_test(an_input_is_known_by_its_name_or_its_content),
        cmocka_unit_test(what_an_input_may_have_grown_from_has_its_feed_and_name),
        cmocka_unit_test(a_feed_that_is_set_again_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
