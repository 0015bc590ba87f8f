/* landlock.c - see landlock.h. The numbers below are the kernel's (its uapi/linux/landlock.h); they are written here because
 * a C library's headers may be older than the kernel it runs on.
 */
#define _GNU_SOURCE
#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "box.h"

enum { /* system calls, the same number on every architecture that has them */
    CALL_CREATE_RULESET = 444,
    CALL_ADD_RULE = 445,
    CALL_RESTRICT_SELF = 446,
};
enum { ASK_VERSION = 1, RULE_PATH_BENEATH = 1 };

#define BIT(n) ((uint64_t)1 << (n))
enum { /* what may be done to files */
    FS_EXECUTE, FS_WRITE_FILE, FS_READ_FILE, FS_READ_DIR, FS_REMOVE_DIR, FS_REMOVE_FILE, FS_MAKE_CHAR, FS_MAKE_DIR,
    FS_MAKE_REG, FS_MAKE_SOCK, FS_MAKE_FIFO, FS_MAKE_BLOCK, FS_MAKE_SYM, FS_REFER, FS_TRUNCATE, FS_IOCTL_DEV, FS_END,
};
static const uint64_t
    all_fs = BIT(FS_END) - 1,
    all_net = BIT(0) | BIT(1),     /* bind, connect: TCP */
    all_scopes = BIT(0) | BIT(1),  /* abstract sockets, signals */
    read_file = BIT(FS_READ_FILE) | BIT(FS_EXECUTE),
    read_tree = BIT(FS_READ_FILE) | BIT(FS_EXECUTE) | BIT(FS_READ_DIR),
    device = BIT(FS_READ_FILE) | BIT(FS_WRITE_FILE),
    own_folder = BIT(FS_READ_FILE) | BIT(FS_WRITE_FILE) | BIT(FS_READ_DIR) | BIT(FS_REMOVE_DIR) | BIT(FS_REMOVE_FILE) |
                 BIT(FS_MAKE_DIR) | BIT(FS_MAKE_REG) | BIT(FS_MAKE_SYM) | BIT(FS_REFER) | BIT(FS_TRUNCATE);

struct ruleset_attr {
    uint64_t fs, net, scoped;
};
struct path_attr {
    uint64_t allowed;
    int32_t fd;
} __attribute__((packed));

int landlock_abi(void)
{
    long abi = syscall(CALL_CREATE_RULESET, NULL, (size_t)0, ASK_VERSION);
    return abi > 0 ? (int)abi : 0;
}

static enum carat_err allow(int rules, const char *path, uint64_t rights, struct err *err)
{
    struct path_attr rule = {.allowed = rights, .fd = open(path, O_PATH | O_CLOEXEC)};
    if (rule.fd < 0)
        return err_set(err, CARAT_EIO, "cannot open '%s' for the second wall: %s", path, strerror(errno));
    long rc = syscall(CALL_ADD_RULE, rules, RULE_PATH_BENEATH, &rule, 0);
    int why = errno;
    close(rule.fd);
    return rc ? err_set(err, CARAT_EUNSUPPORTED, "Landlock takes no rule for '%s': %s", path, strerror(why)) : CARAT_OK;
}

static enum carat_err allow_interpreter(int rules, const struct box *box, struct err *err)
{
    enum carat_err rc = CARAT_OK;
    const char *path, *real;
    for (size_t at = box->survey_at; !rc && box_next_bind(box, &at, &path, &real);)
        rc = allow(rules, real, file_is_dir(real) ? read_tree : read_file, err);
    return rc;
}

int landlock_make(const struct box *box, const char *folder, struct err *err)
{
    const struct ruleset_attr attr = {.fs = all_fs, .net = all_net, .scoped = all_scopes};
    long rules = syscall(CALL_CREATE_RULESET, &attr, sizeof attr, 0);
    if (rules < 0) {
        err_set(err, CARAT_EUNSUPPORTED, "the kernel makes no Landlock rules: %s", strerror(errno));
        return -1;
    }
    enum carat_err rc = allow_interpreter((int)rules, box, err);
    for (const char *const *name = box_devices; *name && !rc; name++)
        rc = allow((int)rules, *name, device, err);
    if (!rc)
        rc = allow((int)rules, folder, own_folder, err);
    if (rc) {
        close((int)rules);
        return -1;
    }
    return (int)rules;
}

bool landlock_enter(int rules)
{
    return syscall(CALL_RESTRICT_SELF, rules, 0) == 0;
}
