/* landlock.h - the kernel's rules for files, TCP ports, signals and abstract sockets, as the second wall uses them.
 *
 *     int rules = landlock_make(box, folder, err);     // -1 with err set
 *     in the child: landlock_enter(rules);             // from then on it and what it starts are held by them
 *     close(rules);
 *
 * landlock_make() may be called by any thread; landlock_enter() allocates nothing and takes no lock.
 */
#ifndef CARAT_SANDBOX_LANDLOCK_H
#define CARAT_SANDBOX_LANDLOCK_H

#include "base/base.h"

struct box;

/* The first version that also holds signals and abstract sockets (Linux 6.12). */
enum { LANDLOCK_ABI_WANTED = 6 };

/* The kernel's version of Landlock; 0 where it has none or it is switched off. */
int landlock_abi(void);

/* Everything is forbidden but to read the interpreter, and to write in `folder` and to a few devices. The ruleset's
 * descriptor is the caller's. */
int landlock_make(const struct box *box, const char *folder, struct err *err);

/* Holds the calling thread, which must have set no_new_privs. false: errno says why. */
bool landlock_enter(int rules);

#endif
