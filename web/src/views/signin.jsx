// Signing in, and the first administrator by the one-time link.
import { useState } from "preact/hooks";
import { post } from "../api.js";
import { go, useRoute, useTitle } from "../router.jsx";
import { me } from "../store.js";
import { Mark } from "../widgets/icons.jsx";

export function SignInView() {
    const { path, params } = useRoute();
    const setup = path[0] === "setup" && params.get("token");
    const [name, setName] = useState(""), [password, setPassword] = useState(""), [again, setAgain] = useState("");
    const [error, setError] = useState(""), [busy, setBusy] = useState(false);
    useTitle(setup ? "Set up" : "Sign in");
    const submit = async (e) => {
        e.preventDefault();
        if (setup && password !== again) return setError("the two passwords differ");
        setBusy(true);
        setError("");
        try {
            const answer = await post(setup ? "/api/setup" : "/api/login", setup ? { token: setup, name, password } : { name, password });
            if (setup) go("/overview", true);
            me.set(answer);
        } catch (problem) {
            setError(problem.message);
        }
        return setBusy(false);
    };
    return (
        <div class="sign">
            <form class="card" onSubmit={submit}>
                <div class="brand"><Mark /><span>Moteloop<small>{me.get()?.project}</small></span></div>
                <div>
                    <h1>{setup ? "Make the first administrator" : "Sign in"}</h1>
                    <p class="dim small">{setup ? "This link works once. Others are added under People afterwards." : "Your administrator gives you a name and a password."}</p>
                </div>
                <label class="field">Name<input autofocus required maxLength={64} value={name} onInput={(e) => setName(e.target.value)} autoComplete="username" name="name" /></label>
                <label class="field">Password<input type="password" required minLength={setup ? 8 : 1} value={password} onInput={(e) => setPassword(e.target.value)} autoComplete={setup ? "new-password" : "current-password"} name="password" /></label>
                {setup && <label class="field">Password again<input type="password" required value={again} onInput={(e) => setAgain(e.target.value)} autoComplete="new-password" name="again" /></label>}
                {error && <div class="notice bad" role="alert">{error}</div>}
                <button class="btn primary" disabled={busy}>{busy ? "One moment…" : setup ? "Make administrator and sign in" : "Sign in"}</button>
            </form>
        </div>
    );
}
