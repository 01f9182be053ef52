/* SPDX-License-Identifier: MIT */
/* Control socket: statistics out, misbehaviour in. */
#ifndef EMU_CTL_H
#define EMU_CTL_H

#include "emu.h"

#define EMU_CTL_LINE	1024	/* longest command, newline included */

struct emu_ctl;

/* Serves clients of the non-blocking @listener in a thread of its own. NULL with errno set. */
struct emu_ctl *emu_ctl_create(struct emu *emu, int listener);
void emu_ctl_destroy(struct emu_ctl *ctl);

/* Executes one command line. Returns one line of JSON with its newline, to be freed. */
char *emu_ctl_command(struct emu *emu, const char *line);

#endif /* EMU_CTL_H */
