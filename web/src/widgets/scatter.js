// Points in a plane on a canvas: groups by colour and shape, a lasso, and a brush that keys move.
//
// Coordinates are -1..1 on both axes; the brush is a circle in them.

/** Whether a point lies in a polygon [[x, y], ...]. */
export function inside(polygon, x, y) {
    let hit = false;
    for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
        const [xi, yi] = polygon[i], [xj, yj] = polygon[j];
        if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) hit = !hit;
    }
    return hit;
}

const marks = ["M-4 0A4 4 0 1 0 4 0A4 4 0 1 0 -4 0Z", "M-4 -4H4V4H-4Z", "M0 -5L5 4H-5Z", "M0 -5L5 0L0 5L-5 0Z", "M0 5L5 -4H-5Z", "M-5 -2H-2V-5H2V-2H5V2H2V5H-2V2H-5Z", "M-5 -1.5H5V1.500H-5Z", "M-1.500 -5H1.500V5H-1.500Z"];
const PAD = 26;

export class Scatter {
    static mark(group) { return marks[group % marks.length]; }

    /** calls: {lasso(polygon, add), hover(i | null), open(i)} */
    constructor(canvas, calls) {
        this.canvas = canvas;
        this.g = canvas.getContext("2d");
        this.calls = calls;
        this.brush = { x: 0, y: 0, r: 0.14, on: false };
        this.paths = marks.map((m) => new Path2D(m));
        this.chosen = new Set();
        this.resizer = new ResizeObserver(() => this.resize());
        this.resizer.observe(canvas);
        this.polygon = null;
        canvas.addEventListener("pointerdown", (e) => { canvas.setPointerCapture(e.pointerId); canvas.focus({ preventScroll: true }); this.polygon = [this.at(e)]; this.brush.on = false; });
        canvas.addEventListener("pointermove", (e) => this.moved(e));
        canvas.addEventListener("pointerup", (e) => this.up(e));
        canvas.addEventListener("pointerleave", () => calls.hover(null));
        canvas.addEventListener("dblclick", (e) => { const [x, y] = this.at(e); calls.open(this.nearestTo(x, y)); });
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
        canvas.focus({ preventScroll: true });
    }
    destroy() {
        this.resizer.disconnect();
        this.dead = true;
    }
    set(data, groups, group) {
        Object.assign(this, { data, groups, group });
        this.redraw();
    }
    select(chosen) {
        this.chosen = chosen;
        this.redraw();
    }
    resize() {
        const r = this.canvas.getBoundingClientRect(), d = window.devicePixelRatio || 1;
        Object.assign(this, { w: r.width, h: r.height, d });
        this.canvas.width = Math.round(r.width * d);
        this.canvas.height = Math.round(r.height * d);
        this.redraw();
    }
    get scale() { return Math.max(20, Math.min(this.w, this.h) / 2 - PAD); }
    px(x) { return this.w / 2 + x * Math.max(this.scale, this.w / 2 - PAD); }
    py(y) { return this.h / 2 - y * this.scale; }
    at(e) {
        const r = this.canvas.getBoundingClientRect();
        return [(e.clientX - r.left - this.w / 2) / Math.max(this.scale, this.w / 2 - PAD), (this.h / 2 - (e.clientY - r.top)) / this.scale];
    }
    moved(e) {
        const [x, y] = this.at(e);
        if (this.polygon) { this.polygon.push([x, y]); this.redraw(); return; }
        const i = this.nearestTo(x, y, 0.05);
        this.calls.hover(i < 0 ? null : i);
    }
    up(e) {
        const polygon = this.polygon;
        this.polygon = null;
        if (!polygon) return;
        if (polygon.length > 4) this.calls.lasso(polygon, e.shiftKey);
        else { [this.brush.x, this.brush.y] = this.at(e); this.brush.on = true; }
        this.redraw();
    }
    nearestTo(x, y, within = Infinity) {
        let best = -1, least = within * within;
        this.data?.x.forEach((v, i) => { const q = (v - x) ** 2 + (this.data.y[i] - y) ** 2; if (q < least) { least = q; best = i; } });
        return best;
    }
    nearest() { return this.nearestTo(this.brush.x, this.brush.y); }
    inBrush() {
        const { x, y, r } = this.brush, out = [];
        this.brush.on = true;
        this.data.x.forEach((v, i) => { if ((v - x) ** 2 + (this.data.y[i] - y) ** 2 <= r * r) out.push(i); });
        this.redraw();
        return out;
    }
    moveBrush(x, y) {
        const b = this.brush, clamp = (v) => Math.max(-1, Math.min(1, v));
        Object.assign(b, { on: true, x: clamp(b.x + x * b.r * 0.5), y: clamp(b.y + y * b.r * 0.5) });
        this.calls.hover(this.nearest());
        this.redraw();
    }
    sizeBrush(f) {
        Object.assign(this.brush, { on: true, r: Math.max(0.02, Math.min(1, this.brush.r * f)) });
        this.redraw();
    }
    /** The brush goes to the middle of the next group of points. */
    nextGroup() {
        const used = [...new Set(this.group)].sort((a, b) => a - b);
        this.turn = ((this.turn ?? -1) + 1) % used.length;
        const own = this.data.x.map((_, i) => i).filter((i) => this.group[i] === used[this.turn]);
        const middle = (v) => [...own].map((i) => v[i]).sort((a, b) => a - b)[own.length >> 1];
        Object.assign(this.brush, { on: true, x: middle(this.data.x), y: middle(this.data.y) });
        this.calls.hover(this.nearest());
        this.redraw();
    }
    redraw() {
        if (this.frame || this.dead) return;
        this.frame = requestAnimationFrame(() => { this.frame = 0; this.draw(); });
    }
    draw() {
        if (!this.w || !this.data) return;
        const g = this.g;
        const probe = document.createElement("i");
        this.canvas.parentElement.append(probe);
        const real = (c) => { probe.style.color = c; return getComputedStyle(probe).color; };
        g.setTransform(this.d, 0, 0, this.d, 0, 0);
        g.clearRect(0, 0, this.w, this.h);
        const colors = this.groups.map((x) => real(x.color)), accent = real("var(--accent)"), text = real("var(--text)");
        probe.remove();
        const dim = this.chosen.size > 0;
        for (const pass of [false, true]) {
            this.data.x.forEach((x, i) => {
                const on = this.chosen.has(i);
                if (on !== pass) return;
                g.setTransform(this.d, 0, 0, this.d, this.px(x) * this.d, this.py(this.data.y[i]) * this.d);
                g.globalAlpha = on ? 1 : dim ? 0.3 : 0.78;
                g.fillStyle = colors[this.group[i]];
                g.fill(this.paths[this.group[i] % marks.length]);
                if (on) { g.strokeStyle = text; g.lineWidth = 1.3; g.stroke(this.paths[this.group[i] % marks.length]); }
            });
        }
        g.setTransform(this.d, 0, 0, this.d, 0, 0);
        g.globalAlpha = 1;
        g.strokeStyle = accent;
        g.lineWidth = 1.5;
        g.setLineDash([5, 4]);
        g.beginPath();
        if (this.polygon) this.polygon.forEach(([x, y], i) => (i ? g.lineTo(this.px(x), this.py(y)) : g.moveTo(this.px(x), this.py(y))));
        else if (this.brush.on) g.ellipse(this.px(this.brush.x), this.py(this.brush.y), this.brush.r * Math.max(this.scale, this.w / 2 - PAD), this.brush.r * this.scale, 0, 0, 7);
        g.stroke();
        g.setLineDash([]);
    }
}
