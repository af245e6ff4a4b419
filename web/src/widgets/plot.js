// A plot of a recording's signals on one time axis: tracks, regions, the model's answers, an overview strip.
// Draws on one canvas; knows nothing of labels' storage. widgets/plotinput.js turns mouse and touch into
// changes of its view.
//
// From the top: time axis, region lane, event lane (if any), one track per stream (or channel), overview strip.
import { clock, inkOn, value } from "../format.js";
import { colorOf } from "./pieces.jsx";
import { Tiles } from "./tiles.js";

export const AXIS = 26, LANE = 22, EVENTS = 18, STRIP = 52, LEFT = 58, RIGHT = 16;
const WAVES = 6;

function channelName(signal, c) {
    return signal.channel_names[c] || (signal.channels > 1 ? `${signal.name} ${c + 1}` : signal.name);
}

/** Fills a column a pixel from the least to the greatest value there; neighbours always touch. */
function columns(g, x, lo, hi, first, last, y, width = 1) {
    let col = NaN, low = 0, high = 0, before = null;
    const flush = () => {
        let a = low, b = high;
        if (before) { a = Math.min(a, before[1]); b = Math.max(b, before[0]); }
        before = [low, high];
        const top = y(b);
        g.fillRect(col, top, Math.max(1, width), Math.max(1, y(a) - top));
    };
    for (let i = first; i <= last; i++) {
        if (lo[i] === null) { if (col === col) flush(); col = NaN; before = null; continue; }
        const at = Math.floor(x(i));
        if (at === col) {
            if (lo[i] < low) low = lo[i];
            if (hi[i] > high) high = hi[i];
        } else {
            if (col === col) flush();
            col = at;
            low = lo[i];
            high = hi[i];
        }
    }
    if (col === col) flush();
}

export class Plot {
    constructor(canvas, recording) {
        this.canvas = canvas;
        this.g = canvas.getContext("2d");
        this.recording = recording;
        this.start = Math.min(...recording.signals.map((s) => s.start_us));
        this.end = Math.max(...recording.signals.map((s) => s.end_us), this.start + 1000);
        this.t0 = this.start;
        this.t1 = this.end;
        this.signals = recording.signals.map((s) => ({
            signal: s,
            sound: s.interval_ns > 0 && s.interval_ns <= 333334,
            tiles: new Tiles(recording.id, s, () => this.redraw()),
            hidden: new Set(),
            scale: null,
        }));
        this.stacked = false;
        this.fixedScale = true;
        this.derived = false;
        this.spectra = false; // spectrograms of streams that are no sound, too
        this.gain = 1; // how far values are stretched about their middle
        this.regions = [];
        this.selected = null;
        this.selection = null; // {t0, t1} without a label yet
        this.cursor = null; // time under the pointer
        this.playhead = null;
        this.events = recording.events;
        this.images = new Map();
        this.frame = 0;
        this.colors = {};
        this.onView = () => {};
        this.onData = () => {}; // the first samples are there
        this.readColors();
        this.resizer = new ResizeObserver(() => this.resize());
        this.resizer.observe(canvas);
    }

    destroy() {
        this.resizer.disconnect();
        cancelAnimationFrame(this.frame);
        this.dead = true;
    }

    readColors() {
        const probe = document.createElement("i");
        this.canvas.parentElement.append(probe);
        for (const n of ["panel", "line", "line-strong", "text", "dim", "faint", "accent", "sunken", "warn", "bad", "wave-1", "wave-2", "wave-3", "wave-4", "wave-5", "wave-6"]) {
            probe.style.color = `var(--${n})`;
            this.colors[n] = getComputedStyle(probe).color;
        }
        probe.remove();
        this.redraw();
    }

    resize() {
        const r = this.canvas.getBoundingClientRect(), d = window.devicePixelRatio || 1;
        this.w = Math.max(120, Math.round(r.width));
        this.h = Math.max(120, Math.round(r.height));
        this.canvas.width = Math.round(this.w * d);
        this.canvas.height = Math.round(this.h * d);
        this.ratio = d;
        this.redraw();
    }

