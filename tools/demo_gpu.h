/* SPDX-License-Identifier: MIT */
/* One client's use of the device: its buffers, queues and the two jobs of the picture. */
#ifndef DEMO_GPU_H
#define DEMO_GPU_H

#include <stdbool.h>

#include "demo_scene.h"
#include "nova.h"

#define DEMO_JOB_NS	60000000000ull	/* longer than any job, on the slowest machine */

/**
 * struct demo_buffer - a buffer with its two addresses
 * @bo: the buffer
 * @map: for the CPU, or NULL
 * @va: for the GPU
 * @pitch: bytes of a line, when it holds a picture
 */
struct demo_buffer {
	struct nova_bo *bo;
	void *map;
	uint64_t va;
	uint32_t pitch;
};

/**
 * struct demo_gpu - an open device, set up for one picture
 * @fd: the open node, the demo's own so that its close can be checked
 * @step: the call that failed last
 * @dev: device
 * @vm: address space
 * @queue: draws
 * @parked_queue: has one job that never ends, on demand
 * @done: timeline; each job on @queue signals the next point
 * @parked: signalled by the job on @parked_queue
 * @point: last point handed out
 * @upload: system memory: the picture, then the font
 * @surfaces: video memory, by enum demo_surface; the picture's is mapped by the CPU too
 * @readback: system memory: the finished sheet
 * @commands: system memory: the words of all jobs
 * @memory: system memory: timestamp and the word the parked job waits for
 * @compose: words of the job that draws the sheet
 * @images: what the CPU knows: picture, font, reference of the sheet
 * @scene: the sheet
 */
struct demo_gpu {
	int fd;
	const char *step;
	struct nova_device *dev;
	struct nova_vm *vm;
	struct nova_queue *queue;
	struct nova_queue *parked_queue;
	struct nova_sync *done;
	struct nova_sync *parked;
	uint64_t point;
	struct demo_buffer upload;
	struct demo_buffer surfaces[DEMO_SURFACES];
	struct demo_buffer readback;
	struct demo_buffer commands;
	struct demo_buffer memory;
	struct nova_push_range compose;
	struct demo_image images[DEMO_SURFACES];
	struct demo_scene scene;
};

/**
 * struct demo_render - what came of drawing the picture
 * @time_ns: the GPU's timestamp
 * @operations: fills and copies
 * @width: of the sheet
 * @height: of the sheet
 * @difference: from the CPU's reference, when that was wanted
 */
struct demo_render {
	uint64_t time_ns;
	uint32_t operations;
	uint32_t width;
	uint32_t height;
	struct demo_difference difference;
};

/* All return 0 or a negative errno with gpu->step set. @picture must stay. */
int demo_gpu_open(struct demo_gpu *gpu, const char *path, const struct demo_image *picture);
int demo_gpu_render(struct demo_gpu *gpu, bool verify, struct demo_render *render);

/* The sheet of the last rendering, as a picture; demo_image_fini() it. */
int demo_gpu_sheet(const struct demo_gpu *gpu, struct demo_image *image);

/* Draws the last sheet again; *fence is a sync file of the job. */
int demo_gpu_submit_again(struct demo_gpu *gpu, int *fence);

/* Submits a job that waits for a word nobody writes; *fence is its sync file. */
int demo_gpu_park(struct demo_gpu *gpu, int *fence);

/* Waits for a sync file and closes it; *status is 1 or the job's negative errno. */
int demo_gpu_finish(struct demo_gpu *gpu, int *fence, int *status);

/* Frees everything, with or without the device; returns what close(2) said of the node. */
int demo_gpu_close(struct demo_gpu *gpu);

#endif /* DEMO_GPU_H */
