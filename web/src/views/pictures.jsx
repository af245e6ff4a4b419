// Pictures in a grid, to sort hundreds in a minute: a label's key labels what is chosen, or the one in question, and goes on.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get, query, useApi } from "../api.js";
import { count } from "../format.js";
import { useHold, useKeys } from "../keys.js";
import { go, useParam, useTitle } from "../router.jsx";
import { save } from "../save.js";
import { classes, classesKnown, may, say, useCell } from "../store.js";
import { Empty, LabelChip, Waiting, colorOf } from "../widgets/pieces.jsx";
import { Top } from "../widgets/top.jsx";

const PAGE = 400;

/** The pictures of a stream, more of them as the end comes near. */
function usePictures(stream, only) {
    const [state, setState] = useState({ list: null, next: 0, error: null });
    const key = `${stream} ${only}`, now = useRef(key);
    now.current = key;
    const load = (after, before) => get(`/api/recordings${query({ stream, unlabelled: only === "new" ? 1 : "", limit: PAGE, after: after || "" })}`).then(
        (d) => now.current === key && setState({ list: [...before, ...d.recordings.filter((r) => r.width > 0)], next: d.next, error: null }),
        (error) => now.current === key && setState((s) => ({ ...s, error })));
    useEffect(() => { setState({ list: null, next: 0, error: null }); if (stream) load(0, []); }, [key]);
    const asked = useRef(0);
    const more = () => {
        if (!state.next || asked.current === state.next) return;
        asked.current = state.next;
        load(state.next, state.list);
    };
    return { ...state, more };
}

export function PicturesView() {
    useTitle("Pictures");
    const streams = useApi("/api/overview").data?.streams;
    const [wanted, setStream] = useParam("stream"), [only, setOnly] = useParam("show", "new"), [size, setSize] = useParam("size", "130");
    const [guess, setGuess] = useState(null);
    // The first stream that holds pictures, where none is named.
    useEffect(() => {
        if (wanted || !streams) return;
        Promise.all(streams.map((s) => get(`/api/recordings${query({ stream: s.name, limit: 1 })}`).then((d) => (d.recordings[0]?.width > 0 ? s.name : null)))).then((found) => setGuess(found.find(Boolean) || ""), () => setGuess(""));
    }, [streams, wanted]);
    const stream = wanted || guess;
    return (
        <>
            <Top title={<h1>Pictures</h1>}>
                {streams?.length > 0 && <select aria-label="Stream" value={stream || ""} onChange={(e) => setStream(e.target.value)}>{streams.map((s) => <option>{s.name}</option>)}</select>}
                <select aria-label="Which" value={only} onChange={(e) => setOnly(e.target.value)}><option value="new">Without a label</option><option value="all">All</option></select>
                <input type="range" min="70" max="320" value={size} aria-label="Size" style={{ width: "90px", padding: 0 }} onInput={(e) => setSize(e.target.value)} />
            </Top>
            {stream === null ? <main><Waiting what="Pictures" /></main> : stream === "" ? <main><Empty icon="pictures" title="No pictures yet">A stream of pictures comes from a camera or from files: <code>moteloop import FOLDER</code>.</Empty></main> : <Grid key={`${stream} ${only}`} stream={stream} only={only} size={+size} />}
        </>
    );
}

