// SPDX-License-Identifier: MIT
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "result.h"

void bench_result_fini(struct bench_result *result)
{
	for (size_t i = 0; i < result->count; i++)
		bench_series_fini(&result->series[i]);
	for (size_t i = 0; i < result->skipped_count; i++)
		free(result->skipped[i]);
	free(result->series);
	free(result->skipped);
	*result = (struct bench_result) { 0 };
}

const struct bench_series *bench_result_find(const struct bench_result *result, const char *id)
{
	for (size_t i = 0; i < result->count; i++) {
		if (!strcmp(result->series[i].id, id))
			return &result->series[i];
	}
	return NULL;
}

struct bench_series *bench_result_add(struct bench_result *result, const struct bench_series *like)
{
	struct bench_series *series = reallocarray(result->series, result->count + 1, sizeof(*series));

	if (!series)
		return NULL;
	result->series = series;
	series += result->count++;
	*series = *like;
	series->values = NULL;
	series->count = 0;
	return series;
}

int bench_result_skip(struct bench_result *result, const char *id, const char *why)
{
	char **skipped = reallocarray(result->skipped, result->skipped_count + 1, sizeof(*skipped));

	if (!skipped)
		return -ENOMEM;
	result->skipped = skipped;
	if (asprintf(&skipped[result->skipped_count], "%s: %s", id, why) < 0)
		return -ENOMEM;
	result->skipped_count++;
	return 0;
}

/* --- to JSON ---------------------------------------------------------------- */

static void add_text(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, json_object_new_string(text));
}

/* Six digits are more than any of these numbers is good for. */
static void add_number(struct json_object *object, const char *key, double number)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6g", number);
	json_object_object_add(object, key, json_object_new_double_s(number, text));
}

static struct json_object *series_to_json(const struct bench_series *series)
{
	struct json_object *object = json_object_new_object();
	struct json_object *values = json_object_new_array();
	struct bench_summary summary;
	char text[32];

	bench_summarize(series->values, series->count, &summary);
	add_text(object, "id", series->id);
	add_text(object, "title", series->title);
	add_text(object, "unit", series->unit);
	if (series->plot[0]) {
		add_text(object, "plot", series->plot);
		add_text(object, "line", series->line);
		add_number(object, "x", series->x);
	}
	add_number(object, "min", summary.min);
	add_number(object, "median", summary.median);
	add_number(object, "p99", summary.p99);
	for (size_t i = 0; i < series->count; i++) {
		snprintf(text, sizeof(text), "%.6g", series->values[i]);
		json_object_array_add(values, json_object_new_double_s(series->values[i], text));
	}
	json_object_object_add(object, "values", values);
	return object;
}

static struct json_object *figure_to_json(const struct bench_figure *figure,
					  const struct bench_reading *reading)
{
	static const char *const bounds[] = { "none", "at most", "at least" };
	struct json_object *object = json_object_new_object();

	add_text(object, "title", figure->title);
	add_text(object, "ours", figure->ours);
	add_text(object, "peer", figure->peer);
	add_number(object, "ratio", reading->ratio.ratio);
	add_number(object, "low", reading->ratio.low);
	add_number(object, "high", reading->ratio.high);
	if (figure->bound == BENCH_NO_TARGET)
		return object;
	add_text(object, "bound", bounds[figure->bound]);
	add_number(object, "target", figure->target);
	json_object_object_add(object, "met", json_object_new_boolean(reading->verdict == BENCH_MET));
	return object;
}

