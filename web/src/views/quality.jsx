// Quality: how far people agree, where they differ, gold items, and labels that a model contradicts.
import { useState } from "preact/hooks";
import { get, put, useApi } from "../api.js";
import { duration, many, percent } from "../format.js";
import { useKeys } from "../keys.js";
import { Link, go, useParam, useTitle } from "../router.jsx";
import { classes, say, useCell } from "../store.js";
import { Confusion } from "../widgets/confusion.jsx";
import { Icon } from "../widgets/icons.jsx";
import { Card, Empty, LabelChip, Waiting } from "../widgets/pieces.jsx";
import { useRows } from "../widgets/rows.js";
import { Top } from "../widgets/top.jsx";
import { useProjections } from "./explorer.jsx";

const alphaText = (a) => (a === null ? "–" : a.toFixed(3));
const kind = (a) => (a === null ? "" : a >= 0.8 ? "good" : a >= 0.667 ? "warn" : "bad");
const word = (a) => (a === null ? "not defined" : a >= 0.8 ? "reliable" : a >= 0.667 ? "tentative" : "unreliable");

export function QualityView() {
    useTitle("Quality");
    const [task, setTask] = useParam("task");
    const tasks = useApi("/api/tasks").data?.tasks || [];
    const { data, error } = useApi(`/api/quality${task ? `?task=${task}` : ""}`, ["task"]);
    return (
        <>
            <Top title={<h1>Quality</h1>}>
                <select aria-label="Task" value={task} onChange={(e) => setTask(e.target.value)}><option value="">All tasks</option>{tasks.map((t) => <option value={t.id}>{t.name}</option>)}</select>
            </Top>
            <main><div class="grid">
                {!data ? <div class="s12"><Waiting error={error} what="Agreement" /></div> : !data.people.length ? (
                    <Card><Empty icon="quality" title="Nobody has answered a task yet">Make a <Link to="/tasks">task</Link> that two or more people judge. Then this page says how far they agree, label by label.</Empty></Card>
                ) : <Agreement data={data} />}
                <Errors />
                <Gold />
            </div></main>
        </>
    );
}

