/* machine.h - what the system knows of this machine. What only Linux tells is asked here and nowhere else but in the
 * jail; elsewhere POSIX answers, or nobody. Any thread may ask. */
#ifndef CARAT_BASE_MACHINE_H
#define CARAT_BASE_MACHINE_H

#include <stddef.h>

size_t machine_cpus(void);              /* those this process may run on; at least 1 */
size_t machine_memory_bytes(void);      /* all there is; 0: not known */
size_t machine_free_memory_bytes(void); /* what could be had now without swapping; 0: not known */

/* "AMD EPYC 9B14"; "unknown". */
void machine_cpu_name(char *out, size_t size);

/* The path of the running program, fresh memory; NULL: not known. */
char *machine_program(void);

#endif
