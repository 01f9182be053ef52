// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "demo_gpu.h"

#define COMMANDS_SIZE	65536u
#define UPLOAD_AT	0u		/* words of the upload job, in the command buffer */
#define PARK_AT		4096u
#define COMPOSE_AT	8192u
#define TIMESTAMP_AT	0u		/* in the memory buffer */
#define PARKED_AT	64u
#define PIXEL		((uint32_t)sizeof(uint32_t))
#define PITCH_ALIGN	256u

/* Remembers which call went wrong. */
static int step(struct demo_gpu *gpu, const char *name, int ret)
{
	if (ret)
		gpu->step = name;
	return ret;
}

static uint32_t align_pitch(uint32_t width)
{
	return (width * PIXEL + PITCH_ALIGN - 1) & ~(PITCH_ALIGN - 1);
}

/* --- set-up ---------------------------------------------------------------- */

static int make_buffer(struct demo_gpu *gpu, struct demo_buffer *buffer, uint64_t size,
		       uint32_t placement, bool mapped)
{
	struct nova_bo_desc desc = {
		.size = size,
		.placement = placement,
		.flags = mapped ? 0 : NOVA_BO_NO_MMAP,
	};
	int ret = step(gpu, "nova_bo_create", nova_bo_create(gpu->dev, &desc, &buffer->bo));

	if (!ret && mapped)
		ret = step(gpu, "nova_bo_map", nova_bo_map(buffer->bo, &buffer->map));
	if (!ret)
		ret = step(gpu, "nova_vm_map",
			   nova_vm_map(gpu->vm, buffer->bo, 0, 0, 0, &buffer->va));
	return ret;
}

static int make_surface(struct demo_gpu *gpu, enum demo_surface surface, bool mapped)
{
	struct demo_buffer *buffer = &gpu->surfaces[surface];

	buffer->pitch = align_pitch(gpu->images[surface].width);
	return make_buffer(gpu, buffer, (uint64_t)buffer->pitch * gpu->images[surface].height,
			   NOVA_PLACEMENT_VRAM, mapped);
}

static uint64_t image_size(const struct demo_image *image)
{
	return (uint64_t)image->width * image->height * PIXEL;
}

static int make_buffers(struct demo_gpu *gpu)
{
	struct demo_image *images = gpu->images;
	int ret;

	gpu->upload.pitch = images[DEMO_PICTURE].width * PIXEL;
	gpu->readback.pitch = images[DEMO_SHEET].width * PIXEL;
	ret = make_buffer(gpu, &gpu->upload,
			  image_size(&images[DEMO_PICTURE]) + image_size(&images[DEMO_ATLAS]),
			  NOVA_PLACEMENT_SYSTEM, true);
	if (!ret)
		ret = make_buffer(gpu, &gpu->readback, image_size(&images[DEMO_SHEET]),
				  NOVA_PLACEMENT_SYSTEM, true);
	if (!ret)
		ret = make_buffer(gpu, &gpu->commands, COMMANDS_SIZE, NOVA_PLACEMENT_SYSTEM, true);
	if (!ret)
		ret = make_buffer(gpu, &gpu->memory, 4096, NOVA_PLACEMENT_SYSTEM, true);
	if (!ret)
		ret = make_surface(gpu, DEMO_PICTURE, true);
	if (!ret)
		ret = make_surface(gpu, DEMO_ATLAS, false);
	if (!ret)
		ret = make_surface(gpu, DEMO_SHEET, false);
	return ret;
}

static int make_images(struct demo_gpu *gpu, const struct demo_image *picture)
{
	struct demo_image *images = gpu->images;
	int ret = demo_image_init(&images[DEMO_PICTURE], picture->width, picture->height);

	if (ret)
		return ret;
	memcpy(images[DEMO_PICTURE].pixels, picture->pixels, image_size(picture));
	ret = demo_font_atlas(&images[DEMO_ATLAS], DEMO_BACKGROUND);
	if (ret)
		return ret;
	demo_scene_build(&gpu->scene, picture->width, picture->height, 0);
	return demo_image_init(&images[DEMO_SHEET], gpu->scene.width, gpu->scene.height);
}