function Grid({ stream, only, size }) {
    const { list, error, more } = usePictures(stream, only);
    const labels = useCell(classes).filter((c) => !c.retired_ms), known = useCell(classesKnown);
    const [here, setHere] = useState(0), [chosen, setChosen] = useState(new Set()), [now, setNow] = useState(new Map()), box = useRef(null);
    const undo = useRef([]);
    const columns = useMemo(() => () => Math.max(1, getComputedStyle(box.current).gridTemplateColumns.split(" ").length), []);
    useHold(!error && (!list || !known));
    const total = list?.length || 0, at = Math.min(here, Math.max(0, total - 1));
    const labelOf = (r) => (now.has(r.id) ? now.get(r.id) : r.labels[0] || null);
    const to = (i) => { const n = Math.max(0, Math.min(total - 1, i)); setHere(n); if (n > total - 30) more(); };
    useEffect(() => { box.current?.querySelector(`[data-at="${at}"]`)?.scrollIntoView({ block: "nearest" }); }, [at]);
    const set = (ids, name) => {
        if (!may("annotator")) return;
        const step = [], next = new Map(now);
        for (const r of ids) {
            step.push([r, labelOf(r)]);
            next.set(r.id, name);
            save(r.id, "whole", name === null ? null : { label: name, source: "human" }, r.labels.length || now.has(r.id) ? -1 : 0);
        }
        undo.current.push(step);
        setNow(next);
    };
    const label = (name) => {
        const ids = chosen.size ? list.filter((r) => chosen.has(r.id)) : list[at] ? [list[at]] : [];
        if (!ids.length) return;
        set(ids, name);
        if (chosen.size) setChosen(new Set()); else to(at + 1);
    };
    const back = () => {
        const step = undo.current.pop();
        if (!step) return say("nothing to undo here");
        const next = new Map(now);
        for (const [r, was] of step) { next.set(r.id, was); save(r.id, "whole", was === null ? null : { label: was, source: "human" }, -1); }
        setNow(next);
        if (step.length === 1) to(list.indexOf(step[0][0]));
        return undefined;
    };
    const move = (n, extend) => () => { const d = typeof n === "function" ? n() : n; if (extend && list[at]) { const next = new Set(chosen); for (let i = Math.min(at, at + d); i <= Math.max(at, at + d); i++) if (list[i]) next.add(list[i].id); setChosen(next); } to(at + d); };
    const flip = (r) => { const next = new Set(chosen); if (!next.delete(r.id)) next.add(r.id); setChosen(next); };
    useKeys([
        { key: "ArrowRight", group: "Pictures", what: "next", run: move(1) }, { key: "ArrowLeft", group: "Pictures", what: "before", run: move(-1) },
        { key: "ArrowDown", group: "Pictures", what: "row below", run: move(() => columns()) }, { key: "ArrowUp", group: "Pictures", what: "row above", run: move(() => -columns()) },
        { key: "Shift+ArrowRight", group: "Pictures", what: "choose as you go", run: move(1, true) }, { key: "Shift+ArrowLeft", group: "Pictures", what: "", run: move(-1, true) },
        { key: "Shift+ArrowDown", group: "Pictures", what: "", run: move(() => columns(), true) }, { key: "Shift+ArrowUp", group: "Pictures", what: "", run: move(() => -columns(), true) },
        { key: "Space", group: "Pictures", what: "choose", run: () => list[at] && flip(list[at]) },
        { key: "Home", group: "Pictures", what: "first", run: () => to(0) }, { key: "End", group: "Pictures", what: "last", run: () => to(total - 1) },
        { key: "Enter", group: "Pictures", what: "open, to draw boxes", run: () => list[at] && go(`/recordings/${list[at].id}`) },
        { key: "Delete", also: ["Backspace"], group: "Pictures", what: "take the label away", run: () => label(null) },
        { key: "Ctrl+z", group: "Pictures", what: "undo", run: back },
        { key: "Escape", group: "Pictures", what: "choose none", run: () => setChosen(new Set()) },
        ...labels.filter((c) => c.hotkey && c.hotkey !== "g").map((c) => ({ key: c.hotkey, group: "Label the chosen, or the one in question", what: c.name, run: () => label(c.name) })),
    ]);
    if (!list) return <main><Waiting error={error} what="Pictures" /></main>;
    if (!total) return <main><Empty icon="pictures" title="Every picture has its label">Show all of them above, or bring new ones in.</Empty></main>;
    const done = list.filter((r) => now.get(r.id)).length;
    return (
        <main class="flush">
            <div class="bulk">{labels.map((c) => <button class="btn small" disabled={!may("annotator")} onClick={() => label(c.name)} title={c.guideline}><span class="swatch" style={{ background: c.color }} />{c.name}{c.hotkey && <kbd>{c.hotkey}</kbd>}</button>)}<span class="grow" /><span class="small dim" id="sorted">{chosen.size ? `${chosen.size} chosen` : `${count(done)} sorted now, ${count(total)} shown`}</span></div>
            <div class="thumbs" ref={box} style={{ overflow: "auto", padding: "14px 20px", gridTemplateColumns: `repeat(auto-fill, minmax(${size}px, 1fr))`, gridAutoRows: "max-content", alignContent: "start", flex: 1 }} role="grid" aria-label="Pictures">
                {list.map((r, i) => {
                    const l = labelOf(r);
                    return <button class={`thumb ${i === at ? "here" : ""}`} data-at={i} aria-pressed={chosen.has(r.id)} tabIndex={-1} style={l ? { borderColor: colorOf(l) } : undefined} onClick={(e) => { setHere(i); if (e.shiftKey || e.ctrlKey || e.metaKey) flip(r); }} onDblClick={() => go(`/recordings/${r.id}`)} title={`recording ${r.id}, ${r.device}${r.name ? `, ${r.name}` : ""}`}>
                        <img loading="lazy" src={`/api/recordings/${r.id}/picture.png`} alt={`recording ${r.id}`} /><span class="cap">{l ? <LabelChip name={l} /> : <span class="faint">#{r.id}{r.hint && `, ${r.hint}?`}</span>}</span></button>;
                })}
            </div>
        </main>
    );
}
