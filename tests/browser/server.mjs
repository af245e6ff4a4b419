// A real lighttpd with the labeler behind FastCGI on a free port, over a project filled by labeler-seed.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync, rmSync, existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const source = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const bin = process.env.MOTELOOP_BIN || join(source, "build/bin");
export const seedProgram = join(bin, "../bin-test/labeler-seed");
export const shots = join(bin, "../screenshots");
export const setupToken = "seed-setup-token";

function freePort() {
    return new Promise((done, fail) => {
        const s = createServer();
        s.on("error", fail);
        s.listen(0, "127.0.0.1", () => {
            const { port } = s.address();
            s.close(() => done(port));
        });
    });
}

function lighttpdConf(dir, port) {
    return `server.document-root = "${dir}"
server.port = ${port}
server.bind = "127.0.0.1"
server.errorlog = "${dir}/lighttpd.log"
server.modules = ("mod_fastcgi")
server.stream-response-body = 1
server.max-keep-alive-idle = 60
fastcgi.server = ("/" => ((
    "bin-path" => "${bin}/moteloop-labeler.fcgi",
    "socket" => "${dir}/fcgi.sock",
    "max-procs" => 1,
    "check-local" => "disable",
    "fix-root-scriptname" => "enable",
    "bin-environment" => ("MOTELOOP_PROJECT" => "${dir}/project")
)))
`;
}

export function skip(reason) {
    console.log(`SKIP: ${reason}`);
    process.exit(0);
}

// recordings: of motion, and a sound of so many seconds, see tests/labeler/seed.c. Returns {url, dir, stop()}.
export async function startServer(recordings = 24, soundSeconds = 0) {
    for (const [what, path] of [["labeler", join(bin, "moteloop-labeler.fcgi")], ["labeler-seed", seedProgram]]) {
        if (!existsSync(path)) throw new Error(`${what} is not built: ${path}`);
    }
    const dir = mkdtempSync(join(tmpdir(), "moteloop-browser-"));
    const seeded = spawnSync(seedProgram, [join(dir, "project"), String(recordings), ...(soundSeconds ? [String(soundSeconds)] : [])], { encoding: "utf8" });
    if (seeded.status !== 0) throw new Error(seeded.stderr);
    mkdirSync(shots, { recursive: true });
    const port = await freePort();
    writeFileSync(join(dir, "lighttpd.conf"), lighttpdConf(dir, port));
    let server;
    const url = `http://127.0.0.1:${port}`;
    const start = async () => {
        server = spawn("/usr/sbin/lighttpd", ["-D", "-f", join(dir, "lighttpd.conf")], { stdio: ["ignore", "inherit", "inherit"] });
        for (let i = 0; ; i++) {
            try {
                const answer = await fetch(`${url}/api/me`);
                if (answer.status === 200) break;
            } catch {
                if (i > 200) throw new Error("lighttpd did not start");
            }
            await new Promise((r) => setTimeout(r, 50));
        }
    };
    const halt = () =>
        new Promise((done) => {
            server.once("exit", done);
            server.kill("SIGTERM");
        });
    await start();
    return {
        url,
        dir,
        start,
        halt,
        async stop() {
            await halt();
            rmSync(dir, { recursive: true, force: true });
        },
    };
}
