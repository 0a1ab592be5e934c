/**
 * What a slider does in the page, as text: it runs in the browser, where no module of this workspace is.
 *
 * @module
 */

/** A function of `{ token, port, names, lists }`; see slider.ts for the elements that it finds. */
export const SLIDER_SCRIPT = `({ token, port, names, lists }) => {
  // a page may show one output twice
  for (const root of document.querySelectorAll("#slider-" + token + ":not([data-live])")) {
    root.dataset.live = "";
    const find = (name) => [...root.querySelectorAll(name)];
    const inputs = find("input"), outputs = find("output"), pictures = find("details");
    const [controls] = find("p"), [note] = find("small");
    const ahead = pictures.map((picture) => ({
      at: picture.dataset.at.split(",").map(Number),
      source: picture.querySelector("img").src,
      alt: picture.querySelector("img").alt,
      caption: picture.querySelector("summary").textContent,
    }));
    const image = pictures[0].querySelector("img").cloneNode();
    root.append(image);
    for (const picture of pictures) picture.style.display = "none";
    controls.style.display = "";

    const position = () => inputs.map(({ value }) => Number(value));
    const distance = (at) => position().reduce((sum, value, n) =>
      sum + Math.abs(value - at[n]) / Math.max(1, lists[n].length - 1), 0);
    const drawnAhead = (why) => {
      const nearest = ahead.reduce((best, other) => distance(other.at) < distance(best.at) ? other : best);
      image.src = nearest.source;
      image.style.opacity = 1;
      image.alt = nearest.alt;
      note.textContent = why + "; this is " + nearest.caption + ", drawn ahead";
    };
    // a page from elsewhere has no kernel on this machine, and need not look for one
    const near = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname) ||
      location.protocol === "vscode-webview:";
    const show = async (at) => {
      if (!near) return drawnAhead("no kernel here");
      note.textContent = "\\u2026";
      image.style.opacity = 0.5; // until it is the one that was asked for
      let answer;
      try {
        answer = await fetch("http://127.0.0.1:" + port + "/" + token + "?at=" + at);
      } catch {
        return drawnAhead("no kernel answers: run the cell again (a remote one cannot answer)");
      }
      if (answer.status === 404) return drawnAhead("the kernel is another one: run the cell again");
      const text = await answer.text();
      if (!answer.ok) return void (note.textContent = text);
      const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
      image.alt = svg.getAttribute("aria-label") ?? "";
      image.src = "data:image/svg+xml," + encodeURIComponent(text);
      image.style.opacity = 1;
      note.textContent = "";
    };
    let busy = false;
    const move = async () => {
      position().forEach((i, n) => outputs[n].value = lists[n][i]);
      if (busy) return; // the loop below comes to it
      busy = true;
      let shown;
      while (shown !== position().join()) {
        shown = position().join();
        await show(shown);
      }
      busy = false;
    };
    for (const input of inputs) input.oninput = move;
    if (!near) note.textContent = "no kernel here: positions drawn ahead only";
  }
}`;
