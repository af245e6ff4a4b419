// Numbers and times as people read them.

/** Milliseconds since 1970 as "3 s ago"; "never" for null. */
export function ago(ms, now = Date.now()) {
    if (!ms) return "never";
    const s = Math.max(0, Math.round((now - ms) / 1000));
    if (s < 60) return `${s} s ago`;
    if (s < 3600) return `${Math.floor(s / 60)} min ago`;
    if (s < 86400) return `${Math.floor(s / 3600)} h ago`;
    return `${Math.floor(s / 86400)} d ago`;
}

/** Milliseconds since 1970 as local date and time. */
export function when(ms) {
    return ms ? new Date(ms).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" }) : "–";
}

/** Microseconds as a duration: "350 ms", "12.4 s", "3 min 20 s", "2 h 5 min". */
export function duration(us) {
    if (us < 1000) return `${us} µs`;
    if (us < 1e6) return `${+(us / 1000).toPrecision(3)} ms`;
    const s = us / 1e6;
    if (s < 60) return `${+s.toPrecision(3)} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
    return `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`;
}

/** Microseconds as a clock "m:ss.ffffff" with as many decimals as asked for. */
export function clock(us, decimals = 3) {
    const sign = us < 0 ? "-" : "";
    const total = Math.abs(us);
    const min = Math.floor(total / 6e7);
    const s = (total - min * 6e7) / 1e6;
    const text = s.toFixed(decimals).padStart(decimals ? decimals + 3 : 2, "0");
    return `${sign}${min}:${text}`;
}

export function bytes(n) {
    if (n < 1024) return `${n} B`;
    if (n < 1048576) return `${+(n / 1024).toPrecision(3)} KB`;
    if (n < 1073741824) return `${+(n / 1048576).toPrecision(3)} MB`;
    return `${+(n / 1073741824).toPrecision(3)} GB`;
}

export function percent(v, digits = 1) {
    return v === null || v === undefined ? "–" : `${(v * 100).toFixed(digits)} %`;
}

export function count(n) {
    return Number(n).toLocaleString("en").replaceAll(",", "\u202f");
}

/** A value of a plot in as few digits as tell it apart. */
export function value(v) {
    if (v === null || !isFinite(v)) return "–";
    const a = Math.abs(v);
    return a !== 0 && (a < 0.001 || a >= 1e6) ? v.toExponential(2) : String(+v.toPrecision(4));
}

export function rate(intervalNs) {
    if (!intervalNs) return "single";
    const hz = 1e9 / intervalNs;
    return hz >= 1000 ? `${+(hz / 1000).toPrecision(3)} kHz` : `${+hz.toPrecision(3)} Hz`;
}

export function digest(text) {
    return text ? text.slice(0, 10) : "–";
}

/** Black or white, whichever reads better on a "#rrggbb". */
export function inkOn(color) {
    const n = parseInt((color || "#888888").slice(1), 16);
    const l = 0.299 * (n >> 16) + 0.587 * ((n >> 8) & 255) + 0.114 * (n & 255);
    return l > 150 ? "#10131a" : "#ffffff";
}

/** "1 model", "3 models". */
export function many(n, one, more = `${one}s`) {
    return `${count(n)} ${n === 1 ? one : more}`;
}
