/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "fuzz_message.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../emu_mem.h"

static const char * const versions[] = {
	"{\"capabilities\":{\"max_msg_fds\":8,\"write_multiple\":true}}",
	"{\"capabilities\":{\"max_msg_fds\":0,\"max_data_xfer_size\":16}}",
	"{\"capabilities\":{\"max_msg_fds\":-1}}",
	"{\"capabilities\":{\"write_multiple\":1}}",
	"{\"capabilities\":[]}",
	"{}",
	"[[[[[[[[[[]]]]]]]]]]",
	"",
};

/* --- descriptors --- */

static int fds[FUZZ_FDS];

static int ram_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	fuzz_require(fd >= 0 && !ftruncate(fd, FUZZ_FILE_SIZE), "memfd: %s", strerror(errno));
	return fd;
}

static int reopened(int fd, int flags)
{
	char path[64];
	int copy;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy = open(path, flags | O_CLOEXEC);
	fuzz_require(copy >= 0, "open: %s", strerror(errno));
	return copy;
}

static int full_pipe(bool broken)
{
	char bytes[4096] = { 0 };
	int ends[2];

	fuzz_require(!pipe2(ends, O_CLOEXEC | O_NONBLOCK), "pipe: %s", strerror(errno));
	while (write(ends[1], bytes, sizeof(bytes)) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
	if (broken)
		close(ends[0]);
	return ends[1];
}

static void open_fds(void)
{
	fds[FUZZ_FD_RAM] = ram_file("fuzz-ram");
	fds[FUZZ_FD_RAM2] = ram_file("fuzz-ram2");
	fds[FUZZ_FD_READ_ONLY] = reopened(fds[FUZZ_FD_RAM], O_RDONLY);
	fds[FUZZ_FD_SHRINKING] = ram_file("fuzz-shrinking");
	fds[FUZZ_FD_EVENTFD] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fds[FUZZ_FD_EVENTFD_FULL] = eventfd(0, EFD_CLOEXEC);
	fuzz_require(!eventfd_write(fds[FUZZ_FD_EVENTFD_FULL], UINT64_MAX - 1), "eventfd: %s",
		     strerror(errno));
	fds[FUZZ_FD_PIPE_FULL] = full_pipe(false);
	fds[FUZZ_FD_PIPE_BROKEN] = full_pipe(true);
	fds[FUZZ_FD_NULL] = open("/dev/null", O_RDWR | O_CLOEXEC);
	fds[FUZZ_FD_DIRECTORY] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

const int *fuzz_fds(void)
{
	if (!fds[FUZZ_FD_RAM])
		open_fds();
	return fds;
}

void fuzz_fds_reset(void)
{
	uint64_t count;
	ssize_t got = read(fds[FUZZ_FD_EVENTFD], &count, sizeof(count));

	(void)got;	/* nothing may have been signalled */
	fuzz_fds_shrink(FUZZ_FILE_SIZE / EMU_MEM_PAGE);
}

void fuzz_fds_shrink(unsigned int pages)
{
	fuzz_require(!ftruncate(fds[FUZZ_FD_SHRINKING], (off_t)pages * EMU_MEM_PAGE),
		     "ftruncate: %s", strerror(errno));
}

/* --- messages --- */

static void begin(struct fuzz_message *message, uint16_t command)
{
	struct vfio_user_header header = { .id = 7, .command = command };

	memcpy(message->bytes, &header, sizeof(header));
	message->len = sizeof(header);
	message->nfds = 0;
}

static void add(struct fuzz_message *message, const void *data, size_t len)
{
	memcpy(message->bytes + message->len, data, len);
	message->len += len;
}

static void add_bytes(struct fuzz_message *message, struct fuzz_input *in, size_t len)
{
	if (len > sizeof(message->bytes) - message->len)
		len = sizeof(message->bytes) - message->len;
	fuzz_bytes(in, message->bytes + message->len, len);
	message->len += len;
}

/* Lengths and counts: small numbers, what borders on them, and anything. */
static uint32_t take_number(struct fuzz_input *in, uint32_t good)
{
	uint8_t how = fuzz_u8(in);

	switch (how >> 5) {
	case 0:
		return fuzz_u32(in);
	case 1:
		return good + (how & 0x1f) - 16;
	default:
		return good;
	}
}

static uint64_t take_iova(struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);

	switch (how >> 5) {
	case 0:
		return fuzz_u64(in);
	case 1:
		return -(uint64_t)(how & 0x1f) * EMU_MEM_PAGE;
	default:
		return FUZZ_IOVA + (uint64_t)(how & 0x3f) * EMU_MEM_PAGE;
	}
}

static uint64_t take_pages(struct fuzz_input *in)
{
	uint8_t how = fuzz_u8(in);

	if (how < 0x20)
		return fuzz_u64(in);
	return (uint64_t)(how & 0x1f) * EMU_MEM_PAGE;
}

static void take_fds(struct fuzz_message *message, struct fuzz_input *in)
{
	unsigned int i;

	message->nfds = fuzz_below(in, FUZZ_COUNT(message->fds) + 1);
	for (i = 0; i < message->nfds; i++)
		message->fds[i] = fuzz_below(in, FUZZ_FDS);
}

static void take_version(struct fuzz_message *message, struct fuzz_input *in)
{
	struct vfio_user_version version = { .minor = fuzz_below(in, 4) };
	const char *text = FUZZ_PICK(in, versions);
	uint8_t how = fuzz_u8(in);

	if (!(how & 7))
		version.major = fuzz_u16(in);
	add(message, &version, sizeof(version));
	if (how & 8)
		add_bytes(message, in, how >> 1);
	else if (*text)
		add(message, text, strlen(text) + 1 - (how >> 7));
}

static void take_dma_map(struct fuzz_message *message, struct fuzz_input *in)
{
	struct vfio_user_dma_map map = {
		.argsz = take_number(in, sizeof(map)),
		.flags = fuzz_below(in, 5),
		.offset = take_pages(in),
		.address = take_iova(in),
		.size = take_pages(in),
	};

	add(message, &map, sizeof(map));
	if (fuzz_u8(in) & 3) {
		message->nfds = 1;
		message->fds[0] = fuzz_below(in, FUZZ_FD_SHRINKING + 1);
	}
}

static void take_dma_unmap(struct fuzz_message *message, struct fuzz_input *in)
{
	struct vfio_user_dma_unmap unmap = { .argsz = take_number(in, sizeof(unmap)) };

	if (fuzz_u8(in) & 7) {
		unmap.address = take_iova(in);
		unmap.size = take_pages(in);
	} else {
		unmap.flags = take_number(in, VFIO_DMA_UNMAP_FLAG_ALL);
	}
	add(message, &unmap, sizeof(unmap));
}

static void take_query(struct fuzz_message *message, struct fuzz_input *in, size_t size)
{
	uint32_t words[8] = { take_number(in, (uint32_t)size) };

	words[2] = fuzz_below(in, 12);
	add(message, words, size);
}

static void take_irq_set(struct fuzz_message *message, struct fuzz_input *in)
{
	static const uint32_t kinds[] = {
		VFIO_IRQ_SET_DATA_NONE, VFIO_IRQ_SET_DATA_BOOL, VFIO_IRQ_SET_DATA_EVENTFD,
	};
	static const uint32_t actions[] = {
		VFIO_IRQ_SET_ACTION_MASK, VFIO_IRQ_SET_ACTION_UNMASK, VFIO_IRQ_SET_ACTION_TRIGGER,
	};
	static const uint32_t indices[] = { VFIO_PCI_MSI_IRQ_INDEX, VFIO_PCI_ERR_IRQ_INDEX, 0, 7 };
	uint32_t kind = FUZZ_PICK(in, kinds);
	struct vfio_user_irq_set set = {
		.argsz = take_number(in, sizeof(set)),
		.flags = kind | FUZZ_PICK(in, actions),
		.index = FUZZ_PICK(in, indices),
		.start = take_number(in, 0),
		.count = take_number(in, fuzz_below(in, 6)),
	};
	uint32_t i;

	add(message, &set, sizeof(set));
	if (kind == VFIO_IRQ_SET_DATA_BOOL) {
		add_bytes(message, in, set.count < 8 ? set.count : 8);
	} else if (kind == VFIO_IRQ_SET_DATA_EVENTFD && (fuzz_u8(in) & 7)) {
		message->nfds = set.count < 6 ? set.count : 6;
		for (i = 0; i < message->nfds; i++)
			message->fds[i] = fuzz_below(in, FUZZ_FDS);
	}
}

static uint64_t take_offset(struct fuzz_input *in, uint32_t region)
{
	static const uint32_t registers[] = {
		0xb82100, 0xb81000, 0xb83000, 0xb830a0, 0xbb0080, 0x9100, 0xb65000,
	};

	uint32_t base;

	if (fuzz_u8(in) < 0x20)
		return fuzz_u64(in);
	if (region != VFIO_PCI_BAR0_REGION_INDEX)
		return fuzz_u16(in);
	base = FUZZ_PICK(in, registers);
	return base + 4 * fuzz_below(in, 16);
}

static struct vfio_user_region_access take_access(struct fuzz_input *in)
{
	static const uint32_t regions[] = {
		VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_BAR0_REGION_INDEX,
		VFIO_PCI_BAR1_REGION_INDEX, VFIO_PCI_BAR2_REGION_INDEX,
	};
	struct vfio_user_region_access access = { .region = FUZZ_PICK(in, regions) };

	access.offset = take_offset(in, access.region);
	access.count = take_number(in, 1u << fuzz_below(in, 4));
	return access;
}

static void take_write(struct fuzz_message *message, struct fuzz_input *in)
{
	struct vfio_user_region_access access = take_access(in);

	add(message, &access, sizeof(access));
	add_bytes(message, in, access.count < 64 ? access.count : 64);
}

static void take_multi(struct fuzz_message *message, struct fuzz_input *in)
{
	uint64_t count = fuzz_below(in, 8), i;
	uint64_t told = take_number(in, (uint32_t)count);
	struct vfio_user_region_write_one one;

	add(message, &told, sizeof(told));
	for (i = 0; i < count; i++) {
		one.access = take_access(in);
		fuzz_bytes(in, one.data, sizeof(one.data));
		add(message, &one, sizeof(one));
	}
}

static void take_body(struct fuzz_message *message, struct fuzz_input *in, uint16_t command)
{
	struct vfio_user_region_access access;

	switch (command) {
	case VFIO_USER_VERSION:
		take_version(message, in);
		break;
	case VFIO_USER_DMA_MAP:
		take_dma_map(message, in);
		break;
	case VFIO_USER_DMA_UNMAP:
		take_dma_unmap(message, in);
		break;
	case VFIO_USER_DEVICE_GET_INFO:
	case VFIO_USER_DEVICE_GET_IRQ_INFO:
		take_query(message, in, sizeof(struct vfio_user_irq_info));
		break;
	case VFIO_USER_DEVICE_GET_REGION_INFO:
		take_query(message, in, sizeof(struct vfio_user_region_info));
		break;
	case VFIO_USER_DEVICE_SET_IRQS:
		take_irq_set(message, in);
		break;
	case VFIO_USER_REGION_READ:
		access = take_access(in);
		add(message, &access, sizeof(access));
		break;
	case VFIO_USER_REGION_WRITE:
		take_write(message, in);
		break;
	case VFIO_USER_REGION_WRITE_MULTI:
		take_multi(message, in);
		break;
	}
}

void fuzz_message_take(struct fuzz_message *message, struct fuzz_input *in)
{
	uint16_t command = fuzz_below(in, 18);
	uint8_t how = fuzz_u8(in);
	struct vfio_user_header header;

	begin(message, command);
	take_body(message, in, command);
	if (how & 1 && !(how & 0x0e))
		add_bytes(message, in, fuzz_u8(in));
	if (how & 2 && !(how & 0x1c))
		take_fds(message, in);
	memcpy(&header, message->bytes, sizeof(header));
	header.size = (uint32_t)message->len;
	if ((how & 0xf0) == 0x10)
		header.size = take_number(in, header.size);
	if ((how & 0xf0) == 0x20)
		header.flags = fuzz_u32(in);
	if ((how & 0xf0) == 0x30)
		header.command = fuzz_u16(in);
	memcpy(message->bytes, &header, sizeof(header));
}

void fuzz_message_version(struct fuzz_message *message)
{
	static const struct vfio_user_version version = { VFIO_USER_MAJOR, VFIO_USER_MINOR };
	struct vfio_user_header header = { .command = VFIO_USER_VERSION };

	begin(message, VFIO_USER_VERSION);
	add(message, &version, sizeof(version));
	add(message, versions[0], strlen(versions[0]) + 1);
	header.size = (uint32_t)message->len;
	memcpy(message->bytes, &header, sizeof(header));
}
