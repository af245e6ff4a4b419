// Batch proposals: what a model would call every recording, as a difference to look through before any of it is stored.
import { useEffect, useMemo, useState } from "preact/hooks";
import { useApi } from "../api.js";
import { ago, count, digest, many, percent } from "../format.js";
import { useKeys } from "../keys.js";
import { Link, go, useNow, useParam, useTitle } from "../router.jsx";
import { may, say } from "../store.js";
import { ApplyDialog } from "../widgets/apply.jsx";
import { Icon } from "../widgets/icons.jsx";
import { Card, Empty, LabelChip, Waiting } from "../widgets/pieces.jsx";
import { useRows } from "../widgets/rows.js";
import { Top } from "../widgets/top.jsx";
import { useProjections } from "./explorer.jsx";

export function ProposalsView() {
    useTitle("Proposals");
    const now = useNow();
    const { list, error } = useProjections();
    const judged = list?.filter((p) => p.state === "done" && p.model) || [];
    const [wanted, setWanted] = useParam("id");
    const shown = judged.find((p) => String(p.id) === wanted) || judged[0];
    return (
        <>
            <Top title={<div class="row"><Link class="btn ghost icon" to="/queue" aria-label="The queue"><Icon name="left" /></Link><h1>Proposals</h1></div>}>
                {judged.length > 0 && <select aria-label="Model and stream" value={shown?.id} onChange={(e) => setWanted(e.target.value)}>{judged.map((p) => <option value={p.id}>model {digest(p.model)} on {p.stream}, {ago(p.created_ms, now)}</option>)}</select>}
            </Top>
            <main>{!list ? <Waiting error={error} what="Proposals" /> : !shown ? <Card><Empty icon="queue" title="No model has judged the recordings yet">Under <Link to="/explorer">Explorer</Link>, compute a projection with the features of a model: it judges every window, and its proposals come here.</Empty></Card> : <List key={shown.id} projection={shown} />}</main>
        </>
    );
}

function List({ projection }) {
    const [least, setLeast] = useParam("least", "80"), [scope, setScope] = useParam("scope", "new");
    const { data, error, reload } = useApi(`/api/projections/${projection.id}/proposals?limit=5000&least=${least}&unlabelled=${scope === "new" ? 1 : 0}`, ["label_event"]);
    const [off, setOff] = useState(new Set()), [asking, setAsking] = useState(false);
    const all = useMemo(() => (data?.proposals || []).filter((p) => p.label !== p.now), [data]);
    useEffect(() => setOff(new Set()), [projection.id]);
    const [here, setHere] = useRows(Math.min(all.length, 300), { open: (i) => go(`/recordings/${all[i].rec}`), what: "proposal", group: "Proposals" });
    const chosen = all.filter((p) => !off.has(p.rec));
    const flip = (p) => { const next = new Set(off); if (!next.delete(p.rec)) next.add(p.rec); setOff(next); };
    const by = new Map();
    for (const p of chosen) { const k = p.now || ""; by.set(p.label, { ...by.get(p.label), [k]: (by.get(p.label)?.[k] || 0) + 1 }); }
    const apply = () => { if (!may("annotator")) return; if (chosen.length) setAsking(true); else say("no proposal is chosen"); };
    useKeys([
        { key: "x", also: ["Space"], group: "Proposals", what: "leave out, or take in again", run: () => all[here] && flip(all[here]) },
        { key: "a", group: "Proposals", what: "apply what is chosen, after a preview", run: apply },
        { key: "+", also: ["="], group: "Proposals", what: "only surer ones", run: () => setLeast(String(Math.min(100, +least + 5))) },
        { key: "-", group: "Proposals", what: "less sure ones, too", run: () => setLeast(String(Math.max(0, +least - 5))) },
    ]);
    return (
        <div class="grid">
            <Card span="s8" title={`${count(chosen.length)} of ${count(all.length)} proposals`} extra={<><select aria-label="Which recordings" value={scope} onChange={(e) => setScope(e.target.value)}><option value="new">without any label</option><option value="all">labelled ones, too</option></select><label class="row small">at least <input type="number" min="0" max="100" step="5" style={{ width: "72px" }} value={least} onInput={(e) => setLeast(e.target.value)} aria-label="Least score in percent" /> %</label></>}>
                {!data ? <Waiting error={error} what="Proposals" /> : !all.length ? <Empty icon="quality" title="Nothing to propose">No recording without a label is judged that surely. Lower the score, or let a newer model judge.</Empty> : (
                    <table aria-label="Proposals"><thead><tr><th style={{ width: "28px" }} /><th>Recording</th><th>Now</th><th>Becomes</th><th class="n">Sure</th><th class="n">Windows</th></tr></thead>
                        <tbody>{all.slice(0, 300).map((p, i) => (
                            <tr data-row={i} class={`link ${i === here ? "here" : ""}`} style={off.has(p.rec) ? { opacity: 0.5 } : undefined} onClick={() => setHere(i)}>
                                <td><input type="checkbox" checked={!off.has(p.rec)} onClick={(e) => { e.stopPropagation(); flip(p); }} aria-label={`take recording ${p.rec}`} /></td>
                                <td><Link to={`/recordings/${p.rec}`}>#{p.rec}</Link></td><td>{p.now ? <span style={{ textDecoration: "line-through" }}>{p.now}</span> : <span class="faint">no label</span>}</td><td><LabelChip name={p.label} /></td><td class="n">{percent(p.score, 0)}</td><td class="n dim">{p.windows}</td>
                            </tr>
                        ))}</tbody></table>
                )}
            </Card>
            <Card span="s4" title="What would change">
                {!chosen.length ? <p class="dim small">Nothing is chosen.</p> : <div class="col">
                    {[...by].map(([label, from]) => <div class="col" style={{ gap: "3px" }}><LabelChip name={label} />{Object.entries(from).map(([was, n]) => <div class="small">{was ? <><span class="chip warn">{n}</span> change from {was}</> : <><span class="chip good">+{n}</span> get their first label</>}</div>)}</div>)}
                    <button class="btn primary" disabled={!may("annotator")} onClick={apply}>Apply {count(chosen.length)} <kbd>a</kbd></button>
                    <p class="small faint">Stored as labels of the model with its score, told apart from human ones everywhere.</p>
                </div>}
            </Card>
            {asking && <ApplyDialog title={`Take ${many(chosen.length, "proposal")} of model ${digest(projection.model)}`} changes={chosen.map((p) => ({ rec: p.rec, region: "whole", label: p.label, source: "model", model: projection.model, score: p.score }))} onDone={reload} onClose={() => setAsking(false)}>
                <ul class="col" style={{ gap: "4px", margin: 0, paddingLeft: "18px" }}>{[...by].map(([label, from]) => <li>{Object.entries(from).map(([was, n]) => `${n} ${was ? `from ${was}` : "without a label"}`).join(", ")} become <LabelChip name={label} /></li>)}</ul>
            </ApplyDialog>}
        </div>
    );
}
