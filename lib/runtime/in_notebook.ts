/** Whether this code runs in a cell of a Deno Jupyter kernel. */
export function inNotebook(): boolean {
  try {
    return Boolean((Deno as unknown as { jupyter?: unknown }).jupyter);
  } catch {
    return false; // outside a kernel the getter throws
  }
}
