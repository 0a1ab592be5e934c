/** What code within a model or an annotation file could try, were it run: a line for each thing that succeeds. */
const [port] = Deno.args;
const attempts: Record<string, () => Promise<unknown>> = {
  connect: () => fetch(`http://127.0.0.1:${port}/`),
  listen: () => Promise.resolve(Deno.listen({ hostname: "127.0.0.1", port: 0 })),
  spawn: () => new Deno.Command(Deno.execPath(), { args: ["--version"] }).output(),
  import: () => import(`http://127.0.0.1:${port}/module.js`),
  environment: () => Promise.resolve(Deno.env.get("HOME")),
};
for (const [name, attempt] of Object.entries(attempts)) {
  await attempt().then(() => console.log(name), () => {});
}
Deno.exit();
