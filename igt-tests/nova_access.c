/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>

#include "igt.h"
#include "igt_nova.h"

IGT_TEST_DESCRIPTION("Access: who may call what, and read and write which file.");

#define PAGE	IGT_NOVA_PAGE
#define SYSTEM	DRM_NOVA_PLACEMENT_SYSTEM

#ifndef DRM_IOCTL_SET_CLIENT_NAME
#define DRM_IOCTL_SET_CLIENT_NAME	DRM_IOWR(0xd1, char[16])
#endif
#ifndef DRM_IOCTL_GEM_CHANGE_HANDLE
#define DRM_IOCTL_GEM_CHANGE_HANDLE	DRM_IOWR(0xd2, char[8])
#endif

/* --- what is reachable --- */

#define RENDER	1u	/* on a render node, by anybody who can open it */
#define PRIMARY	2u	/* on the primary node, by who is neither master nor authenticated */
#define BOTH	(RENDER | PRIMARY)

/* Every ioctl that a client without privileges can reach; one that is not here is refused. */
static const struct {
	unsigned long request;
	unsigned int where;
} reachable[] = {
	{ DRM_IOCTL_NOVA_GETPARAM, BOTH },
	{ DRM_IOCTL_NOVA_GEM_CREATE, BOTH },
	{ DRM_IOCTL_NOVA_GEM_INFO, BOTH },
	{ DRM_IOCTL_NOVA_DEV_QUERY, BOTH },
	{ DRM_IOCTL_NOVA_GEM_MMAP_OFFSET, BOTH },
	{ DRM_IOCTL_NOVA_GEM_SET_META, BOTH },
	{ DRM_IOCTL_NOVA_VM_CREATE, BOTH },
	{ DRM_IOCTL_NOVA_VM_DESTROY, BOTH },
	{ DRM_IOCTL_NOVA_VM_BIND, BOTH },
	{ DRM_IOCTL_NOVA_VM_GET_STATE, BOTH },
	{ DRM_IOCTL_NOVA_QUEUE_CREATE, BOTH },
	{ DRM_IOCTL_NOVA_QUEUE_DESTROY, BOTH },
	{ DRM_IOCTL_NOVA_QUEUE_GET_STATE, BOTH },
	{ DRM_IOCTL_NOVA_EXEC, BOTH },
	{ DRM_IOCTL_NOVA_GET_TIME, BOTH },
	{ DRM_IOCTL_NOVA_WAIT_USER_FENCE, BOTH },
	{ DRM_IOCTL_VERSION, BOTH },
	{ DRM_IOCTL_GET_CAP, BOTH },
	{ DRM_IOCTL_GEM_CLOSE, BOTH },
	{ DRM_IOCTL_GEM_CHANGE_HANDLE, BOTH },	/* and says EINVAL */
	{ DRM_IOCTL_PRIME_HANDLE_TO_FD, BOTH },
	{ DRM_IOCTL_PRIME_FD_TO_HANDLE, BOTH },
	{ DRM_IOCTL_SET_CLIENT_NAME, BOTH },
	{ DRM_IOCTL_SYNCOBJ_CREATE, BOTH },
	{ DRM_IOCTL_SYNCOBJ_DESTROY, BOTH },
	{ DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, BOTH },
	{ DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, BOTH },
	{ DRM_IOCTL_SYNCOBJ_TRANSFER, BOTH },
	{ DRM_IOCTL_SYNCOBJ_WAIT, BOTH },
	{ DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, BOTH },
	{ DRM_IOCTL_SYNCOBJ_EVENTFD, BOTH },
	{ DRM_IOCTL_SYNCOBJ_RESET, BOTH },
	{ DRM_IOCTL_SYNCOBJ_SIGNAL, BOTH },
	{ DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, BOTH },
	{ DRM_IOCTL_SYNCOBJ_QUERY, BOTH },
	{ DRM_IOCTL_GET_UNIQUE, PRIMARY },
	{ DRM_IOCTL_GET_MAGIC, PRIMARY },
	{ DRM_IOCTL_GET_CLIENT, PRIMARY },
	{ DRM_IOCTL_GET_STATS, PRIMARY },
	{ DRM_IOCTL_SET_CLIENT_CAP, PRIMARY },
	/* Mode setting: there is none, and each says so. */
	{ DRM_IOCTL_WAIT_VBLANK, PRIMARY },
	{ DRM_IOCTL_CRTC_GET_SEQUENCE, PRIMARY },
	{ DRM_IOCTL_CRTC_QUEUE_SEQUENCE, PRIMARY },
	{ DRM_IOCTL_MODE_GETRESOURCES, PRIMARY },
	{ DRM_IOCTL_MODE_GETPLANERESOURCES, PRIMARY },
	{ DRM_IOCTL_MODE_GETCRTC, PRIMARY },
	{ DRM_IOCTL_MODE_GETPLANE, PRIMARY },
	{ DRM_IOCTL_MODE_GETGAMMA, PRIMARY },
	{ DRM_IOCTL_MODE_GETENCODER, PRIMARY },
	{ DRM_IOCTL_MODE_GETCONNECTOR, PRIMARY },
	{ DRM_IOCTL_MODE_GETPROPERTY, PRIMARY },
	{ DRM_IOCTL_MODE_GETPROPBLOB, PRIMARY },
	{ DRM_IOCTL_MODE_GETFB, PRIMARY },
	{ DRM_IOCTL_MODE_GETFB2, PRIMARY },
	{ DRM_IOCTL_MODE_ADDFB, PRIMARY },
	{ DRM_IOCTL_MODE_ADDFB2, PRIMARY },
	{ DRM_IOCTL_MODE_RMFB, PRIMARY },
	{ DRM_IOCTL_MODE_CLOSEFB, PRIMARY },
	{ DRM_IOCTL_MODE_CREATE_DUMB, PRIMARY },
	{ DRM_IOCTL_MODE_MAP_DUMB, PRIMARY },
	{ DRM_IOCTL_MODE_DESTROY_DUMB, PRIMARY },
	{ DRM_IOCTL_MODE_OBJ_GETPROPERTIES, PRIMARY },
	{ DRM_IOCTL_MODE_CREATEPROPBLOB, PRIMARY },
	{ DRM_IOCTL_MODE_DESTROYPROPBLOB, PRIMARY },
};

