/* SPDX-License-Identifier: Apache-2.0 */
/* Property: any bytes are a configuration or an error that says where. Of what was read, the
 * numbers are printed as a configuration with the same numbers, and what the operator's file may
 * hold is printed as such a file with the same meaning, whose text is a fixed point. The first byte
 * chooses the grammar: a configuration's, or the operator's file. */
#include "tools/operator_file.h"

#include <stdlib.h>

#define TEXT_MAX ((size_t)1 << 16)
#define PRINTED_MAX ((size_t)16 << 20)

static void require(bool is_true) {
    if (!is_true) {
        abort();
    }
}

static void check_numbers(const struct config *config) {
    struct config again;
    struct buffer text;
    struct error err = { 0 };
    buffer_init(&text, PRINTED_MAX);
    config_init(&again);
    config_print(config, &text);
    require(!text.failed);
    require(config_read(&again, "again", NULL, buffer_bytes(&text), &err));
    require(rule_params_hash(&again.detector.rules) == rule_params_hash(&config->detector.rules));
    struct detector_config numbers = config->detector;
    numbers.say = again.detector.say = NULL;
    require(detector_config_hash(&again.detector) == detector_config_hash(&numbers));
    require(rule_params_check(&again.detector.rules, &err));
    for (size_t i = 0; i < config->say.set_count; i++) {
        require(rule_params_check(&config->say.sets[i].params, &err));
    }
    config_done(&again);
    buffer_done(&text);
}

static void check_operator(const struct config *config) {
    struct config again;
    struct buffer once;
    struct buffer twice;
    struct error err = { 0 };
    buffer_init(&once, PRINTED_MAX);
    buffer_init(&twice, PRINTED_MAX);
    config_init(&again);
    operator_file_print(&config->say, &once);
    require(!once.failed);
    require(config_read_operator(&again, "again", buffer_bytes(&once), &err));
    require(say_finish(&again.say, &err));
    operator_file_print(&again.say, &twice);
    require(bytes_equal(buffer_bytes(&once), buffer_bytes(&twice)));
    require(again.say.silence_count == config->say.silence_count);
    require(again.say.ack_count == config->say.ack_count);
    config_done(&again);
    buffer_done(&once);
    buffer_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct config config;
    struct error err = { 0 };
    /* Files that filters name are no part of the property, and one might never end. */
    if (size == 0 || size > TEXT_MAX || memchr(data, '@', size) != NULL) {
        return 0;
    }
    struct bytes text = bytes_of(data + 1, size - 1);
    config_init(&config);
    bool ok = data[0] % 2 == 0 ? config_read(&config, "file", NULL, text, &err)
                               : config_read_operator(&config, "file", text, &err);
    if (!ok) {
        require(err.code != ERROR_NONE && strncmp(err.message, "file:", 5) == 0);
    } else if (say_finish(&config.say, &err)) {
        require(say_hash(&config.say) == say_hash(&config.say));
        check_numbers(&config);
        check_operator(&config);
    }
    config_done(&config);
    return 0;
}