function Agreement({ data }) {
    const [at, setAt] = useState(0);
    const pair = data.pairs[Math.min(at, data.pairs.length - 1)];
    useKeys([{ key: "]", group: "Quality", what: "confusion of the next two people", run: () => setAt((n) => (n + 1) % Math.max(1, data.pairs.length)) }]);
    const used = pair ? data.names.map((_, i) => i).filter((i) => pair.matrix[i].some(Boolean) || pair.matrix.some((row) => row[i])) : [];
    return <>
        <Card span="s5" title="Agreement of everybody">
            <div class="row" style={{ alignItems: "baseline", gap: "14px" }}><span style={{ fontSize: "34px", fontWeight: 660 }} id="alpha">{alphaText(data.alpha)}</span><span class={`chip ${kind(data.alpha)}`}>{word(data.alpha)}</span></div>
            <p class="small dim">Krippendorff's alpha (nominal) over {many(data.pairable, "answer")} of {many(data.people.length, "person", "people")}: 1 is perfect, 0 is chance. From 0.8 on one may rely on it, below 0.667 not.</p>
            <div class="scroll-x" style={{ marginTop: "10px" }}><table aria-label="Agreement per label">
                <thead><tr><th>Label</th><th class="n">Answers</th><th class="n">Alpha</th><th class="n" title="time that two people both marked, of the time that either marked">Regions overlap</th></tr></thead>
                <tbody>{data.labels.map((l) => <tr><td><LabelChip name={l.label} /></td><td class="n">{l.answers || <span class="faint">0</span>}</td><td class="n">{l.answers ? <span class={`chip ${kind(l.alpha)}`}>{alphaText(l.alpha)}</span> : <span class="faint">–</span>}</td><td class="n">{l.overlap === null ? <span class="faint">–</span> : <span title={`${duration(l.both_us)} of ${duration(l.either_us)}`}>{percent(l.overlap)}</span>}</td></tr>)}</tbody>
            </table></div>
        </Card>
        <Card span="s7" title="Confusion between two people" extra={data.pairs.length > 1 && <select aria-label="Two people" value={at} onChange={(e) => setAt(+e.target.value)}>{data.pairs.map((p, i) => <option value={i}>{p.a} and {p.b}</option>)}</select>}>
            {!pair ? <Empty icon="people" title="No recording was judged by two people">Let a task be judged by two or more people each.</Empty> : <>
                <div class="row wrap" style={{ marginBottom: "8px" }}><b>{pair.a}</b><span class="dim">down,</span><b>{pair.b}</b><span class="dim">across:</span><span class="chip">the same on {pair.same} of {pair.items}</span></div>
                <Confusion labels={used.map((i) => data.names[i])} matrix={used.map((i) => used.map((j) => pair.matrix[i][j]))} />
            </>}
        </Card>
        {data.differ.length > 0 && (
            <Card span="s12" title={`Recordings that people judge differently (${data.differ.length})`}>
                <div class="timeline">{data.differ.slice(0, 40).map((d) => <Link to={`/tasks/${d.task}`}><span>#{d.rec}</span><span class="row wrap">{d.said.map((s) => <><span class="dim small">{s.person}</span><LabelChip name={s.label} /></>)}</span><span class="small dim">review</span></Link>)}</div>
            </Card>
        )}
    </>;
}

/** Labels that a model contradicts, the surest contradiction first; kept, changed or made gold by one key. */
function Errors() {
    const { data, error, reload } = useApi("/api/queue?by=disagreement&limit=60", ["label_event"]);
    const judged = useProjections().list?.find((p) => p.state === "done" && p.model);
    const judgedHere = useApi(judged ? `/api/projections/${judged.id}/errors?limit=300` : null, ["label_event"]).data?.windows;
    const [kept, setKept] = useState(new Set());
    // What a model said here counts before what devices reported; a recording once, by its surest window.
    const found = new Map();
    for (const w of judgedHere || []) if (!found.has(w.rec)) found.set(w.rec, { recording: { id: w.rec, device: "", labels: [w.label] }, proposal: { label: w.said, score: w.score }, at: w });
    for (const i of data?.items || []) if (!found.has(i.recording.id)) found.set(i.recording.id, i);
    const list = [...found.values()].filter((i) => !kept.has(i.recording.id)).sort((a, b) => b.proposal.score - a.proposal.score);
    const [here, setHere] = useRows(Math.min(list.length, 30), { open: (i) => go(`/recordings/${list[i].recording.id}`), what: "likely error", group: "Likely label errors" });
    const item = list[here];
    const change = async (i) => {
        try {
            const { regions } = await get(`/api/recordings/${i.recording.id}/labels`);
            const now = regions.find((r) => r.region === "whole");
            await put(`/api/recordings/${i.recording.id}/labels/whole`, { label: i.proposal.label, version: now?.version || 0 });
            say(`recording ${i.recording.id} is ${i.proposal.label} now`, "info", { label: "Undo", run: () => put(`/api/recordings/${i.recording.id}/labels/whole`, { label: now.label, version: (now.version || 0) + 1 }).then(reload, (e) => say(e.message, "error")) });
            reload();
        } catch (e) {
            say(e.message, "error");
        }
    };
    const keepIt = (i) => setKept(new Set([...kept, i.recording.id]));
    useKeys([
        { key: "a", group: "Likely label errors", what: "the model is right: change the label", run: () => item && change(item) },
        { key: "x", group: "Likely label errors", what: "the label is right: next", run: () => item && keepIt(item) },
    ]);
    return (
        <Card span="s7" title="Likely label errors">
            {!data ? <Waiting error={error} what="Likely errors" /> : !list.length ? <Empty icon="quality" title="No model contradicts a label">Labels are compared with what devices reported; run <Link to="/explorer">the explorer</Link> to judge recordings here.</Empty> : (
                <div class="scroll-x"><table aria-label="Likely label errors">
                    <thead><tr><th>Recording</th><th>Label</th><th>Model says</th><th class="n">Sure</th><th /></tr></thead>
                    <tbody>{list.slice(0, 30).map((i, row) => (
                        <tr data-row={row} class={row === here ? "here" : ""} onClick={() => setHere(row)}>
                            <td><Link to={`/recordings/${i.recording.id}`}>#{i.recording.id}</Link> <span class="dim small">{i.recording.device}</span></td>
                            <td>{i.recording.labels.map((l) => <LabelChip name={l} />)}</td><td><LabelChip name={i.proposal.label} /></td><td class="n">{percent(i.proposal.score, 0)}</td>
                            <td class="right-align"><button class="btn small" onClick={() => change(i)}>Change {row === here && <kbd>a</kbd>}</button> <button class="btn small ghost" onClick={() => keepIt(i)}>Keep {row === here && <kbd>x</kbd>}</button></td>
                        </tr>
                    ))}</tbody>
                </table></div>
            )}
        </Card>
    );
}

function Gold() {
    const { data, error, reload } = useApi("/api/gold");
    const list = useCell(classes).filter((c) => !c.retired_ms);
    const [rec, setRec] = useState(""), [label, setLabel] = useState("");
    const set = async (id, name) => {
        try {
            await put(`/api/gold/${id}`, { label: name });
            setRec("");
            reload();
        } catch (e) {
            say(e.message, "error");
        }
    };
    return (
        <Card span="s5" title="Gold items">
            <p class="small dim" style={{ marginBottom: "10px" }}>Recordings whose label is known. Tasks mix them in without saying so; an answer to one measures the person and changes no label.</p>
            <form class="row" onSubmit={(e) => { e.preventDefault(); set(rec, label || list[0]?.name); }}>
                <input type="number" min="1" required placeholder="Recording" aria-label="Recording" style={{ width: "120px" }} value={rec} onInput={(e) => setRec(e.target.value)} />
                <select class="grow" aria-label="Known label" value={label} onChange={(e) => setLabel(e.target.value)}>{list.map((c) => <option>{c.name}</option>)}</select>
                <button class="btn"><Icon name="plus" />Add</button>
            </form>
            {!data ? <Waiting error={error} what="Gold items" /> : <div class="timeline" style={{ marginTop: "8px" }}>{data.gold.slice(0, 100).map((g) => <div><Link to={`/recordings/${g.rec}`}>#{g.rec}</Link><span class="row"><LabelChip name={g.label} /><span class="dim small">by {g.author}</span></span><button class="btn ghost small" onClick={() => set(g.rec, "")} aria-label={`recording ${g.rec} is no gold item`}><Icon name="close" /></button></div>)}</div>}
        </Card>
    );
}
