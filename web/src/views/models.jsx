// Models: how good each is, as float and as int8, and what it was made from.
import { useState } from "preact/hooks";
import { useApi } from "../api.js";
import { ago, bytes, count, digest, many, percent, when } from "../format.js";
import { Link, go, useNow, useTitle } from "../router.jsx";
import { curves, judges, labelsOf } from "../metrics.js";
import { Curves } from "../widgets/charts.jsx";
import { Confusion } from "../widgets/confusion.jsx";
import { Icon } from "../widgets/icons.jsx";
import { Bars, Card, Empty, Facts, LabelChip, Tabs, Waiting } from "../widgets/pieces.jsx";
import { useRows } from "../widgets/rows.js";
import { Top } from "../widgets/top.jsx";
import { Boards, CellDialog, useChoice } from "./modelwork.jsx";

export function ModelsView() {
    useTitle("Models");
    const now = useNow();
    const { data, error } = useApi("/api/models", ["model"]);
    const list = data?.models || [];
    const [here] = useRows(list.length, { open: (i) => go(`/models/${list[i].id}`), what: "model", group: "Models" });
    const [chosen, flip, compare] = useChoice(list, here);
    return (
        <>
            <Top title={<h1>Models</h1>}>{list.length > 1 && <button class="btn small" onClick={compare}>Compare two {chosen.length > 0 && `(${chosen.length})`} <kbd>c</kbd></button>}</Top>
            <main>
                <Card>
                    {!data ? <Waiting error={error} what="Models" /> : !data.models.length ? (
                        <Empty icon="models" title="No model yet">Label some recordings of every class on at least three devices, then run <code>moteloop train RECIPE</code>.</Empty>
                    ) : (
                        <div class="scroll-x"><table>
                            <thead><tr><th style={{ width: "28px" }} /><th>Model</th><th>Digest</th><th class="n">Float</th><th class="n">int8</th><th class="n">File</th><th class="n">Arena</th><th>Made from</th><th class="n">When</th></tr></thead>
                            <tbody>{data.models.map((m, i) => (
                                <tr data-row={i} class={`link ${i === here ? "here" : ""}`} onClick={() => go(`/models/${m.id}`)}>
                                    <td><input type="checkbox" checked={chosen.includes(m.id)} aria-label={`compare ${m.name} #${m.id}`} onClick={(e) => { e.stopPropagation(); flip(m.id); }} /></td>
                                    <td><Link to={`/models/${m.id}`}><b>{m.name} #{m.id}</b></Link></td>
                                    <td class="mono">{digest(m.digest)}</td>
                                    <td class="n">{percent(m.float_accuracy)}</td>
                                    <td class="n"><b>{percent(m.int8_accuracy)}</b></td>
                                    <td class="n">{bytes(m.bytes)}</td>
                                    <td class="n">{bytes(m.arena)}</td>
                                    <td class="dim">{m.parent ? <>fine-tuned from <span class="mono">{digest(m.parent)}</span></> : <>dataset <span class="mono">{digest(m.dataset)}</span></>}</td>
                                    <td class="n dim">{ago(m.created_ms, now)}</td>
                                </tr>
                            ))}</tbody>
                        </table></div>
                    )}
                </Card>
            </main>
        </>
    );
}

function Judged({ metrics, judge, onCell }) {
    const labels = labelsOf(metrics, judge);
    return (
        <div class="col">
            <div class="row wrap">
                {judge.accuracy !== undefined && <span class="chip good">accuracy {percent(judge.accuracy)}</span>}
                {judge.interval && <span class="chip">95 %: {percent(judge.interval[0])} to {percent(judge.interval[1])}</span>}
                {judge.macro_f1 !== undefined && <span class="chip">macro F1 {judge.macro_f1.toFixed(3)}</span>}
                {judge.recording_accuracy !== undefined && <span class="chip">by recording {percent(judge.recording_accuracy)}</span>}
                {judge.windows !== undefined && <span class="chip">{count(judge.windows)} windows</span>}
                {judge.uncertain !== undefined && <span class="chip">{percent(judge.uncertain)} uncertain</span>}
            </div>
            <Confusion labels={labels} matrix={judge.confusion} onCell={onCell} />
            <p class="small dim">Rows: the label it had. Columns: what the model said. A cell opens its windows.</p>
            {judge.classes?.length > 0 && (
                <div class="scroll-x"><table>
                    <thead><tr><th>Label</th><th class="n">Windows</th><th class="n">Precision</th><th class="n">Recall</th><th class="n">F1</th></tr></thead>
                    <tbody>{judge.classes.map((c) => <tr><td><LabelChip name={c.label} /></td><td class="n">{count(c.windows)}</td><td class="n">{percent(c.precision)}</td><td class="n">{percent(c.recall)}</td><td class="n">{c.f1?.toFixed(3)}</td></tr>)}</tbody>
                </table></div>
            )}
            {judge.worst_groups?.length > 0 && <div class="col" style={{ gap: "6px" }}><h3>Weakest groups</h3><Bars total={1} rows={judge.worst_groups.map((g) => ({ name: g.group, value: g.accuracy, text: `${percent(g.accuracy)} of ${g.windows}` }))} /></div>}
        </div>
    );
}

