// The list of recordings: any number of rows, filters in the address, bulk labelling with preview and undo.
import { useEffect, useMemo, useState } from "preact/hooks";
import { get, post, query, useApi } from "../api.js";
import { count, duration, when } from "../format.js";
import { useKeys } from "../keys.js";
import { go, useParam, useTitle } from "../router.jsx";
import { changes, classes, may, say, useCell } from "../store.js";
import { undoOf } from "../widgets/apply.jsx";
import { Icon } from "../widgets/icons.jsx";
import { Dialog, Empty, LabelChip } from "../widgets/pieces.jsx";
import { Top } from "../widgets/top.jsx";
import { VirtualList, usePages } from "../widgets/vlist.jsx";

function Row({ r, on, onToggle, here, style, onOpen }) {
    return (
        <div class={`vrow ${here ? "here" : ""}`} style={style} role="row" aria-selected={on} onClick={onOpen}>
            <input type="checkbox" checked={on} aria-label={`select recording ${r.id}`} onClick={(e) => { e.stopPropagation(); onToggle(e.shiftKey); }} />
            <b>#{r.id}</b>
            <span class="cut">{r.device}{r.group && r.group !== r.device && <span class="faint"> {r.group}</span>}</span>
            <span class="cut">{r.streams.join(", ")}{r.name && <span class="dim"> {r.name}</span>}</span>
            <span class="right-align">{r.width ? `${r.width}×${r.height}` : duration(r.duration_us)}</span>
            <span class="labels">{r.labels.map((l) => <LabelChip name={l} />)}{!r.labels.length && (r.hint ? <span class="faint">hint: {r.hint}</span> : <span class="faint">no label</span>)}</span>
            <span class="row" style={{ gap: "4px" }}>{r.uncertain && <span class="chip warn">unsure</span>}{!r.complete && <span class="chip">incomplete</span>}</span>
            <span class="dim cut" title={when(r.created_ms)}>{new Date(r.created_ms).toLocaleString(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false })}</span>
        </div>
    );
}

/** What a bulk action will do, before it does it. */
function BulkDialog({ ids, label, onDone, onClose }) {
    const [plan, setPlan] = useState(null);
    useEffect(() => {
        Promise.all(ids.map((id) => get(`/api/recordings/${id}/labels`).then((a) => [id, a.regions.find((r) => r.region === "whole")]))).then((list) => {
            const change = list.filter(([, w]) => (label === null ? w : w?.label !== label));
            setPlan({ changes: change.map(([rec, w]) => (label === null ? { rec, region: "whole", delete: true, version: w.version } : { rec, region: "whole", label, version: w?.version || 0 })), relabelled: change.filter(([, w]) => w).map(([, w]) => w.label), fresh: change.filter(([, w]) => !w).length, same: list.length - change.length });
        }, (e) => { say(e.message, "error"); onClose(); });
    }, []);
    useEffect(() => { if (plan) document.querySelector(".dialog .primary").focus(); }, [plan]);
    const apply = async () => {
        try {
            const answer = await post("/api/labels/bulk", { changes: plan.changes });
            say(`${answer.changed.length} recordings changed`, "info", undoOf(answer.undo));
            onDone();
        } catch (e) {
            say(e.message, "error", undoOf(e.body?.undo));
            if (e.body?.undo?.length) onDone();
        }
    };
    const was = plan && [...plan.relabelled.reduce((m, l) => m.set(l, (m.get(l) || 0) + 1), new Map())];
    return (
        <Dialog title={label === null ? "Remove labels" : `Label as ${label}`} onClose={onClose}>
            {!plan ? <p class="dim">Looking at {ids.length} recordings…</p> : <>
                <ul class="col" style={{ gap: "4px", margin: 0, paddingLeft: "18px" }}>
                    {plan.fresh > 0 && <li>{plan.fresh} get their first label</li>}
                    {was.map(([l, n]) => <li>{n} {label === null ? "lose" : "change from"} <LabelChip name={l} /></li>)}
                    {plan.same > 0 && <li class="dim">{plan.same} stay as they are</li>}
                </ul>
                <div class="row"><button class="btn primary" disabled={!plan.changes.length} onClick={apply}>Change {plan.changes.length} recordings</button><button class="btn" onClick={onClose}>Cancel</button></div>
            </>}
        </Dialog>
    );
}

function Filter({ name, set, value, children }) {
    return <select aria-label={name} value={value} onChange={(e) => set(e.target.value)}>{children}</select>;
}

