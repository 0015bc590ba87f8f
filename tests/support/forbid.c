/* By a seccomp filter: it cannot be undone, so a test that calls this is a process of its own, as Criterion's are. */
#define _GNU_SOURCE
#include "forbid.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <sched.h>
#include <seccomp.h>

enum { CREATE_RULESET = 444 };

void forbid(int what)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
    int rc = ctx ? 0 : -1;
    if (!rc && what & FORBID_NAMESPACES)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) ||
             seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER)) ||
             seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 1,
                              SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER));
    if (!rc && what & FORBID_LANDLOCK)
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EOPNOTSUPP), CREATE_RULESET, 0);
    if (!rc)
        rc = seccomp_load(ctx);
    seccomp_release(ctx);
    cr_assert_eq(rc, 0, "no filter: %d", rc);
}
