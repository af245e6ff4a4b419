// Names of the operators that a model is likely to contain, for refusals: those that this runtime has
// name themselves, but one that is not linked, or that does not exist here, should be named as well.
#include "firmware/core/nn/nn_priv.h"

// Packed: code, name, NUL; ends with an empty name. A table of pointers would be half as large again.
static const char names[] = "\000ADD\000"
                            "\001AVERAGE_POOL_2D\000"
                            "\002CONCATENATION\000"
                            "\003CONV_2D\000"
                            "\004DEPTHWISE_CONV_2D\000"
                            "\005DEPTH_TO_SPACE\000"
                            "\006DEQUANTIZE\000"
                            "\007EMBEDDING_LOOKUP\000"
                            "\010FLOOR\000"
                            "\011FULLY_CONNECTED\000"
                            "\013L2_NORMALIZATION\000"
                            "\014L2_POOL_2D\000"
                            "\016LOGISTIC\000"
                            "\020LSTM\000"
                            "\021MAX_POOL_2D\000"
                            "\022MUL\000"
                            "\023RELU\000"
                            "\025RELU6\000"
                            "\026RESHAPE\000"
                            "\027RESIZE_BILINEAR\000"
                            "\031SOFTMAX\000"
                            "\032SPACE_TO_DEPTH\000"
                            "\033SVDF\000"
                            "\034TANH\000"
                            "\040CUSTOM\000"
                            "\042PAD\000"
                            "\044GATHER\000"
                            "\045BATCH_TO_SPACE_ND\000"
                            "\046SPACE_TO_BATCH_ND\000"
                            "\047TRANSPOSE\000"
                            "\050MEAN\000"
                            "\051SUB\000"
                            "\052DIV\000"
                            "\053SQUEEZE\000"
                            "\054UNIDIRECTIONAL_SEQUENCE_LSTM\000"
                            "\055STRIDED_SLICE\000"
                            "\057EXP\000"
                            "\061SPLIT\000"
                            "\062LOG_SOFTMAX\000"
                            "\065CAST\000"
                            "\066PRELU\000"
                            "\067MAXIMUM\000"
                            "\070ARG_MAX\000"
                            "\071MINIMUM\000"
                            "\074PADV2\000"
                            "\101SLICE\000"
                            "\103TRANSPOSE_CONV\000"
                            "\106EXPAND_DIMS\000"
                            "\112SUM\000"
                            "\115SHAPE\000"
                            "\123PACK\000"
                            "\130UNPACK\000"
                            "\141RESIZE_NEAREST_NEIGHBOR\000"
                            "\142LEAKY_RELU\000"
                            "\145ABS\000"
                            "\146SPLIT_V\000"
                            "\157ELU\000"
                            "\162QUANTIZE\000"
                            "\165HARD_SWISH\000"
                            "\166IF\000"
                            "\167WHILE\000"
                            "\176BATCH_MATMUL\000";

const char *nn_code_name(int32_t code)
{
    for (size_t i = 0; i + 1 < sizeof names;) {
        bool found = (uint8_t)names[i++] == code;
        const char *name = names + i;
        if (found) {
            return name;
        }
        while (names[i++] != 0) {
        }
    }
    return "an operator that is not known";
}
