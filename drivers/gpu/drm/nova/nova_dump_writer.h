/* SPDX-License-Identifier: GPL-2.0 OR MIT */
#ifndef _NOVA_DUMP_WRITER_H_
#define _NOVA_DUMP_WRITER_H_

#include <linux/types.h>

/**
 * struct nova_dump_writer - a dump while it is written, see include/uapi/drm/nova_dump.h
 * @data: the memory; section contents are zero until something is written there
 * @size: bytes of it
 * @used: bytes of whole sections, a multiple of 8
 * @open: offset of the section that is being written, or 0
 *
 * Writes nothing beyond the memory: what does not fit is left out, and the header says so.
 */
struct nova_dump_writer {
	u8 *data;
	size_t size;
	size_t used;
	size_t open;
};

void nova_dump_writer_init(struct nova_dump_writer *writer, void *data, size_t size);
void nova_dump_writer_begin(struct nova_dump_writer *writer, u32 type);
void *nova_dump_writer_add(struct nova_dump_writer *writer, size_t size);
size_t nova_dump_writer_room(const struct nova_dump_writer *writer);
void nova_dump_writer_trim(struct nova_dump_writer *writer, size_t size);
void nova_dump_writer_end(struct nova_dump_writer *writer);
size_t nova_dump_writer_finish(struct nova_dump_writer *writer);

#endif /* _NOVA_DUMP_WRITER_H_ */
