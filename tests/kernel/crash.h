/* Panics on purpose, where kernel/main.c of the debug kernel asks for them (tests/kernel/crash.c). Without the word crash=: nothing. */
#ifndef TESTS_KERNEL_CRASH_H
#define TESTS_KERNEL_CRASH_H

void crash_early(void);
void crash_late(void);

#endif
