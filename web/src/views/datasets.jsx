// Datasets: versions, what changed between two, restoring labels; making one whose groups never straddle a split.
import { useEffect, useState } from "preact/hooks";
import { get, post, query, useApi } from "../api.js";
import { ago, count, digest, many, when } from "../format.js";
import { useKeys } from "../keys.js";
import { useNow, useTitle } from "../router.jsx";
import { classes, may, say, useCell } from "../store.js";
import { Icon } from "../widgets/icons.jsx";
import { Card, Dialog, Empty, LabelChip, Waiting } from "../widgets/pieces.jsx";
import { useRows } from "../widgets/rows.js";
import { Top } from "../widgets/top.jsx";
import { groupKeys } from "./coverage.jsx";

const sides = ["train", "validation", "test"];

export function DatasetsView() {
    useTitle("Datasets");
    const now = useNow();
    const { data, error, reload } = useApi("/api/datasets", ["model"]);
    const list = data?.datasets || [];
    const [making, setMaking] = useState(false), [restoring, setRestoring] = useState(null), [base, setBase] = useState(null);
    const [here, setHere] = useRows(list.length, { what: "version", group: "Datasets" });
    const shown = list[here], other = base !== null ? list.find((d) => d.digest === base) : list[here + 1];
    useKeys([
        ...(may("reviewer") ? [{ key: "n", group: "Datasets", what: "new version", run: () => setMaking(true) }, { key: "r", group: "Datasets", what: "restore the labels of this version", run: () => shown && setRestoring(shown) }] : []),
        { key: "c", group: "Datasets", what: "compare the others with this one", run: () => shown && setBase(base === shown.digest ? null : shown.digest) },
    ]);
    return (
        <>
            <Top title={<h1>Datasets</h1>}>{may("reviewer") && <button class="btn small primary" onClick={() => setMaking(true)}><Icon name="plus" />New version <kbd>n</kbd></button>}</Top>
            <main>
                {!data ? <Waiting error={error} what="Datasets" /> : !list.length ? <Card><Empty icon="datasets" title="No dataset yet">Training makes one by itself. Make one here to choose the split: by device, user or metadata, so that what a model is judged on never comes from somebody it was trained on.</Empty></Card> : (
                    <div class="grid">
                        <Card span="s6" title="Versions">
                            <table aria-label="Dataset versions"><tbody>{list.slice(0, 200).map((d, i) => (
                                <tr data-row={i} class={`link ${i === here ? "here" : ""}`} onClick={() => setHere(i)}>
                                    <td><b>{d.name}</b> <span class="mono faint">{digest(d.digest)}</span>{base === d.digest && <span class="chip accent">compared with</span>}</td><td class="n">{count(d.items)}</td><td class="n dim" title={when(d.created_ms)}>{ago(d.created_ms, now)}</td>
                                </tr>
                            ))}</tbody></table>
                        </Card>
                        <div class="s6 col" style={{ gap: "16px" }}>{shown && <>
                            <Card title={`${shown.name} ${digest(shown.digest)}`} extra={<><a class="btn small" href={`/api/datasets/${shown.digest}/items.csv`} download={`${shown.name}-${digest(shown.digest)}.csv`}><Icon name="down" />CSV</a>{may("reviewer") && <button class="btn small" onClick={() => setRestoring(shown)}><Icon name="history" />Restore labels <kbd>r</kbd></button>}</>}><Parts id={shown.digest} /></Card>
                            {other && other.digest !== shown.digest && <Diff from={other} to={shown} />}
                        </>}</div>
                    </div>
                )}
            </main>
            {making && <Making onClose={(made) => { setMaking(false); if (made) { setHere(0); reload(); } }} />}
            {restoring && <Restore dataset={restoring} onClose={() => setRestoring(null)} />}
        </>
    );
}

function SplitTable({ rows }) {
    return (
        <table aria-label="Items by label and split"><thead><tr><th>Label</th>{sides.map((s) => <th class="n">{s}</th>)}</tr></thead>
            <tbody>{rows.map(([label, n]) => <tr><td><LabelChip name={label} /></td>{sides.map((s) => <td class="n">{n[s] ? count(n[s]) : <span class="chip warn" title="no item of this label is on this side">none</span>}</td>)}</tr>)}</tbody></table>
    );
}

