/**
 * What tests of several rooms do with this one.
 *
 * @module
 */

/**
 * Runs something and collects the notices that it gives.
 *
 * @param work gets them as they come
 * @returns all of them
 */
export async function noticesOf(work: (said: string[]) => Promise<unknown>): Promise<string[]> {
  const said: string[] = [], warn = console.warn;
  console.warn = (line: string) => void said.push(line);
  try {
    await work(said);
  } finally {
    console.warn = warn;
  }
  return said;
}
