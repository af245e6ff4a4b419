// Not part of any program: its symbols' sizes are the RAM that a device gives to the core's state.
#include "firmware/core/agent/mote_agent.h"

extern char state_agent[sizeof(struct mote_agent)];
extern char state_link[sizeof(struct mote_link)];
extern char state_pipe[sizeof(struct mote_pipe)];
extern char state_spool[sizeof(struct mote_spool)];
extern char state_slot[sizeof(struct mote_slot)];

char state_agent[sizeof(struct mote_agent)];
char state_link[sizeof(struct mote_link)];
char state_pipe[sizeof(struct mote_pipe)];
char state_spool[sizeof(struct mote_spool)];
char state_slot[sizeof(struct mote_slot)];