static int make_queues(struct demo_gpu *gpu)
{
	struct nova_queue_desc desc = { .priority = NOVA_PRIORITY_NORMAL };
	int ret = step(gpu, "nova_device_find_engine",
		       nova_device_find_engine(gpu->dev, NOVA_ENGINE_COPY, 0, &desc.engine));

	if (!ret)
		ret = step(gpu, "nova_vm_create", nova_vm_create(gpu->dev, &gpu->vm));
	if (!ret)
		ret = step(gpu, "nova_queue_create",
			   nova_queue_create(gpu->vm, &desc, &gpu->queue));
	if (!ret)
		ret = step(gpu, "nova_queue_create",
			   nova_queue_create(gpu->vm, &desc, &gpu->parked_queue));
	if (!ret)
		ret = step(gpu, "nova_sync_create", nova_sync_create(gpu->dev, 0, &gpu->done));
	if (!ret)
		ret = step(gpu, "nova_sync_create", nova_sync_create(gpu->dev, 0, &gpu->parked));
	return ret;
}

int demo_gpu_open(struct demo_gpu *gpu, const char *path, const struct demo_image *picture)
{
	int ret;

	*gpu = (struct demo_gpu) { .fd = open(path, O_RDWR | O_CLOEXEC) };
	if (gpu->fd < 0)
		return step(gpu, "open", -errno);
	ret = step(gpu, "nova_device_open_fd", nova_device_open_fd(gpu->fd, &gpu->dev));
	if (!ret)
		ret = step(gpu, "pictures", make_images(gpu, picture));
	if (!ret)
		ret = make_queues(gpu);
	if (!ret)
		ret = make_buffers(gpu);
	if (ret)
		demo_gpu_close(gpu);
	return ret;
}

int demo_gpu_close(struct demo_gpu *gpu)
{
	struct demo_buffer *buffers[] = {
		&gpu->upload, &gpu->surfaces[DEMO_PICTURE], &gpu->surfaces[DEMO_ATLAS],
		&gpu->surfaces[DEMO_SHEET], &gpu->readback, &gpu->commands, &gpu->memory,
	};
	int fd = gpu->fd;

	nova_queue_destroy(gpu->parked_queue);
	nova_queue_destroy(gpu->queue);
	nova_sync_destroy(gpu->parked);
	nova_sync_destroy(gpu->done);
	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++)
		nova_bo_destroy(buffers[i]->bo);
	nova_vm_destroy(gpu->vm);
	nova_device_close(gpu->dev);
	for (int i = 0; i < DEMO_SURFACES; i++)
		demo_image_fini(&gpu->images[i]);
	*gpu = (struct demo_gpu) { .fd = -1, .step = gpu->step };
	return fd >= 0 && close(fd) ? -errno : 0;
}

/* --- jobs ------------------------------------------------------------------ */

static int begin_words(struct demo_gpu *gpu, uint32_t at, uint32_t end, struct nova_push **push)
{
	return step(gpu, "nova_push_create",
		    nova_push_create((char *)gpu->commands.map + at, end - at, push));
}

/* Ends a push and says where the GPU finds it. */
static int end_words(struct demo_gpu *gpu, uint32_t at, struct nova_push *push,
		     struct nova_push_range *range)
{
	int ret = step(gpu, "nova_push_status", nova_push_status(push));

	*range = (struct nova_push_range) {
		.va = gpu->commands.va + at, .length = nova_push_size(push),
	};
	nova_push_destroy(push);
	return ret;
}

static int submit(struct demo_gpu *gpu, struct nova_queue *queue,
		  const struct nova_push_range *range, struct nova_sync *sync, uint64_t point,
		  int *fence)
{
	struct nova_job_sync signal = { .sync = sync, .point = point, .flags = NOVA_JOB_SYNC_SIGNAL };
	struct nova_job job = { .ranges = range, .range_count = 1, .syncs = &signal, .sync_count = 1 };
	int ret = step(gpu, "nova_queue_submit", nova_queue_submit(queue, &job, 1));

	if (!ret)
		ret = step(gpu, "nova_sync_export", nova_sync_export_sync_file(sync, point, fence));
	return ret;
}

