/* clock.h - time as seconds, for measuring how long something takes. */
#ifndef CARAT_BASE_CLOCK_H
#define CARAT_BASE_CLOCK_H

double clock_seconds(void);     /* of a clock that only goes forward */
double clock_cpu_seconds(void); /* that all threads of this process have computed */

#endif
