// A real mosquitto for tests: on a free loopback port, with a folder of its own.
#ifndef SUPPORT_BROKER_H
#define SUPPORT_BROKER_H

#include <sys/types.h>

struct broker {
    int port;
    char dir[256]; // holds configuration, password file, log
    // private
    pid_t pid;
};

// Starts a broker and waits until it takes connections. extra: lines for its configuration, in
// which
// "%s" is the folder (NULL: anonymous access). 0, or -1 where mosquitto is missing or does not
// start (then the reason is on stderr).
int broker_start(struct broker *b, const char *extra);
// Stops it without removing its folder; broker_resume starts it again on the same port.
void broker_pause(struct broker *b);
int broker_resume(struct broker *b);
// Stops it and removes its folder. Accepts the zeroed struct.
void broker_stop(struct broker *b);

#endif
