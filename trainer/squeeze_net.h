// Networks made smaller: batch normalisation folded into weights, and channels taken out for good.
//
// Both give a new network of plain layers with the parameters of the old one; the old one stays as
// it is.
#ifndef TRAINER_SQUEEZE_NET_H
#define TRAINER_SQUEEZE_NET_H

#include "trainer/net.h"

struct err;

// The same function without NORM layers, as it is exported: what squeezing works on. E_FORMAT where
// a NORM does not follow a layer that can take it. net_release frees `to`, also after a failure.
int squeeze_fold(const struct net *from, struct net *to, struct err *e) MUST_CHECK;

// Takes `share` of the channels out of every group of layers that must agree on them (residual
// additions and depthwise convolutions tie layers together), those with the smallest weights first.
// The network has no NORM (squeeze_fold). Inputs, outputs and what goes into a concatenation keep
// their channels; at least 2 stay of any group. align: where 8 or more stay, they are a multiple of
// four, which serves devices' kernels best. *removed: channels taken out.
int squeeze_channels(const struct net *from, double share, bool align, struct net *to, int *removed,
                     struct err *e) MUST_CHECK;

#endif