#define NUMBERS	256u

static bool is_reachable(unsigned int number, unsigned int where)
{
	for (size_t i = 0; i < ARRAY_SIZE(reachable); i++)
		if (_IOC_NR(reachable[i].request) == number)
			return reachable[i].where & where;
	return false;
}

/* Permission comes before the arguments, which are all zero here. Not one of them waits. */
static bool number_allowed(int fd, unsigned int number)
{
	uint64_t arg[32] = { 0 };

	return igt_nova_ioctl(fd, DRM_IOWR(number, arg), arg) != -EACCES;
}

static void check_numbers(int fd, unsigned int where)
{
	unsigned int seen = 0, expected = 0;

	for (size_t i = 0; i < ARRAY_SIZE(reachable); i++)
		expected += !!(reachable[i].where & where);
	for (unsigned int number = 0; number < NUMBERS; number++) {
		bool allowed = igt_nova_ioctl_exists(fd, number) && number_allowed(fd, number);

		igt_assert_f(allowed == is_reachable(number, where),
			     "ioctl %#x is %s, but %s in the table\n", number,
			     allowed ? "reachable" : "refused",
			     is_reachable(number, where) ? "reachable" : "not");
		seen += allowed;
	}
	igt_assert_eq(seen, expected);
}

static void test_render_ioctls(int fd)
{
	(void)fd;
	igt_fork(child, 1) {
		int own = igt_nova_open();

		igt_drop_root();
		check_numbers(own, RENDER);
	}
	igt_waitchildren();
}

static int open_primary(int fd)
{
	char *name = drmGetPrimaryDeviceNameFromFd(fd);
	int primary;

	igt_require_f(name, "no primary node\n");
	primary = igt_nova_open_node(name);
	free(name);
	igt_assert_lte(0, primary);
	return primary;
}

