// Losses: a value and its slope over a batch of network outputs.
#ifndef TRAINER_LOSS_H
#define TRAINER_LOSS_H

enum loss_kind { LOSS_CROSS_ENTROPY, LOSS_FOCAL, LOSS_MSE, LOSS_HUBER };

struct loss {
    enum loss_kind kind;
    float smoothing; // of the cross entropies: share of a label given to all classes alike
    float gamma;     // of FOCAL: 0 is cross entropy
    float delta;     // of HUBER
    int cells;       // over 1: outputs are so many cells with classes of their own, the first being
                     // nothing
    float object;    // of cells: factor on those that hold something
};

// y: n x outputs (logits for the cross entropies); target: n x outputs (class probabilities, or values);
// weight: n factors, or NULL. Writes dy = d(sum of losses) / dy * scale; returns the sum of losses (unscaled).
// dy may be NULL.
double loss_run(const struct loss *l, const float *y, const float *target, const float *weight,
                int n, int outputs, float scale, float *dy);
// In place, row by row.
void loss_softmax(float *y, int n, int outputs);

#endif
