/* forbid.h - makes a machine of another kind of this one, for the calling process and what it starts. */
#ifndef CARAT_TESTS_FORBID_H
#define CARAT_TESTS_FORBID_H

enum {
    FORBID_NAMESPACES = 1, /* as with user.max_user_namespaces 0 */
    FORBID_LANDLOCK = 2,   /* as of a kernel without it */
};
void forbid(int what);

#endif
