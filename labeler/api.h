// Handlers of the API, a file per resource; lab_route.c says which request runs which and what it takes.
#ifndef LABELER_API_H
#define LABELER_API_H

#include "labeler/lab_route.h"

#define API(name)                                                                                  \
    int api_##name(struct lab *lab, struct lab_req *q, struct lab_res *r, struct err *e)
// api_session.c
API(setup);
API(login);
API(logout);
API(me);
API(users);
API(user_add);
API(user_set);
API(token_add);
// api_token.c
API(tokens);
API(token_delete);
API(audit);
// lab_openapi.c
API(openapi);
// api_overview.c
API(overview);
API(changes);
API(stream);
// api_device.c
API(devices);
API(device);
API(device_record);
API(device_classify);
API(device_stop);
API(device_reboot);
API(events);
// api_record.c
API(record);
API(record_stop);
API(record_settings);
API(record_list);
// api_clock.c
API(device_clock);
// api_live.c
API(device_live);
// api_recording.c
API(recordings);
API(recordings_count);
API(recording);
// api_ingest.c
API(ingest_data);
API(ingest_files);
// api_metrics.c
API(metrics);
// api_queue.c
API(queue);
// api_signal.c
API(signals);
API(samples_csv);
// api_media.c
API(spectrogram);
API(audio);
API(picture);
// api_label.c
API(labels);
API(label_add);
API(label_put);
API(label_delete);
API(label_bulk);
// api_history.c
API(label_history);
API(history);
// api_import.c
API(labels_import);
// api_export.c
API(labels_export);
API(audacity);
// api_class.c
API(classes);
API(class_put);
API(class_rename);
// api_model.c
API(models);
API(model);
API(model_file);
API(datasets);
API(dataset);
// api_task.c
API(tasks);
API(task_add);
API(task);
API(task_set);
API(task_hand_over);
API(task_todo);
API(task_answer);
API(people);
// api_review.c
API(task_answers);
API(task_review);
API(quality);
API(gold);
API(gold_put);
// api_coverage.c
API(coverage);
API(coverage_target);
// api_dataset.c
API(dataset_make);
API(dataset_diff);
API(dataset_csv);
// api_restore.c
API(recording_restore);
API(dataset_restore);
// api_explore.c
API(projections);
API(projection_add);
API(projection);
API(projection_errors);
API(projection_proposals);
// api_board.c
API(model_boards);
// api_guide.c
API(guides);
API(guide_group);
API(guide_example);
// api_video.c
API(video_put);
API(video_info);
API(video_offset);
API(video_drop);
API(video);
// api_verdict.c
API(verdict_add);
// api_release.c
API(releases);
API(rollouts);
API(rollout);
API(rollout_state);
#undef API

// --- shared by handlers (api_util.c) ---------------------------------------------------------
// Sets r->json, taking over the reference. E_MEM where v is NULL.
int api_answer(struct lab_res *r, json_t *v, struct err *e) MUST_CHECK;
// A JSON string of text that may not be UTF-8 (what is not becomes '?'); NULL text is "".
json_t *api_text(const char *text);
// Parsed JSON text as a value; an empty object where it does not parse.
json_t *api_embedded(const char *text);
// null where ms is 0.
json_t *api_time(int64_t ms);
// An array of the words of "a,b,c"; empty for "".
json_t *api_words(const char *text);
// Optional body members: *out keeps its value where absent or null.
int api_opt_str(const json_t *o, const char *key, size_t max, const char **out,
                struct err *e) MUST_CHECK;
int api_opt_i64(const json_t *o, const char *key, int64_t lo, int64_t hi, int64_t *out,
                struct err *e) MUST_CHECK;
int api_opt_f64(const json_t *o, const char *key, double *out, struct err *e) MUST_CHECK;
int api_opt_bool(const json_t *o, const char *key, bool *out, struct err *e) MUST_CHECK;
// A label's name: 1..64 bytes of UTF-8 without commas, control characters or blanks at its ends.
int api_check_label(const char *name, struct err *e) MUST_CHECK;
json_t *api_region_json(const void *region); // const struct store_region *
// Label, extent, box and source from an object's members, into struct store_region; the author is q's user.
// Without start_us it is for the whole recording. Texts are borrowed from the object.
int api_region_read(const json_t *o, const struct lab_req *q, void *region,
                    struct err *e) MUST_CHECK;
json_t *api_recording_json(const void *recording); // const struct store_recording *
json_t *api_event_json(const void *event); // const struct store_event *
// Numbers that move with every kind of change; see /api/changes.
json_t *api_changes_json(struct lab *lab, struct err *e);

#endif
