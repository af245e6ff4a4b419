// Devices: what each is, how it is, what it runs; and commands to it.
import { useState } from "preact/hooks";
import { post, useApi } from "../api.js";
import { ago, bytes, count, digest, duration, percent, rate, when } from "../format.js";
import { useKeys } from "../keys.js";
import { Link, go, useNow, useTitle } from "../router.jsx";
import { classes, may, say, useCell } from "../store.js";
import { Icon } from "../widgets/icons.jsx";
import { Card, Dialog, Empty, Facts, LabelChip, Status, Waiting } from "../widgets/pieces.jsx";
import { useRows } from "../widgets/rows.js";
import { Top } from "../widgets/top.jsx";

const capability = ["small", "medium", "large"];
function State({ d }) {
    return <Status kind={d.online ? "good" : d.hello_ms ? "bad" : ""} title={d.status_reason}>{d.online ? "online" : d.hello_ms ? `offline${d.status_reason ? `: ${d.status_reason}` : ""}` : "never seen"}</Status>;
}

function RecordDialog({ device, streams, onClose }) {
    const list = useCell(classes).filter((c) => !c.retired_ms);
    const [stream, setStream] = useState(""), [label, setLabel] = useState(""), [seconds, setSeconds] = useState("10");
    const start = async (e) => {
        e.preventDefault();
        try {
            await post(`/api/devices/${device}/record`, { stream, label, seconds: Number(seconds) });
            say(`${device} was asked to record ${seconds} s`);
            onClose();
        } catch (problem) {
            say(problem.message, "error");
        }
    };
    return (
        <Dialog title={`Record on ${device}`} onClose={onClose}>
            <form class="col" onSubmit={start}>
                <label class="field">Stream<select value={stream} onChange={(e) => setStream(e.target.value)}><option value="">every stream</option>{streams.map((s) => <option>{s.name}</option>)}</select></label>
                <label class="field">Label that is expected (a hint, not yet a label)<input list="known-labels" value={label} maxLength={31} onInput={(e) => setLabel(e.target.value)} /></label>
                <datalist id="known-labels">{list.map((c) => <option value={c.name} />)}</datalist>
                <label class="field">Seconds<input type="number" min="0.1" max="86400" step="any" required value={seconds} onInput={(e) => setSeconds(e.target.value)} /></label>
                <div class="row"><button class="btn primary"><Icon name="rec" />Start recording</button><button type="button" class="btn" onClick={onClose}>Cancel</button></div>
            </form>
        </Dialog>
    );
}

export function DevicesView({ id }) {
    return id ? <Device id={id} /> : <List />;
}

