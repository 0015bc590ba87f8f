/* Bundles: what is packed comes out the same, and a hostile one puts nothing where it should not. */
#include <archive.h>
#include <archive_entry.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "datasets/datasets.h"
#include "tests/support/support.h"

static bool has(const char *dir, const char *name, const char *text)
{
    struct buf got = BUF_INIT(1 << 20);
    char *path = file_join(dir, name);
    bool same = file_exists(path) && !file_read(path, 1 << 20, &got, NULL) && str_eq(buf_str(&got), str_from(text));
    buf_release(&got);
    free(path);
    return same;
}

static const char record[] = "{\"SOME.tar\":{\"url\":\"u\",\"bytes\":3,\"sha256\":\"00\",\"members\":{\"SOME/a.json\":\"00\"}},"
                             "\"extra.jsonl\":{\"url\":\"u\",\"bytes\":1,\"sha256\":\"00\"}}";

static void fill_cache(const char *dir)
{
    put_text_file(dir, "minerva_math/fetched.json", record);
    put_text_file(dir, "minerva_math/SOME/a.json", "{\"a\": 1}");
    put_text_file(dir, "minerva_math/extra.jsonl", "{}\n");
    put_text_file(dir, "minerva_math/stray.txt", "not in the record");
}

static char *in(const char *dir, const char *name) { return file_join(dir, name); }

Test(bundle, what_is_packed_comes_out_the_same_and_the_bundle_has_no_date)
{
    static const char *const names[] = {"minerva_math"};
    const char *dir = temp_dir();
    char *cache = in(dir, "cache"), *other = in(dir, "other"), *paths[2] = {in(dir, "a.tar.gz"), in(dir, "b.tar.gz")};
    char hashes[2][SHA256_HEX];
    struct err err = ERR_INIT;
    fill_cache(cache);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(carat_bundle_write(names, 1, cache, paths[i], &err), CARAT_OK, "%s", err.msg);
        cr_assert_eq(sha256_file(paths[i], hashes[i], NULL), CARAT_OK);
    }
    cr_expect_str_eq(hashes[0], hashes[1]);
    for (int i = 0; i < 2; i++) /* a second time nothing is to be done */
        cr_assert_eq(carat_bundle_read(paths[0], other, false, &err), CARAT_OK, "%s", err.msg);
    cr_expect(has(other, "minerva_math/SOME/a.json", "{\"a\": 1}") && has(other, "minerva_math/extra.jsonl", "{}\n"));
    cr_expect(!has(other, "minerva_math/stray.txt", "not in the record"));
    put_text_file(other, "minerva_math/extra.jsonl", "mine");
    cr_expect_eq(carat_bundle_read(paths[0], other, false, &err), CARAT_EINPUT);
    cr_expect(strstr(err.msg, "extra.jsonl") && strstr(err.hint, "--force"), "%s", err.msg);
    cr_expect_eq(carat_bundle_read(paths[0], other, true, &err), CARAT_OK);
    cr_expect(has(other, "minerva_math/extra.jsonl", "{}\n"));
    free(cache), free(other), free(paths[0]), free(paths[1]);
    temp_remove(dir);
}

Test(bundle, of_what_was_never_fetched_is_refused)
{
    static const char *const names[] = {"gsm8k"};
    const char *dir = temp_dir();
    char *path = in(dir, "a.tar.gz");
    struct err err = ERR_INIT;
    cr_expect_eq(carat_bundle_write(names, 1, dir, path, &err), CARAT_EINPUT);
    cr_expect(strstr(err.msg, "gsm8k") && !file_exists(path), "%s", err.msg);
    free(path);
    temp_remove(dir);
}

struct member {
    const char *name, *text;
    int type;                /* 0: a regular file */
};

