/* SPDX-License-Identifier: MIT */
/* BAR0: register accesses as they arrive from the guest. */
#ifndef EMU_BAR_H
#define EMU_BAR_H

#include "emu.h"

/* Any width and offset inside BAR0; the caller has checked the range and holds emu_lock(). */
void emu_bar_read(struct emu *emu, uint64_t offset, void *data, size_t len);
void emu_bar_write(struct emu *emu, uint64_t offset, const void *data, size_t len);
/* Ends a surprise removal; used by emu_heal(). */
void emu_bar_reinsert(struct emu *emu);

#endif /* EMU_BAR_H */
