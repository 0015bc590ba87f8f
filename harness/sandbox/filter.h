/* filter.h - the system calls that a program may make. */
#ifndef CARAT_SANDBOX_FILTER_H
#define CARAT_SANDBOX_FILTER_H

#include "base/base.h"

/* Appends the seccomp program (struct sock_filter[], as the kernel and `bwrap --seccomp` take it). `alone`: no namespaces
 * stand behind it, so what they would hold is refused here: see filter.c. */
enum carat_err filter_make(bool alone, struct buf *out, struct err *err);

/* The name of system call `number` here; writes at most n bytes. */
void filter_call_name(int number, char *out, size_t n);

#endif