    redraw() {
        if (!this.frame && !this.dead) {
            this.frame = requestAnimationFrame(() => {
                this.frame = 0;
                this.draw();
            });
        }
    }

    get span() { return this.t1 - this.t0; }
    get plotWidth() { return this.w - LEFT - RIGHT; }
    get right() { return this.w - RIGHT; }
    x(t) { return LEFT + ((t - this.t0) / this.span) * this.plotWidth; }
    time(x) { return this.t0 + ((x - LEFT) / this.plotWidth) * this.span; }
    stripX(t) { return LEFT + ((t - this.start) / (this.end - this.start)) * this.plotWidth; }
    stripTime(x) { return this.start + ((x - LEFT) / this.plotWidth) * (this.end - this.start); }
    get laneTop() { return AXIS; }
    get lanes() { return Math.max(1, ...this.regions.map((r) => (r.lane || 0) + 1)); }
    get eventTop() { return AXIS + this.lanes * LANE + 4; }
    get tracksTop() { return this.eventTop + (this.events.length ? EVENTS : 0) + 4; }
    get tracksBottom() { return this.h - STRIP - 8; }

    /** Shows t0..t1, kept within the recording and no narrower than four frames. */
    show(t0, t1) {
        const fastest = Math.min(...this.signals.map((s) => s.signal.interval_ns || 1e6));
        const least = Math.max(20, (fastest * 4) / 1000), total = this.end - this.start;
        let span = Math.min(Math.max(t1 - t0, least), total * 1.02);
        const mid = (t0 + t1) / 2;
        let a = mid - span / 2;
        a = Math.min(Math.max(a, this.start - total * 0.01), this.end + total * 0.01 - span);
        this.t0 = a;
        this.t1 = a + span;
        this.onView();
        this.redraw();
    }
    pan(part) { this.show(this.t0 + this.span * part, this.t1 + this.span * part); }
    zoom(factor, around = (this.t0 + this.t1) / 2) {
        this.show(around - (around - this.t0) * factor, around + (this.t1 - around) * factor);
    }
    reveal(t0, t1) {
        if (t0 >= this.t0 && t1 <= this.t1) return;
        const span = Math.max(this.span, (t1 - t0) * 1.3);
        this.show((t0 + t1) / 2 - span / 2, (t0 + t1) / 2 + span / 2);
    }

    /** Regions that overlap go into lanes below each other. */
    setRegions(regions) {
        const ends = [];
        this.regions = regions.filter((r) => !r.whole).sort((a, b) => a.start_us - b.start_us || b.end_us - a.end_us);
        for (const r of this.regions) {
            let lane = ends.findIndex((e) => e <= r.start_us);
            if (lane < 0) lane = ends.length;
            ends[lane] = r.end_us;
            r.lane = Math.min(lane, 4);
        }
        this.redraw();
    }

    /** What there is to draw below each other: {entry, channels[], sound, spectrum?, top, height, title}. */
    tracks() {
        const list = [];
        for (const entry of this.signals) {
            const { signal } = entry;
            const all = Array.from({ length: signal.channels }, (_, c) => c).filter((c) => !entry.hidden.has(c));
            if (signal.width || signal.channels > 32) continue;
            if (this.derived && signal.channels > 1) list.push({ entry, channels: [], magnitude: true, weight: 1 });
            else if (this.stacked) all.forEach((c) => list.push({ entry, channels: [c], weight: 1 }));
            else if (all.length) list.push({ entry, channels: all, weight: 1 });
            if (entry.sound || (this.spectra && signal.interval_ns > 0)) list.push({ entry, channels: [all[0] ?? 0], spectrum: true, weight: 1.3 });
        }
        const room = this.tracksBottom - this.tracksTop, total = list.reduce((s, t) => s + t.weight, 0);
        let top = this.tracksTop;
        for (const t of list) {
            t.top = top;
            t.height = (room * t.weight) / total - 6;
            top += t.height + 6;
        }
        return list;
    }