int demo_gpu_finish(struct demo_gpu *gpu, int *fence, int *status)
{
	int ret = step(gpu, "nova_sync_file_wait",
		       nova_sync_file_wait(*fence, nova_sync_deadline(DEMO_JOB_NS)));

	if (!ret)
		ret = step(gpu, "nova_sync_file_status", nova_sync_file_status(*fence, status));
	close(*fence);
	*fence = -1;
	return ret;
}

static int run(struct demo_gpu *gpu, const struct nova_push_range *range)
{
	int fence, status;
	int ret = submit(gpu, gpu->queue, range, gpu->done, ++gpu->point, &fence);

	if (!ret)
		ret = demo_gpu_finish(gpu, &fence, &status);
	if (!ret && status != 1)
		ret = step(gpu, "job", status < 0 ? status : -EIO);
	return ret;
}

static void put_image(struct nova_push *push, const struct demo_image *image,
		      uint64_t dst_va, uint32_t dst_pitch, uint64_t src_va, uint32_t src_pitch)
{
	struct nova_copy_rect rect = {
		.dst_va = dst_va, .dst_pitch = (int32_t)dst_pitch,
		.src_va = src_va, .src_pitch = (int32_t)src_pitch,
		.width = image->width * PIXEL, .height = image->height,
	};

	nova_push_copy_rect(push, &rect);
}

/* First job: picture and font to video memory, then a timestamp. */
static int run_upload(struct demo_gpu *gpu, uint32_t payload)
{
	const struct demo_image *picture = &gpu->images[DEMO_PICTURE];
	const struct demo_image *atlas = &gpu->images[DEMO_ATLAS];
	struct nova_push_range range;
	struct nova_push *push;
	int ret = begin_words(gpu, UPLOAD_AT, PARK_AT, &push);

	if (ret)
		return ret;
	memcpy(gpu->upload.map, picture->pixels, image_size(picture));
	memcpy((char *)gpu->upload.map + image_size(picture), atlas->pixels, image_size(atlas));
	put_image(push, picture, gpu->surfaces[DEMO_PICTURE].va, gpu->surfaces[DEMO_PICTURE].pitch,
		  gpu->upload.va, gpu->upload.pitch);
	put_image(push, atlas, gpu->surfaces[DEMO_ATLAS].va, gpu->surfaces[DEMO_ATLAS].pitch,
		  gpu->upload.va + image_size(picture), atlas->width * PIXEL);
	nova_push_copy_timestamp(push, gpu->memory.va + TIMESTAMP_AT, payload);
	ret = end_words(gpu, UPLOAD_AT, push, &range);
	return ret ? ret : run(gpu, &range);
}

static void put_op(struct nova_push *push, const struct demo_gpu *gpu, const struct demo_op *op)
{
	const struct demo_buffer *src = &gpu->surfaces[op->src];
	const struct demo_buffer *sheet = &gpu->surfaces[DEMO_SHEET];
	uint64_t to = sheet->va + (uint64_t)op->dst_y * sheet->pitch + op->dst_x * PIXEL;
	struct nova_copy_rect rect = {
		.dst_va = to, .dst_pitch = (int32_t)sheet->pitch,
		.src_va = src->va + (uint64_t)op->src_y * src->pitch + op->src_x * PIXEL,
		.src_pitch = (int32_t)src->pitch,
		.width = op->width * PIXEL, .height = op->height,
	};

	if (op->copy)
		nova_push_copy_rect(push, &rect);
	else
		nova_push_fill_rect(push, to, (int32_t)sheet->pitch, op->width, op->height,
				    op->colour);
}

