// Explorer: all windows of a stream in a plane. A lasso or a brush moved by keys selects; a label's key relabels.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get, post, query, useApi } from "../api.js";
import { ago, count, digest, many } from "../format.js";
import { useKeys } from "../keys.js";
import { go, useNow, useParam, useTitle } from "../router.jsx";
import { classes, may, say, useCell } from "../store.js";
import { ApplyDialog } from "../widgets/apply.jsx";
import { Icon } from "../widgets/icons.jsx";
import { Dialog, Empty, LabelChip, Tabs, Waiting, colorOf } from "../widgets/pieces.jsx";
import { inside, Scatter } from "../widgets/scatter.js";
import { Top } from "../widgets/top.jsx";

/** Projections, asked for again while one is under way. */
export function useProjections() {
    const { data, error, reload } = useApi("/api/projections", ["label_event", "model"]);
    const busy = data?.projections.some((p) => p.state === "waiting" || p.state === "running");
    useEffect(() => {
        if (!busy) return undefined;
        const t = setInterval(reload, 700);
        return () => clearInterval(t);
    }, [busy]);
    return { list: data?.projections, error, reload };
}

export function ExplorerView() {
    useTitle("Explorer");
    const now = useNow();
    const { list, error, reload } = useProjections();
    const [wanted, setWanted] = useParam("id");
    const [making, setMaking] = useState(false);
    const shown = list?.find((p) => String(p.id) === wanted) || list?.find((p) => p.state === "done");
    const busy = list?.find((p) => p.state === "waiting" || p.state === "running"), failed = list?.[0]?.state === "failed" ? list[0] : null;
    useKeys([{ key: "n", group: "Explorer", what: "new projection", run: () => may("annotator") && setMaking(true) }]);
    return (
        <>
            <Top title={<div class="row"><h1>Explorer</h1>{busy && <span class="chip accent">computing, {Math.round(busy.done * 100)} %</span>}</div>}>
                {list?.some((p) => p.state === "done") && <select aria-label="Projection" value={shown?.id} onChange={(e) => setWanted(e.target.value)}>{list.filter((p) => p.state === "done").map((p) => <option value={p.id}>{p.stream}, {p.method === "tsne" ? "t-SNE" : "PCA"}{p.model && `, model ${digest(p.model)}`}, {ago(p.created_ms, now)}</option>)}</select>}
                {may("annotator") && <button class="btn small primary" onClick={() => setMaking(true)}><Icon name="plus" />Project <kbd>n</kbd></button>}
            </Top>
            {!list ? <main><Waiting error={error} what="The explorer" /></main> : (
                <main class="flush">
                    {failed && <div class="notice bad" style={{ margin: "12px 20px 0" }}><Icon name="alert" />The last projection failed: {failed.note}</div>}
                    {shown?.state === "done" ? <Plane key={shown.id} projection={shown} /> : <Empty icon="explorer" title={busy ? "Computing the first projection" : "No projection yet"}>{busy ? "It goes on in the background; look at something else meanwhile." : "A projection shows every window as a point, alike ones close together: outliers, clusters and wrong labels stand out. Press n to compute one."}</Empty>}
                </main>
            )}
            {making && <Making onClose={(made) => { setMaking(false); if (made) { setWanted(""); reload(); } }} />}
        </>
    );
}

