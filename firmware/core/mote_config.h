// Every limit of the device core with its default. Override by -DMOTE_USER_CONFIG='"my_config.h"'.
#ifndef MOTE_CONFIG_H
#define MOTE_CONFIG_H

#ifdef MOTE_USER_CONFIG
#include MOTE_USER_CONFIG
#endif

#ifndef MOTE_MAX_STREAMS
#define MOTE_MAX_STREAMS 8 // streams of a device
#endif
#ifndef MOTE_MAX_CHANNELS
#define MOTE_MAX_CHANNELS 32 // channels of a stream
#endif
#ifndef MOTE_MAX_CLASSES
#define MOTE_MAX_CLASSES 64 // classes of a model
#endif
#ifndef MOTE_NAME_MAX
#define MOTE_NAME_MAX 31 // characters of a device id's sibling names: streams, models, labels
#endif
#ifndef MOTE_BLOCK_MAX
#define MOTE_BLOCK_MAX 4096 // bytes of an encoded block
#endif
#ifndef MOTE_MANIFEST_MAX
#define MOTE_MANIFEST_MAX 8192 // bytes of a signed manifest
#endif
#ifndef MOTE_MAX_MODELS
#define MOTE_MAX_MODELS 2 // named models with slots of their own
#endif
#ifndef MOTE_PAYLOAD_BLOCK
#define MOTE_PAYLOAD_BLOCK 1024 // bytes of a release's payload block
#endif
#ifndef MOTE_NN_MAX_BLOCKS
#define MOTE_NN_MAX_BLOCKS                                                                         \
    256 // activations and scratch buffers of a model; mote_nn_arena_size takes 16 bytes of stack
        // each
#endif
#define MOTE_GROUP_BLOCKS 64 // payload blocks to a group (design.md)
#define MOTE_ACK_RANGES 8    // ranges in an acknowledgement (design.md)

#endif
