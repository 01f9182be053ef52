/* SPDX-License-Identifier: MIT */
/* Executes vfio-user messages on the device. */
#include <errno.h>
#include <json-c/json.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emu_bar.h"
#include "emu_irq.h"
#include "emu_mem.h"
#include "emu_pci.h"
#include "regs/nv_pmc.h"
#include "vfio_user.h"

_Static_assert(sizeof(struct vfio_user_header) == 16, "header");
_Static_assert(sizeof(struct vfio_user_dma_map) == 32, "DMA_MAP");
_Static_assert(sizeof(struct vfio_user_dma_unmap) == 24, "DMA_UNMAP");
_Static_assert(sizeof(struct vfio_user_region_info) == sizeof(struct vfio_region_info), "region");
_Static_assert(sizeof(struct vfio_user_irq_set) == sizeof(struct vfio_irq_set), "SET_IRQS");
_Static_assert(sizeof(struct vfio_user_region_write_one) == 24, "WRITE_MULTI");

/*
 * Regions 0 to 5 are the BAR registers. BAR1 is 64 bits wide and takes
 * registers 1 and 2: it is region 1, and region 2 is empty.
 */
#define VFIO_USER_REGION_BAR0	VFIO_PCI_BAR0_REGION_INDEX
#define VFIO_USER_REGION_BAR1	VFIO_PCI_BAR1_REGION_INDEX
#define VFIO_USER_REGION_CONFIG	VFIO_PCI_CONFIG_REGION_INDEX

/**
 * struct vfio_user - one connection after the other
 * @emu: the device
 * @negotiated: VERSION has been agreed on
 * @client_fds: descriptors the client takes in one message
 * @client_data: bytes the client takes in one transfer
 * @out: the reply: header and payload
 */
struct vfio_user {
	struct emu *emu;
	bool negotiated;
	uint64_t client_fds;
	uint64_t client_data;
	uint8_t out[VFIO_USER_MAX_MESSAGE];
};

static void vfio_user_forget(struct vfio_user *user)
{
	user->negotiated = false;
	user->client_fds = 1;
	user->client_data = VFIO_USER_MAX_DATA;
}

struct vfio_user *vfio_user_create(struct emu *emu)
{
	struct vfio_user *user = calloc(1, sizeof(*user));

	if (!user)
		return NULL;
	user->emu = emu;
	vfio_user_forget(user);
	return user;
}

void vfio_user_destroy(struct vfio_user *user)
{
	free(user);
}

void vfio_user_disconnect(struct vfio_user *user)
{
	emu_lock(user->emu);
	emu_reset(user->emu);
	emu_irq_disconnect(user->emu);
	emu_mem_unmap_all(user->emu);
	emu_unlock(user->emu);
	vfio_user_forget(user);
}

/* Appends to the reply; every reply is smaller than the buffer. */
static void vfio_user_put(struct vfio_user *user, struct vfio_user_reply *reply, const void *data,
			  size_t len)
{
	memcpy(user->out + reply->len, data, len);
	reply->len += len;
}

/* A member of the capabilities: absent is fine, anything but a number above 0 is not. */
static int vfio_user_capability(struct json_object *capabilities, const char *name,
				uint64_t *value)
{
	struct json_object *member;
	int64_t number;

	if (!json_object_object_get_ex(capabilities, name, &member))
		return 0;
	if (!json_object_is_type(member, json_type_int))
		return EINVAL;
	number = json_object_get_int64(member);
	if (number < 0)
		return EINVAL;
	*value = (uint64_t)number;
	return 0;
}

static int vfio_user_capabilities(struct vfio_user *user, struct json_object *root, bool *multi)
{
	struct json_object *capabilities, *member;

	if (!json_object_is_type(root, json_type_object))
		return EINVAL;
	if (!json_object_object_get_ex(root, "capabilities", &capabilities))
		return 0;
	if (!json_object_is_type(capabilities, json_type_object) ||
	    vfio_user_capability(capabilities, "max_msg_fds", &user->client_fds) ||
	    vfio_user_capability(capabilities, "max_data_xfer_size", &user->client_data))
		return EINVAL;
	if (json_object_object_get_ex(capabilities, "write_multiple", &member)) {
		if (!json_object_is_type(member, json_type_boolean))
			return EINVAL;
		*multi = json_object_get_boolean(member);
	}
	return 0;
}

static int vfio_user_parse_json(struct vfio_user *user, const struct vfio_user_request *request,
				bool *multi)
{
	struct json_tokener *tokener;
	struct json_object *root;
	int ret = EINVAL;

	*multi = false;
	if (request->data_len <= 1)	/* optional; 1 is an empty string */
		return 0;
	tokener = json_tokener_new_ex(8);
	if (!tokener)
		return ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	root = json_tokener_parse_ex(tokener, (const char *)request->data,
				     (int)request->data_len);
	if (root)
		ret = vfio_user_capabilities(user, root, multi);
	json_object_put(root);
	json_tokener_free(tokener);
	return ret;
}

