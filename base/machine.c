#define _GNU_SOURCE /* sched_getaffinity() */
#include "machine.h"

#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "num.h"
#include "str.h"
#include "utf8.h"

size_t machine_cpus(void)
{
#ifdef CPU_COUNT
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (size_t)CPU_COUNT(&set);
#endif
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (size_t)n : 1;
}

/* ---- memory ---- */

static size_t pages(long n)
{
    long size = sysconf(_SC_PAGESIZE);
    size_t bytes = 0;
    return n > 0 && size > 0 && num_mul((size_t)n, (size_t)size, &bytes) ? bytes : 0;
}

size_t machine_memory_bytes(void)
{
#ifdef _SC_PHYS_PAGES
    return pages(sysconf(_SC_PHYS_PAGES));
#else
    return 0;
#endif
}

size_t machine_free_memory_bytes(void)
{
    FILE *f = fopen("/proc/meminfo", "re"); /* a pseudo file: its size reads as 0 */
    char line[256];
    unsigned long long kib = 0;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
            break;
    if (f)
        fclose(f);
    if (kib && kib <= SIZE_MAX >> 10)
        return (size_t)kib << 10;
#ifdef _SC_AVPHYS_PAGES
    return pages(sysconf(_SC_AVPHYS_PAGES));
#else
    return 0;
#endif
}

/* ---- names ---- */

void machine_cpu_name(char *out, size_t size)
{
    snprintf(out, size, "unknown");
    FILE *f = fopen("/proc/cpuinfo", "re");
    char line[512];
    while (f && fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (colon && strncmp(line, "model name", 10) == 0) {
            struct str name = utf8_strip(str_from(colon + 1));
            snprintf(out, size, "%.*s", (int)name.n, name.p);
            break;
        }
    }
    if (f)
        fclose(f);
}

char *machine_program(void)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    return n > 0 && (size_t)n < sizeof path ? strndup(path, (size_t)n) : NULL;
}
