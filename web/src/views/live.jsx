// Live: what a device measures now, its model's answer beneath. A label's key starts a recording and switches the label
// while it runs; one key marks a wrong answer for the queue.
import { useEffect, useRef, useState } from "preact/hooks";
import { followLive, get, post, useApi } from "../api.js";
import { duration, percent } from "../format.js";
import { useKeys } from "../keys.js";
import { Link, useParam, useTitle } from "../router.jsx";
import { save } from "../save.js";
import { changes, classes, may, say, useCell } from "../store.js";
import { Icon } from "../widgets/icons.jsx";
import { Card, Empty, LabelChip, Status } from "../widgets/pieces.jsx";
import { LivePlot, samplesOf } from "../widgets/liveplot.js";
import { Top } from "../widgets/top.jsx";

const RECORD_S = 600;
const marksKey = (device) => `moteloop.marks.${device}`;
const read = (device) => { try { return JSON.parse(localStorage.getItem(marksKey(device))) || []; } catch { return []; } };

/** Stretches of a label that a key started, kept until their recording is stored; then they become regions. */
function useMarks(device) {
    const [marks, setMarks] = useState(() => read(device));
    const now = useRef(marks);
    const put = (next) => { now.current = next; localStorage.setItem(marksKey(device), JSON.stringify(next)); setMarks(next); };
    useEffect(() => { put(read(device)); }, [device]);
    useEffect(() => {
        let last = "";
        const settle = async () => {
            const waiting = now.current.filter((m) => m.t1 !== null);
            if (!waiting.length) return;
            const { recordings } = await get(`/api/recordings?device=${encodeURIComponent(device)}&limit=5`);
            const placed = new Set();
            for (const m of waiting) {
                // Device time starts anew with a boot: only a recording that arrived since counts.
                const r = recordings.find((x) => x.complete && x.created_ms > m.at - 60000 && m.t1 > x.start_us && m.t0 < x.end_us);
                if (!r) continue;
                save(r.id, m.id, { label: m.label, source: "human", start_us: Math.max(m.t0, r.start_us), end_us: Math.min(m.t1, r.end_us) }, 0);
                placed.add(m.id);
                say(`${m.label}: ${duration(m.t1 - m.t0)} of recording ${r.id}`);
            }
            if (placed.size) put(now.current.filter((m) => !placed.has(m.id)));
        };
        settle().catch(() => {});
        return changes.follow((c) => { const k = `${c.recording} ${c.blocks}`; if (k !== last) { last = k; settle().catch(() => {}); } });
    }, [device]);
    return [marks, put, now];
}

export function LiveView() {
    useTitle("Live");
    const devices = useApi("/api/devices", ["device_ms"]).data?.devices;
    const [device, setDevice] = useParam("device");
    const online = devices?.filter((d) => d.online);
    const shown = device || online?.[0]?.id;
    const next = (n) => { if (online?.length) setDevice(online[(online.findIndex((d) => d.id === shown) + n + online.length) % online.length].id); };
    useKeys([{ key: "]", group: "Live", what: "next device", run: () => next(1) }, { key: "[", group: "Live", what: "device before", run: () => next(-1) }]);
    return (
        <>
            <Top title={<div class="row"><h1>Live</h1>{shown && <Link class="chip" to={`/devices/${shown}`}>{shown}</Link>}</div>}>
                {devices?.length > 0 && <select aria-label="Device" value={shown || ""} onChange={(e) => setDevice(e.target.value)}>{!shown && <option value="">no device is online</option>}{devices.map((d) => <option value={d.id}>{d.id}{d.online ? "" : " (offline)"}</option>)}</select>}
            </Top>
            {!devices ? <main /> : shown ? <Watch key={shown} device={shown} /> : <main><Card><Empty icon="live" title="No device is online">Its samples show here while it measures. Start one, or look under <Link to="/devices">Devices</Link> at why it is away.</Empty></Card></main>}
        </>
    );
}

