// Remote recording: ask devices and groups, awake or not; how far each is; what sets a recording off by itself.
import { useState } from "preact/hooks";
import { post, put, useApi } from "../api.js";
import { ago, duration, many } from "../format.js";
import { useKeys } from "../keys.js";
import { Link, go, useNow, useTitle } from "../router.jsx";
import { classes, may, say, useCell } from "../store.js";
import { Icon } from "../widgets/icons.jsx";
import { Card, Empty, LabelChip, Status, Waiting } from "../widgets/pieces.jsx";
import { useRows } from "../widgets/rows.js";
import { Top } from "../widgets/top.jsx";

const kinds = { asked: "", recording: "warn", done: "good", failed: "bad", withdrawn: "", expired: "bad" };

export function RecordView() {
    useTitle("Record");
    const now = useNow(2000);
    const devices = useApi("/api/devices", ["device_ms"]).data?.devices || [], streams = useApi("/api/overview").data?.streams || [];
    const { data, error, reload } = useApi("/api/record?limit=100", ["command", "recording"]);
    const labels = useCell(classes).filter((c) => !c.retired_ms);
    const groups = [...new Set(devices.map((d) => d.group).filter(Boolean))];
    const [chosen, setChosen] = useState([]), [f, setF] = useState({ label: "", seconds: 10, stream: "", days: 7 });
    const asked = data?.asked || [];
    const [here, setHere] = useRows(asked.length, { open: (i) => asked[i].recording && go(`/recordings/${asked[i].recording}`), what: "request", group: "Record" });
    const flip = (name) => setChosen((c) => (c.includes(name) ? c.filter((x) => x !== name) : [...c, name]));
    const run = (work, told) => async (e) => {
        e?.preventDefault();
        if (!chosen.length) { say("choose devices, a group, or all of them first"); return; }
        try {
            const answer = await work();
            say(told(answer));
            reload();
        } catch (x) {
            say(x.message, "error");
        }
    };
    const record = run(() => post("/api/record", { devices: chosen, seconds: +f.seconds, stream: f.stream, label: f.label, days: +f.days }), (a) => `${many(a.asked.length, "device")} asked to record ${f.seconds} s${f.label && ` of ${f.label}`}`);
    const stop = run(() => post("/api/record/stop", { devices: chosen }), (a) => `${many(a.withdrawn, "request")} withdrawn`);
    useKeys([{ key: "u", group: "Record", what: "back to the devices", run: () => go("/devices") }, { key: "a", group: "Record", what: "all devices, or none", run: () => setChosen(chosen.includes("all") ? [] : ["all"]) }, { key: "r", group: "Record", what: "record", run: () => record() }]);
    const pick = (name, text, extra) => <label class="chip" style={{ padding: "4px 10px", cursor: "pointer" }}><input type="checkbox" checked={chosen.includes(name)} onChange={() => flip(name)} />{text}{extra}</label>;
    return (
        <>
            <Top title={<div class="row"><Link class="btn ghost icon" to="/devices" aria-label="All devices"><Icon name="left" /></Link><h1>Record</h1></div>} />
            <main><div class="grid">
                <Card span="s5" title="Ask devices">
                    <form class="col" onSubmit={record}>
                        <div class="row wrap">{pick("all", "all devices", <kbd>a</kbd>)}{groups.map((g) => pick(g, <>group {g}</>))}{devices.slice(0, 40).map((d) => pick(d.id, d.id, !d.online && <span class="faint">asleep</span>))}</div>
                        <div class="row"><label class="field grow">Label<select value={f.label} onChange={(e) => setF({ ...f, label: e.target.value })}><option value="">none</option>{labels.map((c) => <option>{c.name}</option>)}</select></label>
                            <label class="field" style={{ width: "96px" }}>Seconds<input type="number" min="1" step="any" value={f.seconds} onInput={(e) => setF({ ...f, seconds: e.target.value })} /></label></div>
                        <div class="row"><label class="field grow">Stream<select value={f.stream} onChange={(e) => setF({ ...f, stream: e.target.value })}><option value="">all of the device</option>{streams.map((s) => <option>{s.name}</option>)}</select></label>
                            <label class="field" style={{ width: "130px" }}>Given up after, days<input type="number" min="1" value={f.days} onInput={(e) => setF({ ...f, days: e.target.value })} /></label></div>
                        <div class="row"><button class="btn primary" disabled={!may("annotator")}><Icon name="rec" />Record <kbd>r</kbd></button><button type="button" class="btn" disabled={!may("annotator")} onClick={stop}>Stop and withdraw</button></div>
                        <p class="small faint">A device that is asleep records when it wakes.</p>
                    </form>
                </Card>
                <Card span="s7" title="What was asked">
                    {!data ? <Waiting error={error} what="Requests" /> : !asked.length ? <Empty icon="devices" title="Nothing was asked for yet">Choose devices on the left and press r.</Empty> : (
                        <div class="scroll-x"><table aria-label="Recordings asked for"><thead><tr><th>Device</th><th>Label</th><th class="n">Length</th><th>State</th><th class="n">Asked</th></tr></thead>
                            <tbody>{asked.map((c, i) => <tr data-row={i} class={`link ${i === here ? "here" : ""}`} onClick={() => setHere(i)}><td>{c.device}</td><td>{c.label ? <LabelChip name={c.label} /> : <span class="faint">none</span>}</td><td class="n">{duration(c.duration_ms * 1000)}</td><td><Status kind={kinds[c.state] || ""} title={c.reply}>{c.state}</Status> {c.recording && <Link to={`/recordings/${c.recording}`}>#{c.recording}</Link>}{c.state === "failed" && c.reply && <div class="small dim">{c.reply}</div>}</td><td class="n dim">{ago(c.created_ms, now)} by {c.author}</td></tr>)}</tbody></table></div>
                    )}
                </Card>
                <Settings chosen={chosen} streams={streams} labels={labels} run={run} />
            </div></main>
        </>
    );
}

/** Rates and what sets a recording off; for the devices that are chosen above. */
function Settings({ chosen, streams, labels, run }) {
    const [rate, setRate] = useState({ stream: "", hz: "" }), [t, setT] = useState({ kind: "level", stream: "", over: 1, class: "", seconds: 5, gap_seconds: 60 });
    const stream = (v) => v || streams[0]?.name;
    const told = (a) => `${many(a.devices, "device")} will be told`;
    const trigger = t.kind === "level" ? { kind: "level", stream: stream(t.stream), over: +t.over, seconds: +t.seconds, gap_seconds: +t.gap_seconds } : { kind: "class", class: t.class || labels[0]?.name, seconds: +t.seconds, gap_seconds: +t.gap_seconds };
    return (
        <Card span="s12" title={chosen.length ? `Settings of ${chosen.join(", ")}` : "Settings of the devices chosen above"}>
            <div class="grid">
                <form class="s4 row wrap" style={{ alignItems: "flex-end" }} onSubmit={run(() => put("/api/record/settings", { devices: chosen, rates: [{ stream: stream(rate.stream), hz: +rate.hz }] }), told)}>
                    <label class="field">Rate of<select value={stream(rate.stream)} onChange={(e) => setRate({ ...rate, stream: e.target.value })}>{streams.map((s) => <option>{s.name}</option>)}</select></label>
                    <label class="field" style={{ width: "90px" }}>Hz<input type="number" min="0.001" step="any" required value={rate.hz} onInput={(e) => setRate({ ...rate, hz: e.target.value })} /></label>
                    <button class="btn" disabled={!may("annotator")}>Set rate</button>
                </form>
                <form class="s8 row wrap" style={{ alignItems: "flex-end" }} onSubmit={run(() => put("/api/record/settings", { devices: chosen, triggers: [trigger] }), told)}>
                    <label class="field">Record by itself when<select value={t.kind} onChange={(e) => setT({ ...t, kind: e.target.value })}><option value="level">a value is over</option><option value="class">the model says</option></select></label>
                    {t.kind === "level" ? <><label class="field">Stream<select value={stream(t.stream)} onChange={(e) => setT({ ...t, stream: e.target.value })}>{streams.map((s) => <option>{s.name}</option>)}</select></label><label class="field" style={{ width: "84px" }}>Level<input type="number" step="any" value={t.over} onInput={(e) => setT({ ...t, over: e.target.value })} /></label></>
                        : <label class="field">Label<select value={t.class} onChange={(e) => setT({ ...t, class: e.target.value })}>{labels.map((c) => <option>{c.name}</option>)}</select></label>}
                    <label class="field" style={{ width: "84px" }}>Seconds<input type="number" min="1" step="any" value={t.seconds} onInput={(e) => setT({ ...t, seconds: e.target.value })} /></label>
                    <label class="field" style={{ width: "110px" }}>Not again for, s<input type="number" min="0" step="any" value={t.gap_seconds} onInput={(e) => setT({ ...t, gap_seconds: e.target.value })} /></label>
                    <button class="btn" disabled={!may("annotator")}>Set</button>
                </form>
            </div>
        </Card>
    );
}
