/**
 * Tests that run on every engine that can be had here.
 *
 * @module
 */
import { type EngineName, loadEngine } from "./engine.ts";

/**
 * Registers a test for each engine; where there is no native one, it says so and passes, but not in CI.
 *
 * @param name what is tested
 * @param run the test
 */
export function testOnEngines(name: string, run: () => void | Promise<void>): void {
  for (const engine of ["native", "wasm"] satisfies EngineName[]) {
    Deno.test(`${name} (${engine})`, async () => {
      const loaded = await loadEngine({ prefer: engine });
      if (loaded.name === engine) return await run();
      const forced = Deno.env.get("DETAILCLIP_ENGINE"); // then the other one is not to be had
      if (Deno.env.get("CI") && !forced) throw new Error(`CI must have ${engine}: ${loaded.note}`);
      console.log(`skipped on ${engine}: ${loaded.note}`);
    });
  }
}
