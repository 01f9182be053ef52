/* SPDX-License-Identifier: MIT */
/*
 * The emulated GPU: the state its components share, and their entry points.
 *
 * One component per file; each keeps its own struct private and is reached
 * through the pointer here. Every component has the verbs _create (NULL when
 * out of memory), _destroy and _reset (function-level reset, device reset,
 * client disconnect: back to power-on state, all work stopped when it returns).
 * emu.c calls them: created in the order of struct emu, reset and destroyed in
 * the reverse one, so that what can start work goes first. _create may start
 * threads but must not call components that come after its own.
 *
 * Threads: the vfio-user thread (main) runs register accesses, DMA map
 * changes and resets; one thread per engine runs channels; one thread is the
 * firmware; one fires the timer's alarm; one serves the control socket.
 *
 * Locks, outermost first: emu_lock() -> fw -> fifo -> fault -> mmu -> mem (read side) -> irq;
 * the timer's is outside of irq's.
 * Register handlers take what they need and never wait for a thread, except _reset, and the
 * mailbox that halts or boots the firmware: for the work that it ends.
 */
#ifndef EMU_H
#define EMU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct emu;
struct emu_bar;
struct emu_chaos;
struct emu_fault;
struct emu_fifo;
struct emu_fw;
struct emu_irq;
struct emu_mem;
struct emu_mmu;
struct emu_pci;
struct emu_stats;
struct emu_timer;

/*
 * Engines of this GPU: engine index = runlist = interrupt number. First the copy engines, whose
 * index is also their CE instance, then the graphics engine, which has the 2D class only.
 */
#define EMU_COPY_ENGINES	2
#define EMU_GRAPHICS_ENGINE	EMU_COPY_ENGINES
#define EMU_ENGINES		(EMU_COPY_ENGINES + 1)
#define EMU_CHANNELS		256	/* chids 0..255; one 4 KiB instance block each */

/**
 * struct emu - one GPU
 * @vram: video memory, also mapped into the guest through BAR1
 * @vram_size: bytes, power of two
 * @vram_fd: memfd behind @vram
 * @log_level: 0 errors, 1 violations and guest errors, 2 information, 3 debug
 * @lock: emu_lock()
 * @fw_failed: the firmware was stalled or crashed on request since the last
 *             reset, halt or boot. A driver that gives up on it has no other
 *             way to stop the engines than turning bus mastering off under
 *             them: what they try then is dropped as always, but is no violation
 * @forget_asleep: the next sleep costs what is in video memory, as D3cold would
 * @remove_asleep: the device falls off the bus when it goes to sleep next
 */
struct emu {
	uint8_t *vram;
	uint64_t vram_size;
	int vram_fd;
	int log_level;
	pthread_mutex_t lock;
	atomic_bool fw_failed;
	atomic_bool forget_asleep;
	atomic_bool remove_asleep;

	struct emu_stats *stats;
	struct emu_chaos *chaos;
	struct emu_mem *mem;
	struct emu_bar *bar;
	struct emu_pci *pci;
	struct emu_irq *irq;
	struct emu_timer *timer;
	struct emu_mmu *mmu;
	struct emu_fault *fault;
	struct emu_fifo *fifo;
	struct emu_fw *fw;
};

/* --- emu.c: the whole device --- */

struct emu *emu_create(uint64_t vram_size, int log_level);	/* NULL with errno set */
void emu_destroy(struct emu *emu);
/*
 * Registers, configuration space, channels, firmware and video memory as after
 * power-on; DMA mappings and eventfds stay. Caller holds emu_lock().
 */
void emu_reset(struct emu *emu);
/* From D0 to D3hot. */
void emu_fall_asleep(struct emu *emu);
/* And back: the same as a reset, but for video memory, which has refreshed itself, and hangs. */
void emu_wake(struct emu *emu);
/*
 * One vfio-user message, or one misbehaviour command, at a time. Outside of all
 * other locks; taken by the vfio-user and the control thread only, because
 * emu_reset() waits for the other threads while it is held.
 */
void emu_lock(struct emu *emu);
void emu_unlock(struct emu *emu);

