/* SPDX-License-Identifier: MIT */
/* What the device counted, for the control socket. */
#ifndef EMU_STATS_H
#define EMU_STATS_H

#include "emu.h"

#define EMU_STATS_RECENT	16	/* violation texts kept */
#define EMU_STATS_TEXT		192	/* bytes of one, NUL included */

uint64_t emu_stats_counter(struct emu_stats *stats, enum emu_counter counter);
uint64_t emu_stats_violations(struct emu_stats *stats, enum emu_violation kind);
/* Copies the texts, oldest first, and returns how many there are. */
unsigned int emu_stats_recent(struct emu_stats *stats, char (*text)[EMU_STATS_TEXT]);
void emu_stats_clear(struct emu_stats *stats);

#endif /* EMU_STATS_H */
