/* hostile.h - damaged files out of one line of text each, so that a corpus is a table.
 *
 *     assemble("r:GGUF 4:3 8:0 8:1 s:general.architecture 4:8 s:llama", &bytes);
 *
 * Words are separated by single spaces:
 *     1:N 2:N 4:N 8:N   the integer N in so many bytes, little-endian (0x.. as well; -1 is all ones)
 *     f:X               a float32
 *     s:TEXT            a length of 8 bytes, and the text
 *     r:TEXT            the text alone          h:HEX     bytes by their hexadecimal digits
 *     z:N               N bytes of zero         p:N       zeros up to a multiple of N
 *     j:TEXT            a safetensors header: the length of the rest of the line in 8 bytes, and that rest, up to " ;"
 *     x:N:TEXT          the text N times
 * In a text, ~ stands for a space and ^ for a NUL.
 */
#ifndef CARAT_TESTS_HOSTILE_H
#define CARAT_TESTS_HOSTILE_H

#include "base/base.h"

void assemble(const char *line, struct buf *out);

#endif
