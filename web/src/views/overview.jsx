// Everything at a glance, and what to do next.
import { useApi } from "../api.js";
import { ago, bytes, count, duration, many, percent } from "../format.js";
import { Link, useNow, useTitle } from "../router.jsx";
import { classes, useCell } from "../store.js";
import { MinuteBars } from "../widgets/charts.jsx";
import { Confusion } from "../widgets/confusion.jsx";
import { Icon } from "../widgets/icons.jsx";
import { judges, labelsOf } from "../metrics.js";
import { Bars, Card, Empty, LabelChip, Status, Waiting } from "../widgets/pieces.jsx";
import { Top } from "../widgets/top.jsx";
import { RolloutStages } from "./rollouts.jsx";

function Tile({ to, icon, name, value, small, note }) {
    return (
        <Link class="card tile s3" to={to}>
            <div class="name"><Icon name={icon} />{name}</div>
            <div class="value">{value}{small && <small> {small}</small>}</div>
            <div class="note">{note}</div>
        </Link>
    );
}

/** The one thing that brings the project forward from where it is. */
function NextStep({ c, rollouts }) {
    const running = rollouts?.find((r) => r.state === "running");
    let text, to, action;
    if (!c.devices) text = "No device is provisioned yet: `moteloop device add NAME` makes its credentials, `moteloop import` brings files in.";
    else if (!c.recordings) [text, to, action] = ["No recording has arrived yet: start a device, then ask it to record.", "/devices", "Devices"];
    else if (c.queue && c.recordings_labelled) [text, to, action] = [`${many(c.queue, "recording")} with windows that a model was unsure of: labelling them teaches most.`, "/queue", "Open the queue"];
    else if (c.recordings_labelled < c.recordings) [text, to, action] = [`${count(c.recordings - c.recordings_labelled)} recordings have no label yet.`, "/recordings?unlabelled=1", "Label them"];
    else if (!c.models) text = "Everything is labelled: `moteloop train RECIPE` builds the first model.";
    else if (!c.releases) text = "A model is there: `moteloop release MODEL` signs it, `moteloop rollout start` ships it.";
    else if (running) [text, to, action] = ["A rollout is running.", "/rollouts", "Watch it"];
    else return null;
    return (
        <div class="notice s12">
            <Icon name="right" /><span class="grow">{text.split("`").map((part, i) => (i % 2 ? <code>{part}</code> : part))}</span>
            {to && <Link class="btn small" to={to}>{action}</Link>}
        </div>
    );
}

