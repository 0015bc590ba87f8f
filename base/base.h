/* base.h - what two or more parts of carat need. Includes nothing of carat's but itself. */
#ifndef CARAT_BASE_H
#define CARAT_BASE_H

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "err.h"
#include "file.h"
#include "json.h"
#include "log.h"
#include "machine.h"
#include "num.h"
#include "pool.h"
#include "sha256.h"
#include "str.h"
#include "utf8.h"

#endif
