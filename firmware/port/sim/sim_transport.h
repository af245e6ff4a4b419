// Two ends of a byte stream in memory, as unreliable as a real one is: bytes come in pieces, calls
// take less than they are given, connections take time to open and break with bytes still on their
// way.
#ifndef SIM_TRANSPORT_H
#define SIM_TRANSPORT_H

#include "firmware/core/mote_port.h"

#define SIM_PIPE_BYTES 4096

struct sim_pipe { // one direction
    uint8_t bytes[SIM_PIPE_BYTES];
    size_t head, len;
};

struct sim_transport {
    struct mote_transport device; // for the core
    struct sim_pipe to_server, to_device;
    uint64_t random;
    uint32_t piece;          // a call moves 1 to piece bytes; 0: as many as fit
    uint32_t break_one_in;   // of so many device calls, one finds the connection broken; 0: none
    uint32_t open_calls;     // calls of open before it succeeds
    uint32_t opening;        // so far
    uint64_t opened, broken; // counts
    bool up;
    bool refuse; // the server does not answer
};

void sim_transport_init(struct sim_transport *t, uint64_t seed);
// Breaks the connection now; what is on its way is lost.
void sim_transport_break(struct sim_transport *t);
// The server's end. Both return bytes moved; 0 where there is nothing, no room, or no connection.
size_t sim_server_recv(struct sim_transport *t, void *buf, size_t cap);
size_t sim_server_send(struct sim_transport *t, const void *buf, size_t len);

#endif
