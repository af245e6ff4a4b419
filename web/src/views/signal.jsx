// The stage of signals and sound: the plot, its tools and keys, playback.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { putFile, request, useApi } from "../api.js";
import { duration } from "../format.js";
import { useKeys } from "../keys.js";
import { savePut } from "../save.js";
import { may, say, theme, useCell } from "../store.js";
import { Icon } from "../widgets/icons.jsx";
import { Plot } from "../widgets/plot.js";
import { attachInput } from "../widgets/plotinput.js";
import { usePlayer } from "../widgets/player.js";

export function SignalStage({ recording, regions, selected, select, register }) {
    const canvas = useRef(null), plot = useRef(null), state = useRef({});
    const [options, setOptions] = useState({ stacked: false, fixedScale: true, derived: false, spectra: false });
    const [selection, setSelection] = useState(null), [, redraw] = useState(0);
    const colors = useCell(theme);
    const attached = useApi(`/api/recordings/${recording.id}/video/info`), [offset, setOffset] = useState(null);
    const video = attached.data?.video ? { ...attached.data.video, offset_us: offset ?? attached.data.video.offset_us } : null;
    const player = usePlayer(recording, plot, video);
    /** Lays the video against the signals; kept once the dragging ends. */
    const align = (us, done = true) => {
        if (!video || !may("annotator")) return;
        setOffset(Math.round(us));
        if (done) savePut(`/api/recordings/${recording.id}/video/offset`, { offset_us: Math.round(us) });
    };
    useLayoutEffect(() => { if (video && player.time() !== null) player.follow(); }, [video?.offset_us]);
    const editable = may("annotator");
    Object.assign(state.current, { regions, selected, select, setSelection, selection });

    useLayoutEffect(() => {
        const p = new Plot(canvas.current, recording);
        plot.current = p;
        p.onView = () => redraw((n) => n + 1);
        p.onData = () => p.spread() && setOptions((o) => ({ ...o, stacked: true }));
        attachInput(p, {
            select: (id) => state.current.select(id),
            drawn(range, done, t) {
                if (range && !may("annotator")) return;
                p.selection = range;
                p.redraw();
                if (range) state.current.select(null);
                else if (done) { state.current.select(null); player.seek(t); }
                if (done || range === null) state.current.setSelection(range);
            },
            moved(id, a, b, done) {
                if (!may("annotator")) return;
                if (done) state.current.regions.settle(id);
                else state.current.regions.preview(id, a, b);
            },
        });
        canvas.current.focus({ preventScroll: true });
        const asked = new URLSearchParams(location.search), at = Number(asked.get("at")), to = Number(asked.get("to")) || at;
        if (asked.has("at") && at >= recording.start_us && at <= recording.end_us) {
            p.show(at - Math.max(500000, (to - at) * 0.5), to + Math.max(500000, (to - at) * 0.5));
            p.selection = to > at ? { t0: at, t1: to } : null;
            setSelection(p.selection);
        }
        return () => p.destroy();
    }, [recording.id]);
    useLayoutEffect(() => { plot.current.setRegions(regions.list); });
    useLayoutEffect(() => { plot.current.selected = selected; plot.current.redraw(); }, [selected]);
    useLayoutEffect(() => { plot.current.selection = selection; plot.current.redraw(); }, [selection]);
    useEffect(() => { Object.assign(plot.current, options); plot.current.redraw(); }, [options]);
    useEffect(() => { plot.current.readColors(); }, [colors]);
    useEffect(() => { plot.current.events = recording.events; plot.current.redraw(); }, [recording.events]);

    const p = () => plot.current;
    const region = () => regions.map.get(selected);
    const nudgeStep = () => Math.max(1, Math.round(p().span / 200));
    const within = (t) => Math.min(Math.max(Math.round(t), recording.start_us), recording.end_us);
    /** Moves the selected region's (or the selection's) edges; false where there is neither. */
    const nudge = (a, b) => {
        const r = region();
        if (r && !r.whole && editable) {
            const s = within(r.start_us + a), e = within(r.end_us + b);
            if (e >= s) regions.change(selected, { start_us: s, end_us: e });
            return true;
        }
        if (selection) {
            const s = within(selection.t0 + a), e = within(selection.t1 + b);
            if (e >= s) setSelection({ t0: s, t1: e });
            return true;
        }
        return false;
    };
    const label = (name) => {
        const marked = p().selection; // the plot's, because a key may come before the next rendering
        if (marked) {
            p().selection = null;
            select(regions.add(name, Math.round(marked.t0), Math.round(marked.t1)));
            setSelection(null);
        } else if (region() && !region().whole) regions.change(selected, { label: name });
        else regions.setWhole(name);
    };
    state.current.label = label;
    useLayoutEffect(() => {
        register({ label: (name) => state.current.label(name), reveal: (r) => !r.whole && p().reveal(r.start_us, r.end_us) });
        return () => register(null);
    }, [recording.id]);
    const flip = (name) => setOptions((o) => ({ ...o, [name]: !o[name] }));
    const cursor = () => p().cursor ?? (p().t0 + p().t1) / 2;
    const arrows = (dir, size) => () => { const d = dir * nudgeStep() * size; if (!nudge(d, d)) p().pan(dir * 0.08 * size); };
    useKeys([
        { key: "ArrowLeft", group: "View", what: "move the selected region, or the view, left", run: arrows(-1, 1) },
        { key: "ArrowRight", group: "View", what: "move the selected region, or the view, right", run: arrows(1, 1) },
        { key: "Shift+ArrowLeft", group: "View", what: "the same, far", run: arrows(-1, 10) },
        { key: "Shift+ArrowRight", group: "View", what: "the same, far", run: arrows(1, 10) },
        { key: "ArrowUp", also: ["+", "="], group: "View", what: "zoom in", run: () => p().zoom(0.7, p().cursor ?? undefined) },
        { key: "ArrowDown", also: ["-"], group: "View", what: "zoom out", run: () => p().zoom(1 / 0.7, p().cursor ?? undefined) },
        { key: "Home", group: "View", what: "show all of it", run: () => p().show(p().start, p().end) },
        { key: "z", group: "View", what: "zoom to the selected region", run: () => { const r = region(), s = selection || (r && !r.whole && { t0: r.start_us, t1: r.end_us }); if (s) p().show(s.t0 - (s.t1 - s.t0) * 0.2, s.t1 + (s.t1 - s.t0) * 0.2); } },
        { key: "s", group: "View", what: "channels stacked or overlaid", run: () => flip("stacked") },
        { key: "y", group: "View", what: "fixed or fitting value scale", run: () => flip("fixedScale") },
        { key: "v", group: "View", what: "length of the vector instead of channels", run: () => flip("derived") },
        { key: "d", group: "View", what: "spectrogram below the signal", run: () => flip("spectra") },
        { key: "Shift+ArrowUp", group: "View", what: "stretch values", run: () => { p().gain = Math.min(50, (p().gain || 1) * 1.4); p().redraw(); } },
        { key: "Shift+ArrowDown", group: "View", what: "squeeze values", run: () => { p().gain = Math.max(0.2, (p().gain || 1) / 1.4); p().redraw(); } },
        ...Array.from({ length: 6 }, (_, c) => ({ key: `Alt+${c + 1}`, group: "View", what: c === 0 ? "hide or show the first channel (2: the second, ...)" : "", run: () => { p().flipChannel(c); redraw((n) => n + 1); } })),
        ...(editable ? [
            { key: "n", group: "Regions", what: "mark the middle of the view (then move it, and press a label's key)", run: () => { const w = p().span * 0.1, m = cursor(); select(null); setSelection({ t0: within(m - w), t1: within(m + w) }); } },
            { key: "i", group: "Regions", what: "the mark starts at the pointer or playhead", run: () => { const t = within(player.time() ?? cursor()); select(null); setSelection((s) => ({ t0: t, t1: s && s.t1 > t ? s.t1 : within(t + p().span * 0.05) })); } },
            { key: "o", group: "Regions", what: "the mark ends at the pointer or playhead", run: () => { const t = within(player.time() ?? cursor()); select(null); setSelection((s) => ({ t0: s && s.t0 < t ? s.t0 : within(t - p().span * 0.05), t1: t })); } },
            { key: "Alt+ArrowLeft", group: "Regions", what: "start earlier", run: () => nudge(-nudgeStep(), 0) },
            { key: "Alt+ArrowRight", group: "Regions", what: "start later", run: () => nudge(nudgeStep(), 0) },
            { key: "Ctrl+ArrowLeft", group: "Regions", what: "end earlier", run: () => nudge(0, -nudgeStep()) },
            { key: "Ctrl+ArrowRight", group: "Regions", what: "end later", run: () => nudge(0, nudgeStep()) },
            { key: "x", group: "Regions", what: "split the selected region at the pointer (or its middle)", run: () => { const r = region(); if (r) regions.split(selected, within(p().cursor !== null && p().cursor > r.start_us && p().cursor < r.end_us ? p().cursor : (r.start_us + r.end_us) / 2)); } },
            { key: "e", group: "Regions", what: "snap the edges to neighbours or zero crossings", run: () => { const r = region(), s = selection; const at = (t) => within(p().snapTo(t, selected)); if (r && !r.whole) regions.change(selected, { start_us: Math.min(at(r.start_us), r.end_us), end_us: Math.max(at(r.end_us), r.start_us) }); else if (s) setSelection({ t0: Math.min(at(s.t0), s.t1), t1: Math.max(at(s.t1), s.t0) }); } },
            { key: "m", group: "Regions", what: "merge with the next region of the same label", run: () => selected && regions.merge(selected) },
            { key: "f", group: "Regions", what: "mark the gap without a label at the pointer", run: () => { const g = regions.gapAt(cursor(), recording.start_us, recording.end_us); if (g) { select(null); setSelection(g); p().reveal(g.t0, g.t1); } else say("there is no gap here"); } },
            { key: "p", group: "Regions", what: "mark a point at the pointer", run: () => { const t = within(cursor()); select(null); setSelection({ t0: t, t1: t }); } },
        ] : []),
        { key: "Escape", group: "Regions", what: "select nothing", run: () => { select(null); setSelection(null); } },
        ...(video && editable ? [
            { key: ",", group: "Video", what: "a picture earlier against the signals (Shift: a second)", run: () => align(video.offset_us - 40000) },
            { key: ".", group: "Video", what: "a picture later against the signals", run: () => align(video.offset_us + 40000) },
            { key: "<", also: ["Shift+<", ";"], group: "Video", what: "", run: () => align(video.offset_us - 1e6) },
            { key: ">", also: ["Shift+>", ":"], group: "Video", what: "", run: () => align(video.offset_us + 1e6) },
        ] : []),
        ...(player.can ? [
            { key: "Space", group: "Sound", what: "play or pause", run: () => player.toggle() },
            { key: "l", group: "Sound", what: "loop the selected region", run: () => { const r = region(); player.loop(selection || (r && !r.whole ? { t0: r.start_us, t1: r.end_us } : null)); } },
        ] : []),
    ]);
    const pl = plot.current;
    return (
        <div class="stage">
            <div class="tools" role="toolbar" aria-label="View">
                {player.can && <>
                    <button class="btn small" onClick={() => player.toggle()} title="Play or pause (Space)"><Icon name={player.playing ? "pause" : "play"} />{player.playing ? "Pause" : "Play"}</button>
                    <button class="btn ghost icon small" aria-pressed={player.looping} onClick={() => { const r = region(); player.loop(selection || (r && !r.whole ? { t0: r.start_us, t1: r.end_us } : null)); }} title="Loop the selected region (l)" aria-label="Loop"><Icon name="loop" /></button>
                    <span class="gap" />
                </>}
                <button class="btn ghost icon small" onClick={() => p().zoom(0.6)} title="Zoom in (↑)" aria-label="Zoom in"><Icon name="plus" /></button>
                <button class="btn ghost icon small" onClick={() => p().zoom(1 / 0.6)} title="Zoom out (↓)" aria-label="Zoom out"><Icon name="minus" /></button>
                <button class="btn ghost icon small" onClick={() => p().show(p().start, p().end)} title="All of it (Home)" aria-label="Show all of it"><Icon name="fit" /></button>
                <span class="gap" />
                <button class="btn ghost small" aria-pressed={options.stacked} onClick={() => flip("stacked")} title="Channels below each other (s)"><Icon name="stack" />Stacked</button>
                <button class="btn ghost small" aria-pressed={options.fixedScale} onClick={() => flip("fixedScale")} title="Same value scale wherever you look (y)">Fixed scale</button>
                {recording.signals.some((s) => s.channels > 1) && <button class="btn ghost small" aria-pressed={options.derived} onClick={() => flip("derived")} title="Length of the vector (v)">Magnitude</button>}
                {recording.signals.some((x) => x.interval_ns > 333334) && <button class="btn ghost small" aria-pressed={options.spectra} onClick={() => flip("spectra")} title="Frequencies over time (d)">Spectrogram</button>}
                {editable && attached.data && !video && <label class="btn ghost small" title="MP4 or WebM, played in step with the signals">Video<input type="file" accept="video/mp4,video/webm" style={{ display: "none" }} onChange={(e) => { const f = e.target.files[0]; if (f) putFile(`/api/recordings/${recording.id}/video`, f).then(attached.reload, (x) => say(x.message, "error")); }} /></label>}
                <Channels plot={pl} recording={recording} onChange={() => redraw((n) => n + 1)} />
                <span class="grow" />
                <span class="small dim">{selection ? (selection.t1 > selection.t0 ? <>Marked {duration(Math.round(selection.t1 - selection.t0))}: press a label's key</> : "Marked a point: press a label's key") : pl ? `${duration(Math.round(pl.span))} in view` : ""}</span>
            </div>
            <div class="plot">
                <canvas ref={canvas} tabIndex={0} role="application" aria-label={`Signals of recording ${recording.id}: arrows move, plus and minus zoom, n marks a region, question mark lists the keys`} />
            </div>
            {video ? <VideoBox player={player} video={video} plot={plot} align={align} recording={recording} onGone={() => { setOffset(null); attached.reload(); }} /> : player.element}
        </div>
    );
}

/** The video over the plot; dragging the bar beneath it moves it along the signals. */
function VideoBox({ player, video, plot, align, recording, onGone }) {
    const drag = useRef(null), editable = may("annotator");
    const down = (e) => { if (!editable) return; e.currentTarget.setPointerCapture(e.pointerId); drag.current = { x: e.clientX, from: video.offset_us }; };
    const at = (e) => drag.current.from + ((e.clientX - drag.current.x) / plot.current.plotWidth) * plot.current.span;
    return (
        <div class="video-box">
            {player.element}
            <div class="video-bar" role="slider" aria-label="Offset of the video" aria-valuenow={video.offset_us / 1e6} title="Drag to lay the video against the signals (, and . move it by a picture)" onPointerDown={down}
                onPointerMove={(e) => drag.current && align(at(e), false)} onPointerUp={(e) => { if (drag.current) { const to = at(e); drag.current = null; align(to); } }}>
                <span>⇄ {(video.offset_us / 1e6).toFixed(2)} s</span>
                {editable && <button class="btn ghost icon small" aria-label="Detach the video" title="Detach the video" onPointerDown={(e) => e.stopPropagation()} onClick={() => request("DELETE", `/api/recordings/${recording.id}/video`, {}).then(onGone, (x) => say(x.message, "error"))}><Icon name="close" /></button>}
            </div>
        </div>
    );
}

/** A button a channel, to hide it. */
function Channels({ plot, recording, onChange }) {
    if (!plot) return null;
    return recording.signals.filter((s) => s.channels > 1 && s.channels <= 8).map((s) => {
        const entry = plot.signals.find((x) => x.signal.name === s.name);
        return entry && (
            <span class="row" style={{ gap: 0 }}>
                {Array.from({ length: s.channels }, (_, c) => (
                    <button class="btn ghost small" style={{ padding: "2px 6px", color: entry.hidden.has(c) ? "var(--faint)" : `var(--wave-${(c % 6) + 1})`, textDecoration: entry.hidden.has(c) ? "line-through" : "none" }} title="Show or hide this channel" aria-pressed={!entry.hidden.has(c)}
                        onClick={() => { if (entry.hidden.has(c)) entry.hidden.delete(c); else if (entry.hidden.size < s.channels - 1) entry.hidden.add(c); plot.redraw(); onChange(); }}>
                        {s.channel_names[c] || c + 1}
                    </button>
                ))}
            </span>
        );
    });
}
