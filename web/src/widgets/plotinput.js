// Mouse, wheel and touch on a plot: pan and zoom, the overview strip, drawing and dragging of regions.
//
// calls: {select(regionId | null), drawn({t0, t1} | null), moved(regionId, start_us, end_us, done)}
import { AXIS, LANE, LEFT, STRIP } from "./plot.js";

const GRAB = 6;

export function attachInput(plot, calls) {
    const canvas = plot.canvas;
    let drag = null;
    const pointers = new Map();

    const at = (e) => {
        const r = canvas.getBoundingClientRect();
        return { x: e.clientX - r.left, y: e.clientY - r.top };
    };
    const snap = (t, except, e) => {
        // To a neighbour's edge or the recording's ends within a few pixels; Alt turns it off.
        if (e.altKey) return Math.round(t);
        const near = (plot.span / plot.plotWidth) * 7;
        for (const r of plot.regions) {
            if (r.region === except) continue;
            for (const edge of [r.start_us, r.end_us]) if (Math.abs(edge - t) < near) return edge;
        }
        for (const edge of [plot.recording.start_us, plot.recording.end_us]) if (Math.abs(edge - t) < near) return edge;
        return Math.round(t);
    };
    const clamp = (t) => Math.min(Math.max(t, plot.recording.start_us), plot.recording.end_us);

    function hit({ x, y }) {
        if (y > plot.h - STRIP) {
            const a = plot.stripX(plot.t0), b = plot.stripX(plot.t1);
            if (Math.abs(x - a) < GRAB && b - a > 20) return { kind: "strip-start" };
            if (Math.abs(x - b) < GRAB && b - a > 20) return { kind: "strip-end" };
            return { kind: x > a && x < b ? "strip-move" : "strip-jump" };
        }
        if (y < AXIS) return { kind: "pan" };
        const selected = plot.regions.find((r) => r.region === plot.selected);
        const order = selected ? [selected, ...plot.regions.filter((r) => r !== selected)] : plot.regions;
        for (const r of order) {
            const a = plot.x(r.start_us), b = plot.x(r.end_us), lane = plot.laneTop + r.lane * LANE;
            const inLane = y >= lane && y < lane + LANE, tall = r === selected && y > lane;
            if (!inLane && !tall) continue;
            if (r.end_us > r.start_us && Math.abs(x - a) < GRAB) return { kind: "edge", region: r, side: "start" };
            if (r.end_us > r.start_us && Math.abs(x - b) < GRAB) return { kind: "edge", region: r, side: "end" };
            if (inLane && x >= a - 4 && x <= b + 4) return { kind: "body", region: r };
        }
        return x < LEFT ? { kind: "none" } : { kind: "draw" };
    }

    const cursors = { "strip-start": "ew-resize", "strip-end": "ew-resize", "strip-move": "grab", "strip-jump": "pointer", pan: "grab", edge: "ew-resize", body: "pointer", draw: "crosshair", none: "default" };

    function down(e) {
        canvas.focus({ preventScroll: true });
        canvas.setPointerCapture(e.pointerId);
        const p = at(e);
        pointers.set(e.pointerId, p);
        if (pointers.size === 2) {
            const [a, b] = [...pointers.values()];
            drag = { kind: "pinch", ta: plot.time(a.x), tb: plot.time(b.x) };
            return;
        }
        const h = e.button === 1 || e.button === 2 || (e.pointerType === "touch" && hit(p).kind === "draw" && p.y > plot.tracksTop && !e.isPrimary) ? { kind: "pan" } : hit(p);
        drag = { ...h, x: p.x, t: plot.time(p.x), t0: plot.t0, t1: plot.t1, moved: false };
        if (h.kind === "strip-jump") {
            const t = plot.stripTime(p.x);
            plot.show(t - plot.span / 2, t + plot.span / 2);
            drag = { kind: "strip-move", x: p.x, t0: plot.t0, t1: plot.t1 };
        } else if (h.region) {
            drag.start = h.region.start_us;
            drag.end = h.region.end_us;
            calls.select(h.region.region);
        }
    }

    function move(e) {
        const p = at(e);
        if (pointers.has(e.pointerId)) pointers.set(e.pointerId, p);
        plot.cursor = p.x >= LEFT && p.y < plot.h - STRIP ? plot.time(p.x) : null;
        plot.redraw();
        if (!drag) {
            canvas.style.cursor = cursors[hit(p).kind];
            return;
        }
        if (drag.kind === "pinch") {
            const [a, b] = [...pointers.values()];
            if (!b || Math.abs(b.x - a.x) < 10) return;
            const perPx = (drag.tb - drag.ta) / (b.x - a.x), t0 = drag.ta - (a.x - LEFT) * perPx;
            plot.show(t0, t0 + perPx * plot.plotWidth);
            return;
        }
        if (Math.abs(p.x - drag.x) > 3) drag.moved = true;
        if (!drag.moved) return;
        const dt = ((p.x - drag.x) / plot.plotWidth) * (drag.t1 - drag.t0), strip = ((p.x - drag.x) / plot.plotWidth) * (plot.end - plot.start);
        if (drag.kind === "pan") plot.show(drag.t0 - dt, drag.t1 - dt);
        else if (drag.kind === "strip-move") plot.show(drag.t0 + strip, drag.t1 + strip);
        else if (drag.kind === "strip-start") plot.show(Math.min(drag.t0 + strip, drag.t1), drag.t1);
        else if (drag.kind === "strip-end") plot.show(drag.t0, Math.max(drag.t1 + strip, drag.t0));
        else if (drag.kind === "draw") {
            const a = clamp(snap(drag.t, null, e)), b = clamp(snap(plot.time(p.x), null, e));
            calls.drawn({ t0: Math.min(a, b), t1: Math.max(a, b) }, false);
        } else if (drag.kind === "edge") {
            const t = clamp(snap(plot.time(p.x), drag.region.region, e));
            const a = drag.side === "start" ? t : drag.start, b = drag.side === "end" ? t : drag.end;
            calls.moved(drag.region.region, Math.min(a, b), Math.max(a, b), false);
        } else if (drag.kind === "body") {
            const length = drag.end - drag.start;
            const a = Math.min(Math.max(snap(drag.start + dt, drag.region.region, e), plot.recording.start_us), plot.recording.end_us - length);
            calls.moved(drag.region.region, a, a + length, false);
        }
    }

    function up(e) {
        pointers.delete(e.pointerId);
        if (!drag) return;
        const d = drag;
        drag = pointers.size ? drag : null;
        if (d.kind === "draw") {
            if (d.moved && plot.selection) calls.drawn(plot.selection, true);
            else calls.drawn(null, true, d.t);
        } else if ((d.kind === "edge" || d.kind === "body") && d.moved) {
            const r = plot.regions.find((x) => x.region === d.region.region);
            if (r) calls.moved(r.region, r.start_us, r.end_us, true);
        }
    }

    function wheel(e) {
        e.preventDefault();
        const p = at(e), unit = e.deltaMode === 1 ? 16 : 1;
        if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) plot.pan(((e.deltaX || e.deltaY) * unit) / plot.plotWidth);
        else plot.zoom(1.0018 ** (e.deltaY * unit), p.y > plot.h - STRIP ? undefined : plot.time(Math.max(LEFT, p.x)));
    }

    const leave = () => { plot.cursor = null; plot.redraw(); };
    const twice = (e) => {
        const h = hit(at(e));
        if (h.region) plot.show(h.region.start_us - (h.region.end_us - h.region.start_us) * 0.3, h.region.end_us + (h.region.end_us - h.region.start_us) * 0.3);
    };
    const menu = (e) => e.preventDefault();
    canvas.addEventListener("pointerdown", down);
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    canvas.addEventListener("pointerleave", leave);
    canvas.addEventListener("wheel", wheel, { passive: false });
    canvas.addEventListener("dblclick", twice);
    canvas.addEventListener("contextmenu", menu);
}
