import assert from "node:assert/strict";
import { join } from "node:path";
import { withFolder } from "../../lib/features/testing.ts";
import { ROOT } from "../project.ts";

const { tasks, permissions }: {
  tasks: Record<string, { command: string }>;
  permissions: Record<string, Record<string, unknown>>;
} = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json")));

const RANDOM_CLIP = join(ROOT, "lib", "encoders", "testdata", "random-clip");
const HOW = ["run", "--quiet", "--no-prompt", "--frozen", "-P=extract"];

/** Runs a program of the project, in a folder that is not its own. */
async function run(args: readonly string[], cwd: string) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out, err };
}

/** A server that serves nothing but a module, and counts who comes. */
function countVisits() {
  let visits = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    visits++;
    return new Response("export {};", { headers: { "content-type": "text/javascript" } });
  });
  return { port: server.addr.port, visits: () => visits, close: () => server.shutdown() };
}

Deno.test("every program of a task has a set of permissions that is listed, asks for no more, and a frozen lock", () => {
  for (const [task, { command }] of Object.entries(tasks)) {
    const programs = command.split("&&").map((part) => part.trim());
    assert.equal(programs.length, task === "install" ? 1 : 2, task);
    for (const program of programs) {
      const [, set] = /^deno run --quiet --no-prompt --frozen -P=(\w+) \S+\.ts$/.exec(program) ??
        [];
      assert.ok(set !== undefined && set in permissions, `${task}: ${program}`);
    }
  }
});

Deno.test("no set has everything, one has the network, and only those of tasks that install or start programs have run", () => {
  for (const set of Object.values(permissions)) {
    for (const name of ["all", "import"]) assert.ok(!(name in set), name);
  }
  const sets = Object.keys(permissions);
  assert.deepEqual(sets.filter((name) => "net" in permissions[name]), ["hub"]);
  const online = Object.keys(tasks).filter((task) => tasks[task].command.includes("-P=hub"));
  assert.deepEqual(online, ["encoder"]);
  assert.deepEqual(sets.filter((name) => "run" in permissions[name]).sort(), [
    "generate", // fetches icon sets of other families
    "hub", // compares with PyTorch where it is installed
    "install",
    "programs", // Jupyter, test runners, the native engine's compiler, git
  ]);
  assert.match(tasks.extract.command, /-P=extract tools\/commands\/extract\.ts$/);
});

Deno.test("with extract's permissions code reaches no network, starts nothing and reads no other variables", async () => {
  const server = countVisits();
  try {
    const attempt = (how: string[]) =>
      run([...how, join(ROOT, "tools/commands/testdata/escape.ts"), String(server.port)], ROOT);
    const free = await attempt(["run", "-A", "--no-lock"]);
    assert.equal(free.out, "connect\nlisten\nspawn\nimport\nenvironment\n", free.err);
    const visits = server.visits();
    const bound = await attempt(HOW);
    assert.equal(bound.out, "", bound.err);
    assert.equal(server.visits(), visits);
  } finally {
    await server.close();
  }
});

/** Places that a hostile annotation file names as images. */
function hostileNames(folder: string, port: number): string[] {
  const address = `http://127.0.0.1:${port}`;
  return [
    `${address}/image.png`,
    `//127.0.0.1:${port}/image.png`,
    `file://${folder}/secret.png`,
    `${folder}/secret.png`,
    "../secret.png",
    "..\\secret.png",
    "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>",
    `$(touch ${folder}/pwned)`,
    `; touch ${folder}/pwned`,
    `| touch ${folder}/pwned`,
    "picture.svg",
    "link.png",
    "\u0000",
    "x".repeat(300),
    "/dev/stdin",
    "/proc/self/environ",
    "__proto__",
  ];
}

