// Puts the page's HTML where it belongs, passes clicks on, and says so when nothing has come for a while.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const place = root.querySelector(".place");
  const focused = parentElement.activeElement?.dataset?.act;
  place.innerHTML = data.html;
  root.classList.toggle("may-answer", data.may_answer);
  root.cameAt = performance.now();
  root.lateAfterMs = data.late_after_ms;
  if (focused) place.querySelector(`[data-act="${CSS.escape(focused)}"]`)?.focus();

  // The page is drawn anew every second, perhaps between press and release: the two are matched by what they mean.
  const act = (event) => event.target.closest("[data-act]")?.dataset.act;
  root.onpointerdown = (event) => { root.pressed = event.button === 0 ? act(event) : null; };
  root.onpointerup = (event) => {
    if (event.button === 0 && act(event) && act(event) === root.pressed) setTriggerValue("act", root.pressed);
    root.pressed = null;
  };
  root.onkeydown = (event) => {
    if ((event.key !== "Enter" && event.key !== " ") || !act(event)) return;
    event.preventDefault();  // Space would scroll
    if (!event.repeat) setTriggerValue("act", act(event));
  };

  // One timer a screen, kept with it: each drawing is a call of its own, and only the last one is ever cleaned up.
  const look = () => {
    const isCutOff = performance.now() - root.cameAt > root.lateAfterMs;
    root.classList.toggle("cut-off", isCutOff);
    document.documentElement.classList.toggle("stale", isCutOff || place.querySelector(".late") !== null);
  };
  clearInterval(root.looking);
  root.looking = setInterval(look, 250);
  look();
  return () => {
    clearInterval(root.looking);
    document.documentElement.classList.remove("stale");
  };
}
