// A plot that runs along with a device: the last seconds of every stream, the model's answers, labels being recorded.
import { inkOn } from "../format.js";
import { colorOf } from "./pieces.jsx";

const LEFT = 58, KEEP_US = 120e6;
const readers = { i8: ["getInt8", 1], u8: ["getUint8", 1], i16: ["getInt16", 2], u16: ["getUint16", 2], i32: ["getInt32", 4], f32: ["getFloat32", 4] };

/** A message's raw frames as physical values: {t_us, step_us, channels, values: [channel][frame]}. */
export function samplesOf(m) {
    const bytes = Uint8Array.from(atob(m.data), (c) => c.charCodeAt(0)), view = new DataView(bytes.buffer);
    const [get, size] = readers[m.type] || readers.i16, frames = Math.min(m.frames, Math.floor(bytes.length / size / m.channels));
    const values = Array.from({ length: m.channels }, () => new Float32Array(frames));
    for (let i = 0; i < frames; i++) for (let c = 0; c < m.channels; c++) values[c][i] = view[get]((i * m.channels + c) * size, true) * m.scale;
    return { t_us: m.t_us, step_us: m.interval_ns / 1000, channels: m.channels, frames, values };
}

export class LivePlot {
    constructor(canvas) {
        this.canvas = canvas;
        this.g = canvas.getContext("2d");
        this.streams = new Map();
        this.events = [];
        this.marks = [];
        this.span = 10e6;
        this.resizer = new ResizeObserver(() => this.resize());
        this.resizer.observe(canvas);
    }
    destroy() {
        this.resizer.disconnect();
        this.dead = true;
    }
    resize() {
        const r = this.canvas.getBoundingClientRect(), d = window.devicePixelRatio || 1;
        Object.assign(this, { w: r.width, h: r.height, d });
        this.canvas.width = Math.round(r.width * d);
        this.canvas.height = Math.round(r.height * d);
        this.redraw();
    }
    add(stream, block) {
        const list = this.streams.get(stream) || [];
        if (list.length && block.t_us < list.at(-1).t_us) list.length = 0; // the device was restarted
        list.push(block);
        while (list[0].t_us < block.t_us - KEEP_US) list.shift();
        this.streams.set(stream, list);
        this.end = Math.max(block.t_us + block.frames * block.step_us, list.length === 1 ? 0 : this.end || 0);
        this.canvas.dataset.end = Math.round(this.end); // device time of the newest sample, for tests
        this.redraw();
    }
    addEvent(e) {
        this.events.push(e);
        if (this.events.length > 400) this.events.shift();
        this.redraw();
    }
    setMarks(marks) {
        this.marks = marks;
        this.redraw();
    }
    zoom(f) {
        this.span = Math.max(1e6, Math.min(KEEP_US, this.span * f));
        this.redraw();
    }
    redraw() {
        if (this.frame || this.dead) return;
        this.frame = requestAnimationFrame(() => { this.frame = 0; this.draw(); });
    }
    x(t) { return LEFT + ((t - this.end + this.span) / this.span) * (this.w - LEFT - 12); }
    draw() {
        if (!this.w || !this.end) return;
        const g = this.g, style = getComputedStyle(this.canvas), probe = document.createElement("i");
        this.canvas.parentElement.append(probe);
        const color = (n) => { probe.style.color = `var(--${n})`; return getComputedStyle(probe).color; };
        this.colors = { text: color("text"), dim: color("dim"), line: color("line"), waves: [1, 2, 3, 4, 5, 6].map((i) => color(`wave-${i}`)) };
        probe.remove();
        g.setTransform(this.d, 0, 0, this.d, 0, 0);
        g.clearRect(0, 0, this.w, this.h);
        g.font = `11px ${style.fontFamily}`;
        const names = [...this.streams.keys()].sort(), bottom = this.h - 58, height = bottom / Math.max(1, names.length);
        names.forEach((n, i) => this.drawStream(n, i * height + 6, height - 12));
        this.drawAxis(bottom);
        this.drawLane(this.events.map((e) => [e.t_us, e.t_us + e.dur_us, e.label, e.uncertain]), bottom + 18, "model");
        this.drawLane(this.marks.map((m) => [m.t0, m.t1 ?? this.end, m.label, false]), bottom + 38, "you");
    }
    drawAxis(y) {
        const g = this.g, step = [1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 2e7].find((s) => this.span / s <= 12) || 3e7;
        g.textAlign = "center";
        g.textBaseline = "middle";
        for (let k = 0; k * step < this.span; k++) {
            const x = this.x(this.end - k * step);
            if (x < LEFT) break;
            g.strokeStyle = this.colors.line;
            g.beginPath();
            g.moveTo(x, 0);
            g.lineTo(x, y);
            g.stroke();
            g.fillStyle = this.colors.dim;
            if (k) g.fillText(`-${+((k * step) / 1e6).toFixed(1)} s`, x, y + 7);
        }
    }
    drawStream(name, top, height) {
        const g = this.g, from = this.end - this.span, list = this.streams.get(name).filter((b) => b.t_us + b.frames * b.step_us > from);
        let lo = Infinity, hi = -Infinity;
        for (const b of list) for (const v of b.values) for (const s of v) { if (s < lo) lo = s; if (s > hi) hi = s; }
        if (!(hi >= lo)) return;
        const pad = (hi - lo) * 0.06 || 1, y = (v) => top + height - ((v - lo + pad) / (hi - lo + 2 * pad)) * height;
        g.strokeStyle = this.colors.line;
        g.strokeRect(LEFT, top, this.w - LEFT - 12, height);
        g.save();
        g.beginPath();
        g.rect(LEFT, top, this.w - LEFT - 12, height);
        g.clip();
        const channels = Math.max(...list.map((b) => b.channels));
        for (let c = 0; c < channels; c++) {
            g.strokeStyle = this.colors.waves[c % 6];
            g.lineWidth = 1.2;
            let before = null;
            g.beginPath();
            for (const b of list) {
                const thin = Math.max(1, Math.floor(b.step_us ? (this.span / b.step_us) / (this.w * 3) : 1));
                const gap = before !== null && b.t_us - before > b.step_us * 3; // lost live samples are a gap, not a line
                for (let i = 0; i < b.frames; i += thin) {
                    const px = this.x(b.t_us + i * b.step_us), py = y(b.values[c]?.[i] ?? 0);
                    if (before === null || (gap && i === 0)) g.moveTo(px, py); else g.lineTo(px, py);
                    before = b.t_us + i * b.step_us;
                }
                before = b.t_us + b.frames * b.step_us;
            }
            g.stroke();
        }
        g.restore();
        g.textAlign = "left";
        g.textBaseline = "alphabetic";
        g.fillStyle = this.colors.text;
        g.fillText(name, LEFT + 8, top + 15);
        g.textAlign = "right";
        g.fillStyle = this.colors.dim;
        g.fillText(String(+hi.toPrecision(3)), LEFT - 6, top + 10);
        g.fillText(String(+lo.toPrecision(3)), LEFT - 6, top + height - 2);
    }
    drawLane(list, top, name) {
        const g = this.g;
        g.textAlign = "left";
        g.textBaseline = "middle";
        g.fillStyle = this.colors.dim;
        g.fillText(name, 12, top + 8);
        for (const [t0, t1, label, unsure] of list) {
            const a = Math.max(LEFT, this.x(t0)), b = Math.min(this.w - 12, this.x(t1));
            if (b <= a) continue;
            const c = colorOf(label);
            g.globalAlpha = unsure ? 0.5 : 1;
            g.fillStyle = c;
            g.fillRect(a, top, b - a - 1, 15);
            g.globalAlpha = 1;
            if (b - a > 30) {
                g.save();
                g.beginPath();
                g.rect(a, top, b - a - 4, 15);
                g.clip();
                g.fillStyle = inkOn(c);
                g.fillText(label, a + 5, top + 8);
                g.restore();
            }
        }
    }
}
