// Beside a model: what it takes on boards, the windows behind a cell of its confusion, and two models side by side.
import { useState } from "preact/hooks";
import { post, query, useApi } from "../api.js";
import { ago, bytes, count, digest, many, percent } from "../format.js";
import { useKeys } from "../keys.js";
import { curves, judges, labelsOf } from "../metrics.js";
import { Link, go, useNow, useTitle } from "../router.jsx";
import { may, say } from "../store.js";
import { Curves } from "../widgets/charts.jsx";
import { Confusion } from "../widgets/confusion.jsx";
import { Icon } from "../widgets/icons.jsx";
import { Card, Dialog, Empty, LabelChip, Waiting } from "../widgets/pieces.jsx";
import { useRows } from "../widgets/rows.js";
import { Top } from "../widgets/top.jsx";
import { useProjections } from "./explorer.jsx";

const ms = (v) => (v < 1 ? `${+(v * 1000).toPrecision(2)} µs` : v < 1000 ? `${+v.toPrecision(3)} ms` : `${+(v / 1000).toPrecision(3)} s`);

export function Boards({ id }) {
    const { data, error } = useApi(`/api/models/${id}/boards`);
    if (!data) return <Waiting error={error} what="Boards" />;
    return (
        <div class="col">
            <div class="scroll-x" style={{ maxHeight: "340px", overflowY: "auto" }}><table aria-label="What it takes on boards">
                <thead><tr><th>Board</th><th>Core</th><th class="n">A window</th><th class="n">Energy</th><th class="n">RAM</th><th>Fits</th></tr></thead>
                <tbody>{data.boards.map((b) => <tr><td title={b.board}>{b.title}</td><td class="dim">{b.core}</td><td class="n">{b.counted ? "" : "~"}{ms(b.ms)}</td><td class="n">{+b.mj.toPrecision(2)} mJ</td><td class="n dim">{bytes(b.ram)}</td><td>{b.fits ? <span class="chip good"><Icon name="check" />yes</span> : <span class="chip bad">no</span>}</td></tr>)}</tbody>
            </table></div>
            <p class="small faint">Estimates from counted instructions; with ~ the core or an operator was not counted itself. Arena {bytes(data.arena)}, file {bytes(data.bytes)}.</p>
        </div>
    );
}

/** The windows that were one label and that the model took for another: from the newest projection with that model. */
export function CellDialog({ model, truth, said, onClose }) {
    const { list, reload } = useProjections();
    const own = list?.filter((p) => p.model === model.digest) || [], done = own.find((p) => p.state === "done"), busy = own.find((p) => p.state === "waiting" || p.state === "running");
    const { data, error } = useApi(done ? `/api/projections/${done.id}/errors${query({ label: truth, said, limit: 200 })}` : null, ["label_event"]);
    const windows = data?.windows || [];
    const [here, setHere] = useRows(windows.length, { open: (i) => go(`/recordings/${windows[i].rec}${query({ at: windows[i].start_us, to: windows[i].end_us })}`), what: "window", group: "Windows" });
    const judge = () => post("/api/projections", { stream: model.stream, model: model.digest, windows: 5000 }).then(reload, (e) => say(e.message, "error"));
    return (
        <Dialog title={truth === said ? `Windows of ${truth}, judged so` : `${truth} taken for ${said}`} onClose={onClose}>
            {!list ? <Waiting what="Windows" /> : !done ? (
                <div class="col"><p class="dim">{busy ? `The model judges every window: ${Math.round(busy.done * 100)} %.` : "The numbers come from training. To see the windows, let the model judge those that are in the project now."}</p>{!busy && may("annotator") && <button class="btn primary" onClick={judge}>Judge all windows</button>}</div>
            ) : !data ? <Waiting error={error} what="Windows" /> : !windows.length ? <p class="dim">None of the windows in the project is in this cell now.</p> : (
                <div style={{ maxHeight: "50vh", overflow: "auto" }}><table aria-label="Windows of the cell"><tbody>{windows.map((w, i) => (
                    <tr data-row={i} class={`link ${i === here ? "here" : ""}`} onClick={() => { setHere(i); go(`/recordings/${w.rec}${query({ at: w.start_us, to: w.end_us })}`); }}><td><b>#{w.rec}</b></td><td class="dim">{((w.end_us - w.start_us) / 1e6).toFixed(1)} s</td><td><LabelChip name={w.label} /></td><td><LabelChip name={w.said} /></td><td class="n">{percent(w.score, 0)}</td></tr>
                ))}</tbody></table></div>
            )}
        </Dialog>
    );
}

function better(a, b, less) {
    if (typeof a !== "number" || typeof b !== "number" || a === b) return [null, null];
    const first = less ? a < b : a > b;
    return first ? ["good", null] : [null, "good"];
}

