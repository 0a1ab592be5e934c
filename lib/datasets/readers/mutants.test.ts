import { assertSurvives, SAMPLES } from "./testing.ts";

for (const sample of SAMPLES) {
  Deno.test(`200 damaged copies of ${sample.folder}: an error that says why, or a count of what is lost`, () =>
    assertSurvives(sample, 200));
}