/** A model folder that asks for files elsewhere wherever a field could name one. */
async function writeHostileModel(folder: string, port: number): Promise<string> {
  const model = join(folder, "model"), address = `http://127.0.0.1:${port}`;
  await new Deno.Command("cp", { args: ["-r", RANDOM_CLIP, model] }).output();
  const change = async (file: string, fields: Record<string, unknown>) => {
    const path = join(model, file);
    const content = JSON.parse(await Deno.readTextFile(path));
    await Deno.writeTextFile(path, JSON.stringify({ ...content, ...fields }));
  };
  await change("config.json", {
    _name_or_path: `${address}/model`,
    auto_map: { AutoModel: `${address}/modeling.py` },
    "transformers.js_config": { session_options: { extra: address } },
  });
  await change("preprocessor_config.json", { image_processor_type: `${address}/processor.js` });
  await change("tokenizer_config.json", {
    name_or_path: `${address}/tokenizer`,
    auto_map: { AutoTokenizer: [`${address}/tokenizer.py`, null] },
    chat_template: "{% for x in range(1000000000) %}{{ x }}{% endfor %}",
    tokenizer_file: `${address}/tokenizer.json`,
  });
  return model;
}

Deno.test("extract with a hostile model and hostile annotations reaches and changes nothing but its cache", () =>
  withFolder(async (folder) => {
    const server = countVisits();
    try {
      const images = join(folder, "images"), cache = join(folder, "cache");
      await Deno.mkdir(images);
      const picture = join(ROOT, "lib/images/testdata/landscape.png");
      for (const path of [join(images, "good.png"), join(folder, "secret.png")]) {
        await Deno.copyFile(picture, path);
      }
      await Deno.symlink("/proc/self/environ", join(images, "link.png"));
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">` +
        `<image href="http://127.0.0.1:${server.port}/a.png" width="9" height="9"/></svg>`;
      await Deno.writeTextFile(join(images, "picture.svg"), svg);
      const names = ["good.png", ...hostileNames(folder, server.port)];
      const annotations = join(folder, "annotations.json");
      const { width, height } = { width: 64, height: 48 };
      await Deno.writeTextFile(
        annotations,
        JSON.stringify({
          images: names.map((file_name, id) => ({
            ...{ id, file_name, width, height },
            coco_url: `http://127.0.0.1:${server.port}/coco.png`,
            flickr_url: `http://127.0.0.1:${server.port}/flickr.png`,
          })),
          annotations: [{ id: 1, image_id: 0, category_id: 1, bbox: [1, 1, 9, 9], area: 81 }],
          categories: [{ id: 1, name: `$(touch ${folder}/pwned)` }],
        }),
      );
      const model = await writeHostileModel(folder, server.port);
      const before = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      const { code, out, err } = await run([
        ...[...HOW, join(ROOT, "tools/commands/extract.ts")],
        ...["--dataset", annotations, "--images", images, "--cover", "full"],
        ...["--encoder", model, "--cache", cache],
      ], folder);
      assert.equal(server.visits(), 0);
      const after = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
      assert.deepEqual(after.filter((name) => name !== "cache"), before, err);
      assert.equal(code, 0, err); // good.png
      assert.match(out, /images in = 1 cached/);
    } finally {
      await server.close();
    }
  }));

Deno.test("a model whose weights lie elsewhere is an error in a line, and nothing is fetched", () =>
  withFolder(async (folder) => {
    const server = countVisits();
    try {
      const model = await writeHostileModel(folder, server.port);
      const config = JSON.parse(await Deno.readTextFile(join(model, "config.json")));
      config["transformers.js_config"] = { use_external_data_format: true };
      await Deno.writeTextFile(join(model, "config.json"), JSON.stringify(config));
      const images = join(ROOT, "lib/images/testdata"), cache = join(folder, "cache");
      const { code, err } = await run([
        ...[...HOW, join(ROOT, "tools/commands/extract.ts"), "--dataset", images],
        ...["--cover", "full", "--encoder", model, "--cache", cache],
      ], folder);
      assert.equal(code, 1, err);
      assert.match(err, /^error: (?!Uncaught).*onnx_data/m);
      assert.equal(server.visits(), 0);
    } finally {
      await server.close();
    }
  }));

Deno.test("extract's permissions are enough for every format of annotations", () =>
  withFolder(async (folder) => {
    const samples = join(ROOT, "lib/datasets/readers/testdata");
    const how = ["--encoder", RANDOM_CLIP, "--cover", "full", "--cache", join(folder, "cache")];
    for (const name of ["voc", "yolo", "dota", "visdrone", "xview", "solo"]) {
      const { code, err } = await run([
        ...[...HOW, join(ROOT, "tools/commands/extract.ts"), ...how],
        ...["--dataset", join(samples, name)],
      ], ROOT);
      assert.equal(code, 0, `${name}: ${err}`);
    }
  }));
