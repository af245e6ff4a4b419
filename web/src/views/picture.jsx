// The stage of pictures: boxes drawn, moved and nudged; the class of the whole picture.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useKeys } from "../keys.js";
import { may } from "../store.js";
import { Icon } from "../widgets/icons.jsx";
import { colorOf } from "../widgets/pieces.jsx";

export function PictureStage({ recording, regions, selected, select, register }) {
    const canvas = useRef(null), holder = useRef(null), image = useRef(null), drag = useRef(null);
    const [zoom, setZoom] = useState(0), [fit, setFit] = useState(1), [box, setBox] = useState(null);
    const scale = zoom || fit, W = recording.width, H = recording.height, editable = may("annotator");
    useEffect(() => {
        const img = new Image();
        img.onload = () => { image.current = img; draw(); };
        img.src = `/api/recordings/${recording.id}/picture.png`;
        const o = new ResizeObserver(() => holder.current && setFit(Math.max(0.1, Math.min((holder.current.clientWidth - 48) / W, (holder.current.clientHeight - 48) / H))));
        o.observe(holder.current);
        return () => o.disconnect();
    }, [recording.id]);
    const boxes = regions.list.filter((r) => r.box);
    function draw() {
        const c = canvas.current;
        if (!c || !image.current) return;
        c.width = Math.round(W * scale);
        c.height = Math.round(H * scale);
        const g = c.getContext("2d");
        g.imageSmoothingEnabled = scale < 1;
        g.drawImage(image.current, 0, 0, c.width, c.height);
        const line = (b, color, on, text) => {
            g.strokeStyle = color;
            g.lineWidth = on ? 3 : 2;
            g.setLineDash(text ? [] : [6, 4]);
            g.strokeRect(b.x * scale, b.y * scale, b.w * scale, b.h * scale);
            g.setLineDash([]);
            if (text) {
                g.font = "600 12px system-ui";
                const w = g.measureText(text).width + 10;
                g.fillStyle = color;
                g.fillRect(b.x * scale, Math.max(0, b.y * scale - 18), w, 18);
                g.fillStyle = "#fff";
                g.fillText(text, b.x * scale + 5, Math.max(0, b.y * scale - 18) + 13);
            }
        };
        for (const r of boxes) line(r.box, colorOf(r.label), r.region === selected, r.label);
        if (box) line(box, "#3355d1", true, "");
    }
    useEffect(draw);
    const label = (name) => {
        if (box) {
            select(regions.add(name, undefined, undefined, { box }));
            setBox(null);
        } else if (regions.map.get(selected)?.box) regions.change(selected, { label: name });
        else regions.setWhole(name);
    };
    const now = useRef(null);
    now.current = label;
    useLayoutEffect(() => { register({ label: (name) => now.current(name) }); return () => register(null); }, [recording.id]);
    const at = (e) => { const r = canvas.current.getBoundingClientRect(); return { x: Math.min(W, Math.max(0, (e.clientX - r.left) / scale)), y: Math.min(H, Math.max(0, (e.clientY - r.top) / scale)) }; };
    const down = (e) => {
        const p = at(e);
        const hit = boxes.find((r) => p.x >= r.box.x && p.x <= r.box.x + r.box.w && p.y >= r.box.y && p.y <= r.box.y + r.box.h);
        canvas.current.setPointerCapture(e.pointerId);
        if (hit) { select(hit.region); setBox(null); return; }
        drag.current = p;
        select(null);
    };
    const move = (e) => {
        if (!drag.current || !editable) return;
        const p = at(e), a = drag.current;
        setBox({ x: Math.round(Math.min(a.x, p.x)), y: Math.round(Math.min(a.y, p.y)), w: Math.max(1, Math.round(Math.abs(p.x - a.x))), h: Math.max(1, Math.round(Math.abs(p.y - a.y))) });
    };
    const nudge = (dx, dy, dw, dh) => () => {
        const r = regions.map.get(selected), b = box || r?.box;
        if (!b || !editable) return false;
        const w = Math.max(1, Math.min(W, b.w + dw)), h = Math.max(1, Math.min(H, b.h + dh));
        const next = { x: Math.max(0, Math.min(W - w, b.x + dx)), y: Math.max(0, Math.min(H - h, b.y + dy)), w, h };
        if (box) setBox(next); else regions.change(selected, { box: next });
        return true;
    };
    useKeys([
        ...[["ArrowLeft", -1, 0], ["ArrowRight", 1, 0], ["ArrowUp", 0, -1], ["ArrowDown", 0, 1]].flatMap(([k, x, y]) => [
            { key: k, group: "Boxes", what: k === "ArrowLeft" ? "move the box by a pixel" : "", run: nudge(x, y, 0, 0) },
            { key: `Shift+${k}`, group: "Boxes", what: k === "ArrowLeft" ? "make the box narrower or wider, lower or higher" : "", run: nudge(0, 0, x, y) },
        ]),
        { key: "n", group: "Boxes", what: "a box in the middle", run: () => { if (editable) { select(null); setBox({ x: Math.round(W / 4), y: Math.round(H / 4), w: Math.max(1, Math.round(W / 2)), h: Math.max(1, Math.round(H / 2)) }); } } },
        { key: "+", also: ["="], group: "View", what: "zoom in", run: () => setZoom(scale * 1.4) },
        { key: "-", group: "View", what: "zoom out", run: () => setZoom(scale / 1.4) },
        { key: "Home", group: "View", what: "fit", run: () => setZoom(0) },
        { key: "Escape", group: "Boxes", what: "select nothing", run: () => { select(null); setBox(null); } },
    ]);
    return (
        <div class="stage">
            <div class="tools" role="toolbar" aria-label="View">
                <button class="btn ghost icon small" onClick={() => setZoom(scale * 1.4)} aria-label="Zoom in" title="Zoom in (+)"><Icon name="plus" /></button>
                <button class="btn ghost icon small" onClick={() => setZoom(scale / 1.4)} aria-label="Zoom out" title="Zoom out (-)"><Icon name="minus" /></button>
                <button class="btn ghost icon small" onClick={() => setZoom(0)} aria-label="Fit" title="Fit (Home)"><Icon name="fit" /></button>
                <span class="grow" />
                <span class="small dim">{box ? "Box drawn: press a label's key" : "A label's key labels the picture; drag for a box"}</span>
            </div>
            <div class="picture" ref={holder}>
                <canvas ref={canvas} tabIndex={0} role="application" aria-label={`Picture of recording ${recording.id}`} onPointerDown={down} onPointerMove={move} onPointerUp={() => { drag.current = null; }} />
            </div>
        </div>
    );
}
