// Builds the page into `built/`, which the program embeds: two pages that differ in where their files are, and one script.

import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { defineConfig, type Plugin } from "vite";

const SERVICE = process.env["SERVICE"] ?? "http://127.0.0.1:8005";

// The page at `/`, whose files are below `ui/`.
function atRoot(): Plugin {
  return {
    name: "at-root",
    enforce: "post",
    generateBundle(_, bundle) {
      const index = bundle["index.html"];
      if (index?.type !== "asset") throw new Error("there is no index.html");
      // A module is asked for with `Origin`, which a proxy that gives the service another name makes foreign.
      index.source = String(index.source).replace('type="module" crossorigin', "defer").replaceAll(" crossorigin", "");
      const source = index.source.replace("<head>", '<head>\n<base href="ui/">');
      this.emitFile({ type: "asset", fileName: "root.html", source });
    },
  };
}

// The licences of all that is built in, from the packages that it comes from.
function licences(): Plugin {
  return {
    name: "licences",
    generateBundle(_, bundle) {
      const folders = new Set<string>();
      for (const part of Object.values(bundle)) {
        const modules = part.type === "chunk" ? Object.keys(part.modules) : part.originalFileNames;
        for (const id of modules) {
          const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(id.replace(/^\0/, ""));
          if (found?.[1]) folders.add(found[1]);
        }
      }
      folders.add(join(import.meta.dirname, "node_modules/uplot"));
      const texts = [...folders].map(licence).sort();
      const head = "The web page of the aggregator is built of these packages.\n";
      this.emitFile({ type: "asset", fileName: "licences.txt", source: [head, ...texts].join("\n") });
    },
  };
}

function licence(folder: string): string {
  const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  // A workspace keeps the text at its top.
  const text = file ? readFileSync(join(folder, file), "utf8") : beside(folder);
  const line = `${about.name} ${about.version} (${about.license})`;
  return `${line}\n${"-".repeat(line.length)}\n\n${text.trim()}\n`;
}

function beside(folder: string): string {
  const others = readdirSync(dirname(folder)).map((name) => join(dirname(folder), name));
  for (const other of others) {
    const file = readdirSync(other).find((name) => /^licen[cs]e/i.test(name));
    if (file) return readFileSync(join(other, file), "utf8");
  }
  throw new Error(`${folder} has no licence`);
}

export default defineConfig({
  base: "./",
  // What differs from machine to machine must not differ in what is built.
  build: {
    outDir: "built",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    rollupOptions: {
      output: {
        entryFileNames: "app.js",
        assetFileNames: (asset) => (asset.names.some((name) => name.endsWith(".css")) ? "style.css" : "[name][extname]"),
        format: "iife",
        codeSplitting: false,
      },
    },
  },
  plugins: [atRoot(), licences()],
  server: {
    proxy: Object.fromEntries(
      ["/logs", "/health", "/stats", "/docs", "/openapi.json"].map((path) => [path, { target: SERVICE, changeOrigin: true }]),
    ),
  },
});
