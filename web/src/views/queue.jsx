// What to label next: one recording after the other, the most telling first.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get, post, query } from "../api.js";
import { duration, percent } from "../format.js";
import { useKeys } from "../keys.js";
import { Link, go, useParam, useTitle } from "../router.jsx";
import { changes, classes, may, say, useCell } from "../store.js";
import { useRegions } from "../regions.js";
import { Card, Empty, LabelChip, Waiting } from "../widgets/pieces.jsx";
import { Top } from "../widgets/top.jsx";
import { Icon } from "../widgets/icons.jsx";
import { Plot } from "../widgets/plot.js";

const orders = [["uncertain", "Uncertain"], ["disagreement", "Model disagrees"], ["novel", "Novel"], ["unlabelled", "Unlabelled"], ["balance", "Rare labels"], ["marked", "Marked wrong"], ["random", "Random"]];

export function QueueView() {
    useTitle("Queue");
    const [order, setOrder] = useParam("by", "uncertain");
    const [seed] = useState(() => Math.floor(Math.random() * 1e9));
    const [list, setList] = useState(null), [error, setError] = useState(null), [done, setDone] = useState(0);
    const seen = useRef(new Set()); // decided or passed in this sitting: not shown again, even before it is stored
    const load = useMemo(() => () => get(`/api/queue${query({ by: order, seed: order === "random" ? seed : "", limit: 60 + seen.current.size })}`).then((d) => setList(d.items.filter((i) => !seen.current.has(i.recording.id))), setError), [order]);
    useEffect(() => { setList(null); seen.current.clear(); load(); }, [order]);
    useEffect(() => {
        let last = changes.get().event;
        return changes.follow((c) => { if (c.event !== last) { last = c.event; setList((l) => { if (!l?.length) load(); return l; }); } });
    }, [load]);
    const next = () => {
        seen.current.add(list[0].recording.id);
        setList((l) => l.slice(1));
        setDone((n) => n + 1);
        if (list.length < 4) load();
    };
    const again = () => { seen.current.clear(); load(); };
    const item = list?.[0];
    useKeys([{ key: "b", group: "Queue", what: "proposals in one batch", run: () => go("/proposals") }]);
    return (
        <>
            <Top title={<div class="row"><h1>Queue</h1>{list && <span class="chip">{list.length}{list.length >= 60 ? "+" : ""} waiting</span>}{done > 0 && <span class="chip good">{done} seen now</span>}</div>}>
                <Link class="btn small" to="/proposals">Batch proposals <kbd>b</kbd></Link>
                <select aria-label="Order of the queue" value={order} onChange={(e) => setOrder(e.target.value)}>{orders.map(([v, n]) => <option value={v}>{n}</option>)}</select>
            </Top>
            <main>
                {!list ? <Waiting error={error} what="The queue" /> : !item ? (
                    <Card><Empty icon="queue" title="Nothing is waiting">{order === "uncertain" ? "Windows that a device's model is unsure of come here by themselves." : "Everything of this kind is labelled."} Choose another order above, or look through <Link to="/recordings">all recordings</Link>.{done > 0 && <><br /><br /><button class="btn" onClick={again}>Show what I passed again</button></>}</Empty></Card>
                ) : <Item key={item.recording.id} item={item} onNext={next} />}
                {list?.length > 1 && (
                    <Card title="Then">
                        <div class="timeline">{list.slice(1, 9).map((x) => <Link to={`/recordings/${x.recording.id}`}><span>#{x.recording.id}</span><span class="row"><span class="dim">{x.recording.device} · {x.recording.streams.join(", ")}</span>{x.proposal && <><LabelChip name={x.proposal.label} /><span class="dim small">{percent(x.proposal.score, 0)}</span></>}</span><span class="dim">{x.why}</span></Link>)}</div>
                    </Card>
                )}
            </main>
        </>
    );
}

function Item({ item, onNext }) {
    const [recording, setRecording] = useState(null);
    useEffect(() => { get(`/api/recordings/${item.recording.id}`).then(setRecording, onNext); }, [item.recording.id]);
    if (!recording) return <Card><Waiting what="The recording" /></Card>;
    return <Shown item={item} recording={recording} onNext={onNext} />;
}

/** One decision: the signal, the model's proposal, a key each to accept, correct or pass. */
function Shown({ item, recording, onNext }) {
    const regions = useRegions(recording);
    const list = useCell(classes).filter((c) => !c.retired_ms);
    const editable = may("annotator"), offered = item.proposal;
    const decide = (name, extra = {}) => {
        if (!editable) return;
        regions.apply([{ region: "whole", after: { label: name, source: "human", ...extra } }]);
        onNext();
    };
    const [refused, setRefused] = useState(false);
    const proposal = refused ? null : offered;
    const refuse = () => {
        if (!proposal || !editable) return;
        setRefused(true);
        post("/api/verdicts", { verdict: "refused", rec: recording.id, label: proposal.label, model: proposal.model, score: proposal.score }).catch((e) => { setRefused(false); say(e.message, "error"); });
    };
    const accept = () => proposal && decide(proposal.label, { model: proposal.model, score: proposal.score });
    useKeys([
        { key: "Enter", group: "Queue", what: "accept the model's proposal", run: accept },
        { key: "r", group: "Queue", what: "refuse the model's proposal", run: refuse },
        { key: "Space", also: ["ArrowRight", "j"], group: "Queue", what: "pass, decide later", run: onNext },
        { key: "e", group: "Queue", what: "open it to mark regions", run: () => go(`/recordings/${recording.id}`) },
        ...list.filter((c) => c.hotkey && !"jegrb".includes(c.hotkey)).map((c) => ({ key: c.hotkey, group: "It is", what: c.name, run: () => decide(c.name) })),
    ]);
    return (
        <section class="card queue-item">
            <div class="queue-stage">
                {recording.width > 0 ? <img src={`/api/recordings/${recording.id}/picture.png`} alt={`Picture of recording ${recording.id}`} /> : <Glance recording={recording} />}
            </div>
            <div class="queue-side">
                <div class="row wrap"><Link to={`/recordings/${recording.id}`}><b>Recording {recording.id}</b></Link><span class="chip">{recording.device}</span><span class="dim small">{recording.streams.join(", ")}{!recording.width && `, ${duration(recording.duration_us)}`}</span></div>
                {proposal ? (
                    <div class="notice" style={{ flexWrap: "wrap" }}><div class="grow"><div class="small dim">The model says</div><div class="row wrap"><LabelChip name={proposal.label} /><b>{percent(proposal.score, 0)}</b>{proposal.novelty > 1 && <span class="chip warn" title="unlike the training data">novel</span>}</div></div>
                        <button class="btn primary" disabled={!editable} onClick={accept}><Icon name="check" />Accept <kbd>Enter</kbd></button><button class="btn" disabled={!editable} onClick={refuse} title="the model is wrong; kept with its score and version">Refuse <kbd>r</kbd></button></div>
                ) : <p class="small dim">{refused ? "Refused: give it another label, or pass." : "No model has judged it, or somebody refused what it said."}</p>}
                {regions.whole && <div class="small dim">Labelled now: <LabelChip name={regions.whole.label} /> by {regions.whole.author}</div>}
                {recording.hint && <div class="small dim">Recorded as <LabelChip name={recording.hint} /></div>}
                <div class="palette">{list.map((c) => <button disabled={!editable} onClick={() => decide(c.name)} title={c.guideline}><span class="swatch" style={{ background: c.color }} /><span class="grow cut">{c.name}</span>{c.hotkey && <kbd>{c.hotkey}</kbd>}</button>)}</div>
                <div class="row"><button class="btn" onClick={onNext}>Pass <kbd>Space</kbd></button><Link class="btn" to={`/recordings/${recording.id}`}>Mark regions <kbd>e</kbd></Link></div>
            </div>
        </section>
    );
}

/** All of a recording's signals, to look at. */
function Glance({ recording }) {
    const canvas = useRef(null);
    useEffect(() => {
        const p = new Plot(canvas.current, recording);
        p.setRegions(recording.regions);
        p.onData = () => { p.stacked = p.spread(); p.redraw(); };
        return () => p.destroy();
    }, [recording.id]);
    return <div class="plot" style={{ height: "100%" }}><canvas ref={canvas} aria-label={`Signals of recording ${recording.id}`} /></div>;
}