static int vfio_user_do_version(struct vfio_user *user, const struct vfio_user_request *request,
				struct vfio_user_reply *reply)
{
	struct vfio_user_version version = { VFIO_USER_MAJOR, VFIO_USER_MINOR };
	char text[256];
	bool multi;
	int ret, len;

	if (user->negotiated)
		return EINVAL;
	if (request->version.major != VFIO_USER_MAJOR)
		return ENOTSUP;
	ret = vfio_user_parse_json(user, request, &multi);
	if (ret) {
		vfio_user_forget(user);
		return ret;
	}
	/* The reply names only what the client proposed too. */
	len = snprintf(text, sizeof(text),
		       "{\"capabilities\":{\"max_msg_fds\":%u,\"max_data_xfer_size\":%u,"
		       "\"pgsizes\":%u%s}}", VFIO_USER_MAX_FDS, VFIO_USER_MAX_DATA, EMU_MEM_PAGE,
		       multi ? ",\"write_multiple\":true" : "");
	vfio_user_put(user, reply, &version, sizeof(version));
	vfio_user_put(user, reply, text, (size_t)len + 1);
	user->negotiated = true;
	emu_log(user->emu, EMU_LOG_INFO, "client speaks version %u.%u%s%s",
		request->version.major, request->version.minor, request->data_len ? ": " : "",
		request->data_len ? (const char *)request->data : "");
	return 0;
}

static int vfio_user_do_dma_map(struct vfio_user *user, const struct vfio_user_request *request,
				int fd)
{
	const struct vfio_user_dma_map *map = &request->dma_map;
	int ret;

	ret = emu_mem_map(user->emu, map->address, map->size, fd, fd < 0 ? 0 : map->offset,
			  map->flags & VFIO_DMA_MAP_FLAG_READ,
			  map->flags & VFIO_DMA_MAP_FLAG_WRITE);
	emu_count(user->emu, EMU_DMA_MAPS);
	emu_log(user->emu, EMU_LOG_DEBUG, "map %#llx + %#llx, flags %#x, %s%#llx: %d",
		(unsigned long long)map->address, (unsigned long long)map->size, map->flags,
		fd < 0 ? "no file, " : "offset ", (unsigned long long)map->offset, ret);
	return -ret;
}

static int vfio_user_do_dma_unmap(struct vfio_user *user, const struct vfio_user_request *request,
				  struct vfio_user_reply *reply)
{
	const struct vfio_user_dma_unmap *unmap = &request->dma_unmap;
	int ret = 0;

	if (unmap->flags & VFIO_DMA_UNMAP_FLAG_ALL)
		emu_mem_unmap_all(user->emu);
	else
		ret = emu_mem_unmap(user->emu, unmap->address, unmap->size);
	emu_count(user->emu, EMU_DMA_UNMAPS);
	emu_log(user->emu, EMU_LOG_DEBUG, "unmap %#llx + %#llx, flags %#x: %d",
		(unsigned long long)unmap->address, (unsigned long long)unmap->size,
		unmap->flags, ret);
	vfio_user_put(user, reply, unmap, sizeof(*unmap));
	return -ret;
}

static int vfio_user_do_device_info(struct vfio_user *user, struct vfio_user_reply *reply)
{
	const struct vfio_user_device_info info = {
		.argsz = sizeof(info),
		.flags = VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI,
		.num_regions = VFIO_PCI_NUM_REGIONS,
		.num_irqs = VFIO_PCI_NUM_IRQS,
	};

	vfio_user_put(user, reply, &info, sizeof(info));
	return 0;
}

static uint64_t vfio_user_region_size(const struct vfio_user *user, uint32_t region)
{
	switch (region) {
	case VFIO_USER_REGION_BAR0:
		return NV_BAR0_SIZE;
	case VFIO_USER_REGION_BAR1:
		return user->emu->vram_size;
	case VFIO_USER_REGION_CONFIG:
		return EMU_PCI_CONFIG_SIZE;
	default:
		return 0;
	}
}

static int vfio_user_do_region_info(struct vfio_user *user,
				    const struct vfio_user_request *request,
				    struct vfio_user_reply *reply)
{
	struct vfio_user_region_info info = {
		.argsz = sizeof(info),
		.index = request->region_info.index,
	};

