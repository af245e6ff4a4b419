#!/usr/bin/env bash
# Everything that the trainer exports, in other interpreters: each named architecture, squeezed and 16x8 models, classical
# ones. TensorFlow Lite Micro must give the same bytes; TensorFlow Lite's reference kernels and XNNPACK are reported with
# their largest difference and how often the class is the same (on noise, by models that hardly learned).
. "$(dirname "$0")/../support/e2e.sh"
. "$(dirname "$0")/venv.inc"
need_shared hapt_continuous
need_shared cifar10_subset
need_python tflite-micro ai-edge-litert numpy
part "$MOTELOOP_SHARED/data/hapt_continuous" "$T/motion" labels.csv activity_labels.csv 'exp0*.csv.gz'
for class in cat ship frog; do part "$MOTELOOP_SHARED/data/cifar10_subset/$class" "$T/pictures/$class" '*.png'; done
make_project p
moteloop import "$T/motion" --map "$MOTELOOP_SRC/tests/e2e/maps/hapt.map" --project "$T/p" >/dev/null || fail "import"
moteloop import "$T/pictures" --map "$MOTELOOP_SRC/tests/e2e/maps/pictures.map" --project "$T/p" >/dev/null || fail "import"
cd "$T"
models=()
train() { # NAME: $T/NAME.recipe, one short training
    moteloop train "$1.recipe" --project p --json >"$1.json" || fail "train $1"
    cp "p/models/$(json_value "$1.json" model).tflite" "$1.tflite"
    models+=("$1.tflite")
}
motion() { # NAME [network] lines, further sections
    {
        printf '[model]\nname = m\n[data]\nstream = imu\nlabels = %s\nwindow = 128 frames\n' "${labels:-WALKING, SITTING, STANDING, LAYING}"
        printf 'stride = 64 frames\ngroup = group\nvalidate = 0\n[features]\nblock = raw\n[train]\nepochs = 2\n[network]\n%b' "$2"
    } >"$1.recipe"
    train "$1"
}
picture() { # NAME [network] lines
    {
        printf '[model]\nname = p\n[data]\nstream = picture\nper_recording = 1\ngroup = recording\nvalidate = 0\n'
        printf '[features]\nblock = image\nstandardise = no\n[train]\nepochs = 1\n[network]\n%b' "$2"
    } >"$1.recipe"
    train "$1"
}
motion mlp 'type = mlp\nhidden = 24, 16\n'
motion cnn1d 'type = cnn1d\nfilters = 8, 12\n'
motion cnn2d 'type = cnn2d\nfilters = 6, 10\n'
motion dscnn 'type = dscnn\nwidth = 0.2\nblocks = 2\n'
motion tcresnet 'type = tcresnet\nwidth = 0.4\n'
motion mlp_qat 'type = mlp\nhidden = 24, 16\n[squeeze]\nrounding = yes\nepochs = 2\n'
motion dscnn_qat 'type = dscnn\nwidth = 0.2\nblocks = 2\n[squeeze]\nrounding = yes\nepochs = 2\n'
motion cnn_squeezed 'type = cnn1d\nfilters = 12, 16\n[squeeze]\nchannels = 0.4\nsparsity = 0.5\nclusters = 12\nepochs = 1\n'
motion mlp_16x8 'type = mlp\nhidden = 24, 16\n[quantize]\nactivations = int16\n'
motion dscnn_16x8 'type = dscnn\nwidth = 0.2\nblocks = 2\n[quantize]\nactivations = int16\n'
motion cnn_16x8 'type = cnn1d\nfilters = 8, 12\npool = 1\n[quantize]\nactivations = int16\n'
for kind in logistic svm forest; do motion $kind "type = $kind\n"; done
for kind in kmeans gmm autoencoder; do
    labels="STANDING, LAYING" motion $kind "type = $kind\n[model]\ntask = anomaly\n"
done
picture mobilenet1 'type = mobilenet1\nwidth = 0.1\n'
picture mobilenet2 'type = mobilenet2\nwidth = 0.1\n'
picture resnet8 'type = resnet8\nwidth = 0.5\n'
picture joined 'type = custom\nlayer = conv filters=6 kernel=3 stride=2 norm=yes act=relu name=a\nlayer = dwconv kernel=3 act=relu6\nlayer = conv filters=4 kernel=1 name=b from=a\nlayer = concat from=a+b\nlayer = maxpool size=2 stride=2\nlayer = dense units=8 act=relu\nlayer = dense\n'
if [ -d "$MOTELOOP_SHARED/data/bccd_boxes" ]; then
    from=$MOTELOOP_SHARED/data/bccd_boxes
    part "$from" "$T/objects" '*[0-1].jpg'
    bash "$MOTELOOP_SRC/tests/support/voc.sh" "$from"/*[0-1].xml >"$T/objects/labels.csv"
    make_project o
    moteloop import "$T/objects" --project "$T/o" >/dev/null || fail "import"
    sed -E 's/^epochs = .*/epochs = 1/; /^ema = /d' "$MOTELOOP_SRC/trainer/recipes/cells.recipe" >detector.recipe
    { cat detector.recipe; printf '[squeeze]\nrounding = yes\nepochs = 1\n'; } >detector_qat.recipe
    for kind in detector detector_qat; do
        moteloop train $kind.recipe --project o --json >$kind.json || fail "train $kind"
        cp "o/models/$(json_value $kind.json model).tflite" $kind.tflite
        models+=("$kind.tflite")
    done
fi
for model in "${models[@]}"; do
    for kind in micro reference xnnpack; do
        "$T/venv/bin/python" "$MOTELOOP_SRC/tests/conformance/compare.py" $kind "$MOTELOOP_BIN/moteloop" "$T" "$model" 2>"$T/theirs.log" && continue
        [ $kind = micro ] && { tail -n 5 "$T/theirs.log"; fail "$model: other bytes than TensorFlow Lite Micro"; }
        echo "$model $kind: does not run there: $(tail -n 1 "$T/theirs.log" | cut -c1-120)"
    done
done