function Dataset({ id }) {
    const { data, error } = useApi(id ? `/api/datasets/${id}` : null);
    if (!id) return <p class="dim">It names no dataset: it was brought in.</p>;
    if (!data) return <Waiting error={error} what="The dataset" />;
    const by = (key) => [...data.parts.reduce((m, p) => m.set(p[key], (m.get(p[key]) || 0) + p.items), new Map())];
    const groups = (split) => [...new Set(data.parts.filter((p) => p.split === split).map((p) => p.group))];
    return (
        <div class="col">
            <p class="small dim">Digest <span class="mono">{digest(id)}</span>. A group (device or person) is never on two sides.</p>
            {by("split").map(([split, n]) => <div class="row wrap small"><b style={{ width: "74px" }}>{split}</b><span>{many(n, "window")}</span><span class="dim cut grow">{groups(split).join(", ")}</span></div>)}
            <Bars rows={by("label").map(([l, n]) => ({ name: <LabelChip name={l} />, value: n, text: count(n) }))} />
        </div>
    );
}

export function ModelView({ id }) {
    const { data: m, error } = useApi(`/api/models/${id}`);
    const releases = useApi("/api/releases", ["release"]).data?.releases;
    const devices = useApi("/api/devices", ["device_ms"]).data?.devices;
    const [tab, setTab] = useState(null), [cell, setCell] = useState(null);
    useTitle(m ? `${m.name} #${m.id}` : "Model");
    if (!m) return <><Top title={<h1>Model</h1>} /><main><Waiting error={error} what="The model" /></main></>;
    const judged = judges(m.metrics), lines = curves(m.metrics);
    const shown = judged.find((j) => j.name === tab) || judged.find((j) => j.name.includes("int8")) || judged[0];
    const pair = judged.length === 2, both = pair && (tab === null || tab === "both");
    const on = devices?.filter((d) => d.release.active_model === m.digest || d.model_digest === m.digest) || [];
    const dashes = [undefined, "6 4", "2 4", "10 4"];
    return (
        <>
            <Top title={<div class="row"><Link class="btn ghost icon" to="/models" aria-label="All models"><Icon name="left" /></Link><h1>{m.name} #{m.id}</h1></div>}>
                <a class="btn small" href={`/api/models/${m.id}/file`} download={`${m.name}-${m.id}.tflite`}><Icon name="down" />.tflite</a>
            </Top>
            <main>
                <div class="grid">
                    <Card span="s7" title="How good it is" extra={judged.length > 1 && <Tabs value={both ? "both" : shown.name} onChange={setTab} items={[...(pair ? [["both", "side by side"]] : []), ...judged.map((j) => [j.name, j.name])]} />}>
                        {both ? <div class="row wrap" style={{ alignItems: "flex-start", gap: "28px" }}>{judged.map((j) => <div class="col" style={{ gap: "8px" }}><div class="row"><h3>{j.name}</h3>{j.accuracy !== undefined && <span class="chip good">{percent(j.accuracy)}</span>}</div><Confusion compact labels={labelsOf(m.metrics, j)} matrix={j.confusion} onCell={(truth, said) => setCell({ truth, said })} /></div>)}<p class="small dim">Rows: the label it had. Columns: what the model said. A cell opens its windows.</p></div> : shown ? <Judged metrics={m.metrics} judge={shown} onCell={(truth, said) => setCell({ truth, said })} /> : <Empty icon="models" title="Not measured"><code>moteloop eval MODEL</code> measures a model on data that was never in the project.</Empty>}
                    </Card>
                    <div class="s5 col" style={{ gap: "16px" }}>
                        <Card title="Facts">
                            <Facts rows={[["Accuracy int8", <b>{percent(m.int8_accuracy)}</b>], ["Accuracy float", percent(m.float_accuracy)], ["Trainer and device agree", m.metrics.parity_windows > 0 && `on ${count(m.metrics.parity_equal)} of ${count(m.metrics.parity_windows)} windows, bit for bit`], ["File", bytes(m.bytes)], ["Arena", bytes(m.arena)], ["Parameters", m.metrics.parameters && count(m.metrics.parameters)], ["Multiplications a window", m.metrics.macs && count(m.metrics.macs)], ["Trained in", m.metrics.train_ms && `${(m.metrics.train_ms / 1000).toFixed(1)} s`], ["Digest", <code>{m.digest}</code>], ["Fine-tuned from", m.parent && <Link class="mono" to={`/models/${m.parent}`}>{digest(m.parent)}</Link>], ["Seed", m.seed], ["Made by", m.program], ["Made", when(m.created_ms)],
                                ["Released as", releases?.filter((r) => r.model === m.digest).map((r) => `${r.name} #${r.seq}`).join(", ")], ["Runs on", on.length ? on.map((d) => d.id).join(", ") : "no device"]]} />
                        </Card>
                        <Card title="Dataset"><Dataset id={m.dataset} /></Card>
                        <Card title="On boards"><Boards id={m.id} /></Card>
                    </div>
                    {lines.length > 0 && <Card span="s6" title="Learning curves"><Curves series={lines.slice(0, 4).map((l, i) => ({ ...l, color: `var(--wave-${i + 1})`, dash: dashes[i] }))} /></Card>}
                    <Card span={lines.length ? "s6" : "s12"} title="Recipe"><pre>{m.recipe || "none recorded"}</pre></Card>
                </div>
            </main>
            {cell && <CellDialog model={{ digest: m.digest, stream: (m.recipe.match(/^\s*stream\s*=\s*(\S+)/m) || [])[1] || "" }} truth={cell.truth} said={cell.said} onClose={() => setCell(null)} />}
        </>
    );
}
