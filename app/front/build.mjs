// Bundles the pages' styles and scripts into app/static/built: names that carry a hash of the
// content, gzip and brotli beside each file, and manifest.json with name -> hashed name.
// Called by app/host/assets.py:  node build.mjs <packages> <out> <extra file>...
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const [packages, out, ...extras] = process.argv.slice(2);
const front = import.meta.dirname;
const load = async (name) => import(pathToFileURL(join(packages, name)));
const esbuild = (await load("esbuild/lib/main.js")).default;
const sass = await load("sass/sass.node.mjs");

// What a phone of 2019 and the web views of WeChat on it understand.
const TARGET = ["chrome78", "safari14.1"];
const SCRIPTS = ["main", "charts", "designer"];
const STYLES = ["main", "designer"];

async function scripts() {
  const built = await esbuild.build({
    entryPoints: SCRIPTS.map((name) => join(front, "scripts", `${name}.js`)),
    bundle: true, minify: true, format: "iife", target: TARGET, charset: "utf8",
    legalComments: "none", jsx: "automatic", jsxImportSource: "preact", nodePaths: [packages], write: false, outdir: "/",
    logLevel: "error",
  });
  return built.outputFiles.map((file) => [basename(file.path), Buffer.from(file.contents)]);
}

async function styles() {
  return Promise.all(STYLES.map(async (name) => {
    const { css } = await sass.compileAsync(join(front, "styles", `${name}.scss`), {
      loadPaths: [packages], quietDeps: true,
      // Bootstrap 5.3 is written with them; it is the only one here that is.
      silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function"],
    });
    const { code } = await esbuild.transform(css, { loader: "css", minify: true, target: TARGET });
    return [`${name}.css`, Buffer.from(code)];
  }));
}

async function compressed(path, content) {
  const squeeze = { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } };
  await writeFile(path, content);
  await writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 }));
  await writeFile(`${path}.br`, await promisify(brotliCompress)(content, squeeze));
}

const files = (await Promise.all([
  scripts(), styles(),
  Promise.all(extras.map(async (path) => [basename(path), await readFile(path)])),
])).flat();

await mkdir(out, { recursive: true });
const manifest = {};
for (const [name, content] of files) {
  const mark = createHash("sha256").update(content).digest("hex").slice(0, 12);
  const kind = extname(name);
  manifest[name] = `${basename(name, kind)}.${mark}${kind}`;
  await compressed(join(out, manifest[name]), content);
}
await writeFile(join(out, "manifest.json"), JSON.stringify(manifest, null, 1));

// Files of earlier builds go, but for what a page that is open now may still ask for.
const HOUR = 3_600_000;
const kept = new Set(Object.values(manifest));
for (const entry of await readdir(out, { withFileTypes: true })) {
  const plain = entry.name.replace(/\.(gz|br)$/, "");
  if (!entry.isFile() || kept.has(plain) || !/\.[0-9a-f]{12}\./.test(plain)) continue;
  const { mtimeMs } = await (await import("node:fs/promises")).stat(join(out, entry.name));
  if (Date.now() - mtimeMs > HOUR) await rm(join(out, entry.name));
}
