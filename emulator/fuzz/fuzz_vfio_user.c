/* SPDX-License-Identifier: MIT */
/*
 * vfio-user: a session of messages on the whole device, without a socket. A model of the DMA
 * map goes along: what is mapped, the numbers told of it, and which DMA may succeed.
 */
#include "fuzz_gpu.h"

#include <linux/vfio.h>
#include <unistd.h>

#include "../emu_mem.h"
#include "fuzz_message.h"

#define RANGES_MAX	64

/* What is mapped, according to the messages that were answered without an error. */
struct model {
	struct range {
		uint64_t first;
		uint64_t last;
		uint32_t flags;
		int file;		/* enum fuzz_fd, or -1 */
	} ranges[RANGES_MAX];
	uint32_t count;
	bool shrunk;	/* FUZZ_FD_SHRINKING was; what DMA to it does is not predicted */
};

static struct vfio_user *user;

static void model_map(struct model *model, const struct fuzz_message *message)
{
	struct vfio_user_dma_map map;

	memcpy(&map, message->bytes + sizeof(struct vfio_user_header), sizeof(map));
	fuzz_require(model->count < RANGES_MAX, "more ranges than messages");
	model->ranges[model->count++] = (struct range) {
		.first = map.address,
		.last = map.address + map.size - 1,
		.flags = map.flags,
		.file = message->nfds ? (int)message->fds[0] : -1,
	};
}

static void model_unmap(struct model *model, const struct fuzz_message *message)
{
	struct vfio_user_dma_unmap unmap;
	uint32_t i, kept = 0;

	memcpy(&unmap, message->bytes + sizeof(struct vfio_user_header), sizeof(unmap));
	for (i = 0; i < model->count; i++) {
		if (unmap.flags || (model->ranges[i].first >= unmap.address &&
				    model->ranges[i].last <= unmap.address + unmap.size - 1))
			continue;
		model->ranges[kept++] = model->ranges[i];
	}
	model->count = kept;
}

static void check_model(struct gpu *gpu, const struct model *model)
{
	uint64_t ranges, bytes, sum = 0;
	uint32_t i;

	for (i = 0; i < model->count; i++)
		sum += model->ranges[i].last - model->ranges[i].first + 1;
	emu_mem_stats(gpu->emu, &ranges, &bytes);
	fuzz_require(ranges == model->count && bytes == sum,
		     "%llu ranges of %llu bytes, not %u of %llu", (unsigned long long)ranges,
		     (unsigned long long)bytes, model->count, (unsigned long long)sum);
}

static const struct range *model_find(const struct model *model, uint64_t addr)
{
	uint32_t i;

	for (i = 0; i < model->count; i++) {
		if (addr >= model->ranges[i].first && addr <= model->ranges[i].last)
			return &model->ranges[i];
	}
	return NULL;
}

/* DMA succeeds where the model says so and nowhere else. */
static void try_dma(struct gpu *gpu, const struct model *model, struct fuzz_input *in)
{
	uint64_t addr = FUZZ_IOVA + (uint64_t)(fuzz_u8(in) & 0x3f) * EMU_MEM_PAGE;
	const struct range *range;
	uint8_t byte = 0x5a;
	bool write, may;
	int ret;

	addr += fuzz_u16(in) % EMU_MEM_PAGE;
	write = fuzz_u8(in) & 1;
	range = model_find(model, addr);
	may = range && range->file >= 0 && emu_pci_bus_master(gpu->emu) &&
	      (range->flags & (write ? VFIO_DMA_MAP_FLAG_WRITE : VFIO_DMA_MAP_FLAG_READ));
	ret = write ? emu_mem_write(gpu->emu, EMU_SYSTEM, addr, &byte, 1) :
		      emu_mem_read(gpu->emu, EMU_SYSTEM, addr, &byte, 1);
	if (range && range->file == FUZZ_FD_SHRINKING && model->shrunk)
		may = may && !ret;
	fuzz_require(may == !ret, "DMA %s %#llx: %d", write ? "to" : "from",
		     (unsigned long long)addr, ret);
}

static void check_reply(const struct fuzz_message *message, const struct vfio_user_reply *reply,
			struct vfio_user_header *header)
{
	struct vfio_user_header request;

	memcpy(&request, message->bytes, sizeof(request));
	memcpy(header, reply->data, sizeof(*header));
	if (!reply->len)
		return;
	fuzz_require(header->size == reply->len && header->id == request.id &&
		     header->command == request.command, "reply of %u bytes", header->size);
	fuzz_require(!header->error == (header->flags == VFIO_USER_TYPE_REPLY), "flags %#x",
		     header->flags);
}

/* Copies of the descriptors for one message; those the device does not keep are closed again. */
static void send_message(struct model *model, const struct fuzz_message *message)
{
	unsigned int nfds = message->nfds, i;
	struct vfio_user_header header;
	struct vfio_user_reply reply;
	int fds[VFIO_USER_MAX_FDS];

	if (nfds > VFIO_USER_MAX_FDS)
		nfds = VFIO_USER_MAX_FDS;
	for (i = 0; i < nfds; i++)
		fds[i] = dup(fuzz_fds()[message->fds[i]]);
	vfio_user_handle(user, message->bytes, message->len, fds, nfds, message->nfds > nfds,
			 &reply);
	for (i = 0; i < nfds; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	check_reply(message, &reply, &header);
	if (header.error)
		return;
	if (header.command == VFIO_USER_DMA_MAP)
		model_map(model, message);
	if (header.command == VFIO_USER_DMA_UNMAP)
		model_unmap(model, message);
}

static void setup(struct gpu *gpu)
{
	user = vfio_user_create(gpu->emu);
	fuzz_require(user, "no memory");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_message message;
	struct fuzz_input in = { data, size };
	struct model model = { 0 };
	struct gpu *gpu;
	unsigned int i;

	gpu = fuzz_gpu();
	if (!user) {
		fuzz_fds();
		setup(gpu);
		gpu = fuzz_gpu();
	}
	emu_mem_unmap_all(gpu->emu);
	if (fuzz_u8(&in) & 7) {
		fuzz_message_version(&message);
		send_message(&model, &message);
	}
	for (i = 0; i < RANGES_MAX && fuzz_more(&in); i++) {
		switch (fuzz_below(&in, 8)) {
		case 0:
			try_dma(gpu, &model, &in);
			break;
		case 1:
			fuzz_fds_shrink(fuzz_below(&in, FUZZ_FILE_SIZE / EMU_MEM_PAGE + 1));
			model.shrunk = true;
			break;
		case 2:
			emu_irq_raise(gpu->emu, fuzz_u8(&in));
			break;
		default:
			fuzz_message_take(&message, &in);
			if (message.len >= sizeof(struct vfio_user_header))
				send_message(&model, &message);
		}
		check_model(gpu, &model);
	}
	vfio_user_disconnect(user);
	fuzz_fds_reset();
	fuzz_gpu_done(gpu);
	return 0;
}
