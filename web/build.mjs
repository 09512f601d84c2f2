// Bundles the panel into static/vendor: app.js, app.css with its fonts, and the sprite of icons.
// Everything made here comes from web/static and from the locked libraries; nothing of it is committed.
import { build } from "esbuild";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = dirname(fileURLToPath(import.meta.url));
const out = join(web, "static", "vendor");
const libraries = join(web, "..", "node_modules");

// The icons that templates and scripts name; a test keeps the list equal to what they use.
const icons = JSON.parse(await readFile(join(web, "static", "icons.json"), "utf8"));

async function sprite() {
  const parts = [];
  for (const name of icons) {
    const svg = await readFile(join(libraries, "lucide-static", "icons", `${name}.svg`), "utf8");
    const inner = svg.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").trim();
    parts.push(
      `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" ` +
        `stroke-linecap="round" stroke-linejoin="round">${inner}</symbol>`,
    );
  }
  return `<svg xmlns="http://www.w3.org/2000/svg">${parts.join("")}</svg>\n`;
}

async function licences() {
  const names = ["htmx.org", "socket.io-client", "jssip", "lucide-static", "tabulator-tables", "quill", "@fontsource-variable/inter", "dejavu-fonts-ttf"];
  const texts = names.map(async (name) => {
    const text = await readFile(join(libraries, name, "LICENSE"), "utf8").catch(() => "0BSD");
    return `${name}\n${"=".repeat(name.length)}\n${text.trim()}\n`;
  });
  return (await Promise.all(texts)).join("\n");
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({
  entryPoints: [
    { in: join(web, "static", "js", "app.js"), out: "app" },
    { in: join(web, "static", "js", "board", "tv.js"), out: "tv" },
    { in: join(web, "static", "css", "app.css"), out: "app" },
  ],
  outdir: out,
  bundle: true,
  minify: true,
  sourcemap: "external",
  format: "esm",
  splitting: true, // the grid comes when it is needed
  chunkNames: "[name]-[hash]",
  target: ["chrome110", "firefox115", "safari16"],
  loader: { ".woff2": "file" },
  assetNames: "[name]-[hash]",
  legalComments: "none",
  logLevel: "warning",
});
await writeFile(join(out, "icons.svg"), await sprite());
await writeFile(join(out, "LICENSES.txt"), await licences());
// Reports on paper: the writer of PDF takes the letters it needs out of these.
for (const name of ["DejaVuSans", "DejaVuSans-Bold"]) {
  await copyFile(join(libraries, "dejavu-fonts-ttf", "ttf", `${name}.ttf`), join(out, `${name}.ttf`));
}
