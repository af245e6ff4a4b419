// People and API tokens, for administrators.
import { useState } from "preact/hooks";
import { post, put, useApi } from "../api.js";
import { when } from "../format.js";
import { useTitle } from "../router.jsx";
import { say } from "../store.js";
import { Card, Waiting } from "../widgets/pieces.jsx";
import { Top } from "../widgets/top.jsx";

const roles = ["viewer", "annotator", "reviewer", "admin"];

export function PeopleView() {
    useTitle("People");
    const { data, error, reload } = useApi("/api/users");
    const [name, setName] = useState(""), [password, setPassword] = useState(""), [role, setRole] = useState("annotator");
    const [token, setToken] = useState(null), [tokenName, setTokenName] = useState(""), [scope, setScope] = useState("read");
    const run = (work) => async (e) => {
        e?.preventDefault();
        try {
            await work();
            reload();
        } catch (problem) {
            say(problem.message, "error");
        }
    };
    return (
        <>
            <Top title={<h1>People</h1>} />
            <main><div class="grid">
                <Card span="s7" title="Who may sign in">
                    {!data ? <Waiting error={error} what="People" /> : (
                        <div class="scroll-x"><table>
                            <thead><tr><th>Name</th><th>Role</th><th>Since</th><th /></tr></thead>
                            <tbody>{data.users.map((u) => (
                                <tr>
                                    <td><b>{u.name}</b></td>
                                    <td><select aria-label={`Role of ${u.name}`} value={u.role} onChange={(e) => run(() => put(`/api/users/${encodeURIComponent(u.name)}`, { role: e.target.value }))()}>{roles.map((r) => <option>{r}</option>)}</select></td>
                                    <td class="dim">{when(u.created_ms)}</td>
                                    <td class="right-align"><button class="btn small" onClick={run(() => put(`/api/users/${encodeURIComponent(u.name)}`, { disabled: !u.disabled_ms }))}>{u.disabled_ms ? "Let in again" : "Lock out"}</button></td>
                                </tr>
                            ))}</tbody>
                        </table></div>
                    )}
                </Card>
                <div class="s5 col" style={{ gap: "16px" }}>
                    <Card title="Add a person">
                        <form class="col" onSubmit={run(async () => { await post("/api/users", { name, password, role }); say(`${name} may sign in now`); setName(""); setPassword(""); })}>
                            <label class="field">Name<input required maxLength={64} value={name} onInput={(e) => setName(e.target.value)} autoComplete="off" /></label>
                            <label class="field">First password (at least 8 characters)<input type="password" required minLength={8} value={password} onInput={(e) => setPassword(e.target.value)} autoComplete="new-password" /></label>
                            <label class="field">Role<select value={role} onChange={(e) => setRole(e.target.value)}>{roles.map((r) => <option>{r}</option>)}</select></label>
                            <button class="btn primary">Add</button>
                        </form>
                    </Card>
                    <Card title="API token">
                        <form class="col" onSubmit={run(async () => setToken((await post("/api/tokens", { name: tokenName, scope })).token))}>
                            <div class="row"><label class="field grow">Name<input required maxLength={64} value={tokenName} onInput={(e) => setTokenName(e.target.value)} /></label>
                                <label class="field">Scope<select value={scope} onChange={(e) => setScope(e.target.value)}>{["read", "label", "ingest", "admin"].map((s) => <option>{s}</option>)}</select></label></div>
                            <button class="btn">Make a token</button>
                            {token && <div class="notice"><div class="grow"><b>Shown once:</b><br /><code style={{ overflowWrap: "anywhere" }}>{token}</code></div></div>}
                        </form>
                    </Card>
                </div>
            </div></main>
        </>
    );
}
