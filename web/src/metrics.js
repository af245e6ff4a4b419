// Reading a model's metrics: finds what was judged and the learning curves, wherever they are named.

/** Every judgement (an object with a confusion matrix) with the path to it as its name. */
export function judges(metrics) {
    const out = [];
    const walk = (o, path) => {
        if (!o || typeof o !== "object") return;
        if (Array.isArray(o.confusion) && Array.isArray(o.confusion[0])) out.push({ ...o, name: path.join(" ") || "test" });
        else if (!Array.isArray(o)) for (const [k, v] of Object.entries(o)) walk(v, [...path, k]);
    };
    walk(metrics, []);
    return out;
}

export function labelsOf(metrics, judge) {
    if (Array.isArray(metrics?.labels)) return metrics.labels;
    if (Array.isArray(judge.classes)) return judge.classes.map((c) => c.label);
    return judge.confusion.map((_, i) => String(i));
}

/** Learning curves as {name, values}: from a list of objects per epoch, or lists of numbers. */
export function curves(metrics) {
    const out = [];
    const walk = (o, path) => {
        if (!o || typeof o !== "object") return;
        for (const [k, v] of Object.entries(o)) {
            if (k === "confusion" || k === "classes" || k === "worst_groups" || k === "interval") continue;
            if (Array.isArray(v) && v.length > 1 && typeof v[0] === "object" && v[0] && ("epoch" in v[0] || "loss" in v[0])) {
                for (const field of Object.keys(v[0])) {
                    if (field !== "epoch" && typeof v[0][field] === "number") out.push({ name: field.replaceAll("_", " "), values: v.map((x) => x[field]) });
                }
            } else if (Array.isArray(v) && v.length > 1 && v.every((x) => typeof x === "number") && /loss|accuracy|curve/.test(k)) out.push({ name: k.replaceAll("_", " "), values: v });
            else if (!Array.isArray(v)) walk(v, [...path, k]);
        }
    };
    walk(metrics, []);
    return out;
}
