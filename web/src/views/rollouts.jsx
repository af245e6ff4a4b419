// Rollouts: stages, every device's state and the reason where it refused.
import { post, useApi } from "../api.js";
import { ago, bytes, digest } from "../format.js";
import { Link, useNow, useTitle } from "../router.jsx";
import { may, say } from "../store.js";
import { Card, Empty, Status, Waiting } from "../widgets/pieces.jsx";
import { Top } from "../widgets/top.jsx";

const kinds = { active: "good", refused: "bad", "rolled-back": "bad", timeout: "warn", unfit: "warn", offered: "warn", waiting: "" };
const words = { active: "runs it", refused: "refused", "rolled-back": "went back", timeout: "did not answer", unfit: "does not fit", offered: "offered", waiting: "waiting" };
const chips = { running: "accent", done: "good", paused: "warn", aborted: "bad" };

/** A rollout at a glance: one bar per stage, then what devices said against it. */
export function RolloutStages({ rollout }) {
    const stages = [...new Set(rollout.devices.map((d) => d.stage))].sort((a, b) => a - b);
    const troubled = rollout.devices.filter((d) => d.reason);
    return (
        <div class="col">
            <div class="row wrap">
                <b>{rollout.release ? `${rollout.release.name} #${rollout.release.seq}` : `release ${rollout.release_id}`}</b>
                <span class={`chip ${chips[rollout.state]}`}>{rollout.state}</span>
                <span class="dim small">{rollout.devices.filter((d) => d.state === "active").length} of {rollout.devices.length} devices run it</span>
                {rollout.reason && <span class="small dim">{rollout.reason}</span>}
            </div>
            <div class="stagebar">
                {stages.map((s) => {
                    const list = rollout.devices.filter((d) => d.stage === s), done = list.filter((d) => d.state === "active").length;
                    return <div><i><b style={{ width: `${(100 * done) / list.length}%` }} /></i><span class="small dim">stage {s + 1}: {done} of {list.length}{s === rollout.stage && rollout.state === "running" ? ", now" : ""}</span></div>;
                })}
            </div>
            {troubled.length > 0 && <div class="col" style={{ gap: "4px" }}>{troubled.map((d) => <div class="row small"><Status kind={kinds[d.state]}>{d.device} {words[d.state]}</Status><span class="dim">{d.reason}</span></div>)}</div>}
        </div>
    );
}

function Devices({ rollout, live, now }) {
    return (
        <div class="scroll-x"><table>
            <thead><tr><th>Device</th><th class="n">Stage</th><th>State</th><th>Download</th><th>Reason</th><th class="n">Changed</th></tr></thead>
            <tbody>
                {rollout.devices.map((d) => {
                    const report = live?.find((x) => x.id === d.device)?.release;
                    const same = report && rollout.release && report.manifest === rollout.release.manifest_digest;
                    return (
                        <tr>
                            <td><Link to={`/devices/${d.device}`}>{d.device}</Link></td>
                            <td class="n">{d.stage + 1}</td>
                            <td><Status kind={kinds[d.state]}>{words[d.state] || d.state}</Status></td>
                            <td>{same && report.total > 0 ? <div class="row"><div class="bar grow" style={{ minWidth: "70px" }}><i style={{ width: `${(100 * report.fetched) / report.total}%` }} /></div><span class="small dim">{report.state}</span></div> : <span class="faint">–</span>}</td>
                            <td>{d.reason || (same && report.reason) || <span class="faint">–</span>}</td>
                            <td class="n dim">{ago(d.changed_ms, now)}</td>
                        </tr>
                    );
                })}
            </tbody>
        </table></div>
    );
}

export function RolloutsView() {
    useTitle("Rollouts");
    const now = useNow(1000);
    const { data, error, reload } = useApi("/api/rollouts", ["rollout_ms", "release"]);
    const live = useApi("/api/devices", ["device_ms"]).data?.devices;
    const releases = useApi("/api/releases", ["release"]).data?.releases;
    const set = async (id, state) => {
        try {
            await post(`/api/rollouts/${id}/state`, { state, reason: state === "running" ? "" : "asked for on the page" });
            reload();
        } catch (e) {
            say(e.message, "error");
        }
    };
    return (
        <>
            <Top title={<h1>Rollouts</h1>} />
            <main>
                {!data ? <Waiting error={error} what="Rollouts" /> : (
                    <div class="grid">
                        {!data.rollouts.length && <Card><Empty icon="rollouts" title="Nothing was rolled out yet"><code>moteloop release MODEL</code> signs a model, <code>moteloop rollout start RELEASE</code> ships it in stages.</Empty></Card>}
                        {data.rollouts.map((r) => (
                            <Card title={`Rollout ${r.id}`} extra={may("admin") && (r.state === "running" || r.state === "paused") && (
                                <div class="row">
                                    {r.state === "running" ? <button class="btn small" onClick={() => set(r.id, "paused")}>Pause</button> : <button class="btn small" onClick={() => set(r.id, "running")}>Resume</button>}
                                    <button class="btn small danger" onClick={() => confirm("Abort this rollout? Devices that have the release keep it.") && set(r.id, "aborted")}>Abort</button>
                                </div>
                            )}>
                                <div class="col"><RolloutStages rollout={r} /><Devices rollout={r} live={live} now={now} /></div>
                            </Card>
                        ))}
                        <Card title="Releases">
                            {releases?.length ? (
                                <div class="scroll-x"><table>
                                    <thead><tr><th>Release</th><th>Model</th><th>Manifest</th><th class="n">Payload</th><th class="n">Arena</th><th>Stream</th><th>DSP</th><th class="n">Made</th></tr></thead>
                                    <tbody>{releases.map((x) => (
                                        <tr><td><b>{x.name} #{x.seq}</b></td><td><Link class="mono" to={`/models/${x.model}`}>{digest(x.model)}</Link></td><td class="mono">{digest(x.manifest_digest)}</td><td class="n">{bytes(x.payload_bytes)}</td><td class="n">{bytes(x.arena)}</td><td>{x.stream}</td><td class="mono">{x.dsp_variant}</td><td class="n dim">{ago(x.created_ms, now)}</td></tr>
                                    ))}</tbody>
                                </table></div>
                            ) : <Empty icon="rollouts" title="No release yet">A release is a signed model: <code>moteloop release MODEL</code>.</Empty>}
                        </Card>
                    </div>
                )}
            </main>
        </>
    );
}