	if (info.index >= VFIO_PCI_NUM_REGIONS)
		return EINVAL;
	info.size = vfio_user_region_size(user, info.index);
	if (info.size)
		info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (info.index == VFIO_USER_REGION_BAR1 && user->client_fds) {
		info.flags |= VFIO_REGION_INFO_FLAG_MMAP;
		reply->fd = user->emu->vram_fd;
	}
	vfio_user_put(user, reply, &info, sizeof(info));
	return 0;
}

static uint32_t vfio_user_irq_count(uint32_t index)
{
	switch (index) {
	case VFIO_PCI_MSI_IRQ_INDEX:
		return EMU_PCI_MSI_VECTORS;
	case VFIO_PCI_ERR_IRQ_INDEX:
		return 1;
	default:
		return 0;
	}
}

/* The device's message behind the first interrupt of @index. */
static uint32_t vfio_user_irq_first(uint32_t index)
{
	return index == VFIO_PCI_ERR_IRQ_INDEX ? EMU_IRQ_ERROR : 0;
}

static int vfio_user_do_irq_info(struct vfio_user *user, const struct vfio_user_request *request,
				 struct vfio_user_reply *reply)
{
	struct vfio_user_irq_info info = {
		.argsz = sizeof(info),
		.index = request->irq_info.index,
	};

	if (info.index >= VFIO_PCI_NUM_IRQS)
		return EINVAL;
	info.count = vfio_user_irq_count(info.index);
	if (info.count)
		info.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
			     VFIO_IRQ_INFO_NORESIZE;
	vfio_user_put(user, reply, &info, sizeof(info));
	return 0;
}

static void vfio_user_irq_action(struct emu *emu, uint32_t action, uint32_t message)
{
	switch (action) {
	case VFIO_IRQ_SET_ACTION_MASK:
		emu_irq_set_masked(emu, message, true);
		break;
	case VFIO_IRQ_SET_ACTION_UNMASK:
		emu_irq_set_masked(emu, message, false);
		break;
	default:
		emu_irq_send(emu, message);
	}
}

static enum emu_irq_event vfio_user_irq_event(uint32_t action)
{
	switch (action) {
	case VFIO_IRQ_SET_ACTION_MASK:
		return EMU_IRQ_MASK;
	case VFIO_IRQ_SET_ACTION_UNMASK:
		return EMU_IRQ_UNMASK;
	default:
		return EMU_IRQ_TRIGGER;
	}
}

static int vfio_user_do_irq_set(struct vfio_user *user, const struct vfio_user_request *request,
				int *fds, unsigned int nfds)
{
	const struct vfio_user_irq_set *set = &request->irq_set;
	uint32_t action = set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
	uint32_t data = set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
	uint32_t count = vfio_user_irq_count(set->index);
	uint32_t first = vfio_user_irq_first(set->index), i;

	if (set->index >= VFIO_PCI_NUM_IRQS || set->start > count ||
	    set->count > count - set->start)
		return EINVAL;
	/* Nothing of nothing: the whole index is switched off. */
	if (!set->count) {
		if (set->start || action != VFIO_IRQ_SET_ACTION_TRIGGER)
			return EINVAL;
		for (i = 0; i < count; i++)
			emu_irq_set_eventfd(user->emu, first + i, EMU_IRQ_TRIGGER, -1);
		return 0;
	}
	first += set->start;
	for (i = 0; i < set->count; i++) {
		if (data == VFIO_IRQ_SET_DATA_EVENTFD) {
			emu_irq_set_eventfd(user->emu, first + i, vfio_user_irq_event(action),
					    nfds ? fds[i] : -1);
			if (nfds)
				fds[i] = -1;
		} else if (data == VFIO_IRQ_SET_DATA_NONE || request->data[i]) {
			vfio_user_irq_action(user->emu, action, first + i);
		}
	}
	return 0;
}

static int vfio_user_check_access(struct vfio_user *user,
				  const struct vfio_user_region_access *access)
{
	uint64_t size = vfio_user_region_size(user, access->region);

	return access->offset > size || access->count > size - access->offset ? EINVAL : 0;
}

static int vfio_user_do_read(struct vfio_user *user, const struct vfio_user_request *request,
			     struct vfio_user_reply *reply)
{
	const struct vfio_user_region_access *access = &request->access;
	int ret = vfio_user_check_access(user, access);
	uint8_t *data;

	if (ret)
		return ret;
	if (access->count > user->client_data)
		return EINVAL;
	vfio_user_put(user, reply, access, sizeof(*access));
	data = user->out + reply->len;
	reply->len += access->count;
	if (access->region == VFIO_USER_REGION_CONFIG)
		emu_pci_read(user->emu, access->offset, data, access->count);
	else if (access->region == VFIO_USER_REGION_BAR0)
		emu_bar_read(user->emu, access->offset, data, access->count);
	else if (emu_bar_is_removed(user->emu))
		memset(data, 0xff, access->count);
	else
		memcpy(data, user->emu->vram + access->offset, access->count);
	return 0;
}

