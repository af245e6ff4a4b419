// The page's frame: who is signed in, navigation, the view of the address, help, messages.
import "./app.css";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { loadClasses, loadMe, post, startLive, stopLive, useApi } from "./api.js";
import { allKeys, useHold, useKeys } from "./keys.js";
import { Link, go, useRoute } from "./router.jsx";
import { conflict, resume, save } from "./save.js";
import { applyTheme, may, me, say, theme, toast, useCell } from "./store.js";
import { Icon, Mark } from "./widgets/icons.jsx";
import { Dialog, LabelChip, Waiting } from "./widgets/pieces.jsx";
import { Top } from "./widgets/top.jsx";
import { CoverageView } from "./views/coverage.jsx";
import { DatasetsView } from "./views/datasets.jsx";
import { DevicesView } from "./views/devices.jsx";
import { ExplorerView } from "./views/explorer.jsx";
import { HistoryView } from "./views/history.jsx";
import { LabelsView } from "./views/labels.jsx";
import { LiveView } from "./views/live.jsx";
import { ModelView, ModelsView } from "./views/models.jsx";
import { CompareView } from "./views/modelwork.jsx";
import { OverviewView } from "./views/overview.jsx";
import { PeopleView } from "./views/people.jsx";
import { PicturesView } from "./views/pictures.jsx";
import { ProposalsView } from "./views/proposals.jsx";
import { QualityView } from "./views/quality.jsx";
import { QueueView } from "./views/queue.jsx";
import { RecordView } from "./views/record.jsx";
import { RecordingView } from "./views/recording.jsx";
import { RecordingsView } from "./views/recordings.jsx";
import { RolloutsView } from "./views/rollouts.jsx";
import { SignInView } from "./views/signin.jsx";
import { TaskView, TasksView } from "./views/tasks.jsx";
import { WorkView } from "./views/work.jsx";

applyTheme(theme.get());

// id, name, key after "g", view, role
const places = [
    ["overview", "Overview", "o", OverviewView],
    ["recordings", "Recordings", "r", RecordingsView],
    ["pictures", "Pictures", "i", PicturesView],
    ["live", "Live", "v", LiveView],
    ["queue", "Queue", "q", QueueView],
    ["tasks", "Tasks", "t", TasksView],
    ["labels", "Labels", "l", LabelsView],
    null,
    ["quality", "Quality", "a", QualityView, "reviewer"],
    ["coverage", "Coverage", "c", CoverageView],
    ["explorer", "Explorer", "e", ExplorerView],
    ["datasets", "Datasets", "s", DatasetsView],
    null,
    ["models", "Models", "m", ModelsView],
    ["rollouts", "Rollouts", "u", RolloutsView],
    ["devices", "Devices", "d", DevicesView],
    null,
    ["history", "History", "h", HistoryView],
    ["people", "People", "p", PeopleView, "admin"],
];

function Side({ here }) {
    const session = useCell(me);
    const overview = useApi("/api/overview", ["recording", "label_event", "event"]).data?.counts;
    const uncertain = overview?.queue;
    const leave = async () => {
        await post("/api/logout").catch(() => {});
        me.set({ ...session, user: null });
    };
    return (
        <nav class="side" aria-label="Main">
            <Link class="brand" to="/overview"><Mark /><span>Moteloop<small class="cut">{session.project}</small></span></Link>
            {places.map((p) => p === null ? <hr /> : (!p[4] || may(p[4])) && (
                <Link class="nav" to={`/${p[0]}`} aria-current={here === p[0] ? "page" : undefined} title={`${p[1]} (g ${p[2]})`}>
                    <Icon name={p[0]} /><span>{p[1]}</span>
                    {p[0] === "queue" && uncertain > 0 && <b class="n">{uncertain}</b>}
                </Link>
            ))}
            <div class="foot">
                <div class="who">
                    <div class="avatar">{session.user.name.slice(0, 2)}</div>
                    <div class="txt grow"><b>{session.user.name}</b>{session.user.role}</div>
                    <button class="btn ghost icon small" onClick={leave} title="Sign out" aria-label="Sign out"><Icon name="out" /></button>
                </div>
            </div>
        </nav>
    );
}

