// SPDX-License-Identifier: MIT
/* Results: what is saved is what is loaded, and what is no result is refused. */
#include "bench_test.h"

#include <errno.h>
#include <json-c/json.h>
#include <unistd.h>

#include "../figures.h"

static char path[] = "/tmp/bench-test-XXXXXX";

static int setup(void **state)
{
	int fd;

	(void)state;
	strcpy(path + strlen(path) - 6, "XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_text(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_round_trip(void **state)
{
	static const double values[] = { 3, 1.25, 2e9 };
	struct bench_result saved = { .machine = "a machine", .kernel = "a \"kernel\"", .commit = "abc",
				      .date = "today" };
	struct bench_result loaded;

	(void)state;
	add_series(&saved, "door/getparam/nova", "ns", values, 3);
	strcpy(saved.series[0].plot, "a plot");
	strcpy(saved.series[0].line, "a line");
	saved.series[0].x = 0.5;
	add_series(&saved, "empty", "MiB/s", NULL, 0);
	assert_int_equal(bench_result_skip(&saved, "work", "why: because"), 0);
	assert_int_equal(bench_result_save(&saved, path), 0);
	assert_int_equal(bench_result_load(&loaded, path), 0);
	assert_string_equal(loaded.kernel, "a \"kernel\"");
	assert_string_equal(loaded.date, "today");
	assert_int_equal(loaded.count, 2);
	assert_string_equal(loaded.series[0].line, "a line");
	assert_near(loaded.series[0].x, 0.5);
	assert_int_equal(loaded.series[0].count, 3);
	assert_near(loaded.series[0].values[1], 1.25);
	assert_near(loaded.series[0].values[2], 2e9);
	assert_int_equal(loaded.series[1].count, 0);
	assert_string_equal(loaded.series[1].plot, "");
	assert_int_equal(loaded.skipped_count, 1);
	assert_string_equal(loaded.skipped[0], "work: why: because");
	bench_result_fini(&loaded);
	bench_result_fini(&saved);
}

/* For readers that are no C programs: spread and figures are in the file. */
static void test_file_has_the_figures(void **state)
{
	static const double ours[] = { 2, 2, 2 }, peer[] = { 1, 1, 1 };
	struct json_object *root, *figures, *value;
	struct bench_result saved = { 0 };

	(void)state;
	add_series(&saved, bench_figures[0].ours, "ns", ours, 3);
	add_series(&saved, bench_figures[0].peer, "ns", peer, 3);
	assert_int_equal(bench_result_save(&saved, path), 0);
	bench_result_fini(&saved);
	root = json_object_from_file(path);
	assert_non_null(root);
	assert_true(json_object_object_get_ex(root, "figures", &figures));
	assert_int_equal(json_object_array_length(figures), 1);
	assert_true(json_object_object_get_ex(json_object_array_get_idx(figures, 0), "ratio", &value));
	assert_near(json_object_get_double(value), 2);
	assert_true(json_object_object_get_ex(json_object_array_get_idx(figures, 0), "met", &value));
	assert_false(json_object_get_boolean(value));
	json_object_put(root);
}

static void test_find(void **state)
{
	struct bench_result result = { 0 };

	(void)state;
	assert_null(bench_result_find(&result, "a"));
	add_series(&result, "a", "ns", NULL, 0);
	add_series(&result, "b", "ns", NULL, 0);
	assert_ptr_equal(bench_result_find(&result, "b"), &result.series[1]);
	assert_null(bench_result_find(&result, "c"));
	bench_result_fini(&result);
}

#define ABOUT	"\"format\":1,\"machine\":\"m\",\"kernel\":\"k\",\"commit\":\"c\",\"date\":\"d\",\"skipped\":[]"

static void test_refused(void **state)
{
	static const char *const wrong[] = {
		"", "{", "[]", "{}",
		"{\"format\":2,\"machine\":\"m\",\"kernel\":\"k\",\"commit\":\"c\",\"date\":\"d\",\"skipped\":[],\"series\":[]}",
		"{" ABOUT "}",
		"{" ABOUT ",\"series\":[7]}",
		"{" ABOUT ",\"series\":{}}",
		"{" ABOUT ",\"series\":[{\"id\":\"i\",\"title\":\"t\",\"unit\":\"u\"}]}",
		"{" ABOUT ",\"series\":[{\"id\":7,\"title\":\"t\",\"unit\":\"u\",\"values\":[]}]}",
		"{" ABOUT ",\"series\":[{\"id\":\"i\",\"title\":\"t\",\"unit\":\"u\",\"values\":[\"7\"]}]}",
		"{" ABOUT ",\"series\":[{\"id\":\"i\",\"title\":\"t\",\"unit\":\"longer than a unit ever was\",\"values\":[]}]}",
		"{" ABOUT ",\"series\":[{\"id\":\"i\",\"title\":\"t\",\"unit\":\"u\",\"plot\":\"p\",\"values\":[]}]}",
		"{\"format\":1,\"machine\":\"m\",\"kernel\":\"k\",\"commit\":\"c\",\"date\":\"d\",\"skipped\":[\"x\"],\"series\":[]}",
	};
	struct bench_result result;

	(void)state;
	write_text("{" ABOUT ",\"series\":[]}");
	assert_int_equal(bench_result_load(&result, path), 0);
	bench_result_fini(&result);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		write_text(wrong[i]);
		if (bench_result_load(&result, path) >= 0)
			fail_msg("accepted: %s", wrong[i]);
		assert_int_equal(result.count, 0);
	}
	assert_true(bench_result_load(&result, "/nowhere/at/all") < 0);
	assert_true(bench_result_save(&result, "/nowhere/at/all") < 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_has_the_figures, setup, teardown),
		cmocka_unit_test(test_find),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
