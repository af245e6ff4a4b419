// Coverage: how much of every label there is by device, user or condition, against the target; what to record next.
import { useState } from "preact/hooks";
import { post, put, query, useApi } from "../api.js";
import { count } from "../format.js";
import { useKeys } from "../keys.js";
import { go, useParam, useTitle } from "../router.jsx";
import { classes, may, say, useCell } from "../store.js";
import { Icon } from "../widgets/icons.jsx";
import { Card, Dialog, Empty, LabelChip, Waiting } from "../widgets/pieces.jsx";
import { Top } from "../widgets/top.jsx";

export const groupKeys = (meta) => [["device", "Device"], ["group", "User or group"], ...(meta || []).map((m) => [`meta:${m}`, m])];
const amount = (v, unit) => (unit === "recordings" ? count(v) : v >= 120 ? `${(v / 60).toFixed(1)} min` : `${+v.toFixed(1)} s`);

export function CoverageView() {
    useTitle("Coverage");
    const [by, setBy] = useParam("by", "device"), [stream, setStream] = useParam("stream");
    const { data, error, reload } = useApi(`/api/coverage${query({ by, stream })}`, ["label_event", "recording"]);
    const streams = useApi("/api/overview").data?.streams || [];
    const list = useCell(classes).filter((c) => !c.retired_ms);
    const [editing, setEditing] = useState(false), [at, setAt] = useState([0, 0]);
    const target = data?.target, unit = target?.unit || "seconds";
    const want = (label) => (target ? target.labels?.[label] ?? target.each : 0);
    const cell = new Map(data?.cells.map((c) => [`${c.label}\n${c.group}`, unit === "recordings" ? c.recordings : c.us / 1e6]));
    const have = (label, group) => cell.get(`${label}\n${group}`) || 0;
    const groups = [...new Set([...(data?.groups || []), ...(data?.cells.map((c) => c.group) || [])])].sort();
    const labels = list.map((c) => c.name);
    const gaps = target ? labels.flatMap((l) => groups.filter((g) => g !== "" && have(l, g) < want(l)).map((g) => ({ label: l, group: g, lack: want(l) - have(l, g), part: have(l, g) / want(l) }))).sort((a, b) => a.part - b.part || b.lack - a.lack) : [];
    const total = groups.length * labels.length, met = total - gaps.length;
    const open = (l, g) => go(`/recordings${query({ label: l, ...(by === "device" ? { device: g } : by === "group" ? { group: g } : { meta: `${by.slice(5)}=${g}` }) })}`);
    const row = Math.min(at[0], Math.max(0, groups.length - 1)), col = Math.min(at[1], Math.max(0, labels.length - 1));
    const move = (r, c) => () => setAt([Math.max(0, Math.min(groups.length - 1, row + r)), Math.max(0, Math.min(labels.length - 1, col + c))]);
    const record = async (g) => {
        const seconds = Math.max(5, Math.min(120, Math.ceil(unit === "seconds" ? g.lack : 10)));
        try {
            await post(`/api/devices/${encodeURIComponent(g.group)}/record`, { label: g.label, seconds });
            say(`${g.group} was asked to record ${seconds} s of ${g.label}`);
        } catch (e) {
            say(e.message, "error");
        }
    };
    useKeys([
        { key: "ArrowDown", also: ["j"], group: "Coverage", what: "next row", run: move(1, 0) }, { key: "ArrowUp", also: ["k"], group: "Coverage", what: "previous row", run: move(-1, 0) },
        { key: "ArrowRight", group: "Coverage", what: "next label", run: move(0, 1) }, { key: "ArrowLeft", group: "Coverage", what: "previous label", run: move(0, -1) },
        { key: "Enter", group: "Coverage", what: "show its recordings", run: () => groups.length && labels.length && open(labels[col], groups[row]) },
        ...(may("reviewer") ? [{ key: "e", group: "Coverage", what: "state the target", run: () => setEditing(true) }] : []),
        ...(may("annotator") && by === "device" ? [{ key: "r", group: "Coverage", what: "record what is needed most", run: () => gaps[0] && record(gaps[0]) }] : []),
    ]);
    return (
        <>
            <Top title={<div class="row"><h1>Coverage</h1>{target && total > 0 && <span class={`chip ${met === total ? "good" : "warn"}`}>{met} of {total} meet the target</span>}</div>}>
                <select aria-label="Grouped by" value={by} onChange={(e) => setBy(e.target.value)}>{groupKeys(data?.meta || (by.startsWith("meta:") ? [by.slice(5)] : [])).map(([v, n]) => <option value={v}>{n}</option>)}</select>
                <select aria-label="Stream" value={stream} onChange={(e) => setStream(e.target.value)}><option value="">Any stream</option>{streams.map((s) => <option>{s.name}</option>)}</select>
                {may("reviewer") && <button class="btn small" onClick={() => setEditing(true)}>Target <kbd>e</kbd></button>}
            </Top>
            <main>
                {!data ? <Waiting error={error} what="Coverage" /> : !labels.length || !groups.length ? <Card><Empty icon="coverage" title="Nothing to cover yet">{labels.length ? "Record or import something first." : "Make labels first: this page then says how much of each there is on every device, from every user, in every condition."}</Empty></Card> : (
                    <div class="col" style={{ gap: "16px" }}>
                        {!target && <div class="notice"><span class="grow">No target is stated yet: how much of every label should there be in every group?</span>{may("reviewer") && <button class="btn small primary" onClick={() => setEditing(true)}>State it</button>}</div>}
                        <Card>
                            <div class="scroll-x"><table class="cover" aria-label="Labelled data by group and label">
                                <thead><tr><th>{groupKeys(data.meta).find(([k]) => k === by)?.[1]}</th>{labels.map((l) => <th><LabelChip name={l} /></th>)}</tr></thead>
                                <tbody>{groups.map((g, i) => (
                                    <tr>
                                        <th scope="row">{g || <span class="faint">not said</span>}</th>
                                        {labels.map((l, k) => {
                                            const v = have(l, g), w = want(l), part = w ? Math.min(1, v / w) : v ? 1 : 0;
                                            const kind = !w ? "" : v >= w ? "good" : v > 0 ? "warn" : "bad";
                                            return <td class={`${kind} ${i === row && k === col ? "here" : ""}`} tabIndex={-1} onClick={() => { setAt([i, k]); open(l, g); }} title={`${g || "not said"}, ${l}: ${amount(v, unit)}${w ? ` of ${amount(w, unit)}` : ""}`}>
                                                <span>{v ? amount(v, unit) : w ? "none" : "–"}</span>{w > 0 && <i><b style={{ width: `${100 * part}%` }} /></i>}{kind === "good" && <Icon name="check" />}</td>;
                                        })}
                                    </tr>
                                ))}</tbody>
                            </table></div>
                        </Card>
                        {target && (
                            <Card title="Record next">
                                {!gaps.length ? <Empty icon="quality" title="The target is met">Every label has {amount(target.each, unit)} or more in every group. Raise the target, or look at another grouping.</Empty>
                                    : <div class="timeline">{gaps.slice(0, 8).map((g, i) => <div><b>{g.group}</b><span class="row wrap"><LabelChip name={g.label} /><span class="dim">{amount(g.lack, unit)} more, has {amount(have(g.label, g.group), unit)}</span></span>{by === "device" && may("annotator") ? <button class="btn small" onClick={() => record(g)}><Icon name="rec" />Record {i === 0 && <kbd>r</kbd>}</button> : <span />}</div>)}</div>}
                            </Card>
                        )}
                    </div>
                )}
            </main>
            {editing && <Target target={target} by={by} labels={labels} onClose={(saved) => { setEditing(false); if (saved) reload(); }} />}
        </>
    );
}

