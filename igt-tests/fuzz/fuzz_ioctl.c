/* SPDX-License-Identifier: MIT */
/* One ioctl: its argument, the call, and what must hold of it afterwards. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "nova_drm.h"

#include "fuzz.h"

int fuzz_raw_ioctl(int fd, unsigned long request, void *args)
{
	return ioctl(fd, request, args) ? -errno : 0;
}

bool fuzz_result_ok(struct fuzz_op *op, int result, const uint8_t *errors)
{
	const struct fuzz_options *options = fuzz_run_options();

	switch (-result) {
	case 0:
		return true;
	case EINTR:
		return options->threads > 1;
	case ENODEV:
		return options->unbind;
	case EFAULT:
		if (op->bad_pointer)
			return true;
		break;
	}
	for (const uint8_t *error = errors; *error; error++)
		if (-result == *error)
			return true;
	return false;
}

const char *fuzz_judge(struct fuzz_op *op, int result, const uint8_t *errors)
{
	op->record->result = result;
	return fuzz_result_ok(op, result, errors) ? NULL : "an error that is not expected here";
}

void fuzz_destroy(struct fuzz_file *file, enum fuzz_kind kind, uint32_t id)
{
	struct drm_gem_close gem = { .handle = id };
	struct drm_nova_vm_destroy vm = { .vm_id = id };
	struct drm_nova_queue_destroy queue = { .queue_id = id };
	struct drm_syncobj_destroy syncobj = { .handle = id };

	if (!id)
		return;
	switch (kind) {
	case FUZZ_GEM:
		fuzz_raw_ioctl(file->fd, DRM_IOCTL_GEM_CLOSE, &gem);
		break;
	case FUZZ_VM:
		fuzz_raw_ioctl(file->fd, DRM_IOCTL_NOVA_VM_DESTROY, &vm);
		break;
	case FUZZ_QUEUE:
		fuzz_raw_ioctl(file->fd, DRM_IOCTL_NOVA_QUEUE_DESTROY, &queue);
		break;
	case FUZZ_SYNCOBJ:
		fuzz_raw_ioctl(file->fd, DRM_IOCTL_SYNCOBJ_DESTROY, &syncobj);
		break;
	case FUZZ_KINDS:
		break;
	}
}

static bool is_input(const struct fuzz_field *field)
{
	return field->type <= FUZZ_IN;
}

static uint64_t pattern(const struct fuzz_field *field)
{
	return field->size == 4 ? (uint32_t)FUZZ_PATTERN : FUZZ_PATTERN;
}

/* What the kernel may not have written, and what it has to have. */
static const char *check_field(struct fuzz_op *op, const struct fuzz_field *field,
			       const void *before, const void *after, int result)
{
	bool same = memcmp((const char *)before + field->offset,
			   (const char *)after + field->offset, field->size) == 0;

	if (is_input(field) && !same) {
		fuzz_note(op, "%s", field->name);
		return "an input was written";
	}
	if (result == -EINTR && !same) {
		fuzz_note(op, "%s", field->name);
		return "an interrupted call has changed its argument";
	}
	if (result)
		return NULL;
	switch (field->type) {
	case FUZZ_OUT_ZERO:
		if (!fuzz_get(after, field))
			return NULL;
		break;
	case FUZZ_OUT:
	case FUZZ_NEW:
	case FUZZ_NEW_FD:
		if (fuzz_get(after, field) != pattern(field))
			return NULL;
		break;
	default:
		return NULL;
	}
	fuzz_note(op, "%s", field->name);
	return "an output was not written as it should be";
}

static const char *check_fields(struct fuzz_op *op, const struct fuzz_struct *what,
				const void *before, const void *after, size_t given, int result)
{
	for (uint32_t i = 0; i < what->count; i++) {
		const struct fuzz_field *field = &what->fields[i];
		const char *failure = NULL;

		if (field->offset + field->size <= given)
			failure = check_field(op, field, before, after, result);
		if (failure)
			return failure;
	}
	return NULL;
}

/* Objects come and go. */
static void account(struct fuzz_op *op, const struct fuzz_struct *what, const void *after,
		    size_t given)
{
	for (uint32_t i = 0; i < what->count; i++) {
		const struct fuzz_field *field = &what->fields[i];
		uint32_t id;

		if (field->offset + field->size > given)
			continue;
		id = fuzz_get(after, field);
		if (field->type == FUZZ_TAKE)
			fuzz_pool_take(&op->file->pools[field->arg], id);
		else if (field->type == FUZZ_NEW_FD)
			fuzz_fd_add(field->arg, &op->random, id);
		else if (field->type == FUZZ_NEW)
			fuzz_destroy(op->file, field->arg,
				     fuzz_pool_add(&op->file->pools[field->arg], &op->random, id));
	}
}

/*
 * Now and then a caller with an older or a newer header. Not for the core, whose answers may be
 * files: nobody would close one whose number was cut off.
 */
static size_t choose_size(struct fuzz_op *op, unsigned long request, size_t size)
{
	bool odd = fuzz_chance(&op->random, 8), longer = fuzz_chance(&op->random, 2);

	if (!fuzz_broken(op) || !odd || _IOC_NR(request) < DRM_COMMAND_BASE ||
	    _IOC_NR(request) >= DRM_COMMAND_END)
		return size;
	return longer ? size + 8 : size - 8;
}

const char *fuzz_ioctl_run(struct fuzz_op *op, const struct fuzz_ioctl *ioctl)
{
	struct fuzz_memory *memory = &op->thread->memory;
	uint64_t room[FUZZ_ARGS / 8 + 1] = { 0 };
	const struct fuzz_struct *what = ioctl->args;
	const char *failure;
	unsigned long request;
	size_t given, used;
	uint64_t pointer;
	char *at;

	fuzz_fill(op, what, room);
	memcpy((char *)room + what->size, &(uint64_t){ FUZZ_PATTERN }, 8);
	if (ioctl->prepare)
		ioctl->prepare(op, room);
	given = choose_size(op, ioctl->request, what->size);
	/* A pointer that was cut off is NULL. */
	if (given < what->size)
		op->bad_pointer = true;
	at = memory->args + FUZZ_PAGE - given;
	memcpy(at, room, given);
	pointer = fuzz_pointer(op, at, given);
	used = memory->arena + FUZZ_ARENA - op->arena_at;
	memcpy(memory->shadow + FUZZ_ARENA - used, op->arena_at, used);

	op->record->args = what;
	memcpy(op->record->data, room, what->size);
	if (given != what->size || pointer != (uintptr_t)at)
		fuzz_note(op, "%zu bytes at %#llx", given, (unsigned long long)pointer);
	request = _IOC(_IOC_DIR(ioctl->request), DRM_IOCTL_BASE, _IOC_NR(ioctl->request), given);
	op->record->result = fuzz_raw_ioctl(op->file->fd, request, (void *)pointer);

	if (!fuzz_result_ok(op, op->record->result, ioctl->errors))
		return "an error that this ioctl does not document";
	if (memcmp(memory->shadow + FUZZ_ARENA - used, op->arena_at, used))
		return "an array was written";
	if (pointer != (uintptr_t)at)
		return NULL;
	failure = check_fields(op, what, room, at, given, op->record->result);
	if (failure || op->record->result)
		return failure;
	memcpy(op->record->data, at, given < what->size ? given : what->size);
	account(op, what, at, given);
	return ioctl->check && given >= what->size ? ioctl->check(op, at) : NULL;
}
