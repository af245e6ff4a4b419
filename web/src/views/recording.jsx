// One recording: its signals or picture, its labels, keys for everything.
import { useEffect, useRef, useState } from "preact/hooks";
import { useApi } from "../api.js";
import { duration, when } from "../format.js";
import { useHold, useKeys } from "../keys.js";
import { Link, go, useNow, useTitle } from "../router.jsx";
import { useRegions } from "../regions.js";
import { classes, classesKnown, may, useCell } from "../store.js";
import { Icon } from "../widgets/icons.jsx";
import { Empty, Facts, LabelChip, Waiting } from "../widgets/pieces.jsx";
import { Top } from "../widgets/top.jsx";
import { EventLine } from "./history.jsx";
import { PictureStage } from "./picture.jsx";
import { SignalStage } from "./signal.jsx";

export function RecordingView({ id }) {
    const { data, error, reload } = useApi(`/api/recordings/${id}`, ["label_event"]);
    const known = useCell(classesKnown);
    useTitle(`Recording ${id}`);
    useHold(!error && (!data || !known)); // a label's key pressed before the recording is there is not lost
    useEffect(() => {
        window.addEventListener("labels-reload", reload);
        return () => window.removeEventListener("labels-reload", reload);
    }, [reload]);
    if (!data) return <><Top title={<div class="row"><Link class="btn ghost icon" to="/recordings" aria-label="All recordings"><Icon name="left" /></Link><h1>Recording {id}</h1></div>} /><main><Waiting error={error} what="The recording" /></main></>;
    return <Loaded key={data.id} recording={data} />;
}

function Loaded({ recording }) {
    const regions = useRegions(recording);
    const [selected, setSelected] = useState(null);
    const list = useCell(classes).filter((c) => !c.retired_ms);
    const picture = recording.width > 0;
    const beside = (to) => to && go(`/recordings/${to}${location.search}`);
    const stage = useRef(null); // what the stage can do: label(name), reveal(region)
    const setStage = (s) => { stage.current = s; };
    const editable = may("annotator");
    const label = (name) => editable && stage.current?.label(name);
    useKeys([
        { key: "j", group: "Recording", what: "next older recording", run: () => beside(recording.older) },
        { key: "k", group: "Recording", what: "next newer recording", run: () => beside(recording.newer) },
        { key: "u", group: "Recording", what: "back to the list", run: () => go(`/recordings${location.search}`) },
        { key: "Ctrl+z", group: "Labels", what: "undo", run: () => regions.undo() },
        { key: "Ctrl+Shift+z", also: ["Ctrl+y"], group: "Labels", what: "redo", run: () => regions.redo() },
        { key: "Delete", also: ["Backspace"], group: "Labels", what: "delete the selected region", run: () => selected && (regions.remove(selected), setSelected(null)) },
        { key: "Tab", group: "Labels", what: "select the next region", run: (e) => (e.target.tagName === "CANVAS" || e.target === document.body ? step(1) : false) },
        { key: "Shift+Tab", group: "Labels", what: "select the region before", run: (e) => (e.target.tagName === "CANVAS" || e.target === document.body ? step(-1) : false) },
        ...list.filter((c) => c.hotkey).map((c) => ({ key: c.hotkey, group: "Label the selection, or the whole recording", what: c.name, run: () => label(c.name) })),
    ]);
    const step = (n) => {
        const all = regions.list.filter((r) => !r.whole);
        if (!all.length) return false;
        const i = all.findIndex((r) => r.region === selected);
        const next = all[(i < 0 ? (n > 0 ? 0 : all.length - 1) : i + n + all.length) % all.length];
        setSelected(next.region);
        stage.current?.reveal?.(next);
        return true;
    };
    return (
        <>
            <Top title={(
                <div class="row" style={{ minWidth: 0 }}>
                    <Link class="btn ghost icon" to={`/recordings${location.search}`} aria-label="All recordings" title="All recordings (u)"><Icon name="left" /></Link>
                    <h1>Recording {recording.id}</h1>
                    <Link class="chip" to={`/devices/${recording.device}`}>{recording.device}</Link>
                    {recording.simulated && <span class="chip warn">simulated</span>}
                    {recording.uncertain && <span class="chip warn">model unsure</span>}
                    {!recording.complete && <span class="chip bad">incomplete</span>}
                </div>
            )}>
                <button class="btn ghost icon" disabled={!recording.newer} onClick={() => beside(recording.newer)} title="Newer (k)" aria-label="Newer recording"><Icon name="left" /></button>
                <button class="btn ghost icon" disabled={!recording.older} onClick={() => beside(recording.older)} title="Older (j)" aria-label="Older recording"><Icon name="right" /></button>
            </Top>
            <main class="flush">
                <div class="work">
                    {!recording.signals.length ? <Empty icon="recordings" title="It holds no samples">Its blocks may still be on the way.</Empty>
                        : picture ? <PictureStage recording={recording} regions={regions} selected={selected} select={setSelected} register={setStage} />
                            : <SignalStage recording={recording} regions={regions} selected={selected} select={setSelected} register={setStage} />}
                    <Panel recording={recording} regions={regions} selected={selected} select={(r) => { setSelected(r.region); stage.current?.reveal?.(r); }} label={label} list={list} editable={editable} />
                </div>
            </main>
        </>
    );
}

