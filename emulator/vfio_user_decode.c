/* SPDX-License-Identifier: MIT */
/* Which vfio-user messages are well formed. Pure functions. */
#include <errno.h>
#include <linux/vfio.h>
#include <string.h>

#include "vfio_user.h"

size_t vfio_user_message_size(const struct vfio_user_header *header)
{
	if (header->size < sizeof(*header) || header->size > VFIO_USER_MAX_MESSAGE)
		return 0;
	return header->size;
}

/* Copies the fixed part and leaves @data at what is behind it. */
static int vfio_user_fixed(struct vfio_user_request *request, void *to, size_t size)
{
	if (request->data_len < size)
		return EINVAL;
	memcpy(to, request->data, size);
	request->data += size;
	request->data_len -= size;
	return 0;
}

/* A fixed part with nothing behind it. */
static int vfio_user_exact(struct vfio_user_request *request, void *to, size_t size)
{
	return request->data_len == size ? vfio_user_fixed(request, to, size) : EINVAL;
}

/* Requests whose reply has the same layout say in argsz how much of it they can take. */
static int vfio_user_query(struct vfio_user_request *request, void *to, size_t size)
{
	int ret = vfio_user_exact(request, to, size);
	uint32_t argsz;

	if (ret)
		return ret;
	memcpy(&argsz, to, sizeof(argsz));
	return argsz < size ? EINVAL : 0;
}

static int vfio_user_decode_version(struct vfio_user_request *request)
{
	int ret = vfio_user_fixed(request, &request->version, sizeof(request->version));

	if (ret)
		return ret;
	if (request->data_len && request->data[request->data_len - 1])
		return EINVAL;
	return 0;
}

static int vfio_user_decode_dma_map(struct vfio_user_request *request, unsigned int nfds)
{
	const uint32_t known = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
	struct vfio_user_dma_map *map = &request->dma_map;
	int ret = vfio_user_query(request, map, sizeof(*map));

	if (ret)
		return ret;
	if (nfds > 1 || !map->flags || (map->flags & ~known))
		return EINVAL;
	return 0;
}

static int vfio_user_decode_dma_unmap(struct vfio_user_request *request)
{
	struct vfio_user_dma_unmap *unmap = &request->dma_unmap;
	int ret = vfio_user_query(request, unmap, sizeof(*unmap));

	if (ret)
		return ret;
	if (unmap->flags & ~VFIO_DMA_UNMAP_FLAG_ALL)
		return EINVAL;
	if ((unmap->flags & VFIO_DMA_UNMAP_FLAG_ALL) && (unmap->address || unmap->size))
		return EINVAL;
	return 0;
}

static bool vfio_user_one_bit(uint32_t value)
{
	return value && !(value & (value - 1));
}

static int vfio_user_decode_irq_set(struct vfio_user_request *request, unsigned int nfds)
{
	struct vfio_user_irq_set *set = &request->irq_set;
	int ret = vfio_user_fixed(request, set, sizeof(*set));
	uint32_t data = set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
	uint32_t action = set->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;

	if (ret)
		return ret;
	if (set->argsz < sizeof(*set) || set->flags != (data | action) ||
	    !vfio_user_one_bit(data) || !vfio_user_one_bit(action))
		return EINVAL;
	switch (data) {
	case VFIO_IRQ_SET_DATA_EVENTFD:
		/* No descriptor at all takes the eventfds away. */
		if (request->data_len || !set->count || (nfds && nfds != set->count))
			return EINVAL;
		return 0;
	case VFIO_IRQ_SET_DATA_BOOL:
		return nfds || !set->count || request->data_len != set->count ? EINVAL : 0;
	default:
		return nfds || request->data_len ? EINVAL : 0;
	}
}

static int vfio_user_decode_write(struct vfio_user_request *request)
{
	int ret = vfio_user_fixed(request, &request->access, sizeof(request->access));

	if (ret)
		return ret;
	return request->data_len != request->access.count || !request->data_len ? EINVAL : 0;
}

static int vfio_user_decode_read(struct vfio_user_request *request)
{
	int ret = vfio_user_exact(request, &request->access, sizeof(request->access));

	if (ret)
		return ret;
	return !request->access.count || request->access.count > VFIO_USER_MAX_DATA ? EINVAL : 0;
}

static int vfio_user_decode_multi(struct vfio_user_request *request)
{
	struct vfio_user_region_write_one one;
	uint64_t i;
	int ret = vfio_user_fixed(request, &request->count, sizeof(request->count));

	if (ret)
		return ret;
	if (!request->count || request->count > VFIO_USER_MAX_MULTI ||
	    request->data_len != request->count * sizeof(one))
		return EINVAL;
	for (i = 0; i < request->count; i++) {
		memcpy(&one, request->data + i * sizeof(one), sizeof(one));
		if (!one.access.count || one.access.count > sizeof(one.data))
			return EINVAL;
	}
	return 0;
}

static int vfio_user_decode_body(struct vfio_user_request *request, unsigned int nfds)
{
	switch (request->header.command) {
	case VFIO_USER_VERSION:
		return vfio_user_decode_version(request);
	case VFIO_USER_DMA_MAP:
		return vfio_user_decode_dma_map(request, nfds);
	case VFIO_USER_DMA_UNMAP:
		return vfio_user_decode_dma_unmap(request);
	case VFIO_USER_DEVICE_GET_INFO:
		return vfio_user_query(request, &request->device_info,
				       sizeof(request->device_info));
	case VFIO_USER_DEVICE_GET_REGION_INFO:
		return vfio_user_query(request, &request->region_info,
				       sizeof(request->region_info));
	case VFIO_USER_DEVICE_GET_IRQ_INFO:
		return vfio_user_query(request, &request->irq_info, sizeof(request->irq_info));
	case VFIO_USER_DEVICE_SET_IRQS:
		return vfio_user_decode_irq_set(request, nfds);
	case VFIO_USER_REGION_READ:
		return vfio_user_decode_read(request);
	case VFIO_USER_REGION_WRITE:
		return vfio_user_decode_write(request);
	case VFIO_USER_REGION_WRITE_MULTI:
		return vfio_user_decode_multi(request);
	case VFIO_USER_DEVICE_RESET:
		return request->data_len ? EINVAL : 0;
	default:
		/* Region I/O descriptors, device features (migration), and what is yet unknown. */
		return ENOTSUP;
	}
}

int vfio_user_decode(const uint8_t *message, size_t len, unsigned int nfds,
		     struct vfio_user_request *request)
{
	bool takes_fds;

	memset(request, 0, sizeof(*request));
	memcpy(&request->header, message, sizeof(request->header));
	if (request->header.size != len ||
	    (request->header.flags & VFIO_USER_FLAG_TYPE) != VFIO_USER_TYPE_COMMAND)
		return EINVAL;
	takes_fds = request->header.command == VFIO_USER_DMA_MAP ||
		    request->header.command == VFIO_USER_DEVICE_SET_IRQS;
	if (nfds && !takes_fds)
		return EINVAL;
	request->data = message + sizeof(request->header);
	request->data_len = len - sizeof(request->header);
	return vfio_user_decode_body(request, nfds);
}
