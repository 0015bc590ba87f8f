/* The cache of fingerprints may save time and must never keep an old one. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/model/model_int.h"
#include "harness/backend/fingerprint.h"
#include "tests/engine/tiny.h"
#include "tests/support/support.h"

/* 18 MB: a smaller one is hashed every time. */
static const struct tiny LARGE = {.model_type = "mistral", .dtype = "BF16", .layers = 1, .hidden = 1024, .inter = 32,
                                  .heads = 2, .kv_heads = 2, .head_dim = 16, .vocab = 4500};

static const char *cache, *folder;
static char *weights;

static void set_up(void)
{
    cache = temp_dir();
    setenv("XDG_CACHE_HOME", cache, 1);
    folder = tiny_write(&LARGE);
    weights = file_join(folder, "model.safetensors");
}

static void tear_down(void)
{
    temp_remove(folder);
    temp_remove(cache);
    free(weights);
}

static struct carat_model *open_it(void)
{
    struct err err = ERR_INIT;
    struct carat_model *m;
    cr_assert_eq(model_open_weights(folder, &m, &err), CARAT_OK, "%s", err.msg);
    return m;
}

static void get(const struct carat_model *m, bool rehash, char out[SHA256_HEX])
{
    struct err err = ERR_INIT;
    cr_assert_eq(fingerprint_get(m, 1, rehash, out, &err), CARAT_OK, "%s", err.msg);
}

static void get_anew(bool rehash, char out[SHA256_HEX])
{
    struct carat_model *m = open_it();
    get(m, rehash, out);
    carat_model_free(m);
}

/* The one entry of the cache; NULL when there is none. */
static char *entry(void)
{
    char name[SHA256_HEX], *real = realpath(folder, NULL);
    sha256_hex(real, strlen(real), name);
    struct buf path = BUF_INIT(1 << 14);
    buf_printf(&path, "%s/carat/fingerprints/%s", cache, name);
    free(real);
    if (file_exists(path.p))
        return buf_take(&path, NULL);
    buf_release(&path);
    return NULL;
}

static void wait_until_settled(void)
{
    nanosleep(&(struct timespec){.tv_sec = 2, .tv_nsec = 200000000}, NULL);
}

static void flip_last_byte(void)
{
    struct stat st;
    int fd = open(weights, O_RDWR);
    unsigned char byte;
    cr_assert(fd >= 0 && fstat(fd, &st) == 0 && pread(fd, &byte, 1, st.st_size - 1) == 1);
    byte ^= 1;
    cr_assert_eq(pwrite(fd, &byte, 1, st.st_size - 1), 1);
    struct timespec times[2] = {st.st_atim, st.st_mtim}; /* a tool that keeps times */
    cr_assert_eq(futimens(fd, times), 0);
    close(fd);
}

Test(fingerprint, an_unchanged_checkpoint_is_hashed_once, .init = set_up, .fini = tear_down, .timeout = 60)
{
    char real[SHA256_HEX], again[SHA256_HEX], fake[SHA256_HEX];
    get_anew(false, real);
    cr_assert_null(entry(), "a file that was written this moment may change once more within the clock's step");
    wait_until_settled();
    get_anew(false, again);
    cr_assert_str_eq(again, real);
    char *path = entry();
    cr_assert_not_null(path);

    struct buf text = BUF_INIT(1 << 10); /* only a planted answer shows that it is read */
    cr_assert_eq(file_read(path, 1 << 10, &text, NULL), CARAT_OK);
    memset(text.p + SHA256_HEX, 'a', SHA256_HEX - 1);
    cr_assert_eq(file_write(path, text.p, text.n, NULL), CARAT_OK);
    get_anew(false, fake);
    cr_assert_eq(strspn(fake, "a"), SHA256_HEX - 1, "%s", fake);
    get_anew(true, again);
    cr_assert_str_eq(again, real);
    get_anew(false, again);
    cr_assert_str_eq(again, real, "--rehash mends the cache");

    text.p[3] ^= 1; /* another stamp, then rubbish: both mean hashing */
    cr_assert_eq(file_write(path, text.p, text.n, NULL), CARAT_OK);
    get_anew(false, again);
    cr_assert_str_eq(again, real);
    cr_assert_eq(file_write(path, "x\n", 2, NULL), CARAT_OK);
    get_anew(false, again);
    cr_assert_str_eq(again, real);
    buf_release(&text);
    free(path);
}

Test(fingerprint, a_changed_file_never_keeps_its_old_one, .init = set_up, .fini = tear_down, .timeout = 60)
{
    char before[SHA256_HEX], after[SHA256_HEX], kept[SHA256_HEX];
    wait_until_settled();
    get_anew(false, before);
    char *path = entry();
    cr_assert_not_null(path);
    free(path);
    flip_last_byte(); /* same size, same time of modification */
    get_anew(false, after);
    cr_assert_str_neq(after, before);
    flip_last_byte();
    get_anew(false, kept);
    cr_assert_str_eq(kept, before, "the content decides");
}

Test(fingerprint, a_file_replaced_while_open_is_not_remembered, .init = set_up, .fini = tear_down, .timeout = 60)
{
    char before[SHA256_HEX], after[SHA256_HEX];
    wait_until_settled();
    struct carat_model *m = open_it();
    struct buf bytes = BUF_INIT((size_t)64 << 20);
    cr_assert_eq(file_read(weights, (size_t)64 << 20, &bytes, NULL), CARAT_OK);
    bytes.p[bytes.n - 1] ^= 1;
    cr_assert_eq(file_write(weights, bytes.p, bytes.n, NULL), CARAT_OK);
    get(m, false, before); /* of the one that is mapped */
    cr_assert_null(entry());
    carat_model_free(m);
    get_anew(false, after);
    cr_assert_str_neq(after, before);
    buf_release(&bytes);
}