function Fleet({ devices, events, now }) {
    if (!devices) return <Waiting what="Devices" />;
    if (!devices.length) return <Empty icon="devices" title="No devices yet"><code>moteloop device add NAME</code> makes the credentials of one.</Empty>;
    const last = new Map();
    for (const e of events || []) if (!last.has(e.device)) last.set(e.device, e);
    return (
        <div class="scroll-x"><table>
            <thead><tr><th>Device</th><th>State</th><th>Model</th><th>Says</th><th class="n">Data</th></tr></thead>
            <tbody>
                {devices.filter((d) => !d.removed_ms).slice(0, 12).map((d) => (
                    <tr>
                        <td><Link to={`/devices/${d.id}`}>{d.name || d.id}</Link></td>
                        <td><Status kind={d.online ? "good" : d.hello_ms ? "bad" : ""}>{d.online ? "online" : d.hello_ms ? "offline" : "never seen"}</Status></td>
                        <td>{d.model ? <>{d.model} <span class="faint">#{d.release.active_seq || "–"}</span></> : <span class="faint">none</span>}</td>
                        <td>{last.has(d.id) ? <LabelChip name={last.get(d.id).label} /> : <span class="faint">–</span>}</td>
                        <td class="n dim">{ago(d.last_data_ms, now)}</td>
                    </tr>
                ))}
            </tbody>
        </table></div>
    );
}

function LatestModel({ models }) {
    const id = models?.[0]?.id;
    const model = useApi(id ? `/api/models/${id}` : null).data;
    if (!models) return <Waiting what="Models" />;
    if (!id) return <Empty icon="models" title="No model yet">Label recordings of every class, then run <code>moteloop train RECIPE</code>.</Empty>;
    const judged = model ? judges(model.metrics) : [];
    const best = judged.find((j) => j.name.includes("int8")) || judged[0];
    return (
        <div class="col">
            <div class="row wrap">
                <Link to={`/models/${id}`}><b>{models[0].name} #{id}</b></Link>
                <span class="chip good">int8 {percent(models[0].int8_accuracy)}</span>
                <span class="chip">float {percent(models[0].float_accuracy)}</span>
                <span class="chip">{bytes(models[0].bytes)}</span>
            </div>
            {best && <Confusion compact labels={labelsOf(model.metrics, best)} matrix={best.confusion} />}
        </div>
    );
}

export function OverviewView() {
    useTitle("Overview");
    const now = useNow(2000);
    useCell(classes);
    const overview = useApi("/api/overview", ["recording", "blocks", "event", "label_event", "device_ms", "model", "release", "rollout_ms"]);
    const devices = useApi("/api/devices", ["device_ms", "blocks"]).data?.devices;
    const events = useApi("/api/events?last=200", ["event"]).data?.events;
    const models = useApi("/api/models", ["model"]).data?.models;
    const rollouts = useApi("/api/rollouts", ["rollout_ms", "release"]).data?.rollouts;
    const list = useApi("/api/classes", ["label_event", "classes"]).data?.classes;
    const c = overview.data?.counts;
    if (!c) return <><Top title={<h1>Overview</h1>} /><main><Waiting error={overview.error} what="The overview" /></main></>;
    const minutes = overview.data.minutes.map((m) => ({ t: +m.name, value: m.count, part: m.extra }));
    const collector = overview.data.collectors[0], alive = collector && now - collector.alive_ms < 30000;
    return (
        <>
            <Top title={<h1>{overview.data.project}</h1>}>
                {c.devices_simulated > 0 && <span class="chip warn" title="made by simulated sensors, not field data">simulated data</span>}
            </Top>
            <main>
                <div class="grid">
                    <NextStep c={c} rollouts={rollouts} />
                    <Tile to="/devices" icon="devices" name="Devices online" value={c.devices_online} small={`of ${c.devices}`} note={collector ? <Status kind={alive ? "good" : "bad"}>collector {alive ? "running" : `silent for ${ago(collector.alive_ms, now).replace(" ago", "")}`}</Status> : "no collector has run yet"} />
                    <Tile to="/recordings" icon="recordings" name="Recordings" value={count(c.recordings)} small={duration(c.recorded_us)} note={`${bytes(c.sample_bytes)} of samples in ${many(c.blocks, "block")}`} />
                    <Tile to="/labels" icon="labels" name="Labelled" value={c.recordings ? percent(c.recordings_labelled / c.recordings, 0) : "–"} small={`${count(c.recordings_labelled)} of ${count(c.recordings)}`} note={`${many(c.regions, "label")}, ${many(c.label_events, "change")}, ${many(c.people, "person", "people")}`} />
                    <Tile to="/models" icon="models" name="Latest model" value={models?.length ? percent(models[0].int8_accuracy) : "–"} small={models?.length ? "int8" : ""} note={`${many(c.models, "model")}, ${many(c.releases, "release")}, ${c.rollouts_running} rolling out`} />

                    <Card span="s7" title="Fleet" extra={<Link to="/devices" class="small">all devices</Link>}><Fleet devices={devices} events={events} now={now} /></Card>
                    <Card span="s5" title="How it judges its test data" extra={<Link to="/models" class="small">all models</Link>}><LatestModel models={models} /></Card>

                    <Card span="s7" title="Recordings per minute, last hour" extra={<span class="small dim">uncertain ones in amber</span>}>
                        {minutes.length ? <MinuteBars rows={minutes} now={overview.data.now_ms} /> : <Empty icon="recordings" title="Nothing in the last hour">Recordings appear here as they arrive.</Empty>}
                    </Card>
                    <Card span="s5" title="Labels">
                        {list?.some((l) => l.uses) ? <Bars rows={list.filter((l) => l.uses || !l.retired_ms).slice(0, 10).map((l) => ({ name: <LabelChip name={l.name} />, value: l.uses, color: l.color }))} /> : <Empty icon="labels" title="No label yet">Open a recording and press a label's key.</Empty>}
                    </Card>
                    <Card span="s12" title="Rollout" extra={<Link to="/rollouts" class="small">all rollouts</Link>}>
                        {rollouts?.length ? <RolloutStages rollout={rollouts[0]} /> : <Empty icon="rollouts" title="Nothing was rolled out yet"><code>moteloop release MODEL</code> signs a model, <code>moteloop rollout start RELEASE</code> ships it in stages.</Empty>}
                    </Card>
                </div>
            </main>
        </>
    );
}