function Help({ onClose }) {
    const [keys] = useState(allKeys());
    const groups = new Map();
    for (const k of keys) groups.set(k.group || "Here", [...(groups.get(k.group || "Here") || []), k]);
    const written = (k) => k.split(" ").map((part) => <>{part.split("+").map((p, i) => <>{i > 0 && "+"}<kbd>{{ ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" }[p] || p}</kbd></>)} </>);
    return (
        <Dialog title="Keys" wide onClose={onClose}>
            <div class="keys">
                {[...groups].map(([name, list]) => (
                    <section><h3>{name}</h3>{list.map((k) => <div><span>{k.what}</span><div>{written(k.key)}</div></div>)}</section>
                ))}
            </div>
        </Dialog>
    );
}

/** Somebody else changed the same label: both are shown, one is chosen. */
function Conflict() {
    const c = useCell(conflict);
    if (!c) return null;
    const show = (v) => v ? <LabelChip name={v.label}>{v.start_us !== undefined && ` ${((v.end_us - v.start_us) / 1e6).toFixed(3)} s`}</LabelChip> : <em>deleted</em>;
    const mine = () => { save(c.rec, c.region, c.mine, c.theirs?.version || 0); conflict.set(null); };
    const theirs = () => { conflict.set(null); window.dispatchEvent(new Event("labels-reload")); };
    return (
        <Dialog title="Changed by two people" onClose={theirs}>
            <p>{c.theirs ? <>{c.theirs.author} changed</> : "Somebody deleted"} this label of recording {c.rec} while you did. Nothing was overwritten.</p>
            <div class="row"><span class="dim">stored</span>{show(c.theirs)}<span class="dim">yours</span>{show(c.mine)}</div>
            <div class="row"><button class="btn primary" onClick={theirs}>Keep what is stored</button><button class="btn" onClick={mine}>Use mine</button></div>
        </Dialog>
    );
}

function Toast() {
    const t = useCell(toast);
    if (!t) return null;
    return <div class={`toast ${t.kind}`} role="status"><span>{t.text}</span>{t.action && <button onClick={() => { toast.set(null); t.action.run(); }}>{t.action.label}</button>}</div>;
}

function Frame() {
    const { path } = useRoute();
    const [help, setHelp] = useState(false);
    useEffect(() => {
        const open = () => setHelp(true);
        window.addEventListener("show-help", open);
        return () => window.removeEventListener("show-help", open);
    }, []);
    useKeys([
        { key: "?", group: "Everywhere", what: "this list", run: () => setHelp(true) },
        ...places.filter(Boolean).map(([id, name, key]) => ({ key: `g ${key}`, group: "Go to", what: name, run: () => go(`/${id}`) })),
    ]);
    useEffect(() => { if (!path.length || path[0] === "setup") go("/overview", true); }, [path[0]]);
    const place = places.find((p) => p && p[0] === path[0]);
    let View = place?.[3];
    if (path[0] === "recordings" && path[1]) View = RecordingView;
    if (path[0] === "models" && path[1]) View = path[1] === "compare" ? CompareView : ModelView;
    if (path[0] === "record") View = RecordView;
    if (path[0] === "proposals") View = ProposalsView;
    if (path[0] === "tasks" && path[1]) View = path[2] === "work" ? WorkView : TaskView;
    return (
        <div class="frame">
            <Side here={path[0]} />
            <div class="right">
                {View ? <View key={`${path[0]} ${path[1] === "compare" ? path[1] : ""}${path[2] || ""}`} id={path[1]} /> : <><Top title={<h1>Not here</h1>} /><main><Waiting error={{ message: "There is no such page. Choose one on the left." }} what="This page" /></main></>}
            </div>
            {help && <Help onClose={() => setHelp(false)} />}
            <Conflict />
            <Toast />
        </div>
    );
}

function App() {
    const session = useCell(me);
    const [problem, setProblem] = useState(null);
    useHold(!session && !problem);
    useEffect(() => { loadMe().catch(setProblem); }, []);
    const user = session?.user?.name;
    useEffect(() => {
        if (!user) return undefined;
        loadClasses().catch((e) => say(e.message, "error"));
        resume();
        startLive();
        return stopLive;
    }, [user]);
    if (!session) return problem ? <Waiting error={problem} what="The page" /> : null;
    return user ? <Frame /> : <><SignInView /><Toast /></>;
}

render(<App />, document.getElementById("app"));
