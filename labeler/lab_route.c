// The routes of the API. See lab_route.h for how to add one.
#include "labeler/lab_route.h"

#include "common/err.h"
#include "labeler/api.h"

#define R(method, pattern, role, body, run, params, summary)                                       \
    {                                                                                              \
        method, pattern, role, body, run, params, summary                                          \
    }

const struct lab_route lab_routes[] = {
    R(LAB_POST, "/api/setup", LAB_NOBODY, LAB_BODY_JSON, api_setup, "token, name, password",
      "make the first administrator by the one-time link, and sign in"),
    R(LAB_POST, "/api/login", LAB_NOBODY, LAB_BODY_JSON, api_login, "name, password",
      "sign in: sets the session cookie, returns the CSRF token"),
    R(LAB_POST, "/api/logout", LAB_NOBODY, LAB_BODY_JSON, api_logout, "", "end the session"),
    R(LAB_GET, "/api/me", LAB_NOBODY, LAB_BODY_NONE, api_me, "",
      "who is asking, and the CSRF token"),
    R(LAB_GET, "/api/users", LAB_ADMIN, LAB_BODY_NONE, api_users, "", "people and their roles"),
    R(LAB_POST, "/api/users", LAB_ADMIN, LAB_BODY_JSON, api_user_add, "name, password, role",
      "add a person"),
    R(LAB_PUT, "/api/users/:name", LAB_ADMIN, LAB_BODY_JSON, api_user_set,
      "role, disabled, password", "change a person's role or password, or lock them out"),
    R(LAB_POST, "/api/tokens", LAB_ADMIN, LAB_BODY_JSON, api_token_add,
      "name, scope (ingest, read, label, admin), days",
      "make an API token; the secret is shown once"),
    R(LAB_GET, "/api/tokens", LAB_ADMIN, LAB_BODY_NONE, api_tokens, "",
      "API tokens, newest first, without their secrets"),
    R(LAB_DELETE, "/api/tokens/:name", LAB_ADMIN, LAB_BODY_NONE, api_token_delete, "",
      "end the API tokens of that name"),
    R(LAB_GET, "/api/audit", LAB_ADMIN, LAB_BODY_NONE, api_audit, "after, limit",
      "who signed in or failed to, and what administrators changed, newest first"),
    R(LAB_GET, "/api/overview", LAB_VIEWER, LAB_BODY_NONE, api_overview, "",
      "fleet, data, labels, models and releases at a glance"),
    R(LAB_GET, "/api/changes", LAB_VIEWER, LAB_BODY_NONE, api_changes, "",
      "counters that move when something was stored: what the page polls without an event stream"),
    R(LAB_GET, "/api/stream", LAB_VIEWER, LAB_BODY_NONE, api_stream, "",
      "the same counters as server-sent events"),
    R(LAB_GET, "/api/devices", LAB_VIEWER, LAB_BODY_NONE, api_devices, "",
      "devices with their descriptor and state"),
    R(LAB_GET, "/api/devices/:id", LAB_VIEWER, LAB_BODY_NONE, api_device, "",
      "one device with its streams, health and last commands"),
    R(LAB_GET, "/api/devices/:id/clock", LAB_VIEWER, LAB_BODY_NONE, api_device_clock, "limit",
      "how the device's time maps to the server's: versions with offset, drift and their bounds, "
      "newest first"),
    R(LAB_GET, "/api/devices/:id/live", LAB_VIEWER, LAB_BODY_NONE, api_device_live,
      "stream (none: all), after",
      "what a device measures now and how its model classifies it: server-sent events, or with "
      "after a list of what came since (0: from now on)"),
    R(LAB_POST, "/api/devices/:id/record", LAB_ANNOTATOR, LAB_BODY_JSON, api_device_record,
      "stream, label, seconds", "ask a device to record"),
    R(LAB_POST, "/api/devices/:id/classify", LAB_ANNOTATOR, LAB_BODY_JSON, api_device_classify,
      "seconds (0 stops, -1 for ever)", "ask a device to classify"),
    R(LAB_POST, "/api/devices/:id/stop", LAB_ANNOTATOR, LAB_BODY_JSON, api_device_stop, "",
      "end a device's recording"),
    R(LAB_POST, "/api/devices/:id/reboot", LAB_ADMIN, LAB_BODY_JSON, api_device_reboot, "",
      "restart a device"),
    R(LAB_POST, "/api/record", LAB_ANNOTATOR, LAB_BODY_JSON, api_record,
      "devices (ids, groups or \"all\"), seconds, stream, label, days (until it is given up)",
      "ask devices for a recording; those that are asleep make it when they wake"),
    R(LAB_POST, "/api/record/stop", LAB_ANNOTATOR, LAB_BODY_JSON, api_record_stop, "devices",
      "end what devices record and withdraw what they were asked for"),
    R(LAB_PUT, "/api/record/settings", LAB_ANNOTATOR, LAB_BODY_JSON, api_record_settings,
      "devices, rates [{stream, hz}], triggers [{kind (level, class), stream, class, over, label, "
      "seconds, gap_seconds}]",
      "set recording rates and what sets a recording off"),
    R(LAB_GET, "/api/record", LAB_VIEWER, LAB_BODY_NONE, api_record_list, "device, limit",
      "recordings that were asked for and how far they are (asked, recording, done, failed, "
      "withdrawn, expired); with device its settings and whether it has heard them"),
    R(LAB_GET, "/api/recordings", LAB_VIEWER, LAB_BODY_NONE, api_recordings,
      "device, stream, label, unlabelled, group, source, search, uncertain, complete, simulated "
      "(1, -1), meta (NAME=VALUE), split (of the newest dataset), score_below (percent), since, "
      "until, order (new, old), after, offset, limit",
      "recordings, filtered; next is the cursor of the following page"),
    R(LAB_GET, "/api/recordings/count", LAB_VIEWER, LAB_BODY_NONE, api_recordings_count,
      "the filters of /api/recordings", "how many recordings a filter finds"),
    R(LAB_GET, "/api/recordings/:id", LAB_VIEWER, LAB_BODY_NONE, api_recording, "",
      "one recording with streams, labels and events"),
    R(LAB_GET, "/api/recordings/:id/signals", LAB_VIEWER, LAB_BODY_NONE, api_signals,
      "stream, from, to (device µs), points",
      "samples of a stream: single frames where they fit into points, least and greatest value per "
      "bin otherwise"),
    R(LAB_GET, "/api/recordings/:id/spectrogram.png", LAB_VIEWER, LAB_BODY_NONE, api_spectrogram,
      "stream, channel, from, to, width, height, bins, low_db, high_db",
      "spectrogram of a stretch as a picture"),
    R(LAB_GET, "/api/recordings/:id/audio.wav", LAB_VIEWER, LAB_BODY_NONE, api_audio,
      "stream, from, to", "a stretch as a WAV file; byte ranges are answered"),
    R(LAB_GET, "/api/recordings/:id/picture.png", LAB_VIEWER, LAB_BODY_NONE, api_picture, "stream",
      "the first picture of a recording"),
    R(LAB_GET, "/api/recordings/:id/samples.csv", LAB_VIEWER, LAB_BODY_NONE, api_samples_csv,
      "stream, from, to", "samples as CSV, device time in µs first"),
    R(LAB_GET, "/api/recordings/:id/labels", LAB_VIEWER, LAB_BODY_NONE, api_labels, "",
      "present labels of a recording"),
    R(LAB_POST, "/api/recordings/:id/labels", LAB_ANNOTATOR, LAB_BODY_JSON, api_label_add,
      "label, region, start_us, end_us, box {x,y,w,h}, source, model, score",
      "add a label; without start_us it is for the whole recording"),
    R(LAB_PUT, "/api/recordings/:id/labels/:region", LAB_ANNOTATOR, LAB_BODY_JSON, api_label_put,
      "as above, and version",
      "set a region's label and extent; 409 where version is not the stored one. \"whole\" names "
      "the whole recording's"),
    R(LAB_DELETE, "/api/recordings/:id/labels/:region", LAB_ANNOTATOR, LAB_BODY_JSON,
      api_label_delete, "version", "delete a region's label (its history stays)"),
    R(LAB_GET, "/api/recordings/:id/history", LAB_VIEWER, LAB_BODY_NONE, api_label_history, "",
      "every label event of a recording, oldest first"),
    R(LAB_GET, "/api/history", LAB_VIEWER, LAB_BODY_NONE, api_history, "limit",
      "the latest label events of all recordings"),
    R(LAB_GET, "/api/recordings/:id/labels.txt", LAB_VIEWER, LAB_BODY_NONE, api_audacity, "",
      "labels of a recording as an Audacity label track (seconds from its start)"),
    R(LAB_GET, "/api/labels/export", LAB_VIEWER, LAB_BODY_NONE, api_labels_export,
      "format (csv, label-studio, edge-impulse, edge-impulse-structured, edge-impulse-boxes, coco, "
      "voc, audacity), label, recording",
      "labels as a file of another program; of all recordings, or of one (voc, audacity)"),
    R(LAB_POST, "/api/labels/import", LAB_ANNOTATOR, LAB_BODY_RAW, api_labels_import,
      "format (as above), recording, dry",
      "labels from such a file, all or none; recordings are found by number or file name. What is "
      "there already changes nothing"),
    R(LAB_POST, "/api/labels/bulk", LAB_ANNOTATOR, LAB_BODY_JSON, api_label_bulk,
      "changes [{rec, region, label, start_us, end_us, box, delete, version}]",
      "many label changes, checked before the first is made, 64 to a transaction; returns what "
      "undoes them. 409 with changed and undo where somebody else changed a label meanwhile"),
    R(LAB_GET, "/api/classes", LAB_VIEWER, LAB_BODY_NONE, api_classes, "",
      "label classes with keys, colours and uses"),
    R(LAB_PUT, "/api/classes/:name", LAB_ANNOTATOR, LAB_BODY_JSON, api_class_put,
      "hotkey, color, guideline, position, retired", "add or change a label class"),
    R(LAB_POST, "/api/classes/:name/rename", LAB_REVIEWER, LAB_BODY_JSON, api_class_rename, "to",
      "rename a label, or merge it into one that exists; history keeps both"),
    R(LAB_GET, "/api/events", LAB_VIEWER, LAB_BODY_NONE, api_events, "device, after, limit, last",
      "classified windows that devices reported"),
    R(LAB_GET, "/api/queue", LAB_VIEWER, LAB_BODY_NONE, api_queue,
      "by (uncertain, disagreement, unlabelled, novel, random, balance, marked), seed, limit",
      "what to label next, with the model's proposal"),
    R(LAB_GET, "/api/tasks", LAB_VIEWER, LAB_BODY_NONE, api_tasks, "",
      "tasks, newest first, with how far they are and what the asker has left to do"),
    R(LAB_POST, "/api/tasks", LAB_REVIEWER, LAB_BODY_JSON, api_task_add,
      "name, note, people [name], each, review, gold, filter {device, stream, label, unlabelled, "
      "group, source, search, uncertain}, limit, seed",
      "ask people to label the recordings that a filter finds; each: how many people judge every "
      "recording, without seeing each other's answers"),
    R(LAB_GET, "/api/people", LAB_ANNOTATOR, LAB_BODY_NONE, api_people, "",
      "who can be asked to label"),
    R(LAB_GET, "/api/tasks/:id", LAB_VIEWER, LAB_BODY_NONE, api_task, "",
      "one task: progress and speed of everybody in it"),
    R(LAB_PUT, "/api/tasks/:id", LAB_REVIEWER, LAB_BODY_JSON, api_task_set, "closed",
      "close a task, or open it again"),
    R(LAB_POST, "/api/tasks/:id/hand-over", LAB_ANNOTATOR, LAB_BODY_JSON, api_task_hand_over,
      "from, to", "give what is left to do to somebody else; only a reviewer does so for others"),
    R(LAB_GET, "/api/tasks/:id/todo", LAB_ANNOTATOR, LAB_BODY_NONE, api_task_todo, "limit",
      "what the asker has left to do, with the own answer so far and nothing that others said"),
    R(LAB_PUT, "/api/tasks/:id/answers/:rec", LAB_ANNOTATOR, LAB_BODY_JSON, api_task_answer,
      "regions [as labels], done, took_ms", "save the asker's answer; done finishes it"),
    R(LAB_GET, "/api/tasks/:id/answers", LAB_REVIEWER, LAB_BODY_NONE, api_task_answers, "",
      "finished answers by recording, for review"),
    R(LAB_POST, "/api/tasks/:id/review", LAB_REVIEWER, LAB_BODY_JSON, api_task_review,
      "items [{rec, person}], accept, note",
      "accept answers (they become labels) or return them with a note, all or none"),
    R(LAB_GET, "/api/quality", LAB_REVIEWER, LAB_BODY_NONE, api_quality, "task",
      "agreement of people in all or per label, confusion between two, where they differ"),
    R(LAB_GET, "/api/gold", LAB_REVIEWER, LAB_BODY_NONE, api_gold, "",
      "recordings whose label is known"),
    R(LAB_PUT, "/api/gold/:rec", LAB_REVIEWER, LAB_BODY_JSON, api_gold_put,
      "label (\"\" takes it away)",
      "mark a recording as gold: tasks mix it in to see how well people answer"),
    R(LAB_GET, "/api/models", LAB_VIEWER, LAB_BODY_NONE, api_models, "", "models, newest first"),
    R(LAB_GET, "/api/models/:id", LAB_VIEWER, LAB_BODY_NONE, api_model, "",
      "one model (number or digest) with recipe and metrics"),
    R(LAB_GET, "/api/models/:id/file", LAB_VIEWER, LAB_BODY_NONE, api_model_file, "",
      "its .tflite file"),
    R(LAB_GET, "/api/datasets", LAB_VIEWER, LAB_BODY_NONE, api_datasets, "",
      "dataset versions, newest first"),
    R(LAB_GET, "/api/datasets/:digest", LAB_VIEWER, LAB_BODY_NONE, api_dataset, "",
      "one dataset version: items per label, split and group"),
    R(LAB_POST, "/api/datasets", LAB_REVIEWER, LAB_BODY_JSON, api_dataset_make,
      "name, stream, labels, by (device, group, meta:NAME), train, validation, test, seed, "
      "window_ms, dry",
      "make a dataset version of what is labelled, split by whole groups; dry: preview alone"),
    R(LAB_GET, "/api/datasets/:digest/diff", LAB_VIEWER, LAB_BODY_NONE, api_dataset_diff, "to",
      "what was added, removed, relabelled or moved to another split between two versions"),
    R(LAB_GET, "/api/datasets/:digest/items.csv", LAB_VIEWER, LAB_BODY_NONE, api_dataset_csv, "",
      "its items as CSV"),
    R(LAB_POST, "/api/datasets/:digest/restore", LAB_REVIEWER, LAB_BODY_JSON, api_dataset_restore,
      "dry",
      "bring the labels of its recordings back to what they were when it was made; dry: preview "
      "alone"),
    R(LAB_POST, "/api/recordings/:id/restore", LAB_ANNOTATOR, LAB_BODY_JSON, api_recording_restore,
      "time_ms, dry", "bring a recording's labels back to what they were at that time"),
    R(LAB_GET, "/api/coverage", LAB_VIEWER, LAB_BODY_NONE, api_coverage,
      "by (device, group, meta:NAME), stream",
      "labelled time and recordings per label and group, and the project's target"),
    R(LAB_PUT, "/api/coverage/target", LAB_REVIEWER, LAB_BODY_JSON, api_coverage_target,
      "each, unit (seconds, recordings), by, labels {name: number}",
      "state how much of every label there is to be in every group"),
    R(LAB_GET, "/api/projections", LAB_VIEWER, LAB_BODY_NONE, api_projections, "",
      "projections of windows into a plane, newest first, with how far they are"),
    R(LAB_POST, "/api/projections", LAB_ANNOTATOR, LAB_BODY_JSON, api_projection_add,
      "stream, model, method (pca, tsne), windows, seed",
      "compute one in the background; with a model its features are used, and it judges every "
      "window"),
    R(LAB_GET, "/api/projections/:id", LAB_VIEWER, LAB_BODY_NONE, api_projection, "",
      "one with all its windows as columns; label and said are places in names, -1 none"),
    R(LAB_GET, "/api/projections/:id/errors", LAB_VIEWER, LAB_BODY_NONE, api_projection_errors,
      "label, said, limit",
      "windows that label and model name differently, the surest first; with both given, the "
      "windows of that cell of the confusion"),
    R(LAB_GET, "/api/projections/:id/proposals", LAB_VIEWER, LAB_BODY_NONE,
      api_projection_proposals, "least (percent), unlabelled (1, 0), limit",
      "what the model would call each recording, the surest first"),
    R(LAB_POST, "/api/verdicts", LAB_ANNOTATOR, LAB_BODY_JSON, api_verdict_add,
      "verdict (refused, wrong), label, model, score, rec, or device, t_us, dur_us",
      "refuse a model's proposal, or mark a window of the live view as wrong for the queue"),
    R(LAB_GET, "/api/models/:id/boards", LAB_VIEWER, LAB_BODY_NONE, api_model_boards, "",
      "memory, time and energy of one window on every board that is known; estimates"),
    R(LAB_GET, "/api/guides", LAB_VIEWER, LAB_BODY_NONE, api_guides, "",
      "group and examples of each label that has any"),
    R(LAB_PUT, "/api/classes/:name/group", LAB_REVIEWER, LAB_BODY_JSON, api_guide_group,
      "group (\"\" none)", "the heading that a label stands under"),
    R(LAB_PUT, "/api/classes/:name/examples/:rec", LAB_ANNOTATOR, LAB_BODY_JSON, api_guide_example,
      "note, remove", "name a recording as an example of a label"),
    R(LAB_PUT, "/api/recordings/:id/video", LAB_ANNOTATOR, LAB_BODY_RAW, api_video_put, "",
      "attach a video (MP4 or WebM) to a recording; it replaces the one before"),
    R(LAB_GET, "/api/recordings/:id/video", LAB_VIEWER, LAB_BODY_NONE, api_video, "",
      "the file of its video, in byte ranges"),
    R(LAB_DELETE, "/api/recordings/:id/video", LAB_ANNOTATOR, LAB_BODY_JSON, api_video_drop, "",
      "detach the video"),
    R(LAB_GET, "/api/recordings/:id/video/info", LAB_VIEWER, LAB_BODY_NONE, api_video_info, "",
      "type, size and offset of its video; null without one"),
    R(LAB_PUT, "/api/recordings/:id/video/offset", LAB_ANNOTATOR, LAB_BODY_JSON, api_video_offset,
      "offset_us", "when the video starts, less the recording's start"),
    R(LAB_GET, "/api/releases", LAB_VIEWER, LAB_BODY_NONE, api_releases, "",
      "releases, newest first"),
    R(LAB_GET, "/api/rollouts", LAB_VIEWER, LAB_BODY_NONE, api_rollouts, "",
      "rollouts with their devices, newest first"),
    R(LAB_GET, "/api/rollouts/:id", LAB_VIEWER, LAB_BODY_NONE, api_rollout, "",
      "one rollout: stages, states and reasons per device"),
    R(LAB_POST, "/api/rollouts/:id/state", LAB_ADMIN, LAB_BODY_JSON, api_rollout_state,
      "state (running, paused, aborted), reason", "pause, resume or abort a rollout"),
    R(LAB_GET, "/api/openapi.json", LAB_VIEWER, LAB_BODY_NONE, api_openapi, "",
      "this table as an OpenAPI 3.1 description"),
    R(LAB_GET, "/api/metrics", LAB_VIEWER, LAB_BODY_NONE, api_metrics, "",
      "counters for Prometheus, as text"),
    R(LAB_POST, "/api/:category/files", LAB_INGEST, LAB_BODY_RAW, api_ingest_files,
      "multipart/form-data; headers x-api-key, x-label, x-no-label, x-disallow-duplicates, "
      "x-metadata, x-add-date-id",
      "take files in, as Edge Impulse's uploaders send them; category is training, testing, "
      "validation, post-processing, split or anomaly"),
    R(LAB_POST, "/api/:category/data", LAB_INGEST, LAB_BODY_RAW, api_ingest_data,
      "one file; headers as above and x-file-name",
      "take one file in: acquisition JSON or CBOR, SenML, WAV, FLAC, CSV, PNG, JPEG"),
    {LAB_GET, NULL, LAB_NOBODY, LAB_BODY_NONE, NULL, NULL, NULL},
};

