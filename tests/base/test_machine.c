#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"

Test(machine, has_cpus_and_memory_of_which_some_is_free)
{
    cr_assert_geq(machine_cpus(), 1);
    cr_assert_leq(machine_cpus(), (size_t)sysconf(_SC_NPROCESSORS_CONF));
    cr_assert_gt(machine_memory_bytes(), 1 << 20);
    cr_assert_gt(machine_free_memory_bytes(), 0);
    cr_assert_leq(machine_free_memory_bytes(), machine_memory_bytes());
}

Test(machine, a_name_is_cut_to_its_room)
{
    char name[256], few[4] = "";
    machine_cpu_name(name, sizeof name);
    machine_cpu_name(few, sizeof few);
    cr_assert(*name && strlen(few) == 3 && strncmp(name, few, 3) == 0, "%s, %s", name, few);
}

Test(machine, knows_the_running_program)
{
    char *path = machine_program();
    cr_assert(path && *path == '/' && access(path, X_OK) == 0, "%s", path);
    free(path);
}