/* The components' verbs; _destroy(NULL) does nothing. */
struct emu_stats *emu_stats_create(struct emu *emu);
void emu_stats_destroy(struct emu_stats *stats);
struct emu_chaos *emu_chaos_create(struct emu *emu);
void emu_chaos_destroy(struct emu_chaos *chaos);
void emu_chaos_reset(struct emu_chaos *chaos);
struct emu_mem *emu_mem_create(struct emu *emu);
void emu_mem_destroy(struct emu_mem *mem);
struct emu_bar *emu_bar_create(struct emu *emu);
void emu_bar_destroy(struct emu_bar *bar);
void emu_bar_reset(struct emu_bar *bar);
struct emu_pci *emu_pci_create(struct emu *emu);
void emu_pci_destroy(struct emu_pci *pci);
void emu_pci_reset(struct emu_pci *pci);
struct emu_irq *emu_irq_create(struct emu *emu);
void emu_irq_destroy(struct emu_irq *irq);
void emu_irq_reset(struct emu_irq *irq);
struct emu_timer *emu_timer_create(struct emu *emu);
void emu_timer_destroy(struct emu_timer *timer);
void emu_timer_reset(struct emu_timer *timer);
struct emu_mmu *emu_mmu_create(struct emu *emu);
void emu_mmu_destroy(struct emu_mmu *mmu);
void emu_mmu_reset(struct emu_mmu *mmu);
struct emu_fault *emu_fault_create(struct emu *emu);
void emu_fault_destroy(struct emu_fault *fault);
void emu_fault_reset(struct emu_fault *fault);
struct emu_fifo *emu_fifo_create(struct emu *emu);
void emu_fifo_destroy(struct emu_fifo *fifo);
void emu_fifo_reset(struct emu_fifo *fifo);
struct emu_fw *emu_fw_create(struct emu *emu);
void emu_fw_destroy(struct emu_fw *fw);
void emu_fw_reset(struct emu_fw *fw);

/* --- emu_stats.c: counters, violations, log --- */

#define EMU_LOG_ERROR	0
#define EMU_LOG_WARN	1
#define EMU_LOG_INFO	2
#define EMU_LOG_DEBUG	3

enum emu_counter {
	EMU_REG_READS,
	EMU_REG_WRITES,
	EMU_DOORBELLS,
	EMU_INTERRUPTS,		/* MSIs sent */
	EMU_METHODS,
	EMU_CE_BYTES,		/* that copies and fills were launched for */
	EMU_FW_COMMANDS,
	EMU_FW_EVENTS,
	EMU_FAULTS,
	EMU_TLB_INVALIDATES,
	EMU_DMA_MAPS,		/* DMA_MAP messages */
	EMU_DMA_UNMAPS,
	EMU_RESETS,
	EMU_SLEEPS,		/* times the function went to D3hot */
	EMU_COUNTERS
};

enum emu_violation {
	EMU_VIOLATION_REG_AFTER_SHUTDOWN,
	EMU_VIOLATION_DMA_UNMAPPED,
	EMU_VIOLATION_DMA_NO_BUS_MASTER,
	EMU_VIOLATION_DEAD_DOORBELL,
	EMU_VIOLATION_FW_MALFORMED,
	EMU_VIOLATION_REG_ACCESS,	/* wrong size, misaligned or undefined register */
	EMU_VIOLATIONS
};