function Parts({ id }) {
    const { data, error } = useApi(`/api/datasets/${id}`);
    if (!data) return <Waiting error={error} what="The dataset" />;
    const rows = new Map(), groups = new Map();
    for (const p of data.parts) {
        rows.set(p.label, { ...rows.get(p.label), [p.split]: (rows.get(p.label)?.[p.split] || 0) + p.items });
        groups.set(p.split, (groups.get(p.split) || new Set()).add(p.group));
    }
    return <div class="col"><SplitTable rows={[...rows]} />{sides.filter((s) => groups.has(s)).map((s) => <div class="row small"><b style={{ width: "74px" }}>{s}</b><span class="dim grow">{[...groups.get(s)].sort().join(", ")}</span></div>)}</div>;
}

function Diff({ from, to }) {
    const { data, error } = useApi(`/api/datasets/${from.digest}/diff${query({ to: to.digest })}`);
    const kinds = [["added", "good"], ["removed", "bad"], ["relabelled", "warn"], ["moved", "accent"]];
    return (
        <Card title={`Since ${from.name} ${digest(from.digest)}`}>
            {!data ? <Waiting error={error} what="The difference" /> : <table aria-label="Difference"><thead><tr><th>Label</th><th class="n">added</th><th class="n">removed</th><th class="n">relabelled</th><th class="n" title="now in another split">moved</th><th class="n">the same</th></tr></thead>
                <tbody>{Object.entries(data.labels).map(([label, n]) => <tr><td><LabelChip name={label} /></td>{kinds.map(([k, kind]) => <td class="n">{n[k] ? <span class={`chip ${kind}`}>{{ added: "+", removed: "−" }[k] || ""}{count(n[k])}</span> : <span class="faint">0</span>}</td>)}<td class="n dim">{count(n.same)}</td></tr>)}</tbody></table>}
        </Card>
    );
}