function Making({ onClose }) {
    const streams = useApi("/api/overview").data?.streams || [], models = useApi("/api/models").data?.models || [];
    const [f, setF] = useState({ stream: "", model: "", method: "pca", windows: 3000 });
    const set = (o) => setF({ ...f, ...o });
    const make = async (e) => {
        e.preventDefault();
        try {
            await post("/api/projections", { ...f, stream: f.stream || streams[0]?.name });
            onClose(true);
        } catch (x) {
            say(x.message, "error");
        }
    };
    return (
        <Dialog title="Project windows into a plane" onClose={() => onClose(false)}>
            <form class="col" onSubmit={make}>
                <div class="row"><label class="field grow">Stream<select value={f.stream || streams[0]?.name} onChange={(e) => set({ stream: e.target.value })}>{streams.map((s) => <option>{s.name}</option>)}</select></label>
                    <label class="field grow">Method<select value={f.method} onChange={(e) => set({ method: e.target.value, windows: e.target.value === "tsne" ? 1500 : 3000 })}><option value="pca">PCA, seconds</option><option value="tsne">t-SNE, up to a minute</option></select></label></div>
                <div class="row"><label class="field grow">Features of<select value={f.model} onChange={(e) => set({ model: e.target.value })}><option value="">the signal (no model)</option>{models.map((m) => <option value={m.digest}>{m.name} #{m.id}, which judges every window too</option>)}</select></label>
                    <label class="field" style={{ width: "120px" }}>At most<input type="number" min="3" max={f.method === "tsne" ? 4000 : 50000} value={f.windows} onInput={(e) => set({ windows: +e.target.value })} /></label></div>
                <p class="small dim">It is computed in the background, kept, and shown with the labels of the moment.</p>
                <div class="row"><button class="btn primary" disabled={!streams.length}>Compute</button></div>
            </form>
        </Dialog>
    );
}

/** The changes that give the windows of a selection a label: whole recordings where all of one is chosen. */
function changesOf(data, chosen, label) {
    const all = new Map(), picked = new Map();
    data.rec.forEach((r, i) => { all.set(r, (all.get(r) || 0) + 1); if (chosen.has(i)) picked.set(r, [...(picked.get(r) || []), i]); });
    const out = [];
    for (const [rec, list] of picked) {
        if (list.length === all.get(rec)) { out.push({ rec, region: "whole", label }); continue; }
        const spans = list.map((i) => [data.start_us[i], data.end_us[i]]).sort((a, b) => a[0] - b[0]), joined = [];
        for (const [a, b] of spans) {
            if (joined.length && a <= joined.at(-1)[1] + 1000) joined.at(-1)[1] = Math.max(joined.at(-1)[1], b);
            else joined.push([a, b]);
        }
        for (const [a, b] of joined) out.push({ rec, region: `w${a}-${b}`.slice(0, 40), label, start_us: a, end_us: b });
    }
    return out;
}

function Plane({ projection }) {
    const { data, error, reload } = useApi(`/api/projections/${projection.id}`, ["label_event"]);
    const canvas = useRef(null), plot = useRef(null), state = useRef({});
    const [by, setBy] = useState("label"), [chosen, setChosen] = useState(new Set()), [label, setLabel] = useState(null), [over, setOver] = useState(null);
    const list = useCell(classes).filter((c) => !c.retired_ms);
    const names = data?.names || [];
    const groups = useMemo(() => {
        if (!data) return [];
        if (by === "differ") return [{ name: "label and model agree", color: "var(--faint)" }, { name: "they differ", color: "var(--bad)" }, { name: "no label", color: "var(--line-strong)" }];
        return [...names.map((n) => ({ name: n, color: colorOf(n), label: true })), { name: by === "label" ? "no label" : "no answer", color: "var(--faint)" }];
    }, [data, by, list.length]);
    const groupOf = (i) => (by === "differ" ? (data.label[i] < 0 || data.said[i] < 0 ? 2 : data.label[i] === data.said[i] ? 0 : 1) : data[by][i] < 0 ? names.length : data[by][i]);
    useEffect(() => {
        if (!data) return;
        plot.current ||= new Scatter(canvas.current, {
            lasso(polygon, add) {
                const hit = new Set(add ? state.current.chosen : []);
                state.current.data.x.forEach((x, i) => inside(polygon, x, state.current.data.y[i]) && hit.add(i));
                setChosen(hit);
            },
            hover: (i) => setOver(i),
            open: (i) => state.current.open(i),
        });
        plot.current.set(data, groups, data.x.map((_, i) => groupOf(i)));
    }, [data, groups]);
    useEffect(() => () => plot.current?.destroy(), []);
    useEffect(() => { plot.current?.select(chosen); }, [chosen, data]);
    Object.assign(state.current, { chosen, data, open: (i) => i >= 0 && go(`/recordings/${data.rec[i]}${query({ at: data.start_us[i], to: data.end_us[i] })}`) });
    const p = () => plot.current;
    const brush = (mode) => () => { const hit = p()?.inBrush() || []; const next = new Set(chosen); hit.forEach((i) => (mode === "add" ? next.add(i) : next.delete(i))); setChosen(next); };
    const relabel = (name) => { if (!may("annotator")) return; if (chosen.size) setLabel(name); else say("select windows first: drag around them, or move the brush and press Space"); };
    const move = (x, y) => () => p()?.moveBrush(x, y);
    useKeys([
        { key: "ArrowLeft", group: "Brush", what: "move", run: move(-1, 0) }, { key: "ArrowRight", group: "Brush", what: "", run: move(1, 0) },
        { key: "ArrowUp", group: "Brush", what: "", run: move(0, 1) }, { key: "ArrowDown", group: "Brush", what: "", run: move(0, -1) },
        { key: "+", also: ["="], group: "Brush", what: "larger", run: () => p()?.sizeBrush(1.25) }, { key: "-", group: "Brush", what: "smaller", run: () => p()?.sizeBrush(0.8) },
        { key: "Space", group: "Brush", what: "select what is in it", run: brush("add") }, { key: "x", group: "Brush", what: "take what is in it out", run: brush("remove") },
        { key: "Tab", group: "Brush", what: "to the next group of windows", run: (e) => (e.target === document.body || e.target.tagName === "CANVAS" ? p()?.nextGroup() : false) },
        { key: "Enter", group: "Explorer", what: "open the recording under the brush", run: () => state.current.open(p()?.nearest() ?? -1) },
        { key: "Escape", group: "Explorer", what: "select nothing", run: () => setChosen(new Set()) },
        { key: "c", group: "Explorer", what: "colour by label, by model, by difference", run: () => setBy(by === "label" && projection.model ? "said" : by === "said" ? "differ" : "label") },
        ...list.filter((k) => k.hotkey && !"nxcg".includes(k.hotkey)).map((k) => ({ key: k.hotkey, group: "Label the selected", what: k.name, run: () => relabel(k.name) })),
    ]);
    const changes = label && data ? changesOf(data, chosen, label) : [];
    const was = new Map();
    if (label) chosen.forEach((i) => { const n = data.label[i] < 0 ? "no label" : names[data.label[i]]; was.set(n, (was.get(n) || 0) + 1); });
    const counts = groups.map((_, g) => (data ? data.x.reduce((s, _x, i) => s + (groupOf(i) === g), 0) : 0));
    return (
        <div class="work">
            <div class="stage">
                <div class="tools">
                    {projection.model && <Tabs value={by} onChange={setBy} items={[["label", "Label"], ["said", "Model"], ["differ", "Difference"]]} />}
                    <span class="small dim grow">{projection.note}</span>
                    <span class="small dim">{over !== null && data ? `recording ${data.rec[over]}${data.label[over] >= 0 ? `, ${names[data.label[over]]}` : ""}${data.said[over] >= 0 ? `, model: ${names[data.said[over]]} ${Math.round(data.score[over] * 100)} %` : ""}` : many(projection.windows, "window")}</span>
                </div>
                <div class="plot">{!data && <Waiting error={error} what="Windows" />}<canvas ref={canvas} tabIndex={0} role="application" aria-label="Windows in a plane: arrows move the brush, space selects, a label's key relabels, question mark lists the keys" /></div>
            </div>
            <aside class="panel" aria-label="Selection">
                <section><h3>{by === "label" ? "Labels" : by === "said" ? "What the model says" : "Label and model"}</h3>
                    <div class="palette">{groups.map((g, i) => counts[i] > 0 && <button onClick={() => setChosen(new Set(data.x.map((_, k) => k).filter((k) => groupOf(k) === i)))} title="select all of them"><svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true"><path d={Scatter.mark(i)} fill={g.color} /></svg><span class="grow cut">{g.name}</span><span class="dim small">{count(counts[i])}</span></button>)}</div></section>
                <section><h3>{chosen.size ? `${many(chosen.size, "window")} selected` : "Nothing selected"}</h3>
                    {!chosen.size ? <p class="small dim">Drag around points, or move the brush by arrows and press Space. Shift adds.</p> : <>
                        <p class="small dim">Give them a label:</p>
                        <div class="palette">{list.map((k) => <button disabled={!may("annotator")} onClick={() => relabel(k.name)}><span class="swatch" style={{ background: k.color }} /><span class="grow cut">{k.name}</span>{k.hotkey && <kbd>{k.hotkey}</kbd>}</button>)}</div>
                        <div class="timeline" style={{ maxHeight: "220px", overflow: "auto" }}>{[...chosen].slice(0, 40).map((i) => <button class="btn ghost small" style={{ display: "flex", justifyContent: "space-between" }} onClick={() => state.current.open(i)}><span>#{data.rec[i]}</span><span class="dim">{data.label[i] >= 0 ? names[data.label[i]] : "no label"}</span></button>)}</div></>}
                </section>
            </aside>
            {label && <ApplyDialog title={`Label ${many(chosen.size, "window")} as ${label}`} changes={changes} onDone={() => { setChosen(new Set()); reload(); }} onClose={() => setLabel(null)}>
                <ul class="col" style={{ gap: "4px", margin: 0, paddingLeft: "18px" }}>{[...was].map(([n, k]) => <li>{many(k, "window")} {n === "no label" ? "had no label" : n === label ? <span class="dim">already <LabelChip name={n} /></span> : <>change from <LabelChip name={n} /></>}</li>)}</ul>
                <p class="small dim">{many(changes.filter((c) => c.region === "whole").length, "whole recording")}, {many(changes.filter((c) => c.region !== "whole").length, "region")} in {many(new Set(changes.map((c) => c.rec)).size, "recording")}.</p>
            </ApplyDialog>}
        </div>
    );
}