function Panel({ recording, regions, selected, select, label, list, editable }) {
    const now = useNow();
    const [fresh, setFresh] = useState(""), [more, setMore] = useState(false);
    const history = useApi(more ? `/api/recordings/${recording.id}/history` : null, ["label_event"]).data?.events;
    const all = regions.list, chosen = regions.map.get(selected);
    const active = chosen ? chosen.label : regions.whole?.label;
    const restore = (e) => regions.apply([{ region: e.region, after: { label: e.label, source: "human", ...(e.whole ? {} : { start_us: e.start_us, end_us: e.end_us }), ...(e.box ? { box: e.box } : {}) } }]);
    return (
        <aside class="panel" aria-label="Labels of this recording">
            <section>
                <h3>{chosen ? "Label of the selected region" : "Label of the selection, or the whole recording"}</h3>
                <div class="palette">
                    {list.map((c) => (
                        <button aria-pressed={active === c.name} disabled={!editable} onClick={() => label(c.name)} title={c.guideline}>
                            <span class="swatch" style={{ background: c.color }} /><span class="grow cut">{c.name}</span>{c.hotkey && <kbd>{c.hotkey}</kbd>}
                        </button>
                    ))}
                    {!list.length && <p class="small dim">No labels yet: type the first one.</p>}
                </div>
                {editable && (
                    <form class="row" onSubmit={(e) => { e.preventDefault(); const name = fresh.trim(); if (name && !name.includes(",")) { label(name); setFresh(""); } }}>
                        <input class="grow" placeholder="New label" maxLength={64} value={fresh} onInput={(e) => setFresh(e.target.value)} aria-label="New label" />
                        <button class="btn icon" aria-label="Use this label"><Icon name="plus" /></button>
                    </form>
                )}
            </section>
            <section>
                <h3><span>{all.length ? `${all.length} label${all.length > 1 ? "s" : ""}` : "No label yet"}</span>
                    <span class="row" style={{ gap: 0 }}>
                        <button class="btn ghost icon small" onClick={() => regions.undo()} disabled={!regions.stacks.undo.length} title="Undo (Ctrl+Z)" aria-label="Undo"><Icon name="undo" /></button>
                        <button class="btn ghost icon small" onClick={() => regions.redo()} disabled={!regions.stacks.redo.length} title="Redo (Ctrl+Shift+Z)" aria-label="Redo"><Icon name="redo" /></button>
                    </span>
                </h3>
                {!all.length && <p class="small dim">{recording.width ? "Press a label's key for the whole picture, or draw a box first." : "Press a label's key for all of it, or drag over the signal (or press n) to mark a part first."}</p>}
                <div class="regions">
                    {all.map((r) => (
                        <button aria-pressed={r.region === selected} onClick={() => select(r)} title={`by ${r.author}, version ${r.version}`}>
                            <span class="swatch" style={{ background: list.find((c) => c.name === r.label)?.color || "#7b8494" }} />
                            <span class="cut">{r.label}{r.source === "model" && <span class="faint"> model {r.score !== undefined && `${Math.round(r.score * 100)} %`}</span>}</span>
                            <span class="dim small">{r.whole ? (r.box ? "box" : "whole") : r.end_us === r.start_us ? "point" : duration(r.end_us - r.start_us)}</span>
                        </button>
                    ))}
                </div>
                {chosen && editable && <div class="row wrap"><span class="small dim grow">by {chosen.author}</span><button class="btn small danger" onClick={() => regions.remove(selected)}><Icon name="trash" />Delete</button></div>}
            </section>
            {recording.hint && !regions.whole && editable && (
                <section><h3>Recorded as</h3><div class="row"><LabelChip name={recording.hint} /><button class="btn small" onClick={() => regions.setWhole(recording.hint)}><Icon name="check" />Accept</button></div></section>
            )}
            <section>
                <h3>About</h3>
                <Facts rows={[["Length", recording.width ? `${recording.width} × ${recording.height} pixels` : duration(recording.duration_us)], ["Streams", recording.streams.join(", ")], ["Arrived", when(recording.created_ms)], ["File", recording.name], ["Group", recording.group], ["Session", `${recording.session}, number ${recording.number}`], ...Object.entries(recording.meta).map(([k, v]) => [k, String(v)])]} />
                {!recording.width && <div class="row wrap">{recording.signals.map((s) => <a class="btn small" href={`/api/recordings/${recording.id}/samples.csv?stream=${encodeURIComponent(s.name)}`} download={`recording-${recording.id}-${s.name}.csv`}><Icon name="down" />{s.name}.csv</a>)}<a class="btn small" href={`/api/recordings/${recording.id}/labels.txt`} download={`recording-${recording.id}-labels.txt`} title="Audacity label track"><Icon name="down" />labels.txt</a></div>}
            </section>
            <section style={{ borderBottom: 0 }}>
                <h3><button class="btn ghost small" onClick={() => setMore(!more)} aria-expanded={more}><Icon name="history" />History</button></h3>
                {more && <div class="timeline" style={{ gap: 0 }}>{history?.length ? [...history].reverse().map((e) => <div style={{ display: "block" }}><EventLine e={e} now={now} onRestore={editable ? restore : () => {}} /></div>) : <p class="small dim">Nothing was changed yet.</p>}</div>}
            </section>
        </aside>
    );
}