void emu_count(struct emu *emu, enum emu_counter counter);
void emu_count_add(struct emu *emu, enum emu_counter counter, uint64_t amount);
/* Counts and logs; the text of the last few is kept for the control socket. */
void emu_violation(struct emu *emu, enum emu_violation kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void emu_log(struct emu *emu, int level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* --- emu_mem.c: video memory and the guest memory that is mapped for DMA --- */

enum emu_aperture {
	EMU_VIDEO,
	EMU_SYSTEM,		/* address is an IOVA */
};

void emu_mem_lock(struct emu *emu);	/* read side: DMA_UNMAP waits */
void emu_mem_unlock(struct emu *emu);
/*
 * Host pointer for the physical range [addr, addr + *len), with *len cut to
 * what is contiguous. Valid until emu_mem_unlock(). NULL: not mapped for DMA (or
 * mapped read-only and @write), bus mastering off, or beyond video memory; the first
 * two are counted as violations here.
 */
void *emu_mem_span(struct emu *emu, enum emu_aperture aperture, uint64_t addr,
		   size_t *len, bool write);
/* Whole copies on top of it: 0 or -EFAULT, nothing moved past the failing span. */
/* They take the read side themselves; a thread that already holds it may call them. */
int emu_mem_read(struct emu *emu, enum emu_aperture aperture, uint64_t addr, void *to, size_t len);
int emu_mem_write(struct emu *emu, enum emu_aperture aperture, uint64_t addr, const void *from,
		  size_t len);

/* --- emu_irq.c --- */

void emu_irq_raise(struct emu *emu, unsigned int vector);

/* --- emu_timer.c --- */

uint64_t emu_timer_now(struct emu *emu);	/* PTIMER in ns, low five bits 0 */

/*
 * --- registers: emu_bar.c finds the component by offset ---
 * Offsets are BAR0 offsets, accesses 32 bits wide and aligned. A handler returns
 * false for an offset that is no register of its own: it reads 0, ignores writes,
 * and is counted as EMU_VIOLATION_REG_ACCESS.
 */
bool emu_irq_reg_read(struct emu *emu, uint32_t offset, uint32_t *value);
bool emu_irq_reg_write(struct emu *emu, uint32_t offset, uint32_t value);
bool emu_timer_reg_read(struct emu *emu, uint32_t offset, uint32_t *value);
bool emu_timer_reg_write(struct emu *emu, uint32_t offset, uint32_t value);
bool emu_mmu_reg_read(struct emu *emu, uint32_t offset, uint32_t *value);	/* 0xb830a0-0xb830b3 */
bool emu_mmu_reg_write(struct emu *emu, uint32_t offset, uint32_t value);
bool emu_fault_reg_read(struct emu *emu, uint32_t offset, uint32_t *value);	/* 0xb83000-0xb8309f */
bool emu_fault_reg_write(struct emu *emu, uint32_t offset, uint32_t value);
bool emu_fw_reg_read(struct emu *emu, uint32_t offset, uint32_t *value);	/* mailboxes */
bool emu_fw_reg_write(struct emu *emu, uint32_t offset, uint32_t value);
bool emu_fifo_reg_read(struct emu *emu, uint32_t offset, uint32_t *value);	/* 0xb65000.. */
bool emu_fifo_reg_write(struct emu *emu, uint32_t offset, uint32_t value);
/* Of the driver, or of a @client of it, whose mistakes are not its. emu_bar counts EMU_DOORBELLS. */
void emu_fifo_doorbell(struct emu *emu, uint32_t token, bool client);

/* Set by emu_fw after the reply to SHUTDOWN or SUSPEND; cleared by reset, or when the driver
 * turns memory space or bus mastering on (0 -> 1) in configuration space. */
void emu_bar_set_shut_down(struct emu *emu, bool shut_down);
bool emu_bar_is_shut_down(const struct emu *emu);

/* --- misbehaviour, from the control socket --- */

/* 0 or -EINVAL; ends with an engine reset, a device reset or emu_fifo_heal() */
int emu_fifo_hang(struct emu *emu, unsigned int engine);
void emu_fifo_heal(struct emu *emu);	/* ends all hangs */
/* How many engines have stopped in the work of a channel: a hang waits for one. */
unsigned int emu_fifo_stuck_engines(struct emu *emu);
void emu_fw_stall(struct emu *emu, unsigned int ms);
void emu_fw_crash(struct emu *emu);
void emu_fw_fail_halts(struct emu *emu, unsigned int count);
void emu_fw_heal(struct emu *emu);	/* ends all three; a crashed firmware is off and can be booted */
void emu_irq_drop(struct emu *emu, bool drop);
/* Reads give all ones, writes are ignored, no DMA, no interrupts. */
void emu_bar_surprise_remove(struct emu *emu);
bool emu_bar_is_removed(const struct emu *emu);
void emu_heal(struct emu *emu);		/* undoes all of the above */

#endif /* EMU_H */
