/* SPDX-License-Identifier: MIT */
/* PCI Express configuration space. */
#ifndef EMU_PCI_H
#define EMU_PCI_H

#include "emu.h"

#define EMU_PCI_CONFIG_SIZE	4096u
#define EMU_PCI_MSI_VECTORS	4u	/* offered; all interrupts use message 0 */

/* The caller has checked the range and holds emu_lock(). A write may reset the device (FLR). */
void emu_pci_read(struct emu *emu, uint64_t offset, void *data, size_t len);
void emu_pci_write(struct emu *emu, uint64_t offset, const void *data, size_t len);

/* What the function may do now: the command register's bit, and not in D3hot. Any thread. */
bool emu_pci_bus_master(const struct emu *emu);
bool emu_pci_memory_space(const struct emu *emu);
/* Is it in D3hot? Any thread. */
bool emu_pci_asleep(const struct emu *emu);
/* As a write to its power state would, but uncounted. */
void emu_pci_put_to_sleep(struct emu *emu);
/* Is message 0 masked by the driver? Any thread. */
bool emu_pci_msi_masked(const struct emu *emu);

#endif /* EMU_PCI_H */