int bench_result_save(const struct bench_result *result, const char *path)
{
	struct json_object *root = json_object_new_object();
	struct json_object *series = json_object_new_array();
	struct json_object *figures = json_object_new_array();
	struct json_object *skipped = json_object_new_array();
	struct bench_reading reading;
	int ret;

	json_object_object_add(root, "format", json_object_new_int(BENCH_RESULT_FORMAT));
	add_text(root, "machine", result->machine);
	add_text(root, "kernel", result->kernel);
	add_text(root, "commit", result->commit);
	add_text(root, "date", result->date);
	for (size_t i = 0; i < bench_figure_count; i++) {
		bench_figure_read(&bench_figures[i], result, 1, &reading);
		if (reading.verdict != BENCH_NOT_MEASURED)
			json_object_array_add(figures, figure_to_json(&bench_figures[i], &reading));
	}
	for (size_t i = 0; i < result->count; i++)
		json_object_array_add(series, series_to_json(&result->series[i]));
	for (size_t i = 0; i < result->skipped_count; i++)
		json_object_array_add(skipped, json_object_new_string(result->skipped[i]));
	json_object_object_add(root, "figures", figures);
	json_object_object_add(root, "skipped", skipped);
	json_object_object_add(root, "series", series);
	errno = 0;
	ret = json_object_to_file_ext(path, root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
	if (ret)
		ret = errno ? -errno : -EIO;
	json_object_put(root);
	return ret;
}

/* --- from JSON -------------------------------------------------------------- */

/* False if there is none, it is no string or it does not fit. */
static bool get_text(struct json_object *object, const char *key, char *text, size_t size)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string) ||
	    (size_t)json_object_get_string_len(value) >= size)
		return false;
	strcpy(text, json_object_get_string(value));
	return true;
}

static bool get_array(struct json_object *object, const char *key, struct json_object **array)
{
	return json_object_object_get_ex(object, key, array) &&
	       json_object_is_type(*array, json_type_array);
}

static bool is_number(struct json_object *value)
{
	return json_object_is_type(value, json_type_double) || json_object_is_type(value, json_type_int);
}

static int load_values(struct bench_series *series, struct json_object *array)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < json_object_array_length(array); i++) {
		struct json_object *value = json_object_array_get_idx(array, i);

		ret = is_number(value) ? bench_series_add(series, json_object_get_double(value)) : -EINVAL;
	}
	return ret;
}

static int load_series(struct bench_result *result, struct json_object *object)
{
	struct bench_series like = { 0 }, *series;
	struct json_object *values, *x;

	if (!get_text(object, "id", like.id, sizeof(like.id)) ||
	    !get_text(object, "title", like.title, sizeof(like.title)) ||
	    !get_text(object, "unit", like.unit, sizeof(like.unit)) ||
	    !get_array(object, "values", &values))
		return -EINVAL;
	if (get_text(object, "plot", like.plot, sizeof(like.plot))) {
		if (!get_text(object, "line", like.line, sizeof(like.line)) ||
		    !json_object_object_get_ex(object, "x", &x) || !is_number(x))
			return -EINVAL;
		like.x = json_object_get_double(x);
	}
	series = bench_result_add(result, &like);
	return series ? load_values(series, values) : -ENOMEM;
}

static int load_skipped(struct bench_result *result, struct json_object *array)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < json_object_array_length(array); i++) {
		const char *text = json_object_get_string(json_object_array_get_idx(array, i));
		const char *colon = text ? strstr(text, ": ") : NULL;
		char *id = colon ? strndup(text, (size_t)(colon - text)) : NULL;

		if (!id)
			return colon ? -ENOMEM : -EINVAL;
		ret = bench_result_skip(result, id, colon + 2);
		free(id);
	}
	return ret;
}

static int load(struct bench_result *result, struct json_object *root)
{
	struct json_object *format, *series, *skipped;
	int ret;

	if (!json_object_object_get_ex(root, "format", &format) ||
	    json_object_get_int(format) != BENCH_RESULT_FORMAT ||
	    !get_text(root, "machine", result->machine, sizeof(result->machine)) ||
	    !get_text(root, "kernel", result->kernel, sizeof(result->kernel)) ||
	    !get_text(root, "commit", result->commit, sizeof(result->commit)) ||
	    !get_text(root, "date", result->date, sizeof(result->date)) ||
	    !get_array(root, "series", &series) || !get_array(root, "skipped", &skipped))
		return -EINVAL;
	ret = load_skipped(result, skipped);
	for (size_t i = 0; !ret && i < json_object_array_length(series); i++)
		ret = load_series(result, json_object_array_get_idx(series, i));
	return ret;
}

int bench_result_load(struct bench_result *result, const char *path)
{
	struct json_object *root;
	int ret;

	*result = (struct bench_result) { 0 };
	errno = 0;
	root = json_object_from_file(path);
	if (!root)
		return errno ? -errno : -EINVAL;
	ret = load(result, root);
	json_object_put(root);
	if (ret)
		bench_result_fini(result);
	return ret;
}