    /** Hides or shows a channel of the first stream that has several; one always stays. */
    flipChannel(c) {
        const entry = this.signals.find((x) => x.signal.channels > 1 && x.signal.channels <= 8);
        if (!entry || c >= entry.signal.channels) return;
        if (entry.hidden.has(c)) entry.hidden.delete(c);
        else if (entry.hidden.size < entry.signal.channels - 1) entry.hidden.add(c);
        this.redraw();
    }

    /** The nearest edge of another region within a twentieth of the view, else the nearest crossing of the middle value. */
    snapTo(t, except) {
        const near = this.span / 20;
        let best = t, least = near;
        const offer = (x) => { if (Math.abs(x - t) < least) { least = Math.abs(x - t); best = x; } };
        for (const r of this.regions) if (r.region !== except) { offer(r.start_us); offer(r.end_us); }
        if (best !== t) return best;
        for (const { signal, tiles, hidden } of this.signals) {
            const tile = tiles.best(this.t0, this.t1), c = Array.from({ length: signal.channels }, (_, k) => k).find((k) => !hidden.has(k));
            for (const run of tile?.runs || []) {
                const v = run.values?.[c] || run.min[c], mean = v.reduce((a, b) => a + (b ?? 0), 0) / Math.max(1, v.length);
                const from = Math.max(1, Math.floor((t - near - run.t_us) / run.step_us)), to = Math.min(run.count - 1, Math.ceil((t + near - run.t_us) / run.step_us));
                for (let i = from; i <= to; i++) if ((v[i - 1] - mean) * (v[i] - mean) <= 0) offer(Math.round(run.t_us + i * run.step_us));
            }
        }
        return best;
    }

    /** Whether channels lie so far apart that drawing them over each other would waste most of the height. */
    spread() {
        for (const { signal, tiles } of this.signals) {
            const tile = tiles.list[0];
            if (!tile || signal.channels < 2 || signal.channels > 6) continue;
            let all = [Infinity, -Infinity], sum = 0;
            for (let c = 0; c < signal.channels; c++) {
                let lo = Infinity, hi = -Infinity;
                for (const run of tile.runs) {
                    for (const v of run.values?.[c] || run.min[c]) if (v !== null && v < lo) lo = v;
                    for (const v of run.values?.[c] || run.max[c]) if (v !== null && v > hi) hi = v;
                }
                sum += hi - lo;
                all = [Math.min(all[0], lo), Math.max(all[1], hi)];
            }
            if (sum < (all[1] - all[0]) * 0.8) return true;
        }
        return false;
    }

    draw() {
        if (!this.w) return;
        if (!this.looked && this.signals.every((s) => s.tiles.list.length || s.signal.width)) {
            this.looked = true;
            this.onData();
        }
        const g = this.g;
        g.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
        g.fillStyle = this.colors.panel;
        g.fillRect(0, 0, this.w, this.h);
        g.font = "11px system-ui, sans-serif";
        const tracks = this.tracks();
        this.drawAxis();
        for (const t of tracks) this.drawTrack(t);
        this.drawRegions();
        this.drawEvents();
        this.drawStrip();
        this.drawCursors(tracks);
    }

