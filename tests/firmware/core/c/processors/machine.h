/* What a program without an operating system asks of the emulator around it. */
#ifndef MACHINE_H
#define MACHINE_H

/* Called by the machine's start code, with a stack. */
void run_self_test(void);

void machine_say(const char *text);
_Noreturn void machine_end(int status);

#endif
