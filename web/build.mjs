// Bundles the panel's scripts, styles, fonts and icons into web/static/vendor (never committed).
import { build } from "esbuild";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = dirname(fileURLToPath(import.meta.url));
const modules = join(web, "..", "node_modules");
const out = join(web, "static", "vendor");
const ICONS = ["phone", "phone-off", "phone-incoming", "phone-missed", "users", "history", "settings", "keyboard", "plus", "search", "circle-alert", "user"];
const FONTS = ["cyrillic", "latin"];

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, "fonts"), { recursive: true });
for (const part of FONTS) {
  const name = `inter-${part}-wght-normal.woff2`;
  copyFileSync(join(modules, "@fontsource-variable/inter/files", name), join(out, "fonts", name));
}
const icons = {};
for (const name of ICONS) {
  const svg = readFileSync(join(modules, "lucide-static/icons", `${name}.svg`), "utf8");
  icons[name] = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>")).replace(/\s+/g, " ").trim();
}
writeFileSync(join(out, "icons.json"), JSON.stringify(icons));
const common = { bundle: true, minify: true, legalComments: "linked", logLevel: "error", target: "es2022" };
await build({ ...common, entryPoints: [join(web, "static/js/app.js")], outfile: join(out, "app.js"), format: "esm", nodePaths: [modules] });
await build({ ...common, entryPoints: [join(web, "static/css/app.css")], outfile: join(out, "app.css"), external: ["/static/*"] });
const licences = ["htmx.org", "socket.io-client", "lucide-static", "@fontsource-variable/inter"];
const texts = licences.map((name) => {
  const folder = join(modules, name);
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  return `== ${name}\n\n${file ? readFileSync(join(folder, file), "utf8") : ""}`;
});
writeFileSync(join(out, "LICENSES.txt"), texts.join("\n\n"));