/* The first to open it is master, and root is authenticated: it is opened again by neither. */
static void test_primary_ioctls(int fd)
{
	const char *node = "/dev/nova-primary";
	int master = open_primary(fd);
	struct stat stat_buf;

	igt_assert_eq(fstat(master, &stat_buf), 0);
	unlink(node);
	igt_assert_eq(mknod(node, S_IFCHR | 0600, stat_buf.st_rdev), 0);
	igt_assert_eq(chmod(node, 0666), 0);
	igt_fork(child, 1) {
		int nobody;

		igt_drop_root();
		nobody = igt_nova_open_node(node);
		igt_assert_lte(0, nobody);
		check_numbers(nobody, PRIMARY);
	}
	igt_waitchildren();
	unlink(node);
	close(master);
}

/* --- names --- */

/* GEM names are for everybody who is authenticated: VM-private buffers get no handle by them. */
static void test_names(int fd)
{
	struct drm_gem_open by_name = { 0 };
	struct drm_gem_flink flink = { 0 };
	int owner = open_primary(fd);
	uint32_t vm = igt_nova_vm_create(owner, NULL);

	flink.handle = igt_nova_gem_create(owner, PAGE, 0, SYSTEM, vm, 0);
	igt_nova_expect(owner, DRM_IOCTL_GEM_FLINK, &flink, 0);
	by_name.name = flink.name;
	igt_nova_expect(owner, DRM_IOCTL_GEM_OPEN, &by_name, EPERM);
	igt_nova_expect(fd, DRM_IOCTL_GEM_FLINK, &flink, EACCES);
	igt_nova_expect(fd, DRM_IOCTL_GEM_OPEN, &by_name, EACCES);
	igt_nova_gem_close(owner, flink.handle);
	igt_nova_expect(owner, DRM_IOCTL_GEM_OPEN, &by_name, ENOENT);
	close(owner);
}

/* --- files of the system --- */

/* Nobody but root writes what the modules put into sysfs, and nobody else reads debugfs. */
static void check_modes(const char *pattern, mode_t forbidden)
{
	glob_t paths;

	if (glob(pattern, 0, NULL, &paths))
		return;
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		struct stat stat_buf;

		if (stat(paths.gl_pathv[i], &stat_buf))
			continue;
		igt_assert_eq(stat_buf.st_uid, 0);
		igt_assert_f(!(stat_buf.st_mode & forbidden), "%s has mode %o\n",
			     paths.gl_pathv[i], stat_buf.st_mode & 07777);
	}
	globfree(&paths);
}

static void test_file_modes(int fd)
{
	struct stat stat_buf;

	(void)fd;
	igt_assert_eq(stat("/sys/module/nova_drm/parameters/job_timeout_ms", &stat_buf), 0);
	check_modes("/sys/module/nova_drm/parameters/*", 0022);
	check_modes("/sys/module/nova_core/parameters/*", 0022);
	check_modes("/sys/bus/auxiliary/devices/nova_core.*/*", 0022);
	check_modes("/sys/bus/auxiliary/drivers/nova_drm*/*", 0022);
	check_modes("/sys/bus/pci/drivers/nova*/*", 0022);
	check_modes("/sys/class/drm/renderD*/*", 0022);
	check_modes("/sys/kernel/debug", 0077);
	check_modes("/dev/dri/*", 0002);
}

/* What a file uses is told to who may look into its process. */
static void test_fdinfo(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", getpid(), fd);
	igt_assert_eq(access(path, R_OK), 0);
	igt_fork(child, 1) {
		igt_drop_root();
		igt_assert(open(path, O_RDONLY) < 0);
		igt_assert_f(errno == EACCES || errno == EPERM, "%s: %m\n", path);
	}
	igt_waitchildren();
}

static const struct igt_nova_test tests[] = {
	{ "render-ioctls", "A render client reaches the ioctls of the table, no others.",
	  test_render_ioctls },
	{ "primary-ioctls", "So does a client of the primary node that is not master.",
	  test_primary_ioctls },
	{ "names", "A name gives no handle of a VM-private buffer.", test_names },
	{ "file-modes", "Files in sysfs and debugfs are root's.", test_file_modes },
	{ "fdinfo", "What a file uses is not for everybody to read.", test_fdinfo },
};

int igt_main()
{
	static int fd = -1;

	igt_fixture()
		fd = igt_nova_open();
	igt_nova_run_tests(&fd, tests, ARRAY_SIZE(tests));
	igt_fixture()
		close(fd);
}