function Target({ target, by, labels, onClose }) {
    const [each, setEach] = useState(target?.each ?? 60), [unit, setUnit] = useState(target?.unit || "seconds"), [own, setOwn] = useState(target?.labels || {});
    const keep = async (e) => {
        e.preventDefault();
        try {
            await put("/api/coverage/target", { each: +each, unit, by, labels: Object.fromEntries(Object.entries(own).filter(([, v]) => v !== "").map(([k, v]) => [k, +v])) });
            onClose(true);
        } catch (problem) {
            say(problem.message, "error");
        }
    };
    return (
        <Dialog title="Target of the project" onClose={() => onClose(false)}>
            <form class="col" onSubmit={keep}>
                <div class="row"><label class="field grow">Every label, in every group<input type="number" min="0" step="any" required value={each} onInput={(e) => setEach(e.target.value)} /></label>
                    <label class="field">Counted in<select value={unit} onChange={(e) => setUnit(e.target.value)}><option value="seconds">seconds</option><option value="recordings">recordings</option></select></label></div>
                <h3>Labels with a number of their own</h3>
                <div class="grid" style={{ gridTemplateColumns: "repeat(auto-fill, minmax(150px, 1fr))", gap: "10px" }}>{labels.map((l) => <label class="field">{l}<input type="number" min="0" step="any" placeholder={each} value={own[l] ?? ""} onInput={(e) => setOwn({ ...own, [l]: e.target.value })} /></label>)}</div>
                <div class="row"><button class="btn primary">Keep</button></div>
            </form>
        </Dialog>
    );
}