    drawAxis() {
        const g = this.g, steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 15e6, 3e7, 6e7, 12e7, 3e8, 6e8, 18e8, 36e8];
        const want = this.span / Math.max(2, this.plotWidth / 110), step = steps.find((s) => s >= want) || 36e8;
        const decimals = step >= 1e6 ? 0 : Math.min(6, Math.ceil(6 - Math.log10(step)));
        g.textAlign = "center";
        g.textBaseline = "middle";
        for (let t = Math.ceil((this.t0 - this.start) / step) * step + this.start; t <= this.t1; t += step) {
            const x = Math.round(this.x(t)) + 0.5;
            g.strokeStyle = this.colors.line;
            g.beginPath();
            g.moveTo(x, AXIS - 4);
            g.lineTo(x, this.tracksBottom);
            g.stroke();
            g.fillStyle = this.colors.dim;
            g.fillText(clock(t - this.start, decimals), x, AXIS / 2);
        }
        g.textAlign = "left";
        g.fillStyle = this.colors.faint;
        g.fillText("min:s", 12, AXIS / 2);
    }

    /** Least and greatest value of the shown channels: over everything, or over what is in view. */
    limits(t, tile) {
        const whole = this.fixedScale ? t.entry.tiles.list.find((x) => x.from <= t.entry.signal.start_us && x.to >= t.entry.signal.end_us) || tile : tile;
        let lo = Infinity, hi = -Infinity;
        for (const run of whole.runs) {
            for (const c of t.magnitude ? Array.from({ length: whole.channels }, (_, k) => k) : t.channels) {
                const a = run.values?.[c] || run.min[c], b = run.values?.[c] || run.max[c];
                for (let i = 0; i < run.count; i++) {
                    const at = run.t_us + i * run.step_us;
                    if (!this.fixedScale && (at < this.t0 || at > this.t1)) continue;
                    if (a[i] !== null && a[i] < lo) lo = a[i];
                    if (b[i] !== null && b[i] > hi) hi = b[i];
                }
            }
        }
        if (t.magnitude) { const m = Math.max(Math.abs(lo), Math.abs(hi)) * Math.sqrt(2); lo = 0; hi = m; }
        if (!(hi >= lo)) return [0, 1];
        const pad = (hi - lo) * 0.06 || Math.abs(hi) * 0.1 || 1, mid = (lo + hi) / 2, half = ((hi - lo) / 2 + pad) / this.gain;
        return t.magnitude ? [lo, lo + (hi - lo + pad) / this.gain] : [mid - half, mid + half];
    }

    drawTrack(t) {
        const g = this.g, { signal, tiles } = t.entry;
        tiles.want(this.t0, this.t1, this.plotWidth);
        g.strokeStyle = this.colors.line;
        g.strokeRect(LEFT - 0.5, Math.round(t.top) - 0.5, this.plotWidth + 1, Math.round(t.height));
        if (t.spectrum) return this.drawSpectrum(t);
        const tile = tiles.best(this.t0, this.t1);
        if (tile) {
            const [lo, hi] = this.limits(t, tile);
            const y = (v) => t.top + t.height - ((v - lo) / (hi - lo)) * t.height;
            t.y = y;
            this.drawScale(t, lo, hi, y);
            g.save();
            g.beginPath();
            g.rect(LEFT, t.top, this.plotWidth, t.height);
            g.clip();
            if (t.magnitude) this.drawMagnitude(tile, y);
            else for (const c of t.channels) this.drawChannel(tile, c, y);
            g.restore();
        }
        this.drawLegend(t, signal);
        return undefined;
    }

    drawScale(t, lo, hi, y) {
        const g = this.g, rough = (hi - lo) / Math.max(2, t.height / 42), power = 10 ** Math.floor(Math.log10(rough));
        const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= rough);
        g.textAlign = "right";
        g.textBaseline = "middle";
        for (let v = Math.ceil(lo / step) * step; v <= hi; v += step) {
            const at = Math.round(y(v)) + 0.5;
            g.strokeStyle = this.colors.line;
            g.globalAlpha = 0.7;
            g.beginPath();
            g.moveTo(LEFT, at);
            g.lineTo(this.right, at);
            g.stroke();
            g.globalAlpha = 1;
            g.fillStyle = this.colors.dim;
            if (at > t.top + 6 && at < t.top + t.height - 4) g.fillText(value(Math.abs(v) < step / 1e6 ? 0 : v), LEFT - 7, at);
        }
    }

    drawLegend(t, signal) {
        const g = this.g, name = t.magnitude ? `|${signal.name}|` : signal.name;
        g.textAlign = "left";
        g.textBaseline = "alphabetic";
        let x = LEFT + 9;
        const text = (s, color, bold) => {
            g.font = `${bold ? "600 " : ""}11px system-ui, sans-serif`;
            g.fillStyle = color;
            g.fillText(s, x, t.top + 15);
            x += g.measureText(s).width + 8;
        };
        text(name + (signal.units ? ` · ${signal.units}` : ""), this.colors.text, true);
        if (!t.magnitude && (signal.channels > 1)) for (const c of t.channels) text(channelName(signal, c), this.colors[`wave-${(c % WAVES) + 1}`], true);
        g.font = "11px system-ui, sans-serif";
    }

    /** Each run by itself: nothing is drawn across a gap. Dense ones as a column a pixel, which costs a tenth of a path. */
    drawChannel(tile, c, y) {
        const g = this.g;
        g.strokeStyle = g.fillStyle = this.colors[`wave-${(c % WAVES) + 1}`];
        for (const run of tile.runs) {
            const first = Math.max(0, Math.floor((this.t0 - run.t_us) / (run.step_us || 1)) - 1);
            const last = Math.min(run.count - 1, Math.ceil((this.t1 - run.t_us) / (run.step_us || 1)) + 1);
            if (last < first) continue;
            const px = (run.step_us / this.span) * this.plotWidth;
            const lo = run.values?.[c] || run.min[c], hi = run.values?.[c] || run.max[c];
            if (px < 2) columns(g, (i) => this.x(run.t_us + (i + (run.values ? 0 : 0.5)) * run.step_us), lo, hi, first, last, y);
            else if (run.values) this.drawLine(run, lo, first, last, y, px);
            else this.drawBand(run, lo, hi, first, last, y);
        }
    }

    drawLine(run, v, first, last, y, px) {
        const g = this.g;
        g.lineWidth = 1.4;
        g.beginPath();
        for (let i = first, up = false; i <= last; i++) {
            if (v[i] === null) { up = false; continue; }
            const x = this.x(run.t_us + i * run.step_us);
            if (up) g.lineTo(x, y(v[i])); else g.moveTo(x, y(v[i]));
            up = true;
        }
        g.stroke();
        g.lineWidth = 1;
        if (px <= 9) return;
        for (let i = first; i <= last; i++) {
            g.beginPath();
            g.arc(this.x(run.t_us + i * run.step_us), y(v[i]), 2.4, 0, 7);
            g.fill();
        }
    }

    /** Wide bins, while finer samples are on their way. */
    drawBand(run, lo, hi, first, last, y) {
        for (let i = first; i <= last; i++) {
            if (lo[i] === null) continue;
            const a = this.x(run.t_us + i * run.step_us), b = this.x(run.t_us + (i + 1) * run.step_us);
            this.g.fillRect(a, y(hi[i]), b - a + 0.5, Math.max(1, y(lo[i]) - y(hi[i])));
        }
    }

    drawMagnitude(tile, y) {
        const g = this.g;
        g.strokeStyle = this.colors["wave-4"];
        for (const run of tile.runs) {
            g.beginPath();
            for (let i = 0; i < run.count; i++) {
                let sum = 0;
                for (let c = 0; c < tile.channels; c++) {
                    const v = run.values ? run.values[c][i] : Math.abs(run.max[c][i]) > Math.abs(run.min[c][i]) ? run.max[c][i] : run.min[c][i];
                    sum += v * v;
                }
                const x = this.x(run.t_us + (i + (run.values ? 0 : 0.5)) * run.step_us);
                if (i) g.lineTo(x, y(Math.sqrt(sum))); else g.moveTo(x, y(Math.sqrt(sum)));
            }
            g.stroke();
        }
    }

    /** Pictures of the spectrogram on a fixed grid of times, so that panning asks for few new ones. */
    drawSpectrum(t) {
        const g = this.g, { signal } = t.entry;
        const width = 512, scale = 2 ** Math.ceil(Math.log2(this.span / this.plotWidth)), tileUs = scale * width;
        g.save();
        g.beginPath();
        g.rect(LEFT, t.top, this.plotWidth, t.height - 1);
        g.clip();
        g.fillStyle = "#04051a";
        g.fillRect(LEFT, t.top, this.plotWidth, t.height);
        const first = Math.floor((this.t0 - signal.start_us) / tileUs), last = Math.floor((this.t1 - signal.start_us) / tileUs);
        for (let k = first; k <= last; k++) {
            const from = Math.round(signal.start_us + k * tileUs), to = Math.round(from + tileUs);
            if (to <= signal.start_us || from >= signal.end_us) continue;
            const a = Math.max(from, signal.start_us), b = Math.min(to, signal.end_us);
            const image = this.spectrum(signal, t.channels[0], a, b, Math.max(1, Math.round((width * (b - a)) / tileUs)));
            if (image?.complete && image.naturalWidth) g.drawImage(image, this.x(a), t.top, this.x(b) - this.x(a), t.height);
        }
        g.restore();
        g.textAlign = "right";
        g.textBaseline = "middle";
        g.fillStyle = this.colors.dim;
        const nyquist = 5e8 / signal.interval_ns;
        for (const p of [0, 0.5, 1]) g.fillText(nyquist < 2000 ? `${+(nyquist * p).toPrecision(2)} Hz` : `${+((nyquist * p) / 1000).toPrecision(2)} kHz`, LEFT - 7, t.top + t.height - 6 - p * (t.height - 12));
    }

    spectrum(signal, channel, from, to, width) {
        const bins = signal.interval_ns > 333334 ? 64 : width * 2 > (to - from) * 1000 / signal.interval_ns / 64 ? 256 : 512;
        const url = `/api/recordings/${this.recording.id}/spectrogram.png?stream=${encodeURIComponent(signal.name)}&from=${from}&to=${to}&width=${width}&height=160&bins=${bins}&channel=${channel}`;
        let image = this.images.get(url);
        if (!image) {
            image = new Image();
            image.onload = () => this.redraw();
            image.src = url;
            this.images.set(url, image);
            if (this.images.size > 80) this.images.delete(this.images.keys().next().value);
        }
        return image;
    }

    drawRegions() {
        const g = this.g;
        const shade = (t0, t1, color, alpha) => {
            const a = Math.max(LEFT, this.x(t0)), b = Math.min(this.right, this.x(t1));
            if (b < LEFT || a > this.right) return;
            g.globalAlpha = alpha;
            g.fillStyle = color;
            g.fillRect(a, this.tracksTop, Math.max(1.5, b - a), this.tracksBottom - this.tracksTop);
            g.globalAlpha = 1;
        };
        g.textBaseline = "middle";
        g.textAlign = "left";
        for (const r of this.regions) {
            const color = colorOf(r.label), on = r.region === this.selected;
            shade(r.start_us, r.end_us, color, on ? 0.2 : 0.1);
            const a = Math.max(LEFT, this.x(r.start_us)), b = Math.min(this.right, this.x(r.end_us));
            if (b < LEFT || a > this.right) continue;
            const top = this.laneTop + r.lane * LANE + 2, point = r.end_us === r.start_us, width = Math.max(3, b - a);
            g.fillStyle = color;
            g.globalAlpha = on ? 1 : 0.86;
            g.beginPath();
            if (point) { g.moveTo(a - 6, top); g.lineTo(a + 6, top); g.lineTo(a, top + LANE - 5); } else g.roundRect(a, top, width, LANE - 5, 4);
            g.fill();
            g.globalAlpha = 1;
            for (const edge of [r.start_us, r.end_us]) {
                const x = this.x(edge);
                if (x < LEFT || x > this.right) continue;
                g.strokeStyle = color;
                g.lineWidth = on ? 1.8 : 1;
                g.beginPath();
                g.moveTo(x, top + LANE - 5);
                g.lineTo(x, this.tracksBottom);
                g.stroke();
            }
            g.lineWidth = 1;
            if (on) {
                g.strokeStyle = this.colors.text;
                g.lineWidth = 1.6;
                g.beginPath();
                if (!point) g.roundRect(a, top, width, LANE - 5, 4);
                g.stroke();
                g.lineWidth = 1;
            }
            if (width > 26 || point) {
                g.save();
                g.beginPath();
                g.rect(point ? a + 8 : a, top, point ? 160 : width - 4, LANE);
                g.clip();
                g.fillStyle = point ? this.colors.text : inkOn(color);
                g.font = "600 11px system-ui, sans-serif";
                g.fillText(r.label + (r.source === "model" ? " (model)" : ""), point ? a + 9 : a + 7, top + (LANE - 5) / 2 + 0.5);
                g.restore();
            }
        }
        if (this.selection) {
            shade(this.selection.t0, this.selection.t1, this.colors.accent, 0.16);
            g.strokeStyle = this.colors.accent;
            g.setLineDash([5, 4]);
            for (const t of [this.selection.t0, this.selection.t1]) {
                const x = this.x(t);
                if (x < LEFT || x > this.right) continue;
                g.beginPath();
                g.moveTo(x, this.laneTop + 2);
                g.lineTo(x, this.tracksBottom);
                g.stroke();
            }
            g.setLineDash([]);
        }
    }

    drawEvents() {
        if (!this.events.length) return;
        const g = this.g, top = this.eventTop;
        g.font = "10.5px system-ui, sans-serif";
        g.textBaseline = "middle";
        g.textAlign = "left";
        g.fillStyle = this.colors.faint;
        g.fillText("model", 12, top + EVENTS / 2 - 1);
        for (const e of this.events) {
            const a = Math.max(LEFT, this.x(e.t_us)), b = Math.min(this.right, this.x(e.t_us + e.dur_us));
            if (b < LEFT || a > this.right) continue;
            const color = colorOf(e.label);
            g.strokeStyle = color;
            g.lineWidth = 1.3;
            if (e.uncertain) g.setLineDash([3, 3]);
            g.beginPath();
            g.roundRect(a + 1, top, Math.max(2, b - a - 2), EVENTS - 4, 3);
            g.stroke();
            g.setLineDash([]);
            g.lineWidth = 1;
            if (b - a > 34) {
                g.save();
                g.beginPath();
                g.rect(a, top, b - a - 3, EVENTS);
                g.clip();
                g.fillStyle = this.colors.dim;
                g.fillText(`${e.label} ${Math.round(e.score * 100)} %`, a + 6, top + EVENTS / 2 - 1.5);
                g.restore();
            }
        }
    }

    drawStrip() {
        const g = this.g, top = this.h - STRIP, first = this.tracks()[0];
        g.fillStyle = this.colors.sunken;
        g.beginPath();
        g.roundRect(LEFT, top, this.plotWidth, STRIP - 8, 6);
        g.fill();
        const entry = this.signals[0], tile = entry?.tiles.list.find((t) => t.from <= entry.signal.start_us && t.to >= entry.signal.end_us);
        if (entry && !tile && first) entry.tiles.ask(this.start, this.end, this.plotWidth);
        if (tile) {
            let lo = Infinity, hi = -Infinity;
            for (const run of tile.runs) for (let c = 0; c < tile.channels; c++) {
                for (const v of run.values?.[c] || run.min[c]) if (v < lo) lo = v;
                for (const v of run.values?.[c] || run.max[c]) if (v > hi) hi = v;
            }
            const y = (v) => top + 5 + (1 - (v - lo) / (hi - lo || 1)) * (STRIP - 18);
            g.globalAlpha = 0.65;
            for (let c = 0; c < Math.min(tile.channels, 3); c++) {
                g.fillStyle = this.colors[`wave-${c + 1}`];
                for (const run of tile.runs) columns(g, (i) => this.stripX(run.t_us + i * run.step_us), run.values?.[c] || run.min[c], run.values?.[c] || run.max[c], 0, run.count - 1, y, Math.ceil(this.stripX(run.step_us) - this.stripX(0)));
            }
            g.globalAlpha = 1;
        }
        for (const r of this.regions) {
            g.fillStyle = colorOf(r.label);
            g.fillRect(this.stripX(r.start_us), this.h - 13, Math.max(2, this.stripX(r.end_us) - this.stripX(r.start_us)), 5);
        }
        const a = Math.max(LEFT, this.stripX(this.t0)), b = Math.min(this.right, this.stripX(this.t1));
        g.fillStyle = this.colors.panel;
        g.globalAlpha = 0.6;
        g.fillRect(LEFT, top, a - LEFT, STRIP - 8);
        g.fillRect(b, top, this.right - b, STRIP - 8);
        g.globalAlpha = 1;
        g.strokeStyle = this.colors.accent;
        g.lineWidth = 1.6;
        g.beginPath();
        g.roundRect(a, top + 0.5, Math.max(4, b - a), STRIP - 9, 5);
        g.stroke();
        g.lineWidth = 1;
    }

    drawCursors(tracks) {
        const g = this.g;
        if (this.playhead !== null) {
            const x = this.x(this.playhead);
            g.strokeStyle = this.colors.bad;
            g.lineWidth = 1.5;
            g.beginPath();
            g.moveTo(x, AXIS);
            g.lineTo(x, this.tracksBottom);
            g.stroke();
            g.lineWidth = 1;
        }
        if (this.cursor === null || this.cursor < this.t0 || this.cursor > this.t1) return;
        const x = Math.round(this.x(this.cursor)) + 0.5;
        g.strokeStyle = this.colors.faint;
        g.beginPath();
        g.moveTo(x, AXIS);
        g.lineTo(x, this.tracksBottom);
        g.stroke();
        const text = clock(this.cursor - this.start, 6), w = g.measureText(text).width + 12;
        g.fillStyle = this.colors.text;
        g.beginPath();
        g.roundRect(Math.min(x - w / 2, this.w - w), 4, w, 18, 5);
        g.fill();
        g.fillStyle = this.colors.panel;
        g.textAlign = "center";
        g.textBaseline = "middle";
        g.fillText(text, Math.min(x, this.w - w / 2), 13);
        for (const t of tracks) this.drawReadout(t, x);
    }

    /** Values under the pointer, at the right end of a track's first line. */
    drawReadout(t, x) {
        const tile = t.y && t.entry.tiles.best(this.t0, this.t1);
        if (!tile || t.magnitude) return;
        const run = tile.runs.find((r) => this.cursor >= r.t_us && this.cursor < r.t_us + r.count * (r.step_us || 1));
        if (!run) return;
        const i = Math.min(run.count - 1, Math.floor((this.cursor - run.t_us) / (run.step_us || 1) + (run.values ? 0.5 : 0)));
        const g = this.g;
        g.textAlign = "right";
        g.textBaseline = "alphabetic";
        let right = this.right - 10;
        for (const c of [...t.channels].reverse()) {
            const v = run.values ? run.values[c][i] : (run.min[c][i] + run.max[c][i]) / 2;
            const text = run.values ? value(v) : `${value(run.min[c][i])}…${value(run.max[c][i])}`;
            g.font = "600 11px system-ui, sans-serif";
            g.fillStyle = this.colors[`wave-${(c % WAVES) + 1}`];
            g.fillText(text, right, t.top + 15);
            right -= g.measureText(text).width + 12;
            if (run.values) {
                g.beginPath();
                g.arc(x, t.y(v), 3, 0, 7);
                g.fill();
            }
        }
        g.font = "11px system-ui, sans-serif";
    }
}