export function CompareView() {
    const [ida, idb] = (new URLSearchParams(location.search).get("ids") || "").split(",");
    const a = useApi(ida ? `/api/models/${encodeURIComponent(ida)}` : null), b = useApi(idb ? `/api/models/${encodeURIComponent(idb)}` : null);
    const boardsA = useApi(ida ? `/api/models/${encodeURIComponent(ida)}/boards` : null).data, boardsB = useApi(idb ? `/api/models/${encodeURIComponent(idb)}/boards` : null).data;
    const now = useNow();
    useTitle("Two models");
    useKeys([{ key: "u", group: "Models", what: "back to all models", run: () => go("/models") }]);
    const title = <div class="row"><Link class="btn ghost icon" to="/models" aria-label="All models"><Icon name="left" /></Link><h1>Two models</h1></div>;
    if (!a.data || !b.data) return <><Top title={title} /><main>{ida && idb ? <Waiting error={a.error || b.error} what="The models" /> : <Card><Empty icon="models" title="Choose two models">Select two in the list of models by x, then press c.</Empty></Card>}</main></>;
    const A = a.data, B = b.data, name = (m) => `${m.name} #${m.id}`;
    const judge = (m, kind) => judges(m.metrics).find((j) => j.name.includes(kind)) || judges(m.metrics)[0];
    const row = (what, va, vb, text, less) => { const [ka, kb] = better(va, vb, less); const cell = (v, k) => <td class="n">{v === null || v === undefined ? <span class="faint">–</span> : k ? <span class="chip good" title="the better one"><Icon name="check" />{text(v)}</span> : text(v)}</td>; return <tr><td>{what}</td>{cell(va, ka)}{cell(vb, kb)}</tr>; };
    const ja = judge(A, "int8"), jb = judge(B, "int8"), fa = judge(A, "float"), fb = judge(B, "float");
    const lines = [...curves(A.metrics).slice(0, 2).map((c, i) => ({ ...c, name: `${name(A)} ${c.name}`, color: `var(--wave-${i + 1})` })), ...curves(B.metrics).slice(0, 2).map((c, i) => ({ ...c, name: `${name(B)} ${c.name}`, color: `var(--wave-${i + 1})`, dash: "5 4" }))];
    const shared = boardsA && boardsB ? boardsA.boards.filter((x) => boardsB.boards.some((y) => y.board === x.board)).slice(0, 6) : [];
    const same = A.dataset === B.dataset;
    return (
        <>
            <Top title={title} />
            <main><div class="grid">
                <Card span="s6" title="Figures">
                    <table aria-label="Two models"><thead><tr><th /><th class="n"><Link to={`/models/${A.id}`}>{name(A)}</Link></th><th class="n"><Link to={`/models/${B.id}`}>{name(B)}</Link></th></tr></thead><tbody>
                        {row("Accuracy int8", A.int8_accuracy, B.int8_accuracy, (v) => percent(v))}
                        {row("Accuracy float", A.float_accuracy, B.float_accuracy, (v) => percent(v))}
                        {row("Lost by int8", A.float_accuracy === null ? null : +(A.float_accuracy - A.int8_accuracy).toFixed(6), B.float_accuracy === null ? null : +(B.float_accuracy - B.int8_accuracy).toFixed(6), (v) => percent(v), true)}
                        {row("Macro F1", ja?.macro_f1, jb?.macro_f1, (v) => v.toFixed(3))}
                        {row("File", A.bytes, B.bytes, bytes, true)}
                        {row("Arena", A.arena, B.arena, bytes, true)}
                        {row("Multiplications a window", A.metrics.macs, B.metrics.macs, count, true)}
                        {shared.map((x) => row(x.title, x.ms, boardsB.boards.find((y) => y.board === x.board).ms, ms, true))}
                        <tr><td>Made</td><td class="n dim">{ago(A.created_ms, now)}</td><td class="n dim">{ago(B.created_ms, now)}</td></tr>
                        <tr><td>Dataset</td><td class="n mono">{digest(A.dataset)}</td><td class="n mono">{digest(B.dataset)}</td></tr>
                    </tbody></table>
                    {!same && <div class="notice warn" style={{ marginTop: "10px" }}><Icon name="alert" />They were judged on different datasets: accuracies compare only roughly.</div>}
                </Card>
                <Card span="s6" title="Confusion, int8"><div class="row wrap" style={{ alignItems: "flex-start", gap: "20px" }}>{[[A, ja], [B, jb]].map(([m, j]) => j && <div class="col" style={{ gap: "6px" }}><h3>{name(m)}</h3><Confusion compact labels={labelsOf(m.metrics, j)} matrix={j.confusion} /></div>)}</div>
                    {(fa || fb) && <p class="small dim">Rows: the label it had. Columns: what the model said. Float and int8 of one model stand on its own page.</p>}</Card>
                {lines.length > 0 && <Card span="s12" title="Learning curves"><Curves series={lines} /></Card>}
            </div></main>
        </>
    );
}

/** Which models are chosen for a comparison: at most two, the older choice gives way. */
export function useChoice(list, here) {
    const [chosen, setChosen] = useState([]);
    const flip = (id) => setChosen((c) => (c.includes(id) ? c.filter((x) => x !== id) : [...c, id].slice(-2)));
    const compare = () => (chosen.length === 2 ? go(`/models/compare?ids=${chosen.join(",")}`) : say(`choose two models by x; ${many(chosen.length, "is", "are")} chosen`));
    useKeys([
        { key: "x", also: ["Space"], group: "Models", what: "choose for a comparison", run: () => list[here] && flip(list[here].id) },
        { key: "c", group: "Models", what: "compare the two that are chosen", run: compare },
    ]);
    return [chosen, flip, compare];
}