// Compares the request's segments with a pattern; fills arg from ":names".
static bool matches(struct lab_req *q, const char *pattern)
{
    int args = 0;
    const char *p = pattern;
    for (int i = 0; i < q->segments; i++) {
        if (*p++ != '/') {
            return false;
        }
        size_t len = strcspn(p, "/");
        if (*p == ':') {
            if (args == (int)ARRAY_LEN(q->arg)) {
                return false;
            }
            q->arg[args++] = q->segment[i];
        } else if (strlen(q->segment[i]) != len || memcmp(p, q->segment[i], len) != 0) {
            return false;
        }
        p += len;
    }
    return *p == 0;
}

const struct lab_route *lab_route_find(struct lab_req *q, bool *other)
{
    *other = false;
    enum lab_method method = q->method == LAB_HEAD ? LAB_GET : q->method;
    for (const struct lab_route *r = lab_routes; r->pattern; r++) {
        if (matches(q, r->pattern)) {
            if (r->method == method) {
                return r;
            }
            *other = true;
        }
    }
    return NULL;
}

int lab_route_markdown(struct buf *out)
{
    int rc = buf_puts(out, "| request | who | takes | does |\n|---|---|---|---|\n");
    for (const struct lab_route *r = lab_routes; rc == OK && r->pattern; r++) {
        rc = buf_printf(out, "| `%s %s` | %s | %s | %s |\n", lab_method_text(r->method), r->pattern,
                        r->role == LAB_NOBODY ? "everybody" : lab_role_text((int)r->role),
                        r->params, r->summary);
    }
    return rc;
}