static void write_archive(const char *path, const struct member *members, size_t n)
{
    struct archive *a = archive_write_new();
    archive_write_set_format_pax_restricted(a);
    archive_write_add_filter_gzip(a);
    cr_assert_eq(archive_write_open_filename(a, path), ARCHIVE_OK);
    for (size_t i = 0; i < n; i++) {
        struct archive_entry *e = archive_entry_new();
        archive_entry_set_pathname(e, members[i].name);
        archive_entry_set_perm(e, 0644);
        archive_entry_set_filetype(e, members[i].type ? (unsigned)members[i].type : AE_IFREG);
        if (members[i].type)
            archive_entry_set_symlink(e, members[i].text);
        else
            archive_entry_set_size(e, (la_int64_t)strlen(members[i].text));
        cr_assert_eq(archive_write_header(a, e), ARCHIVE_OK);
        if (!members[i].type)
            archive_write_data(a, members[i].text, strlen(members[i].text));
        archive_entry_free(e);
    }
    archive_write_free(a);
}

#define A_SHA "559aead08264d5795d3909718cdd05abd49572e84fe55590eef31a88a08fdffd" /* of "A" */
#define LIST(files) {"carat-bundle.json", "{\"format\": 1, \"datasets\": [\"gsm8k\"], \"files\": {" files "}}", 0}

Test(bundle, a_hostile_one_puts_nothing_outside_and_nothing_unlisted)
{
    static const struct {
        struct member members[3];
        size_t n;
        const char *why;
    } cases[] = {
        {{{"gsm8k/a.jsonl", "A", 0}}, 1, "is no bundle"},
        {{LIST("\"../evil\": \"" A_SHA "\""), {"../evil", "A", 0}}, 2, "outside the cache"},
        {{LIST("\"/tmp/evil\": \"" A_SHA "\""), {"/tmp/evil", "A", 0}}, 2, "outside the cache"},
        {{LIST("\"gsm8k/../../evil\": \"" A_SHA "\""), {"gsm8k/../../evil", "A", 0}}, 2, "outside the cache"},
        {{LIST("\"gsm8k/a\": \"" A_SHA "\""), {"gsm8k/a", "/etc/passwd", AE_IFLNK}}, 2, "no regular file"},
        {{LIST(""), {"gsm8k/a", "A", 0}}, 2, "not in its list"},
        {{LIST("\"gsm8k/a\": \"" A_SHA "\""), {"gsm8k/a", "B", 0}}, 2, "not what its list says"},
        {{LIST("\"gsm8k/a\": \"" A_SHA "\""), {"gsm8k/a", "A", 0}, {"gsm8k/a", "A", 0}}, 3, "there twice"},
        {{LIST("\"evil/a\": \"" A_SHA "\""), {"evil/a", "A", 0}}, 2, "belongs to no dataset"},
        {{LIST("\"gsm8k/test.jsonl\": \"" A_SHA "\""), {"gsm8k/test.jsonl", "A", 0}}, 2, "not the published file"},
        {{LIST("\"gsm8k/a\": \"" A_SHA "\"")}, 1, "it was cut off"},
        {{{"carat-bundle.json", "{\"format\": 2, \"files\": {}}", 0}}, 1, "another format"},
        {{{"carat-bundle.json", "{", 0}}, 1, "carat-bundle.json"},
        {{LIST("\"gsm8k/fetched.json\": \"" A_SHA "\""), {"gsm8k/fetched.json", "A", 0}}, 2, "fetched.json"},
    };
    const char *dir = temp_dir();
    char *path = in(dir, "a.tar.gz"), *cache = in(dir, "below/cache"), *outside = in(dir, "below/evil");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err err = ERR_INIT;
        write_archive(path, cases[i].members, cases[i].n);
        enum carat_err rc = carat_bundle_read(path, cache, false, &err);
        cr_expect(rc == CARAT_EINPUT || rc == CARAT_EUNSUPPORTED, "case %zu: %d", i, (int)rc);
        cr_expect(strstr(err.msg, cases[i].why), "case %zu: %s", i, err.msg);
        cr_expect(!file_exists(outside) && !file_exists("/tmp/evil"), "case %zu", i);
    }
    put_text_file(dir, "a.tar.gz", "no archive at all");
    struct err err = ERR_INIT;
    cr_expect_eq(carat_bundle_read(path, cache, false, &err), CARAT_EINPUT);
    free(path), free(cache), free(outside);
    temp_remove(dir);
}