/* Second job: the sheet, and its way back to system memory. */
static int build_compose(struct demo_gpu *gpu)
{
	const struct demo_image *sheet = &gpu->images[DEMO_SHEET];
	struct nova_push *push;
	int ret = begin_words(gpu, COMPOSE_AT, COMMANDS_SIZE, &push);

	if (ret)
		return ret;
	for (uint32_t i = 0; i < gpu->scene.count; i++)
		put_op(push, gpu, &gpu->scene.ops[i]);
	put_image(push, sheet, gpu->readback.va, gpu->readback.pitch, gpu->surfaces[DEMO_SHEET].va,
		  gpu->surfaces[DEMO_SHEET].pitch);
	return end_words(gpu, COMPOSE_AT, push, &gpu->compose);
}

static int get_time(struct demo_gpu *gpu, uint64_t *ns)
{
	struct nova_time time;
	int ret = step(gpu, "nova_device_get_time",
		       nova_device_get_time(gpu->dev, CLOCK_MONOTONIC, &time));

	if (!ret)
		*ns = time.gpu_ns;
	return ret;
}

/* The engine's timestamp must lie between two readings of the timer by the driver. */
static int timestamp(struct demo_gpu *gpu, uint64_t *ns)
{
	const volatile uint32_t *payload = gpu->memory.map;
	const volatile uint64_t *stamp = (const volatile uint64_t *)gpu->memory.map + 1;
	uint32_t expected = (uint32_t)gpu->point + 0x6e6f7661;
	uint64_t before, after;
	int ret = get_time(gpu, &before);

	if (!ret)
		ret = run_upload(gpu, expected);
	if (!ret)
		ret = get_time(gpu, &after);
	if (ret)
		return ret;
	*ns = *stamp;
	if (*payload != expected)
		return step(gpu, "timestamp payload", -EIO);
	if (*ns < before || *ns > after)
		return step(gpu, "timestamp order", -ERANGE);
	return 0;
}

int demo_gpu_render(struct demo_gpu *gpu, bool verify, struct demo_render *render)
{
	const struct demo_image *picture = &gpu->images[DEMO_PICTURE];
	int ret;

	*render = (struct demo_render) { 0 };
	memset(gpu->readback.map, 0, gpu->readback.pitch * (size_t)gpu->scene.height);
	ret = timestamp(gpu, &render->time_ns);
	if (ret)
		return ret;
	demo_scene_build(&gpu->scene, picture->width, picture->height, render->time_ns);
	render->operations = gpu->scene.count;
	render->width = gpu->scene.width;
	render->height = gpu->scene.height;
	ret = build_compose(gpu);
	if (!ret)
		ret = run(gpu, &gpu->compose);
	if (ret || !verify)
		return ret;
	demo_scene_draw(&gpu->scene, gpu->images);
	demo_scene_compare(&gpu->images[DEMO_SHEET], gpu->readback.map, gpu->readback.pitch,
			   &render->difference);
	return render->difference.count ? step(gpu, "comparison", -EILSEQ) : 0;
}

int demo_gpu_sheet(const struct demo_gpu *gpu, struct demo_image *image)
{
	int ret = demo_image_init(image, gpu->scene.width, gpu->scene.height);

	if (!ret)
		memcpy(image->pixels, gpu->readback.map, image_size(image));
	return ret;
}

int demo_gpu_submit_again(struct demo_gpu *gpu, int *fence)
{
	return submit(gpu, gpu->queue, &gpu->compose, gpu->done, ++gpu->point, fence);
}

int demo_gpu_park(struct demo_gpu *gpu, int *fence)
{
	struct nova_push_range range;
	struct nova_push *push;
	int ret = begin_words(gpu, PARK_AT, COMPOSE_AT, &push);

	if (ret)
		return ret;
	nova_push_sem_acquire(push, gpu->memory.va + PARKED_AT, NOVA_SEM_EQUAL, 1, NOVA_SEM_SWITCH);
	ret = end_words(gpu, PARK_AT, push, &range);
	return ret ? ret : submit(gpu, gpu->parked_queue, &range, gpu->parked, 0, fence);
}