function Watch({ device }) {
    const canvas = useRef(null), plot = useRef(null), latest = useRef({ t: null, event: null });
    const [state, setState] = useState({ kind: "connecting", streams: [] }), [event, setEvent] = useState(null), [recording, setRecording] = useState(null), [wrong, setWrong] = useState(null);
    const [marks, putMarks, now] = useMarks(device);
    const list = useCell(classes).filter((c) => !c.retired_ms);
    const editable = may("annotator");
    useEffect(() => {
        const p = new LivePlot(canvas.current);
        plot.current = p;
        canvas.current.focus({ preventScroll: true });
        const stop = followLive(device, (kind, m) => {
            if (kind === "samples") {
                const block = samplesOf(m);
                latest.current.t = m.t_us + Math.round((m.frames * m.interval_ns) / 1000);
                p.add(m.stream, block);
                setState((s) => (s.kind === "live" && s.streams.includes(m.stream) ? s : { kind: "live", streams: [...new Set([...s.streams, m.stream])] }));
            } else if (kind === "event") {
                latest.current.event = m;
                p.addEvent(m);
                setEvent(m);
            }
        }, (kind) => setState((s) => ({ ...s, kind })));
        return () => { stop(); p.destroy(); };
    }, [device]);
    useEffect(() => { plot.current?.setMarks(marks); }, [marks]);
    const close = (t) => now.current.map((m) => (m.t1 === null ? { ...m, t1: t } : m)).filter((m) => m.t1 === null || m.t1 > m.t0);
    const press = async (name) => {
        if (!editable) return;
        const t = latest.current.t;
        if (t === null) { say("no sample has come yet: wait for the signal"); return; }
        putMarks([...close(t), { id: `l${Date.now().toString(36)}`, label: name, t0: t, t1: null, at: Date.now() }]);
        if (recording) { setRecording({ ...recording, label: name }); return; }
        setRecording({ label: name, since: Date.now() });
        try {
            await post(`/api/devices/${encodeURIComponent(device)}/record`, { label: name, seconds: RECORD_S });
        } catch (e) {
            setRecording(null);
            putMarks(now.current.filter((m) => m.t1 !== null));
            say(e.message, "error");
        }
    };
    const stop = async () => {
        if (!recording) return;
        putMarks(close(latest.current.t));
        setRecording(null);
        try {
            await post(`/api/devices/${encodeURIComponent(device)}/stop`);
        } catch (e) {
            say(e.message, "error");
        }
    };
    const mark = async () => {
        const e = latest.current.event;
        if (!editable || !e) { say("the model has not said anything yet"); return; }
        try {
            await post("/api/verdicts", { verdict: "wrong", device, t_us: e.t_us, dur_us: e.dur_us, label: e.label, model: e.model, score: e.score });
            setWrong(e.n);
            say(`marked: ${e.label} was wrong. Its recording comes to the queue`);
        } catch (x) {
            say(x.message, "error");
        }
    };
    useKeys([
        ...list.filter((c) => c.hotkey && !"gw".includes(c.hotkey)).map((c) => ({ key: c.hotkey, group: "Record, or switch to", what: c.name, run: () => press(c.name) })),
        { key: "Escape", group: "Live", what: "stop recording", run: stop },
        { key: "w", group: "Live", what: "the model is wrong: mark its last answer for the queue", run: mark },
        { key: "+", also: ["="], group: "Live", what: "show less time", run: () => plot.current?.zoom(0.7) }, { key: "-", group: "Live", what: "show more time", run: () => plot.current?.zoom(1.4) },
    ]);
    const waiting = marks.filter((m) => m.t1 !== null).length;
    return (
        <main class="flush"><div class="work">
            <div class="stage">
                <div class="tools"><Status kind={{ live: "good", polling: "good", offline: "bad" }[state.kind] || ""}>{{ live: "samples arrive", polling: "asking again and again", offline: "no answer, trying again", connecting: "asked for samples" }[state.kind]}</Status>
                    <span class="grow" />{recording && <span class="chip bad" id="recording"><Icon name="rec" />recording <b>{recording.label}</b></span>}{waiting > 0 && <span class="chip warn" title="they become labels when the recording is stored">{waiting} waiting for their recording</span>}</div>
                <div class="plot">{!state.streams.length && <Empty icon="live" title="Waiting for samples">A device that is asleep or far away may take a moment.</Empty>}<canvas ref={canvas} tabIndex={0} aria-label={`Live signals of ${device}`} /></div>
            </div>
            <aside class="panel" aria-label="Live">
                <section><h3>The model says</h3>
                    {event ? <div class="col" id="said" style={{ gap: "6px" }}><div class="row wrap"><LabelChip name={event.label} /><b>{percent(event.score, 0)}</b>{event.uncertain && <span class="chip warn">unsure</span>}{event.novelty > 1 && <span class="chip warn">novel</span>}</div><span class="small dim">{event.model}</span>
                        <button class="btn small" disabled={!editable || wrong === event.n} onClick={mark}>{wrong === event.n ? "Marked" : "That is wrong"} <kbd>w</kbd></button></div> : <p class="small dim">Nothing yet. A device says so only while it classifies.</p>}</section>
                <section><h3>{recording ? "Switch the label" : "Record as"}</h3>
                    <div class="palette">{list.map((c) => <button disabled={!editable} aria-pressed={recording?.label === c.name} onClick={() => press(c.name)}><span class="swatch" style={{ background: c.color }} /><span class="grow cut">{c.name}</span>{c.hotkey && <kbd>{c.hotkey}</kbd>}</button>)}</div>
                    {recording && <button class="btn danger" onClick={stop}>Stop <kbd>Esc</kbd></button>}
                    <p class="small faint">Press a key when it begins, another when it changes. The stretches become labels of the recording once it is stored.</p></section>
            </aside>
        </div></main>
    );
}
