// Figures of scikit-learn 1.9.1 for the set of tests/trainer/check_classic.c; written by classic.py.
#define GOLDEN_N 600
#define GOLDEN_D 6
#define GOLDEN_K 4
#define GOLDEN_PAIRS 6
#define GOLDEN_PENALTY 0.5
#define GOLDEN_KMEANS_INERTIA 4224.3633
#define GOLDEN_GMM_LOGLIKELIHOOD (-10.1175)
#define GOLDEN_FOREST_ACCURACY 0.7017
static const float golden_logistic_w[4][6] = {
    {-0.821621f, -0.716469f, -1.206221f, -0.418614f, -0.614804f, -0.720629f},
    {0.414219f, -0.331306f, 0.675409f, 0.378768f, -0.171587f, 0.532364f},
    {-0.553893f, 0.286722f, 0.343420f, -0.462788f, 0.335776f, 0.253687f},
    {0.961295f, 0.761053f, 0.187392f, 0.502635f, 0.450615f, -0.065423f}};
static const float golden_logistic_b[] = {4.373775f, -1.647652f, 0.406833f, -3.132955f};
static const float golden_svm_w[6][6] = {
    {-0.665838f, -0.091945f, -1.064359f, -0.535000f, -0.547042f, -0.720925f},
    {-0.090509f, -0.801590f, -0.994102f, 0.009927f, -0.635517f, -0.765830f},
    {-0.779822f, -0.895473f, -0.421827f, -0.643986f, -0.500770f, -0.059621f},
    {0.850913f, -0.500552f, 0.289698f, 0.692593f, -0.332871f, 0.254781f},
    {-0.394672f, -0.768822f, 0.281201f, -0.030560f, -0.478741f, 0.486671f},
    {-0.951142f, -0.282829f, 0.215498f, -0.667794f, -0.073684f, 0.113928f}};
static const float golden_svm_b[] = {3.423061f,  2.722663f, 3.315921f,
                                     -1.966447f, 1.104628f, 2.305732f};
