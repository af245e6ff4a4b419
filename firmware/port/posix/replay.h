// Recorded files as a sensor: what common/dataset.h reads travels the same road as live data.
//
// A thread walks the files and hands over one piece at a time: a whole file where it has one label
// or none, a labelled stretch of it where it has several. Its frames then come as device time
// passes. All pieces must look like the first one (stream, channels, type, rate); others are left
// out and logged.
#ifndef REPLAY_H
#define REPLAY_H

#include "common/dataset.h"
#include "common/err.h"
#include "firmware/core/mote_config.h"
#include "firmware/core/mote_port.h"
#include "firmware/port/posix/posix_sys.h"

#include <pthread.h>

struct replay_piece {
    const uint8_t *raw;
    size_t frames;
    char label[MOTE_NAME_MAX + 1];
    char group[DS_TEXT], name[256]; // path below the folder
    uint64_t duration_us;
};

enum replay_state { REPLAY_READING, REPLAY_READY, REPLAY_PLAYING, REPLAY_ENDED };

struct replay {
    struct mote_sensor sensor;
    struct mote_stream_info info; // of the one stream
    struct replay_piece piece;    // the one that is ready or playing
    size_t pieces, left_out;      // so far
    // private
    struct posix_clock *clock;
    char stream[DS_TEXT], units[DS_TEXT];
    const char *path;
    struct ds_map *map;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum replay_state state;
    bool started, stopping, known;
    uint64_t start_us; // of the piece that is playing
    size_t next;       // frame of it
    struct err error;  // of the walk
};

// Starts reading and waits for the first piece. path: a folder or a file; map: a mapping file, or
// NULL. Both are kept. E_NOT_FOUND where there is nothing to replay.
int replay_open(struct replay *r, const char *path, const char *map, struct posix_clock *clock,
                struct err *e) MOTE_CHECK;
// Accepts the zeroed struct.
void replay_close(struct replay *r);
// Where it stands. READY: look at piece, then play it. The piece is over once all frames were read.
enum replay_state replay_state(struct replay *r);
void replay_play(struct replay *r);

#endif