/** What restoring would change, before it does. */
function Restore({ dataset, onClose }) {
    const [plan, setPlan] = useState(null);
    useEffect(() => { post(`/api/datasets/${dataset.digest}/restore`, { dry: true }).then(setPlan, (e) => { say(e.message, "error"); onClose(); }); }, []);
    useEffect(() => { if (plan?.count) document.querySelector(".dialog .primary").focus(); }, [plan]);
    const apply = async () => {
        try {
            const done = await post(`/api/datasets/${dataset.digest}/restore`, {});
            say(`${many(done.count, "label")} restored`, "info", { label: "Undo", run: () => post("/api/labels/bulk", { changes: done.undo }).then(() => say("undone"), (e) => say(e.message, "error")) });
            onClose();
        } catch (e) {
            say(e.message, "error");
        }
    };
    return (
        <Dialog title={`Labels as of ${when(dataset.created_ms)}`} onClose={onClose}>
            {!plan ? <p class="dim">Comparing…</p> : !plan.count ? <p>The labels of its recordings are the same as then.</p> : <>
                <p>{many(plan.count, "label")} of its recordings {plan.count === 1 ? "is" : "are"} other than then. History keeps what is there now.</p>
                <div class="timeline" style={{ maxHeight: "40vh", overflow: "auto" }}>{plan.changes.slice(0, 50).map((c) => <div><span>#{c.rec}</span><span>{c.delete ? <span class="dim">is taken away: it was not there</span> : <>becomes <LabelChip name={c.label} /></>}</span><span class="dim small">{c.region === "whole" ? "whole" : "region"}</span></div>)}</div>
                <div class="row"><button class="btn primary" onClick={apply}>Restore {many(plan.count, "label")}</button><button class="btn" onClick={onClose}>Cancel</button></div></>}
        </Dialog>
    );
}

function Making({ onClose }) {
    const streams = useApi("/api/overview").data?.streams || [], [meta, setMeta] = useState([]);
    const labels = useCell(classes);
    const [f, setF] = useState({ name: "", stream: "", by: "device", train: 70, validation: 15, test: 15, seed: 1, window_ms: 0, labels: [] });
    const [plan, setPlan] = useState(null), [problem, setProblem] = useState(null);
    const set = (o) => setF({ ...f, ...o }), stream = f.stream || streams[0]?.name;
    const body = { ...f, name: f.name || "page", stream, train: f.train / 100, validation: f.validation / 100, test: f.test / 100 };
    useEffect(() => { get("/api/coverage").then((d) => setMeta(d.meta), () => {}); }, []);
    useEffect(() => {
        if (!stream) return undefined;
        const t = setTimeout(() => post("/api/datasets", { ...body, dry: true }).then((p) => { setPlan(p); setProblem(null); }, (e) => { setPlan(null); setProblem(e); }), 200);
        return () => clearTimeout(t);
    }, [JSON.stringify(body)]);
    const make = async (e) => {
        e.preventDefault();
        try {
            const made = await post("/api/datasets", body);
            say(`dataset ${digest(made.digest)} has ${many(made.items, "item")}`);
            onClose(true);
        } catch (x) {
            say(x.message, "error");
        }
    };
    return (
        <Dialog title="New dataset version" wide onClose={() => onClose(false)}>
            <form class="col" onSubmit={make}>
                <div class="row wrap">
                    <label class="field grow">Name<input maxLength={64} placeholder="page" value={f.name} onInput={(e) => set({ name: e.target.value })} /></label>
                    <label class="field">Stream<select value={stream} onChange={(e) => set({ stream: e.target.value })}>{streams.map((s) => <option>{s.name}</option>)}</select></label>
                    <label class="field">A group is a<select value={f.by} onChange={(e) => set({ by: e.target.value })}>{groupKeys(meta).map(([v, n]) => <option value={v}>{n}</option>)}</select></label>
                    <label class="field" style={{ width: "130px" }}>Windows of, ms<input type="number" min="0" value={f.window_ms || ""} placeholder="whole pieces" onInput={(e) => set({ window_ms: +e.target.value })} /></label>
                </div>
                <div class="row wrap">
                    {sides.map((s) => <label class="field" style={{ width: "104px" }}>{s}, %<input type="number" min="0" max="100" value={f[s]} onInput={(e) => set({ [s]: +e.target.value })} /></label>)}
                    <label class="field" style={{ width: "104px" }}>Seed<input type="number" min="0" value={f.seed} onInput={(e) => set({ seed: +e.target.value })} /></label>
                </div>
                <div class="row wrap">{labels.map((c) => <label class="chip" style={{ padding: "4px 10px", cursor: "pointer" }}><input type="checkbox" checked={!f.labels.length || f.labels.includes(c.name)} onChange={(e) => { const now = f.labels.length ? f.labels : labels.map((x) => x.name); set({ labels: e.target.checked ? [...now, c.name] : now.filter((n) => n !== c.name) }); }} />{c.name}</label>)}</div>
                <h3>Preview</h3>
                {problem ? <div class="notice warn">{problem.message}</div> : !plan ? <p class="dim small">Counting…</p> : <div class="row" style={{ alignItems: "flex-start", gap: "24px" }}>
                    <div class="grow"><SplitTable rows={Object.entries(plan.labels)} /></div>
                    <div class="grow col" style={{ gap: "4px" }} id="groups">{sides.map((s) => <div class="row small" style={{ alignItems: "baseline" }}><b style={{ width: "74px" }}>{s}</b><span class="dim grow">{plan.groups.filter((g) => g.split === s).map((g) => `${g.group || "not said"} (${g.items})`).join(", ") || "no group"}</span></div>)}
                        <p class="small faint">A group is on one side only.{plan.skipped_short > 0 && ` ${many(plan.skipped_short, "piece")} shorter than a window.`}</p></div>
                </div>}
                <div class="row"><button class="btn primary" disabled={!plan}>Make the version</button><button type="button" class="btn" onClick={() => onClose(false)}>Cancel</button></div>
            </form>
        </Dialog>
    );
}
