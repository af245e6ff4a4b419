// Bundles the page: node web/build.mjs OUT_FOLDER. Every file is written plain and gzipped, because the
// labeler sends either; gzip carries no time, so the same sources give the same bytes.
import { build } from "esbuild";
import { readFileSync, writeFileSync, mkdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
if (!out) {
    console.error("usage: node web/build.mjs OUT_FOLDER");
    process.exit(2);
}
mkdirSync(out, { recursive: true });
const result = await build({
    entryPoints: { app: join(here, "src/main.jsx") },
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022"],
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    outdir: out,
    logLevel: "warning",
    metafile: true,
});
writeFileSync(join(out, "index.html"), readFileSync(join(here, "index.html")));
writeFileSync(join(out, "favicon.svg"), readFileSync(join(here, "favicon.svg")));
let packed = 0;
for (const name of ["index.html", "app.js", "app.css", "favicon.svg"]) {
    const gz = gzipSync(readFileSync(join(out, name)), { level: 9 });
    writeFileSync(join(out, name + ".gz"), gz);
    if (name !== "favicon.svg") packed += gz.length;
}
const limit = 100 * 1024;
console.log(`web: first page ${(packed / 1024).toFixed(1)} KB compressed, ${Object.keys(result.metafile.inputs).length} modules`);
if (packed > limit) {
    console.error(`web: the first page is over its ${limit / 1024} KB`);
    process.exit(1);
}
