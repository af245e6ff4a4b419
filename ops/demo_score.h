// Scores what devices say against what the simulator knows. Pure: no I/O.
#ifndef OPS_DEMO_SCORE_H
#define OPS_DEMO_SCORE_H

struct err;

#define SCORE_STATES 8
#define SCORE_NAME 16

struct truth_row { // from t_us on the machine is in this state
    int64_t t_us;
    char state[SCORE_NAME];
};
struct truth {
    struct truth_row *row;
    size_t count;
};
// Appends the rows of a truth file's text ("session,t_us,state,cause" lines, a heading allowed) that are
// of the session with which its last line begins. E_FORMAT names the line.
int truth_parse(struct truth *t, const char *text, struct err *e) MUST_CHECK;
void truth_release(struct truth *t);
// The state that holds during all of a window and since settle_us before it; NULL where it changes.
const char *truth_at(const struct truth *t, int64_t start_us, int64_t end_us, int64_t settle_us);

struct score_class {
    char state[SCORE_NAME];
    int64_t windows, right, flagged;
};
struct score {
    struct score_class c[SCORE_STATES];
    size_t count;
};
// One classified window whose truth is known.
void score_add(struct score *s, const char *state, const char *label, bool flagged);
const struct score_class *score_of(const struct score *s,
                                   const char *state); // NULL: no window of it
// Shares over every state but `except` (NULL: over all); 0 where there are no windows.
double score_accuracy(const struct score *s, const char *except);
double score_flagged(const struct score *s, const char *except);

#endif