function List() {
    useTitle("Devices");
    const now = useNow(2000);
    const { data, error } = useApi("/api/devices", ["device_ms", "blocks"]);
    const [here] = useRows(data?.devices.length || 0, { open: (i) => go(`/devices/${data.devices[i].id}`), what: "device", group: "Devices" });
    useKeys([{ key: "r", group: "Devices", what: "record on many", run: () => go("/record") }]);
    return (
        <>
            <Top title={<h1>Devices</h1>}><Link class="btn small primary" to="/record"><Icon name="rec" />Record on many <kbd>r</kbd></Link></Top>
            <main><Card>
                {!data ? <Waiting error={error} what="Devices" /> : !data.devices.length ? <Empty icon="devices" title="No devices yet"><code>moteloop device add NAME</code> makes the credentials of one.</Empty> : (
                    <div class="scroll-x"><table>
                        <thead><tr><th>Device</th><th>State</th><th>Board</th><th>Class</th><th>Group</th><th>Model</th><th>Release</th><th class="n">Windows judged</th><th class="n">Last data</th></tr></thead>
                        <tbody>{data.devices.map((d, i) => (
                            <tr data-row={i} class={`link ${i === here ? "here" : ""}`} onClick={() => go(`/devices/${d.id}`)} style={d.removed_ms ? { opacity: 0.5 } : undefined}>
                                <td><Link to={`/devices/${d.id}`}><b>{d.id}</b></Link> {d.name && <span class="dim">{d.name}</span>} {d.simulated && <span class="chip warn">simulated</span>} {d.removed_ms && <span class="chip">removed</span>}</td>
                                <td><State d={d} /></td>
                                <td>{d.board || <span class="faint">–</span>} <span class="faint">{d.isa}</span></td>
                                <td>{d.hello_ms ? capability[d.class] || d.class : <span class="faint">–</span>}</td>
                                <td>{d.group || <span class="faint">–</span>}</td>
                                <td>{d.model ? <>{d.model} <span class="mono faint">{digest(d.model_digest)}</span></> : <span class="faint">none</span>}</td>
                                <td>{d.release.state ? <Status kind={{ active: "good", refused: "bad", "rolled-back": "bad", idle: "" }[d.release.state] ?? "warn"} title={d.release.reason}>#{d.release.seq} {d.release.state}</Status> : <span class="faint">–</span>}{d.release.reason && <div class="small dim">{d.release.reason}</div>}</td>
                                <td class="n">{d.health?.inferences !== undefined ? count(d.health.inferences) : <span class="faint">–</span>}</td>
                                <td class="n dim">{ago(d.last_data_ms, now)}</td>
                            </tr>
                        ))}</tbody>
                    </table></div>
                )}
            </Card></main>
        </>
    );
}

function Device({ id }) {
    useTitle(id);
    const now = useNow(1000);
    const [recording, setRecording] = useState(false);
    const { data: d, error } = useApi(`/api/devices/${encodeURIComponent(id)}`, ["device_ms", "blocks", "command"]);
    const events = useApi(`/api/events?last=40&device=${encodeURIComponent(id)}`, ["event"]).data?.events;
    const recordings = useApi(`/api/recordings?limit=8&device=${encodeURIComponent(id)}`, ["recording"]).data?.recordings;
    const back = <Link class="btn ghost icon" to="/devices" aria-label="All devices"><Icon name="left" /></Link>;
    if (!d) return <><Top title={<div class="row">{back}<h1>{id}</h1></div>} /><main><Waiting error={error} what="The device" /></main></>;
    const command = async (what, body) => {
        try {
            await post(`/api/devices/${id}/${what}`, body);
            say(`${id} was asked to ${what}`);
        } catch (e) {
            say(e.message, "error");
        }
    };
    const h = d.health, r = d.release;
    return (
        <>
            <Top title={<div class="row">{back}<h1>{d.name || d.id}</h1><State d={d} />{d.simulated && <span class="chip warn">simulated</span>}</div>}>
                {may("annotator") && <>
                    <button class="btn small primary" onClick={() => setRecording(true)}><Icon name="rec" />Record</button>
                    <button class="btn small" onClick={() => command("classify", { seconds: -1 })}>Classify</button>
                    <button class="btn small" onClick={() => command("stop")}>Stop</button>
                </>}
            </Top>
            <main>
                <div class="grid">
                    <Card span="s4" title="What it is">
                        <Facts rows={[["Board", d.board], ["Instruction set", d.isa], ["Runtime", d.runtime], ["Class", d.hello_ms ? capability[d.class] || d.class : ""], ["RAM", d.ram && bytes(d.ram)], ["Arena", d.arena && bytes(d.arena)], ["Slots", d.slots && `${d.slots} of ${bytes(d.slot_bytes)}`], ["DSP", d.dsp_variant], ["Group", d.group], ["Boots", d.boot_count || ""], ["Last hello", when(d.hello_ms)]]} />
                        {d.ops && <details class="small dim" style={{ marginTop: "10px" }}><summary>{d.ops.split(" ").length} operators</summary>{d.ops.toLowerCase().replaceAll(" ", ", ")}</details>}
                    </Card>
                    <Card span="s4" title="What it runs">
                        <Facts rows={[["Model", d.model || "none"], ["Digest", d.model_digest && <Link class="mono" to={`/models/${d.model_digest}`}>{digest(d.model_digest)}</Link>], ["Active release", r.active_seq ? `#${r.active_seq}` : "none"], ["Last release", r.state && <Status kind={{ active: "good", refused: "bad", "rolled-back": "bad" }[r.state] ?? "warn"}>#{r.seq} {r.state}</Status>], ["Reason", r.reason], ["Fetched", r.total ? `${bytes(r.fetched)} of ${bytes(r.total)}` : ""]]} />
                    </Card>
                    <Card span="s4" title="How it is">
                        {h ? <Facts rows={[["Up for", h.uptime_us !== undefined && duration(h.uptime_us)], ["Windows judged", h.inferences !== undefined && count(h.inferences)], ["Uncertain", h.inferences ? percent(h.uncertain / h.inferences) : ""], ["One window takes", h.inference_us ? duration(h.inference_us) : ""], ["Spool", h.spool_size ? `${bytes(h.spool_used)} of ${bytes(h.spool_size)}` : ""], ["Dropped blocks", h.dropped_blocks !== undefined && count(h.dropped_blocks)]]} /> : <p class="dim">It has sent no health report yet.</p>}
                        <p class="small dim" style={{ marginTop: "10px" }}>Last data {ago(d.last_data_ms, now)}</p>
                    </Card>
                    <Card span="s6" title="Streams">
                        {d.streams.length ? <table><thead><tr><th>Name</th><th class="n">Channels</th><th class="n">Rate</th><th>Units</th></tr></thead><tbody>{d.streams.map((s) => <tr><td><b>{s.name}</b></td><td class="n">{s.channels}{s.channel_names.length > 0 && <span class="faint"> {s.channel_names.join(" ")}</span>}</td><td class="n">{rate(s.interval_ns)}</td><td>{s.units || "–"}</td></tr>)}</tbody></table> : <p class="dim">It has named no streams yet.</p>}
                    </Card>
                    <Card span="s6" title="Commands">
                        {d.commands.length ? <div class="timeline">{d.commands.slice(0, 8).map((c) => <div><span class="dim">{ago(c.created_ms, now)}</span><span>{c.kind}{c.stream && ` ${c.stream}`}{c.label && <> as <LabelChip name={c.label} /></>}{c.duration_ms > 0 && ` for ${duration(c.duration_ms * 1000)}`} <span class="faint">by {c.author}</span></span>{c.replied_ms ? <Status kind={c.status === 0 ? "good" : "bad"}>{c.status === 0 ? "done" : c.reply || `status ${c.status}`}</Status> : <Status kind="warn">waiting</Status>}</div>)}</div> : <p class="dim">Nothing was asked of it yet.</p>}
                    </Card>
                    <Card span="s6" title="What it says">
                        {events?.length ? <div class="timeline">{events.slice(0, 12).map((e) => <div><span class="dim">{ago(e.received_ms, now)}</span><span class="row"><LabelChip name={e.label} /><span class="dim">{percent(e.score, 0)}</span>{e.uncertain && <span class="chip warn">unsure</span>}</span>{e.recording ? <Link to={`/recordings/${e.recording}`}>recording {e.recording}</Link> : <span />}</div>)}</div> : <Empty icon="models" title="No classified windows yet">It reports them once it runs a model and was asked to classify.</Empty>}
                    </Card>
                    <Card span="s6" title="Latest recordings" extra={<Link class="small" to={`/recordings?device=${encodeURIComponent(id)}`}>all of it</Link>}>
                        {recordings?.length ? <div class="timeline">{recordings.map((x) => <Link to={`/recordings/${x.id}`}><span class="dim">{ago(x.created_ms, now)}</span><span class="row">{x.streams.join(", ")} · {duration(x.duration_us)} {x.labels.map((l) => <LabelChip name={l} />)}</span><span>#{x.id}</span></Link>)}</div> : <Empty icon="recordings" title="No recordings yet">Press Record.</Empty>}
                    </Card>
                </div>
            </main>
            {recording && <RecordDialog device={id} streams={d.streams} onClose={() => setRecording(false)} />}
        </>
    );
}