static int vfio_user_write(struct vfio_user *user, const struct vfio_user_region_access *access,
			   const uint8_t *data)
{
	int ret = vfio_user_check_access(user, access);

	if (ret)
		return ret;
	if (access->region == VFIO_USER_REGION_CONFIG)
		emu_pci_write(user->emu, access->offset, data, access->count);
	else if (access->region == VFIO_USER_REGION_BAR0)
		emu_bar_write(user->emu, access->offset, data, access->count);
	else if (!emu_bar_is_removed(user->emu))
		memcpy(user->emu->vram + access->offset, data, access->count);
	return 0;
}

static int vfio_user_do_write(struct vfio_user *user, const struct vfio_user_request *request,
			      struct vfio_user_reply *reply)
{
	vfio_user_put(user, reply, &request->access, sizeof(request->access));
	return vfio_user_write(user, &request->access, request->data);
}

/* Stops at the first write that fails; the reply is then an error, not a count. */
static int vfio_user_do_multi(struct vfio_user *user, const struct vfio_user_request *request,
			      struct vfio_user_reply *reply)
{
	struct vfio_user_region_write_one one;
	uint64_t i;
	int ret;

	for (i = 0; i < request->count; i++) {
		memcpy(&one, request->data + i * sizeof(one), sizeof(one));
		ret = vfio_user_write(user, &one.access, one.data);
		if (ret)
			return ret;
	}
	vfio_user_put(user, reply, &request->count, sizeof(request->count));
	return 0;
}

static int vfio_user_execute(struct vfio_user *user, const struct vfio_user_request *request,
			     int *fds, unsigned int nfds, struct vfio_user_reply *reply)
{
	switch (request->header.command) {
	case VFIO_USER_VERSION:
		return vfio_user_do_version(user, request, reply);
	case VFIO_USER_DMA_MAP:
		return vfio_user_do_dma_map(user, request, nfds ? fds[0] : -1);
	case VFIO_USER_DMA_UNMAP:
		return vfio_user_do_dma_unmap(user, request, reply);
	case VFIO_USER_DEVICE_GET_INFO:
		return vfio_user_do_device_info(user, reply);
	case VFIO_USER_DEVICE_GET_REGION_INFO:
		return vfio_user_do_region_info(user, request, reply);
	case VFIO_USER_DEVICE_GET_IRQ_INFO:
		return vfio_user_do_irq_info(user, request, reply);
	case VFIO_USER_DEVICE_SET_IRQS:
		return vfio_user_do_irq_set(user, request, fds, nfds);
	case VFIO_USER_REGION_READ:
		return vfio_user_do_read(user, request, reply);
	case VFIO_USER_REGION_WRITE:
		return vfio_user_do_write(user, request, reply);
	case VFIO_USER_REGION_WRITE_MULTI:
		return vfio_user_do_multi(user, request, reply);
	case VFIO_USER_DEVICE_RESET:
		emu_reset(user->emu);
		return 0;
	default:
		return ENOTSUP;
	}
}

void vfio_user_handle(struct vfio_user *user, const uint8_t *message, size_t len, int *fds,
		      unsigned int nfds, bool truncated, struct vfio_user_reply *reply)
{
	struct vfio_user_request request;
	struct vfio_user_header header;
	int error;

	*reply = (struct vfio_user_reply){ .data = user->out, .len = sizeof(header), .fd = -1 };
	error = vfio_user_decode(message, len, nfds, &request);
	if (!error && truncated)
		error = EINVAL;
	if (!error && !user->negotiated && request.header.command != VFIO_USER_VERSION)
		error = EINVAL;
	if (!error) {
		emu_lock(user->emu);
		error = vfio_user_execute(user, &request, fds, nfds, reply);
		emu_unlock(user->emu);
	}
	header = request.header;
	if (error) {
		emu_log(user->emu, EMU_LOG_WARN, "vfio-user command %u refused: %s",
			header.command, strerror(error));
		reply->len = sizeof(header);
		reply->fd = -1;
	}
	header.size = (uint32_t)reply->len;
	header.flags = VFIO_USER_TYPE_REPLY | (error ? VFIO_USER_FLAG_ERROR : 0);
	header.error = (uint32_t)error;
	memcpy(user->out, &header, sizeof(header));
	/* A reply is never answered, or two confused sides would go on for ever. */
	if ((request.header.flags & VFIO_USER_FLAG_NO_REPLY) ||
	    (request.header.flags & VFIO_USER_FLAG_TYPE) == VFIO_USER_TYPE_REPLY)
		reply->len = 0;
}