/** Milliseconds since 1970 as the value of a datetime-local field. */
function local(ms) {
    if (!ms) return "";
    const d = new Date(+ms);
    return new Date(+ms - d.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

export function RecordingsView() {
    useTitle("Recordings");
    const list = useCell(classes);
    const [device, setDevice] = useParam("device"), [stream, setStream] = useParam("stream"), [label, setLabel] = useParam("label");
    const [unlabelled, setUnlabelled] = useParam("unlabelled"), [uncertain, setUncertain] = useParam("uncertain");
    const [source, setSource] = useParam("source"), [search, setSearch] = useParam("search"), [order, setOrder] = useParam("order");
    const [meta, setMeta] = useParam("meta"), [complete, setComplete] = useParam("complete"), [simulated, setSimulated] = useParam("simulated");
    const [below, setBelow] = useParam("score_below"), [split, setSplit] = useParam("split"), [since, setSince] = useParam("since"), [until, setUntil] = useParam("until"), [group, setGroup] = useParam("group");
    const [more, setMore] = useState(!!(meta || complete || simulated || below || split || since || until || group));
    const [words, setWords] = useState(search);
    const metaNames = useApi(more ? "/api/coverage" : null).data?.meta || [];
    const devices = useApi("/api/devices").data?.devices || [];
    const streams = useApi("/api/overview").data?.streams || [];
    const filter = useMemo(() => ({ device, stream, label, unlabelled, uncertain, source, search, order, meta: meta.includes("=") ? meta : "", complete, simulated, score_below: below, split, since, until, group }), [device, stream, label, unlabelled, uncertain, source, search, order, meta, complete, simulated, below, split, since, until, group]);
    const pages = usePages("/api/recordings", filter, "recordings");
    const [here, setHere] = useState(0), [chosen, setChosen] = useState(new Set()), [anchor, setAnchor] = useState(0), [bulk, setBulk] = useState(undefined);
    useEffect(() => { setHere(0); setChosen(new Set()); }, [filter]);
    useEffect(() => { const t = setTimeout(() => setSearch(words), 250); return () => clearTimeout(t); }, [words]);
    useEffect(() => {
        const key = (c) => `${c.recording} ${c.label_event}`;
        let last = key(changes.get());
        return changes.follow((c) => { if (key(c) !== last) { last = key(c); pages.refresh(); } });
    }, [filter]);
    const toggle = (i, range) => {
        const next = new Set(chosen), id = pages.row(i)?.id;
        if (!id) return;
        if (range) for (let k = Math.min(anchor, i); k <= Math.max(anchor, i); k++) { const r = pages.row(k); if (r) next.add(r.id); }
        else if (next.has(id)) next.delete(id); else next.add(id);
        setAnchor(i);
        setChosen(next);
    };
    const move = (n) => setHere((h) => Math.max(0, Math.min((pages.total || 1) - 1, h + n)));
    const open = (i) => pages.row(i) && go(`/recordings/${pages.row(i).id}${location.search}`);
    const labelChosen = (name) => { if (chosen.size && may("annotator")) setBulk(name); else if (!chosen.size) say("select recordings first (x, or Shift+x for a range)"); };
    useKeys([
        { key: "j", also: ["ArrowDown"], group: "Recordings", what: "next row", run: () => move(1) },
        { key: "k", also: ["ArrowUp"], group: "Recordings", what: "previous row", run: () => move(-1) },
        { key: "PageDown", group: "Recordings", what: "a page down", run: () => move(15) },
        { key: "PageUp", group: "Recordings", what: "a page up", run: () => move(-15) },
        { key: "Home", group: "Recordings", what: "first row", run: () => setHere(0) },
        { key: "End", group: "Recordings", what: "last row", run: () => setHere(Math.max(0, pages.total - 1)) },
        { key: "Enter", group: "Recordings", what: "open", run: () => open(here) },
        { key: "x", also: ["Space"], group: "Recordings", what: "select row", run: () => toggle(here, false) },
        { key: "X", group: "Recordings", what: "select from the last one to here", run: () => toggle(here, true) },
        { key: "Escape", group: "Recordings", what: "select none", run: () => setChosen(new Set()) },
        { key: "/", group: "Recordings", what: "search", run: () => document.querySelector(".filters input[type=search]").focus() },
        ...list.filter((c) => c.hotkey && !c.retired_ms && !"jkxg".includes(c.hotkey)).map((c) => ({ key: c.hotkey, group: "Label the selected", what: c.name, run: () => labelChosen(c.name) })),
    ]);
    const any = Object.values(filter).some(Boolean);
    return (
        <>
            <Top title={<div class="row"><h1>Recordings</h1>{pages.total !== null && <span class="chip">{count(pages.total)}</span>}</div>} />
            <main class="flush">
                <div class="filters">
                    <input type="search" placeholder="Search (/)" value={words} onInput={(e) => setWords(e.target.value)} aria-label="Search name, device, group, hint" />
                    <Filter name="Device" value={device} set={setDevice}><option value="">Any device</option>{devices.map((d) => <option>{d.id}</option>)}</Filter>
                    <Filter name="Stream" value={stream} set={setStream}><option value="">Any stream</option>{streams.map((s) => <option>{s.name}</option>)}</Filter>
                    <Filter name="Label" value={unlabelled ? "\n" : label} set={(v) => { setUnlabelled(v === "\n" ? "1" : ""); setLabel(v === "\n" ? "" : v); }}><option value="">Any label</option><option value={"\n"}>No label</option>{list.map((c) => <option value={c.name}>{c.name}</option>)}</Filter>
                    <Filter name="Certainty" value={uncertain} set={setUncertain}><option value="">Sure or not</option><option value="1">Model was unsure</option><option value="-1">Model was sure</option></Filter>
                    <Filter name="Source" value={source} set={setSource}><option value="">Any source</option><option value="device">From devices</option><option value="import">Imported</option></Filter>
                    <Filter name="Order" value={order} set={setOrder}><option value="">Newest first</option><option value="old">Oldest first</option></Filter>
                    <button class="btn ghost small" aria-expanded={more} aria-pressed={more} onClick={() => setMore(!more)}>More filters</button>
                    {any && <button class="btn ghost small" onClick={() => { setWords(""); go("/recordings", true); }}>Clear</button>}
                </div>
                {more && (
                    <div class="filters" id="more-filters">
                        <input list="meta-names" placeholder="Metadata: name=value" value={meta} onChange={(e) => setMeta(e.target.value)} aria-label="Metadata, as name=value" /><datalist id="meta-names">{metaNames.map((m) => <option value={`${m}=`} />)}</datalist>
                        <input placeholder="User or group" style={{ width: "120px" }} value={group} onChange={(e) => setGroup(e.target.value)} aria-label="User or group" />
                        <Filter name="Confidence" value={below} set={setBelow}><option value="">Any confidence</option>{[40, 50, 60, 70, 80, 90].map((n) => <option value={n}>Model below {n} %</option>)}</Filter>
                        <Filter name="Quality" value={complete} set={setComplete}><option value="">Whole or not</option><option value="1">Complete</option><option value="-1">Incomplete</option></Filter>
                        <Filter name="Origin" value={simulated} set={setSimulated}><option value="">Real or simulated</option><option value="-1">Real</option><option value="1">Simulated</option></Filter>
                        <Filter name="Split" value={split} set={setSplit}><option value="">Any split</option>{["train", "validation", "test"].map((x) => <option value={x}>In {x} (newest dataset)</option>)}</Filter>
                        <label class="row small dim">from<input type="datetime-local" value={local(since)} onChange={(e) => setSince(e.target.value ? String(Date.parse(e.target.value)) : "")} aria-label="Arrived from" /></label>
                        <label class="row small dim">to<input type="datetime-local" value={local(until)} onChange={(e) => setUntil(e.target.value ? String(Date.parse(e.target.value)) : "")} aria-label="Arrived before" /></label>
                    </div>
                )}
                {chosen.size > 0 && (
                    <div class="bulk">
                        <b>{chosen.size} selected</b><span class="dim small">label them:</span>
                        {list.filter((c) => !c.retired_ms).slice(0, 12).map((c) => <button class="btn small" onClick={() => labelChosen(c.name)}><span class="swatch" style={{ background: c.color }} />{c.name}{c.hotkey && <kbd>{c.hotkey}</kbd>}</button>)}
                        <button class="btn small danger" onClick={() => setBulk(null)}>Remove label</button>
                        <button class="btn ghost small" onClick={() => setChosen(new Set())}>Select none</button>
                    </div>
                )}
                {pages.error ? <Empty icon="alert" title="The list cannot be shown">{pages.error.message}</Empty> : pages.total === 0 ? (
                    <Empty icon="recordings" title={any ? "No recording matches" : "No recordings yet"}>{any ? "Clear a filter to see more." : <>Ask a device to record under Devices, or bring files in: <code>moteloop import FOLDER</code>.</>}</Empty>
                ) : (
                    <VirtualList pages={pages} rowHeight={40} here={here} label="Recordings"
                        head={<div class="vrow head" role="row"><span /><span>Number</span><span>Device</span><span>Streams</span><span class="right-align">Length</span><span>Labels</span><span>State</span><span>Arrived</span></div>}
                        render={(r, i, style) => r ? <Row key={i} r={r} style={style} here={i === here} on={chosen.has(r.id)} onToggle={(range) => toggle(i, range)} onOpen={() => { setHere(i); open(i); }} /> : <div class="vrow" style={style}><span /><span class="faint">…</span></div>} />
                )}
            </main>
            {bulk !== undefined && <BulkDialog ids={[...chosen]} label={bulk} onClose={() => setBulk(undefined)} onDone={() => { setBulk(undefined); setChosen(new Set()); pages.refresh(); }} />}
        </>
    );
}
